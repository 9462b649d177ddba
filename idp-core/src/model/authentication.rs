//! What was concluded from what a person presented.

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;

/// How strongly somebody signed in: the authentication levels of Decree 69/2024/NĐ-CP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One factor, not biometric.
    One,
    /// Two different factors, none biometric.
    Two,
    /// Two or more different factors, one of them biometric.
    Three,
    /// Biometric and possession and knowledge.
    Four,
}

impl Level {
    /// Every level, weakest first.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Three, Self::Four];

    /// The `acr` value of the level (this project's own URNs).
    pub const fn acr(self) -> &'static str {
        match self {
            Self::One => "urn:vn:nd69-2024:loa:1",
            Self::Two => "urn:vn:nd69-2024:loa:2",
            Self::Three => "urn:vn:nd69-2024:loa:3",
            Self::Four => "urn:vn:nd69-2024:loa:4",
        }
    }

    /// The level with this `acr` value.
    pub fn from_acr(acr: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.acr() == acr)
    }
}

/// A way of signing in, as its RFC 8176 `amr` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Method {
    /// A password.
    #[serde(rename = "pwd")]
    Password,
    /// A one-time code.
    #[serde(rename = "otp")]
    OneTimeCode,
    /// A key on a device (passkey).
    #[serde(rename = "hwk")]
    HardwareKey,
    /// A smart card or token with a certificate.
    #[serde(rename = "sc")]
    SmartCard,
    /// A PIN that unlocked a device.
    #[serde(rename = "pin")]
    Pin,
    /// More than one factor.
    #[serde(rename = "mfa")]
    MultipleFactors,
}

impl Method {
    /// The `amr` value.
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::HardwareKey => "hwk",
            Self::SmartCard => "sc",
            Self::Pin => "pin",
            Self::MultipleFactors => "mfa",
        }
    }
}

/// A conclusion about one sign-in: how, how strongly, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// The methods used, in order.
    pub methods: Vec<Method>,
    /// The level they reach.
    pub level: Level,
    /// When the person last proved who they are (`auth_time`).
    pub at: Timestamp,
}
