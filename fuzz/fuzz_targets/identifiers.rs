//! Personal ID, tax code, agency code, and what a person types to sign in.
#![no_main]

use idp_core::base::text;
use idp_core::model::identifier::{AgencyCode, IdentifierKey, PersonalId, TaxCode, masked};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    if let Ok(id) = PersonalId::parse(input) {
        assert_eq!(id.as_str().len(), 12);
        assert!(PersonalId::parse(id.as_str()) == Ok(id));
    }
    if let Ok(code) = AgencyCode::parse(input) {
        assert!(code.as_str().len() <= 35);
        assert_eq!(AgencyCode::parse(code.as_str()).as_ref(), Ok(&code));
    }
    if let Ok(code) = TaxCode::parse(input) {
        assert_eq!(TaxCode::parse(&code.to_string()).as_ref(), Ok(&code));
    }
    if let Some(key) = IdentifierKey::typed(input) {
        assert!(!key.as_str().is_empty());
    }
    let _ = masked(input);
    let once = text::search_key(input);
    assert_eq!(
        text::search_key(&once),
        once,
        "a search key is its own search key"
    );
    let _ = text::label(input, 100);
});
