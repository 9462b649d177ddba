//! What every page has around its content.

use super::Pages;
use super::branding::Danger;
use super::locale::Locale;

/// How one request sees the pages.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The language of the page.
    pub locale: Locale,
    /// Address of the same page in the other language; none hides the switch.
    pub other_language: Option<String>,
}

impl From<Locale> for View {
    fn from(locale: Locale) -> Self {
        Self {
            locale,
            other_language: None,
        }
    }
}

/// The frame around one page: texts, names and addresses that all templates use.
#[derive(Clone, Copy)]
pub struct Shell<'a> {
    pages: &'a Pages,
    view: &'a View,
}

/// The name of a text, where code rather than a template chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextKey(pub(super) &'static str);

impl<'a> Shell<'a> {
    pub(super) fn new(pages: &'a Pages, view: &'a View) -> Self {
        Self { pages, view }
    }

    /// A text without variables.
    pub(super) fn say(&self, key: &str) -> String {
        self.pages.texts.say(self.view.locale, key, &[])
    }

    /// A text without variables, chosen by code.
    pub(super) fn tell(&self, key: TextKey) -> String {
        self.say(key.0)
    }

    /// A text with a name in it.
    pub(super) fn name(&self, key: &str, variable: &str, value: &str) -> String {
        self.pages
            .texts
            .say(self.view.locale, key, &[(variable, value.into())])
    }

    /// A text with a number in it.
    pub(super) fn count(&self, key: &str, variable: &str, value: u32) -> String {
        self.pages
            .texts
            .say(self.view.locale, key, &[(variable, value.into())])
    }

    pub(super) fn locale(&self) -> Locale {
        self.view.locale
    }

    pub(super) fn other_language(&self) -> Option<&str> {
        self.view.other_language.as_deref()
    }

    pub(super) fn province(&self) -> &str {
        self.pages.branding.province_name(self.view.locale)
    }

    pub(super) fn logo(&self) -> &str {
        self.pages
            .branding
            .logo_url()
            .unwrap_or(&self.pages.assets.logo)
    }

    pub(super) fn style(&self) -> &str {
        &self.pages.assets.style
    }

    pub(super) fn brand(&self) -> &str {
        &self.pages.assets.brand
    }

    pub(super) fn icon(&self) -> &str {
        &self.pages.assets.icon
    }

    /// The warning of an installation that is not for real work.
    pub(super) fn danger(&self) -> Option<String> {
        self.pages.branding.danger().map(|danger| match danger {
            Danger::Demonstration => self.say("danger-demonstration"),
            Danger::Certification => self.say("danger-certification"),
            Danger::Notice(text) => text.clone(),
        })
    }

    pub(super) fn support_text(&self) -> Option<&str> {
        self.pages.branding.support_text(self.view.locale)
    }

    pub(super) fn support_phone(&self) -> Option<&str> {
        self.pages.branding.support_phone()
    }

    /// The telephone number without the spaces and brackets that `tel:` does not take (RFC 3966).
    pub(super) fn dialled_phone(&self) -> String {
        let written = self.support_phone().unwrap_or_default();
        written
            .chars()
            .filter(|letter| letter.is_ascii_digit() || *letter == '+')
            .collect()
    }

    pub(super) fn support_mail(&self) -> Option<&str> {
        self.pages.branding.support_mail()
    }

    /// Whether there is anybody to ask.
    pub(super) fn has_support(&self) -> bool {
        self.support_text().is_some()
            || self.support_phone().is_some()
            || self.support_mail().is_some()
    }
}
