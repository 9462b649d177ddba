//! Every way in which this crate says no, each with one stable reason.

mod refusals;

pub use refusals::{
    AccessTokenError, CallbackError, Fault, FetchError, FrontChannelError, IdTokenError,
    IntrospectionError, JarmError, JweError, LogoutTokenError, MetadataError, ProofError,
    PushError, SettingsError, TokenAnswerError, UserInfoError,
};

/// A "no" that the provider itself said, at the callback or at the token endpoint (RFC 6749
/// §4.1.2.1 and §5.2). Texts are cut to 200 printable ASCII characters; treat them as a stranger's
/// words all the same and escape them where they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefusal {
    /// The code, such as `access_denied` or `invalid_grant`.
    pub code: String,
    /// What the provider added for the developer.
    pub description: Option<String>,
}

impl ProviderRefusal {
    pub(crate) fn new(code: &str, description: Option<&str>) -> Self {
        let plain = |text: &str| -> String {
            text.chars()
                .filter(|c| matches!(c, ' '..='~'))
                .take(200)
                .collect()
        };
        Self {
            code: plain(code),
            description: description.map(plain),
        }
    }
}

/// Why something was refused or failed. [`Error::reason`] is stable across releases.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The application's settings are wrong.
    #[error("settings: {0}")]
    Settings(#[from] SettingsError),
    /// The provider could not be asked.
    #[error("provider: {0}")]
    Fetch(#[from] FetchError),
    /// The provider's metadata is unacceptable.
    #[error("provider metadata: {0}")]
    Metadata(#[from] MetadataError),
    /// The browser came back with something unacceptable.
    #[error("callback: {0}")]
    Callback(#[from] CallbackError),
    /// The provider's signed authorization response is unacceptable.
    #[error("authorization response: {0}")]
    Jarm(#[from] JarmError),
    /// The answer to a pushed request is unacceptable.
    #[error("pushed request: {0}")]
    Push(#[from] PushError),
    /// An encrypted token cannot be opened.
    #[error("encrypted token: {0}")]
    Jwe(#[from] JweError),
    /// The token endpoint's answer is unacceptable.
    #[error("token answer: {0}")]
    TokenAnswer(#[from] TokenAnswerError),
    /// A front-channel logout request is unacceptable.
    #[error("front-channel logout: {0}")]
    FrontChannel(#[from] FrontChannelError),
    /// The access token that this resource server was shown is unacceptable.
    #[error("access token: {0}")]
    AccessToken(#[from] AccessTokenError),
    /// The proof that this resource server was shown is unacceptable.
    #[error("DPoP proof: {0}")]
    Proof(#[from] ProofError),
    /// The provider's word about an access token is unacceptable.
    #[error("introspection: {0}")]
    Introspection(#[from] IntrospectionError),
    /// The provider refused.
    #[error("the provider refused: {}", .0.code)]
    Provider(ProviderRefusal),
    /// The ID token is unacceptable.
    #[error("ID token: {0}")]
    IdToken(#[from] IdTokenError),
    /// The userinfo answer is unacceptable.
    #[error("userinfo: {0}")]
    UserInfo(#[from] UserInfoError),
    /// The logout token is unacceptable.
    #[error("logout token: {0}")]
    LogoutToken(#[from] LogoutTokenError),
    /// Something on this side failed.
    #[error("fault: {0}")]
    Fault(#[from] Fault),
    /// The session holds no refresh token (the provider issued none).
    #[error("this session holds no refresh token")]
    NotRefreshable,
    /// The session ended while it was being refreshed.
    #[error("the session has ended")]
    SessionEnded,
}

impl Error {
    /// The stable name of the violated rule. A refusal by the provider is `provider_refused`; its
    /// own code is in [`ProviderRefusal::code`].
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Settings(e) => e.reason(),
            Self::Fetch(e) => e.reason(),
            Self::Metadata(e) => e.reason(),
            Self::Callback(e) => e.reason(),
            Self::Jarm(e) => e.reason(),
            Self::Push(e) => e.reason(),
            Self::Jwe(e) => e.reason(),
            Self::TokenAnswer(e) => e.reason(),
            Self::FrontChannel(e) => e.reason(),
            Self::AccessToken(e) => e.reason(),
            Self::Proof(e) => e.reason(),
            Self::Introspection(e) => e.reason(),
            Self::Provider(_) => "provider_refused",
            Self::IdToken(e) => e.reason(),
            Self::UserInfo(e) => e.reason(),
            Self::LogoutToken(e) => e.reason(),
            Self::Fault(e) => e.reason(),
            Self::NotRefreshable => "not_refreshable",
            Self::SessionEnded => "session_ended",
        }
    }

    /// The HTTP status that fits when this is shown to a person: whose turn it is to act.
    #[must_use]
    pub fn status(&self) -> http::StatusCode {
        match self {
            Self::Settings(_) | Self::Fault(_) => http::StatusCode::INTERNAL_SERVER_ERROR,
            Self::Fetch(_)
            | Self::Metadata(_)
            | Self::Jarm(_)
            | Self::Push(_)
            | Self::Jwe(_)
            | Self::TokenAnswer(_)
            | Self::IdToken(_)
            | Self::UserInfo(_)
            | Self::Introspection(_) => http::StatusCode::BAD_GATEWAY,
            Self::Callback(_) | Self::LogoutToken(_) | Self::FrontChannel(_) => {
                http::StatusCode::BAD_REQUEST
            }
            Self::Provider(_) => http::StatusCode::FORBIDDEN,
            Self::NotRefreshable | Self::SessionEnded | Self::AccessToken(_) | Self::Proof(_) => {
                http::StatusCode::UNAUTHORIZED
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_are_cut_and_stripped() {
        let refusal = ProviderRefusal::new("access_denied\r\nX: y", Some(&"é<a>".repeat(300)));
        assert_eq!(refusal.code, "access_deniedX: y");
        let description = refusal.description.unwrap();
        assert_eq!(description.len(), 200);
        assert!(description.is_ascii());
    }

    #[test]
    fn statuses_tell_whose_turn_it_is() {
        assert_eq!(
            Error::from(FetchError::TimedOut).status(),
            http::StatusCode::BAD_GATEWAY
        );
        assert_eq!(
            Error::from(CallbackError::StateUnknown).status(),
            http::StatusCode::BAD_REQUEST
        );
        assert_eq!(Error::from(Fault::Store).reason(), "session_store_failed");
    }
}
