//! Starting a sign-in from here: the address at which an application begins one by itself when
//! another party sends a person to it (OpenID Connect Core §4).

use std::collections::BTreeSet;

use crate::base::issuer::{Issuer, IssuerKey};
use crate::model::client::{Client, ClientId};
use crate::model::consent::Consent;
use crate::model::grant::Grant;
use crate::oauth::response::with_query;

/// The client's `initiate_login_uri` with `iss` and, where the client registered a page about
/// itself (`client_uri`), with that as `target_link_uri`. `None` for a client that registered no
/// such address or may not be used now. `login_hint` is never sent: who the person is stands in no
/// address, and the sign-in finds their session anyway.
pub fn launch_address(client: &Client, issuer: &Issuer) -> Option<String> {
    let registered = client.features.initiate_login_uri.as_deref();
    let registered = registered.filter(|_| !client.disabled)?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("iss", issuer.as_str());
    if let Some(home) = &client.client_uri {
        query.append_pair("target_link_uri", home);
    }
    Some(with_query(registered, &query.finish()))
}

/// The clients of an issuer that a person knows: those they agreed to, and those that hold a grant
/// of theirs. By id, each once.
pub fn known_clients<'a>(
    consents: &'a [Consent],
    grants: &'a [Grant],
    issuer: &IssuerKey,
) -> BTreeSet<&'a ClientId> {
    let agreed = consents.iter().map(|c| (&c.issuer, &c.client));
    let granted = grants.iter().map(|g| (&g.issuer, &g.client));
    let all = agreed.chain(granted);
    all.filter(|(theirs, _)| *theirs == issuer)
        .map(|(_, client)| client)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use crate::oauth::sample::{ISSUER, web};

    #[test]
    fn a_sign_in_starts_with_the_issuer_and_the_home_of_the_client() {
        let issuer = Issuer::parse(ISSUER).unwrap();
        let iss = "iss=https%3A%2F%2Fsso.tinh.example";
        let home = "target_link_uri=https%3A%2F%2Frp.example%2Fho-so%3Fa%3D1";
        for (registered, client_uri, disabled, expected) in [
            (None, None, false, None),
            (
                Some("https://rp.example/start"),
                None,
                false,
                Some(format!("https://rp.example/start?{iss}")),
            ),
            (
                Some("https://rp.example/start?org=1"),
                Some("https://rp.example/ho-so?a=1"),
                false,
                Some(format!("https://rp.example/start?org=1&{iss}&{home}")),
            ),
            (Some("https://rp.example/start"), None, true, None),
        ] {
            let mut client = web();
            client.features.initiate_login_uri = registered.map(str::to_owned);
            client.client_uri = client_uri.map(str::to_owned);
            client.disabled = disabled;
            assert_eq!(launch_address(&client, &issuer), expected);
        }
    }

    #[test]
    fn a_person_knows_what_they_agreed_to_or_use_at_this_issuer() {
        let client = |id: &str| {
            let mut client = sample::client(ClientKind::Web, &[]);
            client.id = sample::client_id(id);
            client
        };
        let session = sample::session(sample::user("an").id);
        let grants = ["used", "both", "both"].map(|id| sample::grant(&session, &client(id)));
        let consent = |id: &str, issuer: IssuerKey| Consent {
            issuer,
            user: session.user,
            client: sample::client_id(id),
            version: crate::model::Version::NEW,
            scope: vec!["openid".into()],
            claims: Vec::new(),
            at: sample::NOW,
        };
        let here = IssuerKey::main();
        let consents = [
            consent("both", here.clone()),
            consent("agreed", here.clone()),
            consent("elsewhere", IssuerKey::new("other").unwrap()),
        ];
        let known = known_clients(&consents, &grants, &here);
        let known: Vec<_> = known.into_iter().map(ClientId::as_str).collect();
        assert_eq!(known, ["agreed", "both", "used"]);
    }
}
