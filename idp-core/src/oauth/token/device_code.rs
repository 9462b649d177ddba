//! Redeeming a device code (RFC 8628 §3.4, §3.5).
//!
//! The device polls. What the person answered is taken by the first poll that finds it: of several
//! at once, one gets tokens. A later one of the same code revokes the grant, as a replayed
//! authorization code does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorization_code::{burned, issue};
use super::{IssueFacts, TokenPlan, Wanted};
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::{Client, GrantType};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::device::{DeviceAnswer, DeviceTicket, INTERVAL, LONGEST_PAUSE};
use crate::store::decision::{Deciding, Decision};
use crate::store::sealed::Taken;

/// Whether a poll may look for the answer. Nothing is taken before: another client's poll spends
/// nothing.
///
/// # Errors
/// [`Reason::DeviceCodeUnknown`], [`Reason::DeviceCodeOfAnotherClient`],
/// [`Reason::DeviceCodeExpired`].
pub fn check(
    client: &Client,
    ticket: Option<&DeviceTicket>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let ticket = ticket.ok_or(Reason::DeviceCodeUnknown)?;
    if ticket.client != client.id {
        return Err(Reason::DeviceCodeOfAnotherClient.into());
    }
    if now >= ticket.expires_at {
        return Err(Reason::DeviceCodeExpired.into());
    }
    Ok(())
}

/// How often a device may poll, and when it did last. It rests sealed under the digest of the
/// device code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Seconds that the device has to wait between two polls.
    interval: u64,
    /// When it polled last.
    last: Timestamp,
}

impl Pace {
    /// Judges a poll at `now`, and says what counts from then on. A poll that came too soon
    /// lengthens the interval by [`INTERVAL`], for all polls that follow, up to [`LONGEST_PAUSE`].
    /// A second is forgiven, so that a device that waits exactly as long as it was told is not
    /// blamed for a network that became faster.
    pub fn after(before: Option<Self>, now: Timestamp) -> (Self, Result<(), Refusal>) {
        let Some(before) = before else {
            let interval = INTERVAL.as_secs();
            return (
                Self {
                    interval,
                    last: now,
                },
                Ok(()),
            );
        };
        let due = before.last + Duration::from_secs(before.interval.saturating_sub(1));
        if now >= due {
            return (
                Self {
                    last: now,
                    ..before
                },
                Ok(()),
            );
        }
        let longer = Duration::from_secs(before.interval) + INTERVAL;
        let interval = longer.min(LONGEST_PAUSE).as_secs();
        let slower = Self {
            interval,
            last: now,
        };
        (slower, Err(Reason::DevicePolledTooSoon.into()))
    }
}

/// Decides a poll. `facts` is absent when nobody answered yet, or the grant is gone.
pub fn decide(
    client: &AuthenticatedClient,
    taken: &Taken<DeviceAnswer>,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    match taken {
        Taken::Unknown => Decision::refused(Reason::DeviceAnswerPending),
        Taken::First(DeviceAnswer::Refused) | Taken::Again(DeviceAnswer::Refused) => {
            Decision::refused(Reason::DeviceRefused)
        }
        Taken::Again(DeviceAnswer::Approved(_)) => {
            burned(client.client(), Reason::DeviceCodeReused, facts, deciding)
        }
        Taken::First(DeviceAnswer::Approved(_)) => match facts {
            None => Decision::refused(Reason::GrantEnded),
            Some(facts) => issue(
                client,
                facts,
                (GrantType::DeviceCode, &Wanted::default()),
                deciding,
            )
            .unwrap_or_else(|refusal| {
                burned(client.client(), refusal.reason, Some(facts), deciding)
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::done;
    use crate::base::secret::Digest;
    use crate::model::authorization_details::AuthorizationDetails;
    use crate::model::grant::GrantState;
    use crate::oauth::sample::{
        NOW, Stage, after, authenticated, grant_facts, named, reason, revoked_grant, web,
        written_grant,
    };
    use crate::store::records::GrantFacts;

    fn ticket() -> DeviceTicket {
        DeviceTicket {
            client: web().id,
            scope: vec!["openid".into()],
            resources: Vec::new(),
            authorization_details: AuthorizationDetails::NONE,
            network: String::new(),
            requested_at: NOW,
            expires_at: after(600),
            counted: Digest::of(b"source"),
        }
    }

    #[test]
    fn a_poll_is_refused_in_order_and_spends_nothing() {
        let (own, other) = (web(), named("other"));
        for (client, ticket, now, expected) in [
            (&own, None, NOW, Some(Reason::DeviceCodeUnknown)),
            (
                &other,
                Some(ticket()),
                after(600),
                Some(Reason::DeviceCodeOfAnotherClient),
            ),
            (
                &own,
                Some(ticket()),
                after(600),
                Some(Reason::DeviceCodeExpired),
            ),
            (&own, Some(ticket()), after(599), None),
        ] {
            let refused = check(client, ticket.as_ref(), now).err();
            assert_eq!(refused.map(|r| r.reason), expected);
        }
    }

    #[test]
    fn each_poll_that_comes_too_soon_lengthens_the_interval() {
        let (mut pace, mut now) = (None, 0);
        for (waited, in_time) in [
            (0, true),
            (5, true),
            (4, true),
            (3, false),
            (5, false),
            (14, true),
            (13, false),
        ] {
            now += waited;
            let (next, judged) = Pace::after(pace, after(now));
            let refused = judged.err().map(|refusal| refusal.reason);
            let expected = (!in_time).then_some(Reason::DevicePolledTooSoon);
            assert_eq!(refused, expected, "{waited} s after {pace:?}");
            pace = Some(next);
        }
        for _ in 0..20 {
            pace = Some(Pace::after(pace, after(now)).0);
        }
        let kept = Pace::after(pace, after(now + 60));
        assert_eq!(kept.1, Ok(()), "no device waits longer than that");
    }

    fn polled(taken: &Taken<DeviceAnswer>, state: GrantState) -> (GrantFacts, Decision<TokenPlan>) {
        let mut grant = grant_facts(&web());
        grant.grant.state = state;
        grant.grant.generation = 0;
        let facts = IssueFacts {
            grant: &grant,
            paths: &[],
        };
        let mut stage = Stage::at(after(20));
        let decision = decide(
            &authenticated(&web()),
            taken,
            Some(&facts),
            &mut stage.deciding(),
        );
        (grant, decision)
    }

    #[test]
    fn the_first_poll_after_approval_gets_the_tokens() {
        let approved = DeviceAnswer::Approved(grant_facts(&web()).grant.id);
        let (grant, decision) = polled(&Taken::First(approved), GrantState::Authorized);
        let written = written_grant(&decision).unwrap();
        assert_eq!(
            (written.id, written.state),
            (grant.grant.id, GrantState::Active)
        );
        let plan = done(decision);
        assert!(plan.id_token.is_some() && plan.refresh.is_some());
    }

    #[test]
    fn a_later_poll_ends_the_grant() {
        let approved = DeviceAnswer::Approved(grant_facts(&web()).grant.id);
        let (grant, decision) = polled(&Taken::Again(approved), GrantState::Active);
        assert_eq!(reason(&decision), Reason::DeviceCodeReused);
        assert_eq!(revoked_grant(&decision), Some(grant.grant.id));
    }

    #[test]
    fn unanswered_refused_and_lost_requests_have_their_reasons() {
        let refused = || DeviceAnswer::Refused;
        for (taken, expected) in [
            (Taken::Unknown, Reason::DeviceAnswerPending),
            (Taken::First(refused()), Reason::DeviceRefused),
            (Taken::Again(refused()), Reason::DeviceRefused),
        ] {
            let (_, decision) = polled(&taken, GrantState::Active);
            assert_eq!(reason(&decision), expected);
            assert!(decision.changes.is_empty());
        }
        let approved = DeviceAnswer::Approved(grant_facts(&web()).grant.id);
        let mut stage = Stage::at(NOW);
        let lost = decide(
            &authenticated(&web()),
            &Taken::First(approved),
            None,
            &mut stage.deciding(),
        );
        assert_eq!(reason(&lost), Reason::GrantEnded);
    }
}
