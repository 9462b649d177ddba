//! Roles that applications and the provider itself know.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{LocalText, Version};

/// The name of a role: 2–64 of `a-z 0-9 - _ . :`, beginning with a letter. It is its identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RoleName(String);

impl RoleName {
    /// Takes a name; `None` when it breaks the rule above.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b':')
        };
        ((2..=64).contains(&text.len())
            && text.bytes().all(allowed)
            && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase()))
        .then(|| Self(text.to_owned()))
    }

    /// May do everything in the whole installation.
    pub fn province_administrator() -> Self {
        Self("province-administrator".to_owned())
    }

    /// May manage the people of one unit and the units below it.
    pub fn unit_administrator() -> Self {
        Self("unit-administrator".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the role gives rights over other accounts.
    pub fn is_administrative(&self) -> bool {
        matches!(
            self.0.as_str(),
            "province-administrator" | "unit-administrator"
        )
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| de::Error::custom("not a role name"))
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name applications see.
    pub name: RoleName,
    /// Written so often.
    pub version: Version,
    /// What people read.
    pub title: LocalText,
    /// What the role is for.
    #[serde(default)]
    pub description: String,
    /// Whether it came with the product and cannot be removed.
    #[serde(default)]
    pub built_in: bool,
}
