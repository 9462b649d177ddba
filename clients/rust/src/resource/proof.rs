//! Verifying a caller's proof of possession (RFC 9449 §4.3).

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::dpop::ath;
use crate::error::ProofError;
use crate::jws::{self, Compact};
use crate::signing;
use crate::strict;

/// Longest proof read, in bytes.
const PROOF_MAX: usize = 16 * 1024;
/// Oldest proof taken, the clock skew apart.
const AGE: TimeDelta = TimeDelta::minutes(1);

/// The request that a proof must have been made for.
pub(crate) struct Expected<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) access_token: Option<&'a str>,
    pub(crate) tolerance: TimeDelta,
    pub(crate) algorithms: &'a [CoreJwsSigningAlgorithm],
}

/// A proof that holds; whether it came before, and its nonce, is for the caller to judge.
pub(crate) struct Verified {
    pub(crate) thumbprint: String,
    pub(crate) jti: String,
    pub(crate) nonce: Option<String>,
    /// From then on the proof is too old by itself.
    pub(crate) until: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct KeyHeader {
    jwk: Value,
}

/// The one `DPoP` field.
pub(crate) fn one_of(headers: &HeaderMap) -> Result<&str, ProofError> {
    let mut fields = headers.get_all("dpop").into_iter();
    let field = fields.next().ok_or(ProofError::Missing)?;
    if fields.next().is_some() {
        return Err(ProofError::Several);
    }
    field.to_str().map_err(|_| ProofError::Malformed)
}

/// Verifies `proof`: typed, an allowed algorithm, a public key that the signature verifies under,
/// method and address of this request, fresh, and for this access token.
pub(crate) fn verify(
    proof: &str,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Verified, ProofError> {
    if proof.len() > PROOF_MAX {
        return Err(ProofError::Malformed);
    }
    let compact = Compact::parse(proof).ok_or(ProofError::Malformed)?;
    if compact.typ().as_deref() != Some("dpop+jwt") || compact.is_extended() {
        return Err(ProofError::Type);
    }
    let thumbprint = check_signature(proof, &compact, expected)?;
    let claims: Claims = strict::parse(compact.payload()).ok_or(ProofError::Malformed)?;
    if claims.htm != expected.method {
        return Err(ProofError::Method);
    }
    if !same_address(&claims.htu, expected.url) {
        return Err(ProofError::Address);
    }
    let issued = jws::instant(claims.iat).ok_or(ProofError::Malformed)?;
    let until = issued + AGE + expected.tolerance;
    if now >= until || issued > now + expected.tolerance {
        return Err(ProofError::IssuedAt);
    }
    if claims.ath != expected.access_token.map(ath) {
        return Err(ProofError::TokenHash);
    }
    Ok(Verified {
        thumbprint,
        jti: claims.jti,
        nonce: claims.nonce,
        until,
    })
}

fn check_signature(
    proof: &str,
    compact: &Compact<'_>,
    expected: &Expected<'_>,
) -> Result<String, ProofError> {
    let alg = compact
        .algorithm()
        .filter(|alg| expected.algorithms.contains(alg))
        .ok_or(ProofError::Algorithm)?;
    let header: KeyHeader = jws::header_of(proof).ok_or(ProofError::Key)?;
    if ["d", "p", "q", "k"]
        .iter()
        .any(|n| header.jwk.get(n).is_some())
    {
        return Err(ProofError::Key);
    }
    let thumbprint = signing::thumbprint(&header.jwk).ok_or(ProofError::Key)?;
    let key: CoreJsonWebKey = serde_json::from_value(header.jwk).map_err(|_| ProofError::Key)?;
    if alg.key_type().as_ref() != Some(key.key_type()) {
        return Err(ProofError::Key);
    }
    key.verify_signature(
        &alg,
        compact.signing_input().as_bytes(),
        compact.signature(),
    )
    .map_err(|_| ProofError::Signature)?;
    Ok(thumbprint)
}

/// §4.3 item 9: compared after normalisation, query and fragment apart.
fn same_address(stated: &str, expected: &str) -> bool {
    let bare = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    bare(stated).is_some_and(|url| Some(url) == bare(expected))
}
