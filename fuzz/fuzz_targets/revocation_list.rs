//! A revocation list of anybody's making: the index finds what it holds and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::revocation::RevocationList;

fuzz_target!(|data: &[u8]| {
    let Ok(list) = RevocationList::parse(data) else {
        return;
    };
    assert_eq!(list.is_empty(), list.len() == 0);
    let issuer = list.issuer();
    let found = (0..=u8::MAX).filter(|n| list.find(issuer, &[*n]).is_some()).count();
    assert!(found <= list.len());
    assert!(list.find(issuer, &[]).is_none());
});
