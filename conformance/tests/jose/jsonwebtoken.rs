//! The library `jsonwebtoken` as the other party, in both directions and for every algorithm.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_conformance::{Demand, Tally};
use idp_core::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, Header, Jwk, JwtRules, SigningAlgorithm, SigningKey,
    VerifiedJwt, jws,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.vn";
/// Far enough for a library that reads the clock itself.
const EXPIRY: i64 = 32_503_680_000;

/// One algorithm's key, as both libraries see it.
struct Party {
    algorithm: SigningAlgorithm,
    ours: SigningKey,
    our_public: Jwk,
    theirs: EncodingKey,
    their_public: DecodingKey,
}

#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
fn rng() -> SystemRandom {
    SystemRandom::new()
}

fn their_algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

fn party(algorithm: SigningAlgorithm) -> Party {
    let der = SigningKey::generate(algorithm, &rng()).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_bytes()),
    );
    let theirs = match algorithm {
        SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => {
            EncodingKey::from_ec_pem(pem.as_bytes()).unwrap()
        }
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
        }
        SigningAlgorithm::EdDSA => EncodingKey::from_ed_der(der.as_bytes()),
    };
    let ours = SigningKey::from_pkcs8(algorithm, der.as_bytes(), &rng()).unwrap();
    let our_public = ours.public_jwk("k1").unwrap();
    let published = serde_json::to_string(&our_public).unwrap();
    let their_jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&published).unwrap();
    let their_public = DecodingKey::from_jwk(&their_jwk).unwrap();
    Party {
        algorithm,
        ours,
        our_public,
        theirs,
        their_public,
    }
}

fn they_accept(party: &Party, token: &str) -> bool {
    let mut rules = Validation::new(their_algorithm(party.algorithm));
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&["client"]);
    jsonwebtoken::decode::<Value>(token, &party.their_public, &rules).is_ok()
}

fn we_accept(party: &Party, token: &str) -> bool {
    let rules = JwtRules {
        algorithms: &[party.algorithm],
        typ: ExpectedTyp::OneOf(&["JWT"]),
        issuer: Some(ISSUER),
        audience: Some(&["client"]),
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: 0,
        now_ms: 1_900_000_000_000,
    };
    CompactJws::parse(token, jws::DEFAULT_MAX_BYTES)
        .and_then(|jws| VerifiedJwt::<Value>::verify(&jws, &party.our_public, &rules))
        .is_ok()
}

fn we_sign(party: &Party, claims: &Value) -> String {
    let header = Header::new(party.algorithm).with_kid("k1").with_typ("JWT");
    jws::sign(&header, claims.to_string().as_bytes(), &party.ours, &rng()).unwrap()
}

fn they_sign(party: &Party, claims: &Value) -> String {
    let mut header = jsonwebtoken::Header::new(their_algorithm(party.algorithm));
    header.kid = Some("k1".to_owned());
    jsonwebtoken::encode(&header, claims, &party.theirs).unwrap()
}

/// The same tokens with what each reader must say.
fn demands() -> [(Value, Demand); 8] {
    [
        (
            json!({"iss": ISSUER, "aud": "client", "exp": EXPIRY}),
            Demand::Accept,
        ),
        (
            json!({"iss": ISSUER, "aud": ["x", "client"], "exp": EXPIRY}),
            Demand::Accept,
        ),
        (
            json!({"iss": ISSUER, "aud": "client", "exp": EXPIRY, "name": "Đỗ"}),
            Demand::Accept,
        ),
        (
            json!({"iss": ISSUER, "aud": "client", "exp": 1}),
            Demand::Refuse,
        ),
        (json!({"iss": ISSUER, "aud": "client"}), Demand::Refuse),
        (
            json!({"iss": ISSUER, "aud": "x", "exp": EXPIRY}),
            Demand::Refuse,
        ),
        (
            json!({"iss": ISSUER, "aud": [], "exp": EXPIRY}),
            Demand::Refuse,
        ),
        (
            json!({"iss": "x", "aud": "client", "exp": EXPIRY}),
            Demand::Refuse,
        ),
    ]
}

/// With the first octet of the signature changed.
fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{other}{}", &signature[1..])
}

#[test]
fn each_side_judges_the_others_tokens_alike() {
    let mut tally = Tally::default();
    for &algorithm in SigningAlgorithm::ALL {
        let party = party(algorithm);
        for (claims, demand) in demands() {
            let (ours, theirs) = (we_sign(&party, &claims), they_sign(&party, &claims));
            let label = |who: &str| format!("{algorithm} {who} {claims}");
            tally.record(label("ours to them"), demand, they_accept(&party, &ours));
            tally.record(label("theirs to us"), demand, we_accept(&party, &theirs));
            tally.record(
                label("forged to them"),
                Demand::Refuse,
                they_accept(&party, &forged(&ours)),
            );
            tally.record(
                label("forged to us"),
                Demand::Refuse,
                we_accept(&party, &forged(&theirs)),
            );
        }
    }
    assert_eq!(tally, Tally::of(30, 130, 0));
}

#[test]
fn deterministic_signatures_are_equal() {
    let claims = json!({"iss": ISSUER});
    for algorithm in [SigningAlgorithm::RS256, SigningAlgorithm::EdDSA] {
        let party = party(algorithm);
        let header = Header::new(algorithm);
        let input = jws::signing_input(&header, claims.to_string().as_bytes());
        let ours = party.ours.sign(input.as_bytes(), &rng()).unwrap();
        let theirs =
            jsonwebtoken::crypto::sign(input.as_bytes(), &party.theirs, their_algorithm(algorithm));
        assert_eq!(
            jws::assemble(String::new(), &ours),
            format!(".{}", theirs.unwrap())
        );
    }
}

#[test]
fn thumbprints_agree() {
    for &algorithm in SigningAlgorithm::ALL {
        let key = party(algorithm).our_public;
        let published = serde_json::to_string(&key).unwrap();
        let theirs: jsonwebtoken::jwk::Jwk = serde_json::from_str(&published).unwrap();
        let digest = jsonwebtoken::jwk::ThumbprintHash::SHA256;
        assert_eq!(
            key.thumbprint(),
            theirs.thumbprint(digest).unwrap(),
            "{algorithm}"
        );
    }
}
