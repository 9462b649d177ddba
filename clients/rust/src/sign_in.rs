//! A sign-in on its way: what is remembered while the browser is at the provider, and what it
//! brings back.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::PkceCodeVerifier;
use openidconnect::{CsrfToken, Nonce};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::address::ReturnTo;
use crate::dpop::DpopKey;
use crate::error::{CallbackError, JarmError, ProviderRefusal};
use crate::session::SessionKey;
use crate::step_up::Demand;

/// How long the provider may keep the browser.
const PENDING_MINUTES: i64 = 10;
/// Longest callback query or form read, in bytes.
const QUERY_MAX: usize = 16 * 1024;

/// What an application wishes of one sign-in.
#[derive(Clone, Debug, Default)]
pub struct SignInRequest {
    pub(crate) return_to: ReturnTo,
    pub(crate) ui_locales: Option<String>,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) demand: Demand,
    pub(crate) person: Option<String>,
    pub(crate) replaces: Option<SessionKey>,
}

/// What the provider is to show whatever it already knows (OpenID Connect Core 1.0 §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing: sign in silently or refuse with `login_required` or its siblings.
    None,
    /// The sign-in, even to a person who is signed in.
    Login,
    /// The consent.
    Consent,
    /// The choice between accounts.
    SelectAccount,
}

impl Prompt {
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

impl SignInRequest {
    /// A sign-in that ends at this local path.
    #[must_use]
    pub fn returning_to(return_to: ReturnTo) -> Self {
        Self {
            return_to,
            ..Self::default()
        }
    }

    /// What the provider is to show.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Demands more of this sign-in than the settings do: its `acr_values` are asked for instead
    /// of the settings' and the shorter `max_age` counts, and the ID token must meet both demands
    /// (`id_token_acr`, `id_token_auth_time_too_old`).
    #[must_use]
    pub fn demanding(mut self, demand: Demand) -> Self {
        self.demand = demand;
        self
    }

    /// Accepts nobody but the person with this `sub` (`id_token_other_person`): for a step-up, in
    /// which somebody else's sign-in must not take over what this person had begun.
    #[must_use]
    pub fn by_person(mut self, sub: &str) -> Self {
        self.person = Some(sub.to_owned());
        self
    }

    /// Ends the session under this key when the new one begins.
    #[must_use]
    pub fn replacing(mut self, session: SessionKey) -> Self {
        self.replaces = Some(session);
        self
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
    #[serde(default)]
    pub(crate) demand: Demand,
    #[serde(default)]
    pub(crate) person: Option<String>,
    #[serde(default)]
    pub(crate) replaces: Option<SessionKey>,
    /// The key of this session's proofs, where every session has its own.
    #[serde(default)]
    pub(crate) dpop: Option<DpopKey>,
}

impl PendingSignIn {
    pub(crate) fn new(
        secrets: [String; 3],
        wish: SignInRequest,
        dpop: Option<DpopKey>,
        now: DateTime<Utc>,
    ) -> Self {
        let [state, nonce, verifier] = secrets;
        Self {
            state: CsrfToken::new(state),
            nonce: Nonce::new(nonce),
            verifier: PkceCodeVerifier::new(verifier),
            return_to: wish.return_to,
            demand: wish.demand,
            person: wish.person,
            replaces: wish.replaces,
            dpop,
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

    /// The session that ends when this sign-in succeeds.
    #[must_use]
    pub fn replaces(&self) -> Option<&SessionKey> {
        self.replaces.as_ref()
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
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    /// It came out of a verified JWT.
    pub(crate) signed: bool,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("iss", &self.iss)
            .finish_non_exhaustive()
    }
}

impl Callback {
    /// Reads the raw query or form of a plain callback. Unknown parameters are ignored. Answers that
    /// may be signed are read by [`Client::read_callback`](crate::Client::read_callback).
    ///
    /// Refuses with `callback_too_long` (over 16 KiB), `callback_parameter_duplicated` or
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

    /// The one `response` parameter of a signed answer. A plain answer, or plain parameters beside
    /// the signed ones, are refused: whoever strips the signature must not get further.
    pub(crate) fn response(query: &str) -> Result<String, crate::error::Error> {
        if query.len() > QUERY_MAX {
            return Err(CallbackError::TooLong.into());
        }
        let (mut response, mut plain) = (None, false);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "response" if response.is_some() => return Err(CallbackError::Duplicated.into()),
                "response" => response = Some(value.into_owned()),
                "code" | "error" | "state" => plain = true,
                _ => {}
            }
        }
        match response {
            Some(response) if !plain => Ok(response),
            Some(_) => Err(JarmError::Beside.into()),
            None => Err(JarmError::Missing.into()),
        }
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
            refusal(&format!("state={}", "s".repeat(17_000))),
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
        let pending = PendingSignIn::new(secrets, SignInRequest::default(), None, now);
        assert!(
            !format!("{callback:?} {pending:?}").contains("secret"),
            "{pending:?}"
        );
    }
}
