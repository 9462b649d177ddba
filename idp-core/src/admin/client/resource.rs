//! Which APIs a client may ask tokens for, with which rights, and which it answers for (RFC 8707).

use crate::base::issuer::Issuer;
use crate::base::refusal::Reason;
use crate::model::client::Client;
use crate::oauth::resource::{is_reserved, is_well_formed};

/// At most so many APIs to ask for, and so many to answer for.
const MOST: usize = 50;

/// Audiences are URIs outside the provider's own, each named once; rights are registered scopes at
/// a registered audience; only a client that introspects answers for an audience, and never for
/// the provider itself.
///
/// # Errors
/// [`Reason::ClientResourceInvalid`].
pub(super) fn check(client: &Client, issuer: &Issuer) -> Result<(), Reason> {
    let features = &client.features;
    let (asked, answered) = (&features.resources, &features.audiences);
    let audiences = [asked, answered].into_iter().all(|list| {
        let fits = |uri: &String| is_well_formed(uri) && !is_reserved(uri, issuer);
        list.len() <= MOST && list.iter().all(fits) && is_once(list)
    });
    let rights = features.resource_scopes.iter().all(|(resource, scopes)| {
        asked.contains(resource) && scopes.iter().all(|s| client.scopes.contains(s))
    });
    let own = |uri: &String| uri == issuer.as_str();
    let answers = answered.is_empty() || client.introspects && !answered.iter().any(own);
    (audiences && rights && answers)
        .then_some(())
        .ok_or(Reason::ClientResourceInvalid)
}

fn is_once(list: &[String]) -> bool {
    list.iter()
        .all(|one| list.iter().filter(|other| *other == one).count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{ISSUER, web};

    const FILES: &str = "https://api.tinh.example/ho-so";

    fn judged(change: impl FnOnce(&mut Client)) -> Result<(), Reason> {
        let mut client = web();
        client.introspects = true;
        change(&mut client);
        check(&client, &Issuer::parse(ISSUER).unwrap())
    }

    #[test]
    fn apis_of_others_can_be_registered_and_the_providers_own_cannot() {
        assert_eq!(judged(|_| ()), Ok(()));
        let good = judged(|c| {
            c.features.resources = vec![FILES.into(), ISSUER.into()];
            let rights = &mut c.features.resource_scopes;
            rights.insert(FILES.into(), vec!["profile".into()]);
            c.features.audiences = vec!["urn:vn:tinh:kho".into()];
        });
        assert_eq!(good, Ok(()));
        type Change = fn(&mut Client);
        let wrong: [(&str, Change); 8] = [
            ("no URI", |c| c.features.resources = vec!["ho-so".into()]),
            ("twice", |c| {
                c.features.resources = vec![FILES.into(), FILES.into()];
            }),
            ("administration", |c| {
                c.features.resources = vec![format!("{ISSUER}/admin")];
            }),
            ("answers for the provider", |c| {
                c.features.audiences = vec![ISSUER.into()];
            }),
            ("answers and does not introspect", |c| {
                c.introspects = false;
                c.features.audiences = vec![FILES.into()];
            }),
            ("rights elsewhere", |c| {
                let rights = &mut c.features.resource_scopes;
                rights.insert(FILES.into(), Vec::new());
            }),
            ("a right that is not registered", |c| {
                c.features.resources = vec![FILES.into()];
                let rights = &mut c.features.resource_scopes;
                rights.insert(FILES.into(), vec!["payroll".into()]);
            }),
            ("too many", |c| {
                let many = |n| format!("https://{n}.example/");
                c.features.resources = (0..=MOST).map(many).collect();
            }),
        ];
        for (why, change) in wrong {
            assert_eq!(judged(change), Err(Reason::ClientResourceInvalid), "{why}");
        }
    }
}
