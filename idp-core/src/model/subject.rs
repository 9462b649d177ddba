//! What relying parties call a user: stable for life, unrelated to any name or number.

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::{UnitId, UserId};
use crate::base::entropy::Entropy;
use crate::base::issuer::IssuerKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// For whom a pairwise subject is made (OpenID Connect Core §8.1). It rests on the client from the
/// moment it is registered, so that neither a renamed host nor a moved unit changes what the
/// client calls people; only an administrator who says so changes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SectorKey(String);

impl SectorKey {
    /// Everything registered under one host name, in lower case.
    pub fn of_host(host: &str) -> Self {
        Self(format!("host:{}", host.to_ascii_lowercase()))
    }

    /// Everything that one agency answers for. The unit's id is the key: codes and names change.
    pub fn of_agency(agency: UnitId) -> Self {
        Self(format!("agency:{agency}"))
    }

    /// The key, as it rests.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The pairwise subject that one grant tells, for as long as the grant lives: refreshed ID Tokens
/// keep their `sub` (OpenID Connect Core §12.2) whatever becomes of the client's sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldSubject {
    /// For whom it was made.
    pub sector: SectorKey,
    /// The `sub` claim.
    pub sub: String,
}

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
    /// A new subject of `user` for a client: pairwise when the client has a sector, else public.
    /// Random, never derived: two installations can be joined without a secret in common, and
    /// nobody who learns a key can compute who is who.
    pub fn generate(client: &Client, user: UserId, entropy: &mut Entropy) -> Self {
        Self {
            issuer: client.issuer.clone(),
            user,
            sector: client.sector_key().to_owned(),
            sub: URL_SAFE_NO_PAD.encode(entropy.bytes::<20>()),
        }
    }
}
