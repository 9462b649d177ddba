//! The worked examples of the specifications that use what is supported here.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};

use super::agreement::derive;
use super::header::JweHeader;
use crate::jose::{ContentEncryption, Jwk, KeyManagement, base64url};

/// RFC 7518 appendix C: Alice's ephemeral key and Bob's resting one agree, from either side.
#[test]
fn rfc_7518_c_key_agreement() {
    let alice = (
        r#"{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#,
        "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
    );
    let bob = (
        r#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"}"#,
        "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    );
    let private = |encoded: &str| {
        let octets = base64url::decode(encoded.as_bytes()).unwrap();
        PrivateKey::from_private_key(&ECDH_P256, &octets).unwrap()
    };
    let public = |text: &str| Jwk::parse(text.as_bytes()).unwrap();
    let mut header = JweHeader::new(KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    header.parties = [b"Alice".to_vec(), b"Bob".to_vec()];
    for (own, other) in [(alice.1, bob.0), (bob.1, alice.0)] {
        let derived = derive(&header, &private(own), public(other).key()).unwrap();
        assert_eq!(base64url::encode(&derived), "VqqN6vgjbSBcIijNcacQGg");
    }
}
