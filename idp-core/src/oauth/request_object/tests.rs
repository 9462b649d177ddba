//! Each rule of a request object, by its reason.

use serde_json::{Value, json};

use super::*;
use crate::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, base64url, jws};
use crate::model::client::{ClientProfile, RequestObjectAlgorithm};
use crate::oauth::sample::{CHALLENGE, ISSUER, NOW, REDIRECT, parameters, policy, web};
use crate::store::decision::Outcome;

#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
fn rng() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// A key of the client, with the set that publishes it as `k1`.
struct Keys(SigningAlgorithm, SigningKey);

impl Keys {
    fn new(algorithm: SigningAlgorithm) -> Self {
        let der = SigningKey::generate(algorithm, &rng()).unwrap();
        let key = SigningKey::from_pkcs8(algorithm, der.as_bytes(), &rng());
        Self(algorithm, key.unwrap())
    }

    fn set(&self) -> JwkSet {
        JwkSet::new(vec![self.1.public_jwk("k1").unwrap()])
    }

    fn client(&self) -> Client {
        Client {
            jwks: Some(serde_json::to_value(self.set()).unwrap()),
            ..web()
        }
    }

    fn sign(&self, typ: Option<&str>, claims: &Value) -> String {
        let header = Header::new(self.0).with_kid("k1");
        let header = typ.map_or(header.clone(), |typ| header.with_typ(typ));
        jws::sign(&header, claims.to_string().as_bytes(), &self.1, &rng()).unwrap()
    }
}

fn unsecured(claims: &Value) -> String {
    let mut text = String::new();
    base64url::encode_onto(br#"{"alg":"none"}"#, &mut text);
    text.push('.');
    base64url::encode_onto(claims.to_string().as_bytes(), &mut text);
    format!("{text}.")
}

/// A whole request with some claims replaced, added, or (when null) left out.
fn claims(changed: Value) -> Value {
    let now = NOW.seconds();
    let mut claims = json!({
        "iss": "app", "aud": ISSUER, "exp": now + 300, "nbf": now - 10, "iat": now - 10,
        "client_id": "app", "response_type": "code", "redirect_uri": REDIRECT,
        "scope": "openid", "state": "bên trong", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256", "max_age": 600,
    });
    let members = claims.as_object_mut().unwrap();
    let Value::Object(changed) = changed else {
        panic!("{changed}")
    };
    members.extend(changed);
    members.retain(|_, value| !value.is_null());
    claims
}

/// What stands beside an object: that the request is OpenID Connect's, and more.
fn beside(further: &[(&str, &str)]) -> Parameters {
    let mut pairs = vec![
        ("client_id", "app"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("request", "x"),
    ];
    pairs.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
    pairs.extend(further);
    parameters(&pairs)
}

fn opened_at(
    client: &Client,
    object: &str,
    outer: &Parameters,
    entrance: Entrance,
) -> Result<Opened, Reason> {
    let facts = ObjectFacts {
        client,
        object,
        outer,
        entrance,
        keys: &FetchedKeys::default(),
    };
    match open(&facts, NOW, &policy()).outcome {
        Outcome::Done(opened) => Ok(opened),
        Outcome::Refused(refusal) => Err(refusal.reason),
        Outcome::Need(asks) => panic!("{asks:?}"),
    }
}

fn opened(client: &Client, object: &str, outer: &Parameters) -> Result<Opened, Reason> {
    opened_at(client, object, outer, Entrance::Authorization)
}

fn es256() -> Keys {
    Keys::new(SigningAlgorithm::ES256)
}

#[test]
fn the_values_inside_win_and_openid_connect_fills_gaps() {
    let keys = es256();
    let object = keys.sign(None, &claims(json!({"iss": null, "aud": null})));
    let outer = beside(&[
        ("state", "bên ngoài"),
        ("nonce", "bên ngoài"),
        ("redirect_uri", "https://evil.example/"),
        ("request_uri", ""),
    ]);
    let opened = opened(&keys.client(), &object, &outer).unwrap();
    assert!(opened.signed);
    let found = |name| opened.parameters.find(name);
    assert_eq!(found("state"), Some("bên trong"));
    assert_eq!(found("redirect_uri"), Some(REDIRECT));
    assert_eq!(found("max_age"), Some("600"));
    assert_eq!(found("nonce"), Some("bên ngoài"), "a gap that was filled");
    assert_eq!(
        (found("request"), found("iss"), found("exp")),
        (None, None, None)
    );
}

#[test]
fn an_object_stands_alone_wherever_more_than_openid_connect_is_asked() {
    let keys = es256();
    let (plain, signs_all) = (keys.client(), {
        let mut client = keys.client();
        client.features.require_signed_request_object = true;
        client
    });
    let (openid, oauth) = (
        beside(&[("nonce", "n")]),
        beside(&[("nonce", "n"), ("scope", "x")]),
    );
    let (typ, authorization) = (Some("oauth-authz-req+jwt"), Entrance::Authorization);
    for (client, typ, outer, entrance, filled) in [
        (&plain, None, &openid, authorization, true),
        (&plain, Some("JWT"), &openid, authorization, true),
        (&plain, None, &oauth, authorization, false),
        (&plain, typ, &openid, authorization, false),
        (
            &plain,
            Some("application/OAuth-authz-req+jwt"),
            &openid,
            authorization,
            false,
        ),
        (&signs_all, None, &openid, authorization, false),
        (&plain, None, &openid, Entrance::Push, false),
    ] {
        let object = keys.sign(typ, &claims(json!({})));
        let opened = opened_at(client, &object, outer, entrance).unwrap();
        let nonce = opened.parameters.find("nonce");
        assert_eq!(nonce.is_some(), filled, "{typ:?} {entrance:?}");
        assert_eq!(opened.parameters.find("client_id"), Some("app"));
    }
    // Alone it must say all of itself.
    for (missing, expected) in [
        ("iss", Reason::RequestObjectSenderMissing),
        ("aud", Reason::RequestObjectSenderMissing),
        ("client_id", Reason::RequestObjectClientMismatch),
    ] {
        let object = keys.sign(None, &claims(json!({missing: null})));
        let refused = opened(&signs_all, &object, &openid).err();
        assert_eq!(refused, Some(expected), "{missing}");
    }
    // What is missing is missing: the address beside it does not count.
    let object = keys.sign(None, &claims(json!({"redirect_uri": null})));
    let outer = beside(&[("redirect_uri", REDIRECT)]);
    let opened = opened(&signs_all, &object, &outer).unwrap();
    assert_eq!(opened.parameters.find("redirect_uri"), None);
}

#[test]
fn each_claim_has_its_rule() {
    let keys = es256();
    let now = NOW.seconds();
    for (changed, expected) in [
        (json!({"iss": "other"}), Reason::RequestObjectIssuerWrong),
        (
            json!({"aud": "https://other.example"}),
            Reason::RequestObjectAudienceWrong,
        ),
        (
            json!({"aud": [format!("{ISSUER}/")]}),
            Reason::RequestObjectAudienceWrong,
        ),
        (json!({"exp": now - 30}), Reason::RequestObjectTimeWrong),
        (json!({"nbf": now + 31}), Reason::RequestObjectTimeWrong),
        (json!({"iat": now + 31}), Reason::RequestObjectTimeWrong),
        (json!({"exp": "soon"}), Reason::RequestObjectMalformed),
        (json!({"aud": 1}), Reason::RequestObjectMalformed),
        (json!({"sub": "app"}), Reason::RequestObjectIsAssertion),
        (json!({"request": "a.b.c"}), Reason::RequestObjectNested),
        (
            json!({"request_uri": "https://rp.example/r"}),
            Reason::RequestObjectNested,
        ),
        (
            json!({"client_id": "other"}),
            Reason::RequestObjectClientMismatch,
        ),
        (
            json!({"client_id": ["app"]}),
            Reason::RequestObjectClientMismatch,
        ),
        (
            json!({"response_type": "token"}),
            Reason::RequestObjectResponseTypeMismatch,
        ),
        (
            json!({"max_age": 0.5}),
            Reason::RequestObjectMemberMalformed,
        ),
        (
            json!({"claims": "x".repeat(9000)}),
            Reason::ParameterTooLong,
        ),
    ] {
        let object = keys.sign(None, &claims(changed.clone()));
        let refused = opened(&keys.client(), &object, &beside(&[])).err();
        assert_eq!(refused, Some(expected), "{changed}");
    }
    for allowed in [
        json!({"exp": now - 29}),
        json!({"nbf": now + 30}),
        json!({"exp": null, "nbf": null}),
        json!({"aud": ["https://other.example", ISSUER]}),
        json!({"sub": "somebody"}),
    ] {
        let object = keys.sign(None, &claims(allowed.clone()));
        let opened = opened(&keys.client(), &object, &beside(&[]));
        assert!(opened.is_ok(), "{allowed}: {opened:?}");
    }
}

#[test]
fn only_types_of_request_objects_pass() {
    let keys = es256();
    for typ in [
        "at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
    ] {
        let object = keys.sign(Some(typ), &claims(json!({})));
        let refused = opened(&keys.client(), &object, &beside(&[])).err();
        assert_eq!(refused, Some(Reason::RequestObjectTypeWrong), "{typ}");
    }
}

#[test]
fn only_the_clients_keys_and_algorithm_count() {
    use RequestObjectAlgorithm::{Signed, Unsigned};
    let (keys, other) = (es256(), es256());
    let good = keys.sign(None, &claims(json!({})));
    let foreign = other.sign(None, &claims(json!({})));
    let none = unsecured(&claims(json!({})));
    let wrong = Reason::RequestObjectAlgorithmWrong;
    let any = None;
    for (registered, signs_all, object, expected) in [
        (any, false, &good, None),
        (
            any,
            false,
            &foreign,
            Some(Reason::RequestObjectSignatureWrong),
        ),
        (any, false, &none, Some(Reason::RequestObjectUnsupported)),
        (any, true, &none, Some(Reason::RequestObjectUnsigned)),
        (Some(Signed(SigningAlgorithm::ES256)), false, &good, None),
        (
            Some(Signed(SigningAlgorithm::PS256)),
            false,
            &good,
            Some(wrong),
        ),
        (
            Some(Signed(SigningAlgorithm::ES256)),
            false,
            &none,
            Some(Reason::RequestObjectUnsigned),
        ),
        (Some(Unsigned), false, &none, None),
        (Some(Unsigned), false, &good, Some(wrong)),
        (
            Some(Unsigned),
            true,
            &none,
            Some(Reason::RequestObjectUnsigned),
        ),
    ] {
        let mut client = keys.client();
        client.features.request_object_signing_alg = registered;
        client.features.require_signed_request_object = signs_all;
        let answer = opened(&client, object, &beside(&[]));
        assert_eq!(
            answer.as_ref().err().copied(),
            expected,
            "{registered:?} {signs_all}"
        );
        if let Ok(opened) = answer {
            assert_eq!(opened.signed, *object == good);
        }
    }
    let mut fapi = keys.client();
    fapi.features.request_object_signing_alg = Some(Unsigned);
    fapi.features.profile = Some(ClientProfile::Fapi2Security);
    let refused = opened(&fapi, &none, &beside(&[])).err();
    assert_eq!(
        refused,
        Some(Reason::RequestObjectUnsigned),
        "whatever is registered"
    );
    let keyless = opened(&web(), &good, &beside(&[])).err();
    assert_eq!(keyless, Some(Reason::RequestObjectSignatureWrong));
    let mut forged = good.clone();
    forged.truncate(good.rfind('.').unwrap() - 1);
    forged.push_str(&good[good.rfind('.').unwrap()..]);
    let forged = opened(&keys.client(), &forged, &beside(&[])).err();
    assert!(matches!(
        forged,
        Some(Reason::RequestObjectSignatureWrong | Reason::RequestObjectMalformed)
    ));
}

#[test]
fn the_public_key_is_no_secret_to_sign_with() {
    // The client's RSA key as an HMAC secret: whoever reads the key set could sign.
    let keys = Keys::new(SigningAlgorithm::RS256);
    let text = keys.sign(None, &claims(json!({})));
    assert!(opened(&keys.client(), &text, &beside(&[])).is_ok());
    let public = serde_json::to_vec(&keys.set()).unwrap();
    let (header, rest) = (
        r#"{"alg":"HS256","kid":"k1"}"#,
        text.split_once('.').unwrap().1,
    );
    let mut input = String::new();
    base64url::encode_onto(header.as_bytes(), &mut input);
    input.push('.');
    input.push_str(rest.split_once('.').unwrap().0);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
    let tag = ring::hmac::sign(&key, input.as_bytes());
    let confused = jws::assemble(input, tag.as_ref());
    let refused = opened(&keys.client(), &confused, &beside(&[])).err();
    assert_eq!(refused, Some(Reason::RequestObjectAlgorithmUnknown));
}

#[test]
fn message_signing_bounds_the_times_and_asks_for_strong_algorithms() {
    let now = NOW.seconds();
    let hour = 3600;
    let fapi = |keys: &Keys| {
        let mut client = keys.client();
        client.features.profile = Some(ClientProfile::Fapi2MessageSigning);
        client.features.require_signed_request_object = true;
        client
    };
    let keys = es256();
    for (nbf, exp, bounded) in [
        (json!(now), json!(now + hour), true),
        (json!(now + 8), json!(now + 8 + hour), true),
        (json!(now - hour), json!(now - hour + hour), true),
        (json!(now), json!(now + hour + 1), false),
        (json!(now - hour - 31), json!(now + 10), false),
        (json!(null), json!(now + 60), false),
        (json!(now), json!(null), false),
    ] {
        let object = keys.sign(None, &claims(json!({"nbf": nbf, "exp": exp})));
        let answer = opened(&fapi(&keys), &object, &beside(&[])).err();
        let expected = (!bounded).then_some(Reason::RequestObjectUnbounded);
        assert_eq!(answer, expected, "{nbf} {exp}");
    }
    for (algorithm, allowed) in [
        (SigningAlgorithm::RS256, false),
        (SigningAlgorithm::PS256, true),
        (SigningAlgorithm::EdDSA, true),
    ] {
        let keys = Keys::new(algorithm);
        let object = keys.sign(None, &claims(json!({})));
        let answer = opened(&fapi(&keys), &object, &beside(&[])).err();
        let expected = (!allowed).then_some(Reason::RequestObjectAlgorithmWrong);
        assert_eq!(answer, expected, "{algorithm}");
    }
}

#[test]
fn the_carrier_is_told_by_its_parameter() {
    let of = |pairs: &[(&str, &str)]| {
        let arrived = parameters(pairs);
        Carrier::of(&arrived)
            .map(|carrier| format!("{carrier:?}"))
            .map_err(|refusal| refusal.reason)
    };
    let urn = "urn:ietf:params:oauth:request_uri:x";
    let carried = |text: &str| Ok(text.to_owned());
    assert_eq!(of(&[("state", "s")]), carried("Parameters"));
    assert_eq!(of(&[("request", "a.b.c")]), carried(r#"Object("a.b.c")"#));
    assert_eq!(
        of(&[("request_uri", urn)]),
        carried(&format!("Pushed({urn:?})"))
    );
    let address = "https://rp.example/r";
    assert_eq!(
        of(&[("request_uri", address)]),
        carried(&format!("Address({address:?})"))
    );
    for uri in [urn, address] {
        let both = of(&[("request", "a.b.c"), ("request_uri", uri)]);
        assert_eq!(both, Err(Reason::RequestObjectSentTwice));
    }
}
