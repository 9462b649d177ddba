//! A session begins, whatever the person presented.

use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::authentication::{Authentication, Level, Method};
use crate::model::session::{Session, SessionCertificate};
use crate::model::user::User;
use crate::model::{SessionId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// The most characters kept of what a browser calls itself.
const MOST_USER_AGENT: usize = 120;

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session, as it is committed.
    pub session: Session,
    /// The browser's secret.
    pub secret: SecretText,
}

/// What was concluded from what a person presented, and what the session must know of it.
pub(super) struct Beginning<'a> {
    pub(super) methods: Vec<Method>,
    pub(super) level: Level,
    pub(super) password_change_needed: bool,
    pub(super) certificate: Option<Box<SessionCertificate>>,
    pub(super) user_agent: &'a str,
}

impl Beginning<'_> {
    /// Begins a session, or renews the one the same person holds in this browser: the secret is new
    /// in any case, the `sid` stays, so that signing in again signs nobody out of an application.
    /// The session of another person is the flow's to end.
    pub(super) fn begin(
        self,
        (user, current): (&User, Option<&Session>),
        deciding: &mut Deciding<'_>,
    ) -> Decision<NewSession> {
        let now = deciding.now();
        let secret = SecretText::generate(deciding.entropy);
        let session = Session {
            id: current.map_or_else(|| SessionId::generate(now, deciding.entropy), |s| s.id),
            version: current.map_or(Version::NEW, |s| s.version),
            issuer: deciding.policy.issuer_key.clone(),
            user: user.id,
            secret: secret.digest(),
            authentication: Authentication {
                methods: self.methods,
                level: self.level,
                at: now,
            },
            created_at: current.map_or(now, |s| s.created_at),
            last_seen_at: now,
            expires_at: now + deciding.policy.lifetimes.session_total,
            password_change_needed: self.password_change_needed,
            ended: None,
            certificate: self.certificate,
            user_agent: self.user_agent.chars().take(MOST_USER_AGENT).collect(),
        };
        let methods = &session.authentication.methods;
        let what = What::SignedIn {
            user: user.id,
            session: session.id,
            acr: session.authentication.level.acr().to_owned(),
            amr: methods.iter().map(|m| m.amr().to_owned()).collect(),
        };
        let event = deciding.event(Actor::User(user.id), what);
        Decision::done(NewSession {
            session: session.clone(),
            secret,
        })
        .with_change(Change::Session(Write::Put(session)))
        .with_event(event)
    }
}
