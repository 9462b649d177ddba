//! `--set NAME=VALUE`: features of a client by their registered names.

use idp_admin_api::client_features::ClientFeatures;
use serde_json::{Map, Value};

use crate::cli::failure::Failure;
use crate::cli::language::Said;

/// What `--set` says, as a JSON merge patch: an empty value takes a feature back, a name that comes
/// more than once makes a list.
pub(super) fn patch(settings: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
    for setting in settings {
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| wrong(setting, "NAME=VALUE"))?;
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => named.push((name, vec![value])),
        }
    }
    named
        .into_iter()
        .map(|(name, values)| Ok((name.to_owned(), value(name, &values)?)))
        .collect()
}

/// The first reading of what was written that is one of the feature's values.
fn value(name: &str, values: &[&str]) -> Result<Value, Failure> {
    let list = || Value::from(values.iter().copied().map(Value::from).collect::<Vec<_>>());
    let readings = match values {
        [""] => return taken_back(name),
        [one] => vec![
            serde_json::from_str(one).unwrap_or(Value::Null),
            Value::from(*one),
            list(),
        ],
        _ => vec![list()],
    };
    readings
        .into_iter()
        .find(|reading| !reading.is_null() && is_value(name, reading).is_ok())
        .ok_or_else(|| match is_value(name, &list()) {
            Err(problem) => wrong(name, &problem.to_string()),
            Ok(()) => wrong(name, ""),
        })
}

fn taken_back(name: &str) -> Result<Value, Failure> {
    match is_value(name, &Value::Null) {
        Err(problem) if problem.to_string().starts_with("unknown field") => {
            Err(wrong(name, &problem.to_string()))
        }
        _ => Ok(Value::Null),
    }
}

fn is_value(name: &str, value: &Value) -> Result<(), serde_json::Error> {
    let features = Map::from_iter([(name.to_owned(), value.clone())]);
    serde_json::from_value::<ClientFeatures>(Value::Object(features)).map(|_| ())
}

fn wrong(name: &str, why: &str) -> Failure {
    Failure::usage(Said::new(
        format!("--set {name}: không đúng ({why})"),
        format!("--set {name}: not understood ({why})"),
    ))
}

/// The features of a client, one `name=value` each, for people.
pub(super) fn shown(features: &ClientFeatures) -> Vec<String> {
    let Ok(Value::Object(members)) = serde_json::to_value(features) else {
        return Vec::new();
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    members
        .iter()
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(settings: &[&str]) -> Option<Value> {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        patch(&settings).ok().map(Value::Object)
    }

    #[test]
    fn values_are_read_as_what_the_feature_takes() {
        for (settings, expected) in [
            (
                &["default_max_age=600"][..],
                json!({"default_max_age": 600}),
            ),
            (&["pkce_optional=true"], json!({"pkce_optional": true})),
            (&["software_id=7"], json!({"software_id": "7"})),
            (
                &["contacts=it@tinh.example"],
                json!({"contacts": ["it@tinh.example"]}),
            ),
            (
                &["contacts=a", "contacts=b"],
                json!({"contacts": ["a", "b"]}),
            ),
            (&["logo_uri="], json!({"logo_uri": null})),
            (
                &["sector=agency", "subject_type=pairwise"],
                json!({"sector": "agency", "subject_type": "pairwise"}),
            ),
        ] {
            assert_eq!(patched(settings), Some(expected), "{settings:?}");
        }
    }

    #[test]
    fn what_is_no_feature_or_no_value_is_refused_here_already() {
        for settings in [
            &["unheard_of=1"][..],
            &["unheard_of="],
            &["default_max_age=soon"],
            &["sector=province"],
            &["software_id=a", "software_id=b"],
            &["no value"],
        ] {
            assert_eq!(patched(settings), None, "{settings:?}");
        }
    }

    #[test]
    fn features_are_shown_by_name() {
        let features = ClientFeatures {
            contacts: vec!["a@tinh.example".into()],
            software_id: Some("hoso".into()),
            ..ClientFeatures::default()
        };
        assert_eq!(
            shown(&features),
            [r#"contacts=["a@tinh.example"]"#, "software_id=hoso"]
        );
        assert!(shown(&ClientFeatures::default()).is_empty());
    }
}
