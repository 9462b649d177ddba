//! Demonstrating proof of possession (RFC 9449): a JWT, signed for one request with the sender's
//! own key, that binds tokens to that key and shows that their holder has it.

mod nonce;
#[cfg(test)]
pub(crate) mod sample;
mod target;

use serde::Deserialize;

pub use nonce::{Nonces, SLOT};

use self::target::is_same_address;
use super::params::Parameters;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, Header, JoseError, Jwk, JwtRules, SigningAlgorithm,
    VerifiedJwt,
};
use crate::store::tickets::{TicketKey, TicketKind};

/// The algorithms of proofs: those that FAPI 2.0 Security Profile §5.4.1 names, for everybody. Keys
/// of senders are made for this, so nobody is held to an older one.
pub const ALGORITHMS: &[SigningAlgorithm] = &[
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
    SigningAlgorithm::PS256,
];

const TYP: &str = "dpop+jwt";
const MAX_BYTES: usize = 4 * 1024;
/// A `jti` rests as a digest in a replay mark; the bound keeps proofs small all the same.
const MAX_JTI_BYTES: usize = 256;
/// A proof may be this old, beyond the difference of clocks (RFC 9449 §11.1).
const MAX_AGE_SECONDS: u32 = 60;
/// The difference of clocks tolerated in proofs, whatever the policy tolerates elsewhere: each
/// second of it can be used to make proofs in advance.
const MAX_SKEW_SECONDS: u64 = 60;

/// What a proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The addresses of the endpoint.
    pub addresses: &'a [String],
    /// The access token that came with it (RFC 9449 §7).
    pub access_token: Option<&'a str>,
    /// The nonces that count now; none where the policy asks for none.
    pub nonces: Option<&'a Nonces>,
}

/// A proof that was verified; made only by [`verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProof {
    jkt: String,
    mark: (TicketKey, Timestamp),
}

impl VerifiedProof {
    /// The SHA-256 thumbprint of its key (RFC 7638).
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// The mark that must be new before anything is answered, and until when it counts.
    pub const fn replay_mark(&self) -> (TicketKey, Timestamp) {
        self.mark
    }
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Verifies the proof of a request, by the rules of RFC 9449 §4.3 in the order of this function;
/// nothing where no proof was sent. Does not check the replay mark: the flow takes it, in one round
/// trip with the others.
///
/// # Errors
/// [`Reason::DpopProofRepeated`], [`Reason::DpopProofMalformed`], what the header and the claims
/// violate (`DpopProof…`), and [`Reason::DpopNonceNeeded`] where a nonce is asked for and the proof
/// holds none that counts.
pub fn verify(
    headers: &[String],
    request: &Request<'_>,
    now: Timestamp,
    skew: std::time::Duration,
) -> Result<Option<VerifiedProof>, Refusal> {
    let proof = match headers {
        [] => return Ok(None),
        [proof] => proof,
        _ => return Err(Reason::DpopProofRepeated.into()),
    };
    let skew = skew.as_secs().min(MAX_SKEW_SECONDS);
    let jws = CompactJws::parse(proof, MAX_BYTES).map_err(reason)?;
    let key = key(jws.header())?;
    let rules = JwtRules {
        algorithms: ALGORITHMS,
        typ: ExpectedTyp::OneOf(&[TYP]),
        issuer: None,
        audience: None,
        expiry: ExpiryRule::IfPresent,
        max_age_seconds: Some(MAX_AGE_SECONDS),
        skew_seconds: u32::try_from(skew).unwrap_or(0),
        now_ms: now.millis(),
    };
    let verified = VerifiedJwt::<Claims>::verify(&jws, &key, &rules).map_err(reason)?;
    let (registered, claims) = verified.into_parts();
    check(&claims, request)?;
    let made = registered.issued_at_ms.map_or(now, Timestamp::from_millis);
    let jkt = key.thumbprint();
    let mark = TicketKey::of(TicketKind::DpopSeen, &format!("{jkt}|{}", claims.jti));
    // The proof counts until it is too old; a node whose clock is behind takes it a little longer.
    let counts = std::time::Duration::from_secs(u64::from(MAX_AGE_SECONDS) + 2 * skew);
    Ok(Some(VerifiedProof {
        jkt,
        mark: (mark, made + counts),
    }))
}

/// The key in the header: public, of a type that is supported, and nothing private in it.
fn key(header: &Header) -> Result<Jwk, Refusal> {
    let object = header.member("jwk").and_then(serde_json::Value::as_object);
    object
        .and_then(|object| Jwk::from_object(object).ok())
        .ok_or_else(|| Reason::DpopProofKeyInvalid.into())
}

/// RFC 9449 §4.3, points 8 to 12: the claims fit the request.
fn check(claims: &Claims, request: &Request<'_>) -> Result<(), Refusal> {
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI_BYTES {
        return Err(Reason::DpopProofIdentifierWrong.into());
    }
    if claims.htm != request.method {
        return Err(Reason::DpopProofMethodWrong.into());
    }
    let ours = |own: &String| is_same_address(&claims.htu, own);
    if !request.addresses.iter().any(ours) {
        return Err(Reason::DpopProofAddressWrong.into());
    }
    let ath = request
        .access_token
        .map(|token| Digest::of(token.as_bytes()).to_base64url());
    if ath.is_some() && claims.ath != ath {
        return Err(Reason::DpopProofTokenWrong.into());
    }
    match (request.nonces, &claims.nonce) {
        (None, _) => Ok(()),
        (Some(nonces), Some(nonce)) if nonces.accept(nonce) => Ok(()),
        _ => Err(Reason::DpopNonceNeeded.into()),
    }
}

/// Which rule a JOSE refusal violates here.
fn reason(error: JoseError) -> Refusal {
    use JoseError as E;
    Refusal::new(match error {
        E::JwtTypMissing | E::JwtTypUnexpected => Reason::DpopProofTypeWrong,
        E::AlgorithmNone
        | E::AlgorithmSymmetric
        | E::AlgorithmUnsupported
        | E::JwtAlgorithmNotAllowed => Reason::DpopProofAlgorithmWrong,
        E::JwsKeyIdMismatch
        | E::JwsKeyAlgorithmMismatch
        | E::JwsKeyTypeMismatch
        | E::JwsKeyNotForVerification
        | E::JwsSignatureInvalid => Reason::DpopProofSignatureWrong,
        E::JwtIssuedInFuture
        | E::JwtTooOld
        | E::JwtExpired
        | E::JwtNotYetValid
        | E::JwtIssuedAtMissing => Reason::DpopProofTimeWrong,
        _ => Reason::DpopProofMalformed,
    })
}

/// The key to which a code is to be bound: `dpop_jkt` of the request, or the key whose proof came
/// with a pushed one (RFC 9449 §10).
///
/// # Errors
/// [`Reason::DpopJktMalformed`] for what is no SHA-256 thumbprint, [`Reason::DpopJktWrong`] when
/// both are there and differ.
pub fn bound_key(parameters: &Parameters, proved: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(named) = parameters.find("dpop_jkt") else {
        return Ok(proved.map(str::to_owned));
    };
    if Digest::from_base64url(named).is_none() {
        return Err(Reason::DpopJktMalformed.into());
    }
    if proved.is_some_and(|proved| proved != named) {
        return Err(Reason::DpopJktWrong.into());
    }
    Ok(Some(named.to_owned()))
}

/// What `algs` of a challenge says (RFC 9449 §7.1).
pub fn algorithm_names() -> String {
    let names: Vec<_> = ALGORITHMS.iter().map(|one| one.name()).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests;
