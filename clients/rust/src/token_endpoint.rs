//! Asking the token endpoint, by way of `oauth2`.

use std::fmt;

use chrono::TimeDelta;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, StandardErrorResponse,
    StandardRevocableToken, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};

use crate::client_authentication::ClientAuthentication;
use crate::dpop::Proving;
use crate::error::{Error, Fault, FetchError, ProviderRefusal, TokenAnswerError};
use crate::exchange::Exchange;
use crate::provider::Provider;
use crate::session::Tokens;
use crate::settings::Settings;

/// The ID token rides along as text, so that its own faults keep their own names.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RawIdToken {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl fmt::Debug for RawIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawIdToken").finish_non_exhaustive()
    }
}

impl ExtraTokenFields for RawIdToken {}

type Answer = StandardTokenResponse<RawIdToken, BasicTokenType>;

/// An `oauth2` client with authorization and token endpoint in place.
pub(crate) type OauthClient = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Tokens of one answer, before the ID token is verified.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) tokens: Tokens,
    pub(crate) has_id_token: bool,
}

/// The client of these settings at this provider.
pub(crate) fn oauth_client(settings: &Settings, provider: &Provider) -> Result<OauthClient, Error> {
    let redirect =
        RedirectUrl::new(settings.address_of("/callback")).map_err(|_| Fault::Request)?;
    let client = oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_auth_uri(provider.authorization_endpoint().clone())
        .set_token_uri(provider.token_endpoint().clone())
        .set_redirect_uri(redirect);
    Ok(match &settings.authentication {
        ClientAuthentication::SecretBasic(secret) => client
            .set_client_secret(secret.clone())
            .set_auth_type(AuthType::BasicAuth),
        ClientAuthentication::SecretPost(secret) => client
            .set_client_secret(secret.clone())
            .set_auth_type(AuthType::RequestBody),
        // Nothing but the client's name: an assertion or a certificate does the rest, if any.
        _ => client,
    })
}

/// One client's view of one provider's token endpoint.
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) exchange: Exchange<'a>,
}

impl TokenEndpoint<'_> {
    /// Redeems a code (RFC 6749 §4.1.3) with its PKCE verifier (RFC 7636 §4.5).
    pub(crate) async fn redeem(
        &self,
        code: &str,
        verifier: &PkceCodeVerifier,
    ) -> Result<Received, Error> {
        let client = oauth_client(self.exchange.settings, self.provider)?;
        let proving = self.exchange.proving();
        loop {
            let verifier = PkceCodeVerifier::new(verifier.secret().clone());
            let mut request = client
                .exchange_code(AuthorizationCode::new(code.to_owned()))
                .set_pkce_verifier(verifier);
            for (name, value) in self.assertion()? {
                request = request.add_extra_param(name, value);
            }
            match request.request_async(&proving).await {
                Ok(answer) => return self.received(&answer, None),
                Err(error) => self.judge(&error, &proving)?,
            }
        }
    }

    /// Trades a refresh token (RFC 6749 §6).
    pub(crate) async fn refresh(&self, token: &RefreshToken) -> Result<Received, Error> {
        let client = oauth_client(self.exchange.settings, self.provider)?;
        let proving = self.exchange.proving();
        loop {
            let mut request = client.exchange_refresh_token(token);
            for (name, value) in self.assertion()? {
                request = request.add_extra_param(name, value);
            }
            match request.request_async(&proving).await {
                Ok(answer) => return self.received(&answer, Some(token)),
                Err(error) => self.judge(&error, &proving)?,
            }
        }
    }

    /// The parameters of a client assertion, where this client sends one: new for each attempt,
    /// since the provider may have seen the `jti` before it asked for its nonce.
    fn assertion(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let Exchange { settings, now, .. } = self.exchange;
        let (client, issuer) = (&settings.client_id, &settings.issuer);
        settings.authentication.assertion(client, issuer, now)
    }

    /// Nothing when the request is to be sent once more, with the nonce just learnt.
    fn judge(&self, error: &Failed, proving: &Proving<'_>) -> Result<(), Error> {
        if let RequestTokenError::ServerResponse(answer) = error {
            let code = answer.error().as_ref();
            let endpoint = self.provider.token_endpoint().url();
            if proving.must_repeat(Some(code), endpoint)? {
                return Ok(());
            }
        }
        Err(refusal(error))
    }

    /// Checks the token type (RFC 6749 §7.1): `DPoP` where a proof was sent, since a Bearer token
    /// would work for whoever steals it (RFC 9449 §5), and `Bearer` otherwise.
    fn received(&self, answer: &Answer, old: Option<&RefreshToken>) -> Result<Received, Error> {
        let bound = matches!(answer.token_type(), BasicTokenType::Extension(t) if t == "dpop");
        let bearer = *answer.token_type() == BasicTokenType::Bearer;
        match self.exchange.dpop {
            Some(_) if bearer => return Err(TokenAnswerError::NotBound.into()),
            Some(_) if bound => {}
            None if bearer => {}
            _ => return Err(TokenAnswerError::Type.into()),
        }
        let now = self.exchange.now;
        let lifetime = answer
            .expires_in()
            .and_then(|d| TimeDelta::from_std(d).ok());
        let id_token = answer.extra_fields().id_token.clone();
        Ok(Received {
            has_id_token: id_token.is_some(),
            tokens: Tokens {
                access_token: answer.access_token().clone(),
                // A provider that does not rotate sends none; the old one stays good (§6).
                refresh_token: answer.refresh_token().or(old).cloned(),
                access_token_expires: lifetime.and_then(|d| now.checked_add_signed(d)),
                id_token: id_token.unwrap_or_default(),
                dpop: self.exchange.dpop.cloned(),
            },
        })
    }
}

type Failed = RequestTokenError<FetchError, BasicErrorResponse>;

fn refusal(error: &Failed) -> Error {
    match error {
        RequestTokenError::ServerResponse(answer) => said(answer),
        RequestTokenError::Request(fetch) => (*fetch).into(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => FetchError::Malformed.into(),
    }
}

fn said(answer: &StandardErrorResponse<oauth2::basic::BasicErrorResponseType>) -> Error {
    let code = answer.error().as_ref();
    let description = answer.error_description().map(String::as_str);
    Error::Provider(ProviderRefusal::new(code, description))
}
