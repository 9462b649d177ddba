//! `clients.file`: applications that a file declares, brought into the store at every start.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use idp_admin_api::client::ClientNew;
use idp_core::admin::client::{Declared, DeclaredClient};
use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::flow::Failure;
use idp_core::flow::admin::{Acting, Administration, client};
use idp_core::model::client::ClientId;
use idp_core::policy::Preset;
use serde::Deserialize;
use toml::{Table, Value};

use crate::config::Settings;
use crate::http::admin::declared_metadata;
use crate::http::context::Arrival;
use crate::http::site::Site;

/// At most so many bytes.
const MOST_BYTES: u64 = 1024 * 1024;
/// How long a secret may be, in visible ASCII characters.
const SECRET: std::ops::RangeInclusive<usize> = 32..=256;

/// The file: a table `[[client]]` for each, with the members of the administration API.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Table>,
}

/// Reads a file. A secret may stand in it under the certification preset alone.
///
/// # Errors
/// Everything that is wrong with it, in the operator's words.
pub(crate) fn read(path: &Path, preset: Preset) -> Result<Vec<DeclaredClient>, Vec<String>> {
    let told = |error: std::io::Error| vec![error.to_string()];
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(told)?;
    file.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(told)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(vec![format!("larger than {MOST_BYTES} bytes")]);
    }
    parse(&text, preset)
}

fn parse(text: &str, preset: Preset) -> Result<Vec<DeclaredClient>, Vec<String>> {
    let file: File = toml::from_str(text).map_err(|e| vec![e.to_string()])?;
    let (mut declared, mut problems) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (place, table) in file.client.into_iter().enumerate() {
        let number = place + 1;
        match one(table, preset) {
            Ok(client) if seen.insert(client.id.to_string()) => declared.push(client),
            Ok(client) => problems.push(format!("client {number}: {} is there twice", client.id)),
            Err(wrong) => problems.push(format!("client {number}: {wrong}")),
        }
    }
    if problems.is_empty() {
        Ok(declared)
    } else {
        Err(problems)
    }
}

fn one(mut table: Table, preset: Preset) -> Result<DeclaredClient, String> {
    let secret = table.remove("client_secret");
    let secret = secret.map(|value| told(&value, preset)).transpose()?;
    let new = ClientNew::deserialize(Value::Table(table)).map_err(|e| e.message().to_owned())?;
    let id = new.client_id.as_deref().and_then(ClientId::new);
    let id = id.ok_or("client_id is needed: visible ASCII characters without `:`")?;
    let (kind, metadata) = declared_metadata(new).map_err(|reason| reason.rule().to_owned())?;
    Ok(DeclaredClient {
        id,
        kind,
        metadata,
        secret,
    })
}

fn told(value: &Value, preset: Preset) -> Result<SecretText, String> {
    if preset != Preset::Certification {
        return Err(
            "client_secret may be told under the certification preset alone; \
                    `idp client rotate-secret` makes one"
                .to_owned(),
        );
    }
    let text = value.as_str().unwrap_or_default();
    let fits = SECRET.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| SecretText::new(text.to_owned()))
        .ok_or_else(|| "client_secret is no text of 32 to 256 visible ASCII characters".to_owned())
}

/// Makes the store's clients what the file declares. One that a rule refuses is reported and stays
/// as it was: a unit that was merged meanwhile must not keep a province from signing in.
///
/// # Errors
/// A fault with everything that is wrong with the file, or of the store.
pub(crate) async fn bring(settings: &Settings, site: &Site) -> Result<(), Fault> {
    let Some(path) = &settings.declared.clients else {
        return Ok(());
    };
    let wrong = |problems: Vec<String>| {
        let listed = problems.join("\n  ");
        Fault::lasting("clients.file", format!("{}:\n  {listed}", path.display()))
    };
    for declared in read(path, settings.preset).map_err(wrong)? {
        let context = site.context(&arrival())?;
        let provider = site.provider.clone();
        let mut desk = Administration::new(provider, context, Acting::Installation);
        match client::declare(&mut desk, &declared).await {
            Ok(Declared::Same(_)) => {}
            Ok(Declared::Added(client)) => {
                tracing::info!(client = %client.id, "a declared client was added");
            }
            Ok(Declared::Changed(client)) => {
                tracing::info!(client = %client.id, "a client was made what the file declares");
            }
            Err(Failure::Refused(refusal)) => {
                let reason = refusal.reason.name();
                tracing::error!(client = %declared.id, reason, "a declared client is refused");
            }
            Err(Failure::Fault(fault)) => return Err(fault),
        }
    }
    Ok(())
}

fn arrival() -> Arrival {
    Arrival {
        request_id: "start".to_owned(),
        address: None,
        user_agent: None,
        local_uid: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str = "
        [[client]]
        client_id = 'suite'
        name = { vi = 'Bộ kiểm thử' }
        kind = 'web'
        redirect_uris = ['https://suite.example/cb']
        features = { response_types = ['code', 'id_token'] }
    ";

    #[test]
    fn members_are_those_of_the_administration() {
        let declared = parse(SUITE, Preset::Default).unwrap();
        let [suite] = declared.as_slice() else {
            panic!("{declared:?}")
        };
        assert_eq!(suite.id.as_str(), "suite");
        assert!(suite.metadata.features.as_ref().unwrap().len() == 1);
        assert!(parse("", Preset::Default).unwrap().is_empty());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let with = |line: &str| format!("{SUITE}\n[[client]]\n{line}");
        let named = "client_id = 'b'\nname = { vi = 'B' }\nkind = 'web'\n";
        let secret = format!("{named}client_secret = '{}'", "s".repeat(32));
        for (text, preset, expected) in [
            (
                with(&format!("{named}nickname = 'b'")),
                Preset::Default,
                "unknown field `nickname`",
            ),
            (
                with(&format!("{named}features = {{ pkce = false }}")),
                Preset::Default,
                "unknown field `pkce`",
            ),
            (
                with("name = { vi = 'B' }\nkind = 'web'"),
                Preset::Default,
                "client_id is needed",
            ),
            (
                format!("{SUITE}{SUITE}"),
                Preset::Default,
                "client 2: suite is there twice",
            ),
            (with(&secret), Preset::Default, "under the certification"),
            (
                with(&secret),
                Preset::Fapi2Security,
                "under the certification",
            ),
            (
                with(&format!("{named}client_secret = 'short'")),
                Preset::Certification,
                "32 to 256",
            ),
            (
                "clients = 1".to_owned(),
                Preset::Default,
                "unknown field `clients`",
            ),
        ] {
            let problems = parse(&text, preset).map(drop).unwrap_err();
            assert!(problems.concat().contains(expected), "{problems:?}");
        }
        let both = format!("[[client]]\nkind = 'web'\n{}", with("kind = 'spa'"));
        assert_eq!(
            parse(&both, Preset::Default).map(drop).unwrap_err().len(),
            2
        );
        assert!(parse(&with(&secret), Preset::Certification).is_ok());
    }
}
