//! Certificates of clients (RFC 8705): from our own TLS handshake, or from a declared proxy that
//! ended TLS before us.
//!
//! Here only possession of the key is shown. Whose certificate it is, and whether anybody vouches
//! for it, is the core's to decide.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// The lines around a certificate (RFC 7468 §5.1).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// What came with a request instead of, or as, a certificate; put into every request that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownCertificate {
    /// The chain as DER, the client's own first; its key was proved in a handshake.
    Chain(Arc<[Vec<u8>]>),
    /// The proxies' header, from somebody who is no declared proxy.
    Foreign,
    /// The proxies' header, but no certificate in it.
    Malformed,
}

/// The header in which declared proxies write the client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateHeader(HeaderName);

impl CertificateHeader {
    /// Takes the header's name; `None` for what cannot be one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        HeaderName::from_bytes(name.as_bytes()).ok().map(Self)
    }

    /// What the header says; `None` when there is none. `from_proxy` is whether the socket's peer
    /// is a declared proxy: nobody else may send it, whatever is in it.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, from_proxy: bool) -> Option<ShownCertificate> {
        let mut values = headers.get_all(&self.0).iter();
        let value = values.next()?;
        if !from_proxy {
            return Some(ShownCertificate::Foreign);
        }
        let text = value.to_str().unwrap_or("?").trim();
        // nginx leaves out a header whose variable is empty; other proxies send it empty.
        if text.is_empty() && values.next().is_none() {
            return None;
        }
        let chain = match values.next() {
            None => certificate(text),
            Some(_) => None,
        };
        Some(chain.map_or(ShownCertificate::Malformed, |der| {
            ShownCertificate::Chain(vec![der].into())
        }))
    }
}

/// RFC 9440 §2.2 (`:base64:` of the DER), or PEM with percent-encoding (`$ssl_client_escaped_cert`
/// of nginx). The client's own certificate and nothing else: of several, nobody could tell whose key
/// the proxy saw proved.
fn certificate(text: &str) -> Option<Vec<u8>> {
    if let Some(inner) = text.strip_prefix(':').and_then(|t| t.strip_suffix(':')) {
        return STANDARD.decode(inner).ok().filter(|der| !der.is_empty());
    }
    let decoded = percent_decoded(text)?;
    let pem = str::from_utf8(&decoded).ok()?.trim_ascii();
    let inner = pem.strip_prefix(BEGIN)?.strip_suffix(END)?;
    if inner.contains("-----") {
        return None;
    }
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(der.to_vec()).filter(|der| !der.is_empty())
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            plain => plain,
        });
    }
    Some(octets)
}

/// Asks for a certificate, demands none, and takes any whose key the client holds.
#[derive(Debug)]
pub struct AnyCertificate(WebPkiSupportedAlgorithms);

impl AnyCertificate {
    /// Verifies handshakes with the provider's algorithms.
    #[must_use]
    pub fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self(algorithms)
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: a client with a self-signed certificate would find itself in none.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const DER: &[u8] = b"\x30\x03\x02\x01\x01";

    fn read(from_proxy: bool, values: &[&str]) -> Option<ShownCertificate> {
        let header = CertificateHeader::new("X-Client-Cert").unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-client-cert", HeaderValue::from_str(value).unwrap());
        }
        header.read(&headers, from_proxy)
    }

    fn escaped_pem() -> String {
        let text = STANDARD.encode(DER);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        pem.replace('\n', "%0A")
            .replace(' ', "%20")
            .replace('=', "%3D")
    }

    #[test]
    fn declared_proxies_are_believed_in_both_spellings() {
        let chain = ShownCertificate::Chain(vec![DER.to_vec()].into());
        let colons = format!(":{}:", STANDARD.encode(DER));
        for value in [escaped_pem(), colons] {
            assert_eq!(read(true, &[&value]), Some(chain.clone()), "{value}");
        }
        assert_eq!(read(true, &[]), None);
        assert_eq!(read(true, &[""]), None);
    }

    #[test]
    fn anybody_else_is_not_and_neither_is_nonsense() {
        let good = escaped_pem();
        let colons = format!(":{}:", STANDARD.encode(DER));
        let key = good.replace("CERTIFICATE", "PUBLIC%20KEY");
        assert_eq!(read(false, &[&good]), Some(ShownCertificate::Foreign));
        assert_eq!(read(false, &[""]), Some(ShownCertificate::Foreign));
        for values in [
            &["x"][..],
            &[":!:"],
            &["%zz"],
            &["%2"],
            &[&good, &good],
            &["", &good],
            &["::"],
            &[&format!("{good}{good}")],
            &[&format!("{good}{key}")],
            &[&format!("{key}{good}")],
            &[&format!("x{good}")],
            &[&format!("{good}x")],
            &[&format!("{colons}, {colons}")],
        ] {
            assert_eq!(
                read(true, values),
                Some(ShownCertificate::Malformed),
                "{values:?}"
            );
        }
        assert!(CertificateHeader::new("kh\u{f4}ng").is_none());
    }
}
