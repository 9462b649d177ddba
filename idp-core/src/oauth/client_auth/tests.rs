use super::*;
use crate::admin::sample::done;
use crate::base::secret::Digest;
use crate::jose::mac::sample::authenticated as authenticated_jwt;
use crate::jose::{Header, JwkSet, SigningKey, jws};
use crate::jose::{MacAlgorithm, SigningAlgorithm};
use crate::model::client::ClientSecret;
use crate::model::client::{AssertionAlgorithm, AssertionAudience, ClientProfile};
use crate::oauth::sample::{ISSUER, NOW, SECRET, after, parameters, policy, public, reason, web};
use crate::store::decision::Asks;
use crate::store::decision::Outcome;
use crate::store::tickets::TicketKind;
use serde_json::{Value, json};

const KEYS_AT: &str = "https://rp.example/jwks";

#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
fn rng() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// A client's key, with the set that publishes it.
struct Keys {
    kid: &'static str,
    key: SigningKey,
}

impl Keys {
    fn new(kid: &'static str) -> Self {
        let der = SigningKey::generate(SigningAlgorithm::ES256, &rng()).unwrap();
        let key = SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng());
        Self {
            kid,
            key: key.unwrap(),
        }
    }

    fn set(&self) -> JwkSet {
        JwkSet::new(vec![self.key.public_jwk(self.kid).unwrap()])
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header::new(SigningAlgorithm::ES256).with_kid(self.kid);
        jws::sign(&header, claims.to_string().as_bytes(), &self.key, &rng()).unwrap()
    }

    /// A client that publishes the key by value.
    fn client(&self) -> Client {
        Client {
            jwks: Some(serde_json::to_value(self.set()).unwrap()),
            ..by_address(None)
        }
    }
}

fn by_address(jwks_uri: Option<&str>) -> Client {
    Client {
        authentication: Method::PrivateKeyJwt,
        secrets: Vec::new(),
        jwks_uri: jwks_uri.map(str::to_owned),
        ..web()
    }
}

/// Good claims with some replaced, added, or (when null) left out.
fn claims(changed: Value) -> Value {
    let mut claims = json!({
        "iss": "app", "sub": "app", "aud": ISSUER, "jti": "one",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 60,
    });
    let Value::Object(changed) = changed else {
        panic!("{changed}")
    };
    claims.as_object_mut().unwrap().extend(changed);
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn header(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

fn parse(authorization: Option<&str>, body: &[(&str, &str)]) -> Result<Presented, Reason> {
    Presented::parse(authorization, &parameters(body)).map_err(|refusal| refusal.reason)
}

fn by_assertion(text: &str) -> Result<Presented, Reason> {
    let body = [
        ("client_assertion", text),
        ("client_assertion_type", ASSERTION_TYPE),
    ];
    parse(None, &body)
}

fn decide(presented: &Presented, client: Option<Client>) -> Decision<AuthenticatedClient> {
    let facts = ClientFacts {
        client,
        ..ClientFacts::default()
    };
    authenticate(presented, &facts, NOW, &policy())
}

#[test]
fn basic_credentials_are_form_encoded_and_split_at_the_first_colon() {
    for (text, id, secret) in [
        ("app:s", "app", "s"),
        ("app:a:b", "app", "a:b"),
        ("app:a%3Ab+c%25", "app", "a:b c%"),
        ("https%2F%2Frp:%E1%BA%BF", "https//rp", "ế"),
        ("app:", "app", ""),
    ] {
        let presented = parse(Some(&header(text)), &[]).unwrap();
        assert_eq!(presented.client.as_str(), id, "{text}");
        match presented.proof {
            Proof::Basic(found) => assert_eq!(found.expose(), secret, "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let lower = header("app:s").replace("Basic", "basic");
    assert!(parse(Some(&lower), &[("client_id", "app")]).is_ok());
    for malformed in [
        "Basic",
        "Basic !",
        "Bearer YXBwOnM=",
        &header("app"),
        &header("a%3Ab:s"),
        &header(":s"),
        &header("app:%zz"),
        &header("app:%ff"),
        &format!("Basic {}", STANDARD.encode([0xff, b':', b's'])),
    ] {
        assert_eq!(
            parse(Some(malformed), &[]).unwrap_err(),
            Reason::BasicCredentialsMalformed,
            "{malformed}"
        );
    }
}

#[test]
fn one_method_at_a_time_and_one_client() {
    let basic = header("app:s");
    let assertion = Keys::new("k").sign(&claims(json!({})));
    let jwt = [
        ("client_assertion", assertion.as_str()),
        ("client_assertion_type", ASSERTION_TYPE),
    ];
    for (authorization, body) in [
        (
            Some(basic.as_str()),
            vec![("client_id", "app"), ("client_secret", "s")],
        ),
        (Some(&basic), jwt.to_vec()),
        (None, [&jwt[..], &[("client_secret", "s")]].concat()),
        (Some(&basic), vec![("client_id", "other")]),
        (None, [&jwt[..], &[("client_id", "other")]].concat()),
    ] {
        assert_eq!(
            parse(authorization, &body).unwrap_err(),
            Reason::ClientAuthenticationMixed,
            "{body:?}"
        );
    }
    assert_eq!(
        parse(None, &[("client_secret", "s")]).unwrap_err(),
        Reason::ClientAuthenticationMissing
    );
    assert_eq!(
        parse(None, &[("client_id", "a:b")]).unwrap_err(),
        Reason::ClientUnknown
    );
    for body in [
        vec![jwt[0]],
        vec![jwt[0], ("client_assertion_type", "urn:x")],
        vec![("client_assertion", "a.b"), jwt[1]],
    ] {
        assert_eq!(
            parse(None, &body).unwrap_err(),
            Reason::ClientAssertionMalformed,
            "{body:?}"
        );
    }
    let nameless = Keys::new("k").sign(&claims(json!({"sub": null})));
    assert_eq!(
        by_assertion(&nameless).unwrap_err(),
        Reason::ClientAssertionMalformed
    );
}

#[test]
fn a_client_proves_itself_by_its_registered_method_only() {
    let keys = Keys::new("k");
    let assertion = keys.sign(&claims(json!({})));
    let basic = header(&format!("app:{}", SECRET.replace(' ', "+")));
    let presented = [
        parse(None, &[("client_id", "app")]).unwrap(),
        parse(Some(&basic), &[]).unwrap(),
        parse(None, &[("client_id", "app"), ("client_secret", SECRET)]).unwrap(),
        by_assertion(&assertion).unwrap(),
    ];
    let post = Client {
        authentication: Method::ClientSecretPost,
        ..web()
    };
    let clients = [public(), web(), post, keys.client()];
    for (way, presented) in presented.iter().enumerate() {
        for (registered, client) in clients.iter().enumerate() {
            let decision = decide(presented, Some(client.clone()));
            let shown = format!("{:?} {:?}", presented.proof, client.authentication);
            if way == registered {
                let proved = done(decision);
                assert_eq!(proved.is_confidential(), way != 0, "{shown}");
                assert_eq!(proved.replay_mark().is_some(), way == 3, "{shown}");
            } else if way == 0 {
                assert_eq!(
                    reason(&decision),
                    Reason::ClientAuthenticationMissing,
                    "{shown}"
                );
            } else {
                let expected = Reason::ClientAuthenticationMethodWrong;
                assert_eq!(reason(&decision), expected, "{shown}");
            }
        }
    }
}

#[test]
fn unknown_and_disabled_clients_are_refused_alike() {
    let presented = parse(Some(&header("app:s")), &[]).unwrap();
    let disabled = Client {
        disabled: true,
        ..web()
    };
    assert_eq!(reason(&decide(&presented, None)), Reason::ClientUnknown);
    assert_eq!(
        reason(&decide(&presented, Some(disabled))),
        Reason::ClientUnknown
    );
}

#[test]
fn of_several_secrets_each_counts_until_its_end() {
    let secret = |text: &str, expires_at| ClientSecret {
        digest: Some(Digest::of(text.as_bytes())),
        sealed: None,
        created_at: NOW,
        expires_at,
    };
    let client = Client {
        secrets: vec![
            secret("old", Some(after(1))),
            secret("over", Some(NOW)),
            secret("new", None),
        ],
        ..web()
    };
    for (text, proved) in [
        ("old", true),
        ("new", true),
        ("over", false),
        ("other", false),
        ("", false),
    ] {
        let presented = parse(Some(&header(&format!("app:{text}"))), &[]).unwrap();
        let decision = decide(&presented, Some(client.clone()));
        match decision.outcome {
            Outcome::Done(_) => assert!(proved, "{text}"),
            _ => assert_eq!(
                (reason(&decision), proved),
                (Reason::ClientSecretWrong, false)
            ),
        }
    }
    let none = Client {
        secrets: Vec::new(),
        ..web()
    };
    let presented = parse(Some(&header("app:new")), &[]).unwrap();
    assert_eq!(
        reason(&decide(&presented, Some(none))),
        Reason::ClientSecretWrong
    );
}

#[test]
fn each_rule_of_an_assertion_has_its_refusal() {
    let keys = Keys::new("k");
    let (wrong, now) = (Reason::ClientAssertionClaimsWrong, NOW.seconds());
    for (changed, expected) in [
        (json!({}), None),
        (json!({"aud": format!("{ISSUER}/token")}), None),
        (json!({"aud": [format!("{ISSUER}/token"), ISSUER]}), None),
        (
            json!({"aud": ["https://other.example", ISSUER]}),
            Some(Reason::ClientAssertionAudienceShared),
        ),
        (json!({"exp": now + 3630}), None),
        (json!({"exp": now - 29}), None),
        (json!({"exp": now - 30}), Some(wrong)),
        (json!({"exp": now + 3631}), Some(wrong)),
        (json!({"exp": null}), Some(wrong)),
        (json!({"iat": now + 31}), Some(wrong)),
        (json!({"nbf": now + 31}), Some(wrong)),
        (json!({"aud": "https://other.example"}), Some(wrong)),
        (json!({"aud": null}), Some(wrong)),
        (json!({"iss": "other"}), Some(wrong)),
        (json!({"iss": null}), Some(wrong)),
        (json!({"jti": null}), Some(wrong)),
        (json!({"jti": "j".repeat(257)}), Some(wrong)),
    ] {
        let presented = by_assertion(&keys.sign(&claims(changed.clone()))).unwrap();
        let decision = decide(&presented, Some(keys.client()));
        match (&decision.outcome, expected) {
            (Outcome::Done(_), None) => {}
            (_, Some(expected)) => assert_eq!(reason(&decision), expected, "{changed}"),
            (other, None) => panic!("{changed}: {other:?}"),
        }
    }
}

#[test]
fn an_assertion_speaks_for_its_own_subject_only() {
    let keys = Keys::new("k");
    for sub in [json!("other"), Value::Null] {
        let text = keys.sign(&claims(json!({"sub": sub})));
        let presented = Presented {
            client: web().id,
            proof: Proof::SignedAssertion(SecretText::new(text)),
        };
        let decision = decide(&presented, Some(keys.client()));
        assert_eq!(reason(&decision), Reason::ClientAssertionClaimsWrong);
    }
}

#[test]
fn the_key_must_be_the_clients() {
    let (keys, others) = (Keys::new("k"), Keys::new("k"));
    let presented = by_assertion(&others.sign(&claims(json!({})))).unwrap();
    let wrong = Reason::ClientAssertionSignatureWrong;
    assert_eq!(reason(&decide(&presented, Some(keys.client()))), wrong);
    let unnamed = by_assertion(&Keys::new("j").sign(&claims(json!({})))).unwrap();
    assert_eq!(reason(&decide(&unnamed, Some(keys.client()))), wrong);
    assert_eq!(reason(&decide(&presented, Some(by_address(None)))), wrong);
    let broken = Client {
        jwks: Some(json!({"keys": 1})),
        ..by_address(None)
    };
    let decision = decide(&presented, Some(broken));
    assert_eq!(reason(&decision), Reason::ClientKeysUnavailable);
}

#[test]
fn a_key_set_by_address_is_fetched_and_again_for_an_unknown_kid() {
    let (old, new) = (Keys::new("old"), Keys::new("new"));
    let presented = by_assertion(&new.sign(&claims(json!({})))).unwrap();
    let round = |keys: Option<JwkSet>, keys_cached| {
        let client = Some(by_address(Some(KEYS_AT)));
        let facts = ClientFacts {
            client,
            keys: crate::oauth::client_keys::FetchedKeys {
                set: keys.map(std::sync::Arc::new),
                cached: keys_cached,
            },
            ..ClientFacts::default()
        };
        authenticate(&presented, &facts, NOW, &policy())
    };
    let asked = |decision: Decision<AuthenticatedClient>| match decision.outcome {
        Outcome::Need(Asks::ClientKeys { uri, fresh }) => (uri, fresh),
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(round(None, false)), (KEYS_AT.to_owned(), false));
    assert_eq!(
        asked(round(Some(old.set()), true)),
        (KEYS_AT.to_owned(), true)
    );
    let wrong = Reason::ClientAssertionSignatureWrong;
    assert_eq!(reason(&round(Some(old.set()), false)), wrong);
    assert!(done(round(Some(new.set()), true)).replay_mark().is_some());
}

#[test]
fn the_replay_mark_is_the_clients_own_and_outlives_the_assertion() {
    let keys = Keys::new("k");
    let mark = |jti: &str| {
        let presented = by_assertion(&keys.sign(&claims(json!({"jti": jti})))).unwrap();
        done(decide(&presented, Some(keys.client())))
            .replay_mark()
            .unwrap()
    };
    let (key, until) = mark("one");
    assert_eq!(key, TicketKey::of(TicketKind::AssertionSeen, "app|one"));
    assert_eq!(until, after(60) + policy().skew);
    assert_ne!(mark("two").0, key);
}

const KEY: &str = "một bí mật dài, ít nhất sáu mươi tư byte, để HS512 cũng dùng được nữa";

/// A client whose secret is a key.
fn computing() -> Client {
    let mut client = web();
    client.authentication = Method::ClientSecretJwt;
    client.secrets[0].digest = None;
    client.secrets[0].sealed = Some("sealed".into());
    client
}

fn with_key(presented: &Presented, client: Client) -> Decision<AuthenticatedClient> {
    let secrets = vec![SecretText::new(KEY.into()); client.secrets.len()];
    let facts = ClientFacts {
        client: Some(client),
        secrets,
        ..ClientFacts::default()
    };
    authenticate(presented, &facts, NOW, &policy())
}

#[test]
fn an_assertion_may_be_authenticated_with_the_secret() {
    for &algorithm in MacAlgorithm::ALL {
        let text = authenticated_jwt(algorithm, KEY, &claims(json!({})));
        let presented = by_assertion(&text).unwrap();
        let proved = done(with_key(&presented, computing()));
        assert!(proved.is_confidential() && proved.replay_mark().is_some());

        let mut over = computing();
        over.secrets[0].expires_at = Some(NOW);
        let wrong = Reason::ClientAssertionSignatureWrong;
        assert_eq!(reason(&with_key(&presented, over)), wrong);
        let guessed = KEY.replace('a', "e");
        let guessed = authenticated_jwt(algorithm, &guessed, &claims(json!({})));
        let guessed = by_assertion(&guessed).unwrap();
        assert_eq!(reason(&with_key(&guessed, computing())), wrong);

        let mut narrowed = computing();
        let only = AssertionAlgorithm::HS512;
        narrowed.features.token_endpoint_auth_signing_alg = Some(only);
        match with_key(&presented, narrowed) {
            decision if algorithm == MacAlgorithm::HS512 => drop(done(decision)),
            decision => assert_eq!(reason(&decision), Reason::ClientAssertionAlgorithmWrong),
        }
    }
    let expired = claims(json!({"exp": NOW.seconds() - 30}));
    let expired = authenticated_jwt(MacAlgorithm::HS256, KEY, &expired);
    let refused = with_key(&by_assertion(&expired).unwrap(), computing());
    assert_eq!(reason(&refused), Reason::ClientAssertionClaimsWrong);
}

#[test]
fn a_public_key_is_no_secret_and_a_secret_no_key() {
    let keys = Keys::new("k");
    let set = serde_json::to_string(&keys.set()).unwrap();
    let confused = authenticated_jwt(MacAlgorithm::HS256, &set, &claims(json!({})));
    let confused = by_assertion(&confused).unwrap();
    let wrong = Reason::ClientAuthenticationMethodWrong;
    assert_eq!(reason(&decide(&confused, Some(keys.client()))), wrong);
    let signed = by_assertion(&keys.sign(&claims(json!({})))).unwrap();
    assert_eq!(reason(&with_key(&signed, computing())), wrong);
}

#[test]
fn the_registered_algorithm_counts_alone_and_fapi_knows_fewer() {
    let keys = Keys::new("k");
    let presented = by_assertion(&keys.sign(&claims(json!({})))).unwrap();
    let mut client = keys.client();
    let mut only = |algorithm| {
        let algorithm = AssertionAlgorithm::Signed(algorithm);
        client.features.token_endpoint_auth_signing_alg = Some(algorithm);
        decide(&presented, Some(client.clone()))
    };
    drop(done(only(SigningAlgorithm::ES256)));
    let refused = only(SigningAlgorithm::PS256);
    assert_eq!(reason(&refused), Reason::ClientAssertionAlgorithmWrong);
}

#[test]
fn a_client_that_is_registered_so_speaks_to_the_issuer_alone() {
    let keys = Keys::new("k");
    let mut fapi = keys.client();
    fapi.features.profile = Some(ClientProfile::Fapi2Security);
    let mut strict = keys.client();
    strict.features.assertion_audience = AssertionAudience::Issuer;
    let token_endpoint = format!("{ISSUER}/token");
    for (aud, fits) in [
        (json!(ISSUER), true),
        (json!([ISSUER]), false),
        (json!(token_endpoint), false),
        (json!([ISSUER, token_endpoint]), false),
    ] {
        for client in [&fapi, &strict] {
            let text = keys.sign(&claims(json!({"aud": aud})));
            let decision = decide(&by_assertion(&text).unwrap(), Some(client.clone()));
            match fits {
                true => drop(done(decision)),
                false => {
                    let wrong = Reason::ClientAssertionAudienceWrong;
                    assert_eq!(reason(&decision), wrong, "{aud}");
                }
            }
        }
    }
}

#[test]
fn the_endpoint_that_is_called_is_an_audience_too() {
    let keys = Keys::new("k");
    let text = keys.sign(&claims(json!({"aud": format!("{ISSUER}/par")})));
    let presented = by_assertion(&text).unwrap();
    let at = |path: &str| {
        let facts = ClientFacts {
            client: Some(keys.client()),
            path: path.into(),
            ..ClientFacts::default()
        };
        authenticate(&presented, &facts, NOW, &policy())
    };
    drop(done(at("/par")));
    assert_eq!(reason(&at("/token")), Reason::ClientAssertionClaimsWrong);
}
