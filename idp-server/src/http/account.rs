//! The home page, and setting a password: by link or by its holder.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use idp_core::authn::activation::NewPassword;
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::base::secret::SecretText;
use idp_core::base::time::Timestamp;
use idp_core::flow::Failure;
use idp_core::flow::password::Setter;
use idp_core::oauth::params::Parameters;
use idp_core::store::records::SessionFacts;

use super::context::Caller;
use super::cookies;
use super::guard::leads_to;
use super::oauth::asking;
use super::questions::{asking_application, local};
use super::site::Shared;
use super::wire::{
    Form, failure_page, form_target, own_form, page, page_with_status, path, redirect,
};
use crate::ui::pages::{
    AccountPage, ForgottenPasswordPage, LinkProblem, LinkProblemPage, NewPasswordPage,
    NewPasswordReason, NewPasswordRefusal, PasswordRules, PasswordSavedPage, PositionLine,
    WelcomePage,
};

/// `GET /`.
pub async fn home(State(site): State<Shared>, caller: Caller) -> Response {
    match account_page(&site, &caller).await {
        Ok(Some(value)) => page(&site, &caller, &value),
        Ok(None) => {
            let value = WelcomePage {
                sign_in_path: path(&site, "/sign-in"),
            };
            page(&site, &caller, &value)
        }
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

async fn live(site: &Shared, caller: &Caller) -> Result<Option<SessionFacts>, Failure> {
    site.provider
        .live_session(caller.visitor.session.as_ref(), site.clock.now())
        .await
}

async fn account_page(site: &Shared, caller: &Caller) -> Result<Option<AccountPage>, Failure> {
    let Some(SessionFacts { session, user }) = live(site, caller).await? else {
        return Ok(None);
    };
    let now = site.clock.now();
    let paths = site.provider.all_paths(&user, now).await?;
    let positions = user
        .positions_at(now)
        .into_iter()
        .zip(&paths)
        .map(|(held, path)| {
            let mut names: Vec<String> = path.iter().map(|u| local(&u.name, caller)).collect();
            PositionLine {
                title: held.title.clone(),
                unit_name: names.pop().unwrap_or_default(),
                unit_path: names,
                main: held.main,
            }
        });
    let positions = positions.collect();
    let known = site.provider.records.roles().await?;
    let title = |name: &idp_core::model::role::RoleName| {
        let role = known.iter().find(|role| role.name == *name);
        role.map_or_else(|| name.to_string(), |role| local(&role.title, caller))
    };
    let mut roles: Vec<String> = user.roles_at(now).map(|grant| title(&grant.role)).collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(Some(AccountPage {
        full_name: user.name.clone(),
        user_name: user.user_name(),
        positions,
        roles,
        signed_in_at: date(session.authentication.at),
        ends_at: date(session.expires_at),
        sign_out: form_target(site, caller, "/sign-out/confirm"),
        change_password_path: path(site, "/password/change"),
        access_path: path(site, "/account/access"),
    }))
}

fn date(at: Timestamp) -> Option<chrono::DateTime<chrono::Utc>> {
    chrono::DateTime::from_timestamp_millis(at.millis())
}

/// `GET /password/forgotten`.
pub async fn forgotten(State(site): State<Shared>, caller: Caller) -> Response {
    let value = ForgottenPasswordPage {
        sign_in_path: path(&site, "/sign-in"),
    };
    page(&site, &caller, &value)
}

/// What the form of a new password is about.
struct Asked {
    user_name: String,
    link: Option<String>,
    waiting: Option<String>,
    reason: NewPasswordReason,
    /// The origin that the form leads on to, when a request waits.
    origin: Option<String>,
}

fn form(
    site: &Shared,
    caller: &Caller,
    asked: Asked,
    refusal: Option<NewPasswordRefusal>,
) -> NewPasswordPage {
    let rules = &site.provider.policy.passwords;
    let by_link = asked.link.is_some();
    let action = if by_link {
        "/activate"
    } else {
        "/password/change"
    };
    NewPasswordPage {
        form: form_target(site, caller, action),
        token: asked.link,
        pending: asked.waiting,
        user_name: asked.user_name,
        reason: asked.reason,
        asks_current: !by_link,
        rules: PasswordRules {
            min_length: u32::try_from(rules.min_length).unwrap_or(u32::MAX),
            max_length: 256,
            recent_barred: u32::try_from(rules.history).unwrap_or(u32::MAX),
        },
        refusal,
    }
}

/// `GET /activate` and `GET /password/change`.
pub async fn ask_password(
    State(site): State<Shared>,
    caller: Caller,
    Form(query): Form,
) -> Response {
    match asked(&site, &caller, query.as_ref()).await {
        Ok(asked) => {
            let origin = asked.origin.clone();
            let shown = page(&site, &caller, &form(&site, &caller, asked, None));
            leads_to(shown, origin.as_deref())
        }
        Err(failure) => password_failure(&site, &caller, &failure),
    }
}

async fn asked(
    site: &Shared,
    caller: &Caller,
    parameters: Result<&Parameters, &Refusal>,
) -> Result<Asked, Failure> {
    let parameters = parameters.map_err(|refusal| *refusal)?;
    let waiting = parameters
        .find("pending")
        .or(parameters.find("request"))
        .map(str::to_owned);
    if let Some(link) = parameters.secret("link").or(parameters.secret("token")) {
        let context = site.context(&caller.arrival)?;
        let (user, replaces) = site.provider.link(&link, &context).await?;
        let link = Some(link.expose().to_owned());
        return Ok(Asked {
            user_name: user.user_name(),
            link,
            waiting,
            reason: if replaces {
                NewPasswordReason::Reset
            } else {
                NewPasswordReason::Activation
            },
            origin: None,
        });
    }
    let facts = live(site, caller).await?.ok_or(Reason::SessionOver)?;
    let reason = if facts.session.password_change_needed {
        NewPasswordReason::MustChange
    } else {
        NewPasswordReason::Change
    };
    let origin = match &waiting {
        Some(waiting) => {
            let waiting = SecretText::new(waiting.clone());
            Some(asking_application(site, caller, &waiting).await?.origin)
        }
        None => None,
    };
    Ok(Asked {
        user_name: facts.user.user_name(),
        link: None,
        waiting,
        reason,
        origin,
    })
}

fn password_failure(site: &Shared, caller: &Caller, failure: &Failure) -> Response {
    let reason = match failure {
        Failure::Refused(refusal) => refusal.reason,
        fault => return failure_page(site, caller, fault),
    };
    let problem = match reason {
        Reason::LinkUnknown => LinkProblem::Unknown,
        Reason::LinkExpired => LinkProblem::Expired,
        _ => return failure_page(site, caller, failure),
    };
    site.note_refusal(reason, &caller.arrival);
    let value = LinkProblemPage {
        problem,
        sign_in_path: path(site, "/sign-in"),
    };
    page_with_status(site, caller, StatusCode::NOT_FOUND, &value)
}

/// `POST /activate` and `POST /password/change`.
pub async fn set_password(
    State(site): State<Shared>,
    caller: Caller,
    Form(body): Form,
) -> Response {
    match attempt(&site, &caller, &body).await {
        Ok(response) => response,
        Err(Failure::Refused(refusal)) if shown(refusal.reason).is_some() => {
            site.note_refusal(refusal.reason, &caller.arrival);
            match asked(&site, &caller, body.as_ref()).await {
                Ok(asked) => {
                    let origin = asked.origin.clone();
                    let value = form(&site, &caller, asked, shown(refusal.reason));
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    let again = page_with_status(&site, &caller, status, &value);
                    leads_to(again, origin.as_deref())
                }
                Err(failure) => password_failure(&site, &caller, &failure),
            }
        }
        Err(failure) => password_failure(&site, &caller, &failure),
    }
}

async fn attempt(
    site: &Shared,
    caller: &Caller,
    body: &Result<Parameters, Refusal>,
) -> Result<Response, Failure> {
    let body = own_form(caller, body)?;
    let asked = asked(site, caller, Ok(body)).await?;
    let secret = |name: &str| {
        body.secret(name)
            .unwrap_or_else(|| SecretText::new(String::new()))
    };
    let setter = match &asked.link {
        Some(link) => Setter::Link(SecretText::new(link.clone())),
        None => {
            let facts = live(site, caller).await?.ok_or(Reason::SessionOver)?;
            Setter::Holder {
                session: Box::new(facts.session),
                password: secret("current_password"),
            }
        }
    };
    let new = NewPassword {
        first: secret("new_password"),
        second: secret("repeat_password"),
    };
    let mut context = site.context(&caller.arrival)?;
    let set = site
        .provider
        .set_password(&setter, &new, &mut context)
        .await?;
    let mut response = saved(site, caller, &asked);
    let issuer = &site.provider.policy.issuer;
    let renewed = set.session_secret.as_ref();
    let cookies = renewed.map(|secret| cookies::of_session(secret, issuer));
    let cookies = cookies.into_iter().flatten().flatten();
    response
        .headers_mut()
        .extend(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// Back to the waiting request, or the page that says it is done.
fn saved(site: &Shared, caller: &Caller, asked: &Asked) -> Response {
    if let (None, Some(waiting)) = (&asked.link, &asked.waiting) {
        let waiting = SecretText::new(waiting.clone());
        return redirect(site, caller, &asking(site, "/authorize/resume", &waiting));
    }
    let signed_in = asked.link.is_none();
    let then = if signed_in { "/" } else { "/sign-in" };
    let value = PasswordSavedPage {
        continue_path: path(site, then),
        signed_in,
    };
    page(site, caller, &value)
}

/// The refusals that the form itself explains.
fn shown(reason: Reason) -> Option<NewPasswordRefusal> {
    Some(match reason {
        Reason::PasswordTooShort => NewPasswordRefusal::TooShort,
        Reason::PasswordTooLong => NewPasswordRefusal::TooLong,
        Reason::PasswordTooCommon => NewPasswordRefusal::TooCommon,
        Reason::PasswordHoldsName => NewPasswordRefusal::ContainsUserName,
        Reason::PasswordUsedBefore => NewPasswordRefusal::UsedBefore,
        Reason::PasswordsDiffer => NewPasswordRefusal::Differs,
        Reason::CurrentPasswordWrong => NewPasswordRefusal::WrongCurrent,
        _ => return None,
    })
}
