//! The configuration: a TOML file and environment variables over it, parsed whole or refused with
//! *all* problems at once. A file per section; each key is documented once, in its section's table.
//!
//! The section files say what may be written and what it becomes. Relations between keys (TLS or
//! loopback, key outside the data) are checked here too, so that whoever holds [`Settings`] holds
//! something that makes sense. Files named by keys are not opened here.

mod administration;
mod audit;
mod certificates;
mod declared;
mod explain;
mod issuer;
pub mod key;
mod keys;
mod lifetimes;
mod listen;
mod mutual_tls;
mod outgoing;
mod passwords;
mod provider;
mod province;
mod reader;
mod registration;
mod shared;
mod source;
mod store;
mod telemetry;
mod throttle;
mod tickets;
mod tokens;
mod value;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use idp_core::model::configuration::SharedConfiguration;
use idp_core::policy::{DpopNonce, Lifetimes, Policy, Preset, RegistrationRules, ThrottleRules};

use crate::outside::fetch::FetchRules;
use crate::outside::master_key::MasterKeySource;
use crate::ui::Branding;

pub use administration::AdministrationSettings;
pub use audit::AuditSettings;
pub use declared::DeclaredSettings;
pub use explain::{Basics, default_file, explain, manual, present_value};
pub use issuer::IssuerSettings;
pub use keys::DeviceSettings;
pub use listen::{ListenSettings, TlsFiles};
pub use mutual_tls::MutualTlsSettings;
pub use passwords::PasswordSettings;
pub use province::{LOGO_PATH, ProvinceSettings};
pub use store::{PostgresSettings, StoreSettings};
pub use telemetry::{LogFormat, TelemetrySettings};
pub use tickets::TicketSettings;

pub(crate) use value::distance;

pub use certificates::CertificateSettings;
use key::Key;
use reader::Reader;

/// Where the configuration lies when nobody says where.
pub const DEFAULT_FILE: &str = "/etc/idp/idp.toml";

/// The file that is meant: the named one, else `idp.toml` here, else [`DEFAULT_FILE`].
#[must_use]
pub fn file(named: Option<&Path>) -> PathBuf {
    let here = Path::new("idp.toml");
    match named {
        Some(named) => named.to_owned(),
        None if here.exists() => here.to_owned(),
        None => PathBuf::from(DEFAULT_FILE),
    }
}

/// The sections in the order of the manual, each with its keys.
const SECTIONS: &[&[Key]] = &[
    issuer::KEYS,
    listen::KEYS,
    mutual_tls::KEYS,
    store::KEYS,
    tickets::KEYS,
    keys::KEYS,
    provider::KEYS,
    declared::KEYS,
    registration::KEYS,
    certificates::KEYS,
    province::KEYS,
    lifetimes::KEYS,
    tokens::KEYS,
    passwords::KEYS,
    throttle::KEYS,
    outgoing::KEYS,
    telemetry::KEYS,
    audit::KEYS,
    administration::KEYS,
];

/// One thing that is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The key's path, or the line of a file that is no TOML.
    pub key: String,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; expected: {}", self.key, self.wrong, self.right)
    }
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} problem(s) in the configuration", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// A configuration without problems.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are.
    pub issuer: IssuerSettings,
    /// Where we listen.
    pub listen: ListenSettings,
    /// Where the data rest.
    pub store: StoreSettings,
    /// Redis for the tickets; none when they rest with the data.
    pub tickets: Option<TicketSettings>,
    /// Where the key-encrypting key is kept.
    pub master_key: MasterKeySource,
    /// The device that holds signing keys; none when all rest in the store.
    pub device: Option<DeviceSettings>,
    /// How long a key signs before a successor is made by itself; none when only people rotate.
    pub key_rotation: Option<Duration>,
    /// The preset of the whole installation.
    pub preset: Preset,
    /// Clients and a person that files declare.
    pub declared: DeclaredSettings,
    /// Clients that register themselves.
    pub registration: RegistrationRules,
    /// People who sign in with certificates.
    pub certificates: CertificateSettings,
    /// What people see.
    pub province: ProvinceSettings,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How certificates of clients reach us.
    pub mutual_tls: Option<MutualTlsSettings>,
    /// Whether DPoP proofs must hold a nonce of ours.
    pub dpop_nonce: DpopNonce,
    /// Passwords.
    pub passwords: PasswordSettings,
    /// Slowing down of guesses.
    pub throttle: ThrottleRules,
    /// Requests to others.
    pub outgoing: FetchRules,
    /// Logs and metrics.
    pub telemetry: TelemetrySettings,
    /// Where the heads of the audit go.
    pub audit: AuditSettings,
    /// The command line.
    pub administration: AdministrationSettings,
    /// What all nodes on the same store must be told alike.
    pub shared: SharedConfiguration,
    /// Keys that weaken the installation and are set, for `idp doctor` and the banner.
    pub dangers: Vec<&'static str>,
}

impl Settings {
    /// Reads a file and the variables `IDP__SECTION__KEY` over it.
    ///
    /// # Errors
    /// All problems at once; a file that cannot be read is one.
    pub fn load(
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            Problems(vec![Problem {
                key: file.display().to_string(),
                wrong: format!("cannot be read: {e}"),
                right: "name the file with --config, or write one with `idp init`".to_owned(),
            }])
        })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder, environment)
    }

    /// Reads a file's text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn parse(
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let given = source::merge(text, environment).map_err(|problem| Problems(vec![problem]))?;
        let keys: Vec<Key> = all_keys().copied().collect();
        let mut reader = Reader::new(&keys, given, folder);
        let read = Self::read(&mut reader);
        match (read, reader.finish()) {
            (Some(settings), problems) if problems.is_empty() => Ok(settings),
            (_, problems) => Err(Problems(problems)),
        }
    }

    /// Every section is read whatever is wrong with another.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let issuer = issuer::read(reader);
        let listen = listen::read(reader);
        let mutual_tls = mutual_tls::read(reader, listen.as_ref());
        let store = store::read(reader);
        let tickets = tickets::read(reader);
        let master_key = keys::read(reader);
        let device = keys::read_device(reader);
        let key_rotation = keys::read_rotation(reader);
        let preset = provider::read(reader);
        let declared = declared::read(reader, preset);
        let registration = registration::read(reader, preset);
        let certificates = certificates::read(reader);
        let province = province::read(reader, preset);
        let lifetimes = lifetimes::read(reader);
        let dpop_nonce = tokens::read(reader);
        let passwords = passwords::read(reader);
        let throttle = throttle::read(reader);
        let outgoing = outgoing::read(reader, preset);
        let telemetry = telemetry::read(reader);
        let audit = audit::read(reader);
        let administration = administration::read(reader);
        let dangers = all_keys().filter(|key| key.is_danger()).map(|key| key.path);
        let dangers: Vec<_> = dangers.filter(|path| reader.switch(path)).collect();
        let (issuer, store) = (issuer?, store?);
        Some(Self {
            listen: listen?.completed(&store),
            issuer,
            store,
            tickets,
            master_key: master_key?,
            device,
            key_rotation,
            preset,
            declared,
            registration,
            certificates,
            province: province?,
            lifetimes,
            dpop_nonce,
            mutual_tls,
            passwords,
            throttle,
            outgoing,
            telemetry: telemetry?,
            audit,
            administration,
            shared: shared::read(reader),
            dangers,
        })
    }

    /// The rules that decisions are made by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            lifetimes: self.lifetimes.clone(),
            passwords: self.passwords.rules.clone(),
            password_cost: self.passwords.cost,
            throttle: self.throttle.clone(),
            skew: self.issuer.clock_skew,
            dpop_nonce: self.dpop_nonce,
            default_alg: self.issuer.default_algorithm.name().to_owned(),
            key_rotation: self.key_rotation,
            require_pushed: self.issuer.require_pushed || self.preset.is_fapi(),
            registration: self.registration.clone(),
            levels: self.certificates.levels(),
            preset: self.preset,
            ..Policy::new(self.issuer.key.clone(), self.issuer.url.clone())
        }
    }

    /// What the pages show.
    #[must_use]
    pub fn branding(&self) -> &Branding {
        &self.province.branding
    }
}

/// The key that was probably meant by one that is none.
#[must_use]
pub fn nearest(path: &str) -> Option<&'static str> {
    let keys: Vec<Key> = all_keys().copied().collect();
    reader::nearest(&keys, path)
}

/// All keys, in the order of the manual.
pub fn all_keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.iter())
}
