//! `[outgoing]`: requests of the server to others.

use std::collections::BTreeSet;
use std::time::Duration;

use idp_core::policy::Preset;

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Path, Span, Switch, Words};
use super::key::keys;
use super::reader::Reader;
use crate::outside::fetch::{Exceptions, FetchRules};

keys! {
    "outgoing.private_hosts": Words, Value(""), "qlvb.tinh.lan",
        "Các máy được phép có địa chỉ nội bộ và được gọi cả bằng http: ứng dụng trong mạng của tỉnh.",
        "Hosts that may have private addresses and may be asked over plain http: applications inside the province's network.";
    "outgoing.certificate_status_hosts": Words, Value(""), "crl.ca.example, ocsp.ca.example",
        "Các máy được phép hỏi về tình trạng chứng thư (CRL, OCSP), kể cả bằng http, cổng 80 và 443. Máy ngoài danh sách không bao giờ được hỏi; địa chỉ nội bộ phải ghi đúng địa chỉ.",
        "Hosts that may be asked about the status of certificates (CRL, OCSP), over plain http too, on ports 80 and 443. No other is ever asked; a private address must be listed itself.";
    "outgoing.ca_file": Path, Nothing, "tls/tinh-ca.pem",
        "Tệp PEM: các cơ quan chứng thực được tin thêm, ngoài của hệ điều hành.",
        "PEM file of authorities that are trusted besides the system's.";
    "outgoing.connect_timeout": Span(Duration::from_millis(100), Duration::from_secs(60)), Value("3s"), "3s",
        "Thời gian chờ kết nối.",
        "The longest wait for a connection.";
    "outgoing.timeout": Span(Duration::from_millis(500), Duration::from_secs(120)), Value("10s"), "10s",
        "Thời gian tối đa cho cả một yêu cầu.",
        "The longest time for a whole request.";
    "outgoing.danger_allow_loopback": Switch, Value("false"), "false",
        "Cho phép gọi chính máy này, kể cả bằng http. Chỉ để thử nghiệm.",
        "Allows requests to this machine itself, over plain http too. For tests only.";
}

pub(super) fn read(reader: &mut Reader<'_>, preset: Preset) -> FetchRules {
    let allowed = reader.switch("outgoing.danger_allow_loopback");
    FetchRules {
        exceptions: Exceptions {
            hosts: hosts(reader, "outgoing.private_hosts"),
            status_hosts: hosts(reader, "outgoing.certificate_status_hosts"),
            // A conformance suite often runs beside the provider.
            loopback: allowed || preset == Preset::Certification,
        },
        connect: reader.span("outgoing.connect_timeout"),
        total: reader.span("outgoing.timeout"),
        ca_file: reader.optional_path("outgoing.ca_file"),
    }
}

fn hosts(reader: &mut Reader<'_>, key: &'static str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for text in reader.words(key) {
        // As addresses are written in a URL: lower case, punycode, IPv6 in brackets.
        match url::Host::parse(&text) {
            Ok(host) => {
                hosts.insert(host.to_string());
            }
            Err(_) => reader.problem(
                key,
                format!("`{text}` is no host"),
                "names or addresses without scheme, port and path, like \"qlvb.tinh.lan\"",
            ),
        }
    }
    hosts
}
