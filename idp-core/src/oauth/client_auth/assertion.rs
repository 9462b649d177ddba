//! Client assertions (RFC 7523): signed with a key of the client, or authenticated with its secret.

use serde_json::{Map, Value};

use super::{AuthenticatedClient, ClientFacts, Proof, proved};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, CompactMac, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, MacAlgorithm,
    RegisteredClaims, SigningAlgorithm, VerifiedJwt,
};
use crate::model::client::{AssertionAlgorithm, Client, ClientId};
use crate::oauth::client_keys::{self, ClientKeys};
use crate::oauth::sender::addresses;
use crate::policy::Policy;
use crate::store::decision::Decision;
use crate::store::tickets::{TicketKey, TicketKind};

const MAX_BYTES: usize = 8 * 1024;
/// An assertion may be valid this long at most; it bounds the replay marks.
const MAX_SECONDS: i64 = 3600;
const MAX_JTI_BYTES: usize = 256;
/// What a client of a FAPI 2.0 profile may sign with (FAPI 2.0 Security Profile §5.4.1).
pub const FAPI_ALGORITHMS: &[SigningAlgorithm] = &[
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
    SigningAlgorithm::PS256,
];

type Verified = Result<(RegisteredClaims, Map<String, Value>), JoseError>;

/// Who an assertion says it is by, and the proof that it is; nobody has vouched for either. `None`
/// for what is no JWT with a `sub` that is a `client_id`.
pub(super) fn peek(assertion: SecretText) -> Option<(ClientId, Proof)> {
    let text = assertion.expose();
    let (claims, authenticated) = match CompactJws::parse(text, MAX_BYTES) {
        Ok(jws) => (
            RegisteredClaims::peek_payload(jws.unverified_payload()),
            false,
        ),
        Err(JoseError::AlgorithmSymmetric) => {
            let jws = CompactMac::parse(text, MAX_BYTES).ok()?;
            (
                RegisteredClaims::peek_payload(jws.unverified_payload()),
                true,
            )
        }
        Err(_) => return None,
    };
    let client = ClientId::new(&claims.ok()?.subject?)?;
    let proof = if authenticated {
        Proof::AuthenticatedAssertion(assertion)
    } else {
        Proof::SignedAssertion(assertion)
    };
    Some((client, proof))
}

/// RFC 7523 §3: issuer and subject are the client, the audience is us, it expires soon, and its
/// `jti` is used once.
pub(super) fn check_signed(
    assertion: &SecretText,
    client: &Client,
    facts: &ClientFacts,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    let Ok(jws) = CompactJws::parse(assertion.expose(), MAX_BYTES) else {
        return Decision::refused(Reason::ClientAssertionMalformed);
    };
    let fits = |keys: &JwkSet| keys.candidates(jws.header()).next().is_some();
    let keys = match client_keys::of(client, &facts.keys, fits) {
        ClientKeys::Known(keys) => keys,
        ClientKeys::Asks(asks) => return Decision::need(asks),
        ClientKeys::Unreadable => return Decision::refused(Reason::ClientKeysUnavailable),
        ClientKeys::None => return Decision::refused(Reason::ClientAssertionSignatureWrong),
    };
    let audiences = audiences(facts, policy);
    let verified = verify(client, &audiences, (now, policy), |rules| {
        VerifiedJwt::verify(&jws, &*keys, rules).map(VerifiedJwt::into_parts)
    });
    check(verified, &audiences, client, (now, policy))
}

/// The same with the client's secret as the key (OpenID Connect Core §9). The secrets that are over
/// do not count, nor does one that is too short for the algorithm.
pub(super) fn check_authenticated(
    assertion: &SecretText,
    client: &Client,
    facts: &ClientFacts,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    let Ok(jws) = CompactMac::parse(assertion.expose(), MAX_BYTES) else {
        return Decision::refused(Reason::ClientAssertionMalformed);
    };
    let registered = client.features.token_endpoint_auth_signing_alg;
    if registered.is_some_and(|only| only != registered_name(jws.algorithm())) {
        return Decision::refused(Reason::ClientAssertionAlgorithmWrong);
    }
    let secrets: Vec<&str> = client
        .secrets
        .iter()
        .zip(&facts.secrets)
        .filter(|(rests, _)| rests.counts_at(now))
        .map(|(_, secret)| secret.expose())
        .collect();
    let audiences = audiences(facts, policy);
    let verified = verify(client, &audiences, (now, policy), |rules| {
        jws.verify(&secrets, rules)
    });
    check(verified, &audiences, client, (now, policy))
}

fn registered_name(algorithm: MacAlgorithm) -> AssertionAlgorithm {
    match algorithm {
        MacAlgorithm::HS256 => AssertionAlgorithm::HS256,
        MacAlgorithm::HS384 => AssertionAlgorithm::HS384,
        MacAlgorithm::HS512 => AssertionAlgorithm::HS512,
    }
}

/// By which names an assertion may mean us at this endpoint (RFC 7523 §3, RFC 9126 §2).
fn audiences(facts: &ClientFacts, policy: &Policy) -> Vec<String> {
    let mut all = vec![policy.issuer.as_str().to_owned()];
    for path in ["/token", facts.path.as_str()] {
        all.extend(addresses(path, policy));
    }
    all
}

/// Verifies by the rules that hold for this client at this endpoint.
fn verify(
    client: &Client,
    audiences: &[String],
    (now, policy): (Timestamp, &Policy),
    by: impl Fn(&JwtRules<'_>) -> Verified,
) -> Verified {
    let only = match client.features.token_endpoint_auth_signing_alg {
        Some(AssertionAlgorithm::Signed(only)) => vec![only],
        _ if client.features.is_fapi() => FAPI_ALGORITHMS.to_vec(),
        _ => SigningAlgorithm::ALL.to_vec(),
    };
    let audience: Vec<&str> = audiences.iter().map(String::as_str).collect();
    by(&JwtRules {
        algorithms: &only,
        typ: ExpectedTyp::NotChecked,
        issuer: Some(client.id.as_str()),
        audience: Some(&audience),
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: skew(policy),
        now_ms: now.millis(),
    })
}

fn skew(policy: &Policy) -> u32 {
    u32::try_from(policy.skew.as_secs()).unwrap_or(0)
}

fn check(
    verified: Verified,
    audiences: &[String],
    client: &Client,
    (now, policy): (Timestamp, &Policy),
) -> Decision<AuthenticatedClient> {
    let (registered, claims) = match verified {
        Ok(verified) => verified,
        Err(error) => return Decision::refused(reason(error)),
    };
    let until = registered.expires_at_ms.map_or(now, Timestamp::from_millis);
    let latest = now.seconds() + MAX_SECONDS + i64::from(skew(policy));
    let jti = registered.jwt_id.filter(|jti| jti.len() <= MAX_JTI_BYTES);
    let by_itself = registered.subject.as_deref() == Some(client.id.as_str());
    let (Some(jti), true, true) = (jti, by_itself, until.seconds() <= latest) else {
        return Decision::refused(Reason::ClientAssertionClaimsWrong);
    };
    // An assertion that also counts elsewhere is none: whoever it was sent to there could come here
    // with it (draft-ietf-oauth-rfc7523bis).
    let named = registered.audience.unwrap_or_default();
    if !named.iter().all(|name| audiences.contains(name)) {
        return Decision::refused(Reason::ClientAssertionAudienceShared);
    }
    let only_issuer = claims.get("aud").and_then(Value::as_str) == Some(policy.issuer.as_str());
    if client.features.speaks_to_issuer_alone() && !only_issuer {
        return Decision::refused(Reason::ClientAssertionAudienceWrong);
    }
    let mark = TicketKey::of(TicketKind::AssertionSeen, &format!("{}|{jti}", client.id));
    proved(client, Some((mark, until + policy.skew)))
}

/// Which rule a JOSE refusal violates here: about the signature or its key, its algorithm, or what
/// was signed.
fn reason(error: JoseError) -> Reason {
    match error {
        JoseError::JwtAlgorithmNotAllowed => Reason::ClientAssertionAlgorithmWrong,
        JoseError::JwsNoMatchingKey
        | JoseError::JwsTooManyCandidateKeys
        | JoseError::JwsKeyIdMismatch
        | JoseError::JwsKeyAlgorithmMismatch
        | JoseError::JwsKeyTypeMismatch
        | JoseError::JwsKeyNotForVerification
        | JoseError::JwsSignatureInvalid => Reason::ClientAssertionSignatureWrong,
        _ => Reason::ClientAssertionClaimsWrong,
    }
}
