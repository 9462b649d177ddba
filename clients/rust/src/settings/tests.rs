use super::*;

fn refusal(issuer: &str, client_id: &str, base: &str) -> &'static str {
    Settings::new(issuer, client_id, base)
        .err()
        .map_or("accepted", |e| e.reason())
}

#[test]
fn addresses_are_checked_at_the_door() {
    let base = "https://app.example";
    assert_eq!(refusal("https://id.example", "a", base), "accepted");
    assert_eq!(
        refusal("http://localhost:1", "a", "http://127.0.0.1:2"),
        "accepted"
    );
    assert_eq!(refusal("id.example", "a", base), "issuer_unparsable");
    assert_eq!(refusal("http://id.example", "a", base), "issuer_insecure");
    assert_eq!(
        refusal("https://id.example?x", "a", base),
        "issuer_insecure"
    );
    assert_eq!(
        refusal("https://id.example", "a", "app"),
        "base_url_unparsable"
    );
    assert_eq!(
        refusal("https://id.example", "a", "http://app.example"),
        "base_url_insecure"
    );
    assert_eq!(refusal("https://id.example", "", base), "client_id_empty");
}

#[test]
fn weak_choices_are_refused() {
    let plain = || Settings::new("https://id.example", "a", "https://app.example").unwrap();
    let reason = |r: Result<Settings, Error>| r.err().map(|e| e.reason());
    assert_eq!(reason(plain().algorithms([])), Some("algorithms_empty"));
    for weak in [
        CoreJwsSigningAlgorithm::None,
        CoreJwsSigningAlgorithm::HmacSha256,
    ] {
        assert_eq!(reason(plain().algorithms([weak])), Some("algorithm_weak"));
    }
    assert_eq!(
        reason(plain().clock_skew(Duration::from_secs(301))),
        Some("skew_too_large")
    );
    assert_eq!(
        reason(plain().signed_out_path("//evil.example")),
        Some("path_not_local")
    );
    assert_eq!(
        reason(plain().trust(b"not a certificate")),
        Some("certificate_unreadable")
    );
}

#[test]
fn paths_hang_below_the_base() {
    let with_path = Settings::new("https://id.example", "a", "https://x.example/app/").unwrap();
    assert_eq!(
        with_path.address_of("/callback"),
        "https://x.example/app/callback"
    );
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let at = |base: &str| Settings::new("https://id.example", "a", base).unwrap();
    let plain = || at("https://app.example");
    let reason = |settings: Settings| settings.check().map_err(SettingsError::reason);
    for method in [
        ClientAuthentication::TlsClientAuth,
        ClientAuthentication::SelfSignedTlsClientAuth,
    ] {
        assert_eq!(
            reason(plain().authentication(method)),
            Err("client_certificate_missing")
        );
    }
    assert_eq!(
        reason(plain().require_encryption()),
        Err("decryption_key_missing")
    );
    for (base, expected) in [
        ("https://app.example", Ok(())),
        ("http://localhost:1", Ok(())),
        ("http://127.0.0.1:1", Err("form_post_insecure")),
    ] {
        let by_form = at(base).response_mode(ResponseMode::FormPostJwt);
        assert_eq!(reason(by_form), expected, "{base}");
    }
    let unreadable = plain().client_certificate(b"chain", b"key").unwrap_err();
    assert_eq!(unreadable.reason(), "client_certificate_unreadable");
}
