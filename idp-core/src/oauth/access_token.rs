//! Access tokens as JWTs (RFC 9068): their claims, and what a token presented here must satisfy.

use serde::{Deserialize, Serialize};

use crate::base::entropy::Entropy;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use crate::model::GrantId;
use crate::policy::Policy;
use crate::store::tickets::{TicketKey, TicketKind};

/// The `typ` of an access token (RFC 9068 §2.1).
pub const TYP: &str = "at+jwt";
/// The most bytes of a token that are looked at.
pub const MAX_BYTES: usize = 8 * 1024;

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The user's subject, or the client itself.
    pub sub: String,
    /// For whom: the issuer's own userinfo endpoint, until a resource is named.
    pub aud: String,
    /// Which client asked.
    pub client_id: String,
    /// Over at, in seconds.
    pub exp: i64,
    /// Made at, in seconds.
    pub iat: i64,
    /// Its identity. With a grant it begins with the grant's id and a dot.
    pub jti: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// When the user signed in, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strongly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

impl AccessTokenClaims {
    /// A fresh `jti`, naming the grant if there is one.
    pub fn jti(grant: Option<GrantId>, entropy: &mut Entropy) -> String {
        let chance = crate::base::id::Id::<()>::from_u128(u128::from_be_bytes(entropy.bytes()));
        match grant {
            Some(grant) => format!("{grant}.{chance}"),
            None => chance.to_string(),
        }
    }

    /// The grant under which the token was issued; none for a token of a client's own.
    pub fn grant(&self) -> Option<GrantId> {
        self.jti
            .split_once('.')
            .and_then(|(grant, _)| grant.parse().ok())
    }

    /// The mark that revokes this one token.
    pub fn revocation_mark(&self) -> TicketKey {
        TicketKey::of(TicketKind::TokenRevoked, &self.jti)
    }

    /// Whether it carries a scope.
    pub fn holds(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|s| s == scope)
    }

    /// Over at.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }
}

/// Verifies a token of ours by signature, type, issuer and time. Whether it was revoked, and
/// whether its grant lives, is for the caller to check.
///
/// # Errors
/// [`Reason::TokenExpired`], or [`Reason::TokenMalformed`] for everything else.
pub fn verify(
    token: &str,
    keys: &JwkSet,
    now: Timestamp,
    policy: &Policy,
) -> Result<AccessTokenClaims, Refusal> {
    let malformed = || Refusal::new(Reason::TokenMalformed);
    let jws = CompactJws::parse(token, MAX_BYTES).map_err(|_| malformed())?;
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::OneOf(&[TYP]),
        issuer: Some(policy.issuer.as_str()),
        audience: None,
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: 0,
        now_ms: now.millis(),
    };
    match VerifiedJwt::<AccessTokenClaims>::verify(&jws, keys, &rules) {
        Ok(verified) => Ok(verified.into_parts().1),
        Err(JoseError::JwtExpired) => Err(Reason::TokenExpired.into()),
        Err(_) => Err(malformed()),
    }
}
