//! The import of users over HTTP.

use axum::Json;
use axum::response::IntoResponse;
use idp_admin_api::user_import::{
    ExistingAccounts, ImportOutcome, ImportReport, ImportRowReport, UserImport, UserImportRow,
};
use idp_core::admin::import as core;
use idp_core::admin::import::{RowOutcome, RowReport};
use idp_core::base::refusal::Reason;
use idp_core::base::secret::SecretText;
use idp_core::flow::admin::import as flow;

use super::desk::{Body, Desk};
use super::problem::{Answer, Refused, field};
use super::user::link;
use super::wire::same;

fn row(row: UserImportRow) -> Result<core::ImportRow, Reason> {
    Ok(core::ImportRow {
        line: row.line,
        user_name: row.user_name,
        name: row.name,
        kind: row.kind.map(same).transpose()?,
        mail: row.mail,
        mobile: row.mobile,
        personal_id: row.personal_id,
        employee_code: row.employee_code,
        address: super::address::given(row.address),
        unit: row.unit,
        title: row.title,
        roles: row.roles,
        password_hash: row.password_hash.map(SecretText::new),
    })
}

fn wanted(import: UserImport) -> Result<core::UserImport, Reason> {
    Ok(core::UserImport {
        title: import.title,
        rows: import.rows.into_iter().map(row).collect::<Result<_, _>>()?,
        existing: match import.existing {
            ExistingAccounts::Refuse => core::ExistingAccounts::Refuse,
            ExistingAccounts::Skip => core::ExistingAccounts::Skip,
        },
        pattern: import.user_name_pattern,
        activation_links: import.activation_links,
    })
}

fn report(row: &RowReport) -> ImportRowReport {
    let (outcome, reason) = match row.outcome {
        RowOutcome::Added => (ImportOutcome::Added, row.unlinked),
        RowOutcome::Skipped => (ImportOutcome::Skipped, None),
        RowOutcome::Refused(reason) => (ImportOutcome::Refused, Some(reason)),
    };
    ImportRowReport {
        line: row.line,
        user_name: row.user_name.clone(),
        outcome,
        reason: reason.map(|r| r.name().to_owned()),
        field: reason.and_then(field).map(str::to_owned),
        remedy: reason.map(|r| r.remedy().to_owned()),
    }
}

fn count(rows: &[ImportRowReport], outcome: ImportOutcome) -> u32 {
    let count = rows.iter().filter(|r| r.outcome == outcome).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) async fn import(Desk(mut desk): Desk, Body(import): Body<UserImport>) -> Answer {
    let resume = import.resume.as_deref().map(str::parse).transpose();
    let resume = resume.map_err(|_| Reason::NotFoundHere)?;
    let done = flow::import(&mut desk, &wanted(import)?, resume).await?;
    let rows: Vec<_> = done.rows.iter().map(report).collect();
    if !done.clean {
        return Err(Refused::rows(rows));
    }
    let issuer = &desk.provider.policy.issuer;
    Ok(Json(ImportReport {
        change_set: done.change_set.map(|id| id.to_string()),
        added: count(&rows, ImportOutcome::Added),
        skipped: count(&rows, ImportOutcome::Skipped),
        activation_links: done
            .links
            .iter()
            .map(|(user, made)| link(issuer, user, made))
            .collect(),
        rows,
    })
    .into_response())
}
