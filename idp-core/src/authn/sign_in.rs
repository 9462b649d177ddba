//! Signing in with a name and a password.

use super::session_begin::{Beginning, NewSession};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::authentication::{Level, Method};
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
    let current = facts
        .current
        .as_ref()
        .filter(|s| s.user == user.id && s.ended.is_none());
    let beginning = Beginning {
        methods: vec![Method::Password],
        level: Level::One,
        password_change_needed: password.must_change,
        certificate: None,
        user_agent: &request.user_agent,
    };
    let mut decision = beginning.begin((user, current), deciding);
    match &facts.rehashed {
        Some(hash) => upgrade(&mut decision, (user, credential, password), hash, deciding),
        // A reset between this decision and its commit must not leave a session of the old
        // password.
        None => {
            let (id, version) = (credential.id, credential.version);
            decision
                .changes
                .push(Change::CredentialUnchanged(id, version));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::base::time::Timestamp;
    use crate::model::session::SessionEnd;
    use crate::model::user::AccountState;
    use crate::model::{CredentialId, Version};
    use crate::oauth::sample::{NOW, Stage, after, reason};
    use crate::store::decision::Outcome;
    use std::time::Duration;

    const RIGHT: PasswordVerdict = PasswordVerdict {
        correct: true,
        outdated: false,
    };
    const WRONG: PasswordVerdict = PasswordVerdict {
        correct: false,
        outdated: false,
    };

    fn request() -> SignInRequest {
        SignInRequest {
            password: SecretText::new("mật khẩu".into()),
            user_agent: "ă".repeat(200),
        }
    }

    fn credential(user: &User, must_change: bool) -> Credential {
        let password = PasswordCredential {
            hash: "stored".into(),
            must_change,
            history: vec!["older".into()],
        };
        Credential {
            id: CredentialId::from_u128(1),
            version: Version(3),
            user: user.id,
            secret: CredentialSecret::Password(password),
            set_at: NOW,
        }
    }

    /// The facts of `an`, whose password was judged.
    fn facts(verdict: Option<PasswordVerdict>) -> SignInFacts {
        let user = sample::user("an");
        SignInFacts {
            credentials: vec![credential(&user, false)],
            user: Some(user),
            verdict,
            ..SignInFacts::default()
        }
    }

    fn sign_in(facts: &SignInFacts, now: Timestamp) -> Decision<NewSession> {
        decide(&request(), facts, &mut Stage::at(now).deciding())
    }

    fn asked_hash(facts: &SignInFacts) -> Option<String> {
        match sign_in(facts, NOW).outcome {
            Outcome::Need(Asks::VerifyPassword { hash, password }) => {
                assert_eq!(password.expose(), "mật khẩu");
                hash
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_password_is_worked_on_whoever_it_may_be() {
        assert_eq!(asked_hash(&facts(None)).as_deref(), Some("stored"));
        assert_eq!(asked_hash(&SignInFacts::default()), None);
        let mut none = facts(None);
        none.credentials.clear();
        assert_eq!(asked_hash(&none), None);
        let mut disabled = facts(None);
        disabled.user.as_mut().unwrap().state = AccountState::Disabled {
            at: NOW,
            why: String::new(),
        };
        assert_eq!(asked_hash(&disabled).as_deref(), Some("stored"));
    }

    #[test]
    fn whoever_may_not_sign_in_is_refused_alike() {
        type Change = fn(&mut SignInFacts);
        let cases: [(Change, PasswordVerdict, &[&str]); 6] = [
            (|_| (), WRONG, &["password_wrong"]),
            (
                |f| {
                    f.user.as_mut().unwrap().state = AccountState::Disabled {
                        at: NOW,
                        why: String::new(),
                    }
                },
                RIGHT,
                &["account_disabled"],
            ),
            (
                |f| f.user.as_mut().unwrap().kind = AccountKind::Service,
                RIGHT,
                &["password_wrong"],
            ),
            (|f| f.credentials.clear(), WRONG, &["password_wrong"]),
            (|f| f.credentials.clear(), RIGHT, &["password_wrong"]),
            (
                |f| {
                    f.user = None;
                    f.credentials.clear();
                },
                WRONG,
                &[],
            ),
        ];
        for (change, verdict, recorded) in cases {
            let mut facts = facts(Some(verdict));
            change(&mut facts);
            let decision = sign_in(&facts, NOW);
            assert_eq!(reason(&decision), Reason::CredentialsWrong);
            assert!(decision.changes.is_empty());
            let reasons: Vec<_> = decision
                .events
                .iter()
                .map(|event| match &event.what {
                    What::SignInRefused { reason, .. } => reason.as_str(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(reasons, recorded);
        }
    }

    #[test]
    fn a_new_session_has_a_new_secret_and_says_how_it_began() {
        let decision = sign_in(&facts(Some(RIGHT)), NOW);
        assert!(matches!(decision.events[0].what, What::SignedIn { .. }));
        let NewSession { session, secret } = sample::done(decision);
        assert_eq!(session.secret, secret.digest());
        assert_eq!(
            (session.version, session.user),
            (Version::NEW, sample::user("an").id)
        );
        assert_eq!(
            (session.authentication.level, session.authentication.at),
            (Level::One, NOW)
        );
        assert_eq!(session.authentication.methods, [Method::Password]);
        assert_eq!(session.expires_at, NOW + Duration::from_secs(10 * 3600));
        assert_eq!(session.user_agent.chars().count(), 120);
        assert!(!session.password_change_needed);
    }

    #[test]
    fn a_password_that_somebody_else_set_must_be_changed() {
        let mut facts = facts(Some(RIGHT));
        facts.credentials = vec![credential(facts.user.as_ref().unwrap(), true)];
        assert!(
            sample::done(sign_in(&facts, NOW))
                .session
                .password_change_needed
        );
    }

    #[test]
    fn the_same_person_keeps_the_sid_and_changes_the_secret() {
        let mut facts = facts(Some(RIGHT));
        let current = sample::session(facts.user.as_ref().unwrap().id);
        facts.current = Some(current.clone());
        let NewSession { session, secret } = sample::done(sign_in(&facts, after(300)));
        assert_eq!((session.id, session.version), (current.id, current.version));
        assert_eq!(session.created_at, current.created_at);
        assert_eq!(session.authentication.at, after(300));
        assert_ne!(session.secret, current.secret);
        assert_eq!(session.secret, secret.digest());
    }

    #[test]
    fn another_persons_and_ended_sessions_are_not_renewed() {
        let an = sample::user("an").id;
        let mut ended = sample::session(an);
        ended.ended = Some((NOW, SessionEnd::SignedOut));
        for current in [sample::session(sample::user("binh").id), ended] {
            let mut facts = facts(Some(RIGHT));
            facts.current = Some(current.clone());
            let new = sample::done(sign_in(&facts, NOW)).session;
            assert_ne!(new.id, current.id);
            assert_eq!((new.version, new.user), (Version::NEW, an));
        }
    }

    #[test]
    fn an_outdated_hash_is_replaced_in_the_same_commit() {
        let mut facts = facts(Some(PasswordVerdict {
            outdated: true,
            ..RIGHT
        }));
        match sign_in(&facts, NOW).outcome {
            Outcome::Need(Asks::HashPassword { password }) => {
                assert_eq!(password.expose(), "mật khẩu");
            }
            other => panic!("{other:?}"),
        }
        facts.rehashed = Some("stronger".into());
        let decision = sign_in(&facts, NOW);
        let upgraded = decision.changes.iter().find_map(|change| match change {
            Change::Credential(Write::Put(credential)) => Some(credential),
            _ => None,
        });
        let upgraded = upgraded.unwrap();
        let password = upgraded.password().unwrap();
        assert_eq!(
            (password.hash.as_str(), &password.history),
            ("stronger", &vec!["older".to_owned()])
        );
        assert_eq!((upgraded.version, upgraded.set_at), (Version(3), NOW));
        assert!(
            decision
                .events
                .iter()
                .any(|e| matches!(e.what, What::PasswordUpgraded { .. }))
        );
        let wrong = SignInFacts {
            verdict: Some(PasswordVerdict {
                outdated: true,
                ..WRONG
            }),
            ..facts
        };
        assert_eq!(reason(&sign_in(&wrong, NOW)), Reason::CredentialsWrong);
    }
}
