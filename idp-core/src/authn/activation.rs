//! Setting a password: by a one-time link that an administrator handed over, or by its holder.

use super::password_rules;
use super::session_end::{SessionEnding, SignedIn};
use crate::base::refusal::{Reason, Refusal};
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::session::{Session, SessionEnd};
use crate::model::user::User;
use crate::model::{CredentialId, Version};
use crate::ports::PasswordVerdict;
use crate::store::change::{Change, Write};
use crate::store::decision::{Asks, Deciding, Decision};

/// A new password, entered twice.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// First entry.
    pub first: SecretText,
    /// Second entry.
    pub second: SecretText,
}

/// What proves that the password may be set.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The credential behind a one-time link; absent when the link is unknown.
    Link(Option<Credential>),
    /// The session of the person, the current password, and the answer to checking it.
    Current {
        /// The live session.
        session: Box<Session>,
        /// The current password.
        password: SecretText,
        /// The answer to [`Asks::VerifyPassword`].
        verdict: Option<PasswordVerdict>,
    },
}

/// What is known.
#[derive(Clone, Debug)]
pub struct ActivationFacts {
    /// Whose password it is.
    pub user: User,
    /// All credentials.
    pub credentials: Vec<Credential>,
    /// The proof.
    pub proof: Proof,
    /// For each earlier password that may not come back: whether the new one is it. Filled round
    /// by round, newest first.
    pub matches_earlier: Vec<bool>,
    /// The answer to [`Asks::HashPassword`].
    pub hash: Option<String>,
    /// Everywhere the person is signed in; looked at once the hash is there.
    pub signed_in: SignedIn,
}

/// A password that was set.
#[derive(Clone, Debug)]
pub struct PasswordSet {
    /// The new secret of the session in which the holder set it: every change of authentication
    /// renews it. Absent after a one-time link, which begins no session.
    pub session_secret: Option<SecretText>,
}

/// Whether a one-time link works at `now`.
///
/// # Errors
/// [`Reason::LinkUnknown`] alike for unknown and used links and for disabled accounts;
/// [`Reason::LinkExpired`] to whoever holds the secret of a link that is over.
pub fn check_link(
    found: Option<&(Credential, User)>,
    now: crate::base::time::Timestamp,
) -> Result<(), Refusal> {
    let link = found
        .filter(|(_, user)| user.is_active())
        .and_then(|(credential, _)| match &credential.secret {
            CredentialSecret::ActivationLink(link) => Some(link),
            CredentialSecret::Password(_) | CredentialSecret::Certificate(_) => None,
        });
    match link {
        None => Err(Reason::LinkUnknown.into()),
        Some(link) if now >= link.expires_at => Err(Reason::LinkExpired.into()),
        Some(_) => Ok(()),
    }
}

/// Decides a new password. A session that is over proves nothing ([`Reason::PageExpired`]), and
/// its guesses are not looked at. On success the link is gone, every other session of the account
/// ends and its clients are told (`sealing` seals that), the holder's own session has a new
/// secret, and the old password goes into the history.
pub fn decide(
    new: &NewPassword,
    facts: &ActivationFacts,
    sealing: &SealingKey,
    deciding: &mut Deciding<'_>,
) -> Decision<PasswordSet> {
    if let Err(decision) = check_proof(facts, deciding) {
        return *decision;
    }
    if new.first.expose() != new.second.expose() {
        return Decision::refused(Reason::PasswordsDiffer);
    }
    let rules = &deciding.policy.passwords;
    if let Err(reason) = password_rules::check(&new.first, &facts.user.user_name(), rules) {
        return Decision::refused(reason);
    }
    let current = facts
        .credentials
        .iter()
        .find_map(|c| c.password().map(|p| (c, p)));
    let earlier: Vec<&String> = current
        .map(|(_, p)| {
            std::iter::once(&p.hash)
                .chain(&p.history)
                .take(rules.history)
                .collect()
        })
        .unwrap_or_default();
    if facts.matches_earlier.contains(&true) {
        return Decision::refused(Reason::PasswordUsedBefore);
    }
    if let Some(hash) = earlier.get(facts.matches_earlier.len()) {
        let hash = Some((*hash).clone());
        return Decision::need(Asks::VerifyPassword {
            hash,
            password: new.first.clone(),
        });
    }
    match &facts.hash {
        None => Decision::need(Asks::HashPassword {
            password: new.first.clone(),
        }),
        Some(hash) => {
            let written = written(facts, current, (hash, &earlier), deciding);
            set(facts, written, sealing, deciding)
        }
    }
}

fn check_proof(
    facts: &ActivationFacts,
    deciding: &Deciding<'_>,
) -> Result<(), Box<Decision<PasswordSet>>> {
    match &facts.proof {
        Proof::Link(credential) => {
            let found = credential.clone().map(|c| (c, facts.user.clone()));
            check_link(found.as_ref(), deciding.now())
                .map_err(|refusal| Box::new(Decision::refused(refusal)))
        }
        Proof::Current { session, .. }
            if !session.is_live(deciding.now(), deciding.policy.lifetimes.session_idle) =>
        {
            Err(Box::new(Decision::refused(Reason::PageExpired)))
        }
        Proof::Current {
            password,
            verdict: None,
            ..
        } => {
            let hash = facts
                .credentials
                .iter()
                .find_map(|c| c.password().map(|p| p.hash.clone()));
            Err(Box::new(Decision::need(Asks::VerifyPassword {
                hash,
                password: password.clone(),
            })))
        }
        Proof::Current {
            verdict: Some(verdict),
            ..
        } if verdict.correct => Ok(()),
        Proof::Current { .. } => Err(Box::new(Decision::refused(Reason::CurrentPasswordWrong))),
    }
}

/// The credential with the new password, in the place of the old one.
fn written(
    facts: &ActivationFacts,
    current: Option<(&Credential, &PasswordCredential)>,
    (hash, earlier): (&str, &[&String]),
    deciding: &mut Deciding<'_>,
) -> Credential {
    let now = deciding.now();
    let password = PasswordCredential {
        hash: hash.to_owned(),
        must_change: false,
        history: earlier.iter().map(|h| (*h).clone()).collect(),
    };
    let secret = CredentialSecret::Password(password);
    match current {
        Some((old, _)) => Credential {
            secret,
            set_at: now,
            ..old.clone()
        },
        None => Credential {
            id: CredentialId::generate(now, deciding.entropy),
            version: Version::NEW,
            user: facts.user.id,
            secret,
            set_at: now,
        },
    }
}

fn set(
    facts: &ActivationFacts,
    credential: Credential,
    sealing: &SealingKey,
    deciding: &mut Deciding<'_>,
) -> Decision<PasswordSet> {
    let user = facts.user.id;
    let kept = match &facts.proof {
        Proof::Link(_) => None,
        Proof::Current { session, .. } => Some(renewed(session, deciding)),
    };
    let (session, session_secret) = kept.unzip();
    let mut decision = Decision::done(PasswordSet { session_secret })
        .with_change(Change::Credential(Write::Put(credential)))
        .with_event(deciding.event(Actor::User(user), What::PasswordSet { user }));
    for link in facts.credentials.iter().filter(|c| c.password().is_none()) {
        decision
            .changes
            .push(Change::Credential(Write::Remove(link.clone())));
    }
    let kept = session.as_ref().map(|s| s.id);
    let session = session.map(|s| Change::Session(Write::Put(s)));
    decision.changes.extend(session);
    let ending = SessionEnding {
        why: SessionEnd::CredentialReset,
        actor: Actor::User(user),
        here: deciding.here,
        sealing,
    };
    ending
        .end_all(user, kept, &facts.signed_in, deciding.entropy)
        .join(decision)
}

/// The holder's session with a new secret: whoever knew the old one knows nothing any more.
fn renewed(session: &Session, deciding: &mut Deciding<'_>) -> (Session, SecretText) {
    let secret = SecretText::generate(deciding.entropy);
    let session = Session {
        secret: secret.digest(),
        password_change_needed: false,
        ..session.clone()
    };
    (session, secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::base::secret::Digest;
    use crate::base::time::Timestamp;
    use crate::model::client::ClientKind;
    use crate::model::credential::ActivationLink;
    use crate::model::user::AccountState;
    use crate::oauth::sample::{NOW, Stage, after, reason};
    use crate::store::change::EndSessions;
    use crate::store::decision::Outcome;

    const GOOD: &str = "bốn con trâu qua sông";

    fn new(first: &str, second: &str) -> NewPassword {
        NewPassword {
            first: SecretText::new(first.to_owned()),
            second: SecretText::new(second.to_owned()),
        }
    }

    fn credential(number: u128, secret: CredentialSecret) -> Credential {
        Credential {
            id: CredentialId::from_u128(number),
            version: Version(2),
            user: sample::user("an").id,
            secret,
            set_at: NOW,
        }
    }

    fn link(expires_at: Timestamp) -> Credential {
        let digest = Digest::of(b"link");
        credential(
            1,
            CredentialSecret::ActivationLink(ActivationLink { digest, expires_at }),
        )
    }

    fn password(hash: &str, history: &[&str]) -> Credential {
        let history = history.iter().map(|h| (*h).to_owned()).collect();
        let hash = hash.to_owned();
        let password = PasswordCredential {
            hash,
            must_change: true,
            history,
        };
        credential(2, CredentialSecret::Password(password))
    }

    /// The holder of a good link, before anything was asked.
    fn by_link(credentials: &[Credential]) -> ActivationFacts {
        ActivationFacts {
            user: sample::user("nguyen.an"),
            credentials: credentials.to_vec(),
            proof: Proof::Link(Some(link(after(1)))),
            matches_earlier: Vec::new(),
            hash: None,
            signed_in: SignedIn::default(),
        }
    }

    fn by_holder(verdict: Option<bool>) -> ActivationFacts {
        let user = sample::user("nguyen.an");
        let mut session = sample::session(user.id);
        session.password_change_needed = true;
        let proof = Proof::Current {
            session: Box::new(session),
            password: SecretText::new("cũ".into()),
            verdict: verdict.map(|correct| PasswordVerdict {
                correct,
                outdated: false,
            }),
        };
        ActivationFacts {
            proof,
            user,
            ..by_link(&[password("now", &["h1", "h2"])])
        }
    }

    fn set(new: &NewPassword, facts: &ActivationFacts) -> Decision<PasswordSet> {
        let sealing = SealingKey::derive(&[1; 32], "outbox").unwrap();
        decide(new, facts, &sealing, &mut Stage::at(NOW).deciding())
    }

    /// The hash that is asked to be checked against which password.
    fn asked(facts: &ActivationFacts) -> (Option<String>, String) {
        match set(&new(GOOD, GOOD), facts).outcome {
            Outcome::Need(Asks::VerifyPassword { hash, password }) => {
                (hash, password.expose().to_owned())
            }
            other => panic!("{other:?}"),
        }
    }

    fn ended(decision: &Decision<PasswordSet>) -> EndSessions {
        let found = decision.changes.iter().find_map(|change| match change {
            Change::EndSessions(end) => Some(end.clone()),
            _ => None,
        });
        found.unwrap()
    }

    #[test]
    fn a_link_that_is_over_says_so_and_every_other_is_refused_alike() {
        let mut disabled = by_link(&[]);
        disabled.user.state = AccountState::Disabled {
            at: NOW,
            why: String::new(),
        };
        for facts in [
            ActivationFacts {
                proof: Proof::Link(None),
                ..by_link(&[])
            },
            ActivationFacts {
                proof: Proof::Link(Some(password("now", &[]))),
                ..by_link(&[])
            },
            disabled,
        ] {
            let decision = set(&new(GOOD, GOOD), &facts);
            assert_eq!(reason(&decision), Reason::LinkUnknown, "{facts:?}");
            assert!(decision.changes.is_empty() && decision.events.is_empty());
        }
        let over = ActivationFacts {
            proof: Proof::Link(Some(link(NOW))),
            ..by_link(&[])
        };
        assert_eq!(reason(&set(&new(GOOD, GOOD), &over)), Reason::LinkExpired);
    }

    #[test]
    fn each_rule_of_a_password_has_its_reason() {
        for (first, second, expected) in [
            (GOOD, "bốn con trâu qua suối", Reason::PasswordsDiffer),
            ("trâu qua sông", "trâu qua sông", Reason::PasswordTooShort),
            (
                &"ă8k".repeat(90),
                &"ă8k".repeat(90),
                Reason::PasswordTooLong,
            ),
            (
                "xk nguyễn an 82 tấn",
                "xk nguyễn an 82 tấn",
                Reason::PasswordHoldsName,
            ),
            (
                "Mật khẩu 1234567",
                "Mật khẩu 1234567",
                Reason::PasswordTooCommon,
            ),
        ] {
            for facts in [by_link(&[]), by_holder(Some(true))] {
                let decision = set(&new(first, second), &facts);
                assert_eq!(reason(&decision), expected, "{first}");
                assert!(decision.changes.is_empty());
            }
        }
    }

    #[test]
    fn the_holder_proves_the_current_password_before_anything_else() {
        let bad = new("a", "b");
        match set(&bad, &by_holder(None)).outcome {
            Outcome::Need(Asks::VerifyPassword { hash, password }) => {
                assert_eq!((hash.as_deref(), password.expose()), (Some("now"), "cũ"));
            }
            other => panic!("{other:?}"),
        }
        let wrong = set(&bad, &by_holder(Some(false)));
        assert_eq!(reason(&wrong), Reason::CurrentPasswordWrong);
        assert_eq!(
            reason(&set(&bad, &by_holder(Some(true)))),
            Reason::PasswordsDiffer
        );
    }

    #[test]
    fn a_session_that_is_over_proves_nothing() {
        type Over = fn(&mut Session);
        let cases: [Over; 3] = [
            |s| s.ended = Some((NOW, SessionEnd::ByAdministrator)),
            |s| s.expires_at = NOW,
            |s| s.last_seen_at = after(-30 * 60),
        ];
        for over in cases {
            for verdict in [None, Some(true)] {
                let mut facts = by_holder(verdict);
                if let Proof::Current { session, .. } = &mut facts.proof {
                    over(session);
                }
                let decision = set(&new(GOOD, GOOD), &facts);
                assert_eq!(reason(&decision), Reason::PageExpired);
                assert!(decision.changes.is_empty());
            }
        }
    }

    #[test]
    fn none_of_the_last_passwords_comes_back() {
        let history = ["h1", "h2", "h3", "h4", "h5", "h6"];
        let mut facts = by_link(&[password("now", &history)]);
        for hash in ["now", "h1", "h2", "h3", "h4"] {
            assert_eq!(asked(&facts), (Some(hash.to_owned()), GOOD.to_owned()));
            let mut used = facts.clone();
            used.matches_earlier.push(true);
            assert_eq!(
                reason(&set(&new(GOOD, GOOD), &used)),
                Reason::PasswordUsedBefore
            );
            facts.matches_earlier.push(false);
        }
        let next = set(&new(GOOD, GOOD), &facts).outcome;
        assert!(
            matches!(next, Outcome::Need(Asks::HashPassword { .. })),
            "five are enough"
        );
        facts.hash = Some("new".into());
        let decision = set(&new(GOOD, GOOD), &facts);
        let Change::Credential(Write::Put(written)) = &decision.changes[0] else {
            panic!("{decision:?}")
        };
        assert_eq!(
            (written.id, written.version),
            (CredentialId::from_u128(2), Version(2))
        );
        let written = written.password().unwrap();
        assert_eq!((written.hash.as_str(), written.must_change), ("new", false));
        assert_eq!(written.history, ["now", "h1", "h2", "h3", "h4"]);
    }

    #[test]
    fn a_link_is_gone_with_every_other_and_all_sessions_end() {
        let mut facts = by_link(&[link(after(1))]);
        facts.hash = Some("new".into());
        let decision = set(&new(GOOD, GOOD), &facts);
        let Change::Credential(Write::Put(first)) = &decision.changes[0] else {
            panic!("{decision:?}")
        };
        assert_eq!((first.version, first.user), (Version::NEW, facts.user.id));
        assert!(
            decision
                .changes
                .contains(&Change::Credential(Write::Remove(link(after(1)))))
        );
        let user = facts.user.id;
        let expected = EndSessions {
            user,
            except: None,
            at: NOW,
            why: SessionEnd::CredentialReset,
        };
        assert_eq!(ended(&decision), expected);
        assert_eq!(decision.events[0].what, What::PasswordSet { user });
    }

    #[test]
    fn the_clients_of_the_other_sessions_are_told() {
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let mut facts = by_holder(Some(true));
        facts.matches_earlier = vec![false; 3];
        facts.hash = Some("new".into());
        let here = sample::session(facts.user.id);
        let there = Session {
            id: crate::model::SessionId::from_u128(77),
            ..here.clone()
        };
        facts.signed_in = SignedIn {
            grants: vec![
                sample::grant(&here, &client),
                sample::grant(&there, &client),
            ],
            sessions: vec![here, there.clone()],
            clients: vec![client],
            sub: Some("sub".into()),
        };
        let decision = set(&new(GOOD, GOOD), &facts);
        let told = decision.changes.iter();
        let told = told.filter(|c| matches!(c, Change::Outbox(_))).count();
        assert_eq!(told, 1);
        let why = SessionEnd::CredentialReset;
        let (user, session) = (facts.user.id, there.id);
        let what = What::SessionEnded { user, session, why };
        let events: Vec<_> = decision.events.iter().map(|e| &e.what).collect();
        assert_eq!(events[..2], [&What::PasswordSet { user }, &what]);
        let revoked = |what: &&What| matches!(what, What::GrantRevoked { .. });
        assert_eq!(events[2..].iter().filter(|w| revoked(w)).count(), 2);
        assert_eq!(events.len(), 4);
    }

    #[test]
    fn the_holders_own_session_goes_on_and_links_end() {
        let mut facts = by_holder(Some(true));
        facts.credentials.push(link(after(1)));
        facts.matches_earlier = vec![false; 3];
        facts.hash = Some("new".into());
        let decision = set(&new(GOOD, GOOD), &facts);
        let kept = decision.changes.iter().find_map(|change| match change {
            Change::Session(Write::Put(session)) => Some(session),
            _ => None,
        });
        let kept = kept.unwrap();
        assert!(!kept.password_change_needed);
        let before = sample::session(facts.user.id);
        assert_ne!(kept.secret, before.secret, "the secret is renewed");
        let Outcome::Done(set) = &decision.outcome else {
            panic!("{decision:?}")
        };
        let secret = set.session_secret.as_ref().unwrap();
        assert_eq!((kept.secret, kept.id), (secret.digest(), before.id));
        assert_eq!(ended(&decision).except, Some(kept.id));
        assert!(
            decision
                .changes
                .contains(&Change::Credential(Write::Remove(link(after(1)))))
        );
    }
}
