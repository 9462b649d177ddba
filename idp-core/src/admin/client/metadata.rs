//! Which metadata is safe for which kind of client (RFC 7591 §2, RFC 8252, RFC 9700).

use crate::admin::key::is_offered;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::jose::JwkSet;
use crate::model::client::{
    Client, ClientAuthenticationMethod as Method, ClientId, ClientKind, ConsentRule, GrantType,
    PositionChoice,
};
use crate::model::{LocalText, Version};
use crate::oauth::redirect_uri::RegisteredRedirectUri;
use crate::policy::Policy;

/// At most so many redirect addresses, and so many after signing out.
const MOST_ADDRESSES: usize = 50;
/// At most so many scopes, of so many characters each.
const MOST_SCOPES: usize = 50;
const SCOPE_LENGTH: usize = 64;
/// The shortest access-token lifetime that still survives clock differences, in seconds.
const SHORTEST_TOKEN: u32 = 30;

/// A client of a kind before anything was said about it: code with PKCE and refresh for people's
/// programs, device codes and refresh for devices, client credentials for services.
pub fn blank((policy, now): (&Policy, Timestamp), id: ClientId, kind: ClientKind) -> Client {
    let service = kind == ClientKind::Service;
    let scopes = ["openid", "profile", "email", "unit", "roles"].map(str::to_owned);
    Client {
        id,
        version: Version::NEW,
        issuer: policy.issuer_key.clone(),
        name: LocalText::default(),
        kind,
        disabled: false,
        authentication: if is_public(kind) {
            Method::None
        } else {
            Method::ClientSecretBasic
        },
        secrets: Vec::new(),
        jwks: None,
        jwks_uri: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        grant_types: match kind {
            ClientKind::Service => vec![GrantType::ClientCredentials],
            ClientKind::Device => vec![GrantType::DeviceCode, GrantType::RefreshToken],
            _ => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        },
        scopes: if service { Vec::new() } else { scopes.to_vec() },
        id_token_alg: policy.default_alg.clone(),
        position: PositionChoice::Main,
        consent: ConsentRule::Never,
        introspects: false,
        unit: None,
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        access_token_seconds: None,
        features: Box::default(),
        sector: None,
        logo: None,
        registration: None,
        declared: false,
        created_at: now,
    }
}

/// Programs that anybody can take apart keep no secret.
const fn is_public(kind: ClientKind) -> bool {
    matches!(
        kind,
        ClientKind::Spa | ClientKind::Native | ClientKind::Device
    )
}

/// Checks a client as a whole, rule by rule.
///
/// # Errors
/// The reason of the first rule that does not hold.
pub(super) fn check_alone(policy: &Policy, client: &Client) -> Result<(), Reason> {
    match violations(policy, client).first() {
        Some(reason) => Err(*reason),
        None => Ok(()),
    }
}

/// Every rule that a client breaks, each once, in the order in which they are looked at. A check
/// that looks at several things of one kind tells the first; what the rest of the province says
/// (units, keys of the issuer, documents elsewhere) is not looked at.
pub fn violations(policy: &Policy, client: &Client) -> Vec<Reason> {
    let own = [
        authentication(client),
        keys(client),
        grant_types(client),
        redirects(client),
    ];
    let others = [
        back_channel(client),
        beginning(client),
        addresses(client),
        super::logout::check(client),
        scopes(client),
        algorithm(client),
        lifetime(policy, client),
        super::resource::check(client, &policy.issuer),
        super::answers::check(client),
        super::authentication::check(client),
        super::certificate::check(policy, client),
        super::rights::check(client, &policy.issuer),
        super::features::check(client),
        super::request_objects::check(client),
        super::sector::check(client),
    ];
    let mut broken: Vec<Reason> = Vec::new();
    let all = own.into_iter().filter_map(Result::err);
    let all = all.chain(redirect_addresses(client));
    let all = all.chain(others.into_iter().filter_map(Result::err));
    for reason in all.chain(super::fapi::violations(policy.preset, client)) {
        if !broken.contains(&reason) {
            broken.push(reason);
        }
    }
    broken
}

/// RFC 6749 §2.1: public kinds do not authenticate, the others do.
fn authentication(client: &Client) -> Result<(), Reason> {
    let public = client.authentication == Method::None;
    let fits = Method::OFFERED.contains(&client.authentication)
        && public == is_public(client.kind)
        && !(public && client.introspects);
    fits.then_some(()).ok_or(Reason::ClientAuthenticationUnfit)
}

/// RFC 7591 §2: `jwks` and `jwks_uri` exclude each other; one of them with `private_key_jwt` and
/// `self_signed_tls_client_auth`. A client that uses its keys nowhere may have them all the same:
/// the libraries of many send theirs always, and nothing is done with them.
fn keys(client: &Client) -> Result<(), Reason> {
    let needed = matches!(
        client.authentication,
        Method::PrivateKeyJwt | Method::SelfSignedTlsClientAuth
    );
    let (holds, reason) = match (&client.jwks, &client.jwks_uri) {
        (None, None) => (!needed, Reason::ClientKeysMissing),
        (Some(jwks), None) => (are_public_keys(jwks), Reason::ClientKeysMalformed),
        (None, Some(uri)) => (is_web_address(uri), Reason::ClientKeysUriInvalid),
        (Some(_), Some(_)) => (false, Reason::ClientKeysTwice),
    };
    holds.then_some(()).ok_or(reason)
}

/// A JWK set in which every key is one that could verify an assertion; never a private one.
pub(super) fn are_public_keys(jwks: &serde_json::Value) -> bool {
    let set = jwks
        .as_object()
        .and_then(|object| JwkSet::from_object(object).ok());
    set.is_some_and(|set| !set.keys().is_empty() && set.skipped().is_empty())
}

fn grant_types(client: &Client) -> Result<(), Reason> {
    let types = &client.grant_types;
    let once = |t: &GrantType| types.iter().filter(|other| *other == t).count() == 1;
    let fits = match client.kind {
        // A platform between APIs exchanges what it was called with; people never sign in to it.
        ClientKind::Service => {
            let own = |t: &GrantType| {
                matches!(t, GrantType::ClientCredentials | GrantType::TokenExchange)
            };
            types.contains(&GrantType::ClientCredentials) && types.iter().all(own)
        }
        ClientKind::Device => types.contains(&GrantType::DeviceCode),
        kind => {
            (types.contains(&GrantType::AuthorizationCode) || types.contains(&GrantType::Implicit))
                && !(is_public(kind) && types.contains(&GrantType::ClientCredentials))
        }
    };
    let offered = |t: &GrantType| GrantType::OFFERED.contains(t);
    (fits && types.iter().all(|t| once(t) && offered(t)))
        .then_some(())
        .ok_or(Reason::ClientGrantTypeUnfit)
}

/// RFC 6749 §3.1.2.2: people's programs have a redirect address. That others have none is said of
/// each address.
fn redirects(client: &Client) -> Result<(), Reason> {
    let needed = !matches!(client.kind, ClientKind::Service | ClientKind::Device);
    if needed && client.redirect_uris.is_empty() {
        return Err(Reason::ClientRedirectMissing);
    }
    let lists = [&client.redirect_uris, &client.post_logout_redirect_uris];
    let few = lists.into_iter().all(|list| list.len() <= MOST_ADDRESSES);
    few.then_some(()).ok_or(Reason::ClientRedirectTooMany)
}

/// What is wrong with the addresses to which browsers are sent.
fn redirect_addresses(client: &Client) -> impl Iterator<Item = Reason> {
    let lists = [&client.redirect_uris, &client.post_logout_redirect_uris];
    let parse = |uri: &String| RegisteredRedirectUri::parse(client.kind, uri).err();
    lists.into_iter().flatten().filter_map(parse)
}

/// https, or http on loopback; absolute and in normal form: what a web client may register.
pub(super) fn is_web_address(text: &str) -> bool {
    RegisteredRedirectUri::parse(ClientKind::Web, text).is_ok()
}

/// Only servers can receive a logout token (OpenID Connect Back-Channel Logout §2.2).
fn back_channel(client: &Client) -> Result<(), Reason> {
    let told = client.backchannel_logout_uri.is_some();
    let fits = !told || client.kind == ClientKind::Web;
    fits.then_some(()).ok_or(Reason::ClientBackchannelUnfit)
}

/// Only clients with a redirect address can begin a sign-in (OpenID Connect Core §4).
fn beginning(client: &Client) -> Result<(), Reason> {
    let begins = client.features.initiate_login_uri.is_some();
    let fits = !begins || !client.redirect_uris.is_empty();
    fits.then_some(()).ok_or(Reason::ClientInitiateLoginUnfit)
}

/// The addresses at which a client's own pages and its server are.
fn addresses(client: &Client) -> Result<(), Reason> {
    let own = [
        &client.backchannel_logout_uri,
        &client.client_uri,
        &client.policy_uri,
        &client.tos_uri,
        &client.features.logo_uri,
        &client.features.initiate_login_uri,
    ];
    let fits = own.into_iter().flatten().all(|uri| is_web_address(uri));
    fits.then_some(()).ok_or(Reason::ClientAddressInvalid)
}

/// RFC 6749 §3.3: `%x21 / %x23-5B / %x5D-7E`.
fn scopes(client: &Client) -> Result<(), Reason> {
    let token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let well_formed = |s: &String| (1..=SCOPE_LENGTH).contains(&s.len()) && s.bytes().all(token);
    let fits = client.scopes.len() <= MOST_SCOPES && client.scopes.iter().all(well_formed);
    fits.then_some(()).ok_or(Reason::ClientScopeMalformed)
}

fn algorithm(client: &Client) -> Result<(), Reason> {
    is_offered(&client.id_token_alg)
        .then_some(())
        .ok_or(Reason::ClientAlgorithmUnsupported)
}

fn lifetime(policy: &Policy, client: &Client) -> Result<(), Reason> {
    let most = policy.lifetimes.access_token.as_secs();
    let fits = |s: u32| s >= SHORTEST_TOKEN && u64::from(s) <= most;
    client
        .access_token_seconds
        .is_none_or(fits)
        .then_some(())
        .ok_or(Reason::ClientLifetimeInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage};
    use ClientKind::{Device, Native, Service, Spa, Web};

    fn kind(kind: ClientKind) -> Client {
        let stage = Stage::province();
        let mut client = blank((&stage.policy, sample::NOW), sample::client_id("app"), kind);
        if !matches!(kind, Service | Device) {
            client.redirect_uris.push("https://rp.example/cb".into());
        }
        client
    }

    #[test]
    fn the_defaults_of_every_kind_are_allowed() {
        for k in [Web, Spa, Native, Service, Device] {
            assert_eq!(
                check_alone(&Stage::province().policy, &kind(k)),
                Ok(()),
                "{k:?}"
            );
        }
    }

    #[test]
    fn every_rule_has_its_reason() {
        type Change = fn(&mut Client);
        let table: &[(&str, ClientKind, Change, Result<(), Reason>)] = &[
            (
                "a public web client",
                Web,
                |c| c.authentication = Method::None,
                Err(Reason::ClientAuthenticationUnfit),
            ),
            (
                "a secret in a browser",
                Spa,
                |c| c.authentication = Method::ClientSecretPost,
                Err(Reason::ClientAuthenticationUnfit),
            ),
            (
                "a public resource server",
                Native,
                |c| c.introspects = true,
                Err(Reason::ClientAuthenticationUnfit),
            ),
            (
                "keys without a method",
                Web,
                |c| c.jwks_uri = Some("https://rp.example/k".into()),
                Ok(()),
            ),
            (
                "a method without keys",
                Web,
                |c| c.authentication = Method::PrivateKeyJwt,
                Err(Reason::ClientKeysMissing),
            ),
            (
                "keys in two ways",
                Web,
                |c| {
                    c.jwks = Some(serde_json::json!({"keys": []}));
                    c.jwks_uri = Some("https://rp.example/k".into());
                },
                Err(Reason::ClientKeysTwice),
            ),
            (
                "keys by reference",
                Service,
                |c| {
                    c.authentication = Method::PrivateKeyJwt;
                    c.jwks_uri = Some("https://rp.example/k".into());
                },
                Ok(()),
            ),
            (
                "keys over http",
                Service,
                |c| {
                    c.authentication = Method::PrivateKeyJwt;
                    c.jwks_uri = Some("http://rp.example/k".into());
                },
                Err(Reason::ClientKeysUriInvalid),
            ),
            (
                "no keys in the set",
                Web,
                |c| {
                    c.authentication = Method::PrivateKeyJwt;
                    c.jwks = Some(serde_json::json!({"keys": []}));
                },
                Err(Reason::ClientKeysMalformed),
            ),
            (
                "a symmetric key",
                Web,
                |c| {
                    c.authentication = Method::PrivateKeyJwt;
                    c.jwks = Some(serde_json::json!({"keys": [{"kty": "oct", "k": "AA"}]}));
                },
                Err(Reason::ClientKeysMalformed),
            ),
            (
                "a service with codes",
                Service,
                |c| c.grant_types.push(GrantType::AuthorizationCode),
                Err(Reason::ClientGrantTypeUnfit),
            ),
            (
                "a service that exchanges",
                Service,
                |c| {
                    c.grant_types.push(GrantType::TokenExchange);
                    c.features.token_exchange =
                        Some(crate::model::client::TokenExchangePolicy::default());
                },
                Ok(()),
            ),
            (
                "a browser for itself",
                Spa,
                |c| c.grant_types.push(GrantType::ClientCredentials),
                Err(Reason::ClientGrantTypeUnfit),
            ),
            (
                "refresh alone",
                Web,
                |c| c.grant_types = vec![GrantType::RefreshToken],
                Err(Reason::ClientGrantTypeUnfit),
            ),
            (
                "twice the same",
                Web,
                |c| c.grant_types.push(GrantType::RefreshToken),
                Err(Reason::ClientGrantTypeUnfit),
            ),
            (
                "a server for itself too",
                Web,
                |c| c.grant_types.push(GrantType::ClientCredentials),
                Ok(()),
            ),
            (
                "no redirect address",
                Web,
                |c| c.redirect_uris.clear(),
                Err(Reason::ClientRedirectMissing),
            ),
            (
                "a service with one",
                Service,
                |c| c.redirect_uris.push("https://a.example/".into()),
                Err(Reason::ClientRedirectUnused),
            ),
            (
                "http",
                Web,
                |c| c.redirect_uris.push("http://rp.example/".into()),
                Err(Reason::ClientRedirectNotHttps),
            ),
            (
                "http after signing out",
                Web,
                |c| {
                    c.post_logout_redirect_uris
                        .push("http://rp.example/".into());
                },
                Err(Reason::ClientRedirectNotHttps),
            ),
            (
                "too many",
                Web,
                |c| c.redirect_uris = vec!["https://rp.example/".into(); 51],
                Err(Reason::ClientRedirectTooMany),
            ),
            (
                "logout over http",
                Web,
                |c| c.backchannel_logout_uri = Some("http://rp.example/".into()),
                Err(Reason::ClientAddressInvalid),
            ),
            (
                "logout on this machine",
                Web,
                |c| c.backchannel_logout_uri = Some("http://localhost:1/".into()),
                Ok(()),
            ),
            (
                "logout to a browser",
                Spa,
                |c| c.backchannel_logout_uri = Some("https://rp.example/".into()),
                Err(Reason::ClientBackchannelUnfit),
            ),
            (
                "a script as terms",
                Web,
                |c| c.tos_uri = Some("javascript:alert(1)".into()),
                Err(Reason::ClientAddressInvalid),
            ),
            (
                "a start",
                Web,
                |c| c.features.initiate_login_uri = Some("https://rp.example/start".into()),
                Ok(()),
            ),
            (
                "a start over http",
                Web,
                |c| c.features.initiate_login_uri = Some("http://rp.example/start".into()),
                Err(Reason::ClientAddressInvalid),
            ),
            (
                "a start of what has no sign-in",
                Service,
                |c| c.features.initiate_login_uri = Some("https://rp.example/start".into()),
                Err(Reason::ClientInitiateLoginUnfit),
            ),
            (
                "a scope with a space",
                Web,
                |c| c.scopes.push("a b".into()),
                Err(Reason::ClientScopeMalformed),
            ),
            (
                "an empty scope",
                Web,
                |c| c.scopes.push(String::new()),
                Err(Reason::ClientScopeMalformed),
            ),
            (
                "no signature",
                Web,
                |c| c.id_token_alg = "none".into(),
                Err(Reason::ClientAlgorithmUnsupported),
            ),
            (
                "a shared key",
                Web,
                |c| c.id_token_alg = "HS256".into(),
                Err(Reason::ClientAlgorithmUnsupported),
            ),
            (
                "too short",
                Web,
                |c| c.access_token_seconds = Some(29),
                Err(Reason::ClientLifetimeInvalid),
            ),
            (
                "too long",
                Web,
                |c| c.access_token_seconds = Some(601),
                Err(Reason::ClientLifetimeInvalid),
            ),
            ("short", Web, |c| c.access_token_seconds = Some(60), Ok(())),
        ];
        for (what, k, change, answer) in table {
            let mut client = kind(*k);
            change(&mut client);
            assert_eq!(
                check_alone(&Stage::province().policy, &client),
                *answer,
                "{what}"
            );
        }
    }

    #[test]
    fn every_broken_rule_is_told_once() {
        let mut client = kind(Web);
        client.redirect_uris = vec!["http://a.example/".into(), "http://b.example/".into()];
        client.tos_uri = Some("javascript:alert(1)".into());
        client.scopes.push("a b".into());
        client.features.profile = Some(crate::model::client::ClientProfile::Fapi2Security);
        let broken = violations(&Stage::province().policy, &client);
        let expected = [
            Reason::ClientRedirectNotHttps,
            Reason::ClientAddressInvalid,
            Reason::ClientScopeMalformed,
            Reason::FapiAuthenticationWeak,
            Reason::FapiTokensUnbound,
            Reason::FapiRequestsNotPushed,
        ];
        assert_eq!(broken, expected);
    }
}
