//! `[tickets]`: where codes, questions in progress and marks rest.

use std::path::PathBuf;
use std::time::Duration;

use idp_core::base::secret::SecretText;
use idp_store::redis::{Address, Arrangement, Credentials, RedisSettings};

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Choice, Count, Path, Span, Text, Words};
use super::key::keys;
use super::reader::Reader;

keys! {
    "tickets.mode": Choice(&["store", "single", "sentinel", "cluster"]), Value("store"), "sentinel",
        "Nơi giữ mã uỷ quyền, câu hỏi đang dở và dấu chống dùng lại: cùng nơi với dữ liệu (store), hoặc Redis: một máy chủ, Sentinel, Cluster.",
        "Where codes, questions in progress and replay marks rest: with the data (store), or in Redis: one server, Sentinel, Cluster.";
    "tickets.urls": Words, Value(""), "rediss://redis1.tinh.lan:6379",
        "Địa chỉ các máy chủ Redis (với sentinel: các Sentinel): redis:// chỉ trên máy này, rediss:// (TLS) cho máy khác, unix:///đường-dẫn.",
        "The Redis servers' addresses (with sentinel: the Sentinels'): redis:// on this machine alone, rediss:// (TLS) to others, unix:///PATH.";
    "tickets.sentinel_master": Text, Nothing, "idp",
        "Tên mà các Sentinel dùng cho máy chủ chính.",
        "The name under which the Sentinels watch the master.";
    "tickets.user": Text, Nothing, "idp",
        "Người dùng ACL của Redis.",
        "The ACL user of Redis.";
    "tickets.password_file": Path, Nothing, "secrets/redis.password",
        "Tệp chứa mật khẩu Redis, người khác không đọc được. Bắt buộc với máy khác.",
        "The file with the Redis password, unreadable to others. Required for other machines.";
    "tickets.sentinel_user": Text, Nothing, "idp",
        "Người dùng ACL của chính các Sentinel.",
        "The ACL user of the Sentinels themselves.";
    "tickets.sentinel_password_file": Path, Nothing, "secrets/sentinel.password",
        "Tệp chứa mật khẩu của chính các Sentinel. Bắt buộc với máy khác.",
        "The file with the password of the Sentinels themselves. Required for other machines.";
    "tickets.ca_file": Path, Nothing, "tls/tinh-ca.pem",
        "Tệp PEM: các cơ quan chứng thực của chứng thư Redis, thay cho của hệ điều hành.",
        "PEM file of the authorities of Redis's certificates, instead of the system's.";
    "tickets.prefix": Text, Value("idp:"), "idp:",
        "Tiền tố của mọi khoá và kênh trong Redis; mọi nút phải dùng cùng một tiền tố.",
        "What every key and channel in Redis begins with; the same on all nodes.";
    "tickets.timeout": Span(Duration::from_millis(100), Duration::from_secs(10)), Value("1s"), "1s",
        "Thời gian tối đa của một lần gọi Redis, kể cả kết nối lại.",
        "The longest time of a call to Redis, connecting anew included.";
    "tickets.replicas": Count(0, 5), Value("0"), "1",
        "Số bản sao phải có dấu chống dùng lại, số lần đoán sai và việc thu hồi trước khi chúng được coi là đã ghi.",
        "How many replicas must have a replay or throttle mark, or a revocation, before it counts as written.";
}

/// Redis, as configured; the files are not read yet.
#[derive(Clone, Debug)]
pub struct TicketSettings {
    /// Everything that is no secret; passwords in it are empty.
    pub redis: RedisSettings,
    /// Where the servers' password is kept.
    pub password_file: Option<PathBuf>,
    /// Where the Sentinels' password is kept.
    pub sentinel_password_file: Option<PathBuf>,
    /// The authorities of the servers' certificates.
    pub ca_file: Option<PathBuf>,
}

/// None when tickets rest with the data, or when something is wrong.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<TicketSettings> {
    let mode = reader.text("tickets.mode");
    let urls = reader.words("tickets.urls");
    let given = urls.len();
    let addresses = addresses(reader, urls);
    let master = reader.optional_text("tickets.sentinel_master");
    let password_file = reader.optional_path("tickets.password_file");
    let sentinel_password_file = reader.optional_path("tickets.sentinel_password_file");
    let credentials = credentials(reader, "tickets.user", password_file.as_ref());
    let of_sentinels = self::credentials(
        reader,
        "tickets.sentinel_user",
        sentinel_password_file.as_ref(),
    );
    let arrangement = match (mode.as_str(), addresses.len()) {
        ("store", 0) if given == 0 => return None,
        ("store", _) => {
            let right = "single, sentinel or cluster, or no tickets.urls";
            reader.problem(
                "tickets.mode",
                "addresses of Redis are given and not used",
                right,
            );
            return None;
        }
        ("single", 1) => Arrangement::Single(addresses.into_iter().next()?),
        ("sentinel", 1..) => Arrangement::Sentinel {
            sentinels: addresses,
            master: named(reader, master)?,
            credentials: of_sentinels,
        },
        ("cluster", 1..) => Arrangement::Cluster(addresses),
        _ if given > addresses.len() => return None,
        _ => {
            let right = "one address with mode single, one or more with sentinel and cluster";
            reader.problem(
                "tickets.urls",
                "this many addresses do not fit the mode",
                right,
            );
            return None;
        }
    };
    let redis = RedisSettings {
        credentials,
        prefix: reader.text("tickets.prefix"),
        call_limit: reader.span("tickets.timeout"),
        replicas: reader.count_u32("tickets.replicas"),
        ..RedisSettings::new(arrangement)
    };
    if let Err(fault) = redis.check() {
        reader.problem("tickets", fault.detail, "see docs/operators/redis.md");
    }
    Some(TicketSettings {
        redis,
        password_file,
        sentinel_password_file,
        ca_file: reader.optional_path("tickets.ca_file"),
    })
}

/// What is written may hold a password, so it is not repeated.
fn addresses(reader: &mut Reader<'_>, urls: Vec<String>) -> Vec<Address> {
    let mut addresses = Vec::with_capacity(urls.len());
    for url in urls {
        match Address::parse(&url) {
            Ok(address) => addresses.push(address),
            Err(right) => reader.problem("tickets.urls", "an address cannot be read", right),
        }
    }
    addresses
}

fn credentials(
    reader: &mut Reader<'_>,
    user: &str,
    password_file: Option<&PathBuf>,
) -> Option<Credentials> {
    let name = reader.optional_text(user);
    if name.is_some() && password_file.is_none() {
        let right = format!("set {}", user.replace("user", "password_file"));
        reader.problem("tickets", format!("{user} has no password"), right);
    }
    password_file.map(|_| Credentials {
        user: name,
        password: SecretText::new(String::new()),
    })
}

fn named(reader: &mut Reader<'_>, master: Option<String>) -> Option<String> {
    if master.is_none() {
        let right = "the name after `sentinel monitor` in the Sentinels' configuration";
        reader.problem("tickets.sentinel_master", "it is missing", right);
    }
    master
}
