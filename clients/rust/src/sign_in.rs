//! A sign-in on its way: what is remembered while the browser is at the provider, and what it
//! brings back.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::PkceCodeVerifier;
use openidconnect::{CsrfToken, Nonce};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::address::ReturnTo;
use crate::error::{CallbackError, ProviderRefusal};

/// How long the provider may keep the browser.
const PENDING_MINUTES: i64 = 10;
/// Longest callback query read, in bytes.
const QUERY_MAX: usize = 8 * 1024;

/// What an application wishes of one sign-in.
#[derive(Clone, Debug, Default)]
pub struct SignInRequest {
    pub(crate) return_to: ReturnTo,
    pub(crate) ui_locales: Option<String>,
}

impl SignInRequest {
    /// A sign-in that ends at this local path.
    #[must_use]
    pub fn returning_to(return_to: ReturnTo) -> Self {
        Self {
            return_to,
            ui_locales: None,
        }
    }

    /// The languages of the provider's pages, best first (`ui_locales`, OpenID Connect Core 1.0
    /// §3.1.2.1). Anything but letters, digits, hyphens and spaces, or over 64 of them, is dropped:
    /// the value often comes from a link.
    #[must_use]
    pub fn ui_locales(mut self, tags: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ');
        let acceptable = !tags.is_empty() && tags.len() <= 64 && tags.chars().all(plain);
        self.ui_locales = acceptable.then(|| tags.to_owned());
        self
    }
}

/// A sign-in that has begun: send the browser to `url`, keep `pending` for its return. Printing
/// shows no secret.
pub struct Begun {
    /// The provider's authorization endpoint with this request.
    pub url: Url,
    /// What [`Client::finish`](crate::Client::finish) needs. Keep it on the server or sealed, tied
    /// to this browser, and hand it out once.
    pub pending: PendingSignIn,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun")
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

/// What is remembered of a sign-in while the browser is away. Printing shows no secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingSignIn {
    pub(crate) state: CsrfToken,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
    pub(crate) return_to: ReturnTo,
    pub(crate) until: DateTime<Utc>,
}

impl PendingSignIn {
    pub(crate) fn new(secrets: [String; 3], return_to: ReturnTo, now: DateTime<Utc>) -> Self {
        let [state, nonce, verifier] = secrets;
        Self {
            state: CsrfToken::new(state),
            nonce: Nonce::new(nonce),
            verifier: PkceCodeVerifier::new(verifier),
            return_to,
            until: now + TimeDelta::minutes(PENDING_MINUTES),
        }
    }

    /// The `state` parameter, by which the return is recognised.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.secret()
    }

    /// Where to go after signing in.
    #[must_use]
    pub fn return_to(&self) -> &ReturnTo {
        &self.return_to
    }

    /// When this sign-in is given up: ten minutes after it began.
    #[must_use]
    pub fn expires(&self) -> DateTime<Utc> {
        self.until
    }
}

/// The parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207), still unverified.
#[derive(Clone, Default)]
pub struct Callback {
    pub(crate) state: String,
    pub(crate) iss: Option<String>,
    pub(crate) code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("iss", &self.iss)
            .finish_non_exhaustive()
    }
}

impl Callback {
    /// Reads the raw query of a callback. Unknown parameters are ignored.
    ///
    /// Refuses with `callback_too_long` (over 8 KiB), `callback_parameter_duplicated` or
    /// `callback_state_missing`.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        if query.len() > QUERY_MAX {
            return Err(CallbackError::TooLong);
        }
        let mut state = None;
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match name.as_ref() {
                "state" => &mut state,
                "iss" => &mut callback.iss,
                "code" => &mut callback.code,
                "error" => &mut callback.error,
                "error_description" => &mut callback.error_description,
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                return Err(CallbackError::Duplicated);
            }
        }
        callback.state = state.ok_or(CallbackError::StateMissing)?;
        Ok(callback)
    }

    /// The `state` parameter.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The provider's refusal, if this is one.
    pub(crate) fn refusal(&self) -> Option<ProviderRefusal> {
        let code = self.error.as_deref()?;
        Some(ProviderRefusal::new(
            code,
            self.error_description.as_deref(),
        ))
    }

    /// RFC 9207 §2.4: a present `iss` names the issuer; one that was promised is present.
    pub(crate) fn check_issuer(&self, issuer: &str, promised: bool) -> Result<(), CallbackError> {
        match self.iss.as_deref() {
            Some(iss) if iss == issuer => Ok(()),
            Some(_) => Err(CallbackError::IssuerDiffers),
            None if promised => Err(CallbackError::IssuerMissing),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_are_read_strictly() {
        let callback = Callback::parse("code=a%2Bb&state=s&iss=https%3A%2F%2Fid.example&x=1&x=2");
        let callback = callback.unwrap();
        assert_eq!(callback.code.as_deref(), Some("a+b"));
        assert_eq!(callback.check_issuer("https://id.example", true), Ok(()));
        assert_eq!(
            callback.check_issuer("https://id.example/", false),
            Err(CallbackError::IssuerDiffers)
        );
        let refusal = |q: &str| Callback::parse(q).err();
        assert_eq!(refusal("code=a"), Some(CallbackError::StateMissing));
        assert_eq!(
            refusal("code=a&code=b&state=s"),
            Some(CallbackError::Duplicated)
        );
        assert_eq!(refusal("state=s&state=s"), Some(CallbackError::Duplicated));
        assert_eq!(
            refusal(&format!("state={}", "s".repeat(9000))),
            Some(CallbackError::TooLong)
        );
        let silent = Callback::parse("code=a&state=s").unwrap();
        assert_eq!(silent.check_issuer("https://id.example", false), Ok(()));
        assert_eq!(
            silent.check_issuer("i", true),
            Err(CallbackError::IssuerMissing)
        );
    }

    #[test]
    fn nothing_secret_is_printed() {
        let callback = Callback::parse("code=secretcode&state=secretstate").unwrap();
        let secrets = ["secretstate", "secretnonce", "secretverifier"].map(str::to_owned);
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let pending = PendingSignIn::new(secrets, ReturnTo::default(), now);
        assert!(
            !format!("{callback:?} {pending:?}").contains("secret"),
            "{pending:?}"
        );
    }
}
