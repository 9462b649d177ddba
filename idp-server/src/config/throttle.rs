//! `[throttle]`: when guessing is slowed down.

use std::time::Duration;

use idp_core::policy::ThrottleRules;

use super::key::Absent::Value;
use super::key::Kind::{Count, Span};
use super::key::keys;
use super::reader::Reader;

keys! {
    "throttle.per_account_and_source": Count(3, 100), Value("5"), "5",
        "Số lần nhập sai cho một tài khoản từ một địa chỉ trong một khoảng thời gian.",
        "Wrong passwords for one account from one source within the window.";
    "throttle.per_source": Count(10, 1_000_000), Value("300"), "300",
        "Số lần nhập sai từ một địa chỉ cho mọi tài khoản trong khoảng đó; một văn phòng thường đi chung một địa chỉ.",
        "Wrong passwords from one source for all accounts within the window; an office often shares one address.";
    "throttle.unfinished_per_source": Count(20, 1_000_000), Value("2000"), "2000",
        "Số lượt đăng nhập bắt đầu từ một địa chỉ mà chưa xong, trong thời hạn `lifetimes.interaction`; một văn phòng thường đi chung một địa chỉ.",
        "Sign-ins begun from one address and not finished, within `lifetimes.interaction`; an office often shares one address.";
    "throttle.pushed_per_client": Count(20, 1_000_000), Value("10000"), "10000",
        "Số yêu cầu mà một ứng dụng có bí mật hoặc khóa đẩy lên (RFC 9126) mà chưa ai hoàn tất, trong thời hạn `lifetimes.interaction`.",
        "Requests that one application with a secret or key pushed (RFC 9126) and nobody finished, within `lifetimes.interaction`.";
    "throttle.window": Span(Duration::from_secs(60), Duration::from_secs(86_400)), Value("15m"), "15m",
        "Độ dài của khoảng thời gian đó.",
        "The window's length.";
}

pub(super) fn read(reader: &mut Reader<'_>) -> ThrottleRules {
    ThrottleRules {
        per_account_and_source: reader.count_u32("throttle.per_account_and_source"),
        per_source: reader.count_u32("throttle.per_source"),
        unfinished_per_source: reader.count_u32("throttle.unfinished_per_source"),
        pushed_per_client: reader.count_u32("throttle.pushed_per_client"),
        window: reader.span("throttle.window"),
    }
}
