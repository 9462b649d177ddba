//! Claims and rules of a JWT: nothing verifies without a key.
#![no_main]

use idp_core::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let Ok(jws) = CompactJws::parse(data, 16 * 1024) else {
        return;
    };
    let rules = JwtRules {
        algorithms: &[SigningAlgorithm::ES256, SigningAlgorithm::RS256],
        typ: ExpectedTyp::NotChecked,
        issuer: None,
        audience: None,
        expiry: ExpiryRule::IfPresent,
        max_age_seconds: None,
        skew_seconds: 5,
        now_ms: 1_800_000_000_000,
    };
    let keys = JwkSet::new(Vec::new());
    let verified = VerifiedJwt::<BTreeMap<String, String>>::verify(&jws, &keys, &rules);
    assert!(verified.is_err(), "verified by no key");
});
