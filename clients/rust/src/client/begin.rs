//! Beginning a sign-in.

use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use url::Url;

use super::Client;
use crate::clock;
use crate::dpop::{Dpop, DpopKey};
use crate::error::Error;
use crate::provider::Provider;
use crate::random;
use crate::sign_in::{Begun, PendingSignIn, SignInRequest};
use crate::token_endpoint::oauth_client;

impl Client {
    /// Begins a sign-in: an authorization request (OpenID Connect Core 1.0 §3.1.2.1) with fresh
    /// `state`, `nonce` and PKCE challenge, and the key's `dpop_jkt` where tokens are to be bound
    /// (RFC 9449 §10); pushed to the provider where settings or provider want it (RFC 9126).
    ///
    /// Refuses as discovery does, and when pushing with `provider_refused`,
    /// `pushed_answer_malformed` and the reasons of [`FetchError`](crate::error::FetchError).
    pub async fn begin(&self, wish: SignInRequest) -> Result<Begun, Error> {
        let provider = self.provider().await?;
        let secrets = [random::token()?, random::token()?, random::token()?];
        let own = match self.settings().dpop {
            Dpop::PerSession => Some(DpopKey::generate()?),
            Dpop::Off | Dpop::PerClient(_) => None,
        };
        let further = self.further_parameters(&wish);
        let pending = PendingSignIn::new(secrets, wish, own, clock::now());
        let mut url = self.authorization_url(&provider, &pending, further)?;
        let key = pending.dpop.as_ref().or(self.shared_proof_key());
        if let Some(key) = key {
            url.query_pairs_mut()
                .append_pair("dpop_jkt", key.thumbprint());
        }
        if let Some(endpoint) = provider.pushed_endpoint(self.settings().pushed)? {
            url = self.exchange(key).push(endpoint, &url).await?;
        }
        Ok(Begun { url, pending })
    }

    fn authorization_url(
        &self,
        provider: &Provider,
        pending: &PendingSignIn,
        further: Vec<(&'static str, String)>,
    ) -> Result<Url, Error> {
        let settings = self.settings();
        let state = CsrfToken::new(pending.state().to_owned());
        let client = oauth_client(settings, provider)?;
        let mut request = client
            .authorize_url(move || state)
            .add_scope(Scope::new("openid".to_owned()))
            .add_scopes(settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(
                &pending.verifier,
            ))
            .add_extra_param("nonce", pending.nonce.secret().clone());
        for (name, value) in further {
            request = request.add_extra_param(name, value);
        }
        let (url, _) = request.url();
        Ok(url)
    }

    fn further_parameters(&self, wish: &SignInRequest) -> Vec<(&'static str, String)> {
        let settings = self.settings();
        let mut further = Vec::new();
        let acr_values = if wish.demand.acr_values.is_empty() {
            &settings.demand.acr_values
        } else {
            &wish.demand.acr_values
        };
        if !acr_values.is_empty() {
            further.push(("acr_values", acr_values.join(" ")));
        }
        let ages = [settings.demand.max_age, wish.demand.max_age];
        if let Some(age) = ages.into_iter().flatten().min() {
            further.push(("max_age", age.as_secs().to_string()));
        }
        if let Some(locales) = &wish.ui_locales {
            further.push(("ui_locales", locales.clone()));
        }
        if let Some(prompt) = wish.prompt {
            further.push(("prompt", prompt.parameter().to_owned()));
        }
        if let Some(mode) = settings.response_mode.parameter() {
            further.push(("response_mode", mode.to_owned()));
        }
        further
    }
}
