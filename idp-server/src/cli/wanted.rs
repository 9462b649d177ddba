//! What the members of the administration API take, read from its own description: for telling
//! whoever typed something else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::language::{Said, text};
use crate::config::distance;

/// A name that differs from another in more letters was not meant to be it.
const NEAR: usize = 4;

/// What a member takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// `true` or `false`.
    Switch,
    /// A whole number, zero or more.
    Number,
    /// A text.
    Text,
    /// One word of a closed list.
    OneOf(Vec<String>),
    /// Several of these.
    List(Box<Wanted>),
    /// An object with members of its own.
    Object,
}

/// The members of one schema of the API, by name.
#[derive(Clone, Debug)]
pub(crate) struct Members(BTreeMap<String, Wanted>);

impl Members {
    /// Those of a schema; none at all for a name that is no schema's.
    pub(crate) fn of(schema: &str) -> Self {
        let description = serde_json::to_value(idp_admin_api::openapi()).unwrap_or_default();
        let schemas = description.pointer("/components/schemas");
        let schemas = schemas.unwrap_or(&Value::Null);
        let properties = schemas.get(schema).and_then(|s| s.get("properties"));
        let properties = properties.and_then(Value::as_object).into_iter().flatten();
        let members = properties.map(|(name, member)| (name.clone(), wanted(member, schemas)));
        Self(members.collect())
    }

    /// What a member takes; none when there is no such member.
    pub(crate) fn wanted(&self, name: &str) -> Option<&Wanted> {
        self.0.get(name)
    }

    /// The member whose name is nearest to one that is none, if any is near.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        let far = |known: &&String| distance(name, known);
        let nearest = self.0.keys().min_by_key(far)?;
        (far(&nearest) <= NEAR.min(name.len() / 2)).then_some(nearest.as_str())
    }

    /// That a name is no member's, with the one that was probably meant, or all there are.
    pub(crate) fn unknown(&self, name: &str) -> Said {
        match self.nearest(name) {
            Some(near) => Said::new(
                format!("không có tên này; có phải {near}?"),
                format!("there is no such name; did you mean {near}?"),
            ),
            None => {
                let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
                let names = names.join(", ");
                Said::new(
                    format!("không có tên này; các tên có là {names}"),
                    format!("there is no such name; those that exist are {names}"),
                )
            }
        }
    }
}

/// What a schema says a value is; `null` stands beside others for "may be absent".
fn wanted(schema: &Value, schemas: &Value) -> Wanted {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return schemas
            .get(name)
            .map_or(Wanted::Object, |s| wanted(s, schemas));
    }
    if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
        let said = variants
            .iter()
            .find(|v| v.get("type") != Some(&"null".into()));
        return said.map_or(Wanted::Object, |s| wanted(s, schemas));
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str);
        return Wanted::OneOf(words.map(str::to_owned).collect());
    }
    match kind(schema) {
        Some("boolean") => Wanted::Switch,
        Some("integer" | "number") => Wanted::Number,
        Some("string") => Wanted::Text,
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            Wanted::List(Box::new(wanted(items, schemas)))
        }
        _ => Wanted::Object,
    }
}

fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ => None,
    }
}

impl Wanted {
    /// The kind of value, in words.
    pub(crate) fn said(&self) -> Said {
        match self {
            Self::Switch => text("true hoặc false", "true or false").into(),
            Self::Number => text("một số nguyên không âm", "a whole number, zero or more").into(),
            Self::Text => text("một đoạn văn bản", "a text").into(),
            Self::Object => text(
                "một đối tượng JSON (bảng trong TOML)",
                "a JSON object (a table in TOML)",
            )
            .into(),
            Self::OneOf(words) => {
                let words = words.join(", ");
                Said::new(format!("một trong: {words}"), format!("one of: {words}"))
            }
            Self::List(of) => {
                let said = of.said();
                let [vi, en] = [super::language::Language::Vi, super::language::Language::En]
                    .map(|language| said.pick(language).to_owned());
                Said::new(
                    format!("danh sách, mỗi mục {vi}"),
                    format!("a list, each {en}"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::language::Language;

    #[test]
    fn the_description_says_what_each_member_takes() {
        let features = Members::of("ClientFeatures");
        let words = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned());
            Wanted::OneOf(words.collect())
        };
        for (name, expected) in [
            ("pkce_optional", Wanted::Switch),
            ("default_max_age", Wanted::Number),
            ("logo_uri", Wanted::Text),
            ("sector", words(&["host", "agency"])),
            ("contacts", Wanted::List(Box::new(Wanted::Text))),
            ("token_exchange", Wanted::Object),
            ("assertion_issuers", Wanted::List(Box::new(Wanted::Object))),
        ] {
            assert_eq!(features.wanted(name), Some(&expected), "{name}");
        }
        assert_eq!(features.wanted("unheard_of"), None);
        let client = Members::of("ClientNew");
        assert!(matches!(client.wanted("kind"), Some(Wanted::OneOf(kinds)) if kinds.len() == 5));
        assert!(matches!(
            client.wanted("grant_types"),
            Some(Wanted::List(_))
        ));
        assert!(Members::of("Nothing").wanted("kind").is_none());
    }

    #[test]
    fn a_name_that_is_near_is_told() {
        let features = Members::of("ClientFeatures");
        assert_eq!(features.nearest("contact"), Some("contacts"));
        assert_eq!(
            features.nearest("responsable_person"),
            Some("responsible_person")
        );
        assert_eq!(features.nearest("colour"), None);
        assert_eq!(features.nearest("x"), None);
        let all = features.unknown("colour");
        let all = all.pick(Language::En);
        assert!(
            all.contains("contacts, ") && all.contains(", logo_uri"),
            "{all}"
        );
        let said = features.unknown("contact");
        assert_eq!(
            said.pick(Language::Vi),
            "không có tên này; có phải contacts?"
        );
    }
}
