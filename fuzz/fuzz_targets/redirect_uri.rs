//! A redirect URI for registration: what is accepted is kept by the letter.
#![no_main]

use idp_core::model::client::ClientKind;
use idp_core::oauth::redirect_uri::RegisteredRedirectUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for kind in [
        ClientKind::Web,
        ClientKind::Spa,
        ClientKind::Native,
        ClientKind::Service,
    ] {
        if let Ok(uri) = RegisteredRedirectUri::parse(kind, text) {
            assert_eq!(uri.as_str(), text);
            assert!(!text.contains(['#', '*', '\\', '\r', '\n']));
        }
    }
});
