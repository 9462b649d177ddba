//! How a client proves itself at the token, introspection and revocation endpoints
//! (RFC 6749 §2.3, RFC 7523).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::dpop::VerifiedProof;
use super::params::{Parameters, decode};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, RegisteredClaims,
    SigningAlgorithm, VerifiedJwt,
};
use crate::model::client::{Client, ClientAuthenticationMethod as Method, ClientId};
use crate::model::confirmation::Confirmation;
use crate::policy::Policy;
use crate::store::decision::{Asks, Decision};
use crate::store::tickets::{TicketKey, TicketKind};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_ASSERTION_BYTES: usize = 8 * 1024;
/// An assertion may be valid this long at most; it bounds the replay marks.
const MAX_ASSERTION_SECONDS: i64 = 3600;

/// What a client presented, before anybody looked at who it is.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Who it says it is.
    pub client: ClientId,
    /// Its proof.
    pub proof: Proof,
}

/// A proof as presented.
#[derive(Clone, Debug)]
pub enum Proof {
    /// None: a public client.
    None,
    /// A secret in the Authorization header.
    Basic(SecretText),
    /// A secret in the body.
    Post(SecretText),
    /// A signed assertion.
    Assertion(SecretText),
}

impl Presented {
    /// Reads the Authorization header and the body parameters.
    ///
    /// # Errors
    /// [`Reason::ClientAuthenticationMixed`] for more than one method,
    /// [`Reason::ClientAuthenticationMissing`] without a client_id,
    /// [`Reason::BasicCredentialsMalformed`], [`Reason::ClientAssertionMalformed`],
    /// [`Reason::ClientUnknown`] for an id that cannot exist.
    pub fn parse(authorization: Option<&str>, body: &Parameters) -> Result<Self, Refusal> {
        let secret = body.secret("client_secret");
        let assertion = body.secret("client_assertion");
        let ways = [
            authorization.is_some(),
            secret.is_some(),
            assertion.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        if let Some(header) = authorization {
            return Self::basic(header, body);
        }
        if let Some(assertion) = assertion {
            return Self::assertion(assertion, body);
        }
        let client = body
            .find("client_id")
            .ok_or(Reason::ClientAuthenticationMissing)?;
        let client = ClientId::new(client).ok_or(Reason::ClientUnknown)?;
        Ok(Self {
            client,
            proof: secret.map_or(Proof::None, Proof::Post),
        })
    }

    fn basic(header: &str, body: &Parameters) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::BasicCredentialsMalformed);
        let (scheme, value) = header.split_once(' ').ok_or_else(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed());
        }
        let bytes = STANDARD.decode(value.trim()).map_err(|_| malformed())?;
        let text = zeroize::Zeroizing::new(String::from_utf8(bytes).map_err(|_| malformed())?);
        let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
        // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        let id = decode(id.as_bytes()).map_err(|_| malformed())?;
        let secret = decode(secret.as_bytes()).map_err(|_| malformed())?;
        if body.find("client_id").is_some_and(|other| other != id) {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        let client = ClientId::new(&id).ok_or_else(malformed)?;
        Ok(Self {
            client,
            proof: Proof::Basic(SecretText::new(secret)),
        })
    }

    fn assertion(assertion: SecretText, body: &Parameters) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::ClientAssertionMalformed);
        if body.find("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(malformed());
        }
        let jws =
            CompactJws::parse(assertion.expose(), MAX_ASSERTION_BYTES).map_err(|_| malformed())?;
        let claims = RegisteredClaims::peek(&jws).map_err(|_| malformed())?;
        let id = claims.subject.ok_or_else(malformed)?;
        if body.find("client_id").is_some_and(|other| other != id) {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        let client = ClientId::new(&id).ok_or_else(malformed)?;
        Ok(Self {
            client,
            proof: Proof::Assertion(assertion),
        })
    }
}

/// A client that proved itself; made only by [`authenticate`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Client,
    replay: Option<(TicketKey, Timestamp)>,
    confirmation: Confirmation,
}

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The mark that must be new before anything is answered, and until when it counts: the
    /// `jti` of an assertion.
    pub fn replay_mark(&self) -> Option<(TicketKey, Timestamp)> {
        self.replay
    }

    /// The same client, after it showed the key of a DPoP proof with this request.
    #[must_use]
    pub fn proved_by(mut self, proof: Option<&VerifiedProof>) -> Self {
        self.confirmation.jkt = proof.map(|proof| proof.jkt().to_owned());
        self
    }

    /// The keys that it showed with this request; its access tokens are bound to them.
    pub const fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// What its refresh tokens are bound to beyond the client: the keys it showed, when it shows
    /// nothing else (RFC 9449 §5, RFC 8705 §4).
    pub fn refresh_confirmation(&self) -> Confirmation {
        if self.is_confidential() {
            Confirmation::default()
        } else {
            self.confirmation.clone()
        }
    }

    /// Whether the client proved itself by anything: public clients did not.
    pub fn is_confidential(&self) -> bool {
        self.client.authentication != Method::None
    }
}

/// The facts for [`authenticate`].
#[derive(Clone, Debug, Default)]
pub struct ClientFacts {
    /// The client, if there is one with this id.
    pub client: Option<Client>,
    /// The key set at its `jwks_uri`, once fetched.
    pub keys: Option<JwkSet>,
    /// Whether that key set came from the cache.
    pub keys_cached: bool,
}

/// Decides whether a client is who it says it is.
///
/// Refuses unknown and disabled clients alike, methods the client is not registered for, wrong
/// and expired secrets, and assertions that break RFC 7523 §3. Does not check the replay mark:
/// the flow takes it, in one round trip with the other tickets.
pub fn authenticate(
    presented: &Presented,
    facts: &ClientFacts,
    now: Timestamp,
    policy: &Policy,
) -> Decision<AuthenticatedClient> {
    let Some(client) = facts.client.as_ref().filter(|c| !c.disabled) else {
        return Decision::refused(Reason::ClientUnknown);
    };
    if let Err(refusal) = check_method(&presented.proof, client) {
        return Decision::refused(refusal);
    }
    match &presented.proof {
        Proof::None => proved(client, None),
        Proof::Basic(secret) | Proof::Post(secret) => match check_secret(secret, client, now) {
            Ok(()) => proved(client, None),
            Err(refusal) => Decision::refused(refusal),
        },
        Proof::Assertion(assertion) => check_assertion(assertion, client, facts, (now, policy)),
    }
}

fn proved(
    client: &Client,
    replay: Option<(TicketKey, Timestamp)>,
) -> Decision<AuthenticatedClient> {
    Decision::done(AuthenticatedClient {
        client: client.clone(),
        replay,
        confirmation: Confirmation::default(),
    })
}

/// The registered method, and no other: a secret in the body is another method than one in the
/// header.
fn check_method(proof: &Proof, client: &Client) -> Result<(), Refusal> {
    let fits = match client.authentication {
        Method::None => matches!(proof, Proof::None),
        Method::ClientSecretBasic => matches!(proof, Proof::Basic(_)),
        Method::ClientSecretPost => matches!(proof, Proof::Post(_)),
        Method::PrivateKeyJwt => matches!(proof, Proof::Assertion(_)),
        // Not offered, so no client is registered with them.
        Method::ClientSecretJwt | Method::TlsClientAuth | Method::SelfSignedTlsClientAuth => false,
    };
    match (fits, proof) {
        (true, _) => Ok(()),
        (false, Proof::None) => Err(Reason::ClientAuthenticationMissing.into()),
        (false, _) => Err(Reason::ClientAuthenticationMethodWrong.into()),
    }
}

fn check_secret(secret: &SecretText, client: &Client, now: Timestamp) -> Result<(), Refusal> {
    let digest = secret.digest();
    let matches = client
        .secrets
        .iter()
        .filter(|s| s.expires_at.is_none_or(|end| now < end))
        .any(|s| s.digest == digest);
    matches
        .then_some(())
        .ok_or_else(|| Reason::ClientSecretWrong.into())
}

/// RFC 7523 §3: issuer and subject are the client, the audience is the issuer or the token
/// endpoint, it expires soon, and its `jti` is used once.
fn check_assertion(
    assertion: &SecretText,
    client: &Client,
    facts: &ClientFacts,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    let Ok(jws) = CompactJws::parse(assertion.expose(), MAX_ASSERTION_BYTES) else {
        return Decision::refused(Reason::ClientAssertionMalformed);
    };
    let keys = match keys_of(client, facts) {
        Ok(keys) => keys,
        Err(decision) => return *decision,
    };
    let fits = keys.candidates(jws.header()).next().is_some();
    if let (false, true, Some(uri)) = (fits, facts.keys_cached, &client.jwks_uri) {
        return Decision::need(Asks::ClientKeys {
            uri: uri.clone(),
            fresh: true,
        });
    }
    // RFC 9126 §2 adds the endpoint of pushed requests for all the same server.
    let endpoints = ["/token", "/par"].map(|path| policy.issuer.endpoint(path));
    let [token_endpoint, par_endpoint] = &endpoints;
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::NotChecked,
        issuer: Some(client.id.as_str()),
        audience: Some(&[policy.issuer.as_str(), token_endpoint, par_endpoint]),
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: u32::try_from(policy.skew.as_secs()).unwrap_or(0),
        now_ms: now.millis(),
    };
    let verified = VerifiedJwt::<serde_json::Value>::verify(&jws, &keys, &rules);
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) if is_about_the_key(&error) => {
            return Decision::refused(Reason::ClientAssertionSignatureWrong);
        }
        Err(_) => return Decision::refused(Reason::ClientAssertionClaimsWrong),
    };
    let claims = verified.registered();
    let until = claims
        .expires_at_ms
        .map(Timestamp::from_millis)
        .unwrap_or(now);
    let (Some(jti), true) = (
        &claims.jwt_id,
        claims.subject.as_deref() == Some(client.id.as_str()),
    ) else {
        return Decision::refused(Reason::ClientAssertionClaimsWrong);
    };
    let latest = now.seconds() + MAX_ASSERTION_SECONDS + i64::from(rules.skew_seconds);
    if jti.len() > 256 || until.seconds() > latest {
        return Decision::refused(Reason::ClientAssertionClaimsWrong);
    }
    let mark = TicketKey::of(TicketKind::AssertionSeen, &format!("{}|{jti}", client.id));
    proved(client, Some((mark, until + policy.skew)))
}

/// The client's key set: by value, or fetched, or a question to the flow.
fn keys_of(
    client: &Client,
    facts: &ClientFacts,
) -> Result<JwkSet, Box<Decision<AuthenticatedClient>>> {
    if let Some(value) = &client.jwks {
        let parsed = value.as_object().map(JwkSet::from_object);
        return match parsed {
            Some(Ok(keys)) => Ok(keys),
            _ => Err(Box::new(Decision::refused(Reason::ClientKeysUnavailable))),
        };
    }
    match (&facts.keys, &client.jwks_uri) {
        (Some(keys), _) => Ok(keys.clone()),
        (None, Some(uri)) => Err(Box::new(Decision::need(Asks::ClientKeys {
            uri: uri.clone(),
            fresh: false,
        }))),
        (None, None) => Err(Box::new(Decision::refused(
            Reason::ClientAssertionSignatureWrong,
        ))),
    }
}

/// Whether the signature or its key is at fault, rather than what was signed.
fn is_about_the_key(error: &JoseError) -> bool {
    matches!(
        error,
        JoseError::JwsNoMatchingKey
            | JoseError::JwsTooManyCandidateKeys
            | JoseError::JwsKeyIdMismatch
            | JoseError::JwsKeyAlgorithmMismatch
            | JoseError::JwsKeyTypeMismatch
            | JoseError::JwsKeyNotForVerification
            | JoseError::JwsSignatureInvalid
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::done;
    use crate::base::secret::Digest;
    use crate::jose::{Header, JwkSet, SigningKey, jws};
    use crate::model::client::ClientSecret;
    use crate::oauth::sample::{
        ISSUER, NOW, SECRET, after, parameters, policy, public, reason, web,
    };
    use crate::store::decision::Outcome;
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
            digest: Digest::of(text.as_bytes()),
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
            (json!({"aud": ["https://other.example", ISSUER]}), None),
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
                proof: Proof::Assertion(SecretText::new(text)),
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
                keys,
                keys_cached,
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
}
