//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 9700 §2.1).
//!
//! The client is authenticated, the code is taken, and only then is anything checked: a wrong
//! verifier burns the code. The commit moves the grant from `authorized` to `active`; a replay
//! carries the grant's id and revokes it. So at most one answer ever carries tokens.

use super::{IssueFacts, TokenPlan, Wanted, plan};
use crate::base::refusal::{Reason, Refusal};
use crate::event::{Actor, What};
use crate::model::client::{Client, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::code::CodeTicket;
use crate::oauth::scope::Scope;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};
use crate::store::sealed::Taken;

/// What came with the code.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
    /// `resource` and `authorization_details`: the part of the grant that is wanted.
    pub wanted: &'a Wanted,
}

/// Decides a redemption. `facts` is absent when the ticket is unknown or its grant is gone.
pub fn decide(
    client: &AuthenticatedClient,
    redemption: Redemption<'_>,
    taken: &Taken<CodeTicket>,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let (ticket, first) = match taken {
        Taken::Unknown => return Decision::refused(Reason::CodeUnknown),
        Taken::Again(ticket) => (ticket, false),
        Taken::First(ticket) => (ticket, true),
    };
    if !first {
        return burned(client.client(), Reason::CodeReused, facts, deciding);
    }
    let checks = ticket.check(
        client,
        redemption.redirect_uri,
        redemption.verifier,
        deciding.now(),
    );
    if let Err(refusal) = checks {
        return burned(client.client(), refusal.reason, facts, deciding);
    }
    match facts {
        None => Decision::refused(Reason::GrantEnded),
        Some(facts) => {
            let wanted = (GrantType::AuthorizationCode, redemption.wanted);
            issue(client, facts, wanted, deciding).unwrap_or_else(|refusal| {
                burned(client.client(), refusal.reason, Some(facts), deciding)
            })
        }
    }
}

/// The code is spent, so the grant behind it ends.
pub(super) fn burned(
    client: &Client,
    reason: Reason,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let refused = Decision::refused(reason);
    let Some(grant) = facts
        .map(|f| &f.grant.grant)
        .filter(|g| g.state != GrantState::Revoked)
    else {
        return refused;
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::GrantRevoked {
            client: grant.client.clone(),
            grant: grant.id,
            reason: reason.name().to_owned(),
        },
    );
    refused
        .with_change(Change::RevokeGrant(grant.id))
        .with_event(event)
}

/// Activates an authorized grant and plans its first tokens.
pub(super) fn issue(
    authenticated: &AuthenticatedClient,
    facts: &IssueFacts<'_>,
    (grant_type, wanted): (GrantType, &Wanted),
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let now = deciding.now();
    check_grant(facts, now)?;
    let client = authenticated.client();
    let refreshes = client.may_use(GrantType::RefreshToken);
    let grant = Grant {
        state: GrantState::Active,
        generation: u32::from(refreshes),
        rotated_at: now,
        confirmation: authenticated.confirmation().clone(),
        refresh_confirmation: authenticated.refresh_confirmation(),
        ..facts.grant.grant.clone()
    };
    let scope = Scope::of(&grant.scope);
    let mut issued = facts.grant.clone();
    issued.grant = grant.clone();
    let plan = plan(
        client,
        &IssueFacts {
            grant: &issued,
            paths: facts.paths,
        },
        (&scope, wanted),
        deciding,
    )?;
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: Some(grant.id),
            grant_type: grant_type.as_str().to_owned(),
        },
    );
    Ok(Decision::done(plan)
        .with_change(Change::Grant(Write::Put(grant)))
        .with_event(event))
}

fn check_grant(facts: &IssueFacts<'_>, now: crate::base::time::Timestamp) -> Result<(), Refusal> {
    let facts = facts.grant;
    if facts.grant.state != GrantState::Authorized || now >= facts.grant.expires_at {
        return Err(Reason::GrantEnded.into());
    }
    if !facts.user.is_active() {
        return Err(Reason::PersonDisabled.into());
    }
    let live = |s: &crate::model::session::Session| s.ended.is_none() && now < s.expires_at;
    if !facts.session.as_ref().is_some_and(live) {
        return Err(Reason::SessionOver.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::done;
    use crate::base::time::Timestamp;
    use crate::model::session::SessionEnd;
    use crate::model::user::AccountState;
    use crate::oauth::pkce::CodeChallenge;
    use crate::oauth::sample::{
        CHALLENGE, NOW, REDIRECT, Stage, VERIFIER, after, authenticated, grant_facts, named,
        parameters, reason, revoked_grant, web, written_grant,
    };
    use crate::store::records::GrantFacts;

    const RIGHT: Redemption<'static> = Redemption {
        redirect_uri: Some(REDIRECT),
        verifier: Some(VERIFIER),
        wanted: &ALL,
    };

    static ALL: Wanted = Wanted::ALL;

    fn ticket() -> CodeTicket {
        let challenge = [
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        CodeTicket {
            grant: crate::model::GrantId::from_u128(600),
            client: web().id,
            redirect_uri: REDIRECT.into(),
            challenge: Some(CodeChallenge::parse(&parameters(&challenge)).unwrap()),
            dpop_jkt: None,
            expires_at: after(60),
        }
    }

    fn authorized() -> GrantFacts {
        let mut facts = grant_facts(&web());
        facts.grant.state = GrantState::Authorized;
        facts.grant.generation = 0;
        facts
    }

    fn redeem(
        client: &Client,
        redemption: Redemption<'_>,
        taken: &Taken<CodeTicket>,
        grant: Option<&GrantFacts>,
        now: Timestamp,
    ) -> Decision<TokenPlan> {
        let facts = grant.map(|grant| IssueFacts { grant, paths: &[] });
        let mut stage = Stage::at(now);
        decide(
            &authenticated(client),
            redemption,
            taken,
            facts.as_ref(),
            &mut stage.deciding(),
        )
    }

    fn first(
        redemption: Redemption<'_>,
        facts: &GrantFacts,
        now: Timestamp,
    ) -> Decision<TokenPlan> {
        redeem(
            &web(),
            redemption,
            &Taken::First(ticket()),
            Some(facts),
            now,
        )
    }

    #[test]
    fn the_first_redemption_activates_the_grant() {
        let facts = authorized();
        let decision = first(RIGHT, &facts, after(5));
        let grant = written_grant(&decision).unwrap();
        assert_eq!(
            (grant.state, grant.generation, grant.rotated_at),
            (GrantState::Active, 1, after(5))
        );
        assert_eq!(
            grant.version, facts.grant.version,
            "checked against a change meanwhile"
        );
        assert!(matches!(
            decision.events[0].what,
            What::TokenIssued { grant: Some(_), .. }
        ));
        let plan = done(decision);
        assert_eq!(plan.refresh, Some((facts.grant.id, 1)));
        assert_eq!(plan.access.sub, "sub-an");
        assert_eq!(
            (plan.access.iat, plan.access.exp),
            (after(5).seconds(), after(605).seconds())
        );
        assert_eq!(plan.access.grant(), Some(facts.grant.id));
        assert!(plan.id_token.is_some());
    }

    #[test]
    fn refresh_and_id_tokens_come_only_where_they_are_due() {
        let mut facts = authorized();
        facts.grant.scope = vec!["profile".into()];
        let client = Client {
            grant_types: vec![GrantType::AuthorizationCode],
            ..web()
        };
        let taken = Taken::First(ticket());
        let decision = redeem(&client, RIGHT, &taken, Some(&facts), NOW);
        assert_eq!(written_grant(&decision).unwrap().generation, 0);
        let plan = done(decision);
        assert_eq!((plan.refresh, plan.id_token), (None, None));
    }

    #[test]
    fn a_replay_revokes_whatever_the_grant_became() {
        let taken = Taken::Again(ticket());
        for (state, writes) in [
            (GrantState::Authorized, true),
            (GrantState::Active, true),
            (GrantState::Revoked, false),
        ] {
            let mut facts = authorized();
            facts.grant.state = state;
            let decision = redeem(&web(), RIGHT, &taken, Some(&facts), NOW);
            assert_eq!(reason(&decision), Reason::CodeReused);
            let revoked = revoked_grant(&decision);
            assert_eq!(revoked, writes.then_some(facts.grant.id), "{state:?}");
            assert_eq!(decision.events.len(), usize::from(writes));
        }
        // A replay by somebody else ends it too: the code is in more hands than it should be.
        let decision = redeem(&named("other"), RIGHT, &taken, Some(&authorized()), NOW);
        assert_eq!(reason(&decision), Reason::CodeReused);
        assert_eq!(revoked_grant(&decision), Some(authorized().grant.id));
    }

    #[test]
    fn unknown_codes_and_lost_grants_are_refused_without_a_change() {
        let unknown = redeem(&web(), RIGHT, &Taken::Unknown, None, NOW);
        assert_eq!(reason(&unknown), Reason::CodeUnknown);
        let lost = redeem(&web(), RIGHT, &Taken::First(ticket()), None, NOW);
        assert_eq!(reason(&lost), Reason::GrantEnded);
        assert!(unknown.changes.is_empty() && lost.changes.is_empty());
    }

    #[test]
    fn whatever_is_wrong_burns_the_code() {
        let other = "a".repeat(43);
        let wrong = Redemption {
            verifier: Some(&other),
            ..RIGHT
        };
        let elsewhere = Redemption {
            redirect_uri: Some("https://rp.example/cb"),
            ..RIGHT
        };
        let none = Redemption {
            redirect_uri: None,
            verifier: None,
            wanted: &ALL,
        };
        for (redemption, now, expected) in [
            (wrong, NOW, Reason::PkceVerifierWrong),
            (
                Redemption {
                    verifier: None,
                    ..RIGHT
                },
                NOW,
                Reason::PkceVerifierMalformed,
            ),
            (elsewhere, NOW, Reason::CodeRedirectUriWrong),
            (none, NOW, Reason::CodeRedirectUriWrong),
            (RIGHT, after(60), Reason::CodeExpired),
        ] {
            let decision = first(redemption, &authorized(), now);
            assert_eq!(reason(&decision), expected);
            let revoked = revoked_grant(&decision);
            assert_eq!(revoked, Some(authorized().grant.id), "{expected:?}");
        }
        let taken = Taken::First(ticket());
        let decision = redeem(&named("other"), RIGHT, &taken, Some(&authorized()), NOW);
        assert_eq!(reason(&decision), Reason::CodeOfAnotherClient);
        assert_eq!(revoked_grant(&decision), Some(authorized().grant.id));
        match &decision.events[0].what {
            What::GrantRevoked { client, reason, .. } => {
                assert_eq!(
                    (client, reason.as_str()),
                    (&web().id, "code_of_another_client")
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_changed_since_the_authorization_counts() {
        type Change = fn(&mut GrantFacts);
        let cases: [(Change, Reason); 7] = [
            (|f| f.grant.state = GrantState::Active, Reason::GrantEnded),
            (|f| f.grant.expires_at = NOW, Reason::GrantEnded),
            (|f| f.subject = None, Reason::GrantEnded),
            (
                |f| {
                    f.user.state = AccountState::Disabled {
                        at: NOW,
                        why: String::new(),
                    }
                },
                Reason::PersonDisabled,
            ),
            (|f| f.session = None, Reason::SessionOver),
            (
                |f| f.session.as_mut().unwrap().ended = Some((NOW, SessionEnd::SignedOut)),
                Reason::SessionOver,
            ),
            (
                |f| f.session.as_mut().unwrap().expires_at = NOW,
                Reason::SessionOver,
            ),
        ];
        for (change, expected) in cases {
            let mut facts = authorized();
            change(&mut facts);
            let decision = first(RIGHT, &facts, NOW);
            assert_eq!(reason(&decision), expected);
            assert_eq!(revoked_grant(&decision), Some(facts.grant.id));
        }
        let mut revoked = authorized();
        revoked.grant.state = GrantState::Revoked;
        let decision = first(RIGHT, &revoked, NOW);
        assert_eq!(reason(&decision), Reason::GrantEnded);
        assert!(decision.changes.is_empty());
    }
}
