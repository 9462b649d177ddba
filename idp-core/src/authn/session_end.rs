//! Ending sessions: the one place that knows what goes with a session. Signing out, a new
//! password, a reset, a disabled account and an undone import all end sessions here.

use crate::base::entropy::Entropy;
use crate::base::seal::SealingKey;
use crate::event::{Actor, Circumstances, Event, What};
use crate::model::client::Client;
use crate::model::grant::{Grant, GrantState};
use crate::model::session::{Session, SessionEnd};
use crate::model::{LocalText, SessionId, UserId};
use crate::oidc::backchannel::{EndedSession, deliveries};
use crate::store::change::{Change, EndSession, EndSessions};
use crate::store::decision::Decision;

/// Where one person is signed in, and who has to hear that it is over.
#[derive(Clone, Debug, Default)]
pub struct SignedIn {
    /// The sessions in question.
    pub sessions: Vec<Session>,
    /// The grants given in them, in any state; and, where everything is to end, the person's
    /// other grants that still live.
    pub grants: Vec<Grant>,
    /// The clients of those grants.
    pub clients: Vec<Client>,
    /// The person's public subject; absent when no client that is told it ever asked.
    pub sub: Option<String>,
}

impl SignedIn {
    /// The names of the applications that will be told. Who does not listen is not named: no page
    /// must promise a sign-out there.
    pub fn told(&self) -> Vec<LocalText> {
        let listens = |c: &&Client| {
            c.backchannel_logout_uri.is_some() || c.features.frontchannel_logout_uri.is_some()
        };
        let told = self.clients.iter().filter(listens);
        told.map(|c| c.name.clone()).collect()
    }
}

/// What ending came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions ended now.
    pub sessions: u32,
    /// Deliveries put into the outbox.
    pub logouts: u32,
}

/// What is to be written because sessions end.
#[derive(Clone, Debug, Default)]
pub struct SessionsEnded {
    /// How much it is.
    pub ended: Ended,
    /// What to write.
    pub changes: Vec<Change>,
    /// What to record.
    pub events: Vec<Event>,
}

impl SessionsEnded {
    /// Adds it to the decision that is its cause, so that both are one commit.
    pub fn join<T>(self, mut decision: Decision<T>) -> Decision<T> {
        decision.changes.extend(self.changes);
        decision.events.extend(self.events);
        decision
    }
}

/// Why sessions end, by whom, and under which circumstances.
#[derive(Clone, Debug)]
pub struct SessionEnding<'a> {
    /// Why.
    pub why: SessionEnd,
    /// Who ends them.
    pub actor: Actor,
    /// When, where, in which request.
    pub here: &'a Circumstances,
    /// Seals the deliveries.
    pub sealing: &'a SealingKey,
}

impl SessionEnding<'_> {
    /// Ends the given sessions. Their grants are revoked unless they outlive the session
    /// (`offline_access`; OpenID Connect Back-Channel Logout 1.0 §2.7), and every client with a
    /// back-channel address that was let in is told. A session that is over already stays as it
    /// is. No version is checked: a thief who keeps refreshing must not outrun the end, and a grant
    /// that was given after `signed_in` was read is worth nothing without its session. Of two ends
    /// at the same moment the first counts, and both are recorded.
    pub fn end(&self, signed_in: &SignedIn, entropy: &mut Entropy) -> SessionsEnded {
        let mut result = SessionsEnded::default();
        for session in signed_in.sessions.iter().filter(|s| s.ended.is_none()) {
            result.changes.push(Change::EndSession(EndSession {
                session: session.id,
                at: self.here.now,
                why: self.why,
            }));
            self.announce(session, signed_in, &mut result, entropy);
            let given = |g: &&Grant| g.session == session.id && !g.offline && is_alive(g);
            for grant in signed_in.grants.iter().filter(given) {
                result.changes.push(Change::RevokeGrant(grant.id));
                result.events.push(self.revoked(grant, entropy));
            }
        }
        result
    }

    /// Ends everything a person has but one session: all other sessions and all grants, those of
    /// that session and those that outlive theirs included. It is one change that checks no version, because the end
    /// of an account must not lose a race; so what began after `signed_in` was read ends with
    /// the rest and has neither event nor delivery of its own.
    pub fn end_all(
        &self,
        user: UserId,
        except: Option<SessionId>,
        signed_in: &SignedIn,
        entropy: &mut Entropy,
    ) -> SessionsEnded {
        let mut result = SessionsEnded::default();
        result.changes.push(Change::EndSessions(EndSessions {
            user,
            except,
            at: self.here.now,
            why: self.why,
        }));
        let over = |s: &&Session| s.ended.is_none() && Some(s.id) != except;
        for session in signed_in.sessions.iter().filter(over) {
            self.announce(session, signed_in, &mut result, entropy);
        }
        for grant in signed_in.grants.iter().filter(|g| is_alive(g)) {
            result.events.push(self.revoked(grant, entropy));
        }
        result
    }

    /// Records the end of a session, and tells its clients.
    fn announce(
        &self,
        session: &Session,
        signed_in: &SignedIn,
        result: &mut SessionsEnded,
        entropy: &mut Entropy,
    ) {
        let what = What::SessionEnded {
            user: session.user,
            session: session.id,
            why: self.why,
        };
        result
            .events
            .push(self.here.event(self.actor.clone(), what, entropy));
        result.ended.sessions += 1;
        let ended = EndedSession {
            session: session.id,
            grants: &signed_in.grants,
            sub: signed_in.sub.as_deref(),
        };
        let told = deliveries(
            ended,
            &signed_in.clients,
            self.sealing,
            self.here.now,
            entropy,
        );
        result.ended.logouts += u32::try_from(told.len()).unwrap_or(u32::MAX);
        result.changes.extend(told.into_iter().map(Change::Outbox));
    }

    fn revoked(&self, grant: &Grant, entropy: &mut Entropy) -> Event {
        let what = What::GrantRevoked {
            client: grant.client.clone(),
            grant: grant.id,
            reason: self.why.name().to_owned(),
        };
        self.here.event(self.actor.clone(), what, entropy)
    }
}

fn is_alive(grant: &Grant) -> bool {
    grant.state != GrantState::Revoked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::base::issuer::IssuerKey;
    use crate::model::GrantId;
    use crate::model::client::ClientKind;

    fn session(number: u128) -> Session {
        Session {
            id: SessionId::from_u128(number),
            ..sample::session(sample::user("an").id)
        }
    }

    fn grant(number: u128, session: &Session, (state, offline): (GrantState, bool)) -> Grant {
        let client = sample::client(ClientKind::Web, &[]);
        Grant {
            id: GrantId::from_u128(number),
            state,
            offline,
            ..sample::grant(session, &client)
        }
    }

    /// Two live sessions, one that is over, and six grants: 1 to 4 in the first session, 5 in the
    /// second, 6 in the one that is over. The client listens.
    fn signed_in() -> SignedIn {
        use GrantState::{Active, Authorized, Revoked};
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let (one, two, mut over) = (session(1), session(2), session(3));
        over.ended = Some((sample::NOW, SessionEnd::SignedOut));
        let grants = vec![
            grant(1, &one, (Active, false)),
            grant(2, &one, (Authorized, false)),
            grant(3, &one, (Active, true)),
            grant(4, &one, (Revoked, false)),
            grant(5, &two, (Active, false)),
            grant(6, &over, (Active, true)),
        ];
        SignedIn {
            sessions: vec![one, two, over],
            grants,
            clients: vec![client],
            sub: Some("sub".into()),
        }
    }

    fn ending(
        run: impl FnOnce(&SessionEnding<'_>, &mut Entropy) -> SessionsEnded,
    ) -> SessionsEnded {
        let sealing = SealingKey::derive(&[1; 32], "outbox").unwrap();
        let here = Circumstances::of_system(IssuerKey::main(), sample::NOW);
        let ending = SessionEnding {
            why: SessionEnd::CredentialReset,
            actor: Actor::System,
            here: &here,
            sealing: &sealing,
        };
        run(&ending, &mut sample::entropy())
    }

    /// Sessions and grants whose end is recorded.
    fn recorded(result: &SessionsEnded) -> (Vec<u128>, Vec<u128>) {
        let (mut sessions, mut grants) = (Vec::new(), Vec::new());
        for event in &result.events {
            match &event.what {
                What::SessionEnded { session, why, .. } => {
                    assert_eq!(*why, SessionEnd::CredentialReset);
                    sessions.push(session.as_u128());
                }
                What::GrantRevoked { grant, reason, .. } => {
                    assert_eq!(reason, "credential_reset");
                    grants.push(grant.as_u128());
                }
                other => panic!("{other:?}"),
            }
        }
        (sessions, grants)
    }

    fn told(result: &SessionsEnded) -> usize {
        let told = |c: &&Change| matches!(c, Change::Outbox(_));
        result.changes.iter().filter(told).count()
    }

    #[test]
    fn a_session_takes_its_grants_along_but_not_those_that_outlive_it() {
        let result = ending(|ending, entropy| ending.end(&signed_in(), entropy));
        assert_eq!(recorded(&result), (vec![1, 2], vec![1, 2, 5]));
        let written = |change: &Change| match change {
            Change::EndSession(end) => Some(end.session.as_u128()),
            Change::RevokeGrant(grant) => Some(grant.as_u128()),
            _ => None,
        };
        let written: Vec<_> = result.changes.iter().filter_map(written).collect();
        assert_eq!(written, [1, 1, 2, 2, 5]);
        let ended = Ended {
            sessions: 2,
            logouts: 2,
        };
        assert_eq!((result.ended, told(&result)), (ended, 2));
    }

    #[test]
    fn a_session_that_is_over_ends_once() {
        let mut facts = signed_in();
        facts.sessions.drain(..2);
        let result = ending(|ending, entropy| ending.end(&facts, entropy));
        assert!(result.changes.is_empty() && result.events.is_empty());
        assert_eq!(result.ended, Ended::default());
    }

    #[test]
    fn everything_ends_but_the_session_that_is_kept() {
        let user = sample::user("an").id;
        for (except, sessions) in [(None, vec![1, 2]), (Some(session(1).id), vec![2])] {
            let result = ending(|e, entropy| e.end_all(user, except, &signed_in(), entropy));
            assert_eq!(told(&result), sessions.len());
            assert_eq!(result.changes.len(), sessions.len() + 1);
            let all = EndSessions {
                user,
                except,
                at: sample::NOW,
                why: SessionEnd::CredentialReset,
            };
            assert_eq!(result.changes[0], Change::EndSessions(all));
            assert_eq!(recorded(&result), (sessions, vec![1, 2, 3, 5, 6]));
        }
    }

    #[test]
    fn nobody_is_told_of_a_person_without_a_subject() {
        let facts = SignedIn {
            sub: None,
            ..signed_in()
        };
        let result = ending(|ending, entropy| ending.end(&facts, entropy));
        assert_eq!((told(&result), result.ended.sessions), (0, 2));
    }
}
