//! Signing in with a name and a password.

use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::SessionId;
use crate::model::authentication::{Authentication, Level, Method};
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::session::Session;
use crate::model::user::{AccountKind, User};
use crate::ports::PasswordVerdict;
use crate::store::change::{Change, Write};
use crate::store::decision::{Asks, Deciding, Decision};

/// What the person sent.
#[derive(Clone, Debug)]
pub struct SignInRequest {
    /// The password.
    pub password: SecretText,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// What is known about the name that was typed.
#[derive(Clone, Debug, Default)]
pub struct SignInFacts {
    /// The account, if the name is anybody's.
    pub user: Option<User>,
    /// Its credentials.
    pub credentials: Vec<Credential>,
    /// The answer to [`Asks::VerifyPassword`].
    pub verdict: Option<PasswordVerdict>,
    /// The answer to [`Asks::HashPassword`], for an outdated hash.
    pub rehashed: Option<String>,
    /// The live session that this browser holds now.
    pub current: Option<Session>,
}

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session, as it is committed.
    pub session: Session,
    /// The browser's secret.
    pub secret: SecretText,
}

/// Decides a sign-in. Unknown names, wrong passwords, disabled accounts and accounts without a
/// password are refused alike, after the same work ([`Reason::CredentialsWrong`]).
pub fn decide(
    request: &SignInRequest,
    facts: &SignInFacts,
    deciding: &mut Deciding<'_>,
) -> Decision<NewSession> {
    let found = facts
        .credentials
        .iter()
        .find_map(|c| c.password().map(|p| (c, p)));
    let Some(verdict) = facts.verdict else {
        return Decision::need(Asks::VerifyPassword {
            hash: found.map(|(_, password)| password.hash.clone()),
            password: request.password.clone(),
        });
    };
    let active = facts
        .user
        .as_ref()
        .filter(|u| u.is_active() && signs_in_here(u.kind));
    let (Some(user), Some((credential, password)), true) = (active, found, verdict.correct) else {
        return refused(facts, deciding);
    };
    if verdict.outdated && facts.rehashed.is_none() {
        return Decision::need(Asks::HashPassword {
            password: request.password.clone(),
        });
    }
    let current = facts.current.as_ref().filter(|s| s.user == user.id && s.ended.is_none());
    let mut decision = begin(request, (user, current), password.must_change, deciding);
    if let Some(hash) = &facts.rehashed {
        upgrade(&mut decision, (user, credential, password), hash, deciding);
    }
    decision
}

/// Services are programs: they sign in as clients.
fn signs_in_here(kind: AccountKind) -> bool {
    kind != AccountKind::Service
}

fn refused(facts: &SignInFacts, deciding: &mut Deciding<'_>) -> Decision<NewSession> {
    let refusal = Refusal::new(Reason::CredentialsWrong);
    match &facts.user {
        None => Decision::refused(refusal),
        Some(user) => {
            let what = What::SignInRefused {
                user: user.id,
                reason: if user.is_active() {
                    "password_wrong"
                } else {
                    "account_disabled"
                }
                .into(),
            };
            let event = deciding.event(Actor::Anonymous, what);
            Decision::refused(refusal).with_event(event)
        }
    }
}

/// Begins a session, or renews the one the same person holds in this browser: the secret is new
/// in any case, the `sid` stays, so that signing in again signs nobody out of an application.
/// The session of another person is the flow's to end.
fn begin(
    request: &SignInRequest,
    (user, current): (&User, Option<&Session>),
    must_change: bool,
    deciding: &mut Deciding<'_>,
) -> Decision<NewSession> {
    let now = deciding.now();
    let secret = SecretText::generate(deciding.entropy);
    let authentication = Authentication {
        methods: vec![Method::Password],
        level: Level::One,
        at: now,
    };
    let session = Session {
        id: current.map_or_else(|| SessionId::generate(now, deciding.entropy), |s| s.id),
        version: current.map_or(crate::model::Version::NEW, |s| s.version),
        issuer: deciding.policy.issuer_key.clone(),
        user: user.id,
        secret: secret.digest(),
        authentication,
        created_at: current.map_or(now, |s| s.created_at),
        last_seen_at: now,
        expires_at: now + deciding.policy.lifetimes.session_total,
        password_change_needed: must_change,
        ended: None,
        user_agent: request.user_agent.chars().take(120).collect(),
    };
    let what = What::SignedIn {
        user: user.id,
        session: session.id,
        acr: session.authentication.level.acr().to_owned(),
        amr: session
            .authentication
            .methods
            .iter()
            .map(|m| m.amr().to_owned())
            .collect(),
    };
    let event = deciding.event(Actor::User(user.id), what);
    Decision::done(NewSession {
        session: session.clone(),
        secret,
    })
    .with_change(Change::Session(Write::Put(session)))
    .with_event(event)
}

fn upgrade(
    decision: &mut Decision<NewSession>,
    (user, credential, password): (&User, &Credential, &PasswordCredential),
    hash: &str,
    deciding: &mut Deciding<'_>,
) {
    let stronger = PasswordCredential {
        hash: hash.to_owned(),
        ..password.clone()
    };
    let upgraded = Credential {
        secret: CredentialSecret::Password(stronger),
        ..credential.clone()
    };
    decision
        .changes
        .push(Change::Credential(Write::Put(upgraded)));
    let event = deciding.event(
        Actor::User(user.id),
        What::PasswordUpgraded { user: user.id },
    );
    decision.events.push(event);
}
