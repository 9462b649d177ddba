//! `/choose-position` and `/consent`: questions of a waiting request.

use axum::extract::State;
use axum::response::Response;
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::flow::authorize::Pending;
use idp_core::flow::consent::ConsentForm;
use idp_core::model::LocalText;
use idp_core::model::authorization_details::{AuthorizationDetails, Described};
use idp_core::model::client::Client;
use idp_core::model::organisation_unit::OrganisationUnit;
use idp_core::model::user::User;
use idp_core::oauth::params::Parameters;
use idp_core::oauth::redirect_uri::ValidRedirect;
use idp_core::oauth::response::Answer;
use url::Url;

use super::back::back;
use super::context::Caller;
use super::guard::leads_to;
use super::oauth::asking;
use super::site::Shared;
use super::wire::{Form, failure_page, form_target, own_form, page, path, redirect};
use crate::ui::Locale;
use crate::ui::pages::{
    ChoosePositionPage, ClientCard, ConsentPage, PositionChoice, RequestedClaim, RequestedDetail,
    RequestedScope,
};

/// A waiting request with everything a page shows of it.
struct Waiting {
    secret: SecretText,
    pending: Pending,
    client: Client,
    user: User,
    /// The origin that the page's form leads on to.
    origin: String,
}

async fn waiting(
    site: &Shared,
    caller: &Caller,
    query: Result<Parameters, Refusal>,
    name: &str,
) -> Result<Waiting, Failure> {
    let secret = SecretText::new(query?.required(name)?.to_owned());
    let context = site.context(&caller.arrival)?;
    let Asking {
        pending,
        client,
        origin,
    } = asking_application(site, caller, &secret).await?;
    let session = caller.visitor.session.as_ref();
    let live = site
        .provider
        .live_session(session, context.here.now)
        .await?;
    let user = live.ok_or(Reason::SessionOver)?.user;
    Ok(Waiting {
        secret,
        pending,
        client,
        user,
        origin,
    })
}

/// A waiting request and who sent it.
pub(super) struct Asking {
    /// The request.
    pub pending: Pending,
    /// The application.
    pub client: Client,
    /// The origin that the forms of this request lead on to.
    pub origin: String,
}

/// The waiting request of this browser.
pub(super) async fn asking_application(
    site: &Shared,
    caller: &Caller,
    waiting: &SecretText,
) -> Result<Asking, Failure> {
    let context = site.context(&caller.arrival)?;
    let browser = &caller.visitor.browser;
    let pending = site.provider.pending(waiting, browser, &context).await?;
    let client = site.provider.client_of(&pending.request).await?;
    let to = ValidRedirect::check(&client, &pending.request.redirect_uri)?;
    let origin = to.origin().to_owned();
    Ok(Asking {
        pending,
        client,
        origin,
    })
}

/// A text in the page's language.
pub fn local(text: &LocalText, caller: &Caller) -> String {
    match (&text.en, caller.view.locale) {
        (Some(en), Locale::En) => en.clone(),
        _ => text.vi.clone(),
    }
}

/// `GET /choose-position`.
pub async fn ask_position(
    State(site): State<Shared>,
    caller: Caller,
    Form(query): Form,
) -> Response {
    match position_page(&site, &caller, query).await {
        Ok((value, origin)) => leads_to(page(&site, &caller, &value), Some(&origin)),
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

async fn position_page(
    site: &Shared,
    caller: &Caller,
    query: Result<Parameters, Refusal>,
) -> Result<(ChoosePositionPage, String), Failure> {
    let waiting = waiting(site, caller, query, "request").await?;
    let now = site.clock.now();
    let paths = site.provider.all_paths(&waiting.user, now).await?;
    let names = |units: &[OrganisationUnit]| units.iter().map(|u| local(&u.name, caller)).collect();
    let positions = waiting
        .user
        .positions_at(now)
        .into_iter()
        .zip(&paths)
        .map(|(held, path)| {
            let (unit, above) = path
                .split_last()
                .map_or((None, &[][..]), |(u, a)| (Some(u), a));
            PositionChoice {
                value: held.id.to_string(),
                title: held.title.clone(),
                unit_name: unit.map(|u| local(&u.name, caller)).unwrap_or_default(),
                unit_path: names(above),
                main: held.main,
            }
        });
    let value = ChoosePositionPage {
        form: form_target(site, caller, "/choose-position"),
        pending: waiting.secret.expose().to_owned(),
        application: local(&waiting.client.name, caller),
        positions: positions.collect(),
    };
    Ok((value, waiting.origin))
}

/// `POST /choose-position`.
pub async fn choose_position(
    State(site): State<Shared>,
    caller: Caller,
    Form(body): Form,
) -> Response {
    let chosen = async {
        let body = own_form(&caller, &body)?;
        let waiting = SecretText::new(body.required("pending")?.to_owned());
        let position = body
            .required("position")?
            .parse()
            .map_err(|_| Reason::PositionIdMalformed)?;
        let mut context = site.context(&caller.arrival)?;
        let visitor = &caller.visitor;
        let next = site
            .provider
            .choose_position(&waiting, position, visitor, &mut context)
            .await?;
        Ok::<_, Failure>(asking(&site, "/authorize/resume", &next))
    };
    match chosen.await {
        Ok(address) => redirect(&site, &caller, &address),
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

/// `GET /consent`.
pub async fn ask_consent(
    State(site): State<Shared>,
    caller: Caller,
    Form(query): Form,
) -> Response {
    match waiting(&site, &caller, query, "request").await {
        Ok(waiting) => {
            let origin = waiting.origin.clone();
            let shown = page(&site, &caller, &consent_page(&site, &caller, waiting));
            leads_to(shown, Some(&origin))
        }
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}

/// Where the picture of a client is served.
pub(super) fn logo_path(site: &Shared, client: &Client) -> Option<String> {
    let digest = client.logo?.to_base64url();
    Some(path(site, &format!("/client-logo/{digest}")))
}

/// What is asked for exactly, in words.
pub(super) fn described(details: &AuthorizationDetails) -> Vec<RequestedDetail> {
    let shown = |detail: Described| RequestedDetail {
        kind: detail.kind,
        identifier: detail.identifier,
        locations: detail.locations,
        actions: detail.actions,
        datatypes: detail.datatypes,
        privileges: detail.privileges,
        others: detail.others,
    };
    details.described().into_iter().map(shown).collect()
}

/// A scope as the pages tell it.
pub(super) fn requested_scope(name: String) -> RequestedScope {
    RequestedScope {
        name,
        description: None,
    }
}

/// Single claims as the pages tell them.
pub(super) fn requested_claims(names: Vec<String>) -> Vec<RequestedClaim> {
    let claim = |name| RequestedClaim { name };
    names.into_iter().map(claim).collect()
}

fn consent_page(site: &Shared, caller: &Caller, waiting: Waiting) -> ConsentPage {
    let redirect = Url::parse(&waiting.pending.request.redirect_uri).ok();
    let shown = waiting.pending.request.disclosed();
    ConsentPage {
        form: form_target(site, caller, "/consent"),
        pending: waiting.secret.expose().to_owned(),
        scopes: shown.scope.into_iter().map(requested_scope).collect(),
        claims: requested_claims(shown.claims),
        details: described(&waiting.pending.request.authorization_details),
        shown_to: caller.visitor.browser.person_token(waiting.user.id),
        person: waiting.user.name,
        client: ClientCard {
            logo: logo_path(site, &waiting.client),
            name: local(&waiting.client.name, caller),
            unchecked: waiting.client.has_unchecked_name(),
            host: redirect.and_then(|url| url.host_str().map(str::to_owned)),
            policy_uri: waiting.client.policy_uri,
            tos_uri: waiting.client.tos_uri,
        },
    }
}

/// `POST /consent`.
pub async fn answer_consent(
    State(site): State<Shared>,
    caller: Caller,
    Form(body): Form,
) -> Response {
    let answered = async {
        let body = own_form(&caller, &body)?;
        let form = ConsentForm {
            waiting: SecretText::new(body.required("pending")?.to_owned()),
            person: body.find("person").map(str::to_owned),
        };
        let mut context = site.context(&caller.arrival)?;
        let (provider, visitor) = (&site.provider, &caller.visitor);
        let resume = Answer::Redirect(asking(&site, "/authorize/resume", &form.waiting));
        match body.required("decision")? {
            "approve" => {
                provider.approve(&form, visitor, &mut context).await?;
                Ok(resume)
            }
            "refuse" => {
                let answer = provider.refuse(&form, visitor, &mut context).await?;
                Ok(answer.unwrap_or(resume))
            }
            _ => Err(Failure::from(Reason::ConsentAnswerUnknown)),
        }
    };
    match answered.await {
        Ok(answer) => back(&site, &caller, answer),
        Err(failure) => failure_page(&site, &caller, &failure),
    }
}
