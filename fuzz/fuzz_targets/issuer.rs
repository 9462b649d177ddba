//! An issuer identifier.
#![no_main]

use idp_core::base::issuer::Issuer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(issuer) = Issuer::parse(text) {
        assert_eq!(issuer.as_str(), text);
    }
});
