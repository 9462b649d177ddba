//! What is signed in a sign-in: one canonical structure, written and read here and nowhere else.
//!
//! The octets are [`PREFIX`], then seven fields, each as its length in two octets (most significant
//! first) and its content: the line for people, the origin, the client, the way, the algorithm, the
//! time (eight octets, seconds since 1970, most significant first), the nonce. There is one encoding
//! of a challenge, and it is never DER: the first octet is a letter, so that a signature over it
//! cannot be one over the attributes of a CMS message (whose first octet is 0x31) or over any other
//! structure (0x30).
//!
//! That a challenge is answered once, by the browser that it was made for, is for whoever keeps it.

use crate::error::Rejection;
use crate::raw::EcdsaForm;
use crate::signature::{Algorithm, Digest};
use crate::time::Time;

/// What every challenge begins with; a person who looks at the octets reads it.
pub const PREFIX: &[u8] = b"CERTIFICATE SIGN-IN CHALLENGE 1\n";
/// The fewest and the most octets of a nonce: 256 and 512 bits.
pub const NONCE_BYTES: std::ops::RangeInclusive<usize> = 32..=64;
/// The most seconds between making and answering a challenge.
pub const MAX_AGE: i64 = 300;
/// The most octets of each text.
const MAX_TEXT_BYTES: usize = 512;
/// The most octets of a challenge: all texts at their longest.
pub const MAX_BYTES: usize = 4096;

/// In which shape the signature comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// A detached CMS message ([`crate::cms`]).
    Cms,
    /// A signature and a certificate ([`crate::raw`]).
    Raw,
}

impl Way {
    /// Its name in the octets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cms => "cms",
            Self::Raw => "raw",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Cms, Self::Raw]
            .into_iter()
            .find(|way| way.name() == name)
    }
}

/// How the signature is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// By whatever the message itself names, among what is allowed. For CMS, where the algorithm is
    /// inside.
    Any,
    /// By this algorithm, ECDSA in this form.
    Exactly(Algorithm, EcdsaForm),
}

impl Method {
    /// Every method, with its name in the octets.
    const NAMED: [(&'static str, Self); 13] = {
        use Algorithm::{Ecdsa, RsaPkcs1, RsaPss};
        use Digest::{Sha256, Sha384, Sha512};
        const fn exactly(algorithm: Algorithm, form: EcdsaForm) -> Method {
            Method::Exactly(algorithm, form)
        }
        let (der, fixed) = (EcdsaForm::Der, EcdsaForm::Fixed);
        [
            ("any", Self::Any),
            ("rsa-pkcs1-sha256", exactly(RsaPkcs1(Sha256), der)),
            ("rsa-pkcs1-sha384", exactly(RsaPkcs1(Sha384), der)),
            ("rsa-pkcs1-sha512", exactly(RsaPkcs1(Sha512), der)),
            ("rsa-pss-sha256", exactly(RsaPss(Sha256), der)),
            ("rsa-pss-sha384", exactly(RsaPss(Sha384), der)),
            ("rsa-pss-sha512", exactly(RsaPss(Sha512), der)),
            ("ecdsa-der-sha256", exactly(Ecdsa(Sha256), der)),
            ("ecdsa-der-sha384", exactly(Ecdsa(Sha384), der)),
            ("ecdsa-der-sha512", exactly(Ecdsa(Sha512), der)),
            ("ecdsa-fixed-sha256", exactly(Ecdsa(Sha256), fixed)),
            ("ecdsa-fixed-sha384", exactly(Ecdsa(Sha384), fixed)),
            ("ecdsa-fixed-sha512", exactly(Ecdsa(Sha512), fixed)),
        ]
    };

    /// Its name in the octets; none for what may not sign a sign-in (SHA-1, Ed25519, RSA with the
    /// form of ECDSA).
    pub fn name(self) -> Option<&'static str> {
        let same = |(_, method): &&(&'static str, Self)| *method == self;
        Self::NAMED.iter().find(same).map(|(name, _)| *name)
    }

    fn named(name: &str) -> Option<Self> {
        let same = |(known, _): &&(&str, Self)| *known == name;
        Self::NAMED.iter().find(same).map(|(_, method)| *method)
    }
}

/// One challenge. That one exists says that each field is within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    line: String,
    origin: String,
    client: String,
    way: Way,
    method: Method,
    time: Time,
    nonce: Vec<u8>,
}

/// For whom a challenge is made: the texts of it.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    /// A line that a person can read: what they are about to do, and where.
    pub line: &'a str,
    /// The configured origin of the server, never that of a request.
    pub origin: &'a str,
    /// The client that the person signs in for.
    pub client: &'a str,
}

impl Challenge {
    /// Makes one.
    ///
    /// # Errors
    /// [`Rejection::ChallengeTextInvalid`] for a line or a client that is empty, longer than 512
    /// octets, or holds control characters; [`Rejection::ChallengeOriginInvalid`] unless the origin
    /// is `https://host`, `http://host` or either with a port, in lower case, and nothing more;
    /// [`Rejection::ChallengeNonceUnfit`]; [`Rejection::ChallengeWayUnknown`] for a method without a
    /// name, and for a raw signature by any algorithm.
    pub fn new(
        audience: Audience<'_>,
        way: Way,
        method: Method,
        time: Time,
        nonce: &[u8],
    ) -> Result<Self, Rejection> {
        if !is_text(audience.line) || !is_text(audience.client) {
            return Err(Rejection::ChallengeTextInvalid);
        }
        if !is_origin(audience.origin) {
            return Err(Rejection::ChallengeOriginInvalid);
        }
        if !NONCE_BYTES.contains(&nonce.len()) {
            return Err(Rejection::ChallengeNonceUnfit);
        }
        if method.name().is_none() || (way, method) == (Way::Raw, Method::Any) {
            return Err(Rejection::ChallengeWayUnknown);
        }
        Ok(Self {
            line: audience.line.to_owned(),
            origin: audience.origin.to_owned(),
            client: audience.client.to_owned(),
            way,
            method,
            time,
            nonce: nonce.to_vec(),
        })
    }

    /// Reads the octets of one.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] beyond [`MAX_BYTES`]; [`Rejection::ChallengeMalformed`] for another
    /// prefix, a field cut short, something left over, text that is not UTF-8, a time of another
    /// length; [`Rejection::ChallengeWayUnknown`]; and those of [`Self::new`].
    pub fn parse(octets: &[u8]) -> Result<Self, Rejection> {
        if octets.len() > MAX_BYTES {
            return Err(Rejection::TooLarge);
        }
        let malformed = Rejection::ChallengeMalformed;
        let mut rest = octets.strip_prefix(PREFIX).ok_or(malformed)?;
        let mut field = || {
            let (length, after) = rest.split_first_chunk::<2>().ok_or(malformed)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (content, after) = after.split_at_checked(length).ok_or(malformed)?;
            rest = after;
            Ok(content)
        };
        let text = |content| std::str::from_utf8(content).map_err(|_| malformed);
        let (line, origin, client) = (text(field()?)?, text(field()?)?, text(field()?)?);
        let (way, method) = (text(field()?)?, text(field()?)?);
        let time = <[u8; 8]>::try_from(field()?).map_err(|_| malformed)?;
        let nonce = field()?;
        if !rest.is_empty() {
            return Err(malformed);
        }
        let unknown = Rejection::ChallengeWayUnknown;
        Self::new(
            Audience {
                line,
                origin,
                client,
            },
            Way::named(way).ok_or(unknown)?,
            Method::named(method).ok_or(unknown)?,
            Time::from_seconds(i64::from_be_bytes(time)),
            nonce,
        )
    }

    /// The octets to be signed.
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = PREFIX.to_vec();
        for content in [
            self.line.as_bytes(),
            self.origin.as_bytes(),
            self.client.as_bytes(),
            self.way.name().as_bytes(),
            self.method.name().unwrap_or_default().as_bytes(),
            &self.time.seconds().to_be_bytes(),
            &self.nonce,
        ] {
            // No field comes near the bound: each was checked when the challenge was made.
            let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
            octets.extend_from_slice(&length.to_be_bytes());
            octets.extend_from_slice(content);
        }
        octets
    }

    /// Whether it may be answered now: neither made later nor longer than [`MAX_AGE`] ago.
    ///
    /// # Errors
    /// [`Rejection::ChallengeExpired`].
    pub fn check_time(&self, now: Time) -> Result<(), Rejection> {
        (self.time <= now && now <= self.time.plus(MAX_AGE))
            .then_some(())
            .ok_or(Rejection::ChallengeExpired)
    }

    /// The line for people.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Where it is to be answered.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// For which client.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// In which shape.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// By which algorithm.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// When it was made.
    pub const fn time(&self) -> Time {
        self.time
    }

    /// What makes it the only one of its kind.
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }
}

fn is_text(text: &str) -> bool {
    (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// `scheme://host[:port]` in lower case ASCII, as browsers serialise it (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_plain = |octet: u8| {
        octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-.:[]".contains(&octet)
    };
    host.is_some_and(|host| {
        (1..=MAX_TEXT_BYTES).contains(&host.len()) && host.bytes().all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const AUDIENCE: Audience<'static> = Audience {
        line: "Đăng nhập https://sso.example lúc 07:00 01/01/2026",
        origin: "https://sso.example",
        client: "van-phong-dien-tu",
    };

    fn challenge() -> Challenge {
        let method = Method::named("rsa-pkcs1-sha256").unwrap();
        Challenge::new(AUDIENCE, Way::Raw, method, NOW, &[7; 32]).unwrap()
    }

    #[test]
    fn the_octets_are_these() {
        let octets = challenge().octets();
        let mut expected = b"CERTIFICATE SIGN-IN CHALLENGE 1\n\x00\x37".to_vec();
        expected.extend_from_slice(AUDIENCE.line.as_bytes());
        expected.extend_from_slice(b"\x00\x13https://sso.example\x00\x11van-phong-dien-tu");
        expected.extend_from_slice(b"\x00\x03raw\x00\x10rsa-pkcs1-sha256");
        expected.extend_from_slice(b"\x00\x08\x00\x00\x00\x00\x69\x55\xb9\x00\x00\x20");
        expected.extend_from_slice(&[7; 32]);
        assert_eq!(octets, expected);
        assert_eq!(Challenge::parse(&octets), Ok(challenge()));
    }

    #[test]
    fn no_challenge_is_der() {
        let octets = challenge().octets();
        assert!(!matches!(octets[0], 0x30 | 0x31));
        assert!(crate::der::check_strict(&octets).is_err());
    }

    #[test]
    fn every_method_has_its_own_name() {
        for (name, method) in Method::NAMED {
            assert_eq!(method.name(), Some(name));
            let way = if method == Method::Any {
                Way::Cms
            } else {
                Way::Raw
            };
            let made = Challenge::new(AUDIENCE, way, method, NOW, &[1; 64]).unwrap();
            assert_eq!(Challenge::parse(&made.octets()), Ok(made), "{name}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_not_made() {
        let make = |audience, way, method, nonce: &[u8]| {
            Challenge::new(audience, way, method, NOW, nonce).err()
        };
        let nonce = |nonce: &[u8]| make(AUDIENCE, Way::Cms, Method::Any, nonce);
        assert_eq!(nonce(&[0; 32]), None);
        assert_eq!(nonce(&[0; 31]), Some(Rejection::ChallengeNonceUnfit));
        assert_eq!(nonce(&[0; 65]), Some(Rejection::ChallengeNonceUnfit));
        let with = |audience| make(audience, Way::Cms, Method::Any, &[0; 32]);
        let long = "a".repeat(513);
        for text in ["", "hai\ndòng", "\u{0}", &long] {
            let invalid = Some(Rejection::ChallengeTextInvalid);
            assert_eq!(
                with(Audience {
                    line: text,
                    ..AUDIENCE
                }),
                invalid,
                "{text:?}"
            );
            assert_eq!(
                with(Audience {
                    client: text,
                    ..AUDIENCE
                }),
                invalid,
                "{text:?}"
            );
        }
        for origin in [
            "",
            "https://",
            "sso.example",
            "ftp://sso.example",
            "https://SSO.example",
            "https://sso.example/",
            "https://sso.example/path",
            "https://user@sso.example",
            "https://sso.example?x",
            "https://sso example",
            "https://sơ.example",
        ] {
            let invalid = Some(Rejection::ChallengeOriginInvalid);
            assert_eq!(with(Audience { origin, ..AUDIENCE }), invalid, "{origin}");
        }
        for origin in [
            "https://sso.example:8443",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert_eq!(with(Audience { origin, ..AUDIENCE }), None, "{origin}");
        }
        let unknown = Some(Rejection::ChallengeWayUnknown);
        for (way, method) in [
            (Way::Raw, Method::Any),
            (
                Way::Raw,
                Method::Exactly(Algorithm::Ed25519, EcdsaForm::Der),
            ),
            (
                Way::Raw,
                Method::Exactly(Algorithm::RsaPkcs1(Digest::Sha1), EcdsaForm::Der),
            ),
            (
                Way::Raw,
                Method::Exactly(Algorithm::RsaPss(Digest::Sha256), EcdsaForm::Fixed),
            ),
        ] {
            assert_eq!(
                make(AUDIENCE, way, method, &[0; 32]),
                unknown,
                "{way:?} {method:?}"
            );
        }
    }

    /// A challenge of these seven fields.
    fn written(fields: [&[u8]; 7]) -> Vec<u8> {
        let field = |content: &&[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&length, *content].concat()
        };
        [PREFIX.to_vec(), fields.iter().flat_map(field).collect()].concat()
    }

    #[test]
    fn other_octets_are_not_read() {
        let time = 5_i64.to_be_bytes();
        let right: [&[u8]; 7] = [b"line", b"https://a", b"c", b"cms", b"any", &time, &[1; 32]];
        assert!(Challenge::parse(&written(right)).is_ok());
        let changed = |at: usize, content: &'static [u8]| {
            let mut fields = right;
            fields[at] = content;
            Challenge::parse(&written(fields)).err()
        };
        for (at, content, why) in [
            (0, &b"\xff"[..], Rejection::ChallengeMalformed),
            (0, b"", Rejection::ChallengeTextInvalid),
            (1, b"https://A", Rejection::ChallengeOriginInvalid),
            (2, b"\x07", Rejection::ChallengeTextInvalid),
            (3, b"CMS", Rejection::ChallengeWayUnknown),
            (3, b"raw", Rejection::ChallengeWayUnknown),
            (4, b"rsa-pkcs1-sha1", Rejection::ChallengeWayUnknown),
            (4, b"", Rejection::ChallengeWayUnknown),
            (5, b"1234567", Rejection::ChallengeMalformed),
            (6, &[1; 31], Rejection::ChallengeNonceUnfit),
        ] {
            assert_eq!(changed(at, content), Some(why), "{at} {content:?}");
        }
        let whole = written(right);
        for cut in 0..whole.len() {
            let refused = Challenge::parse(&whole[..cut]).err();
            assert_eq!(refused, Some(Rejection::ChallengeMalformed), "cut at {cut}");
        }
        let trailing = Challenge::parse(&[whole.as_slice(), &[0]].concat());
        assert_eq!(trailing.err(), Some(Rejection::ChallengeMalformed));
        let other = [b"X", &whole[1..]].concat();
        assert_eq!(
            Challenge::parse(&other).err(),
            Some(Rejection::ChallengeMalformed)
        );
        let long = Challenge::parse(&vec![0; MAX_BYTES + 1]);
        assert_eq!(long.err(), Some(Rejection::TooLarge));
    }

    #[test]
    fn five_minutes_are_the_most() {
        let expired = Err(Rejection::ChallengeExpired);
        for (seconds, expected) in [(-1, expired), (0, Ok(())), (300, Ok(())), (301, expired)] {
            assert_eq!(
                challenge().check_time(NOW.plus(seconds)),
                expected,
                "{seconds}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            let whole = [PREFIX, &octets].concat();
            if let Ok(read) = Challenge::parse(&whole) {
                prop_assert_eq!(read.octets(), whole);
            }
            let _ = Challenge::parse(&octets);
        }
    }
}
