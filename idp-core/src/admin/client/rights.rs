//! What a client may exchange, which details it may ask for, and who answers for it.

use super::metadata::{are_public_keys, is_web_address};
use crate::base::issuer::Issuer;
use crate::base::refusal::Reason;
use crate::model::client::{AssertionIssuer, Client, GrantType};
use crate::oauth::resource::{is_reserved, is_well_formed};

/// The longest type of `authorization_details`, in bytes.
const LONGEST_TYPE: usize = 256;
/// So many issuers may vouch for people at one client.
const MOST_ISSUERS: usize = 8;
/// The longest name of a person, or of an issuer.
const LONGEST_NAME: usize = 254;

/// Checks the client's policy for token exchange, whose assertions it may present, its types of `authorization_details` and the name
/// of the person who answers for it.
///
/// # Errors
/// [`Reason::ClientExchangeInvalid`], [`Reason::ClientAssertionIssuersInvalid`],
/// [`Reason::ClientDetailsTypeMalformed`], [`Reason::ClientPersonMalformed`].
pub(super) fn check(client: &Client, issuer: &Issuer) -> Result<(), Reason> {
    exchange(client, issuer)
        .then_some(())
        .ok_or(Reason::ClientExchangeInvalid)?;
    assertions(client, issuer)
        .then_some(())
        .ok_or(Reason::ClientAssertionIssuersInvalid)?;
    let types = &client.features.authorization_details_types;
    let named = |kind: &String| (1..=LONGEST_TYPE).contains(&kind.len());
    (types.iter().all(named) && is_once(types))
        .then_some(())
        .ok_or(Reason::ClientDetailsTypeMalformed)?;
    let person = client.features.responsible_person.as_ref();
    let visible = |name: &String| {
        (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
    };
    person
        .is_none_or(visible)
        .then_some(())
        .ok_or(Reason::ClientPersonMalformed)
}

/// Policy and grant type come together; audiences are URIs outside the provider's own, or the
/// provider itself for its userinfo.
fn exchange(client: &Client, issuer: &Issuer) -> bool {
    let uses = client.may_use(GrantType::TokenExchange);
    match &client.features.token_exchange {
        None => !uses,
        Some(policy) => {
            let fits = |uri: &String| is_well_formed(uri) && !is_reserved(uri, issuer);
            uses && policy.audiences.iter().all(fits) && is_once(&policy.audiences)
        }
    }
}

/// Issuers and grant type come together; each issuer once, never the provider itself, whose ID
/// Tokens would be grants then; and its keys by value or by address.
fn assertions(client: &Client, own: &Issuer) -> bool {
    let issuers = &client.features.assertion_issuers;
    let names: Vec<String> = issuers.iter().map(|i| i.issuer.clone()).collect();
    let fits = |one: &AssertionIssuer| {
        let named = (1..=LONGEST_NAME).contains(&one.issuer.len())
            && one.issuer.bytes().all(|b| b.is_ascii_graphic())
            && one.issuer != own.as_str();
        named
            && match (&one.jwks, &one.jwks_uri) {
                (Some(jwks), None) => are_public_keys(jwks),
                (None, Some(uri)) => is_web_address(uri),
                _ => false,
            }
    };
    client.may_use(GrantType::JwtBearer) != issuers.is_empty()
        && issuers.len() <= MOST_ISSUERS
        && issuers.iter().all(fits)
        && is_once(&names)
}

fn is_once(list: &[String]) -> bool {
    list.iter()
        .all(|one| list.iter().filter(|other| *other == one).count() == 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::client::TokenExchangePolicy;
    use crate::oauth::sample::{ISSUER, web};

    fn judged(change: impl FnOnce(&mut Client)) -> Result<(), Reason> {
        let mut client = web();
        change(&mut client);
        check(&client, &Issuer::parse(ISSUER).unwrap())
    }

    fn exchanging(client: &mut Client, audiences: &[&str]) {
        client.grant_types.push(GrantType::TokenExchange);
        client.features.token_exchange = Some(TokenExchangePolicy {
            audiences: audiences.iter().map(|a| (*a).to_owned()).collect(),
            ..TokenExchangePolicy::default()
        });
    }

    #[test]
    fn a_policy_and_its_grant_type_come_together_and_never_reach_the_administration() {
        assert_eq!(judged(|_| ()), Ok(()));
        let files = "https://api.tinh.example/ho-so";
        assert_eq!(judged(|c| exchanging(c, &[files, ISSUER])), Ok(()));
        let admin = format!("{ISSUER}/admin");
        let invalid = Err(Reason::ClientExchangeInvalid);
        assert_eq!(judged(|c| exchanging(c, &[&admin])), invalid);
        assert_eq!(judged(|c| exchanging(c, &["ho-so"])), invalid);
        assert_eq!(judged(|c| exchanging(c, &[files, files])), invalid);
        let alone = judged(|c| c.grant_types.push(GrantType::TokenExchange));
        assert_eq!(alone, invalid);
        let without = judged(|c| {
            exchanging(c, &[files]);
            c.grant_types.pop();
        });
        assert_eq!(without, invalid);
    }

    #[test]
    fn issuers_of_assertions_are_known_by_their_keys() {
        let register = |grants: bool, issuers: &[serde_json::Value]| {
            let issuers = issuers.iter().cloned();
            let issuers = issuers.map(|one| serde_json::from_value(one).unwrap());
            judged(|client| {
                if grants {
                    client.grant_types.push(GrantType::JwtBearer);
                }
                client.features.assertion_issuers = issuers.collect();
            })
        };
        let at = |issuer: &str| json!({"issuer": issuer, "jwks_uri": "https://lgsp.example/jwks"});
        let good = at("https://lgsp.example");
        assert_eq!(register(true, &[good.clone(), at("lgsp-2")]), Ok(()));
        let invalid = Err(Reason::ClientAssertionIssuersInvalid);
        for (grants, issuers) in [
            (true, vec![]),
            (false, vec![good.clone()]),
            (true, vec![good.clone(), good.clone()]),
            (true, vec![at("")]),
            (true, vec![at("hai từ")]),
            (true, vec![at(ISSUER)]),
            (true, vec![json!({"issuer": "x"})]),
            (true, vec![json!({"issuer": "x", "jwks": {"keys": []}})]),
            (
                true,
                vec![json!({"issuer": "x", "jwks_uri": "http://lgsp.example/jwks"})],
            ),
            (
                true,
                vec![
                    json!({"issuer": "x", "jwks": {"keys": []}, "jwks_uri": "https://lgsp.example/"}),
                ],
            ),
            (true, vec![good; MOST_ISSUERS + 1]),
        ] {
            assert_eq!(register(grants, &issuers), invalid, "{issuers:?}");
        }
    }

    #[test]
    fn types_and_persons_are_named() {
        let types = |types: &[&str]| {
            judged(|c| {
                c.features.authorization_details_types =
                    types.iter().map(|t| (*t).to_owned()).collect();
            })
        };
        assert_eq!(types(&["ky-so", "tra-cuu"]), Ok(()));
        let long = "x".repeat(LONGEST_TYPE + 1);
        for wrong in [&["ky-so", "ky-so"][..], &[""], &[&long]] {
            assert_eq!(types(wrong), Err(Reason::ClientDetailsTypeMalformed));
        }
        let person = |name: &str| judged(|c| c.features.responsible_person = Some(name.into()));
        assert_eq!(person("nguyen.van.a"), Ok(()));
        for wrong in ["", "a\nb", &"x".repeat(LONGEST_NAME + 1)] {
            assert_eq!(person(wrong), Err(Reason::ClientPersonMalformed));
        }
    }
}
