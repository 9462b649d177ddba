//! Trusted authorities over HTTP.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_admin_api::PageQuery;
use idp_admin_api::trust::{
    AuthorityCertificate, TrustAnchor, TrustAnchorNew, TrustPreset, TrustRules, TrustWithdrawal,
};
use idp_core::admin::trust::{AnchorNew, AnchorRules, Finding, Preset, findings};
use idp_core::base::fault::Fault;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::flow::admin::trust as flow;
use idp_core::model::trust::{self as model, Der, OutageRule};
use idp_core::trust::describe::Described;

use super::desk::{Body, Desk, Query, cut, page};
use super::problem::{Answer, Refused};
use super::wire::{parse_time, parse_times, same, time};
use crate::http::verdict::octets;

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let now = desk.context.here.now;
    let page = cut(flow::list(&desk).await?, &page(query.after, query.limit)?)?;
    let entries: Result<Vec<_>, _> = page.entries.iter().map(|one| shown(one, now)).collect();
    let next = page.next;
    let entries = entries?;
    Ok(Json(idp_admin_api::Page { entries, next }).into_response())
}

pub(super) async fn show(Desk(desk): Desk, Path(name): Path<String>) -> Answer {
    let anchor = flow::show(&desk, &name).await?;
    Ok(Json(shown(&anchor, desk.context.here.now)?).into_response())
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<TrustAnchorNew>) -> Answer {
    let anchor = flow::add(&mut desk, &wanted(new)?).await?;
    let status = if desk.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(shown(&anchor, desk.context.here.now)?)).into_response())
}

pub(super) async fn edit(
    Desk(mut desk): Desk,
    Path(name): Path<String>,
    Body(rules): Body<TrustRules>,
) -> Answer {
    let anchor = flow::edit(&mut desk, &name, &read(rules)?).await?;
    Ok(Json(shown(&anchor, desk.context.here.now)?).into_response())
}

pub(super) async fn distrust(
    Desk(mut desk): Desk,
    Path(name): Path<String>,
    Body(withdrawal): Body<TrustWithdrawal>,
) -> Answer {
    let from = parse_times(withdrawal.from.as_ref())?;
    let anchor = flow::distrust(&mut desk, &name, from).await?;
    Ok(Json(shown(&anchor, desk.context.here.now)?).into_response())
}

fn wanted(new: TrustAnchorNew) -> Result<AnchorNew, Reason> {
    Ok(AnchorNew {
        name: new.name,
        certificate: octets(&new.certificate),
        fingerprint: new.fingerprint,
        preset: new.preset.map(|preset| match preset {
            TrustPreset::VgcaG2 => Preset::VgcaG2,
            TrustPreset::VgcaG1 => Preset::VgcaG1,
            TrustPreset::VnRoot => Preset::VnRoot,
        }),
        rules: read(new.rules)?,
    })
}

fn read(rules: TrustRules) -> Result<AnchorRules, Reason> {
    let all = |texts: Vec<String>| texts.iter().map(|text| octets(text)).collect();
    let set = |texts: Vec<String>| texts.into_iter().collect();
    let until = match rules.until {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(parse_time(&text)?)),
    };
    Ok(AnchorRules {
        purpose: rules.purpose.map(same).transpose()?,
        intermediates: rules.intermediates.map(all),
        personal_id: rules.personal_id,
        tax_code: rules.tax_code,
        mail_of: rules.mail_of.map(set),
        responders: rules.responders,
        lists: rules.lists,
        list_addresses: rules.list_addresses,
        pinned_responders: rules.pinned_responders.map(all),
        answer_seconds: rules.answer_seconds,
        outage_hours: rules.outage_hours,
        sha1: rules.sha1,
        non_repudiation_alone: rules.non_repudiation_alone,
        purposes_required: rules.purposes_required.map(set),
        policies_required: rules.policies_required.map(set),
        from: parse_times(rules.from.as_ref())?,
        until,
    })
}

fn shown(anchor: &model::TrustAnchor, now: Timestamp) -> Result<TrustAnchor, Refused> {
    let found = findings(anchor, now);
    let named = |finding: &Finding| finding.name().to_owned();
    let troubles = found.iter().filter(|finding| finding.is_trouble());
    let between: Result<Vec<_>, _> = anchor.intermediates.iter().map(certificate).collect();
    Ok(TrustAnchor {
        name: anchor.name.clone(),
        certificate: certificate(&anchor.certificate)?,
        intermediates: between?,
        rules: rules(anchor)?,
        counts: anchor.counts_at(now),
        distrusted_at: anchor.distrusted_at.map(time),
        troubles: troubles.map(named).collect(),
        findings: found.iter().map(named).collect(),
    })
}

fn rules(anchor: &model::TrustAnchor) -> Result<TrustRules, Reason> {
    let all = |ders: &[Der]| ders.iter().map(|der| STANDARD.encode(&der.0)).collect();
    let (identity, asked) = (&anchor.identity, &anchor.revocation);
    Ok(TrustRules {
        purpose: Some(same(anchor.purpose)?),
        intermediates: Some(all(&anchor.intermediates)),
        personal_id: Some(identity.personal_id),
        tax_code: Some(identity.tax_code),
        mail_of: Some(identity.mail_of.iter().cloned().collect()),
        responders: Some(asked.responders),
        lists: Some(asked.lists),
        list_addresses: Some(asked.list_addresses.clone()),
        pinned_responders: Some(all(&asked.pinned_responders)),
        answer_seconds: Some(asked.answer_seconds),
        outage_hours: Some(match asked.outage {
            OutageRule::Refuse => 0,
            OutageRule::LastGood { hours } => hours,
        }),
        sha1: Some(anchor.tolerance.sha1),
        non_repudiation_alone: Some(anchor.tolerance.non_repudiation_alone),
        purposes_required: Some(anchor.purposes_required.iter().cloned().collect()),
        policies_required: Some(anchor.policies_required.iter().cloned().collect()),
        from: Some(time(anchor.from)),
        until: anchor.until.map(|until| Some(time(until))),
    })
}

/// What rests was read when it was added.
fn certificate(der: &Der) -> Result<AuthorityCertificate, Fault> {
    let described = Described::of_der(der)
        .ok_or_else(|| Fault::lasting("store", "a trusted certificate cannot be read"))?;
    Ok(AuthorityCertificate {
        subject: described.subject,
        issuer: described.issuer,
        fingerprint: described.fingerprint,
        key: described.key.to_owned(),
        by_sha1: described.by_sha1,
        not_before: time(described.not_before),
        not_after: time(described.not_after),
        responders: described.responders,
        lists: described.lists,
    })
}
