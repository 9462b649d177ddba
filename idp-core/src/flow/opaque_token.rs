//! Access tokens as they come in, and opaque ones as they go out.

use super::{Failure, Provider};
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::oauth::access_token::{self, AccessTokenClaims};
use crate::oauth::opaque_token::OpaqueToken;

impl Provider {
    /// What an access token says, whether it is signed or opaque. Whether it was revoked, and
    /// whether its grant lives, is for the caller to check.
    ///
    /// # Errors
    /// [`Reason::TokenUnknown`] for an opaque one that means nothing, those of
    /// [`access_token::verify`], or a fault.
    pub(super) async fn access_claims(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<AccessTokenClaims, Failure> {
        let Some(key) = OpaqueToken::key(token) else {
            let keys = self.signer.published(&self.policy.issuer_key).await?;
            return Ok(access_token::verify(token, &keys, now, &self.policy)?);
        };
        let found = self
            .sealed_tickets()
            .peek::<AccessTokenClaims>(key, now)
            .await?;
        let claims = found.ok_or(Reason::TokenUnknown)?;
        Ok(access_token::check_opaque(claims, now, &self.policy)?)
    }

    /// Keeps what an opaque token means, and answers its text.
    pub(super) async fn keep_opaque(
        &self,
        token: &OpaqueToken,
        claims: &AccessTokenClaims,
    ) -> Result<String, Failure> {
        let text = token.text().expose();
        let key = OpaqueToken::key(text).ok_or(Reason::TokenUnknown)?;
        let times = (Timestamp::from_seconds(claims.iat), claims.expires_at());
        self.sealed_tickets()
            .store(key, claims, times, &mut token.sealing_entropy())
            .await?;
        Ok(text.to_owned())
    }
}
