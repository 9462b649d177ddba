//! Signing out (OpenID Connect RP-Initiated Logout 1.0): whose session ends, and where the browser
//! goes. What goes with the session is decided in `authn/session_end.rs`.

use serde::{Deserialize, Serialize};

use super::id_token::IdTokenHint;
use crate::base::refusal::{Reason, Refusal};
use crate::model::LocalText;
use crate::model::client::Client;
use crate::model::session::Session;
use crate::oauth::params::Parameters;
use crate::oauth::response::with_query;

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

/// The most bytes of what is kept, returned or read of a request.
const LONGEST: [(&str, usize); 3] = [("state", 2048), ("logout_hint", 254), ("ui_locales", 128)];

/// Checks what can be said of a request before anything is looked up: sizes, and that the hint is
/// one that is read here. An encrypted hint is not: an application decrypts its ID Token and sends
/// what is signed inside (OpenID Connect Core §3.1.2.1). `logout_hint` has no other rule: it never
/// spares the question, because it proves nothing.
///
/// # Errors
/// [`Reason::ParameterTooLong`], [`Reason::LogoutHintEncrypted`].
pub fn bounds(parameters: &Parameters) -> Result<(), Reason> {
    let too_long =
        |(name, most): (&str, usize)| parameters.find(name).is_some_and(|v| v.len() > most);
    if LONGEST.into_iter().any(too_long) {
        return Err(Reason::ParameterTooLong);
    }
    // RFC 7516 §7.1: five parts; a signed token has three.
    match parameters.find("id_token_hint") {
        Some(hint) if hint.split('.').count() == 5 => Err(Reason::LogoutHintEncrypted),
        _ => Ok(()),
    }
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

/// The client that a sign-out request names: by its hint, or by `client_id`, or by both alike
/// (RP-Initiated Logout 1.0 §2).
///
/// # Errors
/// [`Reason::LogoutHintOfAnotherClient`] when the two differ.
pub fn named<'a>(
    hint: Option<&'a IdTokenHint>,
    client_id: Option<&'a str>,
) -> Result<Option<&'a str>, Reason> {
    match (hint, client_id) {
        (Some(hint), Some(client_id)) if hint.aud != client_id => {
            Err(Reason::LogoutHintOfAnotherClient)
        }
        (Some(hint), _) => Ok(Some(&hint.aud)),
        (None, client_id) => Ok(client_id),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{grant_facts, parameters, web};

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
    fn sizes_are_bounded_and_an_encrypted_hint_is_not_read() {
        let text = |length: usize| "x".repeat(length);
        for (name, value, expected) in [
            ("state", text(2048), Ok(())),
            ("state", text(2049), Err(Reason::ParameterTooLong)),
            ("logout_hint", text(254), Ok(())),
            ("logout_hint", text(255), Err(Reason::ParameterTooLong)),
            ("ui_locales", text(129), Err(Reason::ParameterTooLong)),
            ("other", text(5000), Ok(())),
            ("id_token_hint", "a.b.c".into(), Ok(())),
            ("id_token_hint", "a.b.".into(), Ok(())),
            (
                "id_token_hint",
                "a..b.c.d".into(),
                Err(Reason::LogoutHintEncrypted),
            ),
        ] {
            let sent = parameters(&[(name, &value)]);
            assert_eq!(bounds(&sent), expected, "{name}, {} bytes", value.len());
        }
    }

    #[test]
    fn hint_and_client_id_name_the_same_client() {
        let hint = hint(None);
        for (hint, client_id, expected) in [
            (None, None, Ok(None)),
            (None, Some("other"), Ok(Some("other"))),
            (Some(&hint), None, Ok(Some("app"))),
            (Some(&hint), Some("app"), Ok(Some("app"))),
            (
                Some(&hint),
                Some("other"),
                Err(Reason::LogoutHintOfAnotherClient),
            ),
            (
                Some(&hint),
                Some(""),
                Err(Reason::LogoutHintOfAnotherClient),
            ),
        ] {
            assert_eq!(named(hint, client_id), expected, "{client_id:?}");
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
}
