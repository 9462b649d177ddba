//! Forms that this client posts to its provider, proving itself: pushed requests, introspection.

use chrono::{DateTime, Utc};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use openidconnect::{HttpRequest, HttpResponse};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::dpop::{DpopKey, Nonces, Proving, error_of};
use crate::error::{Error, Fault, FetchError, ProviderRefusal, PushError};
use crate::http::Http;
use crate::settings::Settings;
use crate::strict;

/// Longest `request_uri` taken from a provider, in bytes.
const REQUEST_URI_MAX: usize = 512;

/// What every exchange with the provider needs.
#[derive(Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) http: &'a Http,
    pub(crate) nonces: &'a Nonces,
    /// The key of the proofs sent along, if the settings ask for proofs.
    pub(crate) dpop: Option<&'a DpopKey>,
    pub(crate) now: DateTime<Utc>,
}

/// A form for one endpoint.
pub(crate) struct Form<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) fields: &'a [(String, String)],
    pub(crate) accept: &'static str,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
    expires_in: u64,
}

impl<'a> Exchange<'a> {
    pub(crate) fn proving(&self) -> Proving<'a> {
        Proving::new(self.http, self.nonces, self.dpop)
    }

    /// Posts `form` with this client's credentials, once more where the server asks for its nonce.
    /// Answers a success; a refusal in JSON becomes `provider_refused`, anything else
    /// `provider_status`.
    pub(crate) async fn post(&self, form: &Form<'_>) -> Result<HttpResponse, Error> {
        let proving = self.proving();
        loop {
            let answer = proving.fetch(self.request(form)?).await?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            if proving.must_repeat(error_of(&answer).as_deref(), form.endpoint)? {
                continue;
            }
            let refusal: Refusal = strict::parse(answer.body()).ok_or(FetchError::Status)?;
            let description = refusal.error_description.as_deref();
            return Err(Error::Provider(ProviderRefusal::new(
                &refusal.error,
                description,
            )));
        }
    }

    fn request(&self, form: &Form<'_>) -> Result<HttpRequest, Error> {
        let settings = self.settings;
        let credentials =
            settings
                .authentication
                .credentials(&settings.client_id, &settings.issuer, self.now)?;
        let mut body = form_urlencoded::Serializer::new(String::new());
        // What proves the client comes from the credentials alone.
        body.extend_pairs(form.fields.iter().filter(|(name, _)| name != "client_id"));
        body.extend_pairs(credentials.parameters);
        let mut request = http::Request::post(form.endpoint.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, form.accept);
        if let Some(authorization) = credentials.authorization {
            let mut value = HeaderValue::from_str(&authorization).map_err(|_| Fault::Request)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(body.finish().into_bytes());
        Ok(request.map_err(|_| Fault::Request)?)
    }

    /// Pushes the authorization request in `url`'s query (RFC 9126 §2) and answers the address that
    /// refers to it: client and `request_uri`, nothing else (§4).
    pub(crate) async fn push(&self, endpoint: &Url, url: &Url) -> Result<Url, Error> {
        let fields: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let form = Form {
            endpoint,
            fields: &fields,
            accept: "application/json",
        };
        let answer = self.post(&form).await?;
        let pushed: Pushed = strict::parse(answer.body()).ok_or(PushError::Malformed)?;
        let uri = pushed.request_uri;
        let plain = uri.bytes().all(|b| matches!(b, b'!'..=b'~'));
        if uri.is_empty() || uri.len() > REQUEST_URI_MAX || !plain || pushed.expires_in == 0 {
            return Err(PushError::Malformed.into());
        }
        let mut short = url.clone();
        short
            .query_pairs_mut()
            .clear()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("request_uri", &uri);
        Ok(short)
    }
}
