//! Rules that provinces differ in, as one plain value. Every field has a safe default.

use std::time::Duration;

use crate::base::issuer::{Issuer, IssuerKey};
use crate::jose::JwkSet;
use crate::model::authentication::Level;

/// How long things live. This is the documented table; every entry can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Authorization codes: 60 s at most.
    pub code: Duration,
    /// Access tokens.
    pub access_token: Duration,
    /// ID Tokens.
    pub id_token: Duration,
    /// Refresh tokens of web clients, from the first authorization.
    pub refresh_token: Duration,
    /// Refresh tokens of native clients with `offline_access`.
    pub refresh_token_native: Duration,
    /// Within this long after a rotation the same sender gets the same successor again.
    pub refresh_grace: Duration,
    /// A session that is not used ends.
    pub session_idle: Duration,
    /// A session ends at last.
    pub session_total: Duration,
    /// So often sessions that began with a certificate are judged anew.
    pub certificate_check: Duration,
    /// A browser may begin with a pushed request: 10 minutes at most (RFC 9126 §2.2, FAPI 2.0
    /// Security Profile §5.3.2.2).
    pub pushed_request: Duration,
    /// A page that asks something may stay open.
    pub interaction: Duration,
    /// A one-time link works.
    pub activation_link: Duration,
    /// A new key is published before it signs.
    pub key_announcement: Duration,
    /// An old client secret is accepted after a rotation.
    pub secret_overlap: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: Duration::from_secs(60),
            access_token: Duration::from_secs(600),
            id_token: Duration::from_secs(600),
            refresh_token: Duration::from_secs(8 * 3600),
            refresh_token_native: Duration::from_secs(30 * 86_400),
            refresh_grace: Duration::from_secs(10),
            session_idle: Duration::from_secs(30 * 60),
            session_total: Duration::from_secs(10 * 3600),
            certificate_check: Duration::from_secs(5 * 60),
            pushed_request: Duration::from_secs(90),
            interaction: Duration::from_secs(15 * 60),
            activation_link: Duration::from_secs(72 * 3600),
            key_announcement: Duration::from_secs(3600),
            secret_overlap: Duration::from_secs(24 * 3600),
        }
    }
}

/// What a password must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// At least so many characters.
    pub min_length: usize,
    /// How many earlier passwords may not come back.
    pub history: usize,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            min_length: 14,
            history: 5,
        }
    }
}

/// The cost of hashing a password with Argon2id (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB, 2 passes, 1 lane: the first recommendation of the OWASP password storage sheet.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

/// When guessing is slowed down: per account **and** source, so that one attacker cannot lock an
/// office out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleRules {
    /// Wrong passwords for one account from one source within the window.
    pub per_account_and_source: u32,
    /// Wrong passwords from one source for all accounts within the window.
    pub per_source: u32,
    /// Authorization requests of one source that wait for a person, begun within the lifetime of
    /// an interaction.
    pub unfinished_per_source: u32,
    /// Pushed requests of one client that proved itself and that nobody finished, pushed within the
    /// lifetime of an interaction.
    pub pushed_per_client: u32,
    /// The window of wrong passwords.
    pub window: Duration,
}

impl Default for ThrottleRules {
    fn default() -> Self {
        Self {
            per_account_and_source: 5,
            per_source: 300,
            unfinished_per_source: 2_000,
            pushed_per_client: 10_000,
            window: Duration::from_secs(15 * 60),
        }
    }
}

/// How long those are left alone who do not take what is delivered to them (logout tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPauses {
    /// The longest wait between two attempts of one delivery.
    pub longest_pause: Duration,
    /// The longest time for which a receiver that keeps failing is not tried at all.
    pub longest_break: Duration,
}

impl Default for DeliveryPauses {
    fn default() -> Self {
        Self {
            longest_pause: Duration::from_secs(3600),
            longest_break: Duration::from_secs(900),
        }
    }
}

/// Where clients show certificates (RFC 8705).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// The public address, of the same form as an issuer; its endpoints are the aliases of §5.
    pub url: Issuer,
    /// The certificates, as DER, of the authorities that certify clients of `tls_client_auth`.
    pub authorities: Vec<Vec<u8>>,
}

/// Whether DPoP proofs must hold a nonce that the server chose (RFC 9449 §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopNonce {
    /// No: their `jti` is used once, and they count for a minute.
    #[default]
    Off,
    /// Yes, all of them.
    Required,
}

/// Who may register clients over the protocol (RFC 7591 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Nobody; administrators register clients.
    #[default]
    Off,
    /// Whoever holds an initial access token.
    InitialAccessToken,
    /// Anybody.
    Open,
}

/// Where the keys of an issuer of software statements are.
#[derive(Clone, Debug)]
pub enum StatementKeys {
    /// Here.
    Set(JwkSet),
    /// At an https address.
    Uri(String),
}

/// Somebody whose software statements are believed (RFC 7591 §2.3).
#[derive(Clone, Debug)]
pub struct StatementIssuer {
    /// The `iss` of the statements.
    pub issuer: String,
    /// What verifies them.
    pub keys: StatementKeys,
}

/// What clients that register themselves may be, and how many.
#[derive(Clone, Debug)]
pub struct RegistrationRules {
    /// Who may register.
    pub mode: RegistrationMode,
    /// The scopes they may have.
    pub scopes: Vec<String>,
    /// Registrations of one source within the window.
    pub per_source: u32,
    /// The window.
    pub window: Duration,
    /// A client that anybody registered goes when nobody signed in with it for this long.
    pub unused: Duration,
    /// Whose software statements are believed.
    pub statements: Vec<StatementIssuer>,
    /// Whether such clients may do what only a conformance suite needs: every response type, and
    /// codes without PKCE.
    pub certifies: bool,
}

impl Default for RegistrationRules {
    fn default() -> Self {
        let scopes = [
            "openid",
            "profile",
            "email",
            "phone",
            "address",
            "offline_access",
        ];
        Self {
            mode: RegistrationMode::Off,
            scopes: scopes.map(str::to_owned).to_vec(),
            per_source: 20,
            window: Duration::from_secs(3_600),
            unused: Duration::from_secs(7 * 86_400),
            statements: Vec::new(),
            certifies: false,
        }
    }
}

/// Rules for a whole installation under one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Each client by its own registration.
    #[default]
    Default,
    /// Only clients that keep the FAPI 2.0 Security Profile.
    Fapi2Security,
    /// Only clients that keep FAPI 2.0 Message Signing.
    Fapi2MessageSigning,
    /// For a conformance suite; never for real work.
    Certification,
}

impl Preset {
    /// Whether only clients of a FAPI profile may be registered.
    pub const fn is_fapi(self) -> bool {
        matches!(self, Self::Fapi2Security | Self::Fapi2MessageSigning)
    }
}

/// Everything a decision may need to know about the installation's rules.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The key of the issuer in the store.
    pub issuer_key: IssuerKey,
    /// The issuer.
    pub issuer: Issuer,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
    /// Password rules.
    pub passwords: PasswordRules,
    /// Password hashing cost.
    pub password_cost: PasswordCost,
    /// Throttling.
    pub throttle: ThrottleRules,
    /// Clock difference tolerated in assertions of others.
    pub skew: Duration,
    /// Where clients show certificates; nowhere when absent.
    pub mutual_tls: Option<MutualTls>,
    /// Whether DPoP proofs must hold a nonce of ours.
    pub dpop_nonce: DpopNonce,
    /// The JWA name of the algorithm that signs access tokens and new clients' ID Tokens.
    pub default_alg: String,
    /// How long a key signs before a successor is made by itself; none when only people rotate.
    pub key_rotation: Option<Duration>,
    /// Whether every client must push its authorization requests (RFC 9126 §5).
    pub require_pushed: bool,
    /// The levels that a password alone, and later factors, can reach here.
    pub levels: Vec<Level>,
    /// Clients that register themselves.
    pub registration: RegistrationRules,
    /// The preset of the whole installation.
    pub preset: Preset,
    /// Receivers that fail.
    pub delivery_pauses: DeliveryPauses,
}

impl Policy {
    /// The default rules for an issuer.
    pub fn new(issuer_key: IssuerKey, issuer: Issuer) -> Self {
        Self {
            issuer_key,
            issuer,
            lifetimes: Lifetimes::default(),
            passwords: PasswordRules::default(),
            password_cost: PasswordCost::default(),
            throttle: ThrottleRules::default(),
            skew: Duration::from_secs(30),
            mutual_tls: None,
            dpop_nonce: DpopNonce::default(),
            default_alg: "ES256".to_owned(),
            key_rotation: Some(Duration::from_secs(90 * 86_400)),
            require_pushed: false,
            levels: vec![Level::One],
            registration: RegistrationRules::default(),
            preset: Preset::Default,
            delivery_pauses: DeliveryPauses::default(),
        }
    }
}
