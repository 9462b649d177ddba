//! Password hashes in the formats that imports bring.
#![no_main]

use idp_core::authn::password::ImportedHash;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = ImportedHash::parse(text);
});
