//! Ending sessions: at the provider, and on its demand.

use std::fmt;

use oauth2::CsrfToken;
use openidconnect::{ClientId, LogoutRequest, PostLogoutRedirectUrl};
use url::{Url, form_urlencoded};

use super::Client;
use crate::clock;
use crate::error::{Error, Fault, FrontChannelError};
use crate::logout_token::{self, LogoutNotice};
use crate::random;
use crate::session::Session;

/// Where to send the browser for RP-initiated logout. Printing shows neither address nor state,
/// since the address holds the ID token.
#[derive(Clone)]
pub struct LogoutRedirect {
    /// The provider's end-session endpoint with this request.
    pub url: Url,
    /// The `state` that the provider hands back at the signed-out page.
    pub state: String,
}

impl fmt::Debug for LogoutRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRedirect").finish_non_exhaustive()
    }
}

impl Client {
    /// Where to send the browser so that the provider signs the person out (OpenID Connect
    /// RP-Initiated Logout 1.0 §2), or nothing when the provider offers no such endpoint.
    pub async fn logout_redirect(
        &self,
        session: Option<&Session>,
    ) -> Result<Option<LogoutRedirect>, Error> {
        let provider = self.provider().await?;
        let Some(endpoint) = provider.end_session_endpoint() else {
            return Ok(None);
        };
        let settings = self.settings();
        let back = settings.address_of(settings.signed_out_path.as_str());
        let back = PostLogoutRedirectUrl::new(back).map_err(|_| Fault::Request)?;
        let state = random::token()?;
        let mut url = LogoutRequest::from(endpoint.clone())
            .set_client_id(ClientId::new(settings.client_id.clone()))
            .set_post_logout_redirect_uri(back)
            .set_state(CsrfToken::new(state.clone()))
            .http_get_url();
        if let Some(session) = session {
            url.query_pairs_mut()
                .append_pair("id_token_hint", &session.tokens.id_token);
        }
        Ok(Some(LogoutRedirect { url, state }))
    }

    /// Verifies a logout token that the provider sent (OpenID Connect Back-Channel Logout 1.0
    /// §2.6) and remembers its `jti`. Refuses with the reasons of
    /// [`LogoutTokenError`](crate::error::LogoutTokenError).
    ///
    /// Ends nothing by itself: hand the notice to
    /// [`SessionStore::end`](crate::session::SessionStore::end), and to
    /// [`Client::forget_logout`] if that fails.
    pub async fn verify_logout_token(&self, token: &str) -> Result<LogoutNotice, Error> {
        let kid = logout_token::parse(token)?.header.kid;
        let provider = self.provider().await?;
        let keys = self.keys(&provider, kid.as_deref()).await?;
        let now = clock::now();
        let notice = logout_token::verify(token, self.settings(), &keys, now)?;
        self.0.replays.note(&notice, now)?;
        Ok(notice)
    }

    /// Forgets a notice, so that the provider's next delivery of the same token is accepted.
    pub fn forget_logout(&self, notice: &LogoutNotice) {
        self.0.replays.forget(notice, clock::now());
    }

    /// Reads a front-channel logout request (OpenID Connect Front-Channel Logout 1.0 §2): `iss`
    /// names the provider and `sid` its session, both required.
    ///
    /// Refuses with `frontchannel_disabled` unless the settings accept it, `frontchannel_iss` and
    /// `frontchannel_sid_missing`. The request is not signed; what proves it is that nobody else
    /// knows the `sid`.
    pub fn read_frontchannel_logout(&self, query: &str) -> Result<LogoutNotice, Error> {
        let settings = self.settings();
        if !settings.frontchannel_logout {
            return Err(FrontChannelError::Disabled.into());
        }
        let (mut issuers, mut sids) = (Vec::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "iss" => issuers.push(value.into_owned()),
                "sid" => sids.push(value.into_owned()),
                _ => {}
            }
        }
        if issuers != [settings.issuer.as_str()] {
            return Err(FrontChannelError::Issuer.into());
        }
        match <[String; 1]>::try_from(sids) {
            Ok([sid]) if !sid.is_empty() => Ok(LogoutNotice::unsigned(&settings.issuer, sid)),
            _ => Err(FrontChannelError::Session.into()),
        }
    }
}
