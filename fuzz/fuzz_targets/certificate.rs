//! A certificate of anybody's making: what is parsed is what came, and judging it ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::path::{self, PathRules, TrustAnchor};
use pki::{Budget, Certificate, Time};

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = Certificate::parse(data) else {
        return;
    };
    assert_eq!(certificate.der(), data);
    assert!((1..=21).contains(&certificate.serial().len()));
    for attribute in certificate.subject().attributes() {
        let _ = attribute.text();
    }
    let anchors = [TrustAnchor::from_certificate(&certificate)];
    let rules = PathRules::at(Time::from_seconds(1_302_825_600));
    let pool = std::slice::from_ref(&certificate);
    let found = path::find(&certificate, pool, &anchors, &rules, &mut Budget::default());
    if let Ok(found) = found {
        assert!(!found.certificates().is_empty());
    }
});
