//! What is kept of what others say about the status of certificates, and when they are asked anew.
//!
//! Nothing is kept before it is verified: lists come over plain HTTP, and whoever stands on the way
//! must not put something else in the place of the last good one. It is verified again each time it
//! is used.

#[cfg(test)]
mod tests;

use std::time::Duration;

use pki::ocsp::{Bounds, CertId, CertStatus, Nonce, NonceRule, Question, Request, Response};
use pki::path::{PathRules, TrustAnchor as PathAnchor, ValidPath};
use pki::revocation::{Evidence, RevocationList};
use pki::{Budget, Certificate, KeyInfo, Name, Rejection, Strength};

use super::{parsed, time, timestamp};
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::certificate_status::{KeptStatus, StatusKind};
use crate::model::trust::{RevocationRule, Trust, TrustAnchor};

/// By how much the clocks of those who sign lists may be ahead, in seconds.
const SKEW: i64 = 300;

/// Nobody is asked again within this.
pub const SHORTEST_PAUSE: Duration = Duration::from_secs(60);

/// Whoever should have news by now is asked again after this at the latest.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Why something that came is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It is not what it should be, or not from whom it should be.
    Rejected(Rejection),
    /// The number or the time of a list lies behind that of the list that is kept.
    OlderThanKept,
    /// It says that it was made in the future.
    FromTheFuture,
}

impl NotKept {
    /// A word of a closed list, for metrics and logs.
    pub fn reason(self) -> String {
        match self {
            Self::Rejected(why) => why.reason(),
            Self::OlderThanKept => "older_than_kept".to_owned(),
            Self::FromTheFuture => "from_the_future".to_owned(),
        }
    }
}

impl From<Rejection> for NotKept {
    fn from(why: Rejection) -> Self {
        Self::Rejected(why)
    }
}

/// Names and keys of those whose lists are kept: an anchor and the authorities below it.
#[derive(Clone, Debug)]
pub struct Authorities {
    of: Vec<(Name, KeyInfo, Strength)>,
}

impl Authorities {
    /// Those of a path that holds, the end entity not among them.
    pub fn of_path(path: &ValidPath) -> Self {
        let anchor = path.anchor();
        let above = path.certificates().split_last().map(|(_, above)| above);
        Self::new(anchor, above.unwrap_or_default())
    }

    /// An anchor and what the operator keeps of the authorities below it.
    ///
    /// # Errors
    /// Those of [`Certificate::parse`].
    pub fn of_anchor(anchor: &TrustAnchor) -> Result<Self, Rejection> {
        let mut top = PathAnchor::from_certificate(&Certificate::parse(&anchor.certificate.0)?);
        top.strength.sha1 = anchor.tolerance.sha1;
        Ok(Self::new(&top, &parsed(&anchor.intermediates)?))
    }

    fn new(anchor: &PathAnchor, below: &[Certificate]) -> Self {
        let may_sign = |c: &&Certificate| {
            let extensions = c.extensions();
            extensions.is_ca() && extensions.key_usage.is_none_or(pki::KeyUsage::crl_sign)
        };
        let below = below.iter().filter(may_sign);
        let below = below.map(|c| (c.subject(), c.key()));
        let all = std::iter::once((anchor.name(), anchor.key())).chain(below);
        let of = all.map(|(name, key)| (name.clone(), key.clone(), anchor.strength));
        Self { of: of.collect() }
    }

    /// All that count at `now`, of any purpose; anchors that cannot be read are none.
    pub fn of_trust(trust: &Trust, now: Timestamp) -> Self {
        let mut all = Self { of: Vec::new() };
        for anchor in trust.anchors.iter().filter(|anchor| anchor.counts_at(now)) {
            if let Ok(of_anchor) = Self::of_anchor(anchor) {
                all.join(&of_anchor);
            }
        }
        all
    }

    /// The digests of their names, under which their lists are found.
    pub fn issuers(&self) -> Vec<Digest> {
        let mut issuers: Vec<Digest> = Vec::new();
        for (name, ..) in &self.of {
            let issuer = Digest::of(name.der());
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
        }
        issuers
    }

    /// Adds others, each as strict as it is.
    pub fn join(&mut self, other: &Self) {
        for one in &other.of {
            if !self.of.contains(one) {
                self.of.push(one.clone());
            }
        }
    }

    /// Under which of their keys a list is signed.
    ///
    /// # Errors
    /// [`Rejection::CrlSignerWrong`] when none of them is its issuer, otherwise why the signature
    /// does not count.
    pub fn signer_of(&self, list: &RevocationList) -> Result<&KeyInfo, Rejection> {
        let mut why = Rejection::CrlSignerWrong;
        for (_, key, strength) in self.of.iter().filter(|(name, ..)| name == list.issuer()) {
            match list.verify_signature(key, *strength) {
                Ok(()) => return Ok(key),
                Err(other) => why = other,
            }
        }
        Err(why)
    }
}

/// What a list replaces: the list of the same signer, of the same scope, complete or delta.
pub fn list_key(list: &RevocationList, signer: &KeyInfo) -> Digest {
    let kind: &[u8] = if list.base().is_some() {
        b"delta"
    } else {
        b"list"
    };
    keyed(&[
        kind,
        list.issuer().der(),
        signer.der(),
        list.scope_octets().unwrap_or_default(),
    ])
}

/// What an answer replaces: the answer of the same responder about the same certificate.
pub fn answer_key(id: &CertId, address: &str) -> Digest {
    let request = Request {
        id: id.clone(),
        nonce: None,
    };
    keyed(&[b"answer", &request.der(), address.as_bytes()])
}

fn keyed(parts: &[&[u8]]) -> Digest {
    let mut octets = Vec::new();
    for part in parts {
        octets.extend((part.len() as u64).to_be_bytes());
        octets.extend(*part);
    }
    Digest::of(&octets)
}

/// A list that came from `address` (empty: an operator brought it), as it is to be kept in the place
/// of `kept`, which is under the same [`list_key`].
///
/// # Errors
/// Those of [`Authorities::signer_of`]; [`Rejection::CrlOutOfDate`] for a list that does not say
/// when the next one comes; [`NotKept::FromTheFuture`], [`NotKept::OlderThanKept`].
pub fn keep_list(
    list: &RevocationList,
    kept: Option<&RevocationList>,
    (signer, address): (&KeyInfo, &str),
    now: Timestamp,
) -> Result<KeptStatus, NotKept> {
    let until = list.next_update().ok_or(Rejection::CrlOutOfDate)?;
    if list.this_update() > time(now).plus(SKEW) {
        return Err(NotKept::FromTheFuture);
    }
    if kept.is_some_and(|kept| goes_back(list, kept)) {
        return Err(NotKept::OlderThanKept);
    }
    Ok(KeptStatus {
        key: list_key(list, signer),
        kind: StatusKind::List,
        issuer: Digest::of(list.issuer().der()),
        address: address.to_owned(),
        fetched_at: now,
        this_update: timestamp(list.this_update()),
        until: timestamp(until),
        body: list.der().to_vec(),
    })
}

/// RFC 5280 §5.2.3: numbers only grow; so do times.
fn goes_back(list: &RevocationList, kept: &RevocationList) -> bool {
    let number_fell = match (list.number(), kept.number()) {
        (Some(new), Some(old)) => (new.len(), new) < (old.len(), old),
        // One that was numbered is not replaced by one that is not.
        (None, Some(_)) => true,
        _ => false,
    };
    number_fell || list.this_update() < kept.this_update()
}

/// One question to a responder.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The path that holds.
    pub path: ValidPath,
    /// Which of its certificates, from 0 for the one that the anchor issued.
    pub at: usize,
    /// Whom.
    pub address: String,
    /// Which certificate, in the words of RFC 6960.
    pub id: CertId,
}

impl Inquiry {
    /// All that the certificate at a place names, if it is asked at all.
    pub fn of(path: &ValidPath, at: usize, rule: &RevocationRule) -> Vec<Self> {
        let Some((certificate, (name, key))) = path.with_issuers().nth(at) else {
            return Vec::new();
        };
        if !rule.responders {
            return Vec::new();
        }
        // RFC 5019 §2.1.1: what every responder knows; it names and proves nothing.
        let id = CertId::new(pki::Digest::Sha1, name, key, certificate.serial());
        let addresses = pki::addresses::responders(certificate).into_iter();
        let inquiry = |address: &str| Self {
            path: path.clone(),
            at,
            address: address.to_owned(),
            id: id.clone(),
        };
        addresses.map(inquiry).collect()
    }

    /// See [`answer_key`].
    pub fn key(&self) -> Digest {
        answer_key(&self.id, &self.address)
    }

    /// What is sent.
    pub fn request(&self, nonce: Nonce) -> Vec<u8> {
        let request = Request {
            id: self.id.clone(),
            nonce: Some(nonce),
        };
        request.der()
    }

    /// An answer that came, as it is to be kept, with when this is asked again. `lists` are for
    /// responders that may be revoked themselves.
    ///
    /// # Errors
    /// Those of [`Question::verify`]; a nonce may be missing, but not be another.
    pub fn keep(
        &self,
        (octets, response): (&[u8], &Response),
        (nonce, rule): (&Nonce, &RevocationRule),
        lists: &[RevocationList],
        now: Timestamp,
    ) -> Result<KeptStatus, NotKept> {
        let pinned = parsed(&rule.pinned_responders)?;
        let rules = PathRules::at(time(now));
        let question = Question {
            path: &self.path,
            at: self.at,
            pinned: &pinned,
            evidence: Evidence {
                lists,
                certificates: &[],
            },
            nonce: NonceRule::IfPresent(nonce),
            bounds: Bounds {
                max_age: i64::from(rule.answer_seconds),
                ..Bounds::default()
            },
            rules: &rules,
        };
        let answer = question.verify(response, &mut Budget::default())?;
        let oldest = Duration::from_secs(u64::from(rule.answer_seconds));
        let until = answer.next_update().map_or(now + oldest, timestamp);
        Ok(KeptStatus {
            key: self.key(),
            kind: StatusKind::Answer,
            issuer: Digest::of(b""),
            address: self.address.clone(),
            fetched_at: now,
            this_update: timestamp(answer.this_update()),
            until: if answer.status() == CertStatus::Unknown {
                now
            } else {
                until
            },
            body: octets.to_vec(),
        })
    }
}

/// When a list is fetched anew: after three quarters of its life, a little earlier by `jitter`
/// (of 256 parts of an eighth), so that not all lists and nodes do it at once; not within
/// [`SHORTEST_PAUSE`].
pub fn list_due(
    (this_update, until): (Timestamp, Timestamp),
    fetched_at: Timestamp,
    jitter: u8,
) -> Timestamp {
    let life = until.since(this_update);
    let early = life / 8 * u32::from(jitter) / 256;
    (this_update + life * 3 / 4 - early).max(fetched_at + SHORTEST_PAUSE)
}

/// When whoever had no news, or no answer, is asked again: the sooner the less time is left.
pub fn again_at(now: Timestamp, until: Timestamp) -> Timestamp {
    now + (until.since(now) / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

/// When a responder is asked anew: after a quarter of the age that the rule bears, or when its
/// answer is over, whichever comes first; not within [`SHORTEST_PAUSE`].
pub fn answer_due(fetched_at: Timestamp, until: Timestamp, rule: &RevocationRule) -> Timestamp {
    let quarter = Duration::from_secs(u64::from(rule.answer_seconds) / 4);
    (fetched_at + quarter)
        .min(until)
        .max(fetched_at + SHORTEST_PAUSE)
}
