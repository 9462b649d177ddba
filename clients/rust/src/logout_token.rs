//! Validation of logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::CoreJsonWebKeySet;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::bounded::Bounded;
use crate::error::LogoutTokenError;
use crate::jws::{self, Audience, Compact, Unverified};
use crate::settings::Settings;
use crate::strict;

/// The event that makes a JWT a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Longest logout token read, in bytes.
const TOKEN_MAX: usize = 16 * 1024;
/// Token identifiers remembered against replay. Only correctly signed tokens get this far, so no
/// stranger can push one out.
const REMEMBERED: usize = 10_000;

/// A verified demand of the provider to end sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The provider.
    pub issuer: String,
    /// The person; every session of theirs ends when no `sid` is named.
    pub sub: Option<String>,
    /// The provider's session; only sessions that came from it end.
    pub sid: Option<String>,
    /// When the provider issued the demand; nothing for one that came through the browser, which
    /// is not signed.
    pub issued: Option<DateTime<Utc>>,
    pub(crate) jti: String,
    pub(crate) remember_until: DateTime<Utc>,
    received: Option<DateTime<Utc>>,
}

impl LogoutNotice {
    /// A demand that came through the browser.
    pub(crate) fn unsigned(issuer: &str, sid: String) -> Self {
        Self {
            issuer: issuer.to_owned(),
            sub: None,
            sid: Some(sid),
            issued: None,
            jti: String::new(),
            remember_until: DateTime::UNIX_EPOCH,
            received: None,
        }
    }

    /// The same demand about all sessions of its person, where it names one.
    #[must_use]
    pub fn about_the_person(mut self) -> Self {
        if self.sub.is_some() {
            self.sid = None;
        }
        self
    }

    /// When a signed demand was received; nothing for any other.
    #[must_use]
    pub fn received(&self) -> Option<DateTime<Utc>> {
        self.received
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    events: Option<HashMap<String, Value>>,
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
}

/// A member counts as present whatever its value, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Verifies `token` under the provider's `keys`. The replay check (§2.6 item 7) is
/// [`Replays::note`], which the caller makes last.
///
/// The header's `typ` may be absent, `JWT` or `logout+jwt` (§2.4 recommends the last; older
/// providers send none); any other type is some other token and is refused.
pub(crate) fn verify(
    token: &str,
    settings: &Settings,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
) -> Result<LogoutNotice, LogoutTokenError> {
    let compact = parse(token)?;
    let payload = compact
        .verify(keys, &settings.algorithms)
        .map_err(|e| match e {
            Unverified::Algorithm => LogoutTokenError::Algorithm,
            Unverified::KeyUnknown => LogoutTokenError::KeyUnknown,
            Unverified::Signature => LogoutTokenError::Signature,
        })?;
    let claims: Claims = strict::parse(payload).ok_or(LogoutTokenError::Malformed)?;
    check(&claims, settings, now)?;
    Ok(LogoutNotice {
        issued: Some(instant(claims.iat)?),
        issuer: claims.iss,
        sub: claims.sub,
        sid: claims.sid,
        remember_until: instant(claims.exp)? + settings.tolerance(),
        jti: claims.jti,
        received: Some(now),
    })
}

/// The header rules, which need no key: readable, sized, of the right type.
pub(crate) fn parse(token: &str) -> Result<Compact<'_>, LogoutTokenError> {
    if token.len() > TOKEN_MAX {
        return Err(LogoutTokenError::TooLong);
    }
    let compact = Compact::parse(token).ok_or(LogoutTokenError::Malformed)?;
    let typed = matches!(compact.typ().as_deref(), None | Some("jwt" | "logout+jwt"));
    if !typed || compact.is_extended() {
        return Err(LogoutTokenError::Type);
    }
    Ok(compact)
}

fn check(claims: &Claims, settings: &Settings, now: DateTime<Utc>) -> Result<(), LogoutTokenError> {
    if claims.iss != settings.issuer {
        return Err(LogoutTokenError::Issuer);
    }
    if !claims.aud.is_only(&settings.client_id) {
        return Err(LogoutTokenError::Audience);
    }
    if now >= instant(claims.exp)? + settings.tolerance() {
        return Err(LogoutTokenError::Expired);
    }
    if instant(claims.iat)? > now + settings.tolerance() {
        return Err(LogoutTokenError::IssuedInFuture);
    }
    if claims.sub.is_none() && claims.sid.is_none() {
        return Err(LogoutTokenError::Subject);
    }
    let event = claims.events.as_ref().and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(LogoutTokenError::Events);
    }
    if claims.nonce {
        return Err(LogoutTokenError::Nonce);
    }
    Ok(())
}

fn instant(seconds: i64) -> Result<DateTime<Utc>, LogoutTokenError> {
    jws::instant(seconds).ok_or(LogoutTokenError::Malformed)
}

/// Identifiers of logout tokens already received.
#[derive(Debug)]
pub(crate) struct Replays(Mutex<Bounded<()>>);

impl Default for Replays {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(REMEMBERED)))
    }
}

impl Replays {
    /// Remembers the notice's `jti`, for a day at most; refuses with `logout_token_replayed` when
    /// it is known.
    pub(crate) fn note(
        &self,
        notice: &LogoutNotice,
        now: DateTime<Utc>,
    ) -> Result<(), LogoutTokenError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.expire(now);
        if seen.find_mut(&notice.jti, now).is_some() {
            return Err(LogoutTokenError::Replayed);
        }
        seen.put(
            notice.jti.clone(),
            (),
            notice.remember_until.min(now + TimeDelta::days(1)),
        );
        Ok(())
    }

    /// Forgets the notice, so that the provider may deliver it again after a failure on this side.
    pub(crate) fn forget(&self, notice: &LogoutNotice, now: DateTime<Utc>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(&notice.jti, now);
    }
}
