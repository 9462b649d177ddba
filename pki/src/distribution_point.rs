//! Distribution points of revocation lists (RFC 5280 §4.2.1.13, §5.2.5).

use crate::der::{self, Reader, constructed, context};
use crate::error::Rejection;
use crate::general_name::GeneralName;

/// Reasons for a revocation as a set of bits (RFC 5280 §4.2.1.13); bit 0 is unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// Every reason there is.
    pub const ALL: Self = Self(0x7f80);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Those in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn read(content: &[u8]) -> Result<Self, Rejection> {
        der::named_bits(content).map(|bits| Self(bits & Self::ALL.0))
    }
}

/// Where a list is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointName {
    /// One of these names; any of them.
    Full(Vec<GeneralName>),
    /// A relative name below the issuer of the list: the content of its SET.
    RelativeToIssuer(Box<[u8]>),
}

impl PointName {
    pub(crate) fn read(content: &[u8]) -> Result<Self, Rejection> {
        let mut choice = Reader::new(content);
        let element = choice.any()?;
        choice.end()?;
        match element.tag {
            tag if tag == constructed(0) => {
                GeneralName::read_all(Reader::new(element.content)).map(Self::Full)
            }
            tag if tag == constructed(1) => Ok(Self::RelativeToIssuer(element.content.into())),
            _ => Err(Rejection::ExtensionMalformed),
        }
    }
}

/// One distribution point of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// Where; when absent, `issuer` names a directory entry.
    pub name: Option<PointName>,
    /// For which reasons; all when absent.
    pub reasons: Option<Reasons>,
    /// Who issues that list, when it is not the certificate's issuer.
    pub issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    pub(crate) fn parse_all(value: &[u8]) -> Result<Vec<Self>, Rejection> {
        let mut list = der::only(value, der::SEQUENCE)?;
        let mut points = Vec::new();
        while !list.is_empty() {
            points.push(Self::read(list.inside(der::SEQUENCE)?)?);
        }
        if points.is_empty() {
            return Err(Rejection::ExtensionMalformed);
        }
        Ok(points)
    }

    fn read(mut fields: Reader<'_>) -> Result<Self, Rejection> {
        let name = fields
            .optional(constructed(0))?
            .map(PointName::read)
            .transpose()?;
        let reasons = fields
            .optional(context(1))?
            .map(Reasons::read)
            .transpose()?;
        let issuer = match fields.optional(constructed(2))? {
            Some(names) => GeneralName::read_all(Reader::new(names))?,
            None => Vec::new(),
        };
        fields.end()?;
        if name.is_none() && issuer.is_empty() {
            return Err(Rejection::ExtensionMalformed);
        }
        Ok(Self {
            name,
            reasons,
            issuer,
        })
    }
}

/// What a list says of its own scope (RFC 5280 §5.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// Where it is found.
    pub name: Option<PointName>,
    /// It covers end entities only.
    pub only_users: bool,
    /// It covers authorities only.
    pub only_authorities: bool,
    /// It covers attribute certificates only.
    pub only_attributes: bool,
    /// It covers these reasons only.
    pub only_reasons: Option<Reasons>,
    /// It covers certificates of other issuers.
    pub indirect: bool,
}

impl IssuingDistributionPoint {
    pub(crate) fn parse(value: &[u8]) -> Result<Self, Rejection> {
        let mut fields = der::only(value, der::SEQUENCE)?;
        let name = fields
            .optional(constructed(0))?
            .map(PointName::read)
            .transpose()?;
        let only_users = flag(&mut fields, 1)?;
        let only_authorities = flag(&mut fields, 2)?;
        let only_reasons = fields
            .optional(context(3))?
            .map(Reasons::read)
            .transpose()?;
        let indirect = flag(&mut fields, 4)?;
        let only_attributes = flag(&mut fields, 5)?;
        fields.end()?;
        let kinds = [only_users, only_authorities, only_attributes];
        if kinds.into_iter().filter(|only| *only).count() > 1 {
            return Err(Rejection::ExtensionMalformed);
        }
        Ok(Self {
            name,
            only_users,
            only_authorities,
            only_attributes,
            only_reasons,
            indirect,
        })
    }
}

fn flag(fields: &mut Reader<'_>, number: u8) -> Result<bool, Rejection> {
    let set = fields
        .optional(context(number))?
        .map(der::boolean)
        .transpose()?;
    Ok(set.unwrap_or(false))
}
