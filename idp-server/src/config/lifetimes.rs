//! `[lifetimes]`: how long things live.

use std::time::Duration;

use idp_core::policy::Lifetimes;

use super::key::Absent::Value;
use super::key::Kind::Span;
use super::key::keys;
use super::reader::Reader;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(366 * 86_400);

keys! {
    "lifetimes.code": Span(SECOND, MINUTE), Value("60s"), "60s",
        "Mã uỷ quyền (authorization code).",
        "Authorization codes.";
    "lifetimes.access_token": Span(MINUTE, HOUR), Value("10m"), "10m",
        "Access token.",
        "Access tokens.";
    "lifetimes.id_token": Span(MINUTE, HOUR), Value("10m"), "10m",
        "ID token.",
        "ID Tokens.";
    "lifetimes.refresh_token": Span(MINUTE, YEAR), Value("8h"), "8h",
        "Refresh token của ứng dụng web, tính từ lần cho phép đầu tiên.",
        "Refresh tokens of web clients, from the first authorization.";
    "lifetimes.refresh_token_native": Span(MINUTE, YEAR), Value("30d"), "30d",
        "Refresh token của ứng dụng cài trên thiết bị, với offline_access.",
        "Refresh tokens of native clients with offline_access.";
    "lifetimes.refresh_grace": Span(Duration::ZERO, MINUTE), Value("10s"), "10s",
        "Sau khi đổi refresh token, cùng bên gửi nhận lại token kế tiếp trong thời gian này.",
        "Within this long after a rotation the same sender gets the same successor again.";
    "lifetimes.session_idle": Span(MINUTE, DAY), Value("30m"), "30m",
        "Phiên không dùng tới thì kết thúc.",
        "A session that is not used ends.";
    "lifetimes.session_total": Span(MINUTE, YEAR), Value("10h"), "10h",
        "Phiên kết thúc chậm nhất sau thời gian này.",
        "A session ends at last.";
    "lifetimes.certificate_check": Span(MINUTE, DAY), Value("5m"), "5m",
        "Phiên đăng nhập bằng chứng thư được kiểm tra lại sau mỗi khoảng thời gian này.",
        "So often running sessions that began with a certificate are judged anew.";
    "lifetimes.pushed_request": Span(Duration::from_secs(5), Duration::from_secs(600)), Value("90s"), "90s",
        "Yêu cầu uỷ quyền gửi trước (PAR): trình duyệt phải bắt đầu trong thời gian này.",
        "Pushed authorization requests: a browser must begin within this time.";
    "lifetimes.interaction": Span(MINUTE, HOUR), Value("15m"), "15m",
        "Một trang đang hỏi người dùng được để mở bao lâu.",
        "How long a page that asks something may stay open.";
    "lifetimes.activation_link": Span(Duration::from_secs(600), Duration::from_secs(14 * 86_400)), Value("72h"), "72h",
        "Liên kết dùng một lần để kích hoạt hoặc đặt lại mật khẩu.",
        "One-time links for activation or a new password.";
    "lifetimes.key_announcement": Span(Duration::ZERO, Duration::from_secs(30 * 86_400)), Value("1h"), "1h",
        "Khoá mới được công bố trước khi bắt đầu ký.",
        "A new key is published this long before it signs.";
    "lifetimes.secret_overlap": Span(Duration::ZERO, Duration::from_secs(30 * 86_400)), Value("24h"), "24h",
        "Sau khi đổi, client secret cũ còn dùng được bao lâu.",
        "How long an old client secret is accepted after a rotation.";
}

pub(super) fn read(reader: &mut Reader<'_>) -> Lifetimes {
    let lifetimes = Lifetimes {
        code: reader.span("lifetimes.code"),
        access_token: reader.span("lifetimes.access_token"),
        id_token: reader.span("lifetimes.id_token"),
        refresh_token: reader.span("lifetimes.refresh_token"),
        refresh_token_native: reader.span("lifetimes.refresh_token_native"),
        refresh_grace: reader.span("lifetimes.refresh_grace"),
        session_idle: reader.span("lifetimes.session_idle"),
        session_total: reader.span("lifetimes.session_total"),
        certificate_check: reader.span("lifetimes.certificate_check"),
        pushed_request: reader.span("lifetimes.pushed_request"),
        interaction: reader.span("lifetimes.interaction"),
        activation_link: reader.span("lifetimes.activation_link"),
        key_announcement: reader.span("lifetimes.key_announcement"),
        secret_overlap: reader.span("lifetimes.secret_overlap"),
    };
    if lifetimes.session_idle > lifetimes.session_total {
        let wrong = "a session would be idle longer than it lives";
        reader.problem(
            "lifetimes.session_idle",
            wrong,
            "at most lifetimes.session_total",
        );
    }
    lifetimes
}
