//! What a province puts on the pages: its names, its mark, its colour, whom to ask.

use super::colour::Colour;
use super::links::is_own_path;
use super::locale::Locale;

/// The longest name or contact in characters; longer ones would break the pages at phone width.
const LONGEST_LINE: usize = 120;

/// The longest support text in characters.
const LONGEST_TEXT: usize = 600;

/// The branding as an operator writes it, unchecked.
#[derive(Clone, Debug, Default)]
pub struct BrandingInput {
    /// The province's name in Vietnamese. Required.
    pub province_name_vi: String,
    /// The province's name in English. Required.
    pub province_name_en: String,
    /// Path of the logo on this server, such as `/branding/logo.png`; none shows the built-in mark.
    pub logo_url: Option<String>,
    /// The primary colour as `#rrggbb`.
    pub primary_colour: String,
    /// Whom to ask for help, in Vietnamese: name of the office, opening hours.
    pub support_text_vi: Option<String>,
    /// The same in English; without it the Vietnamese text is shown on English pages too.
    pub support_text_en: Option<String>,
    /// Telephone number of the support, digits and `+ . - ( )` and spaces.
    pub support_phone: Option<String>,
    /// Mail address of the support.
    pub support_mail: Option<String>,
    /// A banner on every page that warns of an installation which is not for real work.
    pub danger: Option<Danger>,
}

/// Why an installation must not be used for real work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// The demonstration with invented people.
    Demonstration,
    /// The certification preset, which switches weak protocol options on.
    Certification,
    /// A sentence of the operator, shown in both languages as it is.
    Notice(String),
}

/// One violated rule of the branding; each names the field that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrandingProblem {
    /// A required name is empty.
    #[error("{0}: must not be empty")]
    Empty(&'static str),
    /// A text is longer than the pages can show.
    #[error("{0}: longer than {1} characters")]
    TooLong(&'static str, usize),
    /// A text holds line breaks or other control characters.
    #[error("{0}: holds a control character")]
    ControlCharacter(&'static str),
    /// The colour is not `#rrggbb`.
    #[error("primary_colour: must be written #rrggbb")]
    Colour,
    /// The logo is not a path on this server; the pages load nothing from other hosts.
    #[error("logo_url: must be a path on this server that begins with one /")]
    LogoElsewhere,
    /// The telephone number holds no digit, or other characters than numbers are written with.
    #[error("support_phone: not a telephone number")]
    Phone,
    /// The mail address lacks an `@` between two non-empty parts, or holds spaces.
    #[error("support_mail: not a mail address")]
    Mail,
}

/// Checked branding: every text fits, the colour is a colour, the logo is ours.
#[derive(Clone, Debug)]
pub struct Branding {
    checked: BrandingInput,
    primary: Colour,
}

impl Branding {
    /// Checks an operator's branding as a whole.
    ///
    /// # Errors
    /// All violated rules at once, in the order of the fields.
    pub fn parse(input: BrandingInput) -> Result<Self, Vec<BrandingProblem>> {
        let mut problems = Vec::new();
        check_texts(&input, &mut problems);
        let primary = Colour::parse(&input.primary_colour);
        if primary.is_none() {
            problems.push(BrandingProblem::Colour);
        }
        if input
            .logo_url
            .as_deref()
            .is_some_and(|logo| !is_own_path(logo))
        {
            problems.push(BrandingProblem::LogoElsewhere);
        }
        if input
            .support_phone
            .as_deref()
            .is_some_and(|phone| !is_phone(phone))
        {
            problems.push(BrandingProblem::Phone);
        }
        if input
            .support_mail
            .as_deref()
            .is_some_and(|mail| !is_mail(mail))
        {
            problems.push(BrandingProblem::Mail);
        }
        match primary {
            Some(primary) if problems.is_empty() => Ok(Self {
                checked: input,
                primary,
            }),
            _ => Err(problems),
        }
    }

    /// The province's name in a language.
    #[must_use]
    pub fn province_name(&self, locale: Locale) -> &str {
        match locale {
            Locale::Vi => &self.checked.province_name_vi,
            Locale::En => &self.checked.province_name_en,
        }
    }

    /// The operator's logo, if one is configured.
    #[must_use]
    pub fn logo_url(&self) -> Option<&str> {
        self.checked.logo_url.as_deref()
    }

    /// The primary colour.
    #[must_use]
    pub fn primary(&self) -> Colour {
        self.primary
    }

    /// Whom to ask, in a language; Vietnamese where English is missing.
    #[must_use]
    pub fn support_text(&self, locale: Locale) -> Option<&str> {
        let vietnamese = self.checked.support_text_vi.as_deref();
        match locale {
            Locale::Vi => vietnamese,
            Locale::En => self.checked.support_text_en.as_deref().or(vietnamese),
        }
    }

    /// The support's telephone number as written by the operator.
    #[must_use]
    pub fn support_phone(&self) -> Option<&str> {
        self.checked.support_phone.as_deref()
    }

    /// The support's mail address.
    #[must_use]
    pub fn support_mail(&self) -> Option<&str> {
        self.checked.support_mail.as_deref()
    }

    /// The warning that every page carries, if any.
    #[must_use]
    pub fn danger(&self) -> Option<&Danger> {
        self.checked.danger.as_ref()
    }
}

fn check_texts(input: &BrandingInput, problems: &mut Vec<BrandingProblem>) {
    let notice = match &input.danger {
        Some(Danger::Notice(text)) => Some(text.as_str()),
        _ => None,
    };
    let fields = [
        (
            "province_name_vi",
            Some(input.province_name_vi.as_str()),
            LONGEST_LINE,
        ),
        (
            "province_name_en",
            Some(input.province_name_en.as_str()),
            LONGEST_LINE,
        ),
        (
            "support_text_vi",
            input.support_text_vi.as_deref(),
            LONGEST_TEXT,
        ),
        (
            "support_text_en",
            input.support_text_en.as_deref(),
            LONGEST_TEXT,
        ),
        (
            "support_phone",
            input.support_phone.as_deref(),
            LONGEST_LINE,
        ),
        ("support_mail", input.support_mail.as_deref(), LONGEST_LINE),
        ("danger", notice, LONGEST_TEXT),
    ];
    for (field, text, longest) in fields {
        let Some(text) = text else { continue };
        if text.trim().is_empty() {
            problems.push(BrandingProblem::Empty(field));
        }
        if text.chars().count() > longest {
            problems.push(BrandingProblem::TooLong(field, longest));
        }
        if text.contains(char::is_control) {
            problems.push(BrandingProblem::ControlCharacter(field));
        }
    }
}

fn is_phone(text: &str) -> bool {
    text.contains(|letter: char| letter.is_ascii_digit())
        && text
            .chars()
            .all(|letter| letter.is_ascii_digit() || "+.-() ".contains(letter))
}

fn is_mail(text: &str) -> bool {
    let plain = !text.contains(char::is_whitespace) && !text.contains(['?', '&', '<', '>']);
    plain
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Branding, BrandingInput, BrandingProblem, Danger};
    use crate::ui::locale::Locale;

    fn input() -> BrandingInput {
        BrandingInput {
            province_name_vi: "Tỉnh Bình Minh".to_owned(),
            province_name_en: "Binh Minh Province".to_owned(),
            primary_colour: "#0b4f8a".to_owned(),
            ..BrandingInput::default()
        }
    }

    #[test]
    fn the_least_branding_is_two_names_and_a_colour() {
        let branding = Branding::parse(input()).unwrap();
        assert_eq!(branding.province_name(Locale::Vi), "Tỉnh Bình Minh");
        assert_eq!(branding.province_name(Locale::En), "Binh Minh Province");
        assert_eq!(branding.support_text(Locale::En), None);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let problems = Branding::parse(BrandingInput {
            province_name_vi: " ".to_owned(),
            province_name_en: "a\u{7}".to_owned(),
            logo_url: Some("//evil.example/x.png".to_owned()),
            primary_colour: "blue".to_owned(),
            support_text_vi: Some("x".repeat(601)),
            support_phone: Some("javascript:1".to_owned()),
            support_mail: Some("a@b?bcc=c@d".to_owned()),
            danger: Some(Danger::Notice(String::new())),
            ..BrandingInput::default()
        })
        .unwrap_err();
        assert_eq!(
            problems,
            [
                BrandingProblem::Empty("province_name_vi"),
                BrandingProblem::ControlCharacter("province_name_en"),
                BrandingProblem::TooLong("support_text_vi", 600),
                BrandingProblem::Empty("danger"),
                BrandingProblem::Colour,
                BrandingProblem::LogoElsewhere,
                BrandingProblem::Phone,
                BrandingProblem::Mail,
            ]
        );
    }

    #[test]
    fn english_pages_fall_back_to_the_vietnamese_support_text() {
        let mut both = input();
        both.support_text_vi = Some("Bộ phận hỗ trợ".to_owned());
        let branding = Branding::parse(both.clone()).unwrap();
        assert_eq!(branding.support_text(Locale::En), Some("Bộ phận hỗ trợ"));
        both.support_text_en = Some("Help desk".to_owned());
        let branding = Branding::parse(both).unwrap();
        assert_eq!(branding.support_text(Locale::En), Some("Help desk"));
    }
}
