//! The Cookie field of a request: a value is found whole or not at all.
#![no_main]

// The room itself, not the server around it: a fuzz build of the whole server would cost minutes.
#[allow(dead_code, reason = "only reading is fuzzed")]
#[path = "../../idp-server/src/http/cookies.rs"]
mod cookies;

use axum::http::{HeaderMap, HeaderValue, header};
use cookies::{Jar, Name};
use idp_core::base::issuer::Issuer;
use libfuzzer_sys::fuzz_target;

const NAMES: [Name; 4] = [Name::Session, Name::Browser, Name::Device, Name::Language];

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|octet| *octet == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::COOKIE, value);
        }
    }
    for issuer in ["https://sso.example", "http://localhost:8080"] {
        let Ok(issuer) = Issuer::parse(issuer) else { return };
        let jar = Jar::of(&headers, &issuer);
        for name in NAMES {
            let Some(found) = jar.find(name) else { continue };
            assert!((1..=128).contains(&found.len()) && found.is_ascii());
            assert!(!found.contains([';', '\r', '\n']));
            let sent = |line: &HeaderValue| {
                let text = line.to_str().unwrap_or_default();
                text.split(';').any(|pair| pair.trim().ends_with(&format!("={found}")))
            };
            assert!(headers.get_all(header::COOKIE).iter().any(sent), "a value nobody sent");
        }
    }
});
