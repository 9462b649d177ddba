//! An answer about a certificate's status, of anybody's making: whoever holds no key of the issuer
//! is never believed, and judging it ends.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pki::ocsp::{Bounds, NonceRule, Question, Response};
use pki::path::{self, PathRules, ValidPath};
use pki::revocation::Evidence;
use pki::test_ca::{Authority, Key, Subject};
use pki::{Budget, Time};

const NOW: Time = Time::from_seconds(1_767_225_600);

/// Fresh keys in every run: no answer that anybody kept is signed by them.
static PATH: LazyLock<ValidPath> = LazyLock::new(|| {
    let issuer = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
    let person = issuer.person(Subject::named("An"), &Key::p256());
    let (anchors, rules) = ([issuer.anchor()], PathRules::at(NOW));
    let found = path::find(&person, &[], &anchors, &rules, &mut Budget::default());
    found.expect("a path of one certificate")
});

fuzz_target!(|data: &[u8]| {
    let Ok(response) = Response::parse(data) else {
        return;
    };
    let question = Question {
        path: &PATH,
        at: 0,
        pinned: &[],
        evidence: Evidence::default(),
        nonce: NonceRule::Ignored,
        bounds: Bounds::default(),
        rules: &PathRules::at(NOW),
    };
    assert!(question.verify(&response, &mut Budget::default()).is_err());
});
