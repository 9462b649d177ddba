//! Who a certificate names: identifiers with a kind and a number, read from its subject attribute by
//! attribute.
//!
//! Public authorities in Viet Nam write them into attributes `UID` (0.9.2342.19200300.100.1.1) of the
//! subject: `CCCD:001085000001`. Order, letter case and spaces vary, and values may be empty. Nothing
//! is ever looked for in a printed name: a common name can hold `,UID=CCCD:…` as well as any other
//! text.
//!
//! Whether an issuer is entitled to such identifiers, and whose account they are, is for whoever
//! asks.

use std::fmt;

use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::extensions;
use crate::general_name::GeneralName;
use crate::name::{Attribute, Name};

/// `uid` of RFC 4519 §2.39, 0.9.2342.19200300.100.1.1.
const UID: &[u8] = &[9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
/// `organizationName` and `organizationalUnitName`.
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const ORGANISATION_UNIT: &[u8] = &[0x55, 4, 11];

/// What kind of identifier it is, by its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `CCCD:` personal ID: 12 digits.
    PersonalId,
    /// `CMND:` the old identity card: 9 digits, or the 12 of a personal ID.
    IdentityCard,
    /// `MST:` tax code: 10 digits, or 13 for a branch.
    TaxCode,
    /// `HC:` passport: letters and digits.
    Passport,
    /// `BHXH:` social insurance: 10 digits.
    SocialInsurance,
}

impl Scheme {
    const ALL: [Self; 5] = [
        Self::PersonalId,
        Self::IdentityCard,
        Self::TaxCode,
        Self::Passport,
        Self::SocialInsurance,
    ];

    /// Its prefix, without the colon.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::PersonalId => "CCCD",
            Self::IdentityCard => "CMND",
            Self::TaxCode => "MST",
            Self::Passport => "HC",
            Self::SocialInsurance => "BHXH",
        }
    }

    /// Whether it identifies a person, and not an organisation.
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::TaxCode)
    }

    fn of(prefix: &str) -> Option<Self> {
        let same = |scheme: &Self| scheme.prefix().eq_ignore_ascii_case(prefix);
        Self::ALL.into_iter().find(same)
    }

    /// The number in its one form, if it has the right length and letters. Nothing of what a number
    /// means is checked, such as check digits and years of birth.
    fn number(self, written: &str) -> Option<String> {
        let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        match self {
            Self::PersonalId => {
                (written.len() == 12 && digits(written)).then(|| written.to_owned())
            }
            Self::IdentityCard => {
                (matches!(written.len(), 9 | 12) && digits(written)).then(|| written.to_owned())
            }
            Self::SocialInsurance => {
                (written.len() == 10 && digits(written)).then(|| written.to_owned())
            }
            Self::TaxCode => tax_code(written),
            Self::Passport => {
                let fits = (6..=12).contains(&written.len());
                let is_plain = written.bytes().all(|octet| octet.is_ascii_alphanumeric());
                (fits && is_plain).then(|| written.to_ascii_uppercase())
            }
        }
    }
}

/// `NNNNNNNNNN`, or `NNNNNNNNNN-NNN` for a branch, whose hyphen may be missing.
fn tax_code(written: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    let (head, branch) = match written.split_once('-') {
        Some((head, branch)) => (head, Some(branch)),
        None => match written.split_at_checked(10)? {
            (head, "") => (head, None),
            (head, branch) => (head, Some(branch)),
        },
    };
    if head.len() != 10 || !digits(head) {
        return None;
    }
    match branch {
        None => Some(head.to_owned()),
        Some(branch) if branch.len() == 3 && digits(branch) => Some(format!("{head}-{branch}")),
        Some(_) => None,
    }
}

/// One identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    scheme: Scheme,
    number: String,
}

impl Identifier {
    /// Its kind.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Its number, without spaces; tax codes of branches with their hyphen.
    pub fn number(&self) -> &str {
        &self.number
    }
}

/// Only the last three letters: numbers of people do not belong in logs.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.number.get(self.number.len().saturating_sub(3)..);
        write!(f, "{}:…{}", self.scheme.prefix(), last.unwrap_or_default())
    }
}

/// Whose certificate it is, as far as its identifiers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person: there is a personal identifier. A tax code beside it is that of the employer.
    Person,
    /// An organisation's seal: a tax code and nothing personal. It signs in no person.
    Organisation,
    /// No identifier: the government's authority writes none. Mail and organisation are left.
    Unstated,
}

/// The identifiers of one subject, each kind at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    identifiers: Vec<Identifier>,
}

impl Identity {
    /// Reads the identifiers of a subject. `UID` values without a known prefix are somebody else's
    /// user names and left out, as are empty ones.
    ///
    /// # Errors
    /// [`Rejection::IdentityMultiValued`] when a `UID` shares its relative name with another value;
    /// [`Rejection::IdentityNotText`]; [`Rejection::IdentityNumberInvalid`] for a known prefix before
    /// something else than its number; [`Rejection::IdentityRepeated`] for two of one kind, even if
    /// they are the same.
    pub fn of(subject: &Name) -> Result<Self, Rejection> {
        let attributes = subject.attributes();
        let shares = |one: &Attribute<'_>| {
            let beside = |other: &&Attribute<'_>| other.relative_name == one.relative_name;
            attributes.iter().filter(beside).count() > 1
        };
        let mut identifiers: Vec<Identifier> = Vec::new();
        for attribute in attributes.iter().filter(|attribute| attribute.oid == UID) {
            if shares(attribute) {
                return Err(Rejection::IdentityMultiValued);
            }
            let text = attribute.text().ok_or(Rejection::IdentityNotText)?;
            let Some(read) = identifier(&text)? else {
                continue;
            };
            if identifiers.iter().any(|known| known.scheme == read.scheme) {
                return Err(Rejection::IdentityRepeated);
            }
            identifiers.push(read);
        }
        identifiers.sort();
        Ok(Self { identifiers })
    }

    /// All of them, sorted by kind.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The number of a kind.
    pub fn number(&self, scheme: Scheme) -> Option<&str> {
        let same = |identifier: &&Identifier| identifier.scheme == scheme;
        self.identifiers.iter().find(same).map(Identifier::number)
    }

    /// Whose certificate it is.
    pub fn holder(&self) -> Holder {
        let is_personal = |identifier: &Identifier| identifier.scheme.is_personal();
        if self.identifiers.iter().any(is_personal) {
            Holder::Person
        } else if self.identifiers.is_empty() {
            Holder::Unstated
        } else {
            Holder::Organisation
        }
    }
}

/// `PREFIX: number`; none for another prefix and for an empty number.
fn identifier(text: &str) -> Result<Option<Identifier>, Rejection> {
    if text.chars().any(char::is_control) {
        return Err(Rejection::IdentityNotText);
    }
    let Some((prefix, written)) = text.split_once(':') else {
        return Ok(None);
    };
    let Some(scheme) = Scheme::of(prefix.trim()) else {
        return Ok(None);
    };
    let written = written.trim();
    if written.is_empty() {
        return Ok(None);
    }
    let number = scheme
        .number(written)
        .ok_or(Rejection::IdentityNumberInvalid)?;
    Ok(Some(Identifier { scheme, number }))
}

/// The mail addresses that a certificate names: those among its alternative names, then those in its
/// subject, each once, as they are written. Something that is no address at all is left out.
pub fn mail_addresses(certificate: &Certificate) -> Vec<String> {
    let alternative = certificate.extensions().subject_alt_names.iter().cloned();
    let in_subject = extensions::mail_addresses(certificate.subject());
    let mut found: Vec<String> = Vec::new();
    for name in alternative.chain(in_subject) {
        if let GeneralName::Mail(address) = name
            && is_address(&address)
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// One `@` with something on both sides, visible ASCII and nothing else.
fn is_address(text: &str) -> bool {
    let is_visible = text.bytes().all(|octet| octet.is_ascii_graphic());
    let one_at = text
        .split_once('@')
        .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    is_visible && one_at
}

/// The organisations (O) and units (OU) that a subject names, in their order, as they are written.
pub fn organisations(subject: &Name) -> Vec<String> {
    subject
        .attributes()
        .iter()
        .filter(|attribute| [ORGANISATION, ORGANISATION_UNIT].contains(&attribute.oid))
        .filter_map(Attribute::text)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;
    use crate::test_ca::encode::{element, explicit, extension, sequence, utf8};
    use crate::test_ca::{Authority, Key, Subject, Template};

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const UID_DOTTED: &str = "0.9.2342.19200300.100.1.1";
    const COMMON_NAME: &str = "2.5.4.3";

    fn read(subject: &Subject) -> Result<Identity, Rejection> {
        Identity::of(&Name::parse(&subject.der()).unwrap())
    }

    fn person(values: &[&str]) -> Result<Identity, Rejection> {
        read(&Subject::person("Nguyễn Văn An", values))
    }

    /// The identifiers as `PREFIX:number`.
    fn written(identity: &Identity) -> Vec<String> {
        let one = |i: &Identifier| format!("{}:{}", i.scheme().prefix(), i.number());
        identity.identifiers().iter().map(one).collect()
    }

    #[test]
    fn identifiers_are_read_as_authorities_write_them() {
        for (values, expected, holder) in [
            (
                &["CCCD:001085000001"][..],
                &["CCCD:001085000001"][..],
                Holder::Person,
            ),
            (
                &[" cccd : 001085000001 "],
                &["CCCD:001085000001"],
                Holder::Person,
            ),
            (&["CMND:012345678"], &["CMND:012345678"], Holder::Person),
            (
                &["CMND:001085000001"],
                &["CMND:001085000001"],
                Holder::Person,
            ),
            (
                &["MST:0100233488", "CCCD:001085000001"],
                &["CCCD:001085000001", "MST:0100233488"],
                Holder::Person,
            ),
            (&["HC:b1234567"], &["HC:B1234567"], Holder::Person),
            (&["BHXH:0123456789"], &["BHXH:0123456789"], Holder::Person),
            (
                &["MST:0100233488"],
                &["MST:0100233488"],
                Holder::Organisation,
            ),
            (
                &["MST:0100686209199"],
                &["MST:0100686209-199"],
                Holder::Organisation,
            ),
            (
                &["MST:0100686209-199"],
                &["MST:0100686209-199"],
                Holder::Organisation,
            ),
            (
                &["MST:0100233488", "CCCD:"],
                &["MST:0100233488"],
                Holder::Organisation,
            ),
            (&["CCCD: ", "CMND:"], &[], Holder::Unstated),
            // Names of users somewhere else.
            (
                &["nvan", "other:001085000001", "CCCD：001085000001"],
                &[],
                Holder::Unstated,
            ),
            (&[], &[], Holder::Unstated),
        ] {
            let identity = person(values).unwrap();
            assert_eq!(written(&identity), expected, "{values:?}");
            assert_eq!(identity.holder(), holder, "{values:?}");
        }
        let identity = person(&["MST:0100233488"]).unwrap();
        assert_eq!(identity.number(Scheme::TaxCode), Some("0100233488"));
        assert_eq!(identity.number(Scheme::PersonalId), None);
    }

    #[test]
    fn numbers_of_another_form_are_refused() {
        for value in [
            "CCCD:00108500000",
            "CCCD:0010850000011",
            "CCCD:00108500000A",
            "CCCD:001 085 000 001",
            "CCCD:CCCD:001085000001",
            "CCCD:001085000001,UID=CCCD:001085000002",
            "CCCD:００１０８５００００",
            "CCCD:٠٠١٠٨٥",
            "CMND:1234567890",
            "CMND:12345678",
            "MST:010023348",
            "MST:0100233488-",
            "MST:0100233488-1",
            "MST:0100233488-0001",
            "MST:01002334881",
            "MST:-0100233488",
            "MST:0100233488-00A",
            "HC:B12",
            "HC:B1234567890123",
            "HC:B-123456",
            "BHXH:012345678",
        ] {
            let refused = person(&[value]).err();
            assert_eq!(refused, Some(Rejection::IdentityNumberInvalid), "{value}");
        }
    }

    #[test]
    fn one_kind_has_one_number() {
        for values in [
            &["CCCD:001085000001", "CCCD:001085000002"][..],
            &["CCCD:001085000001", "cccd: 001085000001"],
            &["MST:0100233488", "CCCD:001085000001", "MST:0100112437"],
        ] {
            assert_eq!(
                person(values).err(),
                Some(Rejection::IdentityRepeated),
                "{values:?}"
            );
        }
    }

    #[test]
    fn nothing_stands_beside_an_identifier() {
        let first = Subject::named("Nguyễn Văn An").uid("CCCD:001085000001");
        let beside = first.clone().beside(COMMON_NAME, &utf8("An"));
        assert_eq!(read(&beside).err(), Some(Rejection::IdentityMultiValued));
        let twice = first.beside(UID_DOTTED, &utf8("CCCD:001085000002"));
        assert_eq!(read(&twice).err(), Some(Rejection::IdentityMultiValued));
        // Other relative names may have as many values as they like.
        let elsewhere = Subject::named("An")
            .beside("2.5.4.10", &utf8("Sở Y tế"))
            .uid("CCCD:001085000001");
        assert_eq!(read(&elsewhere).unwrap().holder(), Holder::Person);
    }

    #[test]
    fn text_that_looks_like_an_identifier_is_none() {
        for name in [
            "An,UID=CCCD:001085000001",
            "An/UID=CCCD:001085000001",
            "UID=CCCD:001085000001",
            "CCCD:001085000001",
        ] {
            let identity = read(&Subject::named(name)).unwrap();
            assert_eq!(identity.holder(), Holder::Unstated, "{name}");
        }
        let number = Subject::default().with("2.5.4.5", &utf8("CCCD:001085000001"));
        assert_eq!(read(&number).unwrap().holder(), Holder::Unstated);
    }

    #[test]
    fn only_plain_text_is_read() {
        let with = |value: &[u8]| read(&Subject::named("An").with(UID_DOTTED, value)).err();
        let not_text = Some(Rejection::IdentityNotText);
        assert_eq!(with(&element(0x04, b"CCCD:001085000001")), not_text);
        assert_eq!(with(&element(0x0c, &[0xff, 0xfe])), not_text);
        assert_eq!(with(&utf8("CCCD:001085000001\0")), not_text);
        assert_eq!(with(&utf8("CCCD:\n001085000001")), not_text);
        // Every kind of string that people write names in.
        let wide: Vec<u8> = "CCCD:001085000001"
            .bytes()
            .flat_map(|octet| [0, octet])
            .collect();
        for value in [element(0x1e, &wide), element(0x13, b"CCCD:001085000001")] {
            let subject = Subject::named("An").with(UID_DOTTED, &value);
            let identity = read(&subject).unwrap();
            assert_eq!(identity.number(Scheme::PersonalId), Some("001085000001"));
        }
    }

    #[test]
    fn officials_are_known_by_mail_and_organisation() {
        let authority = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let official = Subject::official(
            "Phạm Minh Châu",
            "Phòng Tin học",
            "Sở Y tế",
            "pmchau@so.example",
        );
        let alternative = sequence(&[
            element(0x81, b"pmchau@yte.example"),
            element(0x81, b"pmchau@so.example"),
            element(0x81, b"no address"),
            element(0x81, b"a@b@c"),
            explicit(4, &Subject::named("An").der()),
        ]);
        let template =
            Template::person(official, NOW).extension(extension("2.5.29.17", false, &alternative));
        let der = authority.issue(&template, &Key::p256());
        let certificate = Certificate::parse(&der).unwrap();
        let mails = mail_addresses(&certificate);
        assert_eq!(mails, ["pmchau@yte.example", "pmchau@so.example"]);
        assert_eq!(
            organisations(certificate.subject()),
            ["Sở Y tế", "Phòng Tin học"]
        );
        let identity = Identity::of(certificate.subject()).unwrap();
        assert_eq!(identity.holder(), Holder::Unstated);
    }

    #[test]
    fn numbers_are_not_printed() {
        let identity = person(&["CCCD:001085000001"]).unwrap();
        let printed = format!("{identity:?}");
        assert!(
            printed.contains("CCCD:…001") && !printed.contains("085000"),
            "{printed}"
        );
    }
}
