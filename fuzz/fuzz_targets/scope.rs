//! A scope value: no word twice, none empty.
#![no_main]

use idp_core::oauth::scope::Scope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Scope::parse(text);
});
