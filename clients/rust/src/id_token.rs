//! Validation of ID tokens (OpenID Connect Core 1.0 §3.1.3.7).

use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, AuthorizationCodeHash,
    ClaimsVerificationError, ClientId, IdToken, IdTokenVerifier, IssuerUrl, Nonce,
    SignatureVerificationError,
};

use crate::claims::{IdTokenClaims, ProvinceClaims};
use crate::error::IdTokenError;
use crate::settings::Settings;
use crate::step_up::{Demand, is_recent};
use crate::strict;

type Token = IdToken<
    ProvinceClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What an ID token is measured against.
pub(crate) struct Measure<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) issuer: &'a IssuerUrl,
    pub(crate) keys: &'a CoreJsonWebKeySet,
    pub(crate) access_token: &'a AccessToken,
    /// What this sign-in demanded beyond the settings.
    pub(crate) demand: &'a Demand,
    /// The code that the token was exchanged for, if it was one.
    pub(crate) code: Option<&'a str>,
    pub(crate) now: DateTime<Utc>,
}

/// What the token's nonce must be.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// The nonce of this sign-in.
    Nonce(&'a Nonce),
    /// A refreshed token: no nonce needed (§12.2), every other check of a sign-in already made.
    Refreshed,
}

impl Measure<'_> {
    /// The claims of `raw`, once every rule holds.
    ///
    /// In order: readable, no member twice; type, nesting and critical extensions; `iss`; `aud` is this client and
    /// nobody else; algorithm allowed; signature; `exp` and `iat` within the clock skew; nonce;
    /// then `azp`, `acr`, `auth_time` and, where present, `at_hash` and `c_hash`.
    pub(crate) fn verify(
        &self,
        raw: &str,
        expected: Expected<'_>,
    ) -> Result<IdTokenClaims, IdTokenError> {
        check_members(raw)?;
        let token = Token::from_str(raw).map_err(|_| IdTokenError::Malformed)?;
        let verifier = self.verifier();
        let claims = match expected {
            Expected::Nonce(nonce) => token.claims(&verifier, nonce),
            Expected::Refreshed => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
        };
        let claims = claims.map_err(|e| named(&e))?;
        self.check_issued(claims)?;
        self.check_authorized_party(claims)?;
        if let Expected::Nonce(_) = expected {
            self.check_strength(claims)?;
            self.check_auth_time(claims)?;
        }
        self.check_hashes(&token, &verifier, claims)?;
        Ok(claims.clone())
    }

    fn verifier(&self) -> IdTokenVerifier<'static, CoreJsonWebKey> {
        // The library refuses at `now >= exp`; handing it an earlier `now` grants the skew.
        let lenient = self.now - self.settings.tolerance();
        IdTokenVerifier::new_public_client(
            ClientId::new(self.settings.client_id.clone()),
            self.issuer.clone(),
            self.keys.clone(),
        )
        .set_allowed_algs(self.settings.algorithms.iter().cloned())
        .set_time_fn(move || lenient)
    }

    fn check_issued(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        if claims.issue_time() > self.now + self.settings.tolerance() {
            return Err(IdTokenError::IssuedInFuture);
        }
        Ok(())
    }

    /// §3.1.3.7 items 4 and 5: an `azp` that is present names this client.
    fn check_authorized_party(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        match claims.authorized_party() {
            Some(party) if party.as_str() != self.settings.client_id => {
                Err(IdTokenError::AuthorizedParty)
            }
            _ => Ok(()),
        }
    }

    /// §3.1.3.7 item 12, for the settings and for this sign-in.
    fn check_strength(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        let stated = claims.auth_context_ref().map(|acr| acr.as_str());
        let meets = |accepted: &[String]| {
            accepted.is_empty() || stated.is_some_and(|acr| accepted.iter().any(|a| a == acr))
        };
        if meets(&self.settings.demand.acr_values) && meets(&self.demand.acr_values) {
            Ok(())
        } else {
            Err(IdTokenError::Acr)
        }
    }

    /// §3.1.3.7 item 13, by the shorter of both ages.
    fn check_auth_time(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        let ages = [self.settings.demand.max_age, self.demand.max_age];
        let Some(max_age) = ages.into_iter().flatten().min() else {
            return Ok(());
        };
        let auth_time = claims.auth_time().ok_or(IdTokenError::AuthTimeMissing)?;
        if is_recent(auth_time, max_age, self.now, self.settings.tolerance()) {
            Ok(())
        } else {
            Err(IdTokenError::AuthTimeTooOld)
        }
    }

    /// §3.1.3.8 and §3.3.2.11: optional in the code flow, binding when present.
    fn check_hashes(
        &self,
        token: &Token,
        verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
        claims: &IdTokenClaims,
    ) -> Result<(), IdTokenError> {
        let (at_hash, c_hash) = (claims.access_token_hash(), claims.code_hash());
        if at_hash.is_none() && c_hash.is_none() {
            return Ok(());
        }
        let alg = token.signing_alg().map_err(|_| IdTokenError::Unsigned)?;
        let key = token
            .signing_key(verifier)
            .map_err(|_| IdTokenError::KeyUnknown)?;
        if let Some(stated) = at_hash {
            let computed = AccessTokenHash::from_token(self.access_token, alg, key);
            if !computed.is_ok_and(|hash| hash == *stated) {
                return Err(IdTokenError::AccessTokenHash);
            }
        }
        // A refreshed token may repeat the hash of a code that is no longer at hand.
        if let (Some(stated), Some(code)) = (c_hash, self.code) {
            let code = AuthorizationCode::new(code.to_owned());
            let computed = AuthorizationCodeHash::from_code(&code, alg, key);
            if !computed.is_ok_and(|hash| hash == *stated) {
                return Err(IdTokenError::CodeHash);
            }
        }
        Ok(())
    }
}

/// Header and claims name no member twice; what cannot be read at all is refused further on.
fn check_members(raw: &str) -> Result<(), IdTokenError> {
    let parts = raw.split('.').take(2);
    let decoded = parts.filter_map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    for json in decoded {
        let readable = serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok();
        if readable && !strict::is_unique(&json) {
            return Err(IdTokenError::MemberTwice);
        }
    }
    Ok(())
}

fn named(error: &ClaimsVerificationError) -> IdTokenError {
    use SignatureVerificationError as Signature;
    match error {
        ClaimsVerificationError::Expired(_) => IdTokenError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => IdTokenError::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => IdTokenError::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => IdTokenError::Nonce,
        ClaimsVerificationError::Unsupported(_) => IdTokenError::Type,
        ClaimsVerificationError::SignatureVerification(signature) => match signature {
            Signature::NoSignature => IdTokenError::Unsigned,
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) => IdTokenError::Algorithm,
            Signature::NoMatchingKey | Signature::AmbiguousKeyId(_) => IdTokenError::KeyUnknown,
            _ => IdTokenError::Signature,
        },
        _ => IdTokenError::Malformed,
    }
}

/// §12.2: a refreshed ID token keeps the subject, the sign-in time and, if it has one, the nonce.
pub(crate) fn check_unchanged(
    first: &crate::session::Session,
    claims: &IdTokenClaims,
) -> Result<(), IdTokenError> {
    let same_subject = claims.subject().as_str() == first.person.sub;
    let same_time = match (claims.auth_time(), first.authentication.auth_time) {
        (Some(now), Some(then)) => now.timestamp() == then.timestamp(),
        _ => true,
    };
    let same_nonce = claims
        .nonce()
        .is_none_or(|n| crate::random::digest(n.secret()) == first.nonce_digest);
    if same_subject && same_time && same_nonce {
        Ok(())
    } else {
        Err(IdTokenError::Changed)
    }
}
