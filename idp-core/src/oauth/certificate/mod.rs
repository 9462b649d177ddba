//! Clients that prove themselves by a certificate (RFC 8705), and the certificate their tokens are
//! bound to.
//!
//! The TLS handshake, ours or a proxy's, has shown that the client holds the certificate's key, and
//! nothing more: any certificate gets here. Everything about whose it is is decided here.

mod distinguished_name;

use std::net::IpAddr;

use pki::path::{self, PathRules, TrustAnchor};
use pki::{Budget, Certificate, Oid, Time};
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as CertificateKey;

pub use self::distinguished_name::DistinguishedName;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::jose::{EcCurve, JwkSet, PublicKey};
use crate::model::client::ClientFeatures;

/// The most certificates of a chain that are looked at, the client's own included.
pub const MOST_CERTIFICATES: usize = 8;
/// The most octets of one of them.
pub const MOST_BYTES: usize = 16 * 1024;

/// A client's certificate whose key its sender holds.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    chain: Vec<Vec<u8>>,
    thumbprint: String,
    key: Option<PublicKey>,
    names: Names,
}

/// Who a certificate says it belongs to.
#[derive(Clone, Debug)]
struct Names {
    subject: DistinguishedName,
    dns: Vec<String>,
    uris: Vec<String>,
    addresses: Vec<IpAddr>,
    mails: Vec<String>,
}

impl ClientCertificate {
    /// Reads a chain as DER, the client's own certificate first.
    ///
    /// # Errors
    /// [`Reason::ClientCertificateMalformed`] for an empty or too long chain, a certificate beyond
    /// [`MOST_BYTES`], and a first one that is no X.509.
    pub fn parse(chain: &[Vec<u8>]) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::ClientCertificateMalformed);
        let small = chain.iter().all(|der| der.len() <= MOST_BYTES);
        let der = chain.first().filter(|_| small).ok_or_else(malformed)?;
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| malformed())?;
        if !rest.is_empty() || chain.len() > MOST_CERTIFICATES {
            return Err(malformed());
        }
        Ok(Self {
            chain: chain.to_vec(),
            thumbprint: Digest::of(der).to_base64url(),
            key: key(&certificate),
            names: names(&certificate),
        })
    }

    /// `x5t#S256` (RFC 8705 §3.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

fn key(certificate: &X509Certificate<'_>) -> Option<PublicKey> {
    let info = certificate.public_key();
    if info.algorithm.algorithm == OID_SIG_ED25519 {
        return PublicKey::ed25519(&info.subject_public_key.data).ok();
    }
    match info.parsed().ok()? {
        CertificateKey::RSA(rsa) => {
            let number = |octets: &[u8]| {
                let zeros = octets.iter().take_while(|octet| **octet == 0).count();
                octets.get(zeros..).map(<[u8]>::to_vec)
            };
            PublicKey::rsa(&number(rsa.modulus)?, &number(rsa.exponent)?).ok()
        }
        CertificateKey::EC(point) => {
            let (form, coordinates) = point.data().split_first()?;
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            let curve = match (form, x.len()) {
                (4, 32) => EcCurve::P256,
                (4, 48) => EcCurve::P384,
                _ => return None,
            };
            PublicKey::ec(curve, x, y).ok()
        }
        _ => None,
    }
}

fn names(certificate: &X509Certificate<'_>) -> Names {
    let part = |part: &x509_parser::x509::RelativeDistinguishedName<'_>| {
        let attribute = |one: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            let value = one
                .as_str()
                .map_or_else(|_| format!("#{:?}", one.as_slice()), str::to_owned);
            (one.attr_type().to_id_string(), value)
        };
        part.iter().map(attribute).collect()
    };
    let mut names = Names {
        subject: DistinguishedName::of(certificate.subject().iter_rdn().map(part)),
        dns: Vec::new(),
        uris: Vec::new(),
        addresses: Vec::new(),
        mails: Vec::new(),
    };
    let further = certificate.subject_alternative_name().ok().flatten();
    for name in further.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
            GeneralName::URI(name) => names.uris.push((*name).to_owned()),
            GeneralName::RFC822Name(name) => names.mails.push((*name).to_owned()),
            GeneralName::IPAddress(octets) => names.addresses.extend(address(octets)),
            _ => {}
        }
    }
    names
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

/// `id-kp-clientAuth`, 1.3.6.1.5.5.7.3.2 (RFC 5280 §4.2.1.12), as DER content.
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// Whether a certificate is an authority's by its own word (RFC 5280 §4.2.1.9).
pub fn is_authority(der: &[u8]) -> bool {
    let says = |certificate: Certificate| certificate.extensions().basic_constraints;
    Certificate::parse(der).is_ok_and(|certificate| says(certificate).is_some_and(|says| says.ca))
}

/// Whether a path leads from the certificate to one of the authorities at `now` (RFC 5280 §6), and
/// the certificate is for clients: no authority's, with `digitalSignature` and `clientAuth` where it
/// says what its key is for. Revocation is not looked at.
fn is_trusted(certificate: &ClientCertificate, authorities: &[Vec<u8>], now: Timestamp) -> bool {
    let parsed = |der: &Vec<u8>| Certificate::parse(der).ok();
    let anchors = authorities.iter().filter_map(parsed);
    let anchors: Vec<_> = anchors.map(|c| TrustAnchor::from_certificate(&c)).collect();
    let chain: Option<Vec<_>> = certificate.chain.iter().map(parsed).collect();
    let Some((own, above)) = chain.as_ref().and_then(|chain| chain.split_first()) else {
        return false;
    };
    let rules = PathRules::at(Time::from_seconds(now.seconds()));
    let found = path::find(own, above, &anchors, &rules, &mut Budget::default());
    is_for_clients(own) && found.is_ok()
}

fn is_for_clients(certificate: &Certificate) -> bool {
    let says = certificate.extensions();
    let signs = says.key_usage.is_none_or(pki::KeyUsage::digital_signature);
    let purposes = says.extended_key_usage.as_ref();
    let client = purposes.is_none_or(|all| all.contains(&Oid::from_content(CLIENT_AUTH)));
    let authority = says.basic_constraints.is_some_and(|says| says.ca);
    signs && client && !authority
}

/// RFC 8705 §2.1: the certificate is one of a trusted authority, and holds the name that is
/// registered for the client.
///
/// # Errors
/// [`Reason::ClientCertificateUntrusted`], [`Reason::ClientCertificateNameWrong`].
pub fn check_authority(
    certificate: &ClientCertificate,
    registered: &ClientFeatures,
    authorities: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), Refusal> {
    if !is_trusted(certificate, authorities, now) {
        return Err(Reason::ClientCertificateUntrusted.into());
    }
    let holds = RegisteredName::of(registered).is_some_and(|name| name.is_in(&certificate.names));
    holds
        .then_some(())
        .ok_or_else(|| Reason::ClientCertificateNameWrong.into())
}

/// RFC 8705 §2.2: the certificate is over one of the keys that are registered for the client.
/// Neither its issuer nor its dates are looked at: registering a key again replaces them.
///
/// # Errors
/// [`Reason::ClientCertificateKeyWrong`].
pub fn check_registered_key(certificate: &ClientCertificate, keys: &JwkSet) -> Result<(), Refusal> {
    let registered = |key: &PublicKey| keys.keys().iter().any(|jwk| jwk.key() == key);
    let fits = certificate.key.as_ref().is_some_and(registered);
    fits.then_some(())
        .ok_or_else(|| Reason::ClientCertificateKeyWrong.into())
}

/// The one name by which a client's certificate is known (RFC 8705 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisteredName {
    /// `tls_client_auth_subject_dn`
    Subject(DistinguishedName),
    /// `tls_client_auth_san_dns`
    Dns(String),
    /// `tls_client_auth_san_uri`
    Uri(String),
    /// `tls_client_auth_san_ip`
    Address(IpAddr),
    /// `tls_client_auth_san_email`
    Mail(String),
}

impl RegisteredName {
    /// The one name that is registered; `None` for none, for several, and for one that is malformed.
    pub fn of(features: &ClientFeatures) -> Option<Self> {
        let text =
            |value: &Option<String>| value.clone().filter(|v| !v.is_empty() && v.len() <= 255);
        let count = [
            &features.tls_client_auth_subject_dn,
            &features.tls_client_auth_san_dns,
            &features.tls_client_auth_san_uri,
            &features.tls_client_auth_san_ip,
            &features.tls_client_auth_san_email,
        ];
        if count.into_iter().flatten().count() != 1 {
            return None;
        }
        if let Some(name) = &features.tls_client_auth_subject_dn {
            return DistinguishedName::parse(name).map(Self::Subject);
        }
        if let Some(address) = &features.tls_client_auth_san_ip {
            return address.parse().ok().map(Self::Address);
        }
        let dns = text(&features.tls_client_auth_san_dns).map(Self::Dns);
        let uri = || text(&features.tls_client_auth_san_uri).map(Self::Uri);
        let mail = || text(&features.tls_client_auth_san_email).map(Self::Mail);
        dns.or_else(uri).or_else(mail)
    }

    /// Host names are compared without letter case; of a mail address, the part after the last `@`.
    fn is_in(&self, names: &Names) -> bool {
        match self {
            Self::Subject(name) => !name.is_empty() && names.subject == *name,
            Self::Dns(name) => names.dns.iter().any(|one| one.eq_ignore_ascii_case(name)),
            Self::Uri(name) => names.uris.contains(name),
            Self::Address(address) => names.addresses.contains(address),
            Self::Mail(mail) => names.mails.iter().any(|one| same_mail(one, mail)),
        }
    }
}

fn same_mail(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((one, host)), Some((other, other_host))) => {
            one == other && host.eq_ignore_ascii_case(other_host)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
