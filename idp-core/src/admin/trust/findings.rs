//! What an operator should know about an authority that is trusted.

use std::time::Duration;

use pki::Certificate;

use crate::base::time::Timestamp;
use crate::model::trust::TrustAnchor;
use crate::trust::describe::Described;

/// So long before its end a certificate is said to expire soon.
pub const EXPIRES_SOON: Duration = Duration::from_secs(90 * 86_400);

/// RSA keys below so many bits are said to be short (NIST SP 800-57 part 1, beyond 2030).
const SHORT_RSA: usize = 3072;

/// One thing to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Trust was withdrawn: nothing below it counts.
    Withdrawn,
    /// Its time has not come, or is over.
    OutsideWindow,
    /// Its own certificate is over, though by RFC 5280 §6.1 its key still counts.
    Expired,
    /// Its own certificate is over soon.
    ExpiresSoon,
    /// A certificate between is over: paths over it are refused.
    IntermediateExpired,
    /// A certificate between is over soon.
    IntermediateExpiresSoon,
    /// Signatures over SHA-1 are tolerated below it.
    Sha1Tolerated,
    /// A key of it or between is RSA of less than 3072 bits.
    RsaShort,
    /// Neither responders nor lists are asked, so nobody's status is ever known.
    StatusNeverAsked,
    /// Nobody below it is recognised, unless the very certificate was bound to an account.
    NobodyNamed,
}

impl Finding {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::OutsideWindow => "outside_window",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires_soon",
            Self::IntermediateExpired => "intermediate_expired",
            Self::IntermediateExpiresSoon => "intermediate_expires_soon",
            Self::Sha1Tolerated => "sha1_tolerated",
            Self::RsaShort => "rsa_short",
            Self::StatusNeverAsked => "status_never_asked",
            Self::NobodyNamed => "nobody_named",
        }
    }

    /// Whether something needs to be done, and not only to be known.
    pub const fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::OutsideWindow
                | Self::Expired
                | Self::ExpiresSoon
                | Self::IntermediateExpired
                | Self::IntermediateExpiresSoon
                | Self::StatusNeverAsked
        )
    }
}

/// What there is to know of an anchor at `now`; of one whose trust was withdrawn only that.
pub fn findings(anchor: &TrustAnchor, now: Timestamp) -> Vec<Finding> {
    if anchor.distrusted_at.is_some_and(|since| since <= now) {
        return vec![Finding::Withdrawn];
    }
    let read = |der: &crate::model::trust::Der| Certificate::parse(&der.0).ok();
    let own = read(&anchor.certificate).as_ref().map(Described::of);
    let between: Vec<Described> = anchor
        .intermediates
        .iter()
        .filter_map(read)
        .map(|certificate| Described::of(&certificate))
        .collect();
    let over = |c: &Described| c.not_after < now;
    let soon = |c: &Described| !over(c) && c.not_after < now + EXPIRES_SOON;
    let short = |c: &Described| c.rsa_bits.is_some_and(|bits| bits < SHORT_RSA);
    let (identity, asked) = (&anchor.identity, &anchor.revocation);
    let names = identity.personal_id || identity.tax_code || !identity.mail_of.is_empty();
    let all = [
        (Finding::OutsideWindow, !anchor.counts_at(now)),
        (Finding::Expired, own.as_ref().is_some_and(over)),
        (Finding::ExpiresSoon, own.as_ref().is_some_and(soon)),
        (Finding::IntermediateExpired, between.iter().any(over)),
        (Finding::IntermediateExpiresSoon, between.iter().any(soon)),
        (Finding::Sha1Tolerated, anchor.tolerance.sha1),
        (Finding::RsaShort, own.iter().chain(&between).any(short)),
        (
            Finding::StatusNeverAsked,
            !asked.responders && !asked.lists && asked.list_addresses.is_empty(),
        ),
        (Finding::NobodyNamed, anchor.purpose.signs_in() && !names),
    ];
    let found = all.into_iter().filter(|(_, holds)| *holds);
    found.map(|(finding, _)| finding).collect()
}
