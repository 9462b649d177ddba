//! Declared clients, and the person of the certification preset: what would be refused at a start.

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::Records;

use super::Finding;
use crate::certification;
use crate::cli::language::Language;
use crate::config::Settings;
use crate::declared_clients::{Trouble, troubles, troubles_beside};
use crate::mutual_tls;

const CHECK: &str = "declared_clients";

/// The password of the certification preset's person, where one is configured.
pub(super) fn person(settings: &Settings) -> Option<Finding> {
    const CHECK: &str = "certification_password";
    let path = settings.declared.person.as_ref()?;
    let remedy = "put a password that the rules take into a file that only its owner may read";
    let read = certification::password(path, &settings.passwords.rules);
    Some(match read {
        Ok(_) => Finding::ok(CHECK, path.display().to_string()),
        Err(fault) => Finding::fail(CHECK, fault.detail, remedy),
    })
}

/// The file by itself, where the store cannot be looked into.
pub(super) fn alone(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let Ok(policy) = mutual_tls::policy(settings) else {
        // The finding about the authorities says why.
        return Vec::new();
    };
    let held =
        "well-formed; units, keys and present clients not compared while a server holds the store";
    findings(settings, &troubles(settings, &policy, now), held)
}

/// The file with what rests.
///
/// # Errors
/// A fault of the store.
pub(super) async fn beside(
    settings: &Settings,
    records: &dyn Records,
    now: Timestamp,
) -> Result<Vec<Finding>, Fault> {
    let Ok(policy) = mutual_tls::policy(settings) else {
        return Ok(Vec::new());
    };
    let troubles = troubles_beside(settings, (&policy, now), records).await?;
    Ok(findings(settings, &troubles, "no rule refuses any"))
}

/// One finding per trouble; nothing when no file is configured.
fn findings(settings: &Settings, troubles: &[Trouble], sound: &str) -> Vec<Finding> {
    let Some(path) = &settings.declared.clients else {
        return Vec::new();
    };
    if troubles.is_empty() {
        let detail = format!("{}: {sound}", path.display());
        return vec![Finding::ok(CHECK, detail)];
    }
    let told = |trouble: &Trouble| {
        let right = trouble.right(Language::En);
        Finding::fail(CHECK, trouble.wrong(Language::En), right)
    };
    troubles.iter().map(told).collect()
}
