use std::time::Duration;

use serde_json::{Value, json};

use super::sample::{ProofKey, ath};
use super::*;
use crate::oauth::sample::{ISSUER, NOW, after, parameters};

const TOKEN: &str = "der.zugangs.token";

fn address() -> String {
    format!("{ISSUER}/token")
}

/// A proof for the token endpoint, or the access token where one is given, as a header.
fn read(headers: &[String], access_token: Option<&str>) -> Result<Option<VerifiedProof>, Reason> {
    let addresses = [address()];
    let request = Request {
        method: "POST",
        addresses: &addresses,
        access_token,
        nonces: None,
    };
    verify(headers, &request, NOW, Duration::from_secs(30)).map_err(|refusal| refusal.reason)
}

fn good() -> Value {
    json!({"jti": "one", "htm": "POST", "htu": address(), "iat": NOW.seconds()})
}

fn with(changes: &Value) -> Value {
    let mut claims = good();
    let members = claims.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    claims
}

#[test]
fn every_offered_algorithm_proves_its_key() {
    for &algorithm in ALGORITHMS {
        let key = ProofKey::of(algorithm);
        let proof = read(&[key.signed(&json!({}), &good())], None)
            .unwrap()
            .unwrap();
        assert_eq!(proof.jkt(), key.jkt(), "{algorithm}");
        let (mark, until) = proof.replay_mark();
        let named = format!("{}|one", key.jkt());
        assert_eq!(mark, TicketKey::of(TicketKind::DpopSeen, &named));
        assert_eq!(until, after(120), "as long as any node takes the proof");
    }
    assert_eq!(read(&[], None), Ok(None));
}

#[test]
fn each_rule_of_the_header_has_its_refusal() {
    use Reason as R;
    let (key, other) = (ProofKey::new(), ProofKey::new());
    let private = {
        let mut jwk = key.jwk();
        jwk.insert("d".into(), "AAAA".into());
        jwk
    };
    for (header, expected) in [
        (json!({"typ": "JWT"}), R::DpopProofTypeWrong),
        (json!({"typ": null}), R::DpopProofTypeWrong),
        (json!({"alg": "none"}), R::DpopProofAlgorithmWrong),
        (json!({"alg": "HS256"}), R::DpopProofAlgorithmWrong),
        (json!({"alg": "RS256"}), R::DpopProofAlgorithmWrong),
        (json!({"alg": "ES384"}), R::DpopProofAlgorithmWrong),
        (json!({"alg": "PS256"}), R::DpopProofSignatureWrong),
        (json!({"alg": null}), R::DpopProofMalformed),
        (json!({"crit": ["x"]}), R::DpopProofMalformed),
        (json!({"jwk": null}), R::DpopProofKeyInvalid),
        (json!({"jwk": "k"}), R::DpopProofKeyInvalid),
        (json!({"jwk": private}), R::DpopProofKeyInvalid),
        (
            json!({"jwk": {"kty": "oct", "k": "AAAA"}}),
            R::DpopProofKeyInvalid,
        ),
        (json!({"jwk": other.jwk()}), R::DpopProofSignatureWrong),
    ] {
        let proof = key.signed(&header, &good());
        assert_eq!(read(&[proof], None).unwrap_err(), expected, "{header}");
    }
    let one = key.signed(&json!({}), &good());
    let two = key.signed(&json!({}), &with(&json!({"jti": "two"})));
    for (headers, expected) in [
        (vec![one.clone(), two.clone()], R::DpopProofRepeated),
        (vec![one.clone(), one.clone()], R::DpopProofRepeated),
        (vec![format!("{one},{two}")], R::DpopProofMalformed),
        (vec![String::new()], R::DpopProofMalformed),
        (
            vec![format!("{one}{}", "A".repeat(4096))],
            R::DpopProofMalformed,
        ),
    ] {
        assert_eq!(read(&headers, None).unwrap_err(), expected);
    }
}

#[test]
fn each_rule_of_the_claims_has_its_refusal() {
    use Reason as R;
    let key = ProofKey::new();
    let now = NOW.seconds();
    for (changes, expected) in [
        (json!({}), None),
        (json!({"jti": "j".repeat(256)}), None),
        (
            json!({"jti": "j".repeat(257)}),
            Some(R::DpopProofIdentifierWrong),
        ),
        (json!({"jti": ""}), Some(R::DpopProofIdentifierWrong)),
        (json!({"jti": null}), Some(R::DpopProofMalformed)),
        (json!({"jti": 1}), Some(R::DpopProofMalformed)),
        (json!({"htm": "GET"}), Some(R::DpopProofMethodWrong)),
        (json!({"htm": "post"}), Some(R::DpopProofMethodWrong)),
        (json!({"htm": null}), Some(R::DpopProofMalformed)),
        (
            json!({"htu": format!("{ISSUER}/userinfo")}),
            Some(R::DpopProofAddressWrong),
        ),
        (
            json!({"htu": "https://other.example/token"}),
            Some(R::DpopProofAddressWrong),
        ),
        (json!({"htu": format!("{}?a=b#c", address())}), None),
        (json!({"htu": null}), Some(R::DpopProofMalformed)),
        (json!({"iat": now - 90}), None),
        (json!({"iat": now - 91}), Some(R::DpopProofTimeWrong)),
        (json!({"iat": now + 30}), None),
        (json!({"iat": now + 31}), Some(R::DpopProofTimeWrong)),
        (json!({"iat": null}), Some(R::DpopProofTimeWrong)),
        (json!({"iat": "now"}), Some(R::DpopProofMalformed)),
        (json!({"exp": now - 30}), Some(R::DpopProofTimeWrong)),
        (json!({"nbf": now + 31}), Some(R::DpopProofTimeWrong)),
        (json!({"ath": "whatever"}), None),
        (json!({"nonce": "of somebody else"}), None),
    ] {
        let proof = key.signed(&json!({}), &with(&changes));
        assert_eq!(read(&[proof], None).err(), expected, "{changes}");
    }
}

#[test]
fn a_proof_with_an_access_token_names_that_token() {
    let key = ProofKey::new();
    for (ath, expected) in [
        (json!(ath(TOKEN)), None),
        (json!(ath("another")), Some(Reason::DpopProofTokenWrong)),
        (json!(TOKEN), Some(Reason::DpopProofTokenWrong)),
        (Value::Null, Some(Reason::DpopProofTokenWrong)),
    ] {
        let proof = key.signed(&json!({}), &with(&json!({"ath": ath})));
        assert_eq!(read(&[proof], Some(TOKEN)).err(), expected, "{ath}");
    }
}

#[test]
fn a_nonce_that_is_asked_for_must_count() {
    let key = ProofKey::new();
    let tags = Nonces::messages(NOW).map(|message| vec![*Digest::of(&message).as_bytes()]);
    let nonces = Nonces::of(&tags).unwrap();
    for (nonce, expected) in [
        (json!(nonces.fresh()), None),
        (json!("stale"), Some(Reason::DpopNonceNeeded)),
        (Value::Null, Some(Reason::DpopNonceNeeded)),
    ] {
        let addresses = [address()];
        let request = Request {
            method: "POST",
            addresses: &addresses,
            access_token: None,
            nonces: Some(&nonces),
        };
        let proof = key.signed(&json!({}), &with(&json!({"nonce": nonce})));
        let read = verify(&[proof], &request, NOW, Duration::ZERO);
        assert_eq!(read.err().map(|r| r.reason), expected, "{nonce}");
    }
}

#[test]
fn the_tolerated_difference_of_clocks_is_bounded() {
    let key = ProofKey::new();
    let ahead = key.signed(&json!({}), &with(&json!({"iat": NOW.seconds() + 61})));
    let addresses = [address()];
    let request = Request {
        method: "POST",
        addresses: &addresses,
        access_token: None,
        nonces: None,
    };
    let read = verify(&[ahead], &request, NOW, Duration::from_secs(300));
    assert_eq!(read.unwrap_err().reason, Reason::DpopProofTimeWrong);
}

#[test]
fn a_code_is_bound_to_the_key_that_is_named_or_proved() {
    let (one, other) = (ProofKey::new().jkt(), ProofKey::new().jkt());
    let bound = |named: Option<&str>, proved: Option<&str>| {
        let named: Vec<_> = named.map(|jkt| ("dpop_jkt", jkt)).into_iter().collect();
        bound_key(&parameters(&named), proved).map_err(|refusal| refusal.reason)
    };
    assert_eq!(bound(None, None), Ok(None));
    assert_eq!(bound(Some(&one), None), Ok(Some(one.clone())));
    assert_eq!(bound(None, Some(&one)), Ok(Some(one.clone())));
    assert_eq!(bound(Some(&one), Some(&one)), Ok(Some(one.clone())));
    assert_eq!(bound(Some(&one), Some(&other)), Err(Reason::DpopJktWrong));
    for malformed in ["short", &format!("{one}A"), &one.replace(|_| true, "=")] {
        assert_eq!(bound(Some(malformed), None), Err(Reason::DpopJktMalformed));
    }
}
