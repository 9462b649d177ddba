//! What is shown of an application.

use idp_admin_api::client::{Client, ClientOrigin};

use super::{client_features, wire_name};
use crate::cli::args::Format;
use crate::cli::language::text;
use crate::cli::output::{Column, Style, column};

/// A line of a list.
pub(super) const LIST: &[Column<Client>] = &[
    column("client_id", text("Ứng dụng", "Application"), |c, _| {
        c.client_id.clone()
    }),
    column("name", text("Tên", "Name"), |c, s| s.local(&c.name)),
    column("kind", text("Loại", "Kind"), |c, _| wire_name(&c.kind)),
    column(
        "auth_method",
        text("Cách xác thực", "Authentication"),
        |c, _| wire_name(&c.token_endpoint_auth_method),
    ),
    column("origin", text("Do ai nêu", "Origin"), origin),
    column("disabled", text("Đã tắt", "Disabled"), |c, s| {
        s.flag(c.disabled)
    }),
];

/// All there is to tell of one.
pub(super) const WHOLE: &[Column<Client>] = &[
    column("client_id", text("Ứng dụng", "Application"), |c, _| {
        c.client_id.clone()
    }),
    column("name", text("Tên", "Name"), |c, _| c.name.vi.clone()),
    column(
        "name_en",
        text("Tên tiếng Anh", "English name"),
        |c, _| c.name.en.clone().unwrap_or_default(),
    ),
    column("kind", text("Loại", "Kind"), |c, _| wire_name(&c.kind)),
    column("origin", text("Do ai nêu", "Origin"), origin),
    column("disabled", text("Đã tắt", "Disabled"), |c, s| {
        s.flag(c.disabled)
    }),
    column(
        "auth_method",
        text("Cách xác thực", "Authentication"),
        |c, _| wire_name(&c.token_endpoint_auth_method),
    ),
    column(
        "secrets",
        text("Mã bí mật tạo lúc", "Secrets made"),
        |c, s| s.several(c.secrets.iter().map(|x| s.time(&x.created_at))),
    ),
    column("jwks", text("Khóa đã đăng ký", "Registered keys"), keys),
    column("jwks_uri", text("Địa chỉ khóa", "Keys at"), |c, _| {
        c.jwks_uri.clone().unwrap_or_default()
    }),
    column(
        "redirect_uris",
        text("Địa chỉ nhận mã", "Redirect addresses"),
        |c, s| s.several(c.redirect_uris.iter().cloned()),
    ),
    column(
        "post_logout_redirect_uris",
        text("Sau đăng xuất", "After sign-out"),
        |c, s| s.several(c.post_logout_redirect_uris.iter().cloned()),
    ),
    column(
        "backchannel_logout_uri",
        text("Báo đăng xuất", "Logout told at"),
        |c, _| c.backchannel_logout_uri.clone().unwrap_or_default(),
    ),
    column(
        "grant_types",
        text("Cách lấy token", "Grant types"),
        |c, s| s.several(c.grant_types.iter().map(wire_name)),
    ),
    column("scopes", text("Phạm vi", "Scopes"), |c, _| {
        c.scopes.join(" ")
    }),
    column(
        "id_token_alg",
        text("Thuật toán ký", "Signed with"),
        |c, _| c.id_token_signed_response_alg.clone(),
    ),
    column(
        "access_token_seconds",
        text("Token sống (giây)", "Access token (s)"),
        |c, _| {
            let own = c.access_token_seconds.map(|seconds| seconds.to_string());
            own.unwrap_or_default()
        },
    ),
    column("position", text("Chức vụ", "Position"), |c, _| {
        wire_name(&c.position)
    }),
    column("consent", text("Hỏi đồng ý", "Consent"), |c, _| {
        wire_name(&c.consent)
    }),
    column(
        "introspects",
        text("Được kiểm tra token", "Introspects"),
        |c, s| s.flag(c.introspects),
    ),
    column("unit", text("Đơn vị phụ trách", "Unit"), |c, _| {
        c.unit.as_ref().map(|u| u.code.clone()).unwrap_or_default()
    }),
    column(
        "client_uri",
        text("Trang giới thiệu", "Page"),
        |c, _| c.client_uri.clone().unwrap_or_default(),
    ),
    column(
        "policy_uri",
        text("Chính sách dữ liệu", "Privacy policy"),
        |c, _| c.policy_uri.clone().unwrap_or_default(),
    ),
    column("tos_uri", text("Điều khoản", "Terms"), |c, _| {
        c.tos_uri.clone().unwrap_or_default()
    }),
    column("features", text("Tính năng", "Features"), |c, s| {
        s.several(client_features::shown(&c.features))
    }),
    column(
        "broken_rules",
        text("Quy tắc chưa theo", "Broken rules"),
        |c, s| s.several(c.broken_rules.iter().cloned()),
    ),
    column("created_at", text("Tạo lúc", "Made"), |c, s| {
        s.time(&c.created_at)
    }),
    column("version", text("Phiên bản", "Version"), |c, _| {
        c.version.to_string()
    }),
];

/// Who said what an application is, in words for people.
fn origin(client: &Client, style: &Style) -> String {
    if style.format != Format::Table {
        return wire_name(&client.origin);
    }
    let said = match client.origin {
        ClientOrigin::Administrator => text("quản trị viên", "administrator"),
        ClientOrigin::SelfRegistered => text("tự đăng ký", "registered itself"),
        ClientOrigin::Declared => text("tệp khai báo", "declared in a file"),
    };
    style.language.pick(said).to_owned()
}

/// The keys that are registered by value, each by its name.
fn keys(client: &Client, style: &Style) -> String {
    let keys = client.jwks.as_ref().and_then(|set| set.get("keys"));
    let keys = keys
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten();
    let word = |key: &serde_json::Value, name: &str| {
        let text = key.get(name).and_then(serde_json::Value::as_str);
        text.unwrap_or("-").to_owned()
    };
    style.several(keys.map(|key| format!("{} {}", word(key, "kty"), word(key, "kid"))))
}
