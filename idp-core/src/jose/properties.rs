//! What must hold for any input.

use super::{CompactJws, Header, Jwk, JwkSet, SigningAlgorithm, base64url, jws, sample};
use super::{RegisteredClaims, json};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn algorithm() -> impl Strategy<Value = SigningAlgorithm> {
    proptest::sample::select(SigningAlgorithm::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_signed_verifies(
        algorithm in algorithm(),
        payload in vec(any::<u8>(), 0..300),
        kid in "\\PC{0,20}",
        typ in proptest::option::of("[a-z+]{1,12}"),
    ) {
        let mut header = Header::new(algorithm).with_kid(&kid);
        if let Some(typ) = &typ {
            header = header.with_typ(typ);
        }
        let key = sample::key(algorithm);
        let compact = jws::sign(&header, &payload, key, &sample::rng()).unwrap();
        let parsed = CompactJws::parse(&compact, jws::DEFAULT_MAX_BYTES).unwrap();
        let set = JwkSet::new(vec![key.public_jwk(&kid).unwrap()]);
        let verified = parsed.verify(&set).unwrap();
        prop_assert_eq!(verified.header(), &header);
        prop_assert_eq!(verified.payload(), &payload[..]);
    }

    #[test]
    fn no_changed_octet_verifies(
        algorithm in algorithm(),
        payload in vec(any::<u8>(), 0..40),
        position in any::<Index>(),
        difference in 1..=u8::MAX,
    ) {
        let mut octets = sample::token(algorithm, &payload).into_bytes();
        let position = position.index(octets.len());
        octets[position] ^= difference;
        let verified = CompactJws::parse(&octets, jws::DEFAULT_MAX_BYTES)
            .and_then(|jws| jws.verify(&sample::jwk(algorithm)));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn no_other_key_verifies(payload in vec(any::<u8>(), 0..40)) {
        let compact = sample::token(SigningAlgorithm::ES256, &payload);
        let other = super::SigningKey::from_pkcs8(
            SigningAlgorithm::ES256,
            &sample::fresh_der(SigningAlgorithm::ES256),
            &sample::rng(),
        );
        let other = other.unwrap().public_jwk("k1").unwrap();
        let parsed = CompactJws::parse(&compact, jws::DEFAULT_MAX_BYTES).unwrap();
        let refused = parsed.verify(&other).map(|_| ());
        prop_assert_eq!(refused, Err(super::JoseError::JwsSignatureInvalid));
    }
}

proptest! {
    #[test]
    fn no_octets_make_a_parser_panic(octets in vec(any::<u8>(), 0..200)) {
        exercise(&octets);
    }

    #[test]
    fn no_text_of_the_right_shape_makes_a_parser_panic(
        header in "\\{\"alg\":\"(ES256|none|HS256)\"(,\"(kid|typ|crit|b64)\":(1|\"a\"|\\[\\]))?\\}",
        payload in "\\{\"(iss|aud|exp|nbf)\":(-?[0-9]{1,22}(\\.[0-9]{1,3})?|\"a\"|\\[\"a\"\\])\\}",
        signature in vec(any::<u8>(), 0..70),
    ) {
        let header = base64url::encode(header.as_bytes());
        let payload = base64url::encode(payload.as_bytes());
        let compact = format!("{header}.{payload}.{}", base64url::encode(&signature));
        exercise(compact.as_bytes());
    }

    #[test]
    fn no_object_like_a_key_makes_a_parser_panic(
        kty in "(EC|RSA|OKP|oct)",
        crv in "(P-256|P-384|Ed25519|X25519)",
        x in "[A-Za-z0-9_-]{0,64}",
        y in "[A-Za-z0-9_-]{43}",
    ) {
        let key = format!(
            r#"{{"kty":"{kty}","crv":"{crv}","x":"{x}","y":"{y}","n":"{x}{y}","e":"{y}"}}"#
        );
        exercise(key.as_bytes());
        exercise(format!("{{\"keys\":[{key}]}}").as_bytes());
    }

    #[test]
    fn base64url_has_one_spelling(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Some(octets) = base64url::decode(text.as_bytes()) {
            prop_assert_eq!(base64url::encode(&octets), text);
        }
    }

    #[test]
    fn plain_json_objects_are_read_as_serde_json_reads_them(
        members in proptest::collection::btree_map("\\PC{0,8}", any::<Option<i64>>(), 0..8),
    ) {
        let text = serde_json::to_vec(&members).unwrap();
        let expected = serde_json::from_slice(&text).unwrap();
        prop_assert_eq!(json::object_without_duplicates(&text), Ok(expected));
    }
}

/// Every parser on the same octets; each must answer, whatever the answer.
fn exercise(octets: &[u8]) {
    let _ = json::object_without_duplicates(octets);
    let _ = Header::parse(octets);
    if let Ok(key) = Jwk::parse(octets) {
        let written = serde_json::to_vec(&key).unwrap();
        assert_eq!(Jwk::parse(&written), Ok(key));
    }
    let _ = JwkSet::parse(octets);
    if let Ok(jws) = CompactJws::parse(octets, jws::DEFAULT_MAX_BYTES) {
        let _ = RegisteredClaims::peek(&jws);
        let _ = jws.verify(&sample::jwk(jws.header().algorithm()));
    }
}
