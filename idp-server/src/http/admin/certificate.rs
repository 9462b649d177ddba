//! What a certificate is worth, over HTTP.

use axum::Json;
use axum::response::IntoResponse;
use idp_admin_api::certificate::CertificateVerification;
pub(super) use idp_admin_api::certificate::MAX_BYTES;

use super::desk::{Body, Desk};
use super::problem::Answer;
use crate::http::verdict;

pub(super) async fn verify(Desk(desk): Desk, Body(sent): Body<CertificateVerification>) -> Answer {
    let question = verdict::question(&sent)?;
    let now = desk.context.here.now;
    let answered = desk.provider.explain_certificate(&question, now);
    let (explanation, at) = answered.await?;
    Ok(Json(verdict::verdict(&explanation, at)).into_response())
}
