//! Verification as a service: what a certificate or a signature is worth by the trust of this
//! installation, and which certificates somebody holds.

use super::{Failure, Provider, RequestContext};
use crate::admin::trust::Believed;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::model::credential::CertificateCredential;
use crate::model::identifier::{IdentifierKey, IdentifierKind};
use crate::model::trust::SETTING;
use crate::model::user::User;
use crate::oauth::certificate_api;
use crate::oauth::params::Parameters;
use crate::oauth::sender::Sender;
use crate::trust::SIGNS_IN;
use crate::trust::explain::{Explanation, Presented};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// A certificate; a detached CMS signature where there is content.
    pub presented: Vec<u8>,
    /// What the signature is over.
    pub content: Option<Vec<u8>>,
    /// As of when; now when absent.
    pub at: Option<Timestamp>,
}

impl Provider {
    /// Checks that the request shows an access token of a service with this scope.
    ///
    /// # Errors
    /// The refusals of RFC 6750 and of [`certificate_api::check`], or a fault.
    pub async fn entitled(
        &self,
        sender: impl Into<Sender<'_>>,
        scope: &str,
        context: &RequestContext,
    ) -> Result<(), Failure> {
        let body = Parameters::default();
        let usable = self.usable_token(&sender.into(), &body, context).await?;
        let client = self.client_named(Some(&usable.claims.client_id)).await?;
        let asked = (self.policy.issuer.as_str(), scope);
        certificate_api::check(&usable.claims, usable.revoked, client.as_ref(), asked)?;
        Ok(())
    }

    /// Verifies, and asks outside for the status where the path holds and it is asked about now; of
    /// an earlier moment only what is kept tells. That something is worth nothing is an answer, which
    /// comes with the moment as of which it is given.
    ///
    /// # Errors
    /// [`Reason::VerificationInFuture`], or a fault of the store.
    pub async fn explain_certificate(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<(Explanation, Timestamp), Failure> {
        let at = question.at.unwrap_or(now);
        if now < at {
            return Err(Reason::VerificationInFuture.into());
        }
        let trust = Believed::parse(self.records.setting(SETTING).await?)?.trust;
        let read = Presented::read(&question.presented, question.content.as_deref());
        let judged = match read.and_then(|presented| presented.find(&trust, &SIGNS_IN, at)) {
            Ok(judged) => judged,
            Err(explanation) => return Ok((explanation, at)),
        };
        let asked = judged.found().question(at);
        let evidence = match question.at {
            None => self.certificate_status.learned(asked).await?,
            Some(_) => self.certificate_status.known(asked).await?,
        };
        Ok((judged.conclude(&evidence, at), at))
    }

    /// The certificates of the active account with this subject, or with this user name, that are not
    /// over; none, alike, for nobody and for somebody without any. A mail address or a number names
    /// nobody here.
    ///
    /// # Errors
    /// [`Reason::CertificateHolderUnnamed`] unless exactly one of both is given; a fault of the store.
    pub async fn certificates_of(
        &self,
        whom: (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<Vec<CertificateCredential>, Failure> {
        let user = match whom {
            (Some(sub), None) => {
                let issuer = &self.policy.issuer_key;
                self.records.user_by_subject(issuer, sub).await?
            }
            (None, Some(name)) => self.by_user_name(name).await?,
            _ => return Err(Reason::CertificateHolderUnnamed.into()),
        };
        let Some(user) = user.filter(User::is_active) else {
            return Ok(Vec::new());
        };
        let credentials = self.records.credentials(user.id).await?;
        let held = credentials.iter().filter_map(|c| c.certificate());
        Ok(held.filter(|held| now < held.expires_at).cloned().collect())
    }

    async fn by_user_name(&self, name: &str) -> Result<Option<User>, Failure> {
        let Some(key) = IdentifierKey::typed(name) else {
            return Ok(None);
        };
        let found = self.records.user_by_identifier(&key).await?;
        let named = |user: &User| {
            let mut own = user.identifiers.iter();
            own.any(|i| i.kind == IdentifierKind::UserName && i.key() == key)
        };
        Ok(found.map(|(user, _)| user).filter(named))
    }
}
