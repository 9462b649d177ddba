//! Signed authorization responses (JWT Secured Authorization Response Mode for OAuth 2.0, JARM).

use chrono::{DateTime, Utc};
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;

use crate::error::{CallbackError, JarmError};
use crate::jws::{self, Audience, Compact, Unverified};
use crate::settings::Settings;
use crate::sign_in::Callback;
use crate::strict;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

/// Reads the header of a response: readable, and not the type of another token. JARM names no type
/// of its own, so `JWT` and none are taken.
pub(crate) fn parse(response: &str) -> Result<Compact<'_>, JarmError> {
    let compact = Compact::parse(response).ok_or(JarmError::Malformed)?;
    let typed = matches!(compact.typ().as_deref(), None | Some("jwt"));
    if !typed || compact.is_extended() {
        return Err(JarmError::Type);
    }
    Ok(compact)
}

/// The callback inside `compact`, once every rule of JARM §2.4 holds: algorithm allowed, signature,
/// `iss`, `aud` this client alone, `exp` within the clock skew.
///
/// Refuses with the reasons of [`JarmError`], or `callback_state_missing`.
pub(crate) fn verify(
    compact: &Compact<'_>,
    settings: &Settings,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
) -> Result<Callback, crate::error::Error> {
    let payload = compact
        .verify(keys, &settings.algorithms)
        .map_err(|e| match e {
            Unverified::Algorithm => JarmError::Algorithm,
            Unverified::KeyUnknown => JarmError::KeyUnknown,
            Unverified::Signature => JarmError::Signature,
        })?;
    let claims: Claims = strict::parse(payload).ok_or(JarmError::Malformed)?;
    if claims.iss != settings.issuer {
        return Err(JarmError::Issuer.into());
    }
    if !claims.aud.is_only(&settings.client_id) {
        return Err(JarmError::Audience.into());
    }
    let expires = jws::instant(claims.exp).ok_or(JarmError::Malformed)?;
    if now >= expires + settings.tolerance() {
        return Err(JarmError::Expired.into());
    }
    Ok(Callback {
        state: claims.state.ok_or(CallbackError::StateMissing)?,
        // The signature covers what RFC 9207 adds to plain answers.
        iss: Some(claims.iss),
        code: claims.code,
        error: claims.error,
        error_description: claims.error_description,
        signed: true,
    })
}
