//! Refusals and faults as RFC 9457 problems.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use idp_admin_api::Problem;
use idp_admin_api::headers::PROBLEM_JSON;
use idp_admin_api::user_import::ImportRowReport;
use idp_core::base::fault::Fault;
use idp_core::base::refusal::{Reason, Refusal};
use idp_core::flow::Failure;
use idp_core::flow::admin::Administration;

use super::desk::acting;
use super::{AdminPeer, AdminState};
use crate::http::context::Arrival;

/// Why a request got no answer; rendered by [`render`], which knows the request's id.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    failure: Failure,
    detail: Option<String>,
    rows: Vec<ImportRowReport>,
}

impl Refused {
    /// A refusal with what this occurrence adds to the rule.
    pub(super) fn because(reason: Reason, detail: impl std::fmt::Display) -> Self {
        Self {
            detail: Some(detail.to_string()),
            ..Self::from(Failure::from(reason))
        }
    }

    /// An import with wrong rows.
    pub(super) fn rows(rows: Vec<ImportRowReport>) -> Self {
        Self {
            rows,
            ..Self::from(Failure::from(Reason::ImportRowWrong))
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            detail: None,
            rows: Vec::new(),
        }
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Failure::from(reason).into()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Failure::from(fault).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What the handlers answer.
pub(super) type Answer = Result<Response, Refused>;

/// The answer to paths and methods that do not exist.
pub(super) async fn nothing_here() -> Refused {
    Reason::NotFoundHere.into()
}

/// Turns a [`Refused`] into the problem that the caller reads; a fault is logged here, once.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<Arrival>()
        .map(|a| a.request_id.clone());
    let mut response = next.run(request).await;
    let Some(refused) = response.extensions_mut().remove::<Refused>() else {
        return response;
    };
    let problem = match &refused.failure {
        Failure::Refused(refusal) => Problem {
            detail: refused.detail,
            rows: refused.rows,
            request_id: id,
            ..of_refusal(refusal)
        },
        Failure::Fault(fault) => of_fault(fault, id),
    };
    answer(&problem)
}

/// Records what an administrator's rights do not reach, whatever was tried. A refusal that cannot
/// be recorded is answered all the same: nothing was done.
pub(super) async fn note(
    State(state): State<AdminState>,
    request: Request,
    next: Next,
) -> Response {
    let arrival = request.extensions().get::<Arrival>().cloned();
    // Without the checked peer a name in the request is nobody's word.
    let peer = request.extensions().get::<AdminPeer>().copied();
    let acting = peer.and_then(|_| acting(request.method(), request.uri(), request.headers()).ok());
    let response = next.run(request).await;
    let refused = response.extensions().get::<Refused>();
    let reason = refused.and_then(|refused| match &refused.failure {
        Failure::Refused(refusal) => Some(refusal.reason),
        Failure::Fault(_) => None,
    });
    if let (Some(reason), Some(arrival), Some(acting)) = (reason, arrival, acting) {
        let noted = async {
            let context = (state.context)(&arrival)?;
            Administration::new(state.provider, context, acting)
                .note_refused(reason)
                .await
        };
        if let Err(Failure::Fault(fault)) = noted.await {
            let request = arrival.request_id.as_str();
            tracing::error!(request_id = request, place = fault.place, detail = %fault.detail, "fault");
        }
    }
    response
}

fn of_refusal(refusal: &Refusal) -> Problem {
    let reason = refusal.reason;
    Problem {
        kind: Problem::kind_of(reason.name()),
        title: reason.rule().to_owned(),
        status: refusal.code().status(),
        reason: reason.name().to_owned(),
        field: field(reason).map(str::to_owned),
        remedy: reason.remedy().to_owned(),
        retry_after: refusal.retry_after,
        ..Problem::default()
    }
}

fn of_fault(fault: &Fault, request_id: Option<String>) -> Problem {
    let request = request_id.as_deref().unwrap_or("-");
    tracing::error!(request_id = request, place = fault.place, detail = %fault.detail, "fault");
    Problem {
        kind: Problem::kind_of("fault"),
        title: "Something went wrong here.".to_owned(),
        status: if fault.transient { 503 } else { 500 },
        reason: "fault".to_owned(),
        remedy: "Look for the request id in the server's log.".to_owned(),
        retry_after: fault.transient.then_some(1),
        request_id,
        ..Problem::default()
    }
}

fn answer(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
    if let Some(seconds) = problem.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The field of a request that breaks a rule, where the rule is about one field.
pub(crate) const fn field(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::UserNameMalformed | Reason::UserNameMissing | Reason::IdentifierNeeded => {
            "user_name"
        }
        Reason::MailMalformed => "mail",
        Reason::PersonalIdMalformed => "personal_id",
        Reason::MobileMalformed => "mobile",
        Reason::EmployeeCodeMalformed => "employee_code",
        Reason::TaxCodeMalformed => "tax_code",
        Reason::NameMalformed | Reason::UnitNameMalformed | Reason::ClientNameMalformed => "name",
        Reason::AddressMalformed => "address",
        Reason::StandardClaimMalformed => "claims",
        Reason::LocaleUnknown => "locale",
        Reason::AccountKindUnfit => "kind",
        Reason::NoteMalformed => "why",
        Reason::AgencyCodeMalformed | Reason::UnitCodeTaken => "code",
        Reason::UnitCycle => "parent",
        Reason::UnitUnknown | Reason::UnitNotActive | Reason::RoleUnitUnfit => "unit",
        Reason::PositionTitleMalformed
        | Reason::RoleTitleMalformed
        | Reason::ImportTitleMalformed => "title",
        Reason::PositionNeeded => "positions",
        Reason::MainPositionNeeded => "main",
        Reason::DatesReversed => "until",
        Reason::RoleUnknown | Reason::RoleHeld => "role",
        Reason::RoleNameMalformed | Reason::RoleNameTaken => "name",
        Reason::DescriptionMalformed => "description",
        Reason::KeyAlgorithmUnsupported | Reason::KeyMissing => "algorithm",
        Reason::KeyDeviceMissing | Reason::KeyPlaceUnfit => "place",
        Reason::UserNamePatternMalformed => "user_name_pattern",
        Reason::PasswordHashUnsupported => "password_hash",
        Reason::ImportEmpty => "rows",
        reason => return client_field(reason),
    })
}

/// The same for the rules about clients.
const fn client_field(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::ClientIdMalformed | Reason::ClientIdTaken => "client_id",
        Reason::ClientAuthenticationUnfit => "token_endpoint_auth_method",
        Reason::ClientGrantTypeUnfit => "grant_types",
        Reason::ClientKeysMissing
        | Reason::ClientKeysTwice
        | Reason::ClientKeysMalformed
        | Reason::ClientRequestObjectKeysMissing => "jwks",
        Reason::ClientKeysUriInvalid => "jwks_uri",
        Reason::ClientRedirectMissing
        | Reason::ClientRedirectUnused
        | Reason::ClientRedirectTooMany
        | Reason::ClientRedirectMalformed
        | Reason::ClientRedirectPattern
        | Reason::ClientRedirectFragment
        | Reason::ClientRedirectUser
        | Reason::ClientRedirectNotNormal
        | Reason::ClientRedirectNotHttps
        | Reason::ClientRedirectSchemeForbidden
        | Reason::ClientRedirectSchemeNotPrivate => "redirect_uris",
        Reason::ClientBackchannelUnfit => "backchannel_logout_uri",
        Reason::ClientInitiateLoginUnfit => "features.initiate_login_uri",
        Reason::ClientScopeMalformed => "scopes",
        Reason::ClientAlgorithmUnsupported => "id_token_signed_response_alg",
        Reason::ClientFeatureInvalid | Reason::ClientFeatureUnsupported => "features",
        Reason::ClientRequestUriInvalid => "features.request_uris",
        Reason::ClientRequestObjectAlgorithmUnfit => "features.request_object_signing_alg",
        Reason::ClientPersonMalformed | Reason::ClientPersonUnknown => {
            "features.responsible_person"
        }
        Reason::ClientLogoUnavailable | Reason::ClientLogoUnfit => "features.logo_uri",
        Reason::ClientSectorUriInvalid
        | Reason::ClientSectorUnavailable
        | Reason::ClientSectorIncomplete
        | Reason::ClientSectorAmbiguous => "features.sector_identifier_uri",
        Reason::ClientSectorUnfit => "features.sector",
        Reason::ClientSectorNeedsUnit => "unit",
        Reason::ClientSubjectsWouldChange => "accept_new_subjects",
        Reason::ClientLifetimeInvalid => "access_token_seconds",
        _ => return None,
    })
}
