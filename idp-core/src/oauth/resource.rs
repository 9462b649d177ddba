//! Resource indicators (RFC 8707): which APIs a token is for, and what it may do there.
//!
//! An API is known by the URI that its tokens name as their audience. A client asks for those it is
//! registered for; a grant keeps what was asked for at the authorization; a token is for all of that,
//! or for the part that its request names. Without any, it is for the provider's own userinfo.

use url::Url;

use super::access_token::Audience;
use super::params::Parameters;
use super::scope::{self, Scope};
use crate::base::issuer::Issuer;
use crate::base::refusal::{Reason, Refusal};
use crate::model::client::Client;

/// The parameter's name. It may come several times (RFC 8707 §2).
pub const PARAMETER: &str = "resource";
/// The most resources of one request.
pub const MOST: usize = 8;
/// The most bytes of one resource.
pub const LONGEST: usize = 512;

/// The resources that a request names, each once, in the order sent.
///
/// # Errors
/// [`Reason::ResourcesTooMany`] beyond [`MOST`]; [`Reason::ResourceMalformed`] for what
/// [`is_well_formed`] rejects.
pub fn requested(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let mut resources: Vec<String> = Vec::new();
    for resource in parameters.all(PARAMETER) {
        if !is_well_formed(resource) {
            return Err(Reason::ResourceMalformed.into());
        }
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    if resources.len() > MOST {
        return Err(Reason::ResourcesTooMany.into());
    }
    Ok(resources)
}

/// Whether a text can be the audience of a token: an absolute URI without a fragment (RFC 8707 §2),
/// in visible ASCII, at most [`LONGEST`] bytes.
pub fn is_well_formed(resource: &str) -> bool {
    let visible = resource.bytes().all(|b| b.is_ascii_graphic());
    let absolute = Url::parse(resource).is_ok_and(|uri| uri.fragment().is_none());
    visible && absolute && resource.len() <= LONGEST
}

/// Whether a URI is the provider's own to give: everything below the issuer but the issuer itself,
/// however it is written. The audience of the administration lies there, and is never obtained by
/// asking for a resource or by an exchange.
pub fn is_reserved(resource: &str, issuer: &Issuer) -> bool {
    if resource == issuer.as_str() {
        return false;
    }
    let (Ok(resource), Ok(own)) = (Url::parse(resource), Url::parse(issuer.as_str())) else {
        return true;
    };
    let same_host = resource.host_str() == own.host_str()
        && resource.port_or_known_default() == own.port_or_known_default();
    let below = own.path().trim_end_matches('/');
    let rest = resource.path().strip_prefix(below);
    same_host && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What an authorization request asks for: resources that the client is registered for, and
/// scopes that are rights at one of them.
///
/// # Errors
/// Those of [`requested`], [`check_allowed`] and [`check_scope`].
pub fn at_authorization(
    parameters: &Parameters,
    client: &Client,
    scope: &Scope,
) -> Result<Vec<String>, Refusal> {
    let resources = requested(parameters)?;
    check_allowed(&resources, client)?;
    check_scope(scope, &resources, client)?;
    Ok(resources)
}

/// Checks that every scope means something at one of the resources.
///
/// # Errors
/// [`Reason::ScopeNotOfResource`].
pub fn check_scope(scope: &Scope, resources: &[String], client: &Client) -> Result<(), Refusal> {
    let whole = narrowed(scope, resources, client) == *scope;
    whole
        .then_some(())
        .ok_or_else(|| Reason::ScopeNotOfResource.into())
}

/// Checks that the client is registered for every resource.
///
/// # Errors
/// [`Reason::ResourceNotAllowed`].
pub fn check_allowed(resources: &[String], client: &Client) -> Result<(), Refusal> {
    let registered = &client.features.resources;
    let allowed = resources.iter().all(|r| registered.contains(r));
    allowed
        .then_some(())
        .ok_or_else(|| Reason::ResourceNotAllowed.into())
}

/// What of a grant one token is for (RFC 8707 §2.2): all of it, or the part that is wanted.
///
/// # Errors
/// [`Reason::ResourceExceedsGrant`] for a resource that was not granted.
pub fn within_grant<'a>(
    wanted: &'a [String],
    granted: &'a [String],
) -> Result<&'a [String], Refusal> {
    if wanted.is_empty() {
        return Ok(granted);
    }
    let within = wanted.iter().all(|resource| granted.contains(resource));
    within
        .then_some(wanted)
        .ok_or_else(|| Reason::ResourceExceedsGrant.into())
}

/// The audience of a token for these resources; the issuer, for its own userinfo, when there are
/// none. Every token's audience is made here.
///
/// # Errors
/// [`Reason::ResourceReserved`] for what [`is_reserved`], whatever was registered or granted.
pub fn audience(resources: &[String], issuer: &Issuer) -> Result<Audience, Refusal> {
    if resources.iter().any(|r| is_reserved(r, issuer)) {
        return Err(Reason::ResourceReserved.into());
    }
    if resources.is_empty() {
        return Ok(Audience::from(issuer.as_str()));
    }
    Ok(Audience::from(resources))
}

/// The part of a scope that means something at these resources. Scopes that speak of the person
/// stay. The others stay where one of the resources has them among its rights, or has no rights of
/// its own registered for the client; and where no resource is named at all.
pub fn narrowed(scope: &Scope, resources: &[String], client: &Client) -> Scope {
    let rights = &client.features.resource_scopes;
    let holds = |resource: &String, name: &String| {
        rights
            .get(resource)
            .is_none_or(|scopes| scopes.contains(name))
    };
    let kept = scope.as_slice().iter().filter(|name| {
        resources.is_empty()
            || scope::STANDARD.contains(&name.as_str())
            || resources.iter().any(|resource| holds(resource, name))
    });
    Scope::of(&kept.cloned().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{ISSUER, parameters, web};

    const FILES: &str = "https://api.tinh.example/ho-so";
    const LAND: &str = "https://dat-dai.tinh.example/";

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    fn names(resources: &[&str]) -> Vec<String> {
        resources.iter().map(|r| (*r).to_owned()).collect()
    }

    /// A client that may ask for two APIs; at one of them it has one right.
    fn client() -> Client {
        let mut client = web();
        client.scopes = names(&["openid", "ho-so.doc", "ho-so.ghi", "dat.doc"]);
        client.features.resources = names(&[FILES, LAND]);
        client
            .features
            .resource_scopes
            .insert(FILES.into(), names(&["ho-so.doc"]));
        client
    }

    fn asked(pairs: &[(&str, &str)], scope: &str) -> Result<Vec<String>, Reason> {
        let scope = Scope::parse(scope).unwrap();
        at_authorization(&parameters(pairs), &client(), &scope).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn several_resources_are_kept_in_order_and_once() {
        let pairs = [("resource", LAND), ("resource", FILES), ("resource", LAND)];
        assert_eq!(asked(&pairs, "openid"), Ok(names(&[LAND, FILES])));
        assert_eq!(asked(&[], "openid ho-so.ghi"), Ok(Vec::new()));
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let long = format!("https://api.tinh.example/{}", "a".repeat(LONGEST));
        for malformed in [
            "ho-so",
            "/ho-so",
            "//api.tinh.example",
            "https://api.tinh.example/#f",
            "https://api.tinh.example/#",
            "https://api.tinh.example/hồ-sơ",
            "https://api.tinh.example/ a",
            &long,
        ] {
            let refused = asked(&[("resource", malformed)], "openid");
            assert_eq!(refused, Err(Reason::ResourceMalformed), "{malformed}");
        }
        let many: Vec<String> = (0..=MOST)
            .map(|n| format!("https://{n}.example/"))
            .collect();
        let many: Vec<_> = many.iter().map(|r| ("resource", r.as_str())).collect();
        assert_eq!(asked(&many, "openid"), Err(Reason::ResourcesTooMany));
        for other in [
            "https://api.tinh.example/",
            "https://api.tinh.example/ho-so/",
            "HTTPS://api.tinh.example/ho-so",
            ISSUER,
        ] {
            let refused = asked(&[("resource", other)], "openid");
            assert_eq!(refused, Err(Reason::ResourceNotAllowed), "{other}");
        }
        let refused = asked(&[("resource", FILES)], "openid ho-so.ghi");
        assert_eq!(refused, Err(Reason::ScopeNotOfResource));
    }

    #[test]
    fn what_lies_below_the_issuer_is_never_an_audience() {
        let own = issuer("https://tinh.example/sso");
        for reserved in [
            "https://tinh.example/sso/admin",
            "https://tinh.example/sso/",
            "https://TINH.example:443/sso/admin",
            "http://tinh.example:443/sso/admin",
            "https://user@tinh.example/sso/admin?x",
            "https://tinh.example/api/../sso/admin",
        ] {
            assert!(is_reserved(reserved, &own), "{reserved}");
            let refused = audience(&names(&[FILES, reserved]), &own);
            assert_eq!(refused.unwrap_err().reason, Reason::ResourceReserved);
        }
        for free in [
            "https://tinh.example/sso",
            "https://tinh.example/ssology",
            "https://tinh.example/api",
            "https://tinh.example:8443/sso/admin",
            "urn:vn:tinh:kho-du-lieu",
            FILES,
        ] {
            assert!(!is_reserved(free, &own), "{free}");
        }
        let root = issuer(ISSUER);
        assert!(is_reserved(&format!("{ISSUER}/admin"), &root));
        assert!(!is_reserved(ISSUER, &root));
    }

    #[test]
    fn a_token_is_for_what_was_granted_or_a_part_of_it() {
        let granted = names(&[FILES, LAND]);
        let part = names(&[LAND]);
        assert_eq!(within_grant(&[], &granted).unwrap(), granted);
        assert_eq!(within_grant(&part, &granted).unwrap(), part);
        for granted in [&names(&[FILES])[..], &[]] {
            let refused = within_grant(&part, granted).unwrap_err();
            assert_eq!(refused.reason, Reason::ResourceExceedsGrant);
        }
        let issuer = issuer(ISSUER);
        assert_eq!(audience(&[], &issuer).unwrap(), Audience::from(ISSUER));
        let both = audience(&granted, &issuer).unwrap();
        assert!(both.holds(FILES) && both.holds(LAND) && !both.holds(ISSUER));
    }

    #[test]
    fn a_scope_is_narrowed_to_the_rights_at_the_resource() {
        let scope = Scope::parse("openid ho-so.doc ho-so.ghi dat.doc").unwrap();
        let at = |resources: &[&str]| narrowed(&scope, &names(resources), &client()).to_string();
        assert_eq!(at(&[]), "dat.doc ho-so.doc ho-so.ghi openid");
        assert_eq!(at(&[FILES]), "ho-so.doc openid");
        // No rights are registered for the other: all of the client's count there.
        assert_eq!(at(&[LAND]), "dat.doc ho-so.doc ho-so.ghi openid");
    }
}
