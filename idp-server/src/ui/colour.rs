//! Colours and their contrast, so that no configured colour can make a page unreadable.

use std::fmt;

/// The least contrast of running text against its ground (WCAG 2.2, 1.4.3, level AA).
#[cfg(test)]
pub(super) const TEXT_CONTRAST: f64 = 4.5;

/// A margin above [`TEXT_CONTRAST`]: accents also lie on lightly tinted grounds.
const ACCENT_CONTRAST: f64 = 5.5;

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// White, the ground of cards in light mode.
    pub const WHITE: Self = Self::new(255, 255, 255);
    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// The ground of cards in dark mode; `app.css` uses the same value.
    pub const DARK_CARD: Self = Self::new(0x18, 0x21, 0x2e);

    /// A colour from its three channels.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Parses `#rrggbb`, six hexadecimal digits in either case.
    /// Refuses every other notation (names, `#rgb`, alpha, functions) with `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let channel = |range| u8::from_str_radix(digits.get(range)?, 16).ok();
        Some(Self::new(channel(0..2)?, channel(2..4)?, channel(4..6)?))
    }

    /// The contrast ratio to another colour, from 1 (none) to 21 (WCAG 2.2, "contrast ratio").
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever reads better on this colour. The better of the two
    /// reaches at least 4.58 on any ground, so text set in it always satisfies level AA.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// This colour, moved towards black or white only as far as text on `ground` needs.
    #[must_use]
    pub fn accent_on(self, ground: Self) -> Self {
        let pole = ground.ink();
        (0..=20_u8)
            .map(|step| {
                self.mixed(pole, step)
                    .vivid(step > 0 && pole == Self::WHITE)
            })
            .find(|candidate| candidate.contrast(ground) >= ACCENT_CONTRAST)
            .unwrap_or(pole)
    }

    /// A mixture with `other`: `share` twentieths of it, 0 to 20.
    #[must_use]
    pub fn mixed(self, other: Self, share: u8) -> Self {
        let share = u16::from(share.min(20));
        let channel = |from: u8, to: u8| {
            let sum = u16::from(from) * (20 - share) + u16::from(to) * share;
            u8::try_from((sum + 10) / 20).unwrap_or(u8::MAX)
        };
        Self::new(
            channel(self.red, other.red),
            channel(self.green, other.green),
            channel(self.blue, other.blue),
        )
    }

    /// Mixing with white dulls a colour; this moves the channels apart again by half.
    fn vivid(self, dulled: bool) -> Self {
        if !dulled {
            return self;
        }
        let channels = [self.red, self.green, self.blue].map(i32::from);
        let mean = channels.iter().sum::<i32>() / 3;
        let [red, green, blue] = channels.map(|channel| {
            u8::try_from((mean + (channel - mean) * 3 / 2).clamp(0, 255)).unwrap_or(u8::MAX)
        });
        Self::new(red, green, blue)
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, TEXT_CONTRAST};

    /// A coarse walk through the whole colour cube.
    fn cube() -> impl Iterator<Item = Colour> {
        let steps = || (0..=255_u8).step_by(15);
        steps().flat_map(move |r| {
            steps().flat_map(move |g| steps().map(move |b| Colour::new(r, g, b)))
        })
    }

    #[test]
    fn only_six_digits_after_a_hash_are_a_colour() {
        assert_eq!(
            Colour::parse("#0B5cab"),
            Some(Colour::new(0x0b, 0x5c, 0xab))
        );
        for wrong in [
            "",
            "#",
            "0b5cab",
            "#abc",
            "#0b5cabff",
            "#0b5caz",
            "red",
            "#+b5cab",
            "#ééé",
        ] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_colour_prints_as_it_is_parsed() {
        let colour = Colour::new(1, 0xab, 0xff);
        assert_eq!(colour.to_string(), "#01abff");
        assert_eq!(Colour::parse(&colour.to_string()), Some(colour));
    }

    #[test]
    fn contrast_agrees_with_published_values() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        let grey = Colour::new(0x76, 0x76, 0x76);
        assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
        assert!((grey.contrast(grey) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn every_colour_carries_readable_ink() {
        for colour in cube() {
            assert!(colour.contrast(colour.ink()) >= TEXT_CONTRAST, "{colour}");
        }
    }

    #[test]
    fn every_colour_has_a_readable_accent_on_both_grounds() {
        for colour in cube() {
            for ground in [Colour::WHITE, Colour::DARK_CARD] {
                let accent = colour.accent_on(ground);
                assert!(
                    accent.contrast(ground) >= TEXT_CONTRAST,
                    "{colour} on {ground}"
                );
                assert!(
                    accent.contrast(accent.ink()) >= TEXT_CONTRAST,
                    "ink on {accent}"
                );
            }
        }
    }

    #[test]
    fn a_colour_that_reads_well_stays_as_it_is() {
        let navy = Colour::new(0, 0x32, 0x6b);
        assert_eq!(navy.accent_on(Colour::WHITE), navy);
    }
}
