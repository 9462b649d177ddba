//! The extensions of a certificate (RFC 5280 §4.2), each at most once.

use crate::der::{self, Reader, constructed, context};
use crate::distribution_point::DistributionPoint;
use crate::error::Rejection;
use crate::general_name::{GeneralName, NameConstraints};
use crate::name::Name;
use crate::oid::{self, Oid};

/// Bits of `keyUsage` (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    const fn bit(self, number: u16) -> bool {
        self.0 & (0x8000 >> number) != 0
    }

    /// Signatures other than over certificates and revocation lists.
    pub const fn digital_signature(self) -> bool {
        self.bit(0)
    }

    /// `nonRepudiation`, also called content commitment.
    pub const fn non_repudiation(self) -> bool {
        self.bit(1)
    }

    /// Signatures over certificates.
    pub const fn key_cert_sign(self) -> bool {
        self.bit(5)
    }

    /// Signatures over revocation lists.
    pub const fn crl_sign(self) -> bool {
        self.bit(6)
    }
}

/// `basicConstraints` (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is an authority.
    pub ca: bool,
    /// How many authorities may stand between it and the end, self-issued ones not counted.
    pub path_length: Option<u32>,
}

/// `authorityKeyIdentifier` (RFC 5280 §4.2.1.1). A hint for building paths; no rule rests on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityKeyIdentifier {
    /// The identifier of the issuer's key.
    pub key: Option<Box<[u8]>>,
}

/// `policyConstraints` (RFC 5280 §4.2.1.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// After so many certificates a policy is required.
    pub require_explicit: Option<u32>,
    /// After so many certificates no policy is mapped.
    pub inhibit_mapping: Option<u32>,
}

/// What the extensions of a certificate say. Absent ones are `None`.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    /// §4.2.1.2.
    pub subject_key_identifier: Option<Box<[u8]>>,
    /// §4.2.1.1.
    pub authority_key_identifier: Option<AuthorityKeyIdentifier>,
    /// §4.2.1.3.
    pub key_usage: Option<KeyUsage>,
    /// §4.2.1.9.
    pub basic_constraints: Option<BasicConstraints>,
    /// §4.2.1.6.
    pub subject_alt_names: Vec<GeneralName>,
    /// §4.2.1.12, as it stands there; strict also where it is not critical.
    pub extended_key_usage: Option<Vec<Oid>>,
    /// §4.2.1.4, the identifiers; qualifiers are not read.
    pub policies: Option<Vec<Oid>>,
    /// §4.2.1.5: the issuer's policy and the subject's.
    pub policy_mappings: Vec<(Oid, Oid)>,
    /// §4.2.1.11.
    pub policy_constraints: Option<PolicyConstraints>,
    /// §4.2.1.14.
    pub inhibit_any_policy: Option<u32>,
    /// §4.2.1.10.
    pub name_constraints: Option<NameConstraints>,
    /// §4.2.1.13.
    pub crl_distribution_points: Vec<DistributionPoint>,
    /// §4.2.1.15.
    pub freshest_crl: Vec<DistributionPoint>,
    /// §4.2.2.1: access method and location.
    pub authority_info_access: Vec<(Oid, GeneralName)>,
    /// `id-pkix-ocsp-nocheck` (RFC 6960 §4.2.2.2.1): nobody asks whether this responder is revoked.
    pub ocsp_no_check: bool,
    /// Critical ones that are not understood here.
    pub unknown_critical: Vec<Oid>,
}

impl Extensions {
    /// Reads (type, critical, value) triples.
    ///
    /// # Errors
    /// [`Rejection::ExtensionRepeated`]; [`Rejection::ExtensionMalformed`] for a value that is not
    /// what its type says, critical or not.
    pub(crate) fn parse<'a>(
        listed: impl Iterator<Item = (&'a [u8], bool, &'a [u8])>,
    ) -> Result<Self, Rejection> {
        let mut extensions = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        for (oid, critical, value) in listed {
            if seen.contains(&oid) {
                return Err(Rejection::ExtensionRepeated);
            }
            seen.push(oid);
            let known = extensions
                .read(oid, value)
                .map_err(|rejection| match rejection {
                    Rejection::DerMalformed => Rejection::ExtensionMalformed,
                    other => other,
                })?;
            if critical && !known {
                extensions.unknown_critical.push(Oid::from_content(oid));
            }
        }
        Ok(extensions)
    }

    /// Reads one extension; `false` when its type is not understood here.
    fn read(&mut self, oid: &[u8], value: &[u8]) -> Result<bool, Rejection> {
        if oid == oid::AUTHORITY_INFO_ACCESS {
            self.authority_info_access = authority_info_access(value)?;
            return Ok(true);
        }
        if oid == oid::OCSP_NO_CHECK {
            self.ocsp_no_check = value == [der::NULL, 0];
            return Ok(self.ocsp_no_check);
        }
        let Some([number]) = oid.strip_prefix(oid::ID_CE) else {
            return Ok(false);
        };
        match *number {
            oid::SUBJECT_KEY_IDENTIFIER => {
                let mut reader = Reader::new(value);
                self.subject_key_identifier = Some(reader.read(der::OCTET_STRING)?.into());
                reader.end()?;
            }
            oid::AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_identifier = Some(authority_key_identifier(value)?);
            }
            oid::KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            oid::SUBJECT_ALT_NAME => self.subject_alt_names = general_names(value)?,
            oid::ISSUER_ALT_NAME => {
                general_names(value)?;
            }
            oid::EXTENDED_KEY_USAGE => self.extended_key_usage = Some(purposes(value)?),
            oid::CRL_DISTRIBUTION_POINTS => {
                self.crl_distribution_points = DistributionPoint::parse_all(value)?;
            }
            oid::FRESHEST_CRL => self.freshest_crl = DistributionPoint::parse_all(value)?,
            number => return self.read_constraint(number, value),
        }
        Ok(true)
    }

    fn read_constraint(&mut self, number: u8, value: &[u8]) -> Result<bool, Rejection> {
        match number {
            oid::CERTIFICATE_POLICIES => self.policies = Some(policies(value)?),
            oid::POLICY_MAPPINGS => self.policy_mappings = policy_mappings(value)?,
            oid::POLICY_CONSTRAINTS => self.policy_constraints = Some(policy_constraints(value)?),
            oid::INHIBIT_ANY_POLICY => {
                let mut reader = Reader::new(value);
                self.inhibit_any_policy = Some(der::small(reader.read(der::INTEGER)?)?);
                reader.end()?;
            }
            oid::NAME_CONSTRAINTS => self.name_constraints = Some(NameConstraints::parse(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the subject is an authority.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|b| b.ca)
    }
}

/// One `Extension`: type, whether critical, value.
pub(crate) fn one(mut fields: Reader<'_>) -> Result<(&[u8], bool, &[u8]), Rejection> {
    let oid = fields.read(der::OID)?;
    let critical = fields
        .optional(der::BOOLEAN)?
        .map(der::boolean)
        .transpose()?;
    let value = fields.read(der::OCTET_STRING)?;
    fields.end()?;
    Ok((oid, critical.unwrap_or(false), value))
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, Rejection> {
    let mut reader = Reader::new(value);
    let bits = der::named_bits(reader.read(der::BIT_STRING)?)?;
    reader.end()?;
    Ok(KeyUsage(bits))
}

/// A default that is encoded all the same is no DER, but common; it is tolerated here alone.
fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Rejection> {
    let mut fields = der::only(value, der::SEQUENCE)?;
    let ca = fields
        .optional(der::BOOLEAN)?
        .map(der::boolean)
        .transpose()?;
    let path_length = fields.optional(der::INTEGER)?.map(der::small).transpose()?;
    fields.end()?;
    Ok(BasicConstraints {
        ca: ca.unwrap_or(false),
        path_length,
    })
}

fn general_names(value: &[u8]) -> Result<Vec<GeneralName>, Rejection> {
    let names = GeneralName::read_all(der::only(value, der::SEQUENCE)?)?;
    some(names)
}

/// Lists of `SIZE (1..MAX)`.
fn some<T>(list: Vec<T>) -> Result<Vec<T>, Rejection> {
    if list.is_empty() {
        return Err(Rejection::ExtensionMalformed);
    }
    Ok(list)
}

fn oids(mut list: Reader<'_>) -> Result<Vec<Oid>, Rejection> {
    let mut read = Vec::new();
    while !list.is_empty() {
        read.push(Oid::from_content(list.read(der::OID)?));
    }
    Ok(read)
}

fn purposes(value: &[u8]) -> Result<Vec<Oid>, Rejection> {
    some(oids(der::only(value, der::SEQUENCE)?)?)
}

/// RFC 5280 §4.2.1.4: no policy comes twice.
fn policies(value: &[u8]) -> Result<Vec<Oid>, Rejection> {
    let mut list = der::only(value, der::SEQUENCE)?;
    let mut read: Vec<Oid> = Vec::new();
    while !list.is_empty() {
        let mut policy = list.inside(der::SEQUENCE)?;
        let oid = Oid::from_content(policy.read(der::OID)?);
        policy.optional(der::SEQUENCE)?;
        policy.end()?;
        if read.contains(&oid) {
            return Err(Rejection::ExtensionMalformed);
        }
        read.push(oid);
    }
    some(read)
}

fn policy_mappings(value: &[u8]) -> Result<Vec<(Oid, Oid)>, Rejection> {
    let mut list = der::only(value, der::SEQUENCE)?;
    let mut read = Vec::new();
    while !list.is_empty() {
        let pair = oids(list.inside(der::SEQUENCE)?)?;
        let pair: [Oid; 2] = pair.try_into().map_err(|_| Rejection::ExtensionMalformed)?;
        read.push(pair.into());
    }
    some(read)
}

fn policy_constraints(value: &[u8]) -> Result<PolicyConstraints, Rejection> {
    let mut fields = der::only(value, der::SEQUENCE)?;
    let require_explicit = fields.optional(context(0))?.map(der::small).transpose()?;
    let inhibit_mapping = fields.optional(context(1))?.map(der::small).transpose()?;
    fields.end()?;
    if require_explicit.is_none() && inhibit_mapping.is_none() {
        return Err(Rejection::ExtensionMalformed);
    }
    Ok(PolicyConstraints {
        require_explicit,
        inhibit_mapping,
    })
}

fn authority_key_identifier(value: &[u8]) -> Result<AuthorityKeyIdentifier, Rejection> {
    let mut fields = der::only(value, der::SEQUENCE)?;
    let key = fields.optional(context(0))?.map(Into::into);
    if let Some(issuer) = fields.optional(constructed(1))? {
        GeneralName::read_all(Reader::new(issuer))?;
    }
    fields.optional(context(2))?;
    fields.end()?;
    Ok(AuthorityKeyIdentifier { key })
}

fn authority_info_access(value: &[u8]) -> Result<Vec<(Oid, GeneralName)>, Rejection> {
    let mut list = der::only(value, der::SEQUENCE)?;
    let mut read = Vec::new();
    while !list.is_empty() {
        let mut access = list.inside(der::SEQUENCE)?;
        let method = Oid::from_content(access.read(der::OID)?);
        read.push((method, GeneralName::read(&mut access)?));
        access.end()?;
    }
    some(read)
}

/// Mail addresses in a subject (RFC 5280 §4.1.2.6): name constraints hold for them too, where no
/// alternative name is given.
pub(crate) fn mail_addresses(subject: &Name) -> Vec<GeneralName> {
    let attributes = subject.attributes();
    attributes
        .iter()
        .filter(|attribute| attribute.oid == oid::EMAIL_ADDRESS)
        .filter_map(|attribute| attribute.text())
        .map(GeneralName::Mail)
        .collect()
}
