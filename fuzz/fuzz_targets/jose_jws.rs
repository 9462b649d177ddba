//! A compact JWS: whatever parses has a payload no longer than its text.
#![no_main]

use idp_core::jose::{CompactJws, RegisteredClaims};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(jws) = CompactJws::parse(data, 16 * 1024) {
        assert!(jws.unverified_payload().len() < data.len());
        let _ = RegisteredClaims::peek(&jws);
    }
});
