//! Pages around a password: it was forgotten, its link is of no use, it was saved.

use super::page;
use crate::ui::shell::{Shell, TextKey};

/// Explains what to do about a forgotten password. Answers alike for everybody: it asks nothing.
#[derive(Clone, Debug)]
pub struct ForgottenPasswordPage {
    /// Path back to the sign-in page.
    pub sign_in_path: String,
}

page!(ForgottenPasswordPage, "forgotten_password.html");

/// Tells that a one-time link is of no use.
#[derive(Clone, Debug)]
pub struct LinkProblemPage {
    /// What is wrong with the link.
    pub problem: LinkProblem,
    /// Path of the sign-in page.
    pub sign_in_path: String,
}

/// What is wrong with a one-time link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// It was good once, but too long ago.
    Expired,
    /// It is incomplete, was used already, or never existed: a used link leaves no trace.
    Unknown,
}

impl LinkProblem {
    fn explanation(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::Expired => TextKey("link-expired"),
            Self::Unknown => TextKey("link-unknown"),
        })
    }
}

page!(LinkProblemPage, "link_problem.html");

/// Tells that a new password holds from now on.
#[derive(Clone, Debug)]
pub struct PasswordSavedPage {
    /// Where the person goes on: the sign-in page, or the pending request.
    pub continue_path: String,
    /// Whether the person is signed in already, so that the way on is not a sign-in.
    pub signed_in: bool,
}

page!(PasswordSavedPage, "password_saved.html");
