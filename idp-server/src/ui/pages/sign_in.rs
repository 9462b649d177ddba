//! The sign-in page.

use super::{FormTarget, page};
use crate::ui::shell::Shell;

/// Asks for a user name and a password. Fields: `csrf`, `pending` or `user_code`,
/// `username`, `password`.
#[derive(Clone, Debug)]
pub struct SignInPage {
    /// Where the form goes.
    pub form: FormTarget,
    /// Identifier of the pending sign-in, sent back as the hidden field `pending`.
    pub pending: Option<String>,
    /// The code of a device that the person is on the way to let in, sent back as the hidden field
    /// `user_code`.
    pub user_code: Option<String>,
    /// Name of the application that the person is on the way to, as registered.
    pub application: Option<String>,
    /// What stands in the user name field: the `login_hint`, or what was typed before.
    pub user_name: String,
    /// Whether the person is signed in already and must only confirm it (`prompt=login`, `max_age`).
    pub again: bool,
    /// Path of the page for a forgotten password.
    pub forgotten_path: String,
    /// Path of the page for certificates, where they sign in.
    pub certificate_path: Option<String>,
    /// Why the last attempt did not pass.
    pub refusal: Option<SignInRefusal>,
}

/// Why a sign-in did not pass, as far as strangers may know. A disabled account, an unknown
/// user name and a wrong password look alike: the page must not tell which accounts exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// User name and password do not belong together.
    WrongCredentials,
    /// Too many attempts from here.
    Throttled {
        /// Minutes until the next attempt, rounded up; at least 1 is shown.
        minutes: u32,
    },
    /// No room to verify another password right now.
    Busy {
        /// Seconds after which to try again; at least 1 is shown.
        retry_after: u32,
    },
}

impl SignInRefusal {
    fn heading(self, shell: &Shell<'_>) -> String {
        match self {
            Self::WrongCredentials => shell.say("sign-in-wrong-heading"),
            Self::Throttled { .. } => shell.say("sign-in-throttled-heading"),
            Self::Busy { .. } => shell.say("sign-in-busy-heading"),
        }
    }

    fn advice(self, shell: &Shell<'_>) -> String {
        match self {
            Self::WrongCredentials => shell.say("sign-in-wrong"),
            Self::Throttled { minutes } => {
                shell.count("sign-in-throttled", "minutes", minutes.max(1))
            }
            Self::Busy { retry_after } => {
                shell.count("sign-in-busy", "seconds", retry_after.max(1))
            }
        }
    }
}

impl SignInPage {
    /// Whether what was typed is what is wrong.
    fn fields_are_wrong(&self) -> bool {
        self.refusal == Some(SignInRefusal::WrongCredentials)
    }

    /// Whether the cursor waits in the password field: the user name is there already.
    fn starts_at_password(&self) -> bool {
        !self.user_name.is_empty()
    }
}

page!(SignInPage, "sign_in.html");
