//! Certificates of clients, made by rcgen, and an HTTP client that shows them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair,
};
use serde_json::{Value, json};
use url::Url;

use crate::Answer;
use crate::agent::{encode, fields, install_tls_provider};
use crate::jwt::base64url;

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key, as a client shows it.
pub struct Shown {
    certificate: String,
    key: String,
}

impl Authority {
    /// A new authority of that name, with a new key.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).expect("signed").pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a client with these parts of its subject.
    ///
    /// # Panics
    /// For a part other than C, O and CN.
    pub fn client(&self, subject: &[(&str, &str)]) -> Shown {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (part, value) in subject {
            let kind = match *part {
                "C" => DnType::CountryName,
                "O" => DnType::OrganizationName,
                "CN" => DnType::CommonName,
                other => panic!("{other}"),
            };
            params.distinguished_name.push(kind, *value);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Shown {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Writes `server.pem` and `server-key.pem` for `localhost` into the folder.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn server(&self, folder: &Path) {
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let file = folder.join("server-key.pem");
        std::fs::write(&file, key.serialize_pem()).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        std::fs::write(folder.join("server.pem"), certificate.pem()).expect("written");
    }
}

impl Shown {
    /// A certificate and its key that somebody else made, as PEM.
    pub fn of(certificate: &str, key: &str) -> Self {
        Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        }
    }

    /// Writes `client.pem` and `client-key.pem` into the folder.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) {
        for (name, text) in [
            ("client.pem", &self.certificate),
            ("client-key.pem", &self.key),
        ] {
            std::fs::write(folder.join(name), text).expect("written");
        }
    }

    fn der(&self) -> Vec<u8> {
        let lines = self.certificate.lines();
        let text: String = lines.filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(text).expect("PEM")
    }

    /// `x5t#S256` of the certificate.
    pub fn thumbprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der());
        base64url(digest.as_ref())
    }

    /// The public key as a JWK; for P-256 alone.
    ///
    /// # Panics
    /// For another key.
    pub fn jwk(&self) -> Value {
        let pair = KeyPair::from_pem(&self.key).expect("a key");
        let point = pair.public_key_raw();
        let (x, y) = point[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)})
    }

    /// The certificate as `$ssl_client_escaped_cert` of nginx writes it.
    pub fn escaped(&self) -> String {
        url::form_urlencoded::byte_serialize(self.certificate.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    }
}

/// An HTTP client that trusts one authority and shows one certificate, or none.
pub struct Trusting(reqwest::Client);

/// Trusts the authority, and shows the certificate.
///
/// # Panics
/// When the certificate cannot be used.
#[allow(
    clippy::disallowed_methods,
    reason = "a client with a trust of its own"
)]
pub fn trusting(authority: &Authority, shown: Option<&Shown>) -> Trusting {
    install_tls_provider();
    let root = reqwest::Certificate::from_pem(authority.pem.as_bytes()).expect("a certificate");
    let mut builder = reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        .timeout(Duration::from_secs(30));
    if let Some(shown) = shown {
        let both = format!("{}{}", shown.certificate, shown.key);
        let identity = reqwest::Identity::from_pem(both.as_bytes()).expect("an identity");
        builder = builder.identity(identity);
    }
    Trusting(builder.build().expect("an HTTP client"))
}

impl Trusting {
    /// Posts a form with further headers.
    pub async fn post(&self, to: &str, form: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [&[form_type], more].concat();
        let request = self.0.post(to).body(encode(&fields(form)));
        answer(request, to, &headers).await
    }

    /// Gets a document.
    pub async fn get(&self, from: &str, more: &[(&str, &str)]) -> Answer {
        answer(self.0.get(from), from, more).await
    }
}

async fn answer(
    mut request: reqwest::RequestBuilder,
    url: &str,
    headers: &[(&str, &str)],
) -> Answer {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        body: response.text().await.expect("a body"),
        url: Url::parse(url).expect("an address"),
    }
}
