//! The pages of signing out.

use super::{FormTarget, page};
use crate::ui::links::is_web_address;

/// Asks whether to sign out (OpenID Connect RP-Initiated Logout 2). Fields: `csrf`, `pending`.
#[derive(Clone, Debug)]
pub struct ConfirmSignOutPage {
    /// Where the form goes.
    pub form: FormTarget,
    /// Identifier of the pending sign-out request, sent back as the hidden field `pending`.
    pub pending: Option<String>,
    /// Name of the person who is signed in.
    pub person: String,
    /// Name of the application that asked for it, if one did.
    pub client: Option<String>,
    /// Names of the applications with a session, which will be signed out too.
    pub applications: Vec<String>,
    /// Path for those who stay.
    pub stay_path: String,
}

page!(ConfirmSignOutPage, "confirm_sign_out.html");

/// Tells that the person is signed out.
#[derive(Clone, Debug)]
pub struct SignedOutPage {
    /// Names of the applications that are being signed out.
    pub applications: Vec<String>,
    /// Addresses that are loaded in hidden frames (Front-Channel Logout 1.0); they were registered.
    pub frames: Vec<String>,
    /// The way back to the application that asked for it.
    pub back: Option<BackLink>,
    /// Path of the sign-in page.
    pub sign_in_path: String,
}

/// A link to the home of the application that asked for the sign-out.
#[derive(Clone, Debug)]
pub struct BackLink {
    /// Name of the application.
    pub name: String,
    /// `client_uri`; shown only if it is a web address.
    pub href: String,
}

impl SignedOutPage {
    fn shown_back(&self) -> Option<&BackLink> {
        self.back.as_ref().filter(|back| is_web_address(&back.href))
    }
}

page!(SignedOutPage, "signed_out.html");

/// Waits until the applications were told in hidden frames, and leads on to where the application
/// that asked wants the browser to be.
#[derive(Clone, Debug)]
pub struct SigningOutPage {
    /// Names of the applications that are being signed out.
    pub applications: Vec<String>,
    /// Addresses that are loaded in hidden frames (Front-Channel Logout 1.0); they were registered.
    pub frames: Vec<String>,
    /// Where the page leads. The caller proves that it is a registered address.
    pub continue_address: String,
}

page!(SigningOutPage, "signing_out.html");
