//! Keys and certificates of a run: of `idp` itself, and of the clients that the suite plays.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::{Outcome, Trouble};

/// What precedes the private value in a P-256 key (RFC 5915 §3: version 1, 32 octets).
const BEFORE_PRIVATE: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];

/// A self-signed certificate with its key.
#[derive(Clone, Debug)]
pub struct SelfSigned {
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS #8 in PEM.
    pub key: String,
    /// The certificate, DER.
    der: Vec<u8>,
}

/// A key of a client, P-256, with a certificate for it.
#[derive(Clone, Debug)]
pub struct ClientKey {
    /// The certificate and the key as files.
    pub files: SelfSigned,
    /// The key with its private part, as the suite is given it.
    pub private_jwk: Value,
    /// What is registered here: the public part, and the certificate beside it (RFC 8705 §2.2.2).
    pub public_jwk: Value,
}

/// A certificate for a host name or address.
///
/// # Errors
/// When the name cannot stand in a certificate.
pub fn server(host: &str) -> Outcome<SelfSigned> {
    let mut names = vec![host.to_owned()];
    names.extend(["localhost", "127.0.0.1"].map(str::to_owned));
    names.dedup();
    let params = CertificateParams::new(names)?;
    self_signed(&params, &KeyPair::generate()?)
}

/// A key for a client; `name` is the subject of its certificate and the `kid`.
///
/// # Errors
/// When the generator fails.
pub fn client(name: &str) -> Outcome<ClientKey> {
    let pair = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    let files = self_signed(&params, &pair)?;
    let unlike = || Trouble::Wrong("a generated key is not P-256".to_owned());
    let (x, y) = coordinates(pair.public_key_raw()).ok_or_else(unlike)?;
    let d = private_value(&pair.serialize_der()).ok_or_else(unlike)?;
    let mut public_jwk = json!({
        "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": name, "use": "sig", "alg": "ES256",
    });
    let mut private_jwk = public_jwk.clone();
    if let Some(members) = private_jwk.as_object_mut() {
        members.insert("d".to_owned(), d.into());
    }
    if let Some(members) = public_jwk.as_object_mut() {
        members.insert("x5c".to_owned(), json!([STANDARD.encode(&files.der)]));
    }
    Ok(ClientKey {
        files,
        private_jwk,
        public_jwk,
    })
}

fn self_signed(params: &CertificateParams, pair: &KeyPair) -> Outcome<SelfSigned> {
    let certificate = params.self_signed(pair)?;
    Ok(SelfSigned {
        certificate: certificate.pem(),
        key: pair.serialize_pem(),
        der: certificate.der().to_vec(),
    })
}

/// The two halves of an uncompressed point (SEC 1 §2.3.3).
fn coordinates(point: &[u8]) -> Option<(String, String)> {
    let (4, both) = point.split_first()? else {
        return None;
    };
    let (x, y) = (both.len() == 64).then(|| both.split_at(32))?;
    Some((URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
}

fn private_value(der: &[u8]) -> Option<String> {
    let mut windows = der.windows(BEFORE_PRIVATE.len() + 32);
    let found = windows.find(|window| window.starts_with(&BEFORE_PRIVATE))?;
    Some(URL_SAFE_NO_PAD.encode(found.strip_prefix(&BEFORE_PRIVATE)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ALGORITHM, EcdsaKeyPair};

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test draws its own randomness")]
    fn the_private_part_belongs_to_the_public_one() {
        let key = client("one").unwrap();
        let decoded = |jwk: &Value, name: &str| {
            let text = jwk[name].as_str().unwrap();
            URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        let mut point = vec![4];
        point.extend(decoded(&key.public_jwk, "x"));
        point.extend(decoded(&key.public_jwk, "y"));
        let d = decoded(&key.private_jwk, "d");
        let rng = ring::rand::SystemRandom::new();
        EcdsaKeyPair::from_private_key_and_public_key(&ALGORITHM, &d, &point, &rng).unwrap();
        assert!(key.public_jwk.get("d").is_none());
        assert_eq!(key.public_jwk["x5c"].as_array().unwrap().len(), 1);
        assert!(key.files.key.contains("PRIVATE KEY"));
    }
}
