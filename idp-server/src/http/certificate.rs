//! `/sign-in/certificate`: signing in with a certificate, by a signature over a challenge.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use idp_core::authn::certificate::{Answering, Purpose, SentAnswer};
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::flow::certificate_sign_in::Circumstance;
use idp_core::oauth::params::Parameters;
use tokio::time::Instant;

use super::context::Caller;
use super::guard::signs_with;
use super::questions::{asking_application, local};
use super::sign_in::{CERTIFICATE, full_step, signed_in_answer, way_to};
use super::site::Shared;
use super::wire::{Form, failure_page, form_target, own_form, page_with_status};
use crate::ui::pages::{CertificatePage, CertificateRefusal, ToSign};

/// `GET /sign-in/certificate`.
pub async fn ask(State(site): State<Shared>, caller: Caller, Form(query): Form) -> Response {
    let shown = async {
        let query = query?;
        let sent = Sent {
            pending: query.secret("request"),
            user_code: query.find("user_code").map(str::to_owned),
        };
        shown(&site, &caller, sent, None).await
    };
    shown
        .await
        .unwrap_or_else(|failure| failure_page(&site, &caller, &failure))
}

/// `POST /sign-in/certificate`.
pub async fn submit(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let begun = Instant::now();
    match attempt(&site, &caller, &body).await {
        Ok(response) => response,
        Err(Failure::Refused(refusal)) => {
            // Nobody shall see by the time whether there is an account.
            let response = again(&site, &caller, &body, refusal).await;
            full_step(begun).await;
            response.unwrap_or_else(|failure| failure_page(&site, &caller, &failure))
        }
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

/// What came along with the question.
struct Sent {
    pending: Option<SecretText>,
    user_code: Option<String>,
}

fn offered(site: &Shared) -> Result<(), Failure> {
    let offered = site.certificates.sign_in;
    offered
        .then_some(())
        .ok_or_else(|| Reason::NotFoundHere.into())
}

async fn attempt(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
) -> Result<Response, Failure> {
    offered(site)?;
    let body = own_form(caller, body)?;
    let mut context = site.context(&caller.arrival)?;
    if let Some(waiting) = &body.secret("pending") {
        site.provider
            .pending(waiting, &caller.visitor.browser, &context)
            .await?;
    }
    let handle = body
        .secret("challenge")
        .ok_or(Reason::SignInChallengeUnknown)?;
    let text = |name| body.find(name).unwrap_or_default().to_owned();
    let sent = SentAnswer {
        signature: text("signature"),
        certificate: text("certificate"),
    };
    let from = Circumstance {
        from_office: site.certificates.is_office(caller.arrival.address),
        user_agent: caller.arrival.user_agent.as_deref().unwrap_or_default(),
    };
    let signed_in = site
        .provider
        .answer_certificate_challenge((&handle, &sent), &caller.visitor, from, &mut context)
        .await?;
    Ok(signed_in_answer(site, caller, body, &signed_in))
}

/// The page again with a fresh challenge and what went wrong; other refusals are pages of their own.
async fn again(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
    refusal: Refusal,
) -> Result<Response, Failure> {
    let (Some(told), Ok(body)) = (CertificateRefusal::of(refusal.reason), body) else {
        return Err(refusal.into());
    };
    site.note_refusal(refusal.reason, &caller.arrival);
    let reason = refusal.reason.name();
    metrics::counter!("idp_sign_ins_total", "result" => "refused", "reason" => reason).increment(1);
    let sent = Sent {
        pending: body.secret("pending"),
        user_code: body.find("user_code").map(str::to_owned),
    };
    shown(site, caller, sent, Some((told, refusal))).await
}

async fn shown(
    site: &Shared,
    caller: &Caller,
    sent: Sent,
    refused: Option<(CertificateRefusal, Refusal)>,
) -> Result<Response, Failure> {
    offered(site)?;
    let asking = match &sent.pending {
        Some(secret) => Some(asking_application(site, caller, secret).await?),
        None => None,
    };
    let client = asking.as_ref().map(|asking| asking.client.id.to_string());
    let client = client.as_deref().unwrap_or("account");
    let agents = &site.certificates.agents;
    let in_office = site.certificates.is_office(caller.arrival.address);
    let by_agent = if in_office && !agents.is_empty() {
        let challenge = challenge(site, caller, Answering::Agent, client).await?;
        Some((challenge, agents.clone()))
    } else {
        None
    };
    let pending = sent.pending.as_ref().map(SecretText::expose);
    let level = asking
        .as_ref()
        .and_then(|asking| asking.pending.request.level);
    let password_is_enough =
        level.is_none_or(|level| level <= idp_core::model::authentication::Level::One);
    let value = CertificatePage {
        form: form_target(site, caller, CERTIFICATE),
        pending: pending.map(str::to_owned),
        application: asking
            .as_ref()
            .map(|asking| local(&asking.client.name, caller)),
        by_agent,
        by_file: challenge(site, caller, Answering::Message, client).await?,
        password_path: password_is_enough
            .then(|| way_to(site, "/sign-in", pending, sent.user_code.as_deref())),
        user_code: sent.user_code,
        refusal: refused.map(|(told, _)| told),
    };
    let code = refused.map_or(200, |(_, refusal)| refusal.code().status());
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::UNAUTHORIZED);
    let response = page_with_status(site, caller, status, &value);
    let script = (&*CertificatePage::script_source(), &*value.agent_origins());
    let origin = asking.map(|asking| asking.origin);
    Ok(signs_with(response, origin.as_deref(), script))
}

async fn challenge(
    site: &Shared,
    caller: &Caller,
    answering: Answering,
    client: &str,
) -> Result<ToSign, Failure> {
    let mut context = site.context(&caller.arrival)?;
    let issuer = &site.provider.policy.issuer;
    let origin = issuer.origin();
    let line = format!("Đăng nhập / Sign in: {origin}");
    let purpose = Purpose {
        origin: &origin,
        client,
        line: &line,
    };
    let made = site
        .provider
        .certificate_challenge(answering, purpose, &caller.visitor, &mut context)
        .await?;
    Ok(ToSign {
        handle: made.handle.expose().to_owned(),
        octets: made.octets,
    })
}
