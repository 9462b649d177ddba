//! `/sign-in`.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use idp_core::authn::sign_in::SignInRequest;
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::flow::sign_in::{SignedInBrowser, Typed};
use idp_core::model::authentication::Level;
use idp_core::oauth::params::Parameters;

use tokio::time::Instant;

use super::context::Caller;
use super::cookies::{self, Name};
use super::guard::leads_to;
use super::oauth::asking;
use super::questions::{Asking, asking_application};
use super::site::Shared;
use super::wire::{
    Form, failure_page, form_target, own_form, page, page_with_status, path, path_in_language,
    path_with, redirect,
};
use crate::ui::pages::{SignInPage, SignInRefusal};

/// `GET /sign-in`.
pub async fn ask(State(site): State<Shared>, caller: Caller, Form(query): Form) -> Response {
    let prepared = async {
        let query = query?;
        if let Some(waiting) = stronger(&site, &caller, &query).await? {
            return Err(Instead::Certificate(waiting));
        }
        let value = prepared(&site, &caller, query.secret("request")).await;
        let (value, origin) = value?;
        Ok((with_device(&site, value, &query), origin))
    };
    match prepared.await {
        Ok((value, origin)) => leads_to(page(&site, &caller, &value), origin.as_deref()),
        Err(Instead::Certificate(waiting)) => {
            redirect(&site, &caller, &asking(&site, CERTIFICATE, &waiting))
        }
        Err(Instead::Failed(failure)) => failure_page(&site, &caller, &failure),
    }
}

/// Where somebody signs in with a certificate.
pub(super) const CERTIFICATE: &str = "/sign-in/certificate";

/// What happens instead of showing the page.
enum Instead {
    /// A password is not enough for what waits.
    Certificate(SecretText),
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for Instead {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// The waiting request, where it asks for more than a password gives and a certificate can give it.
async fn stronger(
    site: &Shared,
    caller: &Caller,
    query: &Parameters,
) -> Result<Option<SecretText>, Failure> {
    let Some(waiting) = query
        .secret("request")
        .filter(|_| site.certificates.sign_in)
    else {
        return Ok(None);
    };
    let context = site.context(&caller.arrival)?;
    let pending = site
        .provider
        .pending(&waiting, &caller.visitor.browser, &context)
        .await?;
    let more = pending
        .request
        .level
        .is_some_and(|level| level > Level::One);
    Ok(more.then_some(waiting))
}

/// The page, and the origin that its form leads on to.
async fn prepared(
    site: &Shared,
    caller: &Caller,
    waiting: Option<SecretText>,
) -> Result<(SignInPage, Option<String>), Failure> {
    let Some(secret) = &waiting else {
        return Ok((blank(site, caller), None));
    };
    let context = site.context(&caller.arrival)?;
    let Asking {
        pending,
        client,
        origin,
    } = asking_application(site, caller, secret).await?;
    let live = site
        .provider
        .live_session(caller.visitor.session.as_ref(), context.here.now)
        .await?;
    let value = SignInPage {
        pending: Some(secret.expose().to_owned()),
        application: Some(super::questions::local(&client.name, caller)),
        user_name: pending.request.login_hint.unwrap_or_default(),
        again: live.is_some(),
        ..blank(site, caller)
    };
    Ok((value, Some(origin)))
}

/// The page on the way to a device's question, when the code for it came along.
fn with_device(site: &Shared, page: SignInPage, sent: &Parameters) -> SignInPage {
    let user_code = sent.find("user_code").map(str::to_owned);
    SignInPage {
        certificate_path: site.certificates.sign_in.then(|| {
            way_to(
                site,
                CERTIFICATE,
                page.pending.as_deref(),
                user_code.as_deref(),
            )
        }),
        user_code,
        ..page
    }
}

/// The way to the other page, with what waits.
pub(super) fn way_to(
    site: &Shared,
    to: &str,
    pending: Option<&str>,
    user_code: Option<&str>,
) -> String {
    let waiting = pending.map(|waiting| ("request", waiting));
    let code = user_code.map(|code| ("user_code", code));
    let query: Vec<_> = waiting.into_iter().chain(code).collect();
    path_with(site, to, &query)
}

fn blank(site: &Shared, caller: &Caller) -> SignInPage {
    SignInPage {
        form: form_target(site, caller, "/sign-in"),
        pending: None,
        user_code: None,
        application: None,
        user_name: String::new(),
        again: false,
        forgotten_path: path(site, "/password/forgotten"),
        certificate_path: None,
        refusal: None,
    }
}

/// A refused sign-in is answered on the next full step of this length after it came, whatever
/// happened inside: known and unknown names differ by a write to the audit, and nobody outside
/// shall see that (security sentence 4).
const STEP: Duration = Duration::from_millis(250);

/// Waits until the next full step after `begun`.
pub(super) async fn full_step(begun: Instant) {
    let passed = begun.elapsed().as_millis() / STEP.as_millis();
    let steps = u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1);
    tokio::time::sleep_until(begun + STEP.saturating_mul(steps)).await;
}

/// `POST /sign-in`.
pub async fn submit(State(site): State<Shared>, mut caller: Caller, Form(body): Form) -> Response {
    let begun = Instant::now();
    match attempt(&site, &caller, &body).await {
        Ok(response) => response,
        Err(Failure::Refused(refusal)) if refusal.reason == Reason::CrossSiteForm => {
            match overtaken(&site, &caller, &body).await {
                Ok(response) => response,
                Err(failure) => failure_page(&site, &caller, &failure),
            }
        }
        Err(Failure::Refused(refusal)) if refused(&refusal).is_some() => {
            caller.view.other_language = other_language(&site, &caller, body.as_ref().ok());
            let response = again(&site, &caller, &body, &refusal).await;
            full_step(begun).await;
            response
        }
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

/// A form that is older than the browser's cookie: somebody signed in in another tab meanwhile.
/// The request goes on with that session, as it would after a reload, unless somebody else's name
/// was typed; no password is looked at.
///
/// # Errors
/// [`Reason::CrossSiteForm`] when nobody is signed in, somebody else is, or nothing waits.
async fn overtaken(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
) -> Result<Response, Failure> {
    let body = body.as_ref().map_err(|refusal| *refusal)?;
    let context = site.context(&caller.arrival)?;
    let (visitor, now) = (&caller.visitor, context.here.now);
    let live = site
        .provider
        .live_session(visitor.session.as_ref(), now)
        .await?;
    let (Some(live), Some(waiting)) = (live, body.secret("pending")) else {
        return Err(Reason::CrossSiteForm.into());
    };
    let typed = body.find("username").unwrap_or_default();
    if !site.provider.is_named(live.user.id, typed).await? {
        return Err(Reason::CrossSiteForm.into());
    }
    site.provider
        .pending(&waiting, &visitor.browser, &context)
        .await?;
    let then = asking(site, "/authorize/resume", &waiting);
    Ok(redirect(site, caller, &then))
}

async fn attempt(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
) -> Result<Response, Failure> {
    let body = own_form(caller, body)?;
    let mut context = site.context(&caller.arrival)?;
    let waiting = body.secret("pending");
    if let Some(waiting) = &waiting {
        site.provider
            .pending(waiting, &caller.visitor.browser, &context)
            .await?;
    }
    let typed = Typed {
        name: body.find("username").unwrap_or_default().to_owned(),
        request: SignInRequest {
            password: body
                .secret("password")
                .unwrap_or_else(|| SecretText::new(String::new())),
            user_agent: caller.arrival.user_agent.clone().unwrap_or_default(),
        },
    };
    let signed_in = site
        .provider
        .sign_in(&typed, &caller.visitor, &mut context)
        .await?;
    Ok(signed_in_answer(site, caller, body, &signed_in))
}

/// Leads on to what waits, with the browser's new cookies.
pub(super) fn signed_in_answer(
    site: &Shared,
    caller: &Caller,
    body: &Parameters,
    signed_in: &SignedInBrowser,
) -> Response {
    metrics::counter!("idp_sign_ins_total", "result" => "accepted", "reason" => "").increment(1);
    let then = match (body.secret("pending"), body.find("user_code")) {
        (Some(waiting), _) => asking(site, "/authorize/resume", &waiting),
        (None, Some(code)) => path_in_language(site, caller, "/device", ("user_code", code)),
        (None, None) => path(site, "/"),
    };
    let mut response = redirect(site, caller, &then);
    let issuer = &site.provider.policy.issuer;
    let kept = [
        (Name::Browser, &signed_in.browser),
        (Name::Device, &signed_in.device),
    ]
    .map(|(name, value)| cookies::set(name, value, issuer));
    let session = cookies::of_session(&signed_in.begun.secret, issuer);
    let all = session.into_iter().chain(kept).flatten();
    response
        .headers_mut()
        .extend(all.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

fn refused(refusal: &Refusal) -> Option<SignInRefusal> {
    match refusal.reason {
        Reason::CredentialsWrong => Some(SignInRefusal::WrongCredentials),
        Reason::SignInThrottled => {
            let minutes = refusal.retry_after.unwrap_or(60).div_ceil(60);
            Some(SignInRefusal::Throttled { minutes })
        }
        Reason::SignInBusy => Some(SignInRefusal::Busy {
            retry_after: refusal.retry_after.unwrap_or(5),
        }),
        _ => None,
    }
}

/// The refused form was posted; the language switch leads to the same question anew.
fn other_language(site: &Shared, caller: &Caller, body: Option<&Parameters>) -> Option<String> {
    let waiting = body?.find("pending").map(|waiting| ("request", waiting));
    let code = body?.find("user_code").map(|code| ("user_code", code));
    let language = ("lang", caller.view.locale.other().tag());
    let query: Vec<_> = waiting.into_iter().chain(code).chain([language]).collect();
    Some(path_with(site, "/sign-in", &query))
}

/// The same page again, with what went wrong and the name that was typed.
async fn again(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
    refusal: &Refusal,
) -> Response {
    site.note_refusal(refusal.reason, &caller.arrival);
    let reason = refusal.reason.name();
    metrics::counter!("idp_sign_ins_total", "result" => "refused", "reason" => reason).increment(1);
    let Ok(body) = body else {
        return failure_page(site, caller, &Failure::Refused(*refusal));
    };
    let (value, origin) = match prepared(site, caller, body.secret("pending")).await {
        Ok(prepared) => prepared,
        Err(failure) => return failure_page(site, caller, &failure),
    };
    let value = SignInPage {
        user_name: body.find("username").unwrap_or_default().to_owned(),
        refusal: refused(refusal),
        ..with_device(site, value, body)
    };
    let status = StatusCode::from_u16(refusal.code().status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let shown = page_with_status(site, caller, status, &value);
    let mut response = leads_to(shown, origin.as_deref());
    if let Some(seconds) = refusal.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
