//! The way back to an application through the browser.

use axum::response::Response;
use idp_core::oauth::response::Answer;

use super::context::Caller;
use super::guard::posts_to;
use super::site::Shared;
use super::wire::{page, redirect};
use crate::ui::pages::FormPostPage;

/// An answer of the authorization endpoint: a redirect, or a page that posts a form.
pub fn back(site: &Shared, caller: &Caller, answer: Answer) -> Response {
    match answer {
        Answer::Redirect(address) => redirect(site, caller, &address),
        Answer::Form { to, fields } => {
            let shown = FormPostPage {
                action: to.as_str().to_owned(),
                fields,
            };
            posts_to(page(site, caller, &shown), to.origin())
        }
    }
}
