//! Signing out (OpenID Connect RP-Initiated Logout 1.0): whose session ends, who is told, and
//! where the browser goes.

use serde::{Deserialize, Serialize};

use super::backchannel::{EndedSession, deliveries};
use super::id_token::IdTokenHint;
use crate::base::refusal::{Reason, Refusal};
use crate::base::seal::SealingKey;
use crate::event::{Actor, What};
use crate::model::LocalText;
use crate::model::client::Client;
use crate::model::grant::{Grant, GrantState};
use crate::model::session::{Session, SessionEnd};
use crate::model::subject::Subject;
use crate::oauth::authorize::with_query;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// A sign-out request whose addresses were proved. It rests in a ticket while the person
/// confirms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOutRequest {
    /// Where the browser goes afterwards, `state` included.
    pub then: Option<String>,
    /// The application that asked.
    pub application: Option<AskingApplication>,
    /// Whether the hint named the session that the browser holds, so that no question is needed:
    /// only somebody who was given that session's ID Token can have sent it.
    pub confirmed: bool,
}

/// The application that asked for a sign-out, as its registration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskingApplication {
    /// `client_name`.
    pub name: LocalText,
    /// `client_uri`: the way back where the request named no address.
    pub home: Option<String>,
}

/// The parameters, as far as they were understood.
#[derive(Clone, Debug)]
pub struct SignOutFacts<'a> {
    /// The verified `id_token_hint`.
    pub hint: Option<&'a IdTokenHint>,
    /// The client named by the hint or by `client_id`.
    pub client: Option<&'a Client>,
    /// The browser's live session.
    pub session: Option<&'a Session>,
}

/// Checks a sign-out request.
///
/// # Errors
/// [`Reason::LogoutRedirectMismatch`] unless the address is exactly one that the client
/// registered; an address without a known client is not proved.
pub fn check(
    facts: &SignOutFacts<'_>,
    then: Option<&str>,
    state: Option<&str>,
) -> Result<SignOutRequest, Refusal> {
    let then = then
        .map(|address| proved(facts.client, address, state))
        .transpose()?;
    let sid = facts.hint.and_then(|hint| hint.sid.as_deref());
    let confirmed = facts
        .session
        .is_some_and(|session| sid == Some(session.id.to_string().as_str()));
    let application = facts.client.map(|client| AskingApplication {
        name: client.name.clone(),
        home: client.client_uri.clone(),
    });
    Ok(SignOutRequest {
        then,
        application,
        confirmed,
    })
}

fn proved(client: Option<&Client>, address: &str, state: Option<&str>) -> Result<String, Refusal> {
    let registered = client
        .filter(|c| !c.disabled)
        .is_some_and(|c| c.post_logout_redirect_uris.iter().any(|r| r == address));
    if !registered {
        return Err(Reason::LogoutRedirectMismatch.into());
    }
    Ok(state.map_or_else(
        || address.to_owned(),
        |state| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("state", state)
                .finish();
            with_query(address, &query)
        },
    ))
}

/// What ending a session touches.
#[derive(Clone, Debug)]
pub struct SessionEndFacts<'a> {
    /// The session.
    pub session: &'a Session,
    /// The grants given in it.
    pub grants: &'a [Grant],
    /// The clients of those grants.
    pub clients: &'a [Client],
    /// The user's public subject.
    pub subject: Option<&'a Subject>,
}

/// Ends a session: its grants end unless they outlive it (`offline_access`), and every client
/// with a back-channel address is told, in the same commit. Ending an ended session changes
/// nothing.
pub fn end_session(
    facts: &SessionEndFacts<'_>,
    why: SessionEnd,
    actor: Actor,
    sealing: &SealingKey,
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    if facts.session.ended.is_some() {
        return Decision::done(());
    }
    let now = deciding.now();
    let ended = Session {
        ended: Some((now, why)),
        ..facts.session.clone()
    };
    let event = deciding.event(
        actor,
        What::SessionEnded {
            user: ended.user,
            session: ended.id,
            why,
        },
    );
    let mut decision = Decision::done(()).with_event(event);
    decision.changes.push(Change::Session(Write::Put(ended)));
    let lives = |grant: &&Grant| grant.state != GrantState::Revoked && !grant.offline;
    for grant in facts.grants.iter().filter(lives) {
        let revoked = Grant {
            state: GrantState::Revoked,
            ..grant.clone()
        };
        decision.changes.push(Change::Grant(Write::Put(revoked)));
    }
    if let Some(subject) = facts.subject {
        let ended = EndedSession {
            session: facts.session.id,
            grants: facts.grants,
            sub: &subject.sub,
        };
        let told = deliveries(ended, facts.clients, sealing, now, deciding.entropy);
        decision
            .changes
            .extend(told.into_iter().map(Change::Outbox));
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{NOW, Stage, grant_facts, named, web};

    const THEN: &str = "https://rp.example/bye?from=sso";

    fn client() -> Client {
        let mut client = web();
        client.post_logout_redirect_uris = vec![THEN.into(), "https://rp.example/".into()];
        client
    }

    fn hint(sid: Option<&str>) -> IdTokenHint {
        IdTokenHint {
            sub: "sub-an".into(),
            aud: "app".into(),
            sid: sid.map(str::to_owned),
        }
    }

    #[test]
    fn only_a_registered_address_of_a_known_client_is_gone_to() {
        let (known, disabled) = (
            client(),
            Client {
                disabled: true,
                ..client()
            },
        );
        let ask = |client, then, state| {
            let facts = SignOutFacts {
                hint: None,
                client,
                session: None,
            };
            check(&facts, then, state).map_err(|refusal| refusal.reason)
        };
        for (client, then) in [
            (None, THEN),
            (Some(&disabled), THEN),
            (Some(&known), "https://rp.example/bye"),
            (Some(&known), "https://rp.example/bye?from=sso&x=1"),
            (Some(&known), "https://rp.example"),
            (Some(&known), "https://evil.example/"),
        ] {
            let refused = ask(client, Some(then), None).unwrap_err();
            assert_eq!(refused, Reason::LogoutRedirectMismatch, "{then}");
        }
        let plain = ask(Some(&known), Some(THEN), None).unwrap();
        assert_eq!(plain.then.as_deref(), Some(THEN));
        let asking = plain.application.expect("the client is known");
        assert_eq!(asking.name.vi, "Ứng dụng");
        let state = ask(Some(&known), Some(THEN), Some("a b&c")).unwrap();
        assert_eq!(state.then, Some(format!("{THEN}&state=a+b%26c")));
        let nothing = ask(None, None, Some("s")).unwrap();
        assert_eq!(nothing, SignOutRequest::default());
    }

    #[test]
    fn no_question_is_asked_when_the_hint_names_this_very_session() {
        let session = grant_facts(&client()).session.unwrap();
        let sid = session.id.to_string();
        for (hint, held, confirmed) in [
            (None, Some(&session), false),
            (Some(hint(Some(&sid))), Some(&session), true),
            (Some(hint(Some("other"))), Some(&session), false),
            (Some(hint(None)), Some(&session), false),
            (Some(hint(Some(&sid))), None, false),
        ] {
            let facts = SignOutFacts {
                hint: hint.as_ref(),
                client: None,
                session: held,
            };
            let request = check(&facts, None, None).unwrap();
            assert_eq!(request.confirmed, confirmed, "{hint:?}");
        }
    }

    fn end(facts: &SessionEndFacts<'_>) -> Decision<()> {
        let sealing = SealingKey::derive(&[1; 32], "outbox").unwrap();
        let actor = Actor::User(facts.session.user);
        let mut stage = Stage::at(NOW);
        end_session(
            facts,
            SessionEnd::SignedOut,
            actor,
            &sealing,
            &mut stage.deciding(),
        )
    }

    #[test]
    fn ending_a_session_ends_its_grants_and_tells_who_listens() {
        let listening = Client {
            backchannel_logout_uri: Some("https://rp.example/logout".into()),
            ..client()
        };
        let clients = [listening, named("silent")];
        let facts = grant_facts(&clients[0]);
        let numbered = |number, state, offline| Grant {
            id: crate::model::GrantId::from_u128(number),
            state,
            offline,
            ..facts.grant.clone()
        };
        let grants = [
            numbered(1, GrantState::Active, false),
            numbered(2, GrantState::Authorized, false),
            numbered(3, GrantState::Active, true),
            numbered(4, GrantState::Revoked, false),
        ];
        let session = facts.session.clone().unwrap();
        let decision = end(&SessionEndFacts {
            session: &session,
            grants: &grants,
            clients: &clients,
            subject: facts.subject.as_ref(),
        });
        let mut revoked = Vec::new();
        let mut told = Vec::new();
        for change in &decision.changes {
            match change {
                Change::Session(Write::Put(ended)) => {
                    assert_eq!(ended.ended, Some((NOW, SessionEnd::SignedOut)));
                }
                Change::Grant(Write::Put(grant)) => {
                    assert_eq!(grant.state, GrantState::Revoked);
                    revoked.push(grant.id);
                }
                Change::Outbox(entry) => told.push(entry.client.as_str()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            revoked,
            [grants[0].id, grants[1].id],
            "an offline grant stays"
        );
        assert_eq!(told, ["app"]);
        let why = SessionEnd::SignedOut;
        let what = What::SessionEnded {
            user: session.user,
            session: session.id,
            why,
        };
        assert_eq!(decision.events[0].what, what);
    }

    #[test]
    fn an_ended_session_ends_once() {
        let facts = grant_facts(&client());
        let mut session = facts.session.unwrap();
        session.ended = Some((NOW, SessionEnd::ByAdministrator));
        let decision = end(&SessionEndFacts {
            session: &session,
            grants: &[facts.grant],
            clients: &[client()],
            subject: facts.subject.as_ref(),
        });
        assert!(decision.changes.is_empty() && decision.events.is_empty());
    }
}
