//! Rich authorization requests (RFC 9396): what an application wants to do, in more words than
//! scopes have.
//!
//! The objects belong to the APIs: this provider checks that they are well-formed and of a type the
//! client is registered for, shows them to people, keeps them in the grant and hands them on. What
//! they allow is for the API to decide.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::client::Client;
use crate::base::refusal::{Reason, Refusal};
use crate::base::text::is_deceptive;
use crate::jose::json;

/// The parameter's name.
pub const PARAMETER: &str = "authorization_details";
/// The most objects of one request.
pub const MOST: usize = 8;
/// The most bytes of the parameter.
pub const LONGEST: usize = 4096;
/// So deep may values lie inside one another, the array of objects counted.
pub const DEEPEST: usize = 6;

/// The common fields that are lists of texts (RFC 9396 §2.2).
const LISTS: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];

/// The objects of one request or grant; none when the parameter was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationDetails(Vec<Map<String, Value>>);

/// At most so many characters of one text are told, so that none pushes the others out of sight.
const LONGEST_TOLD: usize = 200;

/// One object, as a person is told about it: the common fields of RFC 9396 §2.2, and the names of
/// the others, whose meaning only the API knows. Texts are cut after 200 characters; those that are
/// invisible or turn the direction of reading are replaced, for the client chose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its type.
    pub kind: String,
    /// The one thing that it is about.
    pub identifier: Option<String>,
    /// Where it counts.
    pub locations: Vec<String>,
    /// What may be done there.
    pub actions: Vec<String>,
    /// With what kinds of data.
    pub datatypes: Vec<String>,
    /// At which level of privilege.
    pub privileges: Vec<String>,
    /// The names of all other members.
    pub others: Vec<String>,
}

impl AuthorizationDetails {
    /// None.
    pub const NONE: Self = Self(Vec::new());

    /// Reads the parameter as it was sent; a request without it has none.
    ///
    /// # Errors
    /// [`Reason::AuthorizationDetailsMalformed`] for anything but an array of 1 to [`MOST`]
    /// objects with a `type`, whose common fields have their types, within [`LONGEST`] bytes and
    /// [`DEEPEST`] levels, no name twice in one object.
    pub fn requested(sent: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = sent else {
            return Ok(Self::NONE);
        };
        let malformed = || Refusal::new(Reason::AuthorizationDetailsMalformed);
        if text.len() > LONGEST {
            return Err(malformed());
        }
        // Strict: of a name that comes twice, the API might see the other value.
        let wrapped = format!("{{\"{PARAMETER}\":{text}}}");
        let parsed =
            json::object_without_duplicates(wrapped.as_bytes()).map_err(|_| malformed())?;
        // One member: a text that closes the wrapping and goes on is no array.
        let (1, Some(Value::Array(values))) = (parsed.len(), parsed.get(PARAMETER)) else {
            return Err(malformed());
        };
        let objects = values.iter().map(|value| match value {
            Value::Object(object) if is_well_formed(object) => Ok(object.clone()),
            _ => Err(malformed()),
        });
        let details = Self(objects.collect::<Result<_, _>>()?);
        let fits = (1..=MOST).contains(&details.0.len())
            && values.iter().all(|value| depth(value) < DEEPEST);
        fits.then_some(details).ok_or_else(malformed)
    }

    /// What a client asks for: objects of types that it is registered for.
    ///
    /// # Errors
    /// Those of [`AuthorizationDetails::requested`] and [`AuthorizationDetails::check_allowed`].
    pub fn at_authorization(sent: Option<&str>, client: &Client) -> Result<Self, Refusal> {
        let details = Self::requested(sent)?;
        details.check_allowed(client)?;
        Ok(details)
    }

    /// Checks that the client is registered for every type.
    ///
    /// # Errors
    /// [`Reason::AuthorizationDetailsTypeNotAllowed`].
    pub fn check_allowed(&self, client: &Client) -> Result<(), Refusal> {
        let registered = &client.features.authorization_details_types;
        let allowed = |object: &Map<String, Value>| {
            let kind = object.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| registered.iter().any(|r| r == kind))
        };
        self.0
            .iter()
            .all(allowed)
            .then_some(())
            .ok_or_else(|| Reason::AuthorizationDetailsTypeNotAllowed.into())
    }

    /// What of the granted objects a token is for (RFC 9396 §6.1): all, or those that are wanted,
    /// each as it was granted.
    ///
    /// # Errors
    /// [`Reason::AuthorizationDetailsExceedGrant`].
    pub fn within(&self, granted: &Self) -> Result<Self, Refusal> {
        if self.is_empty() {
            return Ok(granted.clone());
        }
        let within = self.0.iter().all(|object| granted.0.contains(object));
        within
            .then(|| self.clone())
            .ok_or_else(|| Reason::AuthorizationDetailsExceedGrant.into())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The objects as a JSON array.
    pub fn to_value(&self) -> Value {
        self.0.iter().cloned().map(Value::Object).collect()
    }

    /// What a person is told.
    pub fn described(&self) -> Vec<Described> {
        let texts = |object: &Map<String, Value>, name: &str| -> Vec<String> {
            let values = object.get(name).and_then(Value::as_array);
            let texts = values.into_iter().flatten().filter_map(Value::as_str);
            texts.map(told).collect()
        };
        let is_common =
            |name: &str| ["type", "identifier"].contains(&name) || LISTS.contains(&name);
        let others = |object: &Map<String, Value>| -> Vec<String> {
            let names = object.keys().filter(|name| !is_common(name));
            names.map(|name| told(name)).collect()
        };
        let described = |object| Described {
            kind: told(text(object, "type").unwrap_or_default()),
            identifier: text(object, "identifier").map(told),
            locations: texts(object, "locations"),
            actions: texts(object, "actions"),
            datatypes: texts(object, "datatypes"),
            privileges: texts(object, "privileges"),
            others: others(object),
        };
        self.0.iter().map(described).collect()
    }
}

/// A text as it may stand on a page.
fn told(text: &str) -> String {
    let shown = |c: char| if is_deceptive(c) { '\u{fffd}' } else { c };
    let mut told: String = text.chars().take(LONGEST_TOLD).map(shown).collect();
    if text.chars().nth(LONGEST_TOLD).is_some() {
        told.push('…');
    }
    told
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// RFC 9396 §2: a type, and common fields of their types.
fn is_well_formed(object: &Map<String, Value>) -> bool {
    let typed = text(object, "type").is_some_and(|kind| !kind.is_empty() && kind.len() <= 256);
    let texts = |value: &Value| {
        let values = value.as_array();
        values.is_some_and(|values| values.iter().all(Value::is_string))
    };
    let lists = LISTS.iter().filter_map(|name| object.get(*name)).all(texts);
    let identifier = object.get("identifier").is_none_or(Value::is_string);
    typed && lists && identifier
}

/// The levels of a value; the parser bounds its own recursion.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    inner.unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use serde_json::json;

    fn client() -> Client {
        let mut client = sample::client(ClientKind::Web, &[]);
        client.features.authorization_details_types = vec!["ho-so".into(), "dat-dai".into()];
        client
    }

    fn asked(text: &str) -> Result<AuthorizationDetails, Reason> {
        AuthorizationDetails::at_authorization(Some(text), &client())
            .map_err(|refusal| refusal.reason)
    }

    #[test]
    fn objects_are_kept_as_they_were_sent_and_told_in_words() {
        let sent = json!([{
            "type": "ho-so",
            "locations": ["https://api.tinh.example/ho-so"],
            "actions": ["đọc", "ký"],
            "identifier": "H42-0001",
            "thoi-han": {"ngay": 30},
        }]);
        let details = asked(&sent.to_string()).unwrap();
        assert_eq!(details.to_value(), sent);
        let told = details.described().remove(0);
        assert_eq!((told.kind.as_str(), told.actions.len()), ("ho-so", 2));
        assert_eq!(told.locations, ["https://api.tinh.example/ho-so"]);
        assert_eq!(told.identifier.as_deref(), Some("H42-0001"));
        assert_eq!(told.others, ["thoi-han"]);
        let none = AuthorizationDetails::requested(None).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn what_is_told_is_bounded_and_cannot_hide() {
        let long = "ê".repeat(201);
        let sent = json!([{
            "type": "ho-so",
            "identifier": long,
            "actions": ["xóa\u{202e}cọđ", "a\nb"],
            "datatypes": ["ảnh"],
            "privileges": ["quản trị"],
            "a\u{200b}": 1,
        }]);
        let told = asked(&sent.to_string()).unwrap().described().remove(0);
        let cut = format!("{}…", "ê".repeat(200));
        assert_eq!(told.identifier, Some(cut));
        assert_eq!(told.actions, ["xóa\u{fffd}cọđ", "a\u{fffd}b"]);
        assert_eq!(
            (told.datatypes, told.privileges),
            (vec!["ảnh".to_owned()], vec!["quản trị".to_owned()])
        );
        assert_eq!(told.others, ["a\u{fffd}"]);
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let many = Value::from(vec![json!({"type": "ho-so"}); MOST + 1]).to_string();
        let long = json!([{"type": "ho-so", "x": "x".repeat(LONGEST)}]).to_string();
        let deep = json!([{"type": "ho-so", "x": [[[[[1]]]]]}]).to_string();
        for malformed in [
            "ho-so",
            "{}",
            "[]",
            "[1]",
            "[{}]",
            r#"[{"type": 1}]"#,
            r#"[{"type": ""}]"#,
            r#"[{"type": "ho-so", "type": "dat-dai"}]"#,
            r#"[{"type": "ho-so", "actions": "ký"}]"#,
            r#"[{"type": "ho-so", "locations": [1]}]"#,
            r#"[{"type": "ho-so", "identifier": 1}]"#,
            r#"[{"type": "ho-so"}], "authorization_details": []"#,
            r#"[{"type": "ho-so"}], "scope": "openid""#,
            &many,
            &long,
            &deep,
        ] {
            let refused = asked(malformed);
            assert_eq!(
                refused,
                Err(Reason::AuthorizationDetailsMalformed),
                "{malformed}"
            );
        }
        for other in [
            r#"[{"type": "luong"}]"#,
            r#"[{"type": "ho-so"}, {"type": "HO-SO"}]"#,
        ] {
            let refused = asked(other);
            assert_eq!(refused, Err(Reason::AuthorizationDetailsTypeNotAllowed));
        }
    }

    #[test]
    fn a_token_is_for_all_that_was_granted_or_some_of_it() {
        let granted = asked(r#"[{"type": "ho-so", "actions": ["ký"]}, {"type": "dat-dai"}]"#);
        let granted = granted.unwrap();
        let none = AuthorizationDetails::default();
        assert_eq!(none.within(&granted).unwrap(), granted);
        let part = asked(r#"[{"type": "dat-dai"}]"#).unwrap();
        assert_eq!(part.within(&granted).unwrap(), part);
        for more in [
            r#"[{"type": "ho-so"}]"#,
            r#"[{"type": "ho-so", "actions": ["ký", "xóa"]}]"#,
        ] {
            let refused = asked(more).unwrap().within(&granted).unwrap_err();
            assert_eq!(refused.reason, Reason::AuthorizationDetailsExceedGrant);
        }
        assert!(part.within(&none).is_err());
    }
}
