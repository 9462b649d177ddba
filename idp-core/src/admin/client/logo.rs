//! The picture at a client's `logo_uri` (OpenID Connect Registration §2): fetched once when the
//! client is registered or changed, kept here and served by us, so that no page of ours asks
//! another host, and nobody swaps the picture that people learned to know.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::model::client::{Client, LOGO_SETTING};
use crate::store::change::{Change, SettingWrite};

/// The most octets of a picture.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most pixels of width, and of height.
pub const MOST_PIXELS: u32 = 1024;

const PNG: &str = "image/png";
const JPEG: &str = "image/jpeg";
const WEBP: &str = "image/webp";

/// A picture that browsers only draw: no SVG, which holds script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Logo {
    /// Takes PNG, JPEG or WebP by what the octets say, whatever the sender called them.
    ///
    /// # Errors
    /// [`Reason::ClientLogoUnfit`] for anything else, for more than [`MOST_BYTES`], and for a
    /// picture that is empty, or wider or higher than [`MOST_PIXELS`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Reason> {
        let sized = [
            (PNG, png(&bytes)),
            (JPEG, jpeg(&bytes)),
            (WEBP, webp(&bytes)),
        ];
        let fits = |pixels: u32| (1..=MOST_PIXELS).contains(&pixels);
        let found = sized.into_iter().find_map(|(media_type, size)| {
            let (width, height) = size?;
            (fits(width) && fits(height)).then_some(media_type)
        });
        match found {
            Some(media_type) if bytes.len() <= MOST_BYTES => Ok(Self { media_type, bytes }),
            _ => Err(Reason::ClientLogoUnfit),
        }
    }

    /// By what it is known.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// `Content-Type`.
    pub const fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The picture.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The write that keeps it, unless the setting `present` of its name says that it is kept.
    pub fn kept(&self, present: Option<&str>) -> Option<Change> {
        let value = STANDARD.encode(&self.bytes);
        let same = present == Some(value.as_str());
        (!same).then(|| {
            Change::Setting(SettingWrite {
                name: setting(self.digest()).into(),
                was: present.map(str::to_owned),
                value,
            })
        })
    }

    /// Reads a setting back; none for anything but a picture.
    pub fn of_setting(value: &str) -> Option<Self> {
        Self::parse(STANDARD.decode(value).ok()?).ok()
    }
}

/// The name of the setting that keeps a picture.
pub fn setting(digest: Digest) -> String {
    format!("{LOGO_SETTING}{}", digest.to_base64url())
}

/// The address whose picture has to be fetched before `after` may be written: one that the client
/// did not have before.
pub(super) fn picture_needed<'a>(before: Option<&Client>, after: &'a Client) -> Option<&'a str> {
    let uri = after.features.logo_uri.as_deref()?;
    let same =
        before.is_some_and(|b| b.logo.is_some() && b.features.logo_uri.as_deref() == Some(uri));
    (!same).then_some(uri)
}

/// Big-endian octets as a number.
fn number(bytes: Option<&[u8]>) -> Option<u32> {
    bytes.map(|bytes| {
        bytes
            .iter()
            .fold(0, |all, byte| (all << 8) | u32::from(*byte))
    })
}

/// Width and height of a PNG: its first chunk (ISO/IEC 15948 §11.2.2).
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    Some((number(rest.get(..4))?, number(rest.get(4..8))?))
}

/// Width and height of a JPEG: its frame header (ISO/IEC 10918-1 §B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, tail @ ..] = rest else {
            return None;
        };
        // 0xC4, 0xC8 and 0xCC are tables and extensions between the frame headers.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((number(tail.get(5..7))?, number(tail.get(3..5))?));
        }
        let length = usize::try_from(number(tail.get(..2))?).ok()?;
        // Scan data before a frame header: no picture.
        if *marker == 0xda || length < 2 {
            return None;
        }
        rest = tail.get(length..)?;
    }
}

/// Width and height of a WebP: extended, lossless or simple (RFC 9649 §2.5 to §2.7).
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes
        .strip_prefix(b"RIFF")?
        .get(4..)?
        .strip_prefix(b"WEBP")?;
    let (name, body) = (rest.get(..4)?, rest.get(8..)?);
    let little = |from: usize, octets: usize| {
        let mut taken = body.get(from..from + octets)?.to_vec();
        taken.reverse();
        number(Some(&taken))
    };
    match name {
        b"VP8X" => Some((little(4, 3)? + 1, little(7, 3)? + 1)),
        b"VP8L" if body.first() == Some(&0x2f) => {
            let bits = little(1, 4)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8 " if body.get(3..6) == Some(&[0x9d, 1, 0x2a]) => {
            Some((little(6, 2)? & 0x3fff, little(8, 2)? & 0x3fff))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of this size; browsers would draw nothing.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc2, 0, 11, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    fn webp(name: &[u8], body: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP", name, b"\0\0\0\0", body].concat()
    }

    #[test]
    fn pictures_are_known_by_their_octets() {
        let extended = webp(b"VP8X", &[0, 0, 0, 0, 63, 0, 0, 31, 0, 0]);
        let bits: u32 = 63 | (31 << 14);
        let lossless = webp(b"VP8L", &[&[0x2f][..], &bits.to_le_bytes()].concat());
        let simple = webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 64, 0, 32, 0]);
        for (bytes, expected) in [
            (png(64, 32), PNG),
            (jpeg(64, 32), JPEG),
            (extended, WEBP),
            (lossless, WEBP),
            (simple, WEBP),
        ] {
            let logo = Logo::parse(bytes).unwrap();
            assert_eq!(logo.media_type(), expected);
        }
    }

    #[test]
    fn what_is_no_small_picture_is_refused() {
        let mut large = png(64, 32);
        large.resize(MOST_BYTES + 1, 0);
        for bytes in [
            Vec::new(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            b"GIF89a\x01\0\x01\0".to_vec(),
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0".to_vec(),
            png(0, 1),
            png(1, 1025),
            png(u32::MAX, 1),
            jpeg(1025, 1),
            vec![0xff, 0xd8, 0xff, 0xda, 0, 2],
            vec![0xff, 0xd8, 0xff, 0xe0, 0, 0],
            webp(b"VP8X", &[0; 4]),
            webp(b"VP8L", &[0; 8]),
            large,
        ] {
            let refused = Logo::parse(bytes.clone()).unwrap_err();
            assert_eq!(refused, Reason::ClientLogoUnfit, "{:?}", bytes.get(..16));
        }
    }

    #[test]
    fn a_picture_is_kept_once_and_comes_back() {
        let logo = Logo::parse(png(1, 1)).unwrap();
        let Some(Change::Setting(write)) = logo.kept(None) else {
            panic!("not kept")
        };
        assert_eq!(write.name, setting(logo.digest()));
        assert_eq!(logo.kept(Some(&write.value)), None);
        assert_eq!(Logo::of_setting(&write.value), Some(logo));
        assert_eq!(Logo::of_setting("not a picture"), None);
    }

    #[test]
    fn a_picture_is_fetched_when_its_address_is_new() {
        let mut after = crate::oauth::sample::web();
        assert_eq!(picture_needed(None, &after), None);
        after.features.logo_uri = Some("https://rp.example/logo.png".into());
        let uri = after.features.logo_uri.as_deref();
        assert_eq!(picture_needed(None, &after), uri);
        let mut before = after.clone();
        assert_eq!(picture_needed(Some(&before), &after), uri, "never fetched");
        before.logo = Some(Digest::of(b"picture"));
        assert_eq!(picture_needed(Some(&before), &after), None);
        before.features.logo_uri = Some("https://rp.example/other.png".into());
        assert_eq!(picture_needed(Some(&before), &after), uri);
    }
}
