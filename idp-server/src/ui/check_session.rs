//! The page behind `check_session_iframe`. Nobody sees it, so it has neither text nor style; its one
//! script is named by its digest in the policy that the page is sent with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const SCRIPT: &str = include_str!("check_session.js");

/// The document.
#[must_use]
pub fn document() -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"robots\" content=\"noindex\"><title>check_session</title></head>\
         <body><script>{SCRIPT}</script></body></html>\n"
    )
}

/// The source expression that lets exactly this script run (Content Security Policy 3 §2.3.1).
#[must_use]
pub fn script_source() -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_ends_where_its_element_does() {
        let document = document();
        assert_eq!(document.matches("<script>").count(), 1);
        assert_eq!(document.to_lowercase().matches("</script").count(), 1);
        assert!(!SCRIPT.contains("<!--") && SCRIPT.is_ascii());
    }
}
