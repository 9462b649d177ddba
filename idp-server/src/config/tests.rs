//! The configuration as a whole: defaults, refusals, and what is generated from the table.

use std::path::Path;
use std::time::Duration;

use idp_core::policy::Policy;

use super::{Basics, Problem, Settings, all_keys, default_file, explain, key, manual};
use crate::outside::fetch::FetchRules;
use crate::outside::master_key::MasterKeySource;
use crate::outside::passwords::HashingBounds;

const LEAST: &str = "
issuer.url = 'https://sso.tinh.example'
province.name_vi = 'Tỉnh Bình Minh'
keys.master_key_file = 'secrets/master.key'
";

fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
    Settings::parse(text, Path::new("/etc/idp"), []).map_err(|problems| problems.0)
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The keys that are complained about when `lines` are added to the least configuration.
fn complaints(lines: &str) -> Vec<String> {
    let problems = parse(&format!("{LEAST}{lines}")).err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.key).collect()
}

#[test]
fn three_lines_are_enough_and_the_defaults_are_those_of_the_rooms() {
    let settings = parse(LEAST).unwrap();
    let policy = settings.policy();
    let default = Policy::new(policy.issuer_key.clone(), policy.issuer.clone());
    assert_eq!(format!("{policy:?}"), format!("{default:?}"));
    assert_eq!(settings.passwords.bounds, HashingBounds::default());
    assert_eq!(settings.listen.limits, crate::listen::Limits::default());
    assert_eq!(settings.store.folder, Path::new("/etc/idp/data"));
    assert_eq!(
        settings.listen.admin_socket,
        Path::new("/etc/idp/data/admin.sock")
    );
    let key = MasterKeySource::File("/etc/idp/secrets/master.key".into());
    assert_eq!(settings.master_key, key);
    let fetch = FetchRules::default();
    assert_eq!(settings.outgoing.exceptions, fetch.exceptions);
    assert_eq!(
        (settings.outgoing.connect, settings.outgoing.total),
        (fetch.connect, fetch.total)
    );
    assert!(settings.dangers.is_empty());
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = parse(
        "
        colour = 'blue'
        [issuer]
        url = 'http://sso.tinh.example'
        [listen]
        adress = '127.0.0.1:80'
        trusted_proxies = ['0.0.0.0/0', 'proxy']
        [listen.tls]
        key = 'k.pem'
        [lifetimes]
        code = '61s'
        session_idle = '11h'
        access_token = 600
        [passwords]
        min_length = '14'
        [province]
        primary_colour = 'blue'
        name_vi = 'Tỉnh Bình Minh'
        [metrics]
        ",
    )
    .unwrap_err();
    let keys: Vec<_> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "colour",
            "issuer.url",
            "keys",
            "lifetimes.access_token",
            "lifetimes.code",
            "lifetimes.session_idle",
            "listen.adress",
            "listen.tls.certificate",
            "listen.trusted_proxies",
            "listen.trusted_proxies",
            "metrics",
            "passwords.min_length",
            "province.primary_colour",
        ]
    );
    let adress = problems.iter().find(|p| p.key == "listen.adress").unwrap();
    assert_eq!(adress.right, "did you mean listen.address?");
    let code = problems.iter().find(|p| p.key == "lifetimes.code").unwrap();
    assert!(code.right.ends_with("from 1s to 1m"), "{code}");
}

#[test]
fn each_rule_has_its_complaint() {
    for (lines, key) in [
        ("issuer.key = 'Main'", "issuer.key"),
        (
            "issuer.default_algorithm = 'none'",
            "issuer.default_algorithm",
        ),
        ("listen.address = 'localhost'", "listen.address"),
        ("listen.address = '0.0.0.0:8080'", "listen.address"),
        ("listen.tls.certificate = 'c.pem'", "listen.tls.key"),
        ("listen.proxy_header = 'x-real-ip'", "listen.proxy_header"),
        ("listen.connections = 1", "listen.connections"),
        ("keys.master_key_credential = 'k'", "keys"),
        (
            "keys.pkcs11_module = 'm.so'\nkeys.pkcs11_pin_file = 'p'",
            "keys.pkcs11_token",
        ),
        (
            "keys.pkcs11_token = 'idp'\nkeys.pkcs11_pin_file = 'p'",
            "keys.pkcs11_module",
        ),
        (
            "keys.pkcs11_module = 'm.so'\nkeys.pkcs11_token = 'idp'",
            "keys",
        ),
        (
            "keys.pkcs11_module = 'm.so'\nkeys.pkcs11_token = 'idp'\n\
             keys.pkcs11_pin_file = 'p'\nkeys.pkcs11_pin_credential = 'p'",
            "keys",
        ),
        ("keys.rotate_every = '23h'", "keys.rotate_every"),
        (
            "keys.rotate_every = '30d'\nlifetimes.key_announcement = '30d'",
            "keys.rotate_every",
        ),
        (
            "keys.pkcs11_module = 'm.so'\nkeys.pkcs11_pin_file = 'p'\n\
             keys.pkcs11_token = 'a label of more than thirty-two octets'",
            "keys.pkcs11_token",
        ),
        (
            "keys.pkcs11_module = 'm.so'\nkeys.pkcs11_token = 'idp'\n\
             keys.pkcs11_pin_credential = '../pin'",
            "keys.pkcs11_pin_credential",
        ),
        ("store.folder = ''", "store.folder"),
        ("tickets.mode = 'redis'", "tickets.mode"),
        ("tickets.mode = 'single'", "tickets.urls"),
        ("tickets.urls = ['redis://localhost']", "tickets.mode"),
        ("tickets.user = 'idp'", "tickets"),
        (
            "tickets.mode = 'single'\ntickets.urls = ['redis://a:b@localhost']",
            "tickets.urls",
        ),
        (
            "tickets.mode = 'sentinel'\ntickets.urls = ['redis://localhost']",
            "tickets.sentinel_master",
        ),
        (
            "tickets.mode = 'cluster'\ntickets.urls = ['redis://192.0.2.1']",
            "tickets",
        ),
        (
            "tickets.mode = 'single'\ntickets.urls = ['rediss://192.0.2.1']",
            "tickets",
        ),
        ("province.logo = 'logo.svg'", "province.logo"),
        ("province.support_mail = 'nobody'", "province.support_mail"),
        (
            "passwords.argon2_memory_kib = 1024",
            "passwords.argon2_memory_kib",
        ),
        ("throttle.window = '1s'", "throttle.window"),
        (
            "outgoing.private_hosts = ['http://a.lan']",
            "outgoing.private_hosts",
        ),
        ("outgoing.private_hosts = [1]", "outgoing.private_hosts"),
        (
            "outgoing.certificate_status_hosts = ['http://crl.ca.example']",
            "outgoing.certificate_status_hosts",
        ),
        (
            "lifetimes.certificate_check = '10s'",
            "lifetimes.certificate_check",
        ),
        (
            "outgoing.danger_allow_loopback = 'true'",
            "outgoing.danger_allow_loopback",
        ),
        ("telemetry.log_level = 'trace'", "telemetry.log_level"),
        (
            "telemetry.metrics_address = '9090'",
            "telemetry.metrics_address",
        ),
        (
            "administration.default_acting = ''",
            "administration.default_acting",
        ),
        ("lifetimes.codes = '1s'", "lifetimes.codes"),
    ] {
        assert_eq!(complaints(lines), [key], "{lines}");
    }
}

#[test]
fn tickets_go_to_redis_when_it_is_named() {
    let settings = parse(
        "
        [issuer]
        url = 'https://sso.tinh.example'
        [keys]
        master_key_file = 'master.key'
        [province]
        name_vi = 'Tỉnh Bình Minh'
        [tickets]
        mode = 'sentinel'
        urls = ['rediss://s1.tinh.lan:26379', 'rediss://s2.tinh.lan:26379']
        sentinel_master = 'idp'
        sentinel_password_file = 's.password'
        user = 'idp'
        password_file = 'redis.password'
        timeout = '700ms'
        replicas = 1
        ",
    );
    let tickets = settings.unwrap().tickets.unwrap();
    assert_eq!(
        tickets.password_file.unwrap(),
        Path::new("/etc/idp/redis.password")
    );
    assert_eq!(tickets.redis.replicas, 1);
    assert_eq!(tickets.redis.call_limit.as_millis(), 700);
    let credentials = tickets.redis.credentials.unwrap();
    assert_eq!(credentials.user.as_deref(), Some("idp"));
}

#[test]
fn a_file_that_is_no_toml_names_its_line_and_not_its_content() {
    let problems = parse("issuer.url = 'x'\nsecret value\n").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].key, "line 2");
    assert!(
        !problems[0].to_string().contains("secret value"),
        "{}",
        problems[0]
    );
}

#[test]
fn reachable_addresses_are_accepted_with_tls_or_behind_proxies() {
    for lines in [
        "listen.address = '[::]:8443'\nlisten.tls.certificate = 'c'\nlisten.tls.key = 'k'",
        "listen.address = '0.0.0.0:8080'\nlisten.trusted_proxies = ['10.0.0.5/32']",
    ] {
        assert_eq!(complaints(lines), Vec::<String>::new(), "{lines}");
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = variables(&[
        ("IDP__LIFETIMES__CODE", "30s"),
        ("IDP__PASSWORDS__MIN_LENGTH", "20"),
        ("IDP__OUTGOING__PRIVATE_HOSTS", "a.lan, B.LAN"),
        ("IDP__OUTGOING__CERTIFICATE_STATUS_HOSTS", "CRL.ca.example"),
        ("IDP__OUTGOING__DANGER_ALLOW_LOOPBACK", "true"),
        ("IDP_OTHER", "x"),
    ]);
    let settings = Settings::parse(LEAST, Path::new("/"), environment).unwrap();
    assert_eq!(settings.lifetimes.code, Duration::from_secs(30));
    assert_eq!(settings.passwords.rules.min_length, 20);
    let hosts: Vec<_> = settings.outgoing.exceptions.hosts.iter().collect();
    assert_eq!(hosts, ["a.lan", "b.lan"]);
    let asked = &settings.outgoing.exceptions.status_hosts;
    assert_eq!(*asked, ["crl.ca.example".to_owned()].into());
    assert_eq!(settings.dangers, ["outgoing.danger_allow_loopback"]);
    let wrong = variables(&[("IDP__LISTEN__ADRESS", "x"), ("IDP__LIFETIMES__CODE", "5m")]);
    let problems = Settings::parse(LEAST, Path::new("/"), wrong).unwrap_err().0;
    let keys: Vec<_> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(keys, ["lifetimes.code", "listen.adress"]);
}

#[test]
fn the_first_file_is_accepted_and_holds_every_key() {
    let file = default_file(&Basics {
        issuer: "https://sso.tinh.example",
        province_name: "Tỉnh \"Bình Minh\"",
        administrator: "quantri",
    });
    let settings = parse(&file).unwrap();
    assert_eq!(
        settings.administration.default_acting.as_deref(),
        Some("quantri")
    );
    for key in all_keys() {
        assert!(file.contains(&format!("{} = ", key.name())), "{}", key.path);
    }
}

#[test]
fn every_example_and_default_is_of_its_kind() {
    for key in all_keys() {
        let defaults = match key.absent {
            key::Absent::Value(text) => vec![text, key.example],
            _ => vec![key.example],
        };
        for text in defaults {
            let line = format!("{} = {}", key.path, key.as_toml(text));
            let bad = complaints(&line).into_iter().find(|complaint| {
                // Examples may need another key beside them; they must not be wrong themselves.
                complaint == key.path && !line.starts_with("listen.address")
            });
            let known = ["issuer.url", "province.name_vi", "keys.master_key_file"];
            assert!(bad.is_none() || known.contains(&key.path), "{line}");
        }
        assert!(!key.vi.is_empty() && !key.en.is_empty(), "{}", key.path);
    }
}

#[test]
fn explanations_name_value_default_and_variable() {
    let text = explain(Some("lifetimes.code")).unwrap();
    for part in [
        "60s",
        "IDP__LIFETIMES__CODE",
        "Authorization codes",
        "uỷ quyền",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        explain(Some("outgoing.danger_allow_loopback"))
            .unwrap()
            .contains("Danger")
    );
    assert!(explain(Some("listen")).unwrap().contains("listen.tls.key"));
    assert_eq!(explain(None).unwrap().lines().count(), all_keys().count());
    assert_eq!(explain(Some("lifetime")), None);
}

#[test]
fn present_values_name_their_origin() {
    let environment = || variables(&[("IDP__LIFETIMES__CODE", "30s")]);
    let present = |path| super::present_value(path, LEAST, environment());
    assert_eq!(
        present("lifetimes.code"),
        Some(("30s".to_owned(), "environment"))
    );
    let url = "\"https://sso.tinh.example\"".to_owned();
    assert_eq!(present("issuer.url"), Some((url, "file")));
    assert_eq!(present("issuer.key"), None);
}

/// Set `IDP_WRITE_MANUALS=1` to write the page anew after a change of the table.
#[test]
fn the_operators_manual_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operators/configuration.md");
    if std::env::var_os("IDP_WRITE_MANUALS").is_some() {
        std::fs::write(&page, manual()).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(
        written == manual(),
        "run this test with IDP_WRITE_MANUALS=1 and commit the page"
    );
}
