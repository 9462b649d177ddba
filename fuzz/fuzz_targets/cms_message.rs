//! A signed message of anybody's making: a signature that holds is by a certificate that came along,
//! over this content alone, and leads to no anchor of ours.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pki::cms::SignedData;
use pki::path::{self, PathRules, TrustAnchor};
use pki::test_ca::{Authority, Key};
use pki::{Budget, Time};

const NOW: Time = Time::from_seconds(1_767_225_600);
const CONTENT: &[u8] = b"the octets of a challenge";

static ANCHOR: LazyLock<TrustAnchor> =
    LazyLock::new(|| Authority::root("Gốc thử nghiệm", Key::p256(), NOW).anchor());

fuzz_target!(|data: &[u8]| {
    let Ok(message) = SignedData::parse(data) else {
        return;
    };
    let mut budget = Budget::default();
    let Ok(signature) = message.verify(CONTENT, &[], &mut budget) else {
        return;
    };
    assert!(message.certificates().contains(signature.certificate()));
    assert!(!signature.others().contains(signature.certificate()));
    assert!(message.verify(b"other", &[], &mut budget).is_err());
    let anchors = std::slice::from_ref(&*ANCHOR);
    let rules = PathRules::at(NOW);
    let end = signature.certificate();
    assert!(path::find(end, signature.others(), anchors, &rules, &mut budget).is_err());
});
