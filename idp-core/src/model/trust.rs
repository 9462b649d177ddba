//! Whose certificates are believed, and about what: trust anchors as data.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// The setting in Records that holds the whole [`Trust`] as JSON.
pub const SETTING: &str = "trust";

/// The most anchors of one installation.
pub const MOST_ANCHORS: usize = 64;

/// The most certificates of authorities between one anchor and the people below it.
pub const MOST_INTERMEDIATES: usize = 16;

/// DER at rest: standard base64 with padding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Der(pub Vec<u8>);

impl Der {
    /// SHA-256 of the octets: the fingerprint that authorities publish.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }
}

/// Only its length: certificates name people.
impl std::fmt::Debug for Der {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Der({} octets)", self.0.len())
    }
}

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let octets = STANDARD.decode(text.as_ref());
        octets.map(Self).map_err(|_| de::Error::custom("no base64"))
    }
}

/// What the people and systems below an anchor hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustPurpose {
    /// Officials' certificates of the government's own authority.
    Government,
    /// Certificates that public authorities sell to citizens and organisations.
    Public,
    /// Certificates whose keys a remote signing service holds.
    RemoteSigning,
    /// Clients that authenticate by `tls_client_auth`.
    Systems,
}

impl TrustPurpose {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Government,
        Self::Public,
        Self::RemoteSigning,
        Self::Systems,
    ];

    /// The name in the API and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Government => "government",
            Self::Public => "public",
            Self::RemoteSigning => "remote_signing",
            Self::Systems => "systems",
        }
    }

    /// Whether certificates below sign people or organisations in.
    pub const fn signs_in(self) -> bool {
        !matches!(self, Self::Systems)
    }
}

/// What a certificate below the anchor is believed about. Without any of it, only accounts to which
/// the very certificate was bound before can be meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityRule {
    /// `CCCD:` is the verified personal ID of its holder.
    #[serde(default)]
    pub personal_id: bool,
    /// `MST:` without a personal identifier is the tax code of the organisation that holds it.
    #[serde(default)]
    pub tax_code: bool,
    /// The mail addresses are the holder's official ones, where O or OU is one of these, compared
    /// letter by letter after NFC. None: addresses are not believed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mail_of: BTreeSet<String>,
}

/// What happens when nobody can be asked whether a certificate is revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageRule {
    /// Nobody signs in.
    #[default]
    Refuse,
    /// The last good answer still counts for so many hours after it was to be renewed (1 to 168), at
    /// level 1, with an alarm.
    LastGood {
        /// How many.
        hours: u16,
    },
}

impl OutageRule {
    /// How long an answer outlives its own end.
    pub fn grace(self) -> Duration {
        match self {
            Self::Refuse => Duration::ZERO,
            Self::LastGood { hours } => Duration::from_secs(u64::from(hours) * 3600),
        }
    }
}

/// How the status of certificates below the anchor is learned. What a certificate itself names is
/// asked only after its path holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationRule {
    /// Whether responders (OCSP) are asked that certificates name.
    #[serde(default = "yes")]
    pub responders: bool,
    /// Whether lists (CRL) are fetched that certificates name.
    #[serde(default = "yes")]
    pub lists: bool,
    /// Lists that are fetched besides, in the background too: `http` or `https` addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list_addresses: Vec<String>,
    /// Responders that speak for the authorities below the anchor though none of them says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned_responders: Vec<Der>,
    /// The most seconds that an answer of a responder may be old: 60 to 604 800.
    #[serde(default = "a_day")]
    pub answer_seconds: u32,
    /// When nobody can be asked.
    #[serde(default)]
    pub outage: OutageRule,
}

const fn yes() -> bool {
    true
}

const fn a_day() -> u32 {
    86_400
}

impl Default for RevocationRule {
    fn default() -> Self {
        Self {
            responders: true,
            lists: true,
            list_addresses: Vec::new(),
            pinned_responders: Vec::new(),
            answer_seconds: a_day(),
            outage: OutageRule::Refuse,
        }
    }
}

/// What is tolerated below one anchor that is refused elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Signatures of authorities by SHA-1.
    #[serde(default)]
    pub sha1: bool,
    /// Keys marked for `nonRepudiation` alone.
    #[serde(default)]
    pub non_repudiation_alone: bool,
}

/// An authority that the operator trusts: its key, not its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustAnchor {
    /// What the operator calls it: 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Its certificate.
    pub certificate: Der,
    /// What for.
    pub purpose: TrustPurpose,
    /// Certificates of authorities below it, for those who send only their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intermediates: Vec<Der>,
    /// What certificates are believed about.
    #[serde(default)]
    pub identity: IdentityRule,
    /// How their status is learned.
    #[serde(default)]
    pub revocation: RevocationRule,
    /// What is tolerated.
    #[serde(default)]
    pub tolerance: Tolerance,
    /// Certificates must name one of these purposes (dotted OIDs); `clientAuth` where it is empty
    /// and they name any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub purposes_required: BTreeSet<String>,
    /// One of these certificate policies (dotted OIDs) must hold; any or none where it is empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub policies_required: BTreeSet<String>,
    /// Counts from.
    pub from: Timestamp,
    /// Counts until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Distrusted since: nothing below it counts any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrusted_at: Option<Timestamp>,
}

impl TrustAnchor {
    /// Whether it counts at `now`.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.from <= now
            && [self.until, self.distrusted_at]
                .iter()
                .all(|end| end.is_none_or(|end| now < end))
    }
}

/// Everything that is trusted: one small document, read and written whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// At most [`MOST_ANCHORS`], by name.
    pub anchors: Vec<TrustAnchor>,
}

impl Trust {
    /// The anchor of a name.
    pub fn find(&self, name: &str) -> Option<&TrustAnchor> {
        self.anchors.iter().find(|anchor| anchor.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        r#"{"anchors":[{"name":"g2","certificate":"MAA=","purpose":"government","from":5}]}"#;

    #[test]
    fn what_is_not_said_is_strict() {
        let trust: Trust = serde_json::from_str(ROW).unwrap();
        let anchor = trust.find("g2").unwrap();
        assert_eq!(anchor.identity, IdentityRule::default());
        assert_eq!(anchor.revocation, RevocationRule::default());
        assert_eq!(anchor.revocation.outage.grace(), Duration::ZERO);
        assert!(!anchor.tolerance.sha1 && !anchor.tolerance.non_repudiation_alone);
        assert!(trust.find("g1").is_none());
        let again = serde_json::to_string(&trust).unwrap();
        assert_eq!(serde_json::from_str::<Trust>(&again).unwrap(), trust);
        let unknown = ROW.replace("\"from\"", "\"sha1\":true,\"from\"");
        assert!(serde_json::from_str::<Trust>(&unknown).is_err());
    }

    #[test]
    fn an_anchor_counts_within_its_time_only() {
        let trust: Trust = serde_json::from_str(ROW).unwrap();
        let at = Timestamp::from_millis;
        let with = |until, distrusted_at| TrustAnchor {
            until,
            distrusted_at,
            ..trust.anchors[0].clone()
        };
        for (anchor, now, counts) in [
            (with(None, None), 4, false),
            (with(None, None), 5, true),
            (with(Some(at(9)), None), 8, true),
            (with(Some(at(9)), None), 9, false),
            (with(None, Some(at(7))), 6, true),
            (with(None, Some(at(7))), 7, false),
        ] {
            assert_eq!(anchor.counts_at(at(now)), counts, "{anchor:?} {now}");
        }
    }
}
