//! Who is signed in, and the unit paths that a scope needs.

use super::{Failure, Provider};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::model::grant::Grant;
use crate::model::identifier::IdentifierKey;
use crate::model::user::User;
use crate::oauth::scope::Scope;
use crate::oidc::claims::{UnitPath, needs_paths};
use crate::oidc::userinfo;
use crate::store::records::{GrantFacts, SessionFacts};

impl Provider {
    /// Whether what was typed names this person; nothing typed names anybody.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn is_named(&self, user: UserId, typed: &str) -> Result<bool, Failure> {
        if typed.trim().is_empty() {
            return Ok(true);
        }
        let Some(key) = IdentifierKey::typed(typed) else {
            return Ok(false);
        };
        let found = self.records.user_by_identifier(&key).await?;
        Ok(found.is_some_and(|(found, _)| found.id == user))
    }

    /// The live session of a browser with an active user; `None` for everything else.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn live_session(
        &self,
        secret: Option<&SecretText>,
        now: Timestamp,
    ) -> Result<Option<SessionFacts>, Failure> {
        let Some(secret) = secret else {
            return Ok(None);
        };
        let found = self.records.session_by_secret(&secret.digest()).await?;
        let idle = self.policy.lifetimes.session_idle;
        Ok(found.filter(|facts| {
            facts.session.is_live(now, idle)
                && facts.session.issuer == self.policy.issuer_key
                && facts.user.is_active()
        }))
    }

    /// The paths of the units that a grant's tokens name: one read for the plain case, none when
    /// the scope does not speak of units.
    pub(super) async fn paths(
        &self,
        facts: &GrantFacts,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Vec<UnitPath>, Failure> {
        let (chosen, all) = needs_paths(scope);
        if all {
            return self.all_paths(&facts.user, now).await;
        }
        match userinfo::chosen(&facts.grant, facts, now) {
            Some(position) if chosen => Ok(vec![self.records.unit_path(position.unit).await?]),
            _ => Ok(Vec::new()),
        }
    }

    /// The paths of all positions held.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn all_paths(&self, user: &User, now: Timestamp) -> Result<Vec<UnitPath>, Failure> {
        let mut paths = Vec::new();
        for position in user.positions_at(now) {
            paths.push(self.records.unit_path(position.unit).await?);
        }
        Ok(paths)
    }

    /// A grant at this issuer, with user, session and subject.
    pub(super) async fn grant_here(
        &self,
        id: crate::model::GrantId,
    ) -> Result<Option<GrantFacts>, Failure> {
        let here = |facts: &GrantFacts| facts.grant.issuer == self.policy.issuer_key;
        Ok(self.records.grant(id).await?.filter(here))
    }
}

/// The scope of a grant.
pub(super) fn scope_of(grant: &Grant) -> Scope {
    Scope::of(&grant.scope)
}
