//! `/sign-out`: RP-initiated logout, our own button, and the page afterwards.

use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use idp_core::flow::Failure;
use idp_core::flow::sign_out::SignOutReply;
use idp_core::oauth::params::Parameters;
use idp_core::oauth::redirect_uri::form_action;

use super::context::Caller;
use super::cookies::{self, Name};
use super::guard::leads_to;
use super::site::Shared;
use super::wire::{Form, as_get, failure_page, page, path, redirect};
use crate::ui::pages::{ConfirmSignOutPage, FormTarget, SignedOutPage};

/// `GET|POST /sign-out`.
pub async fn begin(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
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
        let body = body?;
        caller.visitor.browser.check_form(body.find("csrf"))?;
        let mut context = site.context(&caller.arrival)?;
        let visitor = &caller.visitor;
        let waiting = match body.secret("pending") {
            Some(waiting) => waiting,
            None => {
                let none = Parameters::default();
                match site.provider.sign_out(&none, visitor, &mut context).await? {
                    SignOutReply::Confirm(waiting, _) => waiting,
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
        Ok(SignOutReply::Confirm(waiting, request)) => {
            let session = caller.visitor.session.as_ref();
            let live = site.provider.live_session(session, site.clock.now()).await;
            let person = live
                .ok()
                .flatten()
                .map(|facts| facts.user.name)
                .unwrap_or_default();
            let value = ConfirmSignOutPage {
                form: FormTarget {
                    action: path(site, "/sign-out/confirm"),
                    csrf: caller.visitor.browser.form_token(),
                },
                pending: Some(waiting.expose().to_owned()),
                person,
                client: request.application,
                applications: Vec::new(),
                stay_path: path(site, "/"),
            };
            let then = request.then.and_then(|then| url::Url::parse(&then).ok());
            let origin = then.map(|then| form_action(&then));
            leads_to(page(site, caller, &value), origin.as_deref())
        }
        Ok(SignOutReply::Done { then, told }) => {
            let mut response = match then {
                Some(address) => redirect(site, caller, &address),
                None => {
                    let sign_in_path = path(site, "/sign-in");
                    let value = SignedOutPage {
                        applications: told,
                        back: None,
                        sign_in_path,
                    };
                    page(site, caller, &value)
                }
            };
            let cookie = cookies::remove(Name::Session, &site.provider.policy.issuer);
            response
                .headers_mut()
                .extend(cookie.map(|c| (header::SET_COOKIE, c)));
            response
        }
    }
}

/// `GET /signed-out`.
pub async fn signed_out(State(site): State<Shared>, caller: Caller) -> Response {
    let sign_in_path = path(&site, "/sign-in");
    page(
        &site,
        &caller,
        &SignedOutPage {
            applications: Vec::new(),
            back: None,
            sign_in_path,
        },
    )
}
