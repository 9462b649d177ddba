//! How a client proves itself at the token, introspection and revocation endpoints
//! (RFC 6749 §2.3, RFC 7523).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::params::{Parameters, decode};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, RegisteredClaims, SigningAlgorithm,
    VerifiedJwt,
};
use crate::model::client::{Client, ClientAuthenticationMethod as Method, ClientId};
use crate::policy::Policy;
use crate::store::decision::{Asks, Decision};
use crate::store::tickets::{TicketKey, TicketKind};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_ASSERTION_BYTES: usize = 8 * 1024;
/// An assertion may be valid this long at most; it bounds the replay marks.
const MAX_ASSERTION_SECONDS: i64 = 600;

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
        let ways = [authorization.is_some(), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        if let Some(header) = authorization {
            return Self::basic(header, body);
        }
        if let Some(assertion) = assertion {
            return Self::assertion(assertion, body);
        }
        let client = body.find("client_id").ok_or(Reason::ClientAuthenticationMissing)?;
        let client = ClientId::new(client).ok_or(Reason::ClientUnknown)?;
        Ok(Self { client, proof: secret.map_or(Proof::None, Proof::Post) })
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
        Ok(Self { client, proof: Proof::Basic(SecretText::new(secret)) })
    }

    fn assertion(assertion: SecretText, body: &Parameters) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::ClientAssertionMalformed);
        if body.find("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(malformed());
        }
        let jws = CompactJws::parse(assertion.expose(), MAX_ASSERTION_BYTES)
            .map_err(|_| malformed())?;
        let claims = RegisteredClaims::peek(&jws).map_err(|_| malformed())?;
        let id = claims.subject.ok_or_else(malformed)?;
        if body.find("client_id").is_some_and(|other| other != id) {
            return Err(Reason::ClientAuthenticationMixed.into());
        }
        let client = ClientId::new(&id).ok_or_else(malformed)?;
        Ok(Self { client, proof: Proof::Assertion(assertion) })
    }
}

/// A client that proved itself; made only by [`authenticate`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Client,
    replay: Option<(TicketKey, Timestamp)>,
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

fn proved(client: &Client, replay: Option<(TicketKey, Timestamp)>) -> Decision<AuthenticatedClient> {
    Decision::done(AuthenticatedClient { client: client.clone(), replay })
}

/// The registered method, and no other. A secret in header or body is one method to a client
/// registered for either: libraries differ, and neither is weaker.
fn check_method(proof: &Proof, client: &Client) -> Result<(), Refusal> {
    let fits = match client.authentication {
        Method::None => matches!(proof, Proof::None),
        Method::ClientSecretBasic => matches!(proof, Proof::Basic(_)),
        Method::ClientSecretPost => matches!(proof, Proof::Post(_)),
        Method::PrivateKeyJwt => matches!(proof, Proof::Assertion(_)),
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
    matches.then_some(()).ok_or_else(|| Reason::ClientSecretWrong.into())
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
        return Decision::need(Asks::ClientKeys { uri: uri.clone(), fresh: true });
    }
    let token_endpoint = policy.issuer.endpoint("/token");
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::NotChecked,
        issuer: Some(client.id.as_str()),
        audience: Some(&[policy.issuer.as_str(), &token_endpoint]),
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
    let until = claims.expires_at_ms.map(Timestamp::from_millis).unwrap_or(now);
    let (Some(jti), true) = (&claims.jwt_id, claims.subject.as_deref() == Some(client.id.as_str()))
    else {
        return Decision::refused(Reason::ClientAssertionClaimsWrong);
    };
    if jti.len() > 256 || until.seconds() - now.seconds() > MAX_ASSERTION_SECONDS {
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
        (None, Some(uri)) => {
            Err(Box::new(Decision::need(Asks::ClientKeys { uri: uri.clone(), fresh: false })))
        }
        (None, None) => Err(Box::new(Decision::refused(Reason::ClientAssertionSignatureWrong))),
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
