//! Sessions: ended one by one, or all those of an account.

use super::acting::Act;
use crate::authn::session_end::{Ended, SessionEnding, SignedIn};
use crate::base::entropy::Entropy;
use crate::model::session::SessionEnd;
use crate::model::user::User;
use crate::store::decision::Decision;

/// How an administrator ends sessions.
pub(super) fn ending<'a>(act: &Act<'a>, why: SessionEnd) -> SessionEnding<'a> {
    SessionEnding {
        why,
        actor: act.by.actor().clone(),
        here: act.here,
        sealing: act.sealing,
    }
}

/// Ends the given sessions of an account, as [`SessionEnding::end`] does.
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
    let ended = ending(act, SessionEnd::ByAdministrator).end(signed_in, entropy);
    let counts = ended.ended;
    ended.join(Decision::done(counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, JUSTICE, Stage, done, reason};
    use crate::base::refusal::Reason;
    use crate::event::{Actor, What};
    use crate::model::client::ClientKind;
    use crate::store::change::{Change, EndSession};

    fn facts(user: &User) -> SignedIn {
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let session = sample::session(user.id);
        let mut offline = sample::grant(&session, &client);
        offline.offline = true;
        let grants = vec![sample::grant(&session, &client), offline];
        SignedIn {
            sessions: vec![session],
            grants,
            clients: vec![client],
            sub: Some("sub".into()),
        }
    }

    #[test]
    fn an_administrator_is_named_as_who_ended_a_session() {
        let user = sample::with_position(sample::user("an"), HEALTH);
        let stage = Stage::health();
        let facts = facts(&user);
        let decision = end(&stage.act(), &user, &facts, &mut sample::entropy());
        let (session, why) = (facts.sessions[0].id, SessionEnd::ByAdministrator);
        let end = EndSession {
            session,
            at: sample::NOW,
            why,
        };
        assert_eq!(decision.changes[0], Change::EndSession(end));
        let user = user.id;
        let what = What::SessionEnded { user, session, why };
        assert_eq!(decision.events[0].what, what);
        assert!(matches!(decision.events[0].actor, Actor::User(_)));
        let counts = Ended {
            sessions: 1,
            logouts: 1,
        };
        assert_eq!(done(decision), counts);
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
