//! The protocol endpoints: token, userinfo, introspection, revocation, and the authorization
//! endpoint's two entrances.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::flow::authorize::AuthorizeReply;
use idp_core::oauth::interaction::Interaction;
use serde_json::Value;

use super::context::{Arrival, Caller, text};
use super::site::Shared;
use super::wire::{
    Form, OptionalForm, as_get, bearer_error, failure_page, json_answer, oauth_error, path,
    redirect,
};

/// `POST /token`.
pub async fn token(
    State(site): State<Shared>,
    arrival: Arrival,
    headers: HeaderMap,
    Form(body): Form,
) -> Response {
    let authorization = text(&headers, &header::AUTHORIZATION);
    let answer = async {
        let mut context = site.context(&arrival)?;
        let body = body?;
        let answer = site
            .provider
            .token(authorization.as_deref(), &body, &mut context)
            .await?;
        let grant_type = body.find("grant_type").unwrap_or_default().to_owned();
        metrics::counter!("idp_tokens_issued_total", "grant_type" => grant_type).increment(1);
        Ok(answer)
    };
    match answer.await {
        Ok(answer) => json_answer(StatusCode::OK, &Value::Object(answer)),
        Err(failure) => oauth_error(&site, &arrival, &failure),
    }
}

/// `GET|POST /userinfo`.
pub async fn userinfo(
    State(site): State<Shared>,
    arrival: Arrival,
    headers: HeaderMap,
    OptionalForm(body): OptionalForm,
) -> Response {
    let authorization = text(&headers, &header::AUTHORIZATION);
    let answer = async {
        let context = site.context(&arrival)?;
        site.provider
            .userinfo(authorization.as_deref(), &body?, &context)
            .await
    };
    match answer.await {
        Ok(claims) => json_answer(StatusCode::OK, &Value::Object(claims)),
        Err(failure) => bearer_error(&site, &arrival, &failure),
    }
}

/// `POST /introspect`.
pub async fn introspect(
    State(site): State<Shared>,
    arrival: Arrival,
    headers: HeaderMap,
    Form(body): Form,
) -> Response {
    let authorization = text(&headers, &header::AUTHORIZATION);
    let answer = async {
        let context = site.context(&arrival)?;
        site.provider
            .introspect(authorization.as_deref(), &body?, &context)
            .await
    };
    match answer.await {
        Ok(claims) => json_answer(StatusCode::OK, &Value::Object(claims)),
        Err(failure) => oauth_error(&site, &arrival, &failure),
    }
}

/// `POST /revoke`.
pub async fn revoke(
    State(site): State<Shared>,
    arrival: Arrival,
    headers: HeaderMap,
    Form(body): Form,
) -> Response {
    let authorization = text(&headers, &header::AUTHORIZATION);
    let answer = async {
        let mut context = site.context(&arrival)?;
        site.provider
            .revoke(authorization.as_deref(), &body?, &mut context)
            .await
    };
    match answer.await {
        Ok(()) => ([(header::CACHE_CONTROL, "no-store")], StatusCode::OK).into_response(),
        Err(failure) => oauth_error(&site, &arrival, &failure),
    }
}

/// `GET|POST /authorize`.
pub async fn authorize(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    if let Some(again) = as_get(&site, &caller, "/authorize", &body) {
        return again;
    }
    let reply = async {
        let mut context = site.context(&caller.arrival)?;
        site.provider
            .authorize(&body?, &caller.visitor, &mut context)
            .await
    };
    authorize_reply(&site, &caller, reply.await)
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
        Ok(AuthorizeReply::Redirect(address)) => redirect(site, caller, &address),
        Ok(AuthorizeReply::Refused(address, reason)) => {
            site.note_refusal(reason, &caller.arrival);
            redirect(site, caller, &address)
        }
        Ok(AuthorizeReply::Ask(question)) => {
            let page = match question.interaction {
                Interaction::SignIn => "/sign-in",
                Interaction::ChangePassword => "/password/change",
                Interaction::ChoosePosition => "/choose-position",
                Interaction::Consent => "/consent",
            };
            let mut address = asking(site, page, &question.waiting);
            if let Some(locales) = question.ui_locales {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("ui_locales", &locales);
                address = format!("{address}&{}", query.finish());
            }
            redirect(site, caller, &address)
        }
        Err(failure) => failure_page(site, caller, &failure),
    }
}

/// The address of a page that asks something for a waiting request.
pub fn asking(site: &Shared, page: &str, waiting: &SecretText) -> String {
    format!("{}?request={}", path(site, page), waiting.expose())
}
