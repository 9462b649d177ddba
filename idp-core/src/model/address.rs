//! A postal address in the parts of OpenID Connect Core §5.1.1.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::refusal::Reason;
use crate::base::text::{is_deceptive, nfc};

/// A part of an address; its name is the member of the `address` claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressPart {
    /// The whole address as it is written on an envelope; several lines.
    Formatted,
    /// House number, street, hamlet; several lines.
    StreetAddress,
    /// Commune, ward or city.
    Locality,
    /// Province.
    Region,
    /// Postal code.
    PostalCode,
    /// Country.
    Country,
}

impl AddressPart {
    /// Every part, in the order in which addresses are shown.
    pub const ALL: [Self; 6] = [
        Self::Formatted,
        Self::StreetAddress,
        Self::Locality,
        Self::Region,
        Self::PostalCode,
        Self::Country,
    ];

    /// The most characters that a part may hold: 500 for the whole, 200 for the street, 20 for the
    /// postal code, 100 for the others.
    pub const fn bound(self) -> usize {
        match self {
            Self::Formatted => 500,
            Self::StreetAddress => 200,
            Self::PostalCode => 20,
            Self::Locality | Self::Region | Self::Country => 100,
        }
    }

    /// Whether the specification allows several lines.
    const fn has_lines(self) -> bool {
        matches!(self, Self::Formatted | Self::StreetAddress)
    }

    /// The part's text in its normal form: NFC, lines ended by `\n` alone, no outer white space.
    fn parse(self, text: &str) -> Result<String, Reason> {
        let text = text.replace("\r\n", "\n");
        let lines: Vec<String> = text.trim().split('\n').map(nfc).collect();
        let visible = lines.iter().all(|line| !line.chars().any(is_deceptive));
        let text = lines.join("\n");
        let fits = (1..=self.bound()).contains(&text.chars().count());
        let fits = fits && visible && (self.has_lines() || lines.len() == 1);
        fits.then_some(text).ok_or(Reason::AddressMalformed)
    }
}

/// A postal address. Every part is optional; nothing in it is verified, and no part is made from
/// the others.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(BTreeMap<AddressPart, String>);

impl Address {
    /// Whether no part is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a part.
    pub fn part(&self, part: AddressPart) -> Option<&str> {
        self.0.get(&part).map(String::as_str)
    }

    /// Sets a part, or takes it away.
    ///
    /// # Errors
    /// [`Reason::AddressMalformed`]: the text is empty, longer than [`AddressPart::bound`], holds
    /// invisible characters, or several lines where one is allowed.
    pub fn set(&mut self, part: AddressPart, text: Option<&str>) -> Result<(), Reason> {
        match text {
            Some(text) => self.0.insert(part, part.parse(text)?),
            None => self.0.remove(&part),
        };
        Ok(())
    }
}

/// Names the parts that are known, never what stands in them.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressPart::{Country, Formatted, Locality, PostalCode, StreetAddress};

    #[test]
    fn parts_are_kept_in_their_normal_form_or_refused() {
        let long = "đ".repeat(201);
        let bound = "đ".repeat(200);
        for (part, text, kept) in [
            (
                StreetAddress,
                " 12 ngõ 3\r\nđường Hoa Ban ",
                Some("12 ngõ 3\nđường Hoa Ban"),
            ),
            (Locality, "Xa\u{303} Suối Trong", Some("Xã Suối Trong")),
            (StreetAddress, &bound, Some(&*bound)),
            (StreetAddress, &long, None),
            (Locality, "Xã\nSuối Trong", None),
            (Locality, "Xã\tSuối Trong", None),
            (Country, "Việt\u{200b} Nam", None),
            (Formatted, "một dòng\n\u{202e}hai", None),
            (PostalCode, "1".repeat(21).as_str(), None),
            (PostalCode, " ", None),
        ] {
            let mut address = Address::default();
            let set = address.set(part, Some(text));
            assert_eq!(
                set.err(),
                kept.is_none().then_some(Reason::AddressMalformed)
            );
            assert_eq!(address.part(part), kept, "{text}");
        }
    }

    #[test]
    fn a_part_is_taken_away_and_only_known_parts_rest() {
        let mut address = Address::default();
        address.set(Locality, Some("Xã Suối Trong")).unwrap();
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(json, r#"{"locality":"Xã Suối Trong"}"#);
        assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
        assert!(serde_json::from_str::<Address>(r#"{"planet":"x"}"#).is_err());
        assert!(!format!("{address:?}").contains("Suối"));
        address.set(Locality, None).unwrap();
        assert!(address.is_empty());
    }

    #[test]
    fn every_part_has_the_name_of_its_claim() {
        let names = AddressPart::ALL.map(|part| serde_json::to_value(part).unwrap());
        let claims = [
            "formatted",
            "street_address",
            "locality",
            "region",
            "postal_code",
            "country",
        ];
        assert_eq!(names, claims.map(serde_json::Value::from));
    }
}
