//! What relying parties call a user: stable for life, unrelated to any name or number.

use serde::{Deserialize, Serialize};

use super::UserId;
use crate::base::entropy::Entropy;
use crate::base::issuer::IssuerKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The subject of a user in a sector. The empty sector is the public one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Which provider's.
    pub issuer: IssuerKey,
    /// Who.
    pub user: UserId,
    /// For whom: empty for the public subject, else the sector's key.
    pub sector: String,
    /// The `sub` claim: 27 base64url characters, 160 random bits.
    pub sub: String,
}

impl Subject {
    /// A new public subject.
    pub fn public(issuer: IssuerKey, user: UserId, entropy: &mut Entropy) -> Self {
        let sub = URL_SAFE_NO_PAD.encode(entropy.bytes::<20>());
        Self {
            issuer,
            user,
            sector: String::new(),
            sub,
        }
    }
}
