//! Finishing a sign-in with what the browser brought back.

use super::Client;
use crate::claims::{IdTokenClaims, Person};
use crate::clock;
use crate::error::{CallbackError, Error, IdTokenError};
use crate::id_token::{Expected, Measure};
use crate::jarm;
use crate::jwe;
use crate::jws;
use crate::provider::Provider;
use crate::random;
use crate::session::{Authentication, Session, Tokens, seconds};
use crate::sign_in::{Callback, PendingSignIn};
use crate::step_up::Demand;

/// What an ID token of this exchange is measured against besides the settings.
pub(super) struct Context<'a> {
    pub(super) expected: Expected<'a>,
    pub(super) demand: &'a Demand,
    pub(super) code: Option<&'a str>,
}

impl Client {
    /// Reads the query or form of a callback in the response mode that the settings ask for; a
    /// signed answer (JARM) is opened and verified.
    ///
    /// Refuses with `callback_too_long`, `callback_parameter_duplicated`,
    /// `callback_state_missing`, and for signed answers with the reasons of
    /// [`JarmError`](crate::error::JarmError) and [`JweError`](crate::error::JweError).
    pub async fn read_callback(&self, parameters: &str) -> Result<Callback, Error> {
        if !self.settings().response_mode.is_signed() {
            return Ok(Callback::parse(parameters)?);
        }
        let mut response = Callback::response(parameters)?;
        if jwe::is_encrypted(&response) {
            response = jwe::open(&response, &self.settings().decryption_keys)?;
        }
        let compact = jarm::parse(&response)?;
        let provider = self.provider().await?;
        let keys = self.keys(&provider, compact.header.kid.as_deref()).await?;
        jarm::verify(&compact, self.settings(), &keys, clock::now())
    }

    /// Finishes a sign-in.
    ///
    /// Checks `state`, then `iss` (RFC 9207), then the provider's own refusal; redeems the code;
    /// validates the ID token; asks userinfo and compares its `sub`. The caller has made sure that
    /// `pending` belongs to this browser and was taken, not read.
    ///
    /// Refuses with the reasons of [`CallbackError`], [`IdTokenError`],
    /// [`TokenAnswerError`](crate::error::TokenAnswerError),
    /// [`UserInfoError`](crate::error::UserInfoError) and `provider_refused`.
    pub async fn finish(
        &self,
        pending: PendingSignIn,
        callback: &Callback,
    ) -> Result<Session, Error> {
        if clock::now() >= pending.until {
            return Err(CallbackError::StateUnknown.into());
        }
        if random::digest(callback.state()) != random::digest(pending.state()) {
            return Err(CallbackError::StateDiffers.into());
        }
        if callback.signed != self.settings().response_mode.is_signed() {
            return Err(CallbackError::Mode.into());
        }
        let provider = self.provider().await?;
        callback.check_issuer(&self.settings().issuer, provider.promises_issuer())?;
        if let Some(refusal) = callback.refusal() {
            return Err(Error::Provider(refusal));
        }
        let code = callback.code.as_deref().ok_or(CallbackError::CodeMissing)?;
        let key = pending.dpop.as_ref().or(self.shared_proof_key());
        let mut received = self
            .token_endpoint(&provider, key)
            .redeem(code, &pending.verifier)
            .await?;
        if !received.has_id_token {
            return Err(IdTokenError::Missing.into());
        }
        let context = Context {
            expected: Expected::Nonce(&pending.nonce),
            demand: &pending.demand,
            code: Some(code),
        };
        let claims = self
            .verify_id_token(&provider, &mut received.tokens, context)
            .await?;
        let person = self
            .person(&provider, &claims, &pending, &received.tokens)
            .await?;
        let nonce_digest = random::digest(pending.nonce.secret());
        Ok(self.session(person, &claims, received.tokens, nonce_digest))
    }

    /// Who signed in, completed from userinfo, and the person who was to.
    async fn person(
        &self,
        provider: &Provider,
        claims: &IdTokenClaims,
        pending: &PendingSignIn,
        tokens: &Tokens,
    ) -> Result<Person, Error> {
        let mut person = Person::from_id_token(claims);
        if pending.person.as_ref().is_some_and(|p| *p != person.sub) {
            return Err(IdTokenError::OtherPerson.into());
        }
        if let Some(further) = self.ask_userinfo(provider, tokens, &person.sub).await? {
            person.complete_from(&further);
        }
        Ok(person)
    }

    /// Opens an encrypted ID token, leaving the signed one inside among `tokens`: that is the form
    /// for a later `id_token_hint` (RP-Initiated Logout 1.0 §2). Then verifies it.
    pub(super) async fn verify_id_token(
        &self,
        provider: &Provider,
        tokens: &mut Tokens,
        context: Context<'_>,
    ) -> Result<IdTokenClaims, Error> {
        if jwe::is_encrypted(&tokens.id_token) {
            tokens.id_token = jwe::open(&tokens.id_token, &self.settings().decryption_keys)?;
        } else if self.settings().encryption_required {
            return Err(IdTokenError::NotEncrypted.into());
        }
        let kid = jws::kid_of(&tokens.id_token);
        let keys = self.keys(provider, kid.as_deref()).await?;
        let measure = Measure {
            settings: self.settings(),
            issuer: provider.issuer(),
            keys: &keys,
            access_token: &tokens.access_token,
            demand: context.demand,
            code: context.code,
            now: clock::now(),
        };
        Ok(measure.verify(&tokens.id_token, context.expected)?)
    }

    fn session(
        &self,
        person: Person,
        claims: &IdTokenClaims,
        tokens: Tokens,
        nonce_digest: String,
    ) -> Session {
        let now = clock::now();
        let total = chrono::TimeDelta::seconds(seconds(self.settings().session_total));
        Session {
            issuer: self.settings().issuer.clone(),
            person,
            authentication: Authentication::from_id_token(claims),
            tokens,
            began: now,
            expires: now.checked_add_signed(total).unwrap_or(now),
            nonce_digest,
            issued: claims.issue_time(),
            idle_seconds: seconds(self.settings().session_idle),
            used: now,
        }
    }
}
