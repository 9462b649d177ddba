//! `idp client`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use idp_admin_api::client::{
    ClientAuthenticationMethod, ClientKind, ConsentRule, GrantType, PositionChoice,
};

use super::{Paging, wire};

/// Clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register an application; its secret is shown this once
    #[command(
        after_help = "Examples:\n  idp client add van-ban --name \"Quản lý văn bản\" --profile web --unit H42.7 \\\n    --redirect-uri https://vanban.tinh.example/signed-in \\\n    --backchannel-logout-uri https://vanban.tinh.example/logged-out\n  idp client add lgsp --name \"Trục liên thông\" --profile service --unit H42.7 \\\n    --jwks-uri https://lgsp.tinh.example/jwks"
    )]
    Add {
        /// The wished client_id; made up when absent
        client: Option<String>,
        /// The Vietnamese name
        #[arg(long)]
        name: String,
        /// The English name
        #[arg(long, value_name = "NAME")]
        name_en: Option<String>,
        /// Safe values for a usual kind of application, each explained; other options win
        #[arg(long, value_enum, value_name = "PROFILE", conflicts_with = "kind")]
        profile: Option<Profile>,
        /// What kind of program it is; a profile says it too, and more
        #[arg(long, default_value = "web", value_parser = wire::<ClientKind>(&["web", "spa", "native", "service", "device"]))]
        kind: ClientKind,
        /// The rest
        #[command(flatten)]
        fields: Box<ClientFields>,
    },
    /// Show an application
    Show {
        /// Its client_id
        client: String,
    },
    /// List applications, by client_id
    List {
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Search by words of the name, with or without diacritics, or the beginning of the client_id
    Search {
        /// What to look for
        text: String,
        /// Which part of the list
        #[command(flatten)]
        paging: Paging,
    },
    /// Change an application
    ///
    /// Options that may be repeated replace the whole list. An empty value takes a field back.
    #[command(
        after_help = "Example:\n  idp client edit van-ban --redirect-uri https://a.example/in --redirect-uri https://b.example/in"
    )]
    Edit {
        /// Its client_id
        client: String,
        /// Another Vietnamese name
        #[arg(long)]
        name: Option<String>,
        /// Another English name; empty for none
        #[arg(long, value_name = "NAME")]
        name_en: Option<String>,
        /// Accept that the people it knows get another `sub` at it
        #[arg(long)]
        accept_new_subjects: bool,
        /// The rest
        #[command(flatten)]
        fields: Box<ClientFields>,
    },
    /// Tell what is weak about one application, or about all, and what to do
    #[command(after_help = "Example:\n  idp client check --output json")]
    Check {
        /// Its client_id
        client: Option<String>,
    },
    /// Take an application out of use: it gets no more tokens
    Disable {
        /// Its client_id
        client: String,
    },
    /// Take an application back into use
    Enable {
        /// Its client_id
        client: String,
    },
    /// Make a new secret and show it this once
    ///
    /// The present secret is accepted for the configured overlap (24 hours unless changed).
    RotateSecret {
        /// Its client_id
        client: String,
        /// The present secret stops working now, as after a theft
        #[arg(long)]
        at_once: bool,
    },
}

/// Profiles of applications: safe values under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// A server that keeps a secret
    Web,
    /// Script in a browser
    Spa,
    /// A program on the person's device
    Native,
    /// A device without browser or keyboard
    Device,
    /// A system that acts for itself
    Service,
    /// FAPI 2.0 Security Profile
    Fapi2,
    /// FAPI 2.0 Message Signing
    Fapi2MessageSigning,
    /// An application that cannot do better
    Legacy,
}

impl Profile {
    /// Its name in the API.
    #[must_use]
    pub const fn wire_name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::Device => "device",
            Self::Service => "service",
            Self::Fapi2 => "fapi2_security",
            Self::Fapi2MessageSigning => "fapi2_message_signing",
            Self::Legacy => "legacy",
        }
    }
}

/// What can be set when adding and editing alike.
#[derive(Clone, Debug, Default, Args)]
pub struct ClientFields {
    /// How it proves itself [default: by its kind]
    #[arg(long, value_name = "METHOD", value_parser = wire::<ClientAuthenticationMethod>(&[
        "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt",
        "tls_client_auth", "self_signed_tls_client_auth", "none",
    ]))]
    pub auth_method: Option<ClientAuthenticationMethod>,
    /// Where codes may be sent (repeatable)
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<Vec<String>>,
    /// Where browsers may go after signing out (repeatable)
    #[arg(long, value_name = "URL")]
    pub post_logout_redirect_uri: Option<Vec<String>>,
    /// Where logout tokens are sent
    #[arg(long, value_name = "URL")]
    pub backchannel_logout_uri: Option<String>,
    /// A file with its public keys (a JWK Set)
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    pub jwks: Option<PathBuf>,
    /// Where its public keys are
    #[arg(long, value_name = "URL")]
    pub jwks_uri: Option<String>,
    /// A grant type it may use (repeatable) [default: by its kind]
    #[arg(long, value_name = "TYPE", value_parser = wire::<GrantType>(&[
        "authorization_code", "implicit", "refresh_token", "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]))]
    pub grant_type: Option<Vec<GrantType>>,
    /// A scope it may ask for (repeatable) [default: by its kind]
    #[arg(long)]
    pub scope: Option<Vec<String>>,
    /// The algorithm that signs its ID Tokens
    #[arg(long, value_name = "ALG")]
    pub id_token_alg: Option<String>,
    /// Which position it is told: the main one, or the one the person chooses
    #[arg(long, value_parser = wire::<PositionChoice>(&["main", "ask"]))]
    pub position: Option<PositionChoice>,
    /// Whether people are asked before it learns about them
    #[arg(long, value_parser = wire::<ConsentRule>(&["never", "ask"]))]
    pub consent: Option<ConsentRule>,
    /// Whether it may introspect tokens
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub introspects: Option<bool>,
    /// The unit that answers for it (id or code)
    #[arg(long)]
    pub unit: Option<String>,
    /// A page about it
    #[arg(long, value_name = "URL")]
    pub client_uri: Option<String>,
    /// Its privacy policy
    #[arg(long, value_name = "URL")]
    pub policy_uri: Option<String>,
    /// Its terms
    #[arg(long, value_name = "URL")]
    pub tos_uri: Option<String>,
    /// Its own access-token lifetime in seconds
    #[arg(long, value_name = "N")]
    pub access_token_seconds: Option<u32>,
    /// A feature by its registered name (repeatable; an empty value takes it back)
    ///
    /// Names and values are those of the OAuth client metadata registry, such as
    /// `default_max_age=3600` or `dpop_bound_access_tokens=true`; a name given more than once makes
    /// a list.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}
