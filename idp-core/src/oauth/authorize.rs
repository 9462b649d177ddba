//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): parse and check.

use serde::{Deserialize, Serialize};

use super::assurance;
use super::claims_request::{self, ClaimsParameter};
use super::consent::Disclosed;
use super::dpop;
use super::params::Parameters;
use super::pkce::CodeChallenge;
use super::redirect_uri::ValidRedirect;
use super::resource;
use super::response::ResponseMode;
use super::scope::{self, Scope};
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::authentication::Level;
use crate::model::authorization_details::{self, AuthorizationDetails};
use crate::model::client::{Client, ClientId, GrantType, ResponseType};
use crate::model::identifier::AgencyCode;
use crate::model::requested_claims::RequestedClaims;

/// The most bytes of what is kept or returned for the client while a person answers. Anybody may
/// send an authorization request, so a waiting one must stay small.
pub const LONGEST: [(&str, usize); 6] = [
    ("state", 2048),
    ("nonce", 1024),
    ("login_hint", 254),
    ("ui_locales", 128),
    ("scope", 2048),
    ("claims", claims_request::MAX_BYTES),
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
    /// What leaves the endpoint.
    #[serde(default = "code", skip_serializing_if = "is_code")]
    pub response_type: ResponseType,
    /// How.
    #[serde(default, skip_serializing_if = "ResponseMode::is_plain")]
    pub response_mode: ResponseMode,
    /// What is asked for.
    pub scope: Vec<String>,
    /// Single claims that are asked for besides.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub claims: RequestedClaims,
    /// Returned untouched.
    pub state: Option<String>,
    /// Repeated in the ID Token.
    pub nonce: Option<String>,
    /// PKCE; none where no code is asked for, or the client may do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    /// The thumbprint of the DPoP key that alone may redeem the code (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// Whether and what to ask.
    pub prompt: Prompt,
    /// The sign-in may be this old, in seconds.
    pub max_age: Option<u32>,
    /// The sign-in must be this strong at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Prefills the sign-in page.
    pub login_hint: Option<String>,
    /// The `sub` of a verified `id_token_hint`.
    pub hinted_sub: Option<String>,
    /// Preferred languages.
    pub ui_locales: Option<String>,
    /// The APIs that tokens shall be for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What exactly is asked for (RFC 9396).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The unit whose position the client wants to be told (parameter `unit`, this project's own).
    pub unit: Option<AgencyCode>,
    /// When the request came. A sign-in or consent after this answers `prompt`.
    pub requested_at: Timestamp,
}

impl AuthorizationRequest {
    /// What the client will learn: the scopes it asks for, and the single claims beyond them. This
    /// is what the person is shown and agrees to.
    pub fn disclosed(&self) -> Disclosed {
        Disclosed {
            scope: self.scope.clone(),
            claims: claims_request::beyond(&self.claims, &self.scope),
        }
    }
}

const fn code() -> ResponseType {
    ResponseType::Code
}

fn is_code(response_type: &ResponseType) -> bool {
    *response_type == ResponseType::Code
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
    /// How it travels there.
    pub mode: ResponseMode,
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
    let mode = ResponseMode::for_refusal(parameters, &to);
    check_rest(parameters, client, &to, hinted_sub, now)
        .map(|request| (request, to.clone()))
        .map_err(|refusal| {
            AuthorizeRefusal::Redirect(ErrorRedirect {
                to,
                mode,
                state,
                refusal,
            })
        })
}

/// The way of a refusal of the request as a whole, whose parameters do not count: to the address
/// that it names, if the client registered that, and otherwise to a page.
pub fn refuse(parameters: &Parameters, client: &Client, refusal: Refusal) -> AuthorizeRefusal {
    let named = parameters.find("redirect_uri");
    match named.and_then(|uri| ValidRedirect::check(client, uri).ok()) {
        None => AuthorizeRefusal::Page(refusal),
        Some(to) => AuthorizeRefusal::Redirect(ErrorRedirect {
            mode: ResponseMode::for_refusal(parameters, &to),
            to,
            state: parameters.find("state").map(str::to_owned),
            refusal,
        }),
    }
}

fn check_rest(
    parameters: &Parameters,
    client: &Client,
    to: &ValidRedirect,
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
    let response_type = response_type(parameters, client)?;
    let response_mode = ResponseMode::of(parameters.find("response_mode"), response_type, to)?;
    let challenge = challenge(parameters, client, response_type)?;
    let scope = Scope::parse(parameters.required("scope")?)?;
    if !scope.within(&client.scopes) {
        return Err(Reason::ScopeNotAllowed.into());
    }
    let resources = resource::at_authorization(parameters, client, &scope)?;
    check_id_token(parameters, response_type, &scope)?;
    let claims = parameters
        .find("claims")
        .map(|text| ClaimsParameter::parse(text, &client.scopes))
        .transpose()?
        .unwrap_or_default();
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: parameters.required("redirect_uri")?.to_owned(),
        response_type,
        response_mode,
        scope: scope.into_vec(),
        resources,
        claims: claims.requested,
        authorization_details: AuthorizationDetails::at_authorization(
            parameters.find(authorization_details::PARAMETER),
            client,
        )?,
        state: parameters.find("state").map(str::to_owned),
        nonce: parameters.find("nonce").map(str::to_owned),
        challenge,
        dpop_jkt: dpop::bound_key(parameters, None)?,
        prompt: prompt(parameters)?,
        max_age: max_age(parameters)?.or(client.features.default_max_age),
        level: assurance::needed(claims.acr.as_ref(), parameters, client)?,
        login_hint: parameters.find("login_hint").map(str::to_owned),
        hinted_sub: hinted_sub?.or(claims.sub),
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

/// What the client is registered for. A code is no use to a client that may not redeem it.
fn response_type(parameters: &Parameters, client: &Client) -> Result<ResponseType, Refusal> {
    let wanted = ResponseType::parse(parameters.required("response_type")?)
        .ok_or(Reason::ResponseTypeUnsupported)?;
    let redeems = !wanted.has_code() || client.may_use(GrantType::AuthorizationCode);
    // What leaves this endpoint is bound to nothing.
    let bound = wanted.has_token() && client.features.bind_access_tokens();
    if !client.features.allow(wanted) || !redeems || bound {
        return Err(Reason::ResponseTypeNotAllowed.into());
    }
    Ok(wanted)
}

/// PKCE is required for every code (RFC 9700 §2.1.1), unless the client was registered without; then
/// what it sends counts all the same.
fn challenge(
    parameters: &Parameters,
    client: &Client,
    response_type: ResponseType,
) -> Result<Option<CodeChallenge>, Refusal> {
    let optional = client.features.pkce_optional && parameters.find("code_challenge").is_none();
    if !response_type.has_code() || optional {
        return Ok(None);
    }
    CodeChallenge::parse(parameters).map(Some)
}

/// An ID Token that goes through the browser needs the scope `openid`, and a `nonce` that binds it to
/// this request (OpenID Connect Core §3.2.2.1, §3.3.2.11).
fn check_id_token(
    parameters: &Parameters,
    response_type: ResponseType,
    scope: &Scope,
) -> Result<(), Reason> {
    if !response_type.has_id_token() {
        return Ok(());
    }
    if !scope.holds(scope::OPENID) {
        return Err(Reason::OpenidScopeMissing);
    }
    let nonce = parameters.find("nonce").map(|_| ());
    nonce.ok_or(Reason::NonceMissing)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{NOW, client};
    use crate::model::client::ClientKind;
    use crate::oauth::sample::{CHALLENGE, REDIRECT, parameters, web};

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
                Reason::ResponseTypeNotAllowed,
            ),
            (
                vec![("response_mode", "web_message")],
                Reason::ResponseModeUnsupported,
            ),
            (vec![("claims", "[]")], Reason::ClaimsMalformed),
            (
                vec![(
                    "claims",
                    r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#,
                )],
                Reason::AcrUnknown,
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

    /// A client that is registered for everything.
    fn hybrid() -> Client {
        let mut client = web();
        client.features.response_types = ResponseType::ALL.to_vec();
        client
    }

    fn of_hybrid(changed: &[(&str, &str)]) -> Result<AuthorizationRequest, (Reason, ResponseMode)> {
        match check(&request(changed), Some(&hybrid()), Ok(None), NOW) {
            Ok((request, _)) => Ok(request),
            Err(AuthorizeRefusal::Redirect(error)) => Err((error.refusal.reason, error.mode)),
            Err(AuthorizeRefusal::Page(refusal)) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn an_id_token_in_the_browser_needs_openid_and_a_nonce() {
        for &response_type in ResponseType::ALL {
            let wanted = ("response_type", response_type.as_str());
            let without = of_hybrid(&[wanted]).err();
            let tokens = response_type.has_id_token();
            let missing = (Reason::NonceMissing, ResponseMode::Fragment);
            assert_eq!(without, tokens.then_some(missing), "{response_type:?}");
            let accepted = of_hybrid(&[wanted, ("nonce", "n")]).unwrap();
            assert_eq!(accepted.response_type, response_type);
            assert_eq!(accepted.challenge.is_some(), response_type.has_code());
            let plain = [wanted, ("nonce", "n"), ("scope", "profile")];
            let refused = of_hybrid(&plain).err().map(|(reason, _)| reason);
            assert_eq!(refused, tokens.then_some(Reason::OpenidScopeMissing));
        }
    }

    #[test]
    fn a_refusal_takes_the_way_that_the_answer_would_have_taken() {
        let hybrid = ("response_type", "code id_token");
        let nonce = ("nonce", "n");
        for (changed, expected) in [
            (
                vec![hybrid, ("response_mode", "query")],
                (Reason::ResponseModeUnfit, ResponseMode::Fragment),
            ),
            (
                vec![
                    hybrid,
                    nonce,
                    ("response_mode", "form_post"),
                    ("prompt", "none login"),
                ],
                (Reason::PromptNoneWithOthers, ResponseMode::FormPost),
            ),
            (
                vec![("response_mode", "jwt"), ("code_challenge", "")],
                (Reason::PkceMissing, ResponseMode::QueryJwt),
            ),
            (
                vec![hybrid, nonce, ("code_challenge", "")],
                (Reason::PkceMissing, ResponseMode::Fragment),
            ),
        ] {
            assert_eq!(of_hybrid(&changed).err(), Some(expected), "{changed:?}");
        }
    }

    #[test]
    fn a_client_may_be_registered_without_pkce_and_what_it_sends_counts_all_the_same() {
        let mut client = web();
        client.features.pkce_optional = true;
        let ask = |changed: &[(&str, &str)]| {
            let checked = check(&request(changed), Some(&client), Ok(None), NOW);
            checked.map(|(request, _)| request.challenge.is_some()).ok()
        };
        assert_eq!(
            ask(&[("code_challenge", ""), ("code_challenge_method", "")]),
            Some(false)
        );
        assert_eq!(ask(&[]), Some(true));
        assert_eq!(ask(&[("code_challenge_method", "plain")]), None);
    }

    #[test]
    fn what_was_registered_holds_where_the_request_is_silent() {
        let mut client = web();
        client.features.default_max_age = Some(600);
        client.features.default_acr_values = vec![Level::Two.acr().into()];
        let ask = |changed: &[(&str, &str)]| {
            let (request, _) = check(&request(changed), Some(&client), Ok(None), NOW).unwrap();
            (request.max_age, request.level)
        };
        assert_eq!(ask(&[]), (Some(600), Some(Level::Two)));
        let said = [("max_age", "60"), ("acr_values", Level::One.acr())];
        assert_eq!(ask(&said), (Some(60), Some(Level::One)));
    }

    #[test]
    fn single_claims_are_disclosed_by_name_and_name_the_person() {
        let asked = r#"{"userinfo":{"email":null},"id_token":{"sub":{"value":"s"}}}"#;
        let mut client = web();
        client.scopes.push("email".into());
        let (request, _) =
            check(&request(&[("claims", asked)]), Some(&client), Ok(None), NOW).unwrap();
        assert_eq!(request.claims.userinfo, ["email"]);
        assert_eq!(request.hinted_sub.as_deref(), Some("s"));
        let disclosed = request.disclosed();
        assert_eq!(disclosed.scope, ["openid", "profile"]);
        assert_eq!(disclosed.claims, ["email"]);
    }

    #[test]
    fn a_plain_request_rests_as_it_did_before() {
        let rests = serde_json::to_value(checked(&[])).unwrap();
        for name in ["response_type", "response_mode", "claims", "level"] {
            assert_eq!(rests.get(name), None, "{name}");
        }
        assert!(serde_json::from_value::<AuthorizationRequest>(rests).is_ok());
    }
}
