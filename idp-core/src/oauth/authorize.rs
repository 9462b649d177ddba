//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2): parse and check.

use serde::{Deserialize, Serialize};

use super::params::Parameters;
use super::pkce::CodeChallenge;
use super::redirect_uri::ValidRedirect;
use super::scope::Scope;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::{Client, ClientId, GrantType};
use crate::model::identifier::AgencyCode;

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
    check_rest(parameters, client, hinted_sub, now).map(|request| (request, to.clone())).map_err(
        |refusal| AuthorizeRefusal::Redirect(ErrorRedirect { to, state, refusal }),
    )
}

fn check_rest(
    parameters: &Parameters,
    client: &Client,
    hinted_sub: Result<Option<String>, Refusal>,
    now: Timestamp,
) -> Result<AuthorizationRequest, Refusal> {
    if parameters.find("request").is_some() {
        return Err(Reason::RequestObjectUnsupported.into());
    }
    if parameters.find("request_uri").is_some() {
        return Err(Reason::RequestUriUnsupported.into());
    }
    match parameters.required("response_type")? {
        "code" if client.may_use(GrantType::AuthorizationCode) => {}
        "code" => return Err(Reason::ResponseTypeNotAllowed.into()),
        _ => return Err(Reason::ResponseTypeUnsupported.into()),
    }
    if parameters.find("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Reason::ResponseModeUnsupported.into());
    }
    let challenge = CodeChallenge::parse(parameters)?;
    let scope = Scope::parse(parameters.required("scope")?)?;
    if !scope.within(&client.scopes) {
        return Err(Reason::ScopeNotAllowed.into());
    }
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: parameters.required("redirect_uri")?.to_owned(),
        scope: scope.into_vec(),
        state: parameters.find("state").map(str::to_owned),
        nonce: parameters.find("nonce").map(str::to_owned),
        challenge,
        prompt: prompt(parameters)?,
        max_age: max_age(parameters)?,
        login_hint: parameters.find("login_hint").map(str::to_owned),
        hinted_sub: hinted_sub?,
        ui_locales: parameters.find("ui_locales").map(str::to_owned),
        unit: unit(parameters)?,
        requested_at: now,
    })
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

fn max_age(parameters: &Parameters) -> Result<Option<u32>, Refusal> {
    parameters
        .find("max_age")
        .map(|text| text.parse().map_err(|_| Refusal::new(Reason::ParameterMalformed)))
        .transpose()
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
