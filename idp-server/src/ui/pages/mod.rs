//! One plain value per page. Values hold what the page says, never how it looks.

mod access;
mod certificate;
mod claim;
mod consent;
mod device;
mod error;
mod form_post;
mod home;
mod new_password;
mod password_help;
mod position;
mod sign_in;
mod sign_out;

pub use access::{AccessDone, AccessPage, AllowedApplication, LaunchLink, SessionLine};
pub use certificate::{CertificatePage, CertificateRefusal, SigningAgent, ToSign};
pub use claim::RequestedClaim;
pub use consent::{ClientCard, ConsentPage, RequestedDetail, RequestedScope};
pub use device::{ConfirmDevicePage, DeviceCodePage, DeviceCodeRefusal, DeviceDonePage};
pub use error::{ErrorKind, ErrorPage};
pub use form_post::FormPostPage;
pub use home::{AccountPage, PositionLine, WelcomePage};
pub use new_password::{NewPasswordPage, NewPasswordReason, NewPasswordRefusal, PasswordRules};
pub use password_help::{ForgottenPasswordPage, LinkProblem, LinkProblemPage, PasswordSavedPage};
pub use position::{ChoosePositionPage, PositionChoice};
pub use sign_in::{SignInPage, SignInRefusal};
pub use sign_out::{BackLink, ConfirmSignOutPage, SignedOutPage, SigningOutPage};

use super::shell::Shell;

/// A page that [`Pages::render`](super::Pages::render) can render.
/// Sealed: the frame that it takes cannot be made elsewhere.
pub trait Page {
    /// The document. Fails only where formatting itself fails.
    ///
    /// # Errors
    /// The template's own error.
    fn rendered(&self, shell: Shell<'_>) -> Result<String, askama::Error>;
}

/// Where a form goes and what proves that it came from our own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormTarget {
    /// The path that the form posts to.
    pub action: String,
    /// The token against cross-site requests, sent as the hidden field `csrf`.
    pub csrf: String,
}

/// Binds a page value to its template: implements [`Page`] for the value.
macro_rules! page {
    ($value:ident, $path:literal) => {
        const _: () = {
            #[derive(askama::Template)]
            #[template(path = $path, config = "src/ui/askama.toml")]
            struct Filled<'a> {
                shell: $crate::ui::shell::Shell<'a>,
                page: &'a $value,
            }

            impl $crate::ui::pages::Page for $value {
                fn rendered(
                    &self,
                    shell: $crate::ui::shell::Shell<'_>,
                ) -> Result<String, askama::Error> {
                    askama::Template::render(&Filled { shell, page: self })
                }
            }
        };
    };
}
use page;
