//! From the members of a request object to request parameters.

use serde_json::{Map, Value};

use crate::base::refusal::{Reason, Refusal};
use crate::oauth::params::is_repeatable;

/// The claims of the JWT itself, which are no parameters of the request (RFC 9101 §4).
const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The parameters among the claims. Text stays, numbers and booleans are written as in JSON,
/// objects and lists become JSON text, which is what `claims` and `authorization_details` are
/// outside of a request object (OpenID Connect Core §6.1); a list of texts stands for a parameter that
/// may be repeated. `null` and empty text count as absent.
///
/// # Errors
/// [`Reason::RequestObjectMemberMalformed`] for a number that is not whole.
pub(super) fn parameters(claims: &Map<String, Value>) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for (name, value) in claims {
        if OF_THE_JWT.contains(&name.as_str()) {
            continue;
        }
        let text = match value {
            Value::Null => continue,
            Value::Array(list) if is_repeatable(name) => {
                let texts = list.iter().filter_map(Value::as_str);
                pairs.extend(texts.map(|text| (name.clone(), text.to_owned())));
                continue;
            }
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_f64() => {
                return Err(Reason::RequestObjectMemberMalformed.into());
            }
            value => value.to_string(),
        };
        pairs.push((name.clone(), text));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_value_has_its_text() {
        let claims = json!({
            "iss": "app", "aud": ["a"], "exp": 1, "nbf": 1, "iat": 1, "jti": "j", "sub": "s",
            "state": "của tôi", "max_age": 600, "flag": true, "gone": null,
            "claims": {"id_token": {"acr": null}}, "resource": ["https://a.example", "https://b.example"], "authorization_details": [{"type": "t"}],
        });
        let mut pairs = parameters(claims.as_object().unwrap()).unwrap();
        pairs.sort();
        let expected = [
            ("authorization_details", r#"[{"type":"t"}]"#),
            ("claims", r#"{"id_token":{"acr":null}}"#),
            ("flag", "true"),
            ("max_age", "600"),
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
            ("state", "của tôi"),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(pairs, expected);
        let half = json!({"max_age": 0.5});
        let refused = parameters(half.as_object().unwrap()).unwrap_err();
        assert_eq!(refused.reason, Reason::RequestObjectMemberMalformed);
    }
}
