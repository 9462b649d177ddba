//! The protocol endpoints: token, userinfo, introspection, revocation, and the authorization
//! endpoint's two entrances.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::base::secret::SecretText;
use idp_core::flow::authorize::AuthorizeReply;
use idp_core::flow::userinfo::UserinfoAnswer;
use idp_core::flow::{Failure, RequestContext};
use idp_core::oauth::interaction::Interaction;
use idp_core::oauth::params::Parameters;
use idp_core::oauth::sender::Sender;
use serde_json::{Map, Value};

use super::back::back;
use super::browser_clients::proofs;
use super::challenge::resource_error;
use super::context::{Arrival, Caller, text};
use super::cookies;
use super::site::Shared;
use super::spent;
use super::wire::{
    Form, OptionalForm, as_get, failure_page, json_answer, jwt_answer, oauth_error, path_with,
    redirect,
};

use crate::listen::client_certificate::ShownCertificate;

/// How a client reached a protocol endpoint, and what it says of itself in the header.
pub struct Presented {
    arrival: Arrival,
    method: Method,
    path: String,
    authorization: Option<String>,
    dpop: Vec<String>,
    certificate: Option<ShownCertificate>,
}

impl FromRequestParts<Shared> for Presented {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, Infallible> {
        Ok(Self {
            arrival: Arrival::from_request_parts(parts, site).await?,
            method: parts.method.clone(),
            // Routed by it, and without the issuer's own path.
            path: parts.uri.path().to_owned(),
            authorization: text(&parts.headers, &header::AUTHORIZATION),
            dpop: proofs(&parts.headers),
            certificate: parts.extensions.get().cloned(),
        })
    }
}

impl Presented {
    /// What every endpoint of the core is given besides the body.
    pub(super) fn with(&self, site: &Shared) -> Result<(Sender<'_>, RequestContext), Failure> {
        let certificates = match &self.certificate {
            None => &[][..],
            Some(ShownCertificate::Chain(chain)) => chain,
            Some(ShownCertificate::Foreign) => {
                return Err(Reason::ClientCertificateForeign.into());
            }
            Some(ShownCertificate::Malformed) => {
                return Err(Reason::ClientCertificateMalformed.into());
            }
        };
        let sender = Sender {
            method: self.method.as_str(),
            path: &self.path,
            authorization: self.authorization.as_deref(),
            dpop: &self.dpop,
            certificates,
        };
        Ok((sender, site.context(&self.arrival)?))
    }

    /// The refusal of an endpoint that takes access tokens.
    pub(super) fn refused(&self, site: &Shared, failure: &Failure) -> Response {
        resource_error(site, &self.arrival, self.authorization.as_deref(), failure)
    }

    /// The answer of an endpoint that an OAuth client asked.
    pub(super) fn answer(
        &self,
        site: &Shared,
        answer: Result<Map<String, Value>, Failure>,
    ) -> Response {
        match answer {
            Ok(members) => json_answer(StatusCode::OK, &Value::Object(members)),
            Err(failure) => oauth_error(site, &self.arrival, &failure),
        }
    }
}

/// `POST /token`.
pub async fn token(State(site): State<Shared>, by: Presented, Form(body): Form) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(&site)?;
        let body = body?;
        let answer = site.provider.token(sender, &body, &mut context).await?;
        let grant_type = body.find("grant_type").unwrap_or_default().to_owned();
        metrics::counter!("idp_tokens_issued_total", "grant_type" => grant_type).increment(1);
        Ok(answer)
    };
    by.answer(&site, answer.await)
}

/// `GET|POST /userinfo`.
pub async fn userinfo(
    State(site): State<Shared>,
    by: Presented,
    OptionalForm(body): OptionalForm,
) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(&site)?;
        let provider = &site.provider;
        provider.userinfo(sender, &body?, &mut context).await
    };
    match answer.await {
        Err(failure) => by.refused(&site, &failure),
        Ok(UserinfoAnswer::Json(claims)) => by.answer(&site, Ok(claims)),
        Ok(UserinfoAnswer::Jwt(jwt)) => jwt_answer(jwt),
    }
}

/// The media type of a signed introspection answer (RFC 9701 §4).
const SIGNED_INTROSPECTION: &str = "application/token-introspection+jwt";

/// `POST /introspect`: JSON, or a JWT for who asks for one.
pub async fn introspect(
    State(site): State<Shared>,
    by: Presented,
    headers: HeaderMap,
    Form(body): Form,
) -> Response {
    let accepted = text(&headers, &header::ACCEPT).unwrap_or_default();
    let essence = |part: &str| part.split(';').next().unwrap_or("").trim().to_owned();
    if accepted
        .split(',')
        .any(|part| essence(part) == SIGNED_INTROSPECTION)
    {
        return introspect_signed(&site, &by, body).await;
    }
    let answer = async {
        let (sender, context) = by.with(&site)?;
        site.provider.introspect(sender, &body?, &context).await
    };
    by.answer(&site, answer.await)
}

async fn introspect_signed(
    site: &Shared,
    by: &Presented,
    body: Result<Parameters, Refusal>,
) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(site)?;
        let (provider, body) = (&site.provider, body?);
        let answered = provider.introspect_signed(sender, &body, &mut context);
        answered.await
    };
    match answer.await {
        Ok(signed) => {
            let headers = [
                (header::CONTENT_TYPE, SIGNED_INTROSPECTION),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, signed).into_response()
        }
        Err(failure) => oauth_error(site, &by.arrival, &failure),
    }
}

/// `POST /revoke`.
pub async fn revoke(State(site): State<Shared>, by: Presented, Form(body): Form) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(&site)?;
        site.provider.revoke(sender, &body?, &mut context).await
    };
    match answer.await {
        Ok(()) => ([(header::CACHE_CONTROL, "no-store")], StatusCode::OK).into_response(),
        Err(failure) => oauth_error(&site, &by.arrival, &failure),
    }
}

/// `POST /par`.
pub async fn par(State(site): State<Shared>, by: Presented, Form(body): Form) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(&site)?;
        site.provider.push(sender, &body?, &mut context).await
    };
    match answer.await {
        Ok(members) => json_answer(StatusCode::CREATED, &Value::Object(members)),
        Err(failure) => {
            let mut response = oauth_error(&site, &by.arrival, &failure);
            // RFC 9126 §2.3 tells what is too large by its status.
            if matches!(&failure, Failure::Refused(r) if r.reason == Reason::BodyTooLarge) {
                *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            }
            response
        }
    }
}

/// `GET|POST /authorize`.
pub async fn authorize(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    if let Some(again) = as_get(&site, &caller, "/authorize", &body) {
        return again;
    }
    let reply = async {
        let mut context = site.context(&caller.arrival)?;
        let parameters = body.as_ref().map_err(|refusal| *refusal)?;
        site.provider
            .authorize(parameters, &caller.visitor, &mut context)
            .await
    };
    match reply.await {
        Err(failure) if spent::is_spent(&failure) => {
            spent::page(&site, &caller, body.as_ref().ok(), &failure).await
        }
        reply => authorize_reply(&site, &caller, reply),
    }
}

/// `GET /authorize/resume`.
pub async fn resume(State(site): State<Shared>, caller: Caller, Form(query): Form) -> Response {
    let reply = async {
        let mut context = site.context(&caller.arrival)?;
        let waiting = SecretText::new(query?.required("request")?.to_owned());
        site.provider
            .resume(&waiting, &caller.visitor, &mut context)
            .await
    };
    authorize_reply(&site, &caller, reply.await)
}

fn authorize_reply(
    site: &Shared,
    caller: &Caller,
    reply: Result<AuthorizeReply, Failure>,
) -> Response {
    match reply {
        Ok(AuthorizeReply::Answered(answer)) => {
            with_state(site, caller, back(site, caller, answer))
        }
        Ok(AuthorizeReply::Refused(answer, reason)) => {
            site.note_refusal(reason, &caller.arrival);
            back(site, caller, answer)
        }
        Ok(AuthorizeReply::Ask(question)) => {
            let page = match question.interaction {
                Interaction::SignIn => "/sign-in",
                Interaction::ChangePassword => "/password/change",
                Interaction::ChoosePosition => "/choose-position",
                Interaction::Consent => "/consent",
            };
            let mut query = vec![("request", question.waiting.expose())];
            let locales = question.ui_locales.as_deref();
            query.extend(locales.map(|locales| ("ui_locales", locales)));
            redirect(site, caller, &path_with(site, page, &query))
        }
        Err(failure) => failure_page(site, caller, &failure),
    }
}

/// Sets the browser state that the response speaks of, where the browser lost it or never had it.
fn with_state(site: &Shared, caller: &Caller, mut response: Response) -> Response {
    let issuer = &site.provider.policy.issuer;
    let session = caller.visitor.session.as_ref();
    let state = session.and_then(|secret| cookies::state_of(secret, issuer));
    let headers = response.headers_mut();
    headers.extend(state.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

/// The address of a page that asks something for a waiting request.
pub fn asking(site: &Shared, page: &str, waiting: &SecretText) -> String {
    path_with(site, page, &[("request", waiting.expose())])
}
