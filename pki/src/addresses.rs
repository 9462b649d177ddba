//! Where the status of a certificate may be asked, as it says itself. It is a stranger's word: ask
//! nobody before the path holds ([`crate::path`]).

use crate::certificate::Certificate;
use crate::distribution_point::{DistributionPoint, PointName};
use crate::general_name::GeneralName;
use crate::oid::Oid;

/// `id-ad-ocsp` (RFC 5280 §4.2.2.1).
const OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// The most addresses of one kind that are looked at: real certificates name one or two.
pub const MOST_ADDRESSES: usize = 4;

/// The responders (OCSP) that a certificate names (RFC 6960 §3.1), in its order.
pub fn responders(certificate: &Certificate) -> Vec<&str> {
    let ocsp = Oid::from_dotted(OCSP);
    let named = certificate.extensions().authority_info_access.iter();
    named
        .filter(|(method, _)| Some(method) == ocsp.as_ref())
        .filter_map(|(_, at)| web(at))
        .take(MOST_ADDRESSES)
        .collect()
}

/// The revocation lists that a certificate names, complete and delta ones, in its order.
pub fn lists(certificate: &Certificate) -> Vec<&str> {
    let extensions = certificate.extensions();
    let complete = of_points(&extensions.crl_distribution_points);
    complete
        .chain(of_points(&extensions.freshest_crl))
        .take(MOST_ADDRESSES)
        .collect()
}

/// The web addresses of distribution points.
pub fn of_points(points: &[DistributionPoint]) -> impl Iterator<Item = &str> {
    let full = points.iter().filter_map(|point| match &point.name {
        Some(PointName::Full(names)) => Some(names),
        _ => None,
    });
    full.flatten().filter_map(web)
}

/// Only what a web client can ask: directories (LDAP) are not asked.
fn web(name: &GeneralName) -> Option<&str> {
    let GeneralName::Uri(address) = name else {
        return None;
    };
    let begins = |scheme: &str| {
        let head = address.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    (begins("http://") || begins("https://")).then_some(address)
}
