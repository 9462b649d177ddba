//! Reading userinfo answers: plain, signed, encrypted (OpenID Connect Core 1.0 §5.3.2).

use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{HttpResponse, SubjectIdentifier};
use serde::Deserialize;

use crate::claims::UserInfoClaims;
use crate::error::{Error, FetchError, UserInfoError};
use crate::jwe;
use crate::jws::{self, Audience, Compact, Unverified};
use crate::settings::Settings;
use crate::strict;

/// The body of an answer, opened where it was encrypted.
#[derive(Debug)]
pub(crate) enum Answer {
    /// JSON.
    Plain(Vec<u8>),
    /// A compact JWS, unverified.
    Signed(String),
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    exp: Option<i64>,
}

/// Opens an answer and holds its form against the settings. Refuses with `userinfo_refused`,
/// `userinfo_not_encrypted`, `userinfo_unsigned`, `userinfo_malformed` and the reasons of
/// [`JweError`](crate::error::JweError).
pub(crate) fn open(answer: &HttpResponse, settings: &Settings) -> Result<Answer, Error> {
    if answer.status() != http::StatusCode::OK {
        return Err(UserInfoError::Refused.into());
    }
    let kind = answer.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let jwt = kind
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/jwt"));
    let opened = if jwt {
        let text = std::str::from_utf8(answer.body()).map_err(|_| UserInfoError::Malformed)?;
        open_text(text.trim(), settings)?
    } else if settings.encryption_required {
        return Err(UserInfoError::NotEncrypted.into());
    } else {
        Answer::Plain(answer.body().clone())
    };
    if settings.userinfo_signed && matches!(opened, Answer::Plain(_)) {
        return Err(UserInfoError::Unsigned.into());
    }
    Ok(opened)
}

fn open_text(text: &str, settings: &Settings) -> Result<Answer, Error> {
    if !jwe::is_encrypted(text) {
        if settings.encryption_required {
            return Err(UserInfoError::NotEncrypted.into());
        }
        return Ok(Answer::Signed(text.to_owned()));
    }
    let inner = jwe::open(text, &settings.decryption_keys)?;
    // What was encrypted without being signed is JSON (§5.3.2).
    if inner.starts_with('{') {
        Ok(Answer::Plain(inner.into_bytes()))
    } else {
        Ok(Answer::Signed(inner))
    }
}

/// The JSON of a signed answer, once signature, `iss`, `aud` and, where stated, `exp` hold.
pub(crate) fn verify(
    signed: &str,
    settings: &Settings,
    keys: &CoreJsonWebKeySet,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, UserInfoError> {
    let compact = Compact::parse(signed).ok_or(UserInfoError::Malformed)?;
    if compact.is_extended() || !matches!(compact.typ().as_deref(), None | Some("jwt")) {
        return Err(UserInfoError::Malformed);
    }
    let payload = compact
        .verify(keys, &settings.algorithms)
        .map_err(|e| match e {
            Unverified::Algorithm => UserInfoError::Algorithm,
            Unverified::KeyUnknown => UserInfoError::KeyUnknown,
            Unverified::Signature => UserInfoError::Signature,
        })?;
    let claims: Claims = strict::parse(payload).ok_or(UserInfoError::Malformed)?;
    if claims.iss.as_ref() != Some(&settings.issuer) {
        return Err(UserInfoError::Issuer);
    }
    if !claims
        .aud
        .is_some_and(|aud| aud.is_only(&settings.client_id))
    {
        return Err(UserInfoError::Audience);
    }
    if let Some(exp) = claims.exp {
        let expires = jws::instant(exp).ok_or(UserInfoError::Malformed)?;
        if now >= expires + settings.tolerance() {
            return Err(UserInfoError::Expired);
        }
    }
    Ok(payload.to_vec())
}

/// The claims, which must be about `sub` (§5.3.2): whoever swaps access tokens must not swap people.
pub(crate) fn claims(json: &[u8], sub: &str) -> Result<UserInfoClaims, UserInfoError> {
    if !strict::is_unique(json) {
        return Err(UserInfoError::Malformed);
    }
    let subject = SubjectIdentifier::new(sub.to_owned());
    UserInfoClaims::from_json::<FetchError>(json, Some(&subject)).map_err(|error| match error {
        openidconnect::UserInfoError::ClaimsVerification(_) => UserInfoError::Subject,
        _ => UserInfoError::Malformed,
    })
}
