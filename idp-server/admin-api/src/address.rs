//! Postal addresses, in the parts of OpenID Connect Core §5.1.1.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text::{Clearable, clearable};

/// A postal address. Every part is optional and nothing in it is verified.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The whole as it is written on an envelope, 1–500 characters; several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// House number, street, hamlet, 1–200 characters; several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// Commune, ward or city, 1–100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// Province, 1–100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code, 1–20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country, 1–100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl Address {
    /// The name of each known part with its text, in the order in which addresses are shown.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("formatted", &self.formatted),
            ("street_address", &self.street_address),
            ("locality", &self.locality),
            ("region", &self.region),
            ("postal_code", &self.postal_code),
            ("country", &self.country),
        ];
        all.into_iter()
            .filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }

    /// Whether no part is known.
    pub fn is_empty(&self) -> bool {
        self.parts().next().is_none()
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.parts().map(|(name, _)| name))
            .finish()
    }
}

/// What changes about an address: parts that are absent stay, `null` takes one away.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressEdit {
    /// The whole as it is written on an envelope.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub formatted: Clearable<String>,
    /// House number, street, hamlet.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub street_address: Clearable<String>,
    /// Commune, ward or city.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub locality: Clearable<String>,
    /// Province.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub region: Clearable<String>,
    /// Postal code.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub postal_code: Clearable<String>,
    /// Country.
    #[serde(
        default,
        deserialize_with = "clearable",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub country: Clearable<String>,
}

impl std::fmt::Debug for AddressEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddressEdit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_do_not_print_and_edits_tell_absent_from_null() {
        let address = Address {
            locality: Some("Xã Suối Trong".to_owned()),
            ..Address::default()
        };
        assert_eq!(format!("{address:?}"), r#"{"locality"}"#);
        let json = r#"{"locality":"Xã Suối Trong","region":null}"#;
        let edit: AddressEdit = serde_json::from_str(json).unwrap();
        assert_eq!(
            (edit.region.clone(), edit.country.clone()),
            (Some(None), None)
        );
        assert_eq!(serde_json::to_string(&edit).unwrap(), json);
        assert!(!format!("{edit:?}").contains("Suối"));
    }
}
