//! The file itself: read whole, and everything that is wrong with it told at once.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use idp_admin_api::client::ClientNew;
use idp_core::admin::client::DeclaredClient;
use idp_core::base::refusal::Reason;
use idp_core::base::secret::SecretText;
use idp_core::model::client::{ClientFeatures, ClientId};
use idp_core::policy::Preset;
use serde::Deserialize;
use toml::{Table, Value};

use super::trouble::Trouble;
use crate::cli::language::{Said, text};
use crate::cli::wanted::Members;
use crate::http::admin::declared_metadata;

/// At most so many bytes.
const MOST_BYTES: u64 = 1024 * 1024;
/// A longer value is not repeated.
const MOST_REPEATED: usize = 60;
/// How long a secret may be, in visible ASCII characters.
const SECRET: std::ops::RangeInclusive<usize> = 32..=256;

/// What a file says: the declarations that are well-formed, and what is wrong with the others.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    /// Those that can be brought into the store.
    pub(crate) clients: Vec<DeclaredClient>,
    /// Everything that is wrong with the rest.
    pub(crate) troubles: Vec<Trouble>,
}

impl From<Trouble> for Declarations {
    fn from(trouble: Trouble) -> Self {
        Self {
            clients: Vec::new(),
            troubles: vec![trouble],
        }
    }
}

/// The file: a table `[[client]]` for each, with the members of the administration API.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Table>,
}

/// Reads a file. A secret may stand in it under the certification preset alone.
pub(crate) fn read(path: &Path, preset: Preset) -> Declarations {
    let mut written = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut written));
    if let Err(error) = read {
        let right = text(
            "một tệp mà máy chủ đọc được",
            "a file that the server can read",
        );
        return Trouble::of_file(Said::from(&error), right.into()).into();
    }
    if written.len() as u64 > MOST_BYTES {
        let wrong = text("tệp lớn hơn 1 MiB", "it is larger than 1 MiB");
        let right = text("nhiều nhất 1 MiB", "at most 1 MiB");
        return Trouble::of_file(wrong.into(), right.into()).into();
    }
    parse(&written, preset)
}

/// Reads a file's text.
pub(super) fn parse(written: &str, preset: Preset) -> Declarations {
    let file: File = match toml::from_str(written) {
        Ok(file) => file,
        Err(error) => {
            let right = text(
                "bảng [[client]] cho mỗi ứng dụng, và không gì khác",
                "a table [[client]] for each application, and nothing else",
            );
            return Trouble::of_file(unread(written, &error), right.into()).into();
        }
    };
    let reader = Reader {
        client: Members::of("ClientNew"),
        features: Members::of("ClientFeatures"),
        preset,
    };
    let mut read = Declarations::default();
    let mut seen = BTreeSet::new();
    for (place, table) in file.client.into_iter().enumerate() {
        match reader.one(place + 1, table) {
            Ok(client) if seen.insert(client.id.to_string()) => read.clients.push(client),
            Ok(client) => {
                let wrong = text("được khai báo hai lần", "it is declared twice");
                let right = text("giữ một bảng", "keep one of the tables");
                let trouble = Trouble::new(client.id.as_str(), wrong.into(), right.into());
                read.troubles.push(trouble.at("client_id"));
            }
            Err(troubles) => read.troubles.extend(troubles),
        }
    }
    read
}

/// The line and the parser's words; never the line itself, which may hold a secret.
fn unread(written: &str, error: &toml::de::Error) -> Said {
    let before = error.span().and_then(|span| written.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    let words = error.message();
    Said::new(
        format!("dòng {line}: {words}"),
        format!("line {line}: {words}"),
    )
}

/// What a table is read with.
struct Reader {
    client: Members,
    features: Members,
    preset: Preset,
}

impl Reader {
    fn one(&self, place: usize, mut table: Table) -> Result<DeclaredClient, Vec<Trouble>> {
        let named = table.get("client_id").and_then(Value::as_str);
        let named = named.map_or_else(|| format!("client {place}"), str::to_owned);
        let about =
            |field: &str, wrong: Said, right: Said| Trouble::new(&named, wrong, right).at(field);
        let mut troubles = Vec::new();
        let secret = table.remove("client_secret");
        let secret = secret.map(|value| told(&value, self.preset)).transpose();
        let secret = secret.unwrap_or_else(|(wrong, right)| {
            troubles.push(about("client_secret", wrong, right));
            None
        });
        for (field, wrong, right) in self.members(&table) {
            troubles.push(about(&field, wrong, right));
        }
        if !troubles.is_empty() {
            return Err(troubles);
        }
        let unread = |error: toml::de::Error| {
            let right = text(
                "xem ClientNew trong API quản trị",
                "see ClientNew in the administration API",
            );
            vec![Trouble::new(
                &named,
                Said::from(error.message().to_owned()),
                right.into(),
            )]
        };
        let new = ClientNew::deserialize(Value::Table(table)).map_err(unread)?;
        let id = new.client_id.as_deref().and_then(ClientId::new);
        let refused = |reason: Reason| vec![Trouble::of_rule(&named, reason)];
        let id = id.ok_or_else(|| refused(Reason::ClientIdMalformed))?;
        let (kind, metadata) = declared_metadata(new).map_err(refused)?;
        Ok(DeclaredClient {
            id,
            kind,
            metadata,
            secret,
        })
    }

    /// What is wrong with the members of a table, each looked at by itself.
    fn members(&self, table: &Table) -> Vec<(String, Said, Said)> {
        let mut wrong = Vec::new();
        for needed in ["client_id", "name", "kind"] {
            if !table.contains_key(needed) {
                let missing = text("còn thiếu", "it is missing");
                wrong.push((needed.to_owned(), missing.into(), self.right(needed)));
            }
        }
        for (name, value) in table {
            match value {
                Value::Table(features) if name == "features" => {
                    let found = features.iter().filter_map(|(n, v)| self.feature(n, v));
                    wrong.extend(found);
                }
                _ if self.client.wanted(name).is_none() => {
                    let right = text("bỏ đi hoặc sửa tên", "take it away, or correct the name");
                    wrong.push((name.clone(), self.client.unknown(name), right.into()));
                }
                value if !is_value(name, value) => {
                    wrong.push((name.clone(), unfit(name, value), self.right(name)));
                }
                _ => {}
            }
        }
        wrong
    }

    /// What a member takes.
    fn right(&self, name: &str) -> Said {
        match name {
            "client_id" => text(
                "1–128 ký tự ASCII nhìn thấy được, không có dấu `:`",
                "1–128 visible ASCII characters without `:`",
            )
            .into(),
            "name" => text(
                "{ vi = \"…\", en = \"…\" }, cần có vi",
                "{ vi = \"…\", en = \"…\" }, with vi at least",
            )
            .into(),
            name => {
                let wanted = self.client.wanted(name);
                wanted.map_or_else(|| Said::from(String::new()), |wanted| wanted.said())
            }
        }
    }

    /// What is wrong with one feature.
    fn feature(&self, name: &str, value: &Value) -> Option<(String, Said, Said)> {
        let field = format!("features.{name}");
        let Some(wanted) = self.features.wanted(name) else {
            let right = text("bỏ đi hoặc sửa tên", "take it away, or correct the name");
            return Some((field, self.features.unknown(name), right.into()));
        };
        let json = serde_json::to_value(value).unwrap_or_default();
        let alone = serde_json::Map::from_iter([(name.to_owned(), json)]);
        // The core's own values, which are narrower than the API's: the names of algorithms.
        let read = serde_json::from_value::<ClientFeatures>(alone.into());
        read.is_err()
            .then(|| (field, unfit(name, value), wanted.said()))
    }
}

/// Whether a value is one of a member's, beside the least that every client says.
fn is_value(name: &str, value: &Value) -> bool {
    let called = Table::from_iter([("vi".to_owned(), Value::from("x"))]);
    let mut table = Table::from_iter([
        ("name".to_owned(), Value::Table(called)),
        ("kind".to_owned(), Value::from("web")),
    ]);
    table.insert(name.to_owned(), value.clone());
    ClientNew::deserialize(Value::Table(table)).is_ok()
}

/// That a value is none of a member's. Long ones are not repeated, nor keys: somebody may have put
/// a private one there, and this is written into logs.
fn unfit(name: &str, value: &Value) -> Said {
    let written = value.to_string();
    if written.chars().count() > MOST_REPEATED || name == "jwks" {
        return text(
            "không phải giá trị của mục này",
            "what is written there is none of its values",
        )
        .into();
    }
    Said::new(
        format!("`{written}` không phải giá trị của mục này"),
        format!("`{written}` is none of its values"),
    )
}

/// A secret that is told beforehand, or what is wrong with it; it is never repeated.
fn told(value: &Value, preset: Preset) -> Result<SecretText, (Said, Said)> {
    if preset != Preset::Certification {
        let wrong = text(
            "chỉ được ghi trong tệp ở chế độ certification",
            "it may be told under the certification preset alone",
        );
        let right = text(
            "bỏ đi; `idp client rotate-secret` tạo mã bí mật",
            "take it away; `idp client rotate-secret` makes one",
        );
        return Err((wrong.into(), right.into()));
    }
    let secret = value.as_str().unwrap_or_default();
    let fits = SECRET.contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic());
    let right = text(
        "32 đến 256 ký tự ASCII nhìn thấy được",
        "a text of 32 to 256 visible ASCII characters",
    );
    let wrong = text("không đúng dạng", "it is not of the right form");
    fits.then(|| SecretText::new(secret.to_owned()))
        .ok_or_else(|| (wrong.into(), right.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::language::Language;

    const SUITE: &str = "
        [[client]]
        client_id = 'suite'
        name = { vi = 'Bộ kiểm thử' }
        kind = 'web'
        redirect_uris = ['https://suite.example/cb']
        features = { response_types = ['code', 'id_token'] }
    ";

    fn told(text: &str, preset: Preset) -> Vec<String> {
        let troubles = parse(text, preset).troubles;
        troubles.iter().map(|t| t.line(Language::En)).collect()
    }

    #[test]
    fn members_are_those_of_the_administration() {
        let read = parse(SUITE, Preset::Default);
        let ([suite], []) = (read.clients.as_slice(), read.troubles.as_slice()) else {
            panic!("{read:?}")
        };
        assert_eq!(suite.id.as_str(), "suite");
        assert!(suite.metadata.features.as_ref().unwrap().len() == 1);
        let empty = parse("", Preset::Default);
        assert!(empty.clients.is_empty() && empty.troubles.is_empty());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let wrong = format!(
            "{SUITE}
            [[client]]
            client_id = 'hoso'
            nickname = 'x'
            kind = 'wib'
            redirect_uri = ['https://hoso.example/cb']
            scopes = 'openid'
            client_secret = '{}'
            features = {{ pkce = false, default_max_age = 'soon', userinfo_signed_response_alg = 'HS256' }}
            [[client]]
            name = {{ en = 'No Vietnamese' }}
            kind = 'web'
            {SUITE}",
            "s".repeat(32),
        );
        let told = told(&wrong, Preset::Default);
        for expected in [
            "hoso: client_secret: it may be told under the certification preset alone",
            "hoso: name: it is missing",
            "hoso: nickname: there is no such name",
            "hoso: kind: `\"wib\"` is none of its values; one of: web, spa",
            "hoso: redirect_uri: there is no such name; did you mean redirect_uris?",
            "hoso: scopes: `\"openid\"` is none of its values; a list, each a text",
            "hoso: features.pkce: there is no such name",
            "hoso: features.default_max_age: `\"soon\"` is none",
            "hoso: features.userinfo_signed_response_alg: `\"HS256\"` is none",
            "client 3: client_id: it is missing",
            "client 3: name: ",
            "suite: client_id: it is declared twice",
        ] {
            let found = told.iter().any(|line| line.starts_with(expected));
            assert!(found, "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 12, "{told:#?}");
        assert!(!told.concat().contains("ssss"), "no secret is repeated");
        let read = parse(&wrong, Preset::Default);
        assert_eq!(read.clients.len(), 1, "the sound one is read all the same");
    }

    #[test]
    fn a_secret_is_told_under_the_certification_preset_alone() {
        let with = |secret: &str| format!("{SUITE}client_secret = '{secret}'");
        let long = "s".repeat(32);
        assert!(told(&with(&long), Preset::Certification).is_empty());
        for (secret, preset) in [
            (long.as_str(), Preset::Default),
            (&long, Preset::Fapi2Security),
            ("short", Preset::Certification),
        ] {
            let told = told(&with(secret), preset);
            assert!(
                told.len() == 1 && told[0].contains("client_secret"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn what_may_be_a_private_key_is_not_repeated() {
        let text = format!(
            "{SUITE}\njwks = 'PRIVATE'\ntos_uri = ['{}']",
            "PRIVATE".repeat(9)
        );
        let told = told(&text, Preset::Default);
        assert!(!told.is_empty());
        assert!(!told.concat().contains("PRIVATE"), "{told:?}");
    }

    #[test]
    fn what_is_no_such_file_is_one_trouble() {
        for text in ["clients = 1", "[[client", "client = 'x'"] {
            assert_eq!(told(text, Preset::Default).len(), 1, "{text}");
        }
        let broken = told("[[client]]\nclient_secret = 'PRIVATE\n", Preset::Default);
        assert!(broken[0].starts_with("line 2: ") && !broken[0].contains("PRIVATE"));
        let missing = read(Path::new("/no/such/file"), Preset::Default);
        let line = missing.troubles[0].line(Language::Vi);
        assert!(line.starts_with("không có tệp"), "{line}");
    }
}
