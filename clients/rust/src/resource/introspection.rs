//! Asking the provider about a token (RFC 7662), and reading signed answers (RFC 9701).

use chrono::{DateTime, TimeDelta, Utc};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::access_token::Claims;
use super::{Caller, ResourceServer};
use crate::error::{AccessTokenError, Error, IntrospectionError, MetadataError};
use crate::exchange::Form;
use crate::jwe;
use crate::jws::{self, Audience, Compact, Unverified};
use crate::strict;

/// Oldest signed answer taken: it belongs to this exchange and to no earlier one.
const ANSWER_AGE: TimeDelta = TimeDelta::minutes(1);

#[derive(Deserialize)]
struct Signed {
    iss: String,
    aud: Audience,
    iat: i64,
    token_introspection: Map<String, Value>,
    #[serde(default)]
    exp: Option<i64>,
}

impl ResourceServer {
    /// What the provider says about `token`. Nothing is remembered: every call asks.
    ///
    /// `active` must be true; `iss` and `aud`, where stated, must be this provider and this API
    /// (RFC 7662 §4 leaves them to the provider; without `aud` its word that the token is active
    /// for the asking client must do).
    pub(super) async fn introspect(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Caller, Error> {
        let client = self.client();
        let provider = client.provider().await?;
        let endpoint = provider
            .introspection_endpoint()
            .ok_or(MetadataError::IntrospectionMissing)?;
        let signed = self.0.signed_introspection;
        let form = Form {
            endpoint,
            fields: &[
                ("token".to_owned(), token.to_owned()),
                ("token_type_hint".to_owned(), "access_token".to_owned()),
            ],
            accept: if signed {
                "application/token-introspection+jwt"
            } else {
                "application/json"
            },
        };
        let answer = client.exchange(None).post(&form).await?;
        let kind = answer.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
        let all = if kind.starts_with("application/token-introspection+jwt") {
            self.read_signed(answer.body(), now).await?
        } else if signed {
            return Err(IntrospectionError::Unsigned.into());
        } else {
            strict::parse(answer.body()).ok_or(IntrospectionError::Malformed)?
        };
        match all.get("active").and_then(Value::as_bool) {
            Some(true) => Ok(self.caller(Claims::of(&all)?, all, now)?),
            Some(false) => Err(AccessTokenError::Inactive.into()),
            None => Err(IntrospectionError::Malformed.into()),
        }
    }

    /// RFC 9701 §5: typed, signed by the provider, addressed to this client, and fresh.
    async fn read_signed(
        &self,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, Error> {
        let text = std::str::from_utf8(body).map_err(|_| IntrospectionError::Malformed)?;
        let mut text = text.trim().to_owned();
        let client = self.client();
        let settings = client.settings();
        if jwe::is_encrypted(&text) {
            text = jwe::open(&text, &settings.decryption_keys)?;
        }
        let compact = Compact::parse(&text).ok_or(IntrospectionError::Malformed)?;
        let typed = compact.typ().as_deref() == Some("token-introspection+jwt");
        if !typed || compact.is_extended() {
            return Err(IntrospectionError::Type.into());
        }
        let provider = client.provider().await?;
        let keys = client
            .keys(&provider, compact.header.kid.as_deref())
            .await?;
        let payload = compact
            .verify(&keys, &settings.algorithms)
            .map_err(|e| match e {
                Unverified::Algorithm => IntrospectionError::Algorithm,
                Unverified::KeyUnknown => IntrospectionError::KeyUnknown,
                Unverified::Signature => IntrospectionError::Signature,
            })?;
        let signed: Signed = strict::parse(payload).ok_or(IntrospectionError::Malformed)?;
        if signed.iss != settings.issuer {
            return Err(IntrospectionError::Issuer.into());
        }
        if !signed.aud.is_only(&settings.client_id) {
            return Err(IntrospectionError::Audience.into());
        }
        let issued = jws::instant(signed.iat).ok_or(IntrospectionError::Malformed)?;
        let ended = signed.exp.map(|exp| jws::instant(exp).unwrap_or(issued));
        let old = now - issued > ANSWER_AGE + settings.tolerance();
        let early = issued > now + settings.tolerance();
        if old || early || ended.is_some_and(|end| now >= end + settings.tolerance()) {
            return Err(IntrospectionError::Stale.into());
        }
        Ok(signed.token_introspection)
    }
}
