//! `/sign-out`: RP-initiated logout, our own button, and the page afterwards.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use idp_core::flow::Failure;
use idp_core::flow::sign_out::SignOutReply;
use idp_core::model::LocalText;
use idp_core::oauth::params::Parameters;
use idp_core::oauth::redirect_uri::form_action;
use idp_core::oidc::frontchannel::LogoutFrame;
use idp_core::oidc::logout::AskingApplication;

use super::context::Caller;
use super::cookies;
use super::guard::{frames_from, leads_to};
use super::questions::local;
use super::site::Shared;
use super::wire::{Form, as_get, failure_page, form_target, own_form, page, path, redirect};
use crate::ui::pages::{BackLink, ConfirmSignOutPage, SignedOutPage, SigningOutPage};

/// `GET|POST /sign-out`.
pub async fn begin(State(site): State<Shared>, mut caller: Caller, Form(body): Form) -> Response {
    caller.prefer(body.as_ref().ok().and_then(|b| b.find("ui_locales")));
    if let Some(again) = as_get(&site, &caller, "/sign-out", &body) {
        return again;
    }
    let reply = async {
        let mut context = site.context(&caller.arrival)?;
        site.provider
            .sign_out(&body?, &caller.visitor, &mut context)
            .await
    };
    answer(&site, &caller, reply.await).await
}

/// `POST /sign-out/confirm`: the confirmation, or the button on our own home page, which proves
/// itself by the form token and needs no further question.
pub async fn confirm(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let reply = async {
        let body = own_form(&caller, &body)?;
        let mut context = site.context(&caller.arrival)?;
        let visitor = &caller.visitor;
        let waiting = match body.secret("pending") {
            Some(waiting) => waiting,
            None => {
                let none = Parameters::default();
                match site.provider.sign_out(&none, visitor, &mut context).await? {
                    SignOutReply::Confirm { waiting, .. } => waiting,
                    done @ SignOutReply::Done { .. } => return Ok(done),
                }
            }
        };
        site.provider
            .confirm_sign_out(&waiting, visitor, &mut context)
            .await
    };
    answer(&site, &caller, reply.await).await
}

async fn answer(site: &Shared, caller: &Caller, reply: Result<SignOutReply, Failure>) -> Response {
    match reply {
        Err(failure) => failure_page(site, caller, &failure),
        Ok(SignOutReply::Confirm {
            waiting,
            request,
            told,
        }) => {
            let session = caller.visitor.session.as_ref();
            let live = site.provider.live_session(session, site.clock.now()).await;
            let person = live
                .ok()
                .flatten()
                .map(|facts| facts.user.name)
                .unwrap_or_default();
            let value = ConfirmSignOutPage {
                form: form_target(site, caller, "/sign-out/confirm"),
                pending: Some(waiting.expose().to_owned()),
                person,
                client: request.application.map(|a| local(&a.name, caller)),
                applications: names(&told, caller),
                stay_path: path(site, "/"),
            };
            let then = request.then.and_then(|then| url::Url::parse(&then).ok());
            let origin = then.map(|then| form_action(&then));
            leads_to(page(site, caller, &value), origin.as_deref())
        }
        Ok(SignOutReply::Done {
            then,
            application,
            told,
            frames,
        }) => {
            let names = names(&told, caller);
            let mut response = match then {
                Some(address) if frames.is_empty() => redirect(site, caller, &address),
                Some(address) => signing_out(site, caller, (names, &frames), address),
                None => {
                    let value = SignedOutPage {
                        applications: names,
                        frames: addresses(&frames),
                        back: application.and_then(|a| back(a, caller)),
                        sign_in_path: path(site, "/sign-in"),
                    };
                    framing(page(site, caller, &value), &frames)
                }
            };
            // Only the browser that brought the session's cookie loses it: another site's form comes
            // without, and must not sign anybody out.
            if caller.visitor.session.is_some() {
                let removed = cookies::without_session(&site.provider.policy.issuer);
                let removed = removed.into_iter().flatten();
                response
                    .headers_mut()
                    .extend(removed.map(|cookie| (header::SET_COOKIE, cookie)));
            }
            response
        }
    }
}

/// The page that waits for the frames and then goes to the application's address. Browsers follow
/// `Refresh` once everything in the page has loaded (HTML, "shared declarative refresh steps"), so
/// no script is needed; where a frame hangs, the page's link leads on.
fn signing_out(
    site: &Shared,
    caller: &Caller,
    (applications, frames): (Vec<String>, &[LogoutFrame]),
    then: String,
) -> Response {
    let refresh = format!("0;url={then}").parse();
    let value = SigningOutPage {
        applications,
        frames: addresses(frames),
        continue_address: then,
    };
    let mut response = framing(page(site, caller, &value), frames);
    let headers = response.headers_mut();
    headers.extend(refresh.ok().map(|value| (header::REFRESH, value)));
    response
}

fn addresses(frames: &[LogoutFrame]) -> Vec<String> {
    frames.iter().map(|frame| frame.address.clone()).collect()
}

fn framing(response: Response, frames: &[LogoutFrame]) -> Response {
    let origins: BTreeSet<&str> = frames.iter().map(|frame| frame.origin.as_str()).collect();
    frames_from(response, &origins)
}

fn names(told: &[LocalText], caller: &Caller) -> Vec<String> {
    told.iter().map(|name| local(name, caller)).collect()
}

/// The way back to the application that asked, if its registration names its home.
fn back(application: AskingApplication, caller: &Caller) -> Option<BackLink> {
    let name = local(&application.name, caller);
    application.home.map(|href| BackLink { name, href })
}

/// `GET /signed-out`.
pub async fn signed_out(State(site): State<Shared>, caller: Caller) -> Response {
    let sign_in_path = path(&site, "/sign-in");
    page(
        &site,
        &caller,
        &SignedOutPage {
            applications: Vec::new(),
            frames: Vec::new(),
            back: None,
            sign_in_path,
        },
    )
}
