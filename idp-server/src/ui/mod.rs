//! The sign-in provider's own pages: plain HTML rendered on the server, usable without script.
//!
//! A page is a plain value ([`pages`]); [`Pages`] renders it in a language, in a province's branding.
//! Nothing in a page comes from another host and nothing is inline, so that the strictest content
//! security policy holds: `default-src 'none'; style-src 'self'; img-src 'self' data:;
//! form-action 'self'; frame-ancestors 'none'; base-uri 'none'`.

mod assets;
mod branding;
pub mod check_session;
mod colour;
mod links;
mod local_time;
mod locale;
pub mod pages;
mod shell;
mod texts;

#[cfg(test)]
mod tests;

pub use assets::{ASSETS_PATH, AssetFault, StaticFile};
pub use branding::{Branding, BrandingInput, BrandingProblem, Danger};
pub use colour::Colour;
pub use local_time::local_time;
pub use locale::Locale;
pub use shell::View;
pub use texts::TextFault;

use assets::Assets;
use pages::Page;
use shell::Shell;
use texts::Texts;

/// What is shown when a page cannot be rendered: rendering itself must not fail.
const BARE_PAGE: &str = "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">\
    <title>Lỗi / Error</title></head><body><main><h1 id=\"error-message\">Hệ thống gặp sự cố. \
    Xin thử lại sau.</h1><p lang=\"en\">Something went wrong. Please try again later.</p>\
    </main></body></html>\n";

/// A fault in what the binary was built with; wiring refuses to start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UiFault {
    /// A text does not parse.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// A static file is missing.
    #[error(transparent)]
    Asset(#[from] AssetFault),
}

/// A complete HTML document in UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// The document's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document's text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Everything that pages are rendered with: branding, texts and static files of one installation.
/// Built once at start and shared by all requests.
pub struct Pages {
    branding: Branding,
    texts: Texts,
    assets: Assets,
}

impl Pages {
    /// Builds the texts and derives the style sheet from the branding.
    ///
    /// # Errors
    /// A [`UiFault`] when the binary's own texts or static files are broken.
    pub fn new(branding: Branding) -> Result<Self, UiFault> {
        let assets = Assets::new(&branding)?;
        Ok(Self {
            branding,
            texts: Texts::new()?,
            assets,
        })
    }

    /// Renders a page. All values are escaped; the caller keeps secrets and unproved addresses
    /// out of page values.
    #[must_use]
    pub fn render(&self, page: &impl Page, view: &View) -> Html {
        let rendered = page.rendered(Shell::new(self, view));
        Html(rendered.unwrap_or_else(|_| BARE_PAGE.to_owned()))
    }

    /// The static file of a name below [`ASSETS_PATH`]; `None` is answered with 404.
    #[must_use]
    pub fn static_file(&self, name: &str) -> Option<&StaticFile> {
        self.assets.file(name)
    }

    /// The names of all static files below [`ASSETS_PATH`].
    pub fn static_files(&self) -> impl Iterator<Item = &str> {
        self.assets.names()
    }

    /// The branding, for texts outside of pages.
    #[must_use]
    pub fn branding(&self) -> &Branding {
        &self.branding
    }
}
