//! A JWK Set, and one JWK.
#![no_main]

use idp_core::jose::{Jwk, JwkSet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(set) = JwkSet::parse(data) {
        assert!(set.keys().len() + set.skipped().len() <= data.len());
    }
    let _ = Jwk::parse(data);
});
