//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): parse and check.

use serde::{Deserialize, Serialize};

use super::dpop;
use super::params::Parameters;
use super::pkce::CodeChallenge;
use super::redirect_uri::ValidRedirect;
use super::resource;
use super::scope::Scope;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::{Client, ClientId, GrantType};
use crate::model::identifier::AgencyCode;

/// The most bytes of what is kept or returned for the client while a person answers. Anybody may
/// send an authorization request, so a waiting one must stay small.
pub const LONGEST: [(&str, usize); 5] = [
    ("state", 2048),
    ("nonce", 1024),
    ("login_hint", 254),
    ("ui_locales", 128),
    ("scope", 2048),
];

/// `prompt` (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// Ask nothing.
    pub none: bool,
    /// Sign in again, or choose another account (the sign-in page serves both).
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
}

/// An authorization request that was checked against its client. It rests in a ticket while the
/// person answers questions; the redirect is proved again when it resumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What is asked for.
    pub scope: Vec<String>,
    /// Returned untouched.
    pub state: Option<String>,
    /// Repeated in the ID Token.
    pub nonce: Option<String>,
    /// PKCE.
    pub challenge: CodeChallenge,
    /// The thumbprint of the DPoP key that alone may redeem the code (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// Whether and what to ask.
    pub prompt: Prompt,
    /// The sign-in may be this old, in seconds.
    pub max_age: Option<u32>,
    /// Prefills the sign-in page.
    pub login_hint: Option<String>,
    /// The `sub` of a verified `id_token_hint`.
    pub hinted_sub: Option<String>,
    /// Preferred languages.
    pub ui_locales: Option<String>,
    /// The APIs that tokens shall be for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The unit whose position the client wants to be told (parameter `unit`, this project's own).
    pub unit: Option<AgencyCode>,
    /// When the request came. A sign-in or consent after this answers `prompt`.
    pub requested_at: Timestamp,
}

/// Where a refusal goes: no address is used that was not proved.
#[derive(Clone, Debug)]
pub enum AuthorizeRefusal {
    /// A page: client or redirect address are not proved.
    Page(Refusal),
    /// Back to the client.
    Redirect(ErrorRedirect),
}

impl AuthorizeRefusal {
    /// Why, for whoever is told without a browser.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Page(refusal) => *refusal,
            Self::Redirect(error) => error.refusal,
        }
    }
}

/// An error on its way back to the client.
#[derive(Clone, Debug)]
pub struct ErrorRedirect {
    /// The proved address.
    pub to: ValidRedirect,
    /// Returned untouched.
    pub state: Option<String>,
    /// Why.
    pub refusal: Refusal,
}

/// Checks a request against its client.
///
/// # Errors
/// A page for an unknown client or an unproved address; otherwise a redirect, by the rules in
/// the order of this function.
pub fn check(
    parameters: &Parameters,
    client: Option<&Client>,
    hinted_sub: Result<Option<String>, Refusal>,
    now: Timestamp,
) -> Result<(AuthorizationRequest, ValidRedirect), AuthorizeRefusal> {
    let client = client
        .filter(|c| !c.disabled)
        .ok_or_else(|| AuthorizeRefusal::Page(Reason::ClientUnknown.into()))?;
    let to = match parameters.find("redirect_uri") {
        None => Err(Reason::RedirectUriMissing),
        Some(uri) => ValidRedirect::check(client, uri),
    }
    .map_err(|reason| AuthorizeRefusal::Page(reason.into()))?;
    let state = parameters.find("state").map(str::to_owned);
    check_rest(parameters, client, hinted_sub, now)
        .map(|request| (request, to.clone()))
        .map_err(|refusal| AuthorizeRefusal::Redirect(ErrorRedirect { to, state, refusal }))
}

/// The way of a refusal of the request as a whole, whose parameters do not count: to the address
/// that it names, if the client registered that, and otherwise to a page.
pub fn refuse(parameters: &Parameters, client: &Client, refusal: Refusal) -> AuthorizeRefusal {
    let named = parameters.find("redirect_uri");
    match named.and_then(|uri| ValidRedirect::check(client, uri).ok()) {
        None => AuthorizeRefusal::Page(refusal),
        Some(to) => AuthorizeRefusal::Redirect(ErrorRedirect {
            to,
            state: parameters.find("state").map(str::to_owned),
            refusal,
        }),
    }
}

fn check_rest(
    parameters: &Parameters,
    client: &Client,
    hinted_sub: Result<Option<String>, Refusal>,
    now: Timestamp,
) -> Result<AuthorizationRequest, Refusal> {
    for (name, most) in LONGEST {
        if parameters
            .find(name)
            .is_some_and(|value| value.len() > most)
        {
            return Err(Reason::ParameterTooLong.into());
        }
    }
    match parameters.required("response_type")? {
        "code" if client.may_use(GrantType::AuthorizationCode) => {}
        "code" => return Err(Reason::ResponseTypeNotAllowed.into()),
        _ => return Err(Reason::ResponseTypeUnsupported.into()),
    }
    if parameters
        .find("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err(Reason::ResponseModeUnsupported.into());
    }
    let challenge = CodeChallenge::parse(parameters)?;
    let scope = Scope::parse(parameters.required("scope")?)?;
    if !scope.within(&client.scopes) {
        return Err(Reason::ScopeNotAllowed.into());
    }
    let resources = resource::at_authorization(parameters, client, &scope)?;
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: parameters.required("redirect_uri")?.to_owned(),
        scope: scope.into_vec(),
        resources,
        state: parameters.find("state").map(str::to_owned),
        nonce: parameters.find("nonce").map(str::to_owned),
        challenge,
        dpop_jkt: dpop::bound_key(parameters, None)?,
        prompt: prompt(parameters)?,
        max_age: max_age(parameters)?,
        login_hint: parameters.find("login_hint").map(str::to_owned),
        hinted_sub: hinted_sub?,
        ui_locales: parameters.find("ui_locales").map(str::to_owned),
        unit: unit(parameters)?,
        requested_at: now,
    })
}

/// Checks a request that a page of somebody else's brought along as an image, a frame or a
/// script: each that asks something would wait as a sign-in of the person's network, and a page
/// may hold thousands.
///
/// # Errors
/// [`Reason::AuthorizationEmbedded`] unless nothing may be asked.
pub fn check_embedding(embedded: bool, prompt: &Prompt) -> Result<(), Refusal> {
    if embedded && !prompt.none {
        return Err(Reason::AuthorizationEmbedded.into());
    }
    Ok(())
}

/// Unknown values are ignored; `none` stands alone.
fn prompt(parameters: &Parameters) -> Result<Prompt, Refusal> {
    let words = parameters.words("prompt");
    if words.contains(&"none") && words.len() > 1 {
        return Err(Reason::PromptNoneWithOthers.into());
    }
    Ok(Prompt {
        none: words.contains(&"none"),
        login: words.contains(&"login") || words.contains(&"select_account"),
        consent: words.contains(&"consent"),
    })
}

/// Digits only: `parse` alone would take a sign.
fn max_age(parameters: &Parameters) -> Result<Option<u32>, Refusal> {
    let Some(text) = parameters.find("max_age") else {
        return Ok(None);
    };
    let seconds = text
        .parse()
        .ok()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    seconds
        .map(Some)
        .ok_or_else(|| Reason::MaxAgeMalformed.into())
}

fn unit(parameters: &Parameters) -> Result<Option<AgencyCode>, Refusal> {
    parameters
        .find("unit")
        .map(|text| AgencyCode::parse(text).map_err(|_| Refusal::new(Reason::PositionUnknown)))
        .transpose()
}

/// The address that carries a code or an error back, with `state` and `iss` (RFC 9207 §2).
pub fn answer(
    to: &ValidRedirect,
    issuer: &str,
    state: Option<&str>,
    members: &[(&str, &str)],
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        query.append_pair(name, value);
    }
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer);
    with_query(to.as_str(), &query.finish())
}

/// Adds to the query of a proved address; what was registered there stays (RFC 6749 §3.1.2).
pub fn with_query(address: &str, query: &str) -> String {
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{address}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{NOW, client};
    use crate::model::client::ClientKind;
    use crate::oauth::sample::{CHALLENGE, ISSUER, REDIRECT, parameters, web};

    /// A request with nothing wrong in it.
    const GOOD: [(&str, &str); 7] = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile"),
        ("state", "của tôi"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];

    /// The good request with some parameters replaced, added, or (when empty) left out.
    fn request(changed: &[(&str, &str)]) -> Parameters {
        let kept = GOOD
            .iter()
            .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        let added = changed.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> = kept.chain(added).copied().collect();
        parameters(&pairs)
    }

    fn checked(changed: &[(&str, &str)]) -> AuthorizationRequest {
        check(&request(changed), Some(&web()), Ok(None), NOW)
            .unwrap()
            .0
    }

    /// The reason of a refusal that is sent back to the client with the state.
    fn redirected(changed: &[(&str, &str)]) -> Reason {
        match check(&request(changed), Some(&web()), Ok(None), NOW) {
            Err(AuthorizeRefusal::Redirect(error)) => {
                assert_eq!(error.to.as_str(), REDIRECT);
                assert_eq!(error.state.as_deref(), Some("của tôi"));
                error.refusal.reason
            }
            other => panic!("{changed:?}: {other:?}"),
        }
    }

    fn page(client: Option<&Client>, changed: &[(&str, &str)]) -> Reason {
        match check(&request(changed), client, Ok(None), NOW) {
            Err(AuthorizeRefusal::Page(refusal)) => refusal.reason,
            other => panic!("{changed:?}: {other:?}"),
        }
    }

    #[test]
    fn what_is_not_proved_is_refused_on_a_page() {
        let web = web();
        let disabled = Client {
            disabled: true,
            ..web.clone()
        };
        assert_eq!(page(None, &[]), Reason::ClientUnknown);
        assert_eq!(page(Some(&disabled), &[]), Reason::ClientUnknown);
        for (address, reason) in [
            ("", Reason::RedirectUriMissing),
            ("https://rp.example/cb", Reason::RedirectUriMismatch),
            (
                "https://rp.example/cb?tenant=1&x=2",
                Reason::RedirectUriMismatch,
            ),
            (
                "https://evil.example/cb?tenant=1",
                Reason::RedirectUriMismatch,
            ),
        ] {
            assert_eq!(
                page(Some(&web), &[("redirect_uri", address)]),
                reason,
                "{address}"
            );
        }
        // The address counts first: whatever else is wrong, it is not told to a stranger's address.
        let both = [
            ("redirect_uri", "https://evil.example/"),
            ("response_type", "token"),
        ];
        assert_eq!(page(Some(&web), &both), Reason::RedirectUriMismatch);
    }

    #[test]
    fn a_refusal_of_the_whole_goes_to_a_registered_address_or_to_a_page() {
        let refusal = || Refusal::new(Reason::RequestObjectMalformed);
        let at = |address| refuse(&request(&[("redirect_uri", address)]), &web(), refusal());
        match at(REDIRECT) {
            AuthorizeRefusal::Redirect(error) => {
                assert_eq!(error.to.as_str(), REDIRECT);
                assert_eq!(error.state.as_deref(), Some("của tôi"));
            }
            page => panic!("{page:?}"),
        }
        for address in ["https://evil.example/cb", ""] {
            assert!(
                matches!(at(address), AuthorizeRefusal::Page(_)),
                "{address}"
            );
        }
    }

    #[test]
    fn several_registered_addresses_and_none_sent_is_refused() {
        let mut one = client(ClientKind::Web, &[REDIRECT]);
        assert_eq!(
            page(Some(&one), &[("redirect_uri", "")]),
            Reason::RedirectUriMissing
        );
        one.redirect_uris.push("https://rp.example/other".into());
        assert_eq!(
            page(Some(&one), &[("redirect_uri", "")]),
            Reason::RedirectUriMissing
        );
    }

    #[test]
    fn each_rule_behind_a_proved_address_has_its_reason() {
        for (changed, reason) in [
            (vec![("response_type", "")], Reason::ParameterMissing),
            (
                vec![("response_type", "token")],
                Reason::ResponseTypeUnsupported,
            ),
            (
                vec![("response_type", "code id_token")],
                Reason::ResponseTypeUnsupported,
            ),
            (
                vec![("response_mode", "fragment")],
                Reason::ResponseModeUnsupported,
            ),
            (
                vec![("response_mode", "form_post")],
                Reason::ResponseModeUnsupported,
            ),
            (vec![("code_challenge", "")], Reason::PkceMissing),
            (
                vec![("code_challenge_method", "")],
                Reason::PkceMethodUnsupported,
            ),
            (
                vec![("code_challenge_method", "plain")],
                Reason::PkceMethodUnsupported,
            ),
            (
                vec![("code_challenge", "abc")],
                Reason::PkceChallengeMalformed,
            ),
            (vec![("scope", "")], Reason::ParameterMissing),
            (vec![("scope", "openid \"x\"")], Reason::ScopeMalformed),
            (vec![("scope", "openid payroll")], Reason::ScopeNotAllowed),
            (vec![("prompt", "none login")], Reason::PromptNoneWithOthers),
            (
                vec![("prompt", "consent none")],
                Reason::PromptNoneWithOthers,
            ),
            (vec![("max_age", "-1")], Reason::MaxAgeMalformed),
            (vec![("max_age", "+1")], Reason::MaxAgeMalformed),
            (vec![("max_age", "1.5")], Reason::MaxAgeMalformed),
            (vec![("max_age", "một")], Reason::MaxAgeMalformed),
            (vec![("max_age", "4294967296")], Reason::MaxAgeMalformed),
            (vec![("unit", "../H42")], Reason::PositionUnknown),
        ] {
            assert_eq!(redirected(&changed), reason, "{changed:?}");
        }
    }

    #[test]
    fn a_client_without_the_code_grant_may_not_ask_for_codes() {
        let mut service = web();
        service.grant_types = vec![GrantType::ClientCredentials];
        match check(&request(&[]), Some(&service), Ok(None), NOW) {
            Err(AuthorizeRefusal::Redirect(error)) => {
                assert_eq!(error.refusal.reason, Reason::ResponseTypeNotAllowed);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hint_that_is_not_ours_is_told_to_the_client() {
        let wrong = Err(Reason::IdTokenHintWrong.into());
        match check(&request(&[]), Some(&web()), wrong, NOW) {
            Err(AuthorizeRefusal::Redirect(error)) => {
                assert_eq!(error.refusal.reason, Reason::IdTokenHintWrong);
            }
            other => panic!("{other:?}"),
        }
        let hinted = check(&request(&[]), Some(&web()), Ok(Some("sub".into())), NOW).unwrap();
        assert_eq!(hinted.0.hinted_sub.as_deref(), Some("sub"));
    }

    #[test]
    fn what_is_understood_is_kept_and_what_is_unknown_is_ignored() {
        let request = checked(&[
            ("nonce", "n"),
            ("prompt", "select_account consent tomorrow"),
            ("max_age", "0"),
            ("login_hint", "an"),
            ("ui_locales", "vi en"),
            ("unit", "H42.05"),
            ("response_mode", "query"),
            ("acr_values", "urn:vn:nd69-2024:loa:1"),
            ("display", "popup"),
            ("claims", "{}"),
            ("unheard_of", "x"),
        ]);
        assert_eq!(request.scope, ["openid", "profile"]);
        assert_eq!(
            request.prompt,
            Prompt {
                none: false,
                login: true,
                consent: true
            }
        );
        assert_eq!(
            (request.max_age, request.login_hint.as_deref()),
            (Some(0), Some("an"))
        );
        assert_eq!(request.unit.unwrap().as_str(), "H42.05");
        assert_eq!(
            (request.requested_at, request.redirect_uri.as_str()),
            (NOW, REDIRECT)
        );
        for (prompt, expected) in [
            ("", Prompt::default()),
            ("create", Prompt::default()),
            (
                "none",
                Prompt {
                    none: true,
                    ..Prompt::default()
                },
            ),
            (
                "login",
                Prompt {
                    login: true,
                    ..Prompt::default()
                },
            ),
        ] {
            assert_eq!(checked(&[("prompt", prompt)]).prompt, expected, "{prompt}");
        }
    }

    #[test]
    fn state_and_nonce_are_untouched_up_to_the_bound() {
        for (name, most) in [("state", 2048), ("nonce", 1024)] {
            let long = "Ă&=+% \"".repeat(most / 8);
            let request = checked(&[(name, &long)]);
            let kept = if name == "state" {
                request.state
            } else {
                request.nonce
            };
            assert_eq!(kept.as_deref(), Some(long.as_str()));
        }
        for (name, most) in LONGEST {
            let longer = "x".repeat(most + 1);
            let refused = check(&request(&[(name, &longer)]), Some(&web()), Ok(None), NOW);
            let Err(AuthorizeRefusal::Redirect(error)) = refused else {
                panic!("{name} is taken");
            };
            assert_eq!(error.refusal.reason, Reason::ParameterTooLong);
        }
    }

    #[test]
    fn an_answer_keeps_the_registered_query_and_carries_state_and_issuer() {
        let (_, to) = check(&request(&[]), Some(&web()), Ok(None), NOW).unwrap();
        let address = answer(&to, ISSUER, Some("a b&c"), &[("code", "x/y")]);
        assert_eq!(
            address,
            "https://rp.example/cb?tenant=1&code=x%2Fy&state=a+b%26c&iss=https%3A%2F%2Fsso.tinh.example"
        );
        assert_eq!(
            with_query("https://rp.example/cb", "a=b"),
            "https://rp.example/cb?a=b"
        );
        assert_eq!(
            with_query("https://rp.example/cb?", "a=b"),
            "https://rp.example/cb?a=b"
        );
        assert_eq!(
            answer(&to, ISSUER, None, &[]),
            format!("{REDIRECT}&iss=https%3A%2F%2Fsso.tinh.example")
        );
    }
}
