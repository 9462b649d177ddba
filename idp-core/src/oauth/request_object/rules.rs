//! Who may have made a request object, and when it counts.

use serde_json::{Map, Value};

use super::{ObjectFacts, Undecided};
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, RegisteredClaims,
    SigningAlgorithm, VerifiedJwt,
};
use crate::model::client::{Client, RequestObjectAlgorithm};
use crate::oauth::client_keys::{self, ClientKeys};
use crate::oauth::demands::Demands;
use crate::policy::Policy;

/// The type that RFC 9101 §10.8.1 gives a request object.
const TYP: &str = "oauth-authz-req+jwt";
/// The longest life and the greatest age of a request object where both are bound, in
/// milliseconds (FAPI 2.0 Message Signing §5.3.1).
const BOUND_MS: i64 = 60 * 60 * 1000;

/// Claims that count as the client's.
pub(super) struct Accepted {
    /// All of them.
    pub(super) claims: Map<String, Value>,
    /// The registered ones.
    pub(super) registered: RegisteredClaims,
    /// Whether the client signed them.
    pub(super) signed: bool,
    /// Whether the object calls itself one of RFC 9101.
    pub(super) says_rfc9101: bool,
}

/// Whether the client signs every request, so that nothing unsigned counts for it.
pub(super) fn signs_all(client: &Client) -> bool {
    Demands::of(client).signed
}

/// An unsigned object, which only a client registered for `none` may send.
///
/// # Errors
/// [`Reason::RequestObjectUnsigned`] for a client that signs its objects, or whose profile does;
/// [`Reason::RequestObjectUnsupported`] for one that never spoke of request objects.
pub(super) fn unsigned(client: &Client, claims: Map<String, Value>) -> Result<Accepted, Reason> {
    use RequestObjectAlgorithm::{Signed, Unsigned};
    let registered = client.features.request_object_signing_alg;
    let demands = Demands::of(client);
    match (demands.signed || demands.strong, registered) {
        (false, Some(Unsigned)) => {}
        (true, _) | (_, Some(Signed(_))) => return Err(Reason::RequestObjectUnsigned),
        (false, None) => return Err(Reason::RequestObjectUnsupported),
    }
    let registered =
        RegisteredClaims::from_object(&claims).map_err(|_| Reason::RequestObjectMalformed)?;
    Ok(Accepted {
        claims,
        registered,
        signed: false,
        says_rfc9101: false,
    })
}

/// A signed object: the client's algorithm and key first, then type and times. A key that is
/// missing in a kept key set is asked for anew.
pub(super) fn signed(
    facts: &ObjectFacts<'_>,
    jws: &CompactJws<'_>,
    (now, policy): (Timestamp, &Policy),
) -> Result<Accepted, Undecided> {
    let client = facts.client;
    let algorithm = jws.header().algorithm();
    if !allowed(client, algorithm) {
        return Err(Reason::RequestObjectAlgorithmWrong.into());
    }
    let fits = |keys: &JwkSet| keys.candidates(jws.header()).next().is_some();
    let keys = match client_keys::of(client, facts.keys, fits) {
        ClientKeys::Known(keys) => keys,
        ClientKeys::Asks(asks) => return Err(Undecided::Asks(asks)),
        ClientKeys::Unreadable | ClientKeys::None => {
            return Err(Reason::RequestObjectSignatureWrong.into());
        }
    };
    let audience = [policy.issuer.as_str()];
    let stated = RegisteredClaims::peek(jws).map_err(|_| Reason::RequestObjectMalformed)?;
    let rules = JwtRules {
        algorithms: &[algorithm],
        typ: ExpectedTyp::AbsentOrOneOf(&[TYP, "JWT"]),
        // Whether they may be absent depends on what stands beside the object: see `check_sender`.
        issuer: stated.issuer.is_some().then_some(client.id.as_str()),
        audience: stated.audience.is_some().then_some(&audience),
        expiry: ExpiryRule::IfPresent,
        max_age_seconds: None,
        skew_seconds: u32::try_from(policy.skew.as_secs()).unwrap_or(0),
        now_ms: now.millis(),
    };
    let verified = VerifiedJwt::<Map<String, Value>>::verify(jws, &*keys, &rules);
    let verified = verified.map_err(|error| reason_of(&error))?;
    if Demands::of(client).bounded {
        check_bounds(verified.registered(), now, policy)?;
    }
    let says_rfc9101 = verified.header().typ().is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        typ.strip_prefix("application/").unwrap_or(&typ) == TYP
    });
    let (registered, claims) = verified.into_parts();
    Ok(Accepted {
        claims,
        registered,
        signed: true,
        says_rfc9101,
    })
}

/// The one registered algorithm; without one any that the client's demands allow.
fn allowed(client: &Client, algorithm: SigningAlgorithm) -> bool {
    let strong = algorithm != SigningAlgorithm::RS256 || !Demands::of(client).strong;
    strong
        && match client.features.request_object_signing_alg {
            None => true,
            Some(RequestObjectAlgorithm::Unsigned) => false,
            Some(RequestObjectAlgorithm::Signed(registered)) => registered == algorithm,
        }
}

/// RFC 9101 §4 and OpenID Connect Core §6.1: made by the client for this issuer. What is stated
/// was compared; where the object stands alone, both must be stated. A `sub` that is the client
/// makes it a client assertion, which says nothing of a request (RFC 9101 §10.8).
///
/// # Errors
/// [`Reason::RequestObjectSenderMissing`], [`Reason::RequestObjectIsAssertion`].
pub(super) fn check_sender(
    client: &Client,
    registered: &RegisteredClaims,
    alone: bool,
) -> Result<(), Reason> {
    if alone && (registered.issuer.is_none() || registered.audience.is_none()) {
        return Err(Reason::RequestObjectSenderMissing);
    }
    if registered.subject.as_deref() == Some(client.id.as_str()) {
        return Err(Reason::RequestObjectIsAssertion);
    }
    Ok(())
}

/// FAPI 2.0 Message Signing §5.3.1: `nbf` at most an hour ago, `exp` at most an hour after it.
fn check_bounds(
    registered: &RegisteredClaims,
    now: Timestamp,
    policy: &Policy,
) -> Result<(), Reason> {
    let skew = i64::try_from(policy.skew.as_millis()).unwrap_or(0);
    let (Some(from), Some(until)) = (registered.not_before_ms, registered.expires_at_ms) else {
        return Err(Reason::RequestObjectUnbounded);
    };
    let bounded = now.millis() - from <= BOUND_MS.saturating_add(skew) && until - from <= BOUND_MS;
    bounded.then_some(()).ok_or(Reason::RequestObjectUnbounded)
}

fn reason_of(error: &JoseError) -> Reason {
    match error {
        JoseError::JwtTypUnexpected | JoseError::JwtTypMissing => Reason::RequestObjectTypeWrong,
        JoseError::JwtIssuerMismatch => Reason::RequestObjectIssuerWrong,
        JoseError::JwtAudienceMismatch => Reason::RequestObjectAudienceWrong,
        JoseError::JwtExpired | JoseError::JwtNotYetValid | JoseError::JwtIssuedInFuture => {
            Reason::RequestObjectTimeWrong
        }
        JoseError::JwtClaimsJson | JoseError::JwtClaimsDuplicateMember => {
            Reason::RequestObjectMalformed
        }
        _ => Reason::RequestObjectSignatureWrong,
    }
}
