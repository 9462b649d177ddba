//! A request object: as it came, or around claims that nobody or the client itself vouches for.
//! What counts in the end names the client, holds each name once, and carries nothing inside.
#![no_main]

use std::sync::LazyLock;

use idp_core::base::issuer::{Issuer, IssuerKey};
use idp_core::base::time::Timestamp;
use idp_core::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, base64url, jws};
use idp_core::model::client::Client;
use idp_core::oauth::client_keys::FetchedKeys;
use idp_core::oauth::params::{MAX_VALUE_BYTES, Parameters};
use idp_core::oauth::request_object::{Entrance, ObjectFacts, open};
use idp_core::policy::Policy;
use idp_core::store::decision::Outcome;
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;
use serde_json::json;

const NOW: i64 = 1_800_000_000_000;
const MAY_REPEAT: [&str; 2] = ["resource", "audience"];

struct Stage {
    key: SigningKey,
    /// Whose unsigned objects are taken, and whose signed ones alone.
    clients: [Client; 2],
    policy: Policy,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let algorithm = SigningAlgorithm::EdDSA;
    let der = SigningKey::generate(algorithm, &random).expect("a key");
    let key = SigningKey::from_pkcs8(algorithm, der.as_bytes(), &random).expect("a key");
    let keys = JwkSet::new(vec![key.public_jwk("k1").expect("its public half")]);
    let client = |registered: &str| {
        let client = json!({
            "id": "app", "version": 1, "issuer": "main", "name": {"vi": "Một cửa"}, "kind": "web",
            "authentication": "client_secret_basic", "jwks": keys,
            "redirect_uris": ["https://rp.example/cb"], "grant_types": ["authorization_code"],
            "scopes": ["openid", "profile"], "id_token_alg": "ES256",
            "features": {"request_object_signing_alg": registered},
            "created_at": 0,
        });
        serde_json::from_value(client).expect("a client")
    };
    let issuer = Issuer::parse("https://sso.tinh.example").expect("an issuer");
    Stage {
        clients: [client("none"), client("EdDSA")],
        policy: Policy::new(IssuerKey::main(), issuer),
        key,
    }
});

fn unsigned(claims: &[u8]) -> String {
    let mut text = String::new();
    base64url::encode_onto(br#"{"alg":"none"}"#, &mut text);
    text.push('.');
    base64url::encode_onto(claims, &mut text);
    text.push('.');
    text
}

fn signed(claims: &[u8], key: &SigningKey) -> String {
    let header = Header::new(SigningAlgorithm::EdDSA).with_kid("k1");
    jws::sign(&header, claims, key, &SystemRandom::new()).expect("signed")
}

fn check(object: &str, outer: &Parameters, client: &Client, may_be_signed: bool) {
    for entrance in [Entrance::Authorization, Entrance::Push] {
        let keys = FetchedKeys::default();
        let facts = ObjectFacts { client, object, outer, entrance, keys: &keys };
        let decision = open(&facts, Timestamp::from_millis(NOW), &STAGE.policy);
        let Outcome::Done(opened) = decision.outcome else {
            continue;
        };
        assert!(!opened.signed || may_be_signed, "signed by nobody");
        let counts = opened.parameters;
        assert_eq!(counts.find("client_id"), Some("app"));
        assert!(counts.find("request").is_none() && counts.find("request_uri").is_none());
        for (name, value) in counts.pairs() {
            assert!(value.len() <= MAX_VALUE_BYTES);
            let often = counts.pairs().iter().filter(|(other, _)| other == name).count();
            assert!(often == 1 || MAY_REPEAT.contains(&name.as_str()), "{name}");
        }
    }
}

// The first line is what stands beside the object.
fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|octet| *octet == b'\n') else {
        return;
    };
    let (outer, data) = (&input[..end], &input[end + 1..]);
    let Ok(outer) = Parameters::parse(outer) else {
        return;
    };
    let [plain, strict] = &STAGE.clients;
    if let Ok(text) = std::str::from_utf8(data) {
        check(text, &outer, plain, false);
        check(text, &outer, strict, false);
    }
    check(&unsigned(data), &outer, plain, false);
    check(&signed(data, &STAGE.key), &outer, strict, true);
});
