//! `[listen]`: where we listen, with which certificate, behind whom.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Choice, Count, Path, Span, Text, Words};
use super::key::keys;
use super::reader::Reader;
use super::store::StoreSettings;
use crate::listen::client_address::{DeclaredProxies, ForwardingHeader};
use crate::listen::network::Network;
use crate::listen::{Limits, Pace};

keys! {
    "listen.address": Text, Value("127.0.0.1:8080"), "[::]:8443",
        "Địa chỉ và cổng. Không có TLS và không có proxy khai báo thì chỉ được dùng loopback.",
        "Address and port. Without TLS and without declared proxies only loopback is accepted.";
    "listen.trusted_proxies": Words, Value(""), "10.0.0.5/32",
        "Mạng (CIDR) của các proxy ngược đứng trước. Chỉ tin địa chỉ người dùng do các proxy này báo.",
        "Networks (CIDR) of the reverse proxies in front. Only they are believed about client addresses.";
    "listen.proxy_header": Choice(&["x-forwarded-for", "forwarded"]), Value("x-forwarded-for"), "forwarded",
        "Header mà các proxy đó ghi địa chỉ người dùng.",
        "The header in which those proxies write the client's address.";
    "listen.admin_socket": Path, Nothing, "data/admin.sock",
        "Socket Unix cho `idp` trên máy này, quyền 0600. Mặc định: admin.sock trong thư mục dữ liệu.",
        "Unix socket for `idp` on this machine, mode 0600. By default admin.sock in the data folder.";
    "listen.connections": Count(16, 1_000_000), Value("4096"), "4096",
        "Số kết nối cùng lúc; kết nối thêm phải chờ.",
        "Connections at the same time; more of them wait.";
    "listen.header_timeout": Span(Duration::from_secs(1), Duration::from_secs(120)), Value("10s"), "10s",
        "Thời gian tối đa để nhận xong phần đầu của một yêu cầu, và để bắt tay TLS.",
        "The longest time to receive a request's head, and for a TLS handshake.";
    "listen.body_timeout": Span(Duration::from_secs(1), Duration::from_secs(120)), Value("15s"), "15s",
        "Thời gian tối đa để nhận xong phần thân của một yêu cầu; quá hạn thì trả lời 408.",
        "The longest time to receive a request's body; beyond it the answer is 408.";
    "listen.body_rate": Count(1, 1_000_000), Value("1024"), "1024",
        "Tốc độ tối thiểu của phần thân, tính bằng byte mỗi giây, sau 3 giây đầu; chậm hơn thì trả lời 408.",
        "The least octets per second of a body after its first 3 seconds; slower ones are answered 408.";
    "listen.drain": Span(Duration::ZERO, Duration::from_secs(600)), Value("20s"), "20s",
        "Khi dừng: thời gian chờ các yêu cầu đang xử lý.",
        "On stopping: how long requests in progress are waited for.";
    "listen.notice": Span(Duration::ZERO, Duration::from_secs(60)), Value("0s"), "5s",
        "Khi dừng: trong thời gian này /health/ready trả lời 503 mà yêu cầu mới vẫn được nhận, để bộ cân bằng tải kịp chuyển sang nút khác; sau đó mới đến listen.drain.",
        "On stopping: for so long /health/ready answers 503 and new requests are still taken, so that a balancer that asks for it turns to other nodes; listen.drain comes after it.";
    "listen.tls.certificate": Path, Nothing, "tls/fullchain.pem",
        "Tệp PEM: chứng thư máy chủ trước, rồi các chứng thư trung gian. Đọc lại khi nhận SIGHUP.",
        "PEM file: the server's certificate first, then the intermediate ones. Read again on SIGHUP.";
    "listen.tls.key": Path, Nothing, "tls/privkey.pem",
        "Tệp PEM chứa khoá riêng của chứng thư.",
        "PEM file with the certificate's private key.";
}

/// Where the certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where we listen.
#[derive(Clone, Debug)]
pub struct ListenSettings {
    /// Address and port.
    pub address: SocketAddr,
    /// TLS by ourselves.
    pub tls: Option<TlsFiles>,
    /// Who is believed about client addresses.
    pub proxies: DeclaredProxies,
    /// The administration socket.
    pub admin_socket: PathBuf,
    /// Bounds of connections.
    pub limits: Limits,
    /// How long a stop is announced.
    pub notice: Duration,
    /// How long a stop waits.
    pub drain: Duration,
}

impl ListenSettings {
    /// Puts the socket into the data folder when nobody said where else.
    pub(super) fn completed(mut self, store: &StoreSettings) -> Self {
        if self.admin_socket.as_os_str().is_empty() {
            self.admin_socket = store.folder.join("admin.sock");
        }
        self
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<ListenSettings> {
    let address: Option<SocketAddr> = reader.text("listen.address").parse().ok();
    if address.is_none() {
        let right = "an address with a port, like \"127.0.0.1:8080\" or \"[::]:8443\"";
        reader.problem("listen.address", "it is no address with a port", right);
    }
    let tls = read_tls(reader);
    let proxies = read_proxies(reader);
    let open = address.is_some_and(|address| !address.ip().is_loopback());
    let tls_wanted = reader.is_given("listen.tls.certificate") || reader.is_given("listen.tls.key");
    if open && !tls_wanted && proxies.networks.is_empty() {
        reader.problem(
            "listen.address",
            "it is reachable from outside, but there is neither TLS nor a declared proxy",
            "set listen.tls.certificate and listen.tls.key, or listen.trusted_proxies, or listen on 127.0.0.1",
        );
    }
    let header_timeout = reader.span("listen.header_timeout");
    let limits = Limits {
        connections: reader.count_usize("listen.connections"),
        header_timeout,
        pace: Some(Pace {
            total: reader.span("listen.body_timeout"),
            rate: reader.count_u32("listen.body_rate"),
        }),
        ..Limits::default()
    };
    let admin_socket = reader
        .optional_path("listen.admin_socket")
        .unwrap_or_default();
    let notice = reader.span("listen.notice");
    let drain = reader.span("listen.drain");
    Some(ListenSettings {
        address: address?,
        tls,
        proxies,
        admin_socket,
        limits,
        notice,
        drain,
    })
}

fn read_tls(reader: &mut Reader<'_>) -> Option<TlsFiles> {
    let certificate = reader.optional_path("listen.tls.certificate");
    let key = reader.optional_path("listen.tls.key");
    let right = "set both or neither";
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (Some(_), None) => {
            reader.problem(
                "listen.tls.key",
                "it is missing, though a certificate is given",
                right,
            );
            None
        }
        (None, Some(_)) => {
            let wrong = "it is missing, though a key is given";
            reader.problem("listen.tls.certificate", wrong, right);
            None
        }
        (None, None) => None,
    }
}

fn read_proxies(reader: &mut Reader<'_>) -> DeclaredProxies {
    let mut networks = Vec::new();
    for text in reader.words("listen.trusted_proxies") {
        match text.parse::<Network>() {
            Ok(network) if network.is_everything() => reader.problem(
                "listen.trusted_proxies",
                format!("`{text}` trusts everybody"),
                "the networks of the reverse proxies alone",
            ),
            Ok(network) => networks.push(network),
            Err(error) => reader.problem(
                "listen.trusted_proxies",
                format!("`{text}`: {error}"),
                "networks like \"10.0.0.5/32\" or \"fd00:1::/64\"",
            ),
        }
    }
    let header = match reader.text("listen.proxy_header").as_str() {
        "forwarded" => ForwardingHeader::Forwarded,
        _ => ForwardingHeader::XForwardedFor,
    };
    DeclaredProxies { networks, header }
}
