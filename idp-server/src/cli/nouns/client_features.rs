//! `--set NAME=VALUE`: features of a client by their registered names.

use idp_admin_api::client_features::ClientFeatures;
use serde_json::{Map, Value};

use crate::cli::failure::Failure;
use crate::cli::language::{Language, Said};
use crate::cli::wanted::{Members, Wanted};

/// What `--set` says, as a JSON merge patch: an empty value takes a feature back, a name that comes
/// more than once makes a list.
pub(super) fn patch(settings: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
    for setting in settings {
        let (name, value) = setting.split_once('=').ok_or_else(|| unset(setting))?;
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => named.push((name, vec![value])),
        }
    }
    if named.is_empty() {
        return Ok(Map::new());
    }
    let members = Members::of("ClientFeatures");
    named
        .into_iter()
        .map(|(name, values)| Ok((name.to_owned(), value(name, &values, &members)?)))
        .collect()
}

/// The first reading of what was written that is one of the feature's values.
fn value(name: &str, values: &[&str], members: &Members) -> Result<Value, Failure> {
    let Some(wanted) = members.wanted(name) else {
        return Err(wrong(name, &members.unknown(name)));
    };
    let list = || Value::from(values.iter().copied().map(Value::from).collect::<Vec<_>>());
    let readings = match values {
        [""] => return Ok(Value::Null),
        [one] => vec![
            serde_json::from_str(one).unwrap_or(Value::Null),
            Value::from(*one),
            list(),
        ],
        _ => vec![list()],
    };
    readings
        .into_iter()
        .find(|reading| !reading.is_null() && is_value(name, reading))
        .ok_or_else(|| wrong(name, &unfit(values, wanted)))
}

fn is_value(name: &str, value: &Value) -> bool {
    let features = Map::from_iter([(name.to_owned(), value.clone())]);
    serde_json::from_value::<ClientFeatures>(Value::Object(features)).is_ok()
}

/// That a value is none of the feature's, and what would be one.
fn unfit(values: &[&str], wanted: &Wanted) -> Said {
    let written = values.join(", ");
    let said = wanted.said();
    let (vi, en) = (said.pick(Language::Vi), said.pick(Language::En));
    if let ([_, _, ..], false) = (values, matches!(wanted, Wanted::List(_))) {
        return Said::new(
            format!("được nêu nhiều lần nhưng chỉ nhận một giá trị: {vi}"),
            format!("it is given more than once and takes one value: {en}"),
        );
    }
    Said::new(
        format!("`{written}` không đúng; cần {vi}"),
        format!("`{written}` is not right; it takes {en}"),
    )
}

fn unset(setting: &str) -> Failure {
    Failure::usage(Said::new(
        format!("--set {setting}: cần viết TÊN=GIÁ_TRỊ; `--set {setting}=` bỏ một tính năng"),
        format!("--set {setting}: write NAME=VALUE; `--set {setting}=` takes a feature back"),
    ))
}

fn wrong(name: &str, why: &Said) -> Failure {
    Failure::usage(why.clone().about(&format!("--set {name}")))
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
    fn what_is_wrong_is_told_in_the_operators_language() {
        for (setting, vi, en) in [
            (
                "contact=a",
                "--set contact: không có tên này; có phải contacts?",
                "--set contact: there is no such name; did you mean contacts?",
            ),
            (
                "default_max_age=soon",
                "--set default_max_age: `soon` không đúng; cần một số nguyên không âm",
                "--set default_max_age: `soon` is not right; it takes a whole number, zero or more",
            ),
            (
                "sector=province",
                "--set sector: `province` không đúng; cần một trong: host, agency",
                "--set sector: `province` is not right; it takes one of: host, agency",
            ),
            (
                "sector",
                "--set sector: cần viết TÊN=GIÁ_TRỊ; `--set sector=` bỏ một tính năng",
                "--set sector: write NAME=VALUE; `--set sector=` takes a feature back",
            ),
        ] {
            let failure = patch(&[setting.to_owned()]).unwrap_err();
            for (language, told) in [(Language::Vi, vi), (Language::En, en)] {
                let lines = failure.lines(language);
                assert!(lines[0].ends_with(told), "{lines:?}");
                assert!(!lines.join(" ").contains("expected"), "{lines:?}");
            }
        }
        let twice = ["software_id=a".to_owned(), "software_id=b".to_owned()];
        let failure = patch(&twice).unwrap_err().lines(Language::En);
        assert!(failure[0].contains("more than once"), "{failure:?}");
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
