//! Round trips and refusals.

use serde_json::{Value, json};

use super::{CompactJwe, DEFAULT_MAX_BYTES, DecryptionKey, JweHeader, encrypt};
use crate::base::entropy::Entropy;
use crate::jose::{
    ContentEncryption, JoseError, Jwk, JwkSet, KeyManagement, SigningAlgorithm, base64url, sample,
};

fn entropy() -> Entropy {
    Entropy::from_seed(&[5; 32])
}

fn key(alg: KeyManagement) -> &'static DecryptionKey {
    static RSA: std::sync::OnceLock<DecryptionKey> = std::sync::OnceLock::new();
    static EC: std::sync::OnceLock<DecryptionKey> = std::sync::OnceLock::new();
    if alg.is_agreement() {
        EC.get_or_init(|| {
            let der = sample::fresh_der(SigningAlgorithm::ES256);
            DecryptionKey::from_pkcs8(alg, &der).unwrap()
        })
    } else {
        RSA.get_or_init(|| DecryptionKey::from_pkcs8(alg, sample::rsa_der()).unwrap())
    }
}

fn sealed(alg: KeyManagement, enc: ContentEncryption, plaintext: &[u8]) -> String {
    let header = JweHeader::new(alg, enc).with_kid("e1").with_cty("JWT");
    let recipient = key(alg).public_jwk("e1").unwrap();
    encrypt(&header, &recipient, plaintext, &mut entropy()).unwrap()
}

fn opened(text: &str, key: &DecryptionKey) -> Result<Vec<u8>, JoseError> {
    CompactJwe::parse(text, DEFAULT_MAX_BYTES)?.decrypt(key)
}

#[test]
fn what_is_encrypted_in_any_way_is_decrypted_again() {
    for &alg in KeyManagement::ALL {
        for &enc in ContentEncryption::ALL {
            for plaintext in [&b""[..], b"x", &[7; 16], &[9; 5000]] {
                let text = sealed(alg, enc, plaintext);
                let jwe = CompactJwe::parse(&text, DEFAULT_MAX_BYTES).unwrap();
                assert_eq!(
                    (jwe.header().algorithm(), jwe.header().encryption()),
                    (alg, enc)
                );
                assert_eq!(jwe.header().kid(), Some("e1"));
                assert_eq!(jwe.header().cty(), Some("JWT"));
                let found = jwe.decrypt(key(alg));
                assert_eq!(found.as_deref(), Ok(plaintext), "{alg:?} {enc:?}");
            }
        }
    }
}

#[test]
fn a_client_may_agree_on_p_384() {
    let recipient = Jwk::new(sample::key(SigningAlgorithm::ES384).public_key().clone());
    let header = JweHeader::new(KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let text = encrypt(&header, &recipient, b"m", &mut entropy()).unwrap();
    let jwe = CompactJwe::parse(&text, DEFAULT_MAX_BYTES).unwrap();
    // It is nobody's here: our own keys are on P-256, so the agreement itself fails.
    let refused = jwe.decrypt(key(KeyManagement::EcdhEs));
    assert_eq!(refused, Err(JoseError::JweDecryptionFailed));
}

/// One character changed in the given part, so that it is still strict base64url.
fn altered(text: &str, part: usize) -> String {
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    let mut octets = base64url::decode(parts[part].as_bytes()).unwrap();
    match octets.first_mut() {
        Some(octet) => *octet ^= 1,
        None => octets.push(0),
    }
    parts[part] = base64url::encode(&octets);
    parts.join(".")
}

#[test]
fn whatever_is_altered_the_answer_is_the_same() {
    for &alg in KeyManagement::ALL {
        for &enc in ContentEncryption::ALL {
            let text = sealed(alg, enc, b"whatever it is");
            for part in 1..5 {
                let refused = opened(&altered(&text, part), key(alg));
                let expected = Err(JoseError::JweDecryptionFailed);
                assert_eq!(refused, expected, "{alg:?} {enc:?} part {part}");
            }
            // The header is authenticated too, even where it says the same in other letters.
            let (head, rest) = text.split_once('.').unwrap();
            let head = base64url::decode(head.as_bytes()).unwrap();
            let spaced = [b" ".as_slice(), &head].concat();
            let text = format!("{}.{rest}", base64url::encode(&spaced));
            assert_eq!(opened(&text, key(alg)), Err(JoseError::JweDecryptionFailed));
        }
    }
}

#[test]
fn another_key_of_the_same_type_opens_nothing() {
    let other = sample::fresh_der(SigningAlgorithm::ES256);
    let other = DecryptionKey::from_pkcs8(KeyManagement::EcdhEs, &other).unwrap();
    let text = sealed(KeyManagement::EcdhEs, ContentEncryption::A128Gcm, b"m");
    assert_eq!(opened(&text, &other), Err(JoseError::JweDecryptionFailed));
    let rsa = key(KeyManagement::RsaOaep256);
    assert_eq!(opened(&text, rsa), Err(JoseError::JweKeyTypeMismatch));
}

/// A JWE with this header whose other parts are well-formed.
fn with_header(header: &Value) -> Result<CompactJwe, JoseError> {
    let head = base64url::encode(header.to_string().as_bytes());
    CompactJwe::parse(&format!("{head}.AA.AA.AA.AA"), DEFAULT_MAX_BYTES)
}

#[test]
fn each_rule_about_the_header_has_its_refusal() {
    let ec = Value::Object(sample::jwk(SigningAlgorithm::ES256).to_object());
    let okp = Value::Object(sample::jwk(SigningAlgorithm::EdDSA).to_object());
    let oaep = |more: Value| {
        let mut header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM"});
        for (name, value) in more.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    };
    let agreed = |epk: &Value| json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": epk});
    let mut off_curve = ec.clone();
    off_curve["y"] = off_curve["x"].clone();
    let mut private = ec.clone();
    private["d"] = "AA".into();
    for (header, expected) in [
        (json!([]), JoseError::JweHeaderJson),
        (oaep(json!({"crit": ["exp"]})), JoseError::JweCritical),
        (oaep(json!({"zip": "DEF"})), JoseError::JweCompressed),
        (oaep(json!({"zip": "none"})), JoseError::JweCompressed),
        (oaep(json!({"kid": 1})), JoseError::JweHeaderMemberType),
        (oaep(json!({"cty": {}})), JoseError::JweHeaderMemberType),
        (oaep(json!({"apu": "a b"})), JoseError::JwePartyBase64),
        (json!({"enc": "A256GCM"}), JoseError::JweAlgorithmMissing),
        (oaep(json!({"alg": "RSA1_5"})), JoseError::JweAlgorithmRsa15),
        (
            oaep(json!({"alg": "dir"})),
            JoseError::JweAlgorithmSymmetric,
        ),
        (
            oaep(json!({"alg": "A256KW"})),
            JoseError::JweAlgorithmSymmetric,
        ),
        (
            oaep(json!({"alg": "PBES2-HS256+A128KW", "p2c": 2_000_000_000})),
            JoseError::JweAlgorithmPassword,
        ),
        (
            oaep(json!({"alg": "RSA-OAEP"})),
            JoseError::JweAlgorithmUnsupported,
        ),
        (
            oaep(json!({"alg": "none"})),
            JoseError::JweAlgorithmUnsupported,
        ),
        (
            oaep(json!({"enc": "A128CBC"})),
            JoseError::JweEncryptionUnsupported,
        ),
        (
            oaep(json!({"enc": "a256gcm"})),
            JoseError::JweEncryptionUnsupported,
        ),
        (json!({"alg": "ECDH-ES"}), JoseError::JweEncryptionMissing),
        (
            json!({"alg": "ECDH-ES", "enc": "A256GCM"}),
            JoseError::JweEphemeralKey,
        ),
        (agreed(&json!("x")), JoseError::JweEphemeralKey),
        (agreed(&okp), JoseError::JweEphemeralKey),
        (agreed(&off_curve), JoseError::JweEphemeralKey),
        (agreed(&private), JoseError::JweEphemeralKey),
    ] {
        let refused = with_header(&header).err();
        assert_eq!(refused, Some(expected), "{header}");
    }
    assert!(with_header(&agreed(&ec)).is_ok());
}

#[test]
fn each_rule_about_the_form_has_its_refusal() {
    let head = base64url::encode(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#);
    let twice = base64url::encode(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","enc":"A128GCM"}"#);
    for (text, expected) in [
        (String::new(), JoseError::JwePartCount),
        (format!("{head}.AA.AA.AA"), JoseError::JwePartCount),
        (format!("{head}.AA.AA.AA.AA.AA"), JoseError::JwePartCount),
        (format!("{head}=.AA.AA.AA.AA"), JoseError::JweHeaderBase64),
        (format!("{head}.AB.AA.AA.AA"), JoseError::JwePartBase64),
        (format!("{head}.AA.AA.A+.AA"), JoseError::JwePartBase64),
        (
            format!("{twice}.AA.AA.AA.AA"),
            JoseError::JweHeaderDuplicateMember,
        ),
        ("A".repeat(DEFAULT_MAX_BYTES + 1), JoseError::JweTooLarge),
    ] {
        let refused = CompactJwe::parse(&text, DEFAULT_MAX_BYTES).err();
        assert_eq!(refused, Some(expected), "{text:.60}");
    }
}

#[test]
fn a_key_is_used_for_what_its_owner_published_it_for() {
    let ec = Value::Object(
        Jwk::new(sample::key(SigningAlgorithm::ES256).public_key().clone()).to_object(),
    );
    let jwk = |more: Value| {
        let mut key = ec.clone();
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        Jwk::parse(key.to_string().as_bytes()).unwrap()
    };
    let reserved = Some(JoseError::JweKeyNotForEncryption);
    for (more, expected) in [
        (json!({}), None),
        (json!({"use": "enc"}), None),
        (json!({"use": "sig"}), reserved),
        (json!({"alg": "ES256"}), reserved),
        (json!({"alg": "ECDH-ES"}), None),
        (json!({"alg": "ECDH-ES+A256KW"}), None),
        (json!({"key_ops": ["verify"]}), reserved),
        (json!({"key_ops": ["deriveKey"]}), None),
    ] {
        let refused = jwk(more.clone())
            .check_encrypts(KeyManagement::EcdhEs)
            .err();
        assert_eq!(refused, expected, "{more}");
    }
    let refused = jwk(json!({})).check_encrypts(KeyManagement::RsaOaep256);
    assert_eq!(refused, Err(JoseError::JweKeyTypeMismatch));
    let signing = jwk(json!({"use": "sig", "kid": "s"}));
    let open = jwk(json!({"kid": "open"}));
    let marked = jwk(json!({"use": "enc", "kid": "enc"}));
    for (keys, expected) in [
        (vec![&signing, &open, &marked], Some("enc")),
        (vec![&signing, &open], Some("open")),
        (vec![&signing], None),
    ] {
        let set = JwkSet::new(keys.into_iter().cloned().collect());
        let found = set.recipient(KeyManagement::EcdhEs).and_then(Jwk::kid);
        assert_eq!(found, expected);
    }
}

#[test]
fn damaged_private_keys_and_those_of_another_type_are_rejected() {
    let ec = sample::fresh_der(SigningAlgorithm::ES256);
    let p384 = sample::fresh_der(SigningAlgorithm::ES384);
    let rsa = sample::rsa_der();
    for (alg, der) in [
        (KeyManagement::EcdhEs, &[][..]),
        (KeyManagement::EcdhEs, &ec[..ec.len() - 1]),
        (KeyManagement::EcdhEs, &p384[..]),
        (KeyManagement::EcdhEs, rsa),
        (KeyManagement::RsaOaep256, &ec[..]),
        (KeyManagement::RsaOaep256, &rsa[..rsa.len() - 1]),
    ] {
        let refused = DecryptionKey::from_pkcs8(alg, der).err();
        assert_eq!(refused, Some(JoseError::DecryptionKeyRejected), "{alg:?}");
    }
    let shown = format!("{:?}", key(KeyManagement::EcdhEs));
    assert!(
        shown.starts_with("DecryptionKey") && shown.len() < 60,
        "{shown}"
    );
}
