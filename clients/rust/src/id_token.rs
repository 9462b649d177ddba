//! Validation of ID tokens (OpenID Connect Core 1.0 §3.1.3.7).

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IdToken, IdTokenVerifier,
    IssuerUrl, Nonce, SignatureVerificationError,
};

use crate::claims::{IdTokenClaims, ProvinceClaims};
use crate::error::IdTokenError;
use crate::settings::Settings;

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
    /// In order: readable; type, nesting and critical extensions; `iss`; `aud` is this client and
    /// nobody else; algorithm allowed; signature; `exp` and `iat` within the clock skew; nonce;
    /// then `azp`, `acr`, `auth_time` and, where present, `at_hash`.
    pub(crate) fn verify(
        &self,
        raw: &str,
        expected: Expected<'_>,
    ) -> Result<IdTokenClaims, IdTokenError> {
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
        self.check_access_token_hash(&token, &verifier, claims)?;
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

    /// §3.1.3.7 item 12.
    fn check_strength(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        let accepted = &self.settings.accepted_acr;
        let stated = claims.auth_context_ref().map(|acr| acr.as_str());
        if accepted.is_empty() || stated.is_some_and(|acr| accepted.iter().any(|a| a == acr)) {
            Ok(())
        } else {
            Err(IdTokenError::Acr)
        }
    }

    /// §3.1.3.7 item 13.
    fn check_auth_time(&self, claims: &IdTokenClaims) -> Result<(), IdTokenError> {
        let Some(max_age) = self.settings.max_age else {
            return Ok(());
        };
        let auth_time = claims.auth_time().ok_or(IdTokenError::AuthTimeMissing)?;
        let max_age = TimeDelta::from_std(max_age).unwrap_or(TimeDelta::MAX);
        if self.now - auth_time
            > max_age
                .checked_add(&self.settings.tolerance())
                .unwrap_or(max_age)
        {
            return Err(IdTokenError::AuthTimeTooOld);
        }
        Ok(())
    }

    /// §3.1.3.8: optional in the code flow, binding when present.
    fn check_access_token_hash(
        &self,
        token: &Token,
        verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
        claims: &IdTokenClaims,
    ) -> Result<(), IdTokenError> {
        let Some(stated) = claims.access_token_hash() else {
            return Ok(());
        };
        let alg = token.signing_alg().map_err(|_| IdTokenError::Unsigned)?;
        let key = token
            .signing_key(verifier)
            .map_err(|_| IdTokenError::KeyUnknown)?;
        let computed = AccessTokenHash::from_token(self.access_token, alg, key);
        if computed.is_ok_and(|hash| hash == *stated) {
            Ok(())
        } else {
            Err(IdTokenError::AccessTokenHash)
        }
    }
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
