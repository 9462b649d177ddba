//! The `claims` parameter (OpenID Connect Core §5.5): single claims asked for by name.

use serde_json::{Map, Value};

use super::scope::{ADDRESS, EMAIL, PHONE, PROFILE};
use crate::base::refusal::Reason;
use crate::jose::json::object_without_duplicates;
use crate::model::requested_claims::RequestedClaims;

/// The most bytes of the parameter.
pub const MAX_BYTES: usize = 4 * 1024;

/// The standard claims of each scope (§5.4). Those of this project's own scopes are asked for by
/// scope only.
const CLAIMS: [(&str, &[&str]); 4] = [
    (
        PROFILE,
        &[
            "name",
            "given_name",
            "middle_name",
            "family_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "locale",
            "zoneinfo",
            "updated_at",
        ],
    ),
    (EMAIL, &["email", "email_verified"]),
    (PHONE, &["phone_number", "phone_number_verified"]),
    (ADDRESS, &["address"]),
];

/// The scope that a claim belongs to.
pub fn scope_of(claim: &str) -> Option<&'static str> {
    let found = CLAIMS.iter().find(|(_, claims)| claims.contains(&claim));
    found.map(|(scope, _)| *scope)
}

/// Every claim that may be asked for by name.
pub fn claims() -> impl Iterator<Item = &'static str> {
    CLAIMS.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// The single claims that are asked for beyond those of `scope`, sorted, each once: what a person is
/// asked about by name.
pub fn beyond(requested: &RequestedClaims, scope: &[String]) -> Vec<String> {
    let all = requested.id_token.iter().chain(&requested.userinfo);
    let within = |claim: &str| scope_of(claim).is_some_and(|of| scope.iter().any(|s| s == of));
    let mut single: Vec<String> = all.filter(|claim| !within(claim)).cloned().collect();
    single.sort_unstable();
    single.dedup();
    single
}

/// What an essential or voluntary request for `acr` says (§5.5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcrClaim {
    /// Without one of the values the request fails.
    pub essential: bool,
    /// `value`, or `values` in the order of preference; empty for any.
    pub values: Vec<String>,
}

/// A parsed parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsParameter {
    /// Claims of the person.
    pub requested: RequestedClaims,
    /// The subject that the ID Token must be about.
    pub sub: Option<String>,
    /// How strongly the person must sign in.
    pub acr: Option<AcrClaim>,
}

impl ClaimsParameter {
    /// Parses the parameter. Only claims of scopes that the client is `registered` for are kept: the
    /// parameter chooses among what an administrator allowed. Claims that are unknown here, members
    /// other than `id_token` and `userinfo`, and values asked for of other claims than `sub` and
    /// `acr` are ignored (§5.5, §5.5.1); what is asked for and not known about the person is left out
    /// of the answer, essential or not.
    ///
    /// # Errors
    /// [`Reason::ClaimsMalformed`] for what is no JSON object, repeats a member, or asks in another
    /// form than null or an object.
    pub fn parse(text: &str, registered: &[String]) -> Result<Self, Reason> {
        let malformed = Reason::ClaimsMalformed;
        let object = object_without_duplicates(text.as_bytes()).map_err(|_| malformed)?;
        let place = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(asked)) => Ok(asked.clone()),
            Some(_) => Err(malformed),
        };
        let (id_token, userinfo) = (place("id_token")?, place("userinfo")?);
        let asked = id_token.values().chain(userinfo.values());
        if !asked.clone().all(|v| v.is_null() || v.is_object()) {
            return Err(malformed);
        }
        Ok(Self {
            requested: RequestedClaims {
                id_token: known(&id_token, registered),
                userinfo: known(&userinfo, registered),
            },
            sub: subject(&id_token, &userinfo)?,
            acr: id_token.get("acr").map(acr).transpose()?,
        })
    }
}

/// The names that mean something here and may be asked for, sorted.
fn known(asked: &Map<String, Value>, registered: &[String]) -> Vec<String> {
    let allowed =
        |name: &&String| scope_of(name).is_some_and(|scope| registered.iter().any(|r| r == scope));
    let mut names: Vec<String> = asked.keys().filter(allowed).cloned().collect();
    names.sort_unstable();
    names
}

/// The one value asked for of `sub`, wherever it is asked for.
fn subject(
    id_token: &Map<String, Value>,
    userinfo: &Map<String, Value>,
) -> Result<Option<String>, Reason> {
    let asked = [id_token, userinfo].map(|place| place.get("sub")?.get("value"));
    match asked.into_iter().flatten().next() {
        None => Ok(None),
        Some(Value::String(sub)) => Ok(Some(sub.clone())),
        Some(_) => Err(Reason::ClaimsMalformed),
    }
}

fn acr(asked: &Value) -> Result<AcrClaim, Reason> {
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or(Reason::ClaimsMalformed)
    };
    let values = match (asked.get("value"), asked.get("values")) {
        (Some(value), _) => vec![text(value)?],
        (None, Some(Value::Array(values))) => values.iter().map(text).collect::<Result<_, _>>()?,
        (None, Some(_)) => return Err(Reason::ClaimsMalformed),
        (None, None) => Vec::new(),
    };
    Ok(AcrClaim {
        essential: asked.get("essential") == Some(&Value::Bool(true)),
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ClaimsParameter, Reason> {
        let registered = ["openid", "profile", "email"].map(str::to_owned);
        ClaimsParameter::parse(text, &registered)
    }

    #[test]
    fn what_is_known_and_registered_is_kept_by_place() {
        let parsed = parse(
            r#"{"userinfo":{"name":{"essential":true},"email":null,"phone_number":null,
                "http://example.info/claims/groups":null},
                "id_token":{"auth_time":{"essential":true},"given_name":{"value":"An"},
                "roles":null},"verified_claims":[1]}"#,
        );
        let parsed = parsed.unwrap();
        assert_eq!(parsed.requested.userinfo, ["email", "name"]);
        assert_eq!(parsed.requested.id_token, ["given_name"]);
        let beyond = |scope: &str| beyond(&parsed.requested, &[scope.to_owned()]);
        assert_eq!(beyond("openid"), ["email", "given_name", "name"]);
        assert_eq!(beyond("profile"), ["email"]);
        assert_eq!((parsed.sub, parsed.acr), (None, None));
        assert!(parse("{}").unwrap().requested.is_empty());
        assert!(parse(r#"{"userinfo":null}"#).unwrap().requested.is_empty());
    }

    #[test]
    fn subject_and_level_may_be_asked_for_by_value() {
        let parsed = parse(
            r#"{"id_token":{"sub":{"value":"s"},"acr":{"essential":true,"values":["a","b"]}}}"#,
        );
        let parsed = parsed.unwrap();
        assert_eq!(parsed.sub.as_deref(), Some("s"));
        let values = vec!["a".to_owned(), "b".to_owned()];
        let essential = true;
        assert_eq!(parsed.acr, Some(AcrClaim { essential, values }));
        let parsed =
            parse(r#"{"userinfo":{"sub":{"value":"s"}},"id_token":{"acr":{"value":"a"}}}"#);
        let parsed = parsed.unwrap();
        assert_eq!(parsed.sub.as_deref(), Some("s"));
        assert_eq!(parsed.acr.unwrap().values, ["a"]);
        let any = parse(r#"{"id_token":{"acr":null}}"#).unwrap().acr;
        assert_eq!(any, Some(AcrClaim::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "[]",
            "null",
            "{",
            r#"{"userinfo":{"name":null,"name":null}}"#,
            r#"{"userinfo":[]}"#,
            r#"{"id_token":"name"}"#,
            r#"{"userinfo":{"name":true}}"#,
            r#"{"userinfo":{"name":"essential"}}"#,
            r#"{"id_token":{"sub":{"value":1}}}"#,
            r#"{"id_token":{"acr":{"value":1}}}"#,
            r#"{"id_token":{"acr":{"values":"a"}}}"#,
            r#"{"id_token":{"acr":{"values":[1]}}}"#,
        ] {
            assert_eq!(parse(text), Err(Reason::ClaimsMalformed), "{text}");
        }
    }
}
