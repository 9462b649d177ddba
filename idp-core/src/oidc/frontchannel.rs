//! Front-Channel Logout: which frames tell the applications of a browser that its session is over
//! (OpenID Connect Front-Channel Logout 1.0).

use std::collections::BTreeSet;

use url::Url;

use crate::base::issuer::Issuer;
use crate::model::client::Client;
use crate::model::grant::Grant;
use crate::model::session::Session;
use crate::oauth::response::with_query;

/// A frame to be shown once, in the browser whose session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutFrame {
    /// The client's `frontchannel_logout_uri` with `iss` and `sid` (§3). Neither is a secret: no
    /// token ever stands in it.
    pub address: String,
    /// Scheme, host and port of it: the only place from which the frame may be filled.
    pub origin: String,
}

/// One frame for each client that was let in during one of the sessions and registered a
/// `frontchannel_logout_uri`, in the order of `clients`; a client of several sessions is told of
/// each. `iss` and `sid` are always there, whatever `frontchannel_logout_session_required` says:
/// without them any page could sign the person out of the application (§6). A client that was
/// disabled meanwhile is told too, because it may still show the person as signed in.
pub fn frames(
    sessions: &[Session],
    grants: &[Grant],
    clients: &[Client],
    issuer: &Issuer,
) -> Vec<LogoutFrame> {
    let granted: BTreeSet<_> = grants
        .iter()
        .map(|g| (g.session, &g.issuer, &g.client))
        .collect();
    let mut frames = Vec::new();
    for client in clients {
        for session in sessions {
            if granted.contains(&(session.id, &client.issuer, &client.id)) {
                frames.extend(frame(client, session, issuer));
            }
        }
    }
    frames
}

/// `None` where nothing is registered.
fn frame(client: &Client, session: &Session, issuer: &Issuer) -> Option<LogoutFrame> {
    let registered = client.features.frontchannel_logout_uri.as_deref()?;
    let origin = Url::parse(registered).ok()?.origin();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("iss", issuer.as_str())
        .append_pair("sid", &session.id.to_string())
        .finish();
    Some(LogoutFrame {
        address: with_query(registered, &query),
        origin: origin.ascii_serialization(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::SessionId;
    use crate::model::client::ClientKind;

    const ISSUER: &str = "https://sso.tinh.example/p";

    fn listening(id: &str, address: &str) -> Client {
        let mut client = sample::client(ClientKind::Web, &[]);
        client.id = sample::client_id(id);
        client.features.frontchannel_logout_uri = Some(address.to_owned());
        client
    }

    fn session(number: u128) -> Session {
        Session {
            id: SessionId::from_u128(number),
            ..sample::session(sample::user("an").id)
        }
    }

    #[test]
    fn each_listening_client_of_each_session_gets_one_frame_with_issuer_and_sid() {
        let (one, two) = (session(1), session(2));
        let both = listening("both", "https://rp.example:8443/out?from=sso");
        let first = listening("first", "http://localhost:8081/out");
        let mut silent = listening("silent", "https://silent.example/out");
        silent.features.frontchannel_logout_uri = None;
        let stranger = listening("stranger", "https://stranger.example/out");
        let grants = [
            sample::grant(&one, &both),
            sample::grant(&one, &both),
            sample::grant(&two, &both),
            sample::grant(&one, &first),
            sample::grant(&one, &silent),
        ];
        let clients = [both, first, silent, stranger];
        let issuer = Issuer::parse(ISSUER).unwrap();
        let shown = frames(&[one.clone(), two.clone()], &grants, &clients, &issuer);
        let iss = "iss=https%3A%2F%2Fsso.tinh.example%2Fp";
        let expected = [
            (
                "https://rp.example:8443/out?from=sso&",
                "https://rp.example:8443",
                &one,
            ),
            (
                "https://rp.example:8443/out?from=sso&",
                "https://rp.example:8443",
                &two,
            ),
            ("http://localhost:8081/out?", "http://localhost:8081", &one),
        ]
        .map(|(begins, origin, session)| LogoutFrame {
            address: format!("{begins}{iss}&sid={}", session.id),
            origin: origin.to_owned(),
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_client_that_was_let_in_by_another_session_or_issuer_is_not_told() {
        let client = listening("app", "https://rp.example/out");
        let elsewhere = sample::grant(&session(2), &client);
        let mut foreign = sample::grant(&session(1), &client);
        foreign.issuer = crate::base::issuer::IssuerKey::new("other").unwrap();
        let issuer = Issuer::parse(ISSUER).unwrap();
        let shown = frames(&[session(1)], &[elsewhere, foreign], &[client], &issuer);
        assert_eq!(shown, []);
    }
}
