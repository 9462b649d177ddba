//! A compact JWE: whatever parses has five parts and one of our algorithms.
#![no_main]

use idp_core::jose::{CompactJwe, KeyManagement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(jwe) = CompactJwe::parse(text, 16 * 1024) {
        assert!(CompactJwe::is_meant(text));
        assert!(KeyManagement::ALL.contains(&jwe.header().algorithm()));
    }
});
