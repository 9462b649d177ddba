//! The page that carries an answer to an application by posting a form (OAuth 2.0 Form Post Response
//! Mode). It is one of the few that need script; without it, the person presses a button.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::page;

/// All the script of the page. It holds nothing of a request, so that the page's policy can name it
/// by its digest.
const SCRIPT: &str = "document.getElementById(\"authorization-response\").submit()";

/// Posts the fields to the application at once.
#[derive(Clone, Debug)]
pub struct FormPostPage {
    /// The proved address of the application.
    pub action: String,
    /// Names and values of the answer.
    pub fields: Vec<(String, String)>,
}

impl FormPostPage {
    /// The source expression that lets this page's script run and no other (Content Security Policy 3
    /// §2.3.1).
    pub fn script_source() -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    }

    fn script(&self) -> &'static str {
        SCRIPT
    }
}

page!(FormPostPage, "form_post.html");
