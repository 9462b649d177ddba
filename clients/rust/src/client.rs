//! The protocol without a web framework: begin, finish, refresh, sign out, be signed out.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use openidconnect::core::{CoreClient, CoreGenderClaim, CoreJsonWebKeySet};
use openidconnect::{
    ClientId, LogoutRequest, PostLogoutRedirectUrl, SubjectIdentifier, UserInfoError,
};
use url::Url;

use crate::claims::{IdTokenClaims, Person, ProvinceClaims, UserInfoClaims};
use crate::clock;
use crate::error::{
    CallbackError, Error, Fault, FetchError, IdTokenError, UserInfoError as Refused,
};
use crate::http::Http;
use crate::id_token::{self, Expected, Measure};
use crate::jws;
use crate::keys::Keys;
use crate::logout_token::{self, LogoutNotice, Replays};
use crate::provider::{Discovery, Provider};
use crate::random;
use crate::session::{Authentication, Session, Tokens, seconds};
use crate::settings::Settings;
use crate::sign_in::{Begun, Callback, PendingSignIn, SignInRequest};
use crate::token_endpoint::{TokenEndpoint, oauth_client};

/// An OpenID Connect client: everything that happens between the application and its provider.
///
/// Cheap to clone; clones share metadata, keys, connections and the memory of logout tokens. The
/// provider is discovered at the first call that needs it, and again every hour.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    http: Http,
    discovery: Discovery,
    keys: Keys,
    replays: Replays,
}

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
    /// A client with these settings. Nothing is fetched yet.
    ///
    /// Refuses with `tls_provider_missing` unless the program installed a rustls crypto provider,
    /// or `http_client_refused`.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let http = Http::new(&settings)?;
        Ok(Self(Arc::new(Inner {
            settings,
            http,
            discovery: Discovery::default(),
            keys: Keys::default(),
            replays: Replays::default(),
        })))
    }

    /// The settings this client was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The provider, discovered now or within the last hour. Refuses as discovery does: the
    /// reasons of [`FetchError`] and [`MetadataError`](crate::error::MetadataError).
    pub async fn provider(&self) -> Result<Arc<Provider>, Error> {
        self.0
            .discovery
            .provider(&self.0.http, &self.0.settings)
            .await
    }

    /// Begins a sign-in: an authorization request (OpenID Connect Core 1.0 §3.1.2.1) with fresh
    /// `state`, `nonce` and PKCE challenge.
    pub async fn begin(&self, wish: SignInRequest) -> Result<Begun, Error> {
        let settings = self.settings();
        let provider = self.provider().await?;
        let secrets = [random::token()?, random::token()?, random::token()?];
        let pending = PendingSignIn::new(secrets, wish.return_to, clock::now());
        let state = CsrfToken::new(pending.state().to_owned());
        let client = oauth_client(settings, &provider)?;
        let mut request = client
            .authorize_url(move || state)
            .add_scope(Scope::new("openid".to_owned()))
            .add_scopes(settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(
                &pending.verifier,
            ))
            .add_extra_param("nonce", pending.nonce.secret().clone());
        if !settings.accepted_acr.is_empty() {
            request = request.add_extra_param("acr_values", settings.accepted_acr.join(" "));
        }
        if let Some(age) = settings.max_age {
            request = request.add_extra_param("max_age", age.as_secs().to_string());
        }
        if let Some(locales) = wish.ui_locales {
            request = request.add_extra_param("ui_locales", locales);
        }
        let (url, _) = request.url();
        Ok(Begun { url, pending })
    }

    /// Finishes a sign-in with what the browser brought back.
    ///
    /// Checks `state`, then `iss` (RFC 9207), then the provider's own refusal; redeems the code;
    /// validates the ID token; asks userinfo and compares its `sub`. The caller has made sure that
    /// `pending` belongs to this browser and was taken, not read.
    pub async fn finish(
        &self,
        pending: PendingSignIn,
        callback: &Callback,
    ) -> Result<Session, Error> {
        let now = clock::now();
        if now >= pending.until {
            return Err(CallbackError::StateUnknown.into());
        }
        if random::digest(callback.state()) != random::digest(pending.state()) {
            return Err(CallbackError::StateDiffers.into());
        }
        let provider = self.provider().await?;
        callback.check_issuer(&self.settings().issuer, provider.promises_issuer())?;
        if let Some(refusal) = callback.refusal() {
            return Err(Error::Provider(refusal));
        }
        let code = callback.code.as_deref().ok_or(CallbackError::CodeMissing)?;
        let received = self
            .token_endpoint(&provider, now)
            .redeem(code, pending.verifier)
            .await?;
        if !received.has_id_token {
            return Err(IdTokenError::Missing.into());
        }
        let expected = Expected::Nonce(&pending.nonce);
        let claims = self
            .verify_id_token(&provider, &received.tokens, expected)
            .await?;
        let mut person = Person::from_id_token(&claims);
        if let Some(further) = self
            .ask_userinfo(&provider, &received.tokens, &person.sub)
            .await?
        {
            person.complete_from(&further);
        }
        let nonce_digest = random::digest(pending.nonce.secret());
        Ok(self.session(person, &claims, received.tokens, nonce_digest))
    }

    fn session(
        &self,
        person: Person,
        claims: &IdTokenClaims,
        tokens: Tokens,
        nonce_digest: String,
    ) -> Session {
        let now = clock::now();
        let total = chrono::TimeDelta::seconds(seconds(self.settings().session_total));
        Session {
            issuer: self.settings().issuer.clone(),
            person,
            authentication: Authentication::from_id_token(claims),
            tokens,
            began: now,
            expires: now.checked_add_signed(total).unwrap_or(now),
            nonce_digest,
            idle_seconds: seconds(self.settings().session_idle),
            used: now,
        }
    }

    /// New tokens for a session (RFC 6749 §6, OpenID Connect Core 1.0 §12).
    ///
    /// Refuses with `not_refreshable` without a refresh token, `provider_refused` when the
    /// provider says no (`invalid_grant`: the person must sign in again), and the reasons of
    /// [`IdTokenError`] when a new ID token comes along. Every call asks the provider: callers of
    /// one session take turns, as [`web::RelyingParty`](crate::web::RelyingParty) does.
    pub async fn refresh(&self, session: &Session) -> Result<Tokens, Error> {
        let refresh_token = session
            .tokens
            .refresh_token
            .as_ref()
            .ok_or(Error::NotRefreshable)?;
        let provider = self.provider().await?;
        let endpoint = self.token_endpoint(&provider, clock::now());
        let mut received = endpoint.refresh(refresh_token).await?;
        if received.has_id_token {
            let claims = self
                .verify_id_token(&provider, &received.tokens, Expected::Refreshed)
                .await?;
            id_token::check_unchanged(session, &claims)?;
        } else {
            received
                .tokens
                .id_token
                .clone_from(&session.tokens.id_token);
        }
        Ok(received.tokens)
    }

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

    async fn keys(
        &self,
        provider: &Provider,
        kid: Option<&str>,
    ) -> Result<Arc<CoreJsonWebKeySet>, Error> {
        self.0
            .keys
            .find(&self.0.http, provider.jwks_uri(), kid)
            .await
    }

    fn token_endpoint<'a>(
        &'a self,
        provider: &'a Provider,
        now: DateTime<Utc>,
    ) -> TokenEndpoint<'a> {
        TokenEndpoint {
            settings: self.settings(),
            provider,
            http: &self.0.http,
            now,
        }
    }

    async fn verify_id_token(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        expected: Expected<'_>,
    ) -> Result<IdTokenClaims, Error> {
        let kid = jws::kid_of(&tokens.id_token);
        let keys = self.keys(provider, kid.as_deref()).await?;
        let measure = Measure {
            settings: self.settings(),
            issuer: provider.issuer(),
            keys: &keys,
            access_token: &tokens.access_token,
            now: clock::now(),
        };
        Ok(measure.verify(&tokens.id_token, expected)?)
    }

    /// OpenID Connect Core 1.0 §5.3: claims about the ID token's subject and nobody else.
    async fn ask_userinfo(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        sub: &str,
    ) -> Result<Option<UserInfoClaims>, Error> {
        let Some(endpoint) = provider
            .userinfo_endpoint()
            .filter(|_| self.settings().userinfo)
        else {
            return Ok(None);
        };
        let client = CoreClient::new(
            ClientId::new(self.settings().client_id.clone()),
            provider.issuer().clone(),
            CoreJsonWebKeySet::default(),
        )
        .set_user_info_url(endpoint.clone());
        let subject = SubjectIdentifier::new(sub.to_owned());
        let request = client.user_info(tokens.access_token.clone(), Some(subject));
        let answer = request
            .request_async::<ProvinceClaims, Http, CoreGenderClaim>(&self.0.http)
            .await;
        answer.map(Some).map_err(|error| userinfo_refusal(&error))
    }
}

fn userinfo_refusal(error: &UserInfoError<FetchError>) -> Error {
    match error {
        UserInfoError::Request(fetch) => (*fetch).into(),
        UserInfoError::Response(..) => Refused::Refused.into(),
        UserInfoError::ClaimsVerification(
            openidconnect::ClaimsVerificationError::InvalidSubject(_),
        ) => Refused::Subject.into(),
        _ => Refused::Malformed.into(),
    }
}
