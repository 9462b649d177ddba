//! Every way in which this crate says no, each with one stable reason.

use std::fmt;

/// Declares an enum of refusals: one variant, one stable reason, one sentence.
macro_rules! refusals {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $reason:literal, $text:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = $text] $(#[$doc])* $variant,)* }

        impl $name {
            /// The stable name of the violated rule, for tests, metrics and logs.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl std::error::Error for $name {}
    };
}

refusals! {
    /// What is wrong with the settings that the application gave.
    SettingsError {
        IssuerUnparsable = "issuer_unparsable", "the issuer is not an absolute URL";
        IssuerInsecure = "issuer_insecure",
            "the issuer must be https (http only on loopback), without user, query or fragment";
        BaseUrlUnparsable = "base_url_unparsable", "the base URL is not an absolute URL";
        BaseUrlInsecure = "base_url_insecure",
            "the base URL must be https (http only on loopback), without user, query or fragment";
        ClientIdEmpty = "client_id_empty", "the client identifier is empty";
        AlgorithmsEmpty = "algorithms_empty", "no signing algorithm is allowed";
        AlgorithmWeak = "algorithm_weak",
            "only asymmetric signing algorithms with SHA-256 or stronger are accepted";
        SkewTooLarge = "skew_too_large", "the clock skew is larger than five minutes";
        PathNotLocal = "path_not_local", "the path must begin with one slash and stay on this site";
        SigningKeyUnusable = "signing_key_unusable",
            "the client's private key is not a PKCS#8 key of the stated algorithm";
        CertificateUnreadable = "certificate_unreadable", "the additional trust anchors are not PEM certificates";
        TlsProviderMissing = "tls_provider_missing",
            "no rustls crypto provider is installed in this process";
        HttpClientRefused = "http_client_refused", "the HTTP client cannot be built from these settings";
    }
}

refusals! {
    /// What went wrong on the way to the provider.
    FetchError {
        Unreachable = "provider_unreachable", "no connection to the provider";
        TimedOut = "provider_timed_out", "the provider did not answer in time";
        TooLarge = "provider_answer_too_large", "the provider's answer exceeds the size limit";
        Redirected = "provider_redirected", "the provider answered with a redirect, which is never followed";
        Broken = "provider_answer_broken", "the provider's answer broke off or is not valid HTTP";
        Status = "provider_status", "the provider answered with an unexpected status";
        Malformed = "provider_answer_malformed", "the provider's answer is not the expected document";
    }
}

refusals! {
    /// What is unacceptable in the provider's metadata (OpenID Connect Discovery 1.0 §4.3).
    MetadataError {
        IssuerDiffers = "metadata_issuer_differs", "the metadata names another issuer than the configured one";
        EndpointInsecure = "metadata_endpoint_insecure", "an endpoint is neither https nor http on loopback";
        TokenEndpointMissing = "metadata_token_endpoint_missing", "the metadata names no token endpoint";
        Pkce = "metadata_pkce_unsupported", "the provider lists its PKCE methods and S256 is not among them";
        AuthenticationMethod = "metadata_client_authentication_unsupported",
            "the provider does not list this client's authentication method";
    }
}

refusals! {
    /// What is wrong with the browser's return to the callback (RFC 6749 §4.1.2, RFC 9207).
    CallbackError {
        TooLong = "callback_too_long", "the callback's query exceeds 8 KiB";
        Duplicated = "callback_parameter_duplicated", "a callback parameter occurs twice";
        StateMissing = "callback_state_missing", "the callback carries no state";
        StateUnknown = "callback_state_unknown",
            "no sign-in of this browser waits for this state: it expired, was used, or began elsewhere";
        StateDiffers = "callback_state_differs", "the callback's state belongs to another sign-in";
        IssuerMissing = "callback_iss_missing", "the provider promises iss on the callback and it is absent";
        IssuerDiffers = "callback_iss_differs", "the callback's iss names another issuer (mix-up)";
        CodeMissing = "callback_code_missing", "the callback carries neither code nor error";
        CrossSite = "request_cross_site", "the request was sent by another site";
    }
}

refusals! {
    /// What is wrong with an ID token (OpenID Connect Core 1.0 §3.1.3.7).
    IdTokenError {
        Missing = "id_token_missing", "the token response holds no ID token";
        Malformed = "id_token_malformed", "the ID token cannot be read";
        Type = "id_token_type", "the ID token's header states another type, nesting, encryption or critical extensions";
        Issuer = "id_token_iss", "the ID token's iss is another issuer";
        Audience = "id_token_aud", "the ID token's aud is not this client alone";
        AuthorizedParty = "id_token_azp", "the ID token's azp is another client";
        Unsigned = "id_token_unsigned", "the ID token is not signed";
        Algorithm = "id_token_alg", "the ID token's algorithm is not allowed";
        KeyUnknown = "id_token_key_unknown", "the provider publishes no single key for this ID token";
        Signature = "id_token_signature", "the ID token's signature does not verify";
        Expired = "id_token_expired", "the ID token has expired";
        IssuedInFuture = "id_token_iat", "the ID token was issued in the future";
        Nonce = "id_token_nonce", "the ID token's nonce is not the one of this sign-in";
        Acr = "id_token_acr", "the sign-in was not as strong as this application demands";
        AuthTimeMissing = "id_token_auth_time_missing", "auth_time was asked for and is absent";
        AuthTimeTooOld = "id_token_auth_time_too_old", "the person signed in longer ago than this application accepts";
        AccessTokenHash = "id_token_at_hash", "the ID token's at_hash does not match the access token";
        Changed = "id_token_changed_on_refresh",
            "the refreshed ID token names another subject, sign-in time or nonce than the first one";
    }
}

refusals! {
    /// What is wrong with a userinfo answer (OpenID Connect Core 1.0 §5.3).
    UserInfoError {
        Subject = "userinfo_sub", "userinfo speaks of another subject than the ID token";
        Malformed = "userinfo_malformed", "the userinfo answer cannot be read or verified";
        Refused = "userinfo_refused", "the provider refused the userinfo request";
    }
}

refusals! {
    /// What is wrong with a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).
    LogoutTokenError {
        Missing = "logout_token_missing", "the request holds no single logout_token parameter";
        TooLong = "logout_token_too_long", "the logout token exceeds 16 KiB";
        Malformed = "logout_token_malformed", "the logout token is not a signed JWT with the required claims";
        Type = "logout_token_type", "the logout token's header states another type, nesting or critical extensions";
        Algorithm = "logout_token_alg", "the logout token's algorithm is not allowed";
        KeyUnknown = "logout_token_key_unknown", "the provider publishes no single key for this logout token";
        Signature = "logout_token_signature", "the logout token's signature does not verify";
        Issuer = "logout_token_iss", "the logout token's iss is another issuer";
        Audience = "logout_token_aud", "the logout token's aud is not this client alone";
        Expired = "logout_token_expired", "the logout token has expired";
        IssuedInFuture = "logout_token_iat", "the logout token was issued in the future";
        Subject = "logout_token_sub_and_sid_missing", "the logout token names neither sub nor sid";
        Events = "logout_token_events", "the logout token's events lack the back-channel logout member";
        Nonce = "logout_token_nonce", "the logout token carries a nonce, as an ID token does";
        Replayed = "logout_token_replayed", "a logout token with this jti was received before";
    }
}

refusals! {
    /// Trouble on the application's own side: for its operator, not for the person.
    Fault {
        Randomness = "randomness_unavailable", "the operating system gave no random bytes";
        Signing = "assertion_signing_failed", "the client assertion could not be signed";
        Store = "session_store_failed", "the session store failed";
        Request = "request_unbuildable", "a request to the provider could not be built";
        Interrupted = "refresh_interrupted", "the refresh was interrupted by a shutdown";
    }
}

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
            Self::Fetch(_) | Self::Metadata(_) | Self::IdToken(_) | Self::UserInfo(_) => {
                http::StatusCode::BAD_GATEWAY
            }
            Self::Callback(_) | Self::LogoutToken(_) => http::StatusCode::BAD_REQUEST,
            Self::Provider(_) => http::StatusCode::FORBIDDEN,
            Self::NotRefreshable | Self::SessionEnded => http::StatusCode::UNAUTHORIZED,
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
