//! An Authorization field and a body that present a client.
#![no_main]

use idp_core::oauth::client_auth::Presented;
use idp_core::oauth::params::Parameters;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (authorization, body) = input;
    if let Ok(body) = Parameters::parse(body) {
        let _ = Presented::parse(Some(authorization), &body);
        let _ = Presented::parse(None, &body);
    }
});
