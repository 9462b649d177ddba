//! What leaves for a client encrypted to one of its keys.

use super::answer::endless;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::jose::{JweHeader, JwkSet, jwe};
use crate::model::client::{Client, Encryption};
use crate::oauth::client_keys::{self, ClientKeys, FetchedKeys};

/// What is to be encrypted.
pub(super) enum Content {
    /// A signed JWT.
    Jwt(String),
    /// Claims as JSON, unsigned.
    Claims(String),
}

impl Content {
    fn as_str(&self) -> &str {
        match self {
            Self::Jwt(text) | Self::Claims(text) => text,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Jwt(text) | Self::Claims(text) => text,
        }
    }
}

impl Provider {
    /// Encrypts for a client, if it is registered so: a JWT that is signed already (RFC 7519 §11.2),
    /// or plain claims where nothing is signed. A key set by reference is fetched anew once when no key of the known one fits.
    ///
    /// # Errors
    /// [`Reason::ClientEncryptionKeyMissing`] when the client has no key to encrypt to,
    /// [`Reason::ClientKeysUnavailable`] when its keys cannot be fetched, or a fault.
    pub(super) async fn encrypt_for(
        &self,
        client: &Client,
        how: Option<Encryption>,
        content: Content,
        context: &mut RequestContext,
    ) -> Result<String, Failure> {
        let Some(how) = how else {
            return Ok(content.text());
        };
        let now = context.here.now;
        let mut encrypted = |keys: &JwkSet| {
            let recipient = keys.recipient(how.alg)?;
            let mut header = JweHeader::new(how.alg, how.enc);
            if matches!(content, Content::Jwt(_)) {
                header = header.with_cty("JWT");
            }
            if let Some(kid) = recipient.kid() {
                header = header.with_kid(kid);
            }
            let plaintext = content.as_str().as_bytes();
            jwe::encrypt(&header, recipient, plaintext, &mut context.entropy).ok()
        };
        let fits = |keys: &JwkSet| keys.recipient(how.alg).is_some();
        let mut fetched = FetchedKeys::default();
        for _ in 0..3 {
            let text = match client_keys::of(client, &fetched, fits) {
                ClientKeys::Known(keys) => encrypted(&keys),
                ClientKeys::Asks(asks) => {
                    fetched = self.fetched_keys(&asks, now).await?;
                    continue;
                }
                ClientKeys::Unreadable | ClientKeys::None => None,
            };
            return text.ok_or_else(|| Reason::ClientEncryptionKeyMissing.into());
        }
        Err(endless())
    }
}
