//! Texts in two languages, and fields that a change may clear.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in Vietnamese, and in English where somebody wrote one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalText {
    /// Vietnamese; always there.
    pub vi: String,
    /// English, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

/// A field of a `PATCH` that may be left alone (`None`), cleared (`Some(None)`, JSON `null`) or
/// set.
pub type Clearable<T> = Option<Option<T>>;

/// Reads a [`Clearable`]: serde alone would take `null` for "absent".
pub(crate) fn clearable<'de, D, T>(deserializer: D) -> Result<Clearable<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Edit {
        #[serde(
            default,
            deserialize_with = "clearable",
            skip_serializing_if = "Option::is_none"
        )]
        until: Clearable<String>,
    }

    #[test]
    fn absent_null_and_set_are_told_apart() {
        for (json, until) in [
            ("{}", None),
            (r#"{"until":null}"#, Some(None)),
            (
                r#"{"until":"2026-01-05"}"#,
                Some(Some("2026-01-05".to_owned())),
            ),
        ] {
            let edit: Edit = serde_json::from_str(json).unwrap();
            assert_eq!(edit.until, until, "{json}");
            assert_eq!(serde_json::to_string(&edit).unwrap(), json);
        }
    }
}
