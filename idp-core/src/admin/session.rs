//! Sessions: ended one by one, or all those of an account.

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::event::What;
use crate::model::client::Client;
use crate::model::grant::{Grant, GrantState};
use crate::model::session::{Session, SessionEnd};
use crate::model::user::User;
use crate::oidc::backchannel::{EndedSession, deliveries};
use crate::store::change::{Change, EndSessions, Write};
use crate::store::decision::Decision;

/// A session with the grants given in it.
#[derive(Clone, Debug)]
pub struct GrantedSession {
    /// The session.
    pub session: Session,
    /// Its grants.
    pub grants: Vec<Grant>,
}

/// Where somebody is signed in, and who has to hear that it is over.
#[derive(Clone, Debug, Default)]
pub struct SignedIn {
    /// The sessions in question.
    pub sessions: Vec<GrantedSession>,
    /// The clients that were let in during them.
    pub clients: Vec<Client>,
    /// The person's public subject; absent when no client ever asked.
    pub sub: Option<String>,
}

/// What ending came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions ended now.
    pub sessions: u32,
    /// Deliveries put into the outbox.
    pub logouts: u32,
}

impl SignedIn {
    fn deliveries(&self, act: &Act<'_>, of: &GrantedSession, entropy: &mut Entropy) -> Vec<Change> {
        let Some(sub) = &self.sub else {
            return Vec::new();
        };
        let ended = EndedSession {
            session: of.session.id,
            grants: &of.grants,
            sub,
        };
        let entries = deliveries(ended, &self.clients, act.sealing, act.now(), entropy);
        entries.into_iter().map(Change::Outbox).collect()
    }
}

/// Ends one session: grants that do not outlive it are revoked (OpenID Connect Back-Channel
/// Logout §2.7 spares `offline_access`), and its clients are told. A session that is over
/// already stays as it is.
///
/// Refuses with `not_found_here` and `outside_scope`, as for every take-over of `user`.
pub fn end(
    act: &Act<'_>,
    user: &User,
    signed_in: &SignedIn,
    entropy: &mut Entropy,
) -> Decision<Ended> {
    if let Err(reason) = act.by.needs_account(user, act.now()) {
        return Decision::refused(reason);
    }
    let mut decision = Decision::done(Ended::default());
    let mut ended = Ended::default();
    for of in signed_in
        .sessions
        .iter()
        .filter(|s| s.session.ended.is_none())
    {
        let deliveries = signed_in.deliveries(act, of, entropy);
        ended.sessions += 1;
        ended.logouts += u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
        let mut session = of.session.clone();
        session.ended = Some((act.now(), SessionEnd::ByAdministrator));
        let what = What::SessionEnded {
            user: user.id,
            session: session.id,
            why: SessionEnd::ByAdministrator,
        };
        decision = decision
            .with_change(Change::Session(Write::Put(session)))
            .with_event(act.event(what, entropy));
        decision.changes.extend(deliveries);
        for grant in of
            .grants
            .iter()
            .filter(|g| !g.offline && g.state != GrantState::Revoked)
        {
            decision = revoke(act, grant, decision, entropy);
        }
    }
    decision.outcome = crate::store::decision::Outcome::Done(ended);
    decision
}

fn revoke<T>(
    act: &Act<'_>,
    grant: &Grant,
    decision: Decision<T>,
    entropy: &mut Entropy,
) -> Decision<T> {
    let mut revoked = grant.clone();
    revoked.state = GrantState::Revoked;
    let what = What::GrantRevoked {
        client: grant.client.clone(),
        grant: grant.id,
        reason: Reason::SessionOver.name().to_owned(),
    };
    decision
        .with_change(Change::Grant(Write::Put(revoked)))
        .with_event(act.event(what, entropy))
}

/// Adds the end of all sessions and grants of an account, offline ones included, to a decision
/// about it: one change whatever the number, and the news for each client.
pub(super) fn end_all<T>(
    act: &Act<'_>,
    why: SessionEnd,
    of: (&User, &SignedIn),
    decision: Decision<T>,
    entropy: &mut Entropy,
) -> Decision<T> {
    let (user, signed_in) = of;
    let all = EndSessions {
        user: user.id,
        except: None,
        at: act.now(),
        why,
    };
    let mut decision = decision.with_change(Change::EndSessions(all));
    for session in &signed_in.sessions {
        decision
            .changes
            .extend(signed_in.deliveries(act, session, entropy));
        let what = What::SessionEnded {
            user: user.id,
            session: session.session.id,
            why,
        };
        decision = decision.with_event(act.event(what, entropy));
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, JUSTICE, Stage, done, reason};
    use crate::model::client::ClientKind;

    fn facts(user: &User) -> SignedIn {
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let session = sample::session(user.id);
        let mut offline = sample::grant(&session, &client);
        offline.offline = true;
        let grants = vec![sample::grant(&session, &client), offline];
        SignedIn {
            sessions: vec![GrantedSession { session, grants }],
            clients: vec![client],
            sub: Some("sub".into()),
        }
    }

    #[test]
    fn an_ended_session_takes_its_grants_along_but_not_offline_ones() {
        let user = sample::with_position(sample::user("an"), HEALTH);
        let stage = Stage::health();
        let facts = facts(&user);
        let decision = end(&stage.act(), &user, &facts, &mut sample::entropy());
        let revoked = decision
            .changes
            .iter()
            .filter(|c| matches!(c, Change::Grant(_)))
            .count();
        assert_eq!(
            (revoked, decision.changes.len(), decision.events.len()),
            (1, 3, 2)
        );
        assert_eq!(
            done(decision),
            Ended {
                sessions: 1,
                logouts: 1
            }
        );
        let mut over = facts;
        over.sessions[0].session.ended = Some((sample::NOW, SessionEnd::SignedOut));
        let again = end(&stage.act(), &user, &over, &mut sample::entropy());
        assert!(again.changes.is_empty());
        assert_eq!(done(again), Ended::default());
    }

    #[test]
    fn sessions_of_people_who_reach_further_are_not_ended() {
        let stage = Stage::health();
        let user =
            sample::with_position(sample::with_position(sample::user("an"), HEALTH), JUSTICE);
        let decision = end(&stage.act(), &user, &facts(&user), &mut sample::entropy());
        assert_eq!(reason(&decision), Some(Reason::OutsideScope));
        assert!(decision.changes.is_empty());
    }
}
