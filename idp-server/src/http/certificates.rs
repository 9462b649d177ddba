//! `/api/certificates/…`: what applications may ask about certificates.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use idp_admin_api::certificate::{CertificateVerdict, CertificateVerification, MAX_BYTES};
use idp_core::base::refusal::Reason;
use idp_core::flow::Failure;
use idp_core::oauth::certificate_api::{READ, VERIFY};

use super::oauth::Presented;
use super::site::Shared;
use super::verdict;
use super::wire::Form;

/// `POST /api/certificates/verify`. The body is read only from those who are entitled.
pub async fn verify(State(site): State<Shared>, by: Presented, body: Body) -> Response {
    match verified(&site, &by, body).await {
        Ok(verdict) => Json(verdict).into_response(),
        Err(failure) => by.refused(&site, &failure),
    }
}

async fn verified(
    site: &Shared,
    by: &Presented,
    body: Body,
) -> Result<CertificateVerdict, Failure> {
    let (sender, context) = by.with(site)?;
    let provider = &site.provider;
    provider.entitled(sender, VERIFY, &context).await?;
    let octets = to_bytes(body, MAX_BYTES).await;
    let octets = octets.map_err(|_| Reason::VerificationTooLarge)?;
    let sent: CertificateVerification =
        serde_json::from_slice(&octets).map_err(|_| Reason::VerificationMalformed)?;
    let question = verdict::question(&sent)?;
    let answered = provider.explain_certificate(&question, context.here.now);
    let (explanation, at) = answered.await?;
    Ok(verdict::verdict(&explanation, at))
}

/// `GET /api/certificates?sub=…` or `?user_name=…`.
pub async fn list(State(site): State<Shared>, by: Presented, Form(query): Form) -> Response {
    let listed = async {
        let (sender, context) = by.with(&site)?;
        let query = query?;
        site.provider.entitled(sender, READ, &context).await?;
        let whom = (query.find("sub"), query.find("user_name"));
        site.provider.certificates_of(whom, context.here.now).await
    };
    match listed.await {
        Ok(certificates) => Json(verdict::enrolled(&certificates)).into_response(),
        Err(failure) => by.refused(&site, &failure),
    }
}
