use super::*;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, OaepPublicEncryptingKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

struct Recipient {
    key: DecryptionKey,
    pkcs8: Vec<u8>,
}

fn rsa(kid: Option<&str>) -> Recipient {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = pair.as_der().unwrap().as_ref().to_vec();
    let key = DecryptionKey::rsa_oaep_256(&pkcs8, kid).unwrap();
    Recipient { key, pkcs8 }
}

fn p256(kid: Option<&str>) -> Recipient {
    let rng = crate::random::generator();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let pkcs8 = pkcs8.as_ref().to_vec();
    let key = DecryptionKey::ecdh_es(&pkcs8, kid).unwrap();
    Recipient { key, pkcs8 }
}

fn seal(content: Content, key: &[u8], header: &Value, wrapped: &[u8], text: &str) -> String {
    let algorithm = match content {
        Content::A128Gcm => &AES_128_GCM,
        Content::A256Gcm => &AES_256_GCM,
    };
    let protected = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
    let mut sealed = text.as_bytes().to_vec();
    let iv = [7; 12];
    let nonce = Nonce::assume_unique_for_key(iv);
    key.seal_in_place_append_tag(nonce, Aad::from(protected.as_bytes()), &mut sealed)
        .unwrap();
    let (text, tag) = sealed.split_at(sealed.len() - 16);
    let coded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{protected}.{}.{}.{}.{}",
        coded(wrapped),
        coded(&iv),
        coded(text),
        coded(tag)
    )
}

fn to_rsa(to: &Recipient, header: &Value, len: usize) -> String {
    let cek = vec![9; len];
    let public = PrivateDecryptingKey::from_pkcs8(&to.pkcs8)
        .unwrap()
        .public_key();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let mut room = vec![0; public.ciphertext_size()];
    let wrapped = public
        .encrypt(&OAEP_SHA256_MGF1SHA256, &cek, &mut room, None)
        .unwrap();
    let content = if len == 16 {
        Content::A128Gcm
    } else {
        Content::A256Gcm
    };
    seal(content, &cek, header, wrapped, "inside")
}

fn to_p256(to: &Recipient, mut header: Value) -> String {
    let mine = agreement::PrivateKey::generate(&ECDH_P256).unwrap();
    let point = mine.compute_public_key().unwrap();
    header["epk"] = signing::ec_jwk(point.as_ref());
    let theirs = agreement::PrivateKey::from_private_key_der(&ECDH_P256, &to.pkcs8).unwrap();
    let theirs = UnparsedPublicKey::new(
        &ECDH_P256,
        theirs.compute_public_key().unwrap().as_ref().to_vec(),
    );
    let parsed: Header = serde_json::from_value(header.clone()).unwrap();
    let content = Content::named(&parsed.enc).unwrap();
    let other = other_info(&parsed, content).unwrap();
    let key = agreement::agree(&mine, &theirs, (), |z| {
        Ok(derive(z, &other, content.key_len()))
    });
    seal(content, &key.unwrap(), &header, &[], "inside")
}

#[test]
fn the_key_of_the_specification_is_derived() {
    // RFC 7518 appendix C: Alice to Bob, A128GCM.
    let header = json!({
        "alg": "ECDH-ES", "enc": "A128GCM", "apu": "QWxpY2U", "apv": "Qm9i",
    });
    let header: Header = serde_json::from_value(header).unwrap();
    let z = [
        158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110,
        163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
    ];
    let other = other_info(&header, Content::A128Gcm).unwrap();
    let key = derive(&z, &other, 16);
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(key), "VqqN6vgjbSBcIijNcacQGg");
}

#[test]
fn both_algorithms_with_both_encryptions_are_opened() {
    let (rsa, p256) = (rsa(Some("r")), p256(Some("p")));
    let keys = [rsa.key.clone(), p256.key.clone()];
    for (enc, len) in [("A128GCM", 16), ("A256GCM", 32)] {
        let header = json!({"alg": "RSA-OAEP-256", "enc": enc, "kid": "r", "cty": "JWT"});
        assert_eq!(
            open(&to_rsa(&rsa, &header, len), &keys).as_deref(),
            Ok("inside")
        );
        let header = json!({"alg": "ECDH-ES", "enc": enc, "apu": "QQ", "apv": "Qg"});
        assert_eq!(
            open(&to_p256(&p256, header), &keys).as_deref(),
            Ok("inside")
        );
    }
    assert_eq!(rsa.key.public_jwk()["alg"], "RSA-OAEP-256");
    assert_eq!(p256.key.public_jwk()["use"], "enc");
}

#[test]
fn everything_else_is_refused() {
    let (mine, other) = (rsa(Some("r")), rsa(Some("r")));
    let keys = std::slice::from_ref(&mine.key);
    let header = || json!({"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": "r"});
    let with = |name: &str, value: Value| {
        let mut header = header();
        header[name] = value;
        to_rsa(&mine, &header, 16)
    };
    let good = to_rsa(&mine, &header(), 16);
    assert_eq!(open(&good, keys).as_deref(), Ok("inside"));
    let table = [
        (with("alg", json!("RSA1_5")), JweError::Algorithm),
        (with("alg", json!("RSA-OAEP")), JweError::Algorithm),
        (with("alg", json!("dir")), JweError::Algorithm),
        (with("enc", json!("A128CBC-HS256")), JweError::Encryption),
        (with("zip", json!("DEF")), JweError::Unsupported),
        (with("crit", json!(["x"])), JweError::Unsupported),
        (with("kid", json!("other")), JweError::KeyUnknown),
        (with("alg", json!("ECDH-ES")), JweError::KeyUnknown),
        (with("enc", json!("A256GCM")), JweError::Undecryptable),
        (to_rsa(&other, &header(), 16), JweError::Undecryptable),
        (good.replacen('.', "..", 1), JweError::Malformed),
        (format!("{good}AAAA"), JweError::Undecryptable),
        (
            format!("e30.{}", "x".repeat(TOKEN_MAX)),
            JweError::Malformed,
        ),
        (".....".to_owned(), JweError::Malformed),
    ];
    for (token, reason) in table {
        assert_eq!(open(&token, keys), Err(reason), "{token}");
    }
    let twice = [mine.key.clone(), mine.key.clone()];
    assert_eq!(open(&good, &twice), Err(JweError::KeyUnknown), "two fit");
}

#[test]
fn an_ephemeral_key_off_the_curve_is_refused() {
    let mine = p256(None);
    let keys = std::slice::from_ref(&mine.key);
    let header = json!({"alg": "ECDH-ES", "enc": "A256GCM"});
    let good = to_p256(&mine, header.clone());
    let rest = good.split_once('.').unwrap().1;
    let zeros = signing::coded(&[0; 32]);
    for (epk, reason) in [
        (
            json!({"kty": "EC", "crv": "P-256", "x": zeros, "y": zeros}),
            JweError::Undecryptable,
        ),
        (
            json!({"kty": "EC", "crv": "P-384", "x": zeros, "y": zeros}),
            JweError::Malformed,
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": zeros}),
            JweError::Malformed,
        ),
    ] {
        let mut header = header.clone();
        header["epk"] = epk;
        let protected = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        assert_eq!(open(&format!("{protected}.{rest}"), keys), Err(reason));
    }
}
