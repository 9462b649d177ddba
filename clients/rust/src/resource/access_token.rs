//! JWT access tokens (RFC 9068) and what both kinds of token have in common.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Caller, ResourceServer};
use crate::error::{AccessTokenError, Error};
use crate::jws::{self, Audience, Compact, Unverified};
use crate::session::Authentication;
use crate::strict;

/// The claims that decide, in a JWT or in an introspection answer.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(default)]
    pub(super) iss: Option<String>,
    #[serde(default)]
    pub(super) aud: Option<Audience>,
    #[serde(default)]
    pub(super) sub: Option<String>,
    #[serde(default)]
    pub(super) client_id: Option<String>,
    #[serde(default)]
    pub(super) exp: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Option<Vec<String>>,
    #[serde(default)]
    auth_time: Option<i64>,
    #[serde(default)]
    sid: Option<String>,
}

impl ResourceServer {
    /// Verifies a JWT access token (RFC 9068 §4): `typ` is `at+jwt`, so that no ID token or logout
    /// token passes for one; algorithm and signature; then the claims, all of §2.2 present.
    pub(super) async fn verify_jwt(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Caller, Error> {
        let compact = Compact::parse(token).ok_or(AccessTokenError::Malformed)?;
        if compact.typ().as_deref() != Some("at+jwt") || compact.is_extended() {
            return Err(AccessTokenError::Type.into());
        }
        let client = self.client();
        let provider = client.provider().await?;
        let keys = client
            .keys(&provider, compact.header.kid.as_deref())
            .await?;
        let payload = compact
            .verify(&keys, &client.settings().algorithms)
            .map_err(|e| match e {
                Unverified::Algorithm => AccessTokenError::Algorithm,
                Unverified::KeyUnknown => AccessTokenError::KeyUnknown,
                Unverified::Signature => AccessTokenError::Signature,
            })?;
        let all: Map<String, Value> = strict::parse(payload).ok_or(AccessTokenError::Malformed)?;
        let claims = Claims::of(&all)?;
        let complete = claims.iss.is_some() && claims.aud.is_some() && claims.iat.is_some();
        if !complete || !all.contains_key("jti") {
            return Err(AccessTokenError::Incomplete.into());
        }
        Ok(self.caller(claims, all, now)?)
    }

    /// The caller of these claims: issuer and audience where stated, lifetime, subject and client.
    pub(super) fn caller(
        &self,
        claims: Claims,
        all: Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Result<Caller, AccessTokenError> {
        let settings = self.client().settings();
        if claims.iss.as_ref().is_some_and(|i| *i != settings.issuer) {
            return Err(AccessTokenError::Issuer);
        }
        if claims
            .aud
            .as_ref()
            .is_some_and(|a| !a.names(&self.0.audience))
        {
            return Err(AccessTokenError::Audience);
        }
        let instant = |seconds: i64| jws::instant(seconds).ok_or(AccessTokenError::Malformed);
        let expires = instant(claims.exp.ok_or(AccessTokenError::Incomplete)?)?;
        if now >= expires + settings.tolerance() {
            return Err(AccessTokenError::Expired);
        }
        let latest = now + settings.tolerance();
        if claims
            .nbf
            .map(instant)
            .transpose()?
            .is_some_and(|at| at > latest)
        {
            return Err(AccessTokenError::NotYetValid);
        }
        if claims
            .iat
            .map(instant)
            .transpose()?
            .is_some_and(|at| at > latest)
        {
            return Err(AccessTokenError::IssuedInFuture);
        }
        let scopes = claims.scope.unwrap_or_default();
        Ok(Caller {
            sub: claims.sub.ok_or(AccessTokenError::Incomplete)?,
            client_id: claims.client_id.ok_or(AccessTokenError::Incomplete)?,
            scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
            authentication: Authentication {
                acr: claims.acr,
                amr: claims.amr.unwrap_or_default(),
                auth_time: claims.auth_time.map(instant).transpose()?,
                sid: claims.sid,
            },
            expires,
            claims: all,
        })
    }
}

impl Claims {
    pub(super) fn of(all: &Map<String, Value>) -> Result<Self, AccessTokenError> {
        serde_json::from_value(Value::Object(all.clone())).map_err(|_| AccessTokenError::Malformed)
    }
}
