//! Which keys all nodes of an installation must be told alike, and their values in one form.

use idp_core::model::configuration::SharedConfiguration;

use super::all_keys;
use super::key::Key;
use super::reader::Reader;

/// Sections that are rules for everybody.
const SECTIONS: [&str; 6] = [
    "certificates",
    "issuer",
    "lifetimes",
    "provider",
    "registration",
    "throttle",
];

/// Single keys of other sections: rules about keys and passwords, and which Redis holds the
/// tickets. What a machine of its own kind may have otherwise (hashing at once, time limits, files)
/// is not here.
const SINGLE: [&str; 12] = [
    "keys.rotate_every",
    "passwords.min_length",
    "passwords.history",
    "passwords.argon2_memory_kib",
    "passwords.argon2_passes",
    "passwords.argon2_lanes",
    "tickets.mode",
    "tickets.urls",
    "tickets.sentinel_master",
    "tickets.prefix",
    "mutual_tls.url",
    "tokens.dpop_nonce",
];

/// Whether all nodes must be told the same. No such key holds a secret.
pub(super) fn is_shared(key: &Key) -> bool {
    SECTIONS.contains(&key.section()) || SINGLE.contains(&key.path)
}

/// The values as they count: defaults included, spans and lists written in one way only.
pub(super) fn read(reader: &mut Reader<'_>) -> SharedConfiguration {
    let shared = all_keys().filter(|key| is_shared(key));
    let values = shared.map(|key| (key.path.to_owned(), reader.canonical(key.path)));
    SharedConfiguration(values.collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Settings;

    fn shared(more: &str) -> SharedConfiguration {
        let text = format!(
            "issuer.url = 'https://sso.tinh.example'\nprovince.name_vi = 'Tỉnh Bình Minh'\n\
             keys.master_key_file = 'master.key'\n{more}"
        );
        Settings::parse(&text, Path::new("/etc/idp"), [])
            .unwrap()
            .shared
    }

    #[test]
    fn the_same_value_written_otherwise_is_the_same() {
        let redis = "tickets.mode = 'sentinel'\ntickets.sentinel_master = 'idp'\n";
        let one = format!(
            "{redis}lifetimes.session_total = '10h'\nlifetimes.session_idle = '90m'\n\
             tickets.urls = ['redis://127.0.0.1:1', 'redis://127.0.0.1:2']"
        );
        let other = format!(
            "{redis}lifetimes.session_idle = '1h30m'\n\
             tickets.urls = ['redis://127.0.0.1:2', 'redis://127.0.0.1:1']"
        );
        assert_eq!(shared(&one), shared(&other));
    }

    #[test]
    fn rules_are_compared_and_machines_are_not() {
        let plain = shared("");
        assert_ne!(plain, shared("lifetimes.code = '30s'"));
        assert_ne!(plain, shared("passwords.argon2_passes = 3"));
        assert_eq!(
            plain,
            shared("passwords.parallel = 8\nlisten.address = '[::1]:9000'\nstore.folder = '/srv'")
        );
        let keys: Vec<_> = SINGLE
            .iter()
            .filter(|key| !plain.0.contains_key(**key))
            .collect();
        assert!(keys.is_empty(), "no such keys: {keys:?}");
    }

    #[test]
    fn no_file_and_no_secret_is_compared() {
        let named = |word: &str| {
            all_keys()
                .filter(|k| is_shared(k))
                .any(|k| k.path.contains(word))
        };
        assert!(!named("password_file") && !named("credential") && !named("_file"));
    }
}
