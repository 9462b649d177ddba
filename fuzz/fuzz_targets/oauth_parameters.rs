//! Form-encoded parameters: an accepted name occurs once.
#![no_main]

use idp_core::oauth::params::{MAX_VALUE_BYTES, Parameters};
use idp_core::oauth::pkce::CodeChallenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(parameters) = Parameters::parse(data) {
        for name in ["client_id", "state", "scope", "code"] {
            let value = parameters.find(name).unwrap_or_default();
            assert!(value.len() <= MAX_VALUE_BYTES);
        }
        let _ = CodeChallenge::parse(&parameters);
    }
});
