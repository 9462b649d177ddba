//! Style sheets and images: embedded in the binary, named by their content, kept for ever by caches.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_embed::RustEmbed;

use super::branding::Branding;
use super::colour::Colour;

/// The path below which the static files are served.
pub const ASSETS_PATH: &str = "/assets/";

/// How many hexadecimal digits of the digest stand in a name: 64 bits, plenty for a dozen files.
const DIGEST_DIGITS: usize = 16;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/ui/static"]
struct Embedded;

/// A static file. Its name holds a digest of its content, so the answer may be kept for ever
/// (`Cache-Control: public, max-age=31536000, immutable`).
#[derive(Clone, Debug)]
pub struct StaticFile {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `ETag`, quotes included (RFC 9110, 8.8.3).
    pub etag: String,
}

/// A static file that the binary lacks, or whose kind it cannot name. Only a wrong build has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("static file {0} is missing or of an unknown kind")]
pub struct AssetFault(pub &'static str);

/// The static files of one installation, with the addresses under which pages name them.
pub(super) struct Assets {
    files: BTreeMap<String, StaticFile>,
    /// Address of the style sheet that all installations share.
    pub(super) style: String,
    /// Address of the style sheet that holds this province's colours.
    pub(super) brand: String,
    /// Address of the built-in mark.
    pub(super) logo: String,
    /// Address of the tab's icon.
    pub(super) icon: String,
}

impl Assets {
    /// Loads the embedded files and derives those that carry the province's colours.
    pub(super) fn new(branding: &Branding) -> Result<Self, AssetFault> {
        let mut files = BTreeMap::new();
        let style = add(&mut files, "app.css", embedded("app.css")?)?;
        let drum = add(&mut files, "drum.svg", embedded("drum.svg")?)?;
        let mut tinted = |name| {
            let bytes = tinted_image(&embedded(name)?, branding.primary());
            add(&mut files, name, bytes)
        };
        let logo = tinted("logo.svg")?;
        let icon = tinted("favicon.svg")?;
        let sheet = brand_sheet(branding.primary(), &drum).into_bytes();
        let brand = add(&mut files, "brand.css", Cow::Owned(sheet))?;
        Ok(Self {
            files,
            style,
            brand,
            logo,
            icon,
        })
    }

    /// The file of a name below [`ASSETS_PATH`].
    pub(super) fn file(&self, name: &str) -> Option<&StaticFile> {
        self.files.get(name)
    }

    /// The names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

fn embedded(name: &'static str) -> Result<Cow<'static, [u8]>, AssetFault> {
    Embedded::get(name)
        .map(|file| file.data)
        .ok_or(AssetFault(name))
}

/// Adds a file under its content's name and returns its address.
fn add(
    files: &mut BTreeMap<String, StaticFile>,
    name: &'static str,
    bytes: Cow<'static, [u8]>,
) -> Result<String, AssetFault> {
    let (stem, content_type) = match name.split_once('.') {
        Some((stem, "css")) => (stem, "text/css; charset=utf-8"),
        Some((stem, "svg")) => (stem, "image/svg+xml"),
        _ => return Err(AssetFault(name)),
    };
    let mut digest = String::new();
    for byte in ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest.truncate(DIGEST_DIGITS);
    let unique = format!(
        "{stem}.{digest}{}",
        name.strip_prefix(stem).unwrap_or_default()
    );
    let address = format!("{ASSETS_PATH}{unique}");
    files.insert(
        unique,
        StaticFile {
            bytes,
            content_type,
            etag: format!("\"{digest}\""),
        },
    );
    Ok(address)
}

/// An image drawn in `var(--brand)` and `var(--ink)`: images cannot see the page's variables.
fn tinted_image(bytes: &[u8], primary: Colour) -> Cow<'static, [u8]> {
    let drawing = String::from_utf8_lossy(bytes)
        .replace("var(--brand)", &primary.to_string())
        .replace("var(--ink)", &primary.ink().to_string());
    Cow::Owned(drawing.into_bytes())
}

/// The province's colours as custom properties, every pair of them readable.
fn brand_sheet(primary: Colour, drum: &str) -> String {
    let light = primary.accent_on(Colour::WHITE);
    let dark = primary.accent_on(Colour::DARK_CARD);
    // The wide band behind the heading would glare at night in the full colour.
    let night = primary.mixed(Colour::BLACK, 11);
    format!(
        ":root{{--band:{primary};--band-ink:{};--accent:{light};--accent-ink:{};\
         --accent-strong:{};--drum:url(\"{drum}\")}}\n\
         @media (prefers-color-scheme:dark){{:root{{--band:{night};--band-ink:{};\
         --accent:{dark};--accent-ink:{};--accent-strong:{}}}}}\n",
        primary.ink(),
        light.ink(),
        stronger(light),
        night.ink(),
        dark.ink(),
        stronger(dark),
    )
}

/// The accent under the pointer: moved away from its ink, so that the contrast only grows.
fn stronger(accent: Colour) -> Colour {
    accent.mixed(accent.ink().ink(), 4)
}

#[cfg(test)]
mod tests {
    use super::{ASSETS_PATH, Assets, brand_sheet, stronger};
    use crate::ui::branding::{Branding, BrandingInput};
    use crate::ui::colour::{Colour, TEXT_CONTRAST};

    fn assets(colour: &str) -> Assets {
        let branding = Branding::parse(BrandingInput {
            province_name_vi: "Tỉnh Bình Minh".to_owned(),
            province_name_en: "Binh Minh Province".to_owned(),
            primary_colour: colour.to_owned(),
            ..BrandingInput::default()
        });
        Assets::new(&branding.unwrap()).unwrap()
    }

    #[test]
    fn every_address_leads_to_a_file_with_its_kind_and_tag() {
        let assets = assets("#0b4f8a");
        for (address, kind) in [
            (&assets.style, "text/css; charset=utf-8"),
            (&assets.brand, "text/css; charset=utf-8"),
            (&assets.logo, "image/svg+xml"),
            (&assets.icon, "image/svg+xml"),
        ] {
            let name = address.strip_prefix(ASSETS_PATH).unwrap();
            let file = assets.file(name).unwrap();
            assert_eq!(file.content_type, kind);
            assert!(
                name.contains(file.etag.trim_matches('"')),
                "{name} {}",
                file.etag
            );
            assert!(!file.bytes.is_empty());
        }
        for unknown in ["", "app.css", "../app.css", "app.0000000000000000.css"] {
            assert!(assets.file(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn another_colour_is_another_address_and_the_shared_sheet_stays() {
        let (blue, red) = (assets("#0b4f8a"), assets("#9b1c1f"));
        assert_eq!(blue.style, red.style);
        assert_ne!(blue.brand, red.brand);
        assert_ne!(blue.logo, red.logo);
    }

    #[test]
    fn images_hold_plain_colours() {
        let assets = assets("#ffd400");
        let name = assets.icon.strip_prefix(ASSETS_PATH).unwrap();
        let drawing = String::from_utf8(assets.file(name).unwrap().bytes.to_vec()).unwrap();
        assert!(
            drawing.contains("#ffd400") && drawing.contains("#000000"),
            "{drawing}"
        );
        assert!(!drawing.contains("var("), "{drawing}");
    }

    #[test]
    fn a_button_under_the_pointer_stays_readable_in_any_colour() {
        for red in (0..=255_u8).step_by(17) {
            for green in (0..=255_u8).step_by(17) {
                for ground in [Colour::WHITE, Colour::DARK_CARD] {
                    let accent = Colour::new(red, green, 90).accent_on(ground);
                    assert!(
                        stronger(accent).contrast(accent.ink()) >= TEXT_CONTRAST,
                        "{accent}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_sheet_names_both_modes() {
        let sheet = brand_sheet(Colour::new(0, 80, 140), "/assets/drum.svg");
        assert!(
            sheet.contains("--band:#00508c;--band-ink:#ffffff"),
            "{sheet}"
        );
        assert!(sheet.contains("prefers-color-scheme:dark"), "{sheet}");
    }
}
