//! Using tokens: refreshing them, asking userinfo, calling resource servers.

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use openidconnect::{HttpRequest, HttpResponse};
use url::Url;

use super::Client;
use super::finish::Context;
use crate::address;
use crate::claims::UserInfoClaims;
use crate::clock;
use crate::dpop::error_of;
use crate::error::{Error, Fault, TokenAnswerError};
use crate::id_token::{self, Expected};
use crate::jws;
use crate::provider::Provider;
use crate::session::{Session, Tokens};
use crate::step_up::Demand;
use crate::userinfo::{self, Answer};

impl Client {
    /// New tokens for a session (RFC 6749 §6, OpenID Connect Core 1.0 §12).
    ///
    /// Refuses with `not_refreshable` without a refresh token, `provider_refused` when the
    /// provider says no (`invalid_grant`: the person must sign in again), and the reasons of
    /// [`IdTokenError`](crate::error::IdTokenError) when a new ID token comes along. Every call
    /// asks the provider: callers of one session take turns, as
    /// [`web::RelyingParty`](crate::web::RelyingParty) does.
    pub async fn refresh(&self, session: &Session) -> Result<Tokens, Error> {
        let refresh_token = session
            .tokens
            .refresh_token
            .as_ref()
            .ok_or(Error::NotRefreshable)?;
        let provider = self.provider().await?;
        let key = session.tokens.dpop.as_ref().or(self.shared_proof_key());
        let endpoint = self.token_endpoint(&provider, key);
        let mut received = endpoint.refresh(refresh_token).await?;
        if received.has_id_token {
            let context = Context {
                expected: Expected::Refreshed,
                demand: &Demand::default(),
                code: None,
            };
            let claims = self
                .verify_id_token(&provider, &mut received.tokens, context)
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

    /// Sends `request` to a resource server with the access token: as `Bearer`, or as `DPoP` with a
    /// fresh proof where the tokens are bound to a key, sent once more where the server asks for
    /// its nonce (RFC 9449 §9).
    ///
    /// Answers whatever the server does, redirects excepted; a refusal may be a
    /// [`Challenge`](crate::Challenge). The limits of this crate hold: ten seconds unless the
    /// settings say otherwise, 512 KiB. Refuses with `resource_insecure` for addresses that are
    /// neither https nor on loopback, and with the reasons of
    /// [`FetchError`](crate::error::FetchError).
    pub async fn call(
        &self,
        tokens: &Tokens,
        mut request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Fault::Request)?;
        if !address::is_acceptable(&url) {
            return Err(TokenAnswerError::ResourceInsecure.into());
        }
        let token = tokens.access_token.secret();
        let scheme = if tokens.dpop.is_some() {
            "DPoP"
        } else {
            "Bearer"
        };
        let mut value =
            HeaderValue::from_str(&format!("{scheme} {token}")).map_err(|_| Fault::Request)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        let exchange = self.exchange(tokens.dpop.as_ref());
        let proving = exchange.proving().showing(token);
        loop {
            let answer: HttpResponse = proving.fetch(request.clone()).await?;
            if !proving.must_repeat(error_of(&answer).as_deref(), &url)? {
                return Ok(answer);
            }
        }
    }

    /// OpenID Connect Core 1.0 §5.3: claims about the ID token's subject and nobody else.
    pub(super) async fn ask_userinfo(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        sub: &str,
    ) -> Result<Option<UserInfoClaims>, Error> {
        let asked = self.settings().userinfo;
        let Some(endpoint) = provider.userinfo_endpoint().filter(|_| asked) else {
            return Ok(None);
        };
        let request: HttpRequest = http::Request::get(endpoint.as_str())
            .header(ACCEPT, "application/json, application/jwt")
            .body(Vec::new())
            .map_err(|_| Fault::Request)?;
        let answer = self.call(tokens, request).await?;
        let json = match userinfo::open(&answer, self.settings())? {
            Answer::Plain(json) => json,
            Answer::Signed(signed) => {
                let kid = jws::kid_of(&signed);
                let keys = self.keys(provider, kid.as_deref()).await?;
                userinfo::verify(&signed, self.settings(), &keys, clock::now())?
            }
        };
        Ok(Some(userinfo::claims(&json, sub)?))
    }
}
