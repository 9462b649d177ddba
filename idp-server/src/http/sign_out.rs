//! `/sign-out`: RP-initiated logout, our own button, and the page afterwards.

use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use idp_core::flow::Failure;
use idp_core::flow::sign_out::SignOutReply;
use idp_core::model::LocalText;
use idp_core::oauth::params::Parameters;
use idp_core::oauth::redirect_uri::form_action;
use idp_core::oidc::logout::AskingApplication;

use super::context::Caller;
use super::cookies::{self, Name};
use super::guard::leads_to;
use super::questions::local;
use super::site::Shared;
use super::wire::{Form, as_get, failure_page, form_target, own_form, page, path, redirect};
use crate::ui::pages::{BackLink, ConfirmSignOutPage, SignedOutPage};

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
        }) => {
            let mut response = match then {
                Some(address) => redirect(site, caller, &address),
                None => {
                    let sign_in_path = path(site, "/sign-in");
                    let value = SignedOutPage {
                        applications: names(&told, caller),
                        back: application.and_then(|a| back(a, caller)),
                        sign_in_path,
                    };
                    page(site, caller, &value)
                }
            };
            // Only the browser that brought the session's cookie loses it: another site's form comes
            // without, and must not sign anybody out.
            if caller.visitor.session.is_some() {
                let cookie = cookies::remove(Name::Session, &site.provider.policy.issuer);
                response
                    .headers_mut()
                    .extend(cookie.map(|c| (header::SET_COOKIE, c)));
            }
            response
        }
    }
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
            back: None,
            sign_in_path,
        },
    )
}
