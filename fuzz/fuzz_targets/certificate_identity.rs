//! The subject of a certificate of anybody's making, and challenges: what is read is within its
//! bounds, and there is one way to write it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::Certificate;
use pki::challenge::Challenge;
use pki::identity::{Holder, Identity, Scheme, mail_addresses, organisations};

fuzz_target!(|data: &[u8]| {
    if let Ok(challenge) = Challenge::parse(data) {
        assert_eq!(challenge.octets(), data);
        assert!(!matches!(data.first(), Some(0x30 | 0x31)));
    }
    let Ok(certificate) = Certificate::parse(data) else {
        return;
    };
    for mail in mail_addresses(&certificate) {
        assert!(mail.contains('@') && mail.is_ascii());
    }
    let _ = organisations(certificate.subject());
    let Ok(identity) = Identity::of(certificate.subject()) else {
        return;
    };
    if let Some(number) = identity.number(Scheme::PersonalId) {
        assert!(number.len() == 12 && number.bytes().all(|octet| octet.is_ascii_digit()));
        assert_eq!(identity.holder(), Holder::Person);
    }
});
