//! `/account/access`: what a person allowed and where they are signed in, seen and taken back.

use axum::extract::State;
use axum::response::Response;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::flow::Failure;
use idp_core::flow::access::{Access, Elsewhere, Launch};
use idp_core::model::client::{Client, ClientId};
use idp_core::model::consent::Consent;
use idp_core::model::session::Session;

use super::context::Caller;
use super::questions::{local, requested_claims, requested_scope};
use super::site::Shared;
use super::wire::{
    Form, failure_page, form_target, own_form, page, path, path_in_language, redirect,
};
use crate::ui::pages::{AccessDone, AccessPage, AllowedApplication, LaunchLink, SessionLine};

const PAGE: &str = "/account/access";

/// `GET /account/access`. Whoever is not signed in is asked to.
pub async fn show(State(site): State<Shared>, caller: Caller, Form(query): Form) -> Response {
    let shown = async {
        let context = site.context(&caller.arrival)?;
        site.provider.access(&caller.visitor, &context).await
    };
    let over = |failure: &Failure| matches!(failure, Failure::Refused(r) if r.reason == Reason::SessionOver);
    match shown.await {
        Ok(access) => {
            let done = query.as_ref().ok().and_then(|query| query.find("done"));
            page(&site, &caller, &access_page(&site, &caller, access, done))
        }
        Err(failure) if over(&failure) => redirect(&site, &caller, &path(&site, "/sign-in")),
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

fn access_page(site: &Shared, caller: &Caller, access: Access, done: Option<&str>) -> AccessPage {
    let current = access.current;
    let session = |session: Session| SessionLine {
        session: session.id.to_string(),
        current: session.id == current,
        user_agent: session.user_agent,
        signed_in_at: date(session.authentication.at),
        last_seen_at: date(session.last_seen_at),
    };
    let application = |(client, consent): (Client, Consent)| AllowedApplication {
        client: client.id.to_string(),
        name: local(&client.name, caller),
        scopes: consent.scope.into_iter().map(requested_scope).collect(),
        claims: requested_claims(consent.claims),
        since: date(consent.at),
    };
    let launch = |launch: Launch| LaunchLink {
        name: local(&launch.name, caller),
        address: launch.address,
    };
    AccessPage {
        withdraw: form_target(site, caller, "/account/withdraw"),
        end_session: form_target(site, caller, "/account/end-session"),
        launches: access.launches.into_iter().map(launch).collect(),
        applications: access.allowed.into_iter().map(application).collect(),
        sessions: access.sessions.into_iter().map(session).collect(),
        done: AccessDone::ALL.into_iter().find(|d| Some(d.name()) == done),
        home_path: path(site, "/"),
    }
}

fn date(at: Timestamp) -> Option<chrono::DateTime<chrono::Utc>> {
    chrono::DateTime::from_timestamp_millis(at.millis())
}

/// `POST /account/withdraw`.
pub async fn withdraw(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let withdrawn = async {
        let body = own_form(&caller, &body)?;
        let client = ClientId::new(body.required("client")?).ok_or(Reason::ClientIdMalformed)?;
        let mut context = site.context(&caller.arrival)?;
        let provider = &site.provider;
        provider
            .withdraw_consent(&client, &caller.visitor, &mut context)
            .await
    };
    answer(&site, &caller, withdrawn.await, AccessDone::Withdrawn)
}

/// `POST /account/end-session`: the named one, or without a name all but this browser's.
pub async fn end_session(State(site): State<Shared>, caller: Caller, Form(body): Form) -> Response {
    let ended = async {
        let body = own_form(&caller, &body)?;
        let which = match body.required("session")? {
            "all" => Elsewhere::All,
            id => Elsewhere::One(id.parse().map_err(|_| Reason::NotFoundHere)?),
        };
        let mut context = site.context(&caller.arrival)?;
        let provider = &site.provider;
        provider
            .end_own_sessions(which, &caller.visitor, &mut context)
            .await
    };
    answer(&site, &caller, ended.await, AccessDone::Ended)
}

fn answer(
    site: &Shared,
    caller: &Caller,
    result: Result<(), Failure>,
    done: AccessDone,
) -> Response {
    match result {
        Ok(()) => {
            let then = path_in_language(site, caller, PAGE, ("done", done.name()));
            redirect(site, caller, &then)
        }
        Err(failure) => failure_page(site, caller, &failure),
    }
}
