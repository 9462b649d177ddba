//! The device authorization grant (RFC 8628): the device's endpoint, and `/device` for people.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use idp_core::base::refusal::Reason;
use idp_core::flow::Failure;
use idp_core::flow::device::{DeviceForm, DeviceQuestion};
use idp_core::oauth::device::UserCode;
use idp_core::oauth::params::Parameters;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::context::Caller;
use super::oauth::Presented;
use super::questions::{described, local, logo_path, requested_scope};
use super::site::Shared;
use super::wire::{
    Form, failure_page, form_target, own_form, page, page_with_status, path, path_in_language,
    redirect,
};
use crate::ui::pages::{
    ClientCard, ConfirmDevicePage, DeviceCodePage, DeviceCodeRefusal, DeviceDonePage,
};

const PAGE: &str = "/device";

/// `POST /device_authorization`.
pub async fn authorize(State(site): State<Shared>, by: Presented, Form(body): Form) -> Response {
    let answer = async {
        let (sender, mut context) = by.with(&site)?;
        let provider = &site.provider;
        provider
            .device_authorization(sender, &body?, &mut context)
            .await
    };
    by.answer(&site, answer.await)
}

/// `GET /device`: asks for the code. One in the address only fills the field: the person still has
/// to send it, so that a link by itself does nothing.
pub async fn ask(State(site): State<Shared>, caller: Caller, Form(query): Form) -> Response {
    match query {
        Ok(query) => page(&site, &caller, &code_page(&site, &caller, &query, None)),
        Err(refusal) => failure_page(&site, &caller, &refusal.into()),
    }
}

/// What was sent as a code: as it is shown when it can be one, else cut short and untouched.
fn sent_code(sent: &Parameters) -> String {
    let sent = sent.find("user_code").unwrap_or_default();
    UserCode::typed(sent).map_or_else(|| sent.chars().take(32).collect(), |code| code.to_string())
}

fn code_page(
    site: &Shared,
    caller: &Caller,
    sent: &Parameters,
    refusal: Option<DeviceCodeRefusal>,
) -> DeviceCodePage {
    DeviceCodePage {
        form: form_target(site, caller, PAGE),
        user_code: sent_code(sent),
        refusal,
    }
}

/// `POST /device`: the question behind the code.
pub async fn submit(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let asked = async {
        let body = own_form(&caller, &body)?;
        let context = site.context(&caller.arrival)?;
        let typed = body.find("user_code").unwrap_or_default();
        let provider = &site.provider;
        provider
            .device_question(typed, &caller.visitor, &context)
            .await
    };
    match asked.await {
        Ok(question) => page(&site, &caller, &confirm_page(&site, &caller, question)),
        Err(failure) => not_asked(&site, &caller, &body, &failure),
    }
}

/// `POST /device/answer`.
pub async fn answer(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let answered = async {
        let form = device_form(own_form(&caller, &body)?)?;
        let mut context = site.context(&caller.arrival)?;
        let provider = &site.provider;
        let asked = provider.answer_device(&form, &caller.visitor, &mut context);
        Ok::<_, Failure>((asked.await?, form.approved))
    };
    match answered.await {
        Ok((asked, approved)) => {
            let done = DeviceDonePage {
                approved,
                application: local(&asked.client.name, &caller),
                home_path: path(&site, "/"),
            };
            page(&site, &caller, &done)
        }
        Err(failure) => not_asked(&site, &caller, &body, &failure),
    }
}

fn device_form(body: &Parameters) -> Result<DeviceForm, Failure> {
    let approved = match body.required("decision")? {
        "approve" => true,
        "refuse" => false,
        _ => return Err(Reason::DeviceDecisionUnknown.into()),
    };
    Ok(DeviceForm {
        user_code: UserCode::typed(body.required("user_code")?).ok_or(Reason::UserCodeUnknown)?,
        approved,
        person: body.find("person").map(str::to_owned),
    })
}

fn confirm_page(site: &Shared, caller: &Caller, asked: DeviceQuestion) -> ConfirmDevicePage {
    let person = asked.signed_in.user;
    ConfirmDevicePage {
        form: form_target(site, caller, "/device/answer"),
        user_code: asked.user_code.to_string(),
        scopes: asked
            .ticket
            .scope
            .into_iter()
            .map(requested_scope)
            .collect(),
        details: described(&asked.ticket.authorization_details),
        shown_to: caller.visitor.browser.person_token(person.id),
        person: person.name,
        network: asked.ticket.network,
        same_network: asked.same_network,
        asked_at: chrono::DateTime::from_timestamp_millis(asked.ticket.requested_at.millis()),
        client: ClientCard {
            logo: logo_path(site, &asked.client),
            name: local(&asked.client.name, caller),
            unchecked: asked.client.has_unchecked_name(),
            host: None,
            policy_uri: asked.client.policy_uri,
            tos_uri: asked.client.tos_uri,
        },
    }
}

/// Where a code that was not taken leads: to the sign-in and back, to a new password, to the same
/// page with what is wrong, or to an error page.
fn not_asked(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, idp_core::base::refusal::Refusal>,
    failure: &Failure,
) -> Response {
    let (Ok(body), Failure::Refused(refusal)) = (body, failure) else {
        return failure_page(site, caller, failure);
    };
    let with_code = |to: &str| path_in_language(site, caller, to, ("user_code", &sent_code(body)));
    let again = match refusal.reason {
        Reason::SessionOver | Reason::DeviceSignInNeeded => {
            return redirect(site, caller, &with_code("/sign-in"));
        }
        Reason::PageOfAnother => return redirect(site, caller, &with_code(PAGE)),
        Reason::PasswordChangeNeeded => {
            return redirect(site, caller, &path(site, "/password/change"));
        }
        Reason::UserCodeUnknown => DeviceCodeRefusal::Unknown,
        Reason::UserCodesThrottled => DeviceCodeRefusal::Throttled {
            minutes: refusal.retry_after.unwrap_or(60).div_ceil(60),
        },
        _ => return failure_page(site, caller, failure),
    };
    site.note_refusal(refusal.reason, &caller.arrival);
    let status =
        StatusCode::from_u16(refusal.code().status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let shown = code_page(site, caller, body, Some(again));
    page_with_status(site, caller, status, &shown)
}

/// `GET /device/qr`: the address of [`ask`] with a code in it, as a picture that a device can show.
/// It draws nothing but this page's own address, and looks nothing up.
pub async fn picture(State(site): State<Shared>, Form(query): Form) -> Response {
    let code = query
        .ok()
        .and_then(|q| UserCode::typed(q.find("user_code")?));
    let drawn = code.and_then(|code| {
        let page = site.provider.policy.issuer.endpoint(PAGE);
        let address = format!("{page}?user_code={code}");
        QrCode::with_error_correction_level(address, EcLevel::M).ok()
    });
    let Some(drawn) = drawn else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let picture = drawn
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .quiet_zone(true)
        .build();
    let mut response = picture.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("image/svg+xml"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    response
}
