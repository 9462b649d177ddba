//! `[passwords]`: what a password must be, and what hashing one costs.

use std::time::Duration;

use idp_core::policy::{PasswordCost, PasswordRules};

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Count, Span};
use super::key::keys;
use super::reader::Reader;
use crate::outside::passwords::HashingBounds;

keys! {
    "passwords.min_length": Count(8, 64), Value("14"), "14",
        "Số ký tự tối thiểu của mật khẩu.",
        "The least number of characters of a password.";
    "passwords.history": Count(0, 24), Value("5"), "5",
        "Số mật khẩu gần nhất không được dùng lại.",
        "How many earlier passwords may not come back.";
    "passwords.argon2_memory_kib": Count(19_456, 262_144), Value("19456"), "19456",
        "Bộ nhớ cho một lần băm Argon2id, tính bằng KiB.",
        "Memory of one Argon2id computation in KiB.";
    "passwords.argon2_passes": Count(1, 16), Value("2"), "2",
        "Số lượt của Argon2id.",
        "Passes of Argon2id.";
    "passwords.argon2_lanes": Count(1, 4), Value("1"), "1",
        "Số làn của Argon2id.",
        "Lanes of Argon2id.";
    "passwords.parallel": Count(1, 256), Nothing, "4",
        "Số lần băm cùng lúc. Mặc định: số lõi của máy.",
        "Computations at the same time. By default the machine's number of cores.";
    "passwords.queue": Count(0, 10_000), Value("64"), "64",
        "Số lần băm được chờ; nhiều hơn thì người dùng được mời thử lại sau.",
        "How many may wait for a computation; the others are asked to come back.";
    "passwords.queue_wait": Span(Duration::from_millis(100), Duration::from_secs(60)), Value("5s"), "5s",
        "Thời gian chờ lâu nhất trong hàng đợi đó.",
        "The longest wait in that queue.";
}

/// Passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// What a password must be.
    pub rules: PasswordRules,
    /// What hashing one costs.
    pub cost: PasswordCost,
    /// How much hashing goes on at once.
    pub bounds: HashingBounds,
}

pub(super) fn read(reader: &mut Reader<'_>) -> PasswordSettings {
    let default = HashingBounds::default();
    let parallel = match reader.count_usize("passwords.parallel") {
        0 => default.parallel,
        given => given,
    };
    PasswordSettings {
        rules: PasswordRules {
            min_length: reader.count_usize("passwords.min_length"),
            history: reader.count_usize("passwords.history"),
        },
        cost: PasswordCost {
            memory_kib: reader.count_u32("passwords.argon2_memory_kib"),
            passes: reader.count_u32("passwords.argon2_passes"),
            lanes: reader.count_u32("passwords.argon2_lanes"),
        },
        bounds: HashingBounds {
            parallel,
            queue: reader.count_usize("passwords.queue"),
            wait: reader.span("passwords.queue_wait"),
        },
    }
}
