//! `[mutual_tls]`: clients that show certificates, to us or to a proxy in front (RFC 8705).

use std::net::SocketAddr;
use std::path::PathBuf;

use idp_core::base::issuer::Issuer;

use super::key::Absent::Nothing;
use super::key::Kind::{Path, Text};
use super::key::keys;
use super::listen::{ListenSettings, TlsFiles};
use super::reader::Reader;
use crate::listen::client_certificate::CertificateHeader;

keys! {
    "mutual_tls.url": Text, Nothing, "https://mtls.sso.tinh.example",
        "Địa chỉ công khai mà ứng dụng dùng để xuất trình chứng thư; được công bố trong mtls_endpoint_aliases. Không đặt thì không có TLS hai chiều.",
        "The public address at which clients show certificates, published as mtls_endpoint_aliases. Without it there is no mutual TLS.";
    "mutual_tls.address": Text, Nothing, "[::]:9443",
        "Địa chỉ và cổng riêng mà máy chủ tự nhận TLS và hỏi chứng thư của ứng dụng (không bắt buộc có).",
        "An address and port of its own, where the server itself speaks TLS and asks for, but does not demand, a client's certificate.";
    "mutual_tls.certificate": Path, Nothing, "tls/mtls-fullchain.pem",
        "Chứng thư máy chủ tại địa chỉ đó. Mặc định: listen.tls.certificate.",
        "The server's certificate there. By default listen.tls.certificate.";
    "mutual_tls.key": Path, Nothing, "tls/mtls-privkey.pem",
        "Khoá riêng của chứng thư đó. Mặc định: listen.tls.key.",
        "That certificate's private key. By default listen.tls.key.";
    "mutual_tls.proxy_header": Text, Nothing, "x-client-cert",
        "Header mà proxy trong listen.trusted_proxies ghi chứng thư của ứng dụng: PEM mã hoá phần trăm (nginx $ssl_client_escaped_cert) hoặc RFC 9440. Yêu cầu từ nơi khác mang header này bị từ chối.",
        "The header in which the proxies of listen.trusted_proxies write the client's certificate: percent-encoded PEM (nginx $ssl_client_escaped_cert) or RFC 9440. From anybody else a request with it is refused.";
    "mutual_tls.trusted_authorities": Path, Nothing, "tls/client-cas.pem",
        "Tệp PEM chứa chứng thư của các CA cấp chứng thư cho ứng dụng tls_client_auth.",
        "PEM file with the certificates of the authorities that certify clients of tls_client_auth.";
}

/// How certificates of clients reach us.
#[derive(Clone, Debug)]
pub struct MutualTlsSettings {
    /// The public address.
    pub url: Issuer,
    /// Our own listener for it, with its certificate and key.
    pub listener: Option<(SocketAddr, TlsFiles)>,
    /// What declared proxies write.
    pub header: Option<CertificateHeader>,
    /// Whose certificates prove clients.
    pub trusted_authorities: Option<PathBuf>,
}

/// Reads the section; `None` where nothing of it is given, or something is wrong.
pub(super) fn read(
    reader: &mut Reader<'_>,
    listen: Option<&ListenSettings>,
) -> Option<MutualTlsSettings> {
    let url = reader.optional_text("mutual_tls.url");
    let listener = read_listener(reader, listen);
    let header = read_header(reader, listen);
    let trusted_authorities = reader.optional_path("mutual_tls.trusted_authorities");
    let Some(url) = url else {
        if listener.is_some() || header.is_some() || trusted_authorities.is_some() {
            let wrong = "it is missing, though mutual TLS is configured";
            reader.problem("mutual_tls.url", wrong, "the public address of mutual TLS");
        }
        return None;
    };
    if listener.is_none() && header.is_none() {
        let wrong = "no certificate can reach the server";
        let right = "an address of its own, or mutual_tls.proxy_header";
        reader.problem("mutual_tls.address", wrong, right);
    }
    match Issuer::parse(&url) {
        Ok(url) => Some(MutualTlsSettings {
            url,
            listener,
            header,
            trusted_authorities,
        }),
        Err(error) => {
            let right = "an address like \"https://mtls.sso.tinh.example\"";
            reader.problem("mutual_tls.url", error.to_string(), right);
            None
        }
    }
}

fn read_listener(
    reader: &mut Reader<'_>,
    listen: Option<&ListenSettings>,
) -> Option<(SocketAddr, TlsFiles)> {
    let own = (
        reader.optional_path("mutual_tls.certificate"),
        reader.optional_path("mutual_tls.key"),
    );
    let address = reader.optional_text("mutual_tls.address")?;
    let files = match own {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => listen.and_then(|listen| listen.tls.clone()),
        _ => None,
    };
    if files.is_none() {
        let wrong = "mutual_tls.address has no certificate";
        let right = "this and mutual_tls.key, or those of listen.tls";
        reader.problem("mutual_tls.certificate", wrong, right);
    }
    let parsed = address.parse().ok();
    if parsed.is_none() {
        let right = "an address with a port, like \"[::]:9443\"";
        reader.problem("mutual_tls.address", "it is no address with a port", right);
    }
    Some((parsed?, files?))
}

fn read_header(
    reader: &mut Reader<'_>,
    listen: Option<&ListenSettings>,
) -> Option<CertificateHeader> {
    let name = reader.optional_text("mutual_tls.proxy_header")?;
    if listen.is_some_and(|listen| listen.proxies.networks.is_empty()) {
        let wrong = "nobody is believed about mutual_tls.proxy_header";
        let right = "the proxies that write it";
        reader.problem("listen.trusted_proxies", wrong, right);
    }
    let header = CertificateHeader::new(&name);
    if header.is_none() {
        let wrong = "it is no name of a header";
        reader.problem(
            "mutual_tls.proxy_header",
            wrong,
            "a name like \"x-client-cert\"",
        );
    }
    header
}
