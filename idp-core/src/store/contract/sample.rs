//! Invented aggregates. Equal numbers give equal aggregates.

use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::event::{Actor, Circumstances, Event, What};
use crate::model::address::{Address, AddressPart};
use crate::model::authentication::{Authentication, Level, Method};
use crate::model::client::{
    Client, ClientAuthenticationMethod, ClientId, ClientKind, ConsentRule, GrantType,
    PositionChoice,
};
use crate::model::confirmation::Confirmation;
use crate::model::credential::{
    ActivationLink, CertificateBinding, CertificateCredential, Credential, CredentialSecret,
    PasswordCredential,
};
use crate::model::grant::{Grant, GrantState};
use crate::model::identifier::{AgencyCode, Identifier, IdentifierKind};
use crate::model::organisation_unit::{OrganisationUnit, UnitState};
use crate::model::outbox::{OutboxEntry, OutboxKind, OutboxState};
use crate::model::role::{Role, RoleName};
use crate::model::session::Session;
use crate::model::trust::Der;
use crate::model::user::{AccountKind, AccountState, User};
use crate::model::{LocalText, UserId, Version};

/// A moment, in milliseconds after the beginning.
pub const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// An identifier whose order is that of its number.
pub const fn id<K>(number: u128) -> Id<K> {
    Id::from_u128(number << 80)
}

/// An active official with a user name.
pub fn user(number: u128, name: &str, user_name: &str) -> User {
    User {
        id: id(number),
        version: Version::NEW,
        kind: AccountKind::Official,
        state: AccountState::Active,
        name: name.to_owned(),
        identifiers: vec![identifier(IdentifierKind::UserName, user_name)],
        external_identities: Vec::new(),
        positions: Vec::new(),
        roles: Vec::new(),
        address: address(),
        claims: Box::default(),
        locale: None,
        created_at: at(1),
        updated_at: at(1),
    }
}

/// An address of several lines.
fn address() -> Address {
    let mut address = Address::default();
    address
        .set(AddressPart::StreetAddress, Some("12 ngõ 3\nđường Hoa Ban"))
        .unwrap();
    address
}

/// An identifier in its normal form.
pub fn identifier(kind: IdentifierKind, value: &str) -> Identifier {
    Identifier {
        kind,
        value: value.to_owned(),
        verified: None,
        assigned_at: at(1),
        released_at: None,
    }
}

/// A password that nobody knows.
pub fn password(number: u128, user: UserId) -> Credential {
    Credential {
        id: id(number),
        version: Version::NEW,
        user,
        secret: CredentialSecret::Password(PasswordCredential {
            hash: format!("$argon2id${number}"),
            must_change: false,
            history: Vec::new(),
        }),
        set_at: at(1),
    }
}

/// A one-time link whose secret is `secret`.
pub fn link(number: u128, user: UserId, secret: &str) -> Credential {
    Credential {
        secret: CredentialSecret::ActivationLink(ActivationLink {
            digest: Digest::of(secret.as_bytes()),
            expires_at: at(1_000),
        }),
        ..password(number, user)
    }
}

/// A certificate whose key is known by `key`.
pub fn certificate(number: u128, user: UserId, key: &str) -> Credential {
    Credential {
        secret: CredentialSecret::Certificate(CertificateCredential {
            certificate: Der(key.as_bytes().to_vec()),
            key: Digest::of(key.as_bytes()),
            anchor: "g2".to_owned(),
            expires_at: at(1),
            binding: CertificateBinding::ByAdministrator,
        }),
        ..password(number, user)
    }
}

/// An active unit.
pub fn unit(number: u128, code: &str, parent: Option<u128>) -> OrganisationUnit {
    OrganisationUnit {
        id: id(number),
        version: Version::NEW,
        code: AgencyCode::parse(code).unwrap(),
        name: LocalText::plain(code),
        parent: parent.map(id),
        state: UnitState::Active,
        valid_from: at(1),
        valid_until: None,
        replaced_by: None,
    }
}

/// A role.
pub fn role(name: &str) -> Role {
    Role {
        name: RoleName::new(name).unwrap(),
        version: Version::NEW,
        title: LocalText::plain(name),
        description: String::new(),
        built_in: false,
    }
}

/// A web client.
pub fn client(issuer: &IssuerKey, name: &str) -> Client {
    Client {
        id: ClientId::new(name).unwrap(),
        version: Version::NEW,
        issuer: issuer.clone(),
        name: LocalText::plain(name),
        kind: ClientKind::Web,
        disabled: false,
        authentication: ClientAuthenticationMethod::ClientSecretBasic,
        secrets: Vec::new(),
        jwks: None,
        jwks_uri: None,
        redirect_uris: vec!["https://app.tinh.example/callback".to_owned()],
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        grant_types: vec![GrantType::AuthorizationCode],
        scopes: vec!["openid".to_owned()],
        id_token_alg: "ES256".to_owned(),
        position: PositionChoice::Main,
        consent: ConsentRule::Never,
        introspects: false,
        unit: None,
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        access_token_seconds: None,
        features: Box::default(),
        sector: None,
        logo: None,
        registration: None,
        declared: false,
        created_at: at(1),
    }
}

fn authentication() -> Authentication {
    Authentication {
        methods: vec![Method::Password],
        level: Level::One,
        at: at(1),
    }
}

/// A session that began at 1 and lives until 1,000; its secret is its number.
pub fn session(number: u128, user: UserId) -> Session {
    Session {
        id: id(number),
        version: Version::NEW,
        issuer: IssuerKey::main(),
        user,
        secret: Digest::of(number.to_string().as_bytes()),
        authentication: authentication(),
        created_at: at(1),
        last_seen_at: at(1),
        expires_at: at(1_000),
        password_change_needed: false,
        ended: None,
        certificate: None,
        user_agent: String::new(),
    }
}

/// A grant to the client `app` in a session, alive until 1,000.
pub fn grant(number: u128, session: &Session) -> Grant {
    Grant {
        id: id(number),
        version: Version::NEW,
        issuer: IssuerKey::main(),
        user: session.user,
        client: ClientId::new("app").unwrap(),
        session: session.id,
        state: GrantState::Authorized,
        scope: vec!["openid".to_owned()],
        resources: Vec::new(),
        authorization_details: crate::model::authorization_details::AuthorizationDetails::NONE,
        position: None,
        nonce: None,
        told: None,
        authentication: authentication(),
        offline: false,
        generation: 0,
        claims: Default::default(),
        front_channel: false,
        rotated_at: at(0),
        confirmation: Confirmation::default(),
        refresh_confirmation: Confirmation::default(),
        created_at: at(1),
        expires_at: at(1_000),
    }
}

/// A delivery that is due at 10.
pub fn delivery(number: u128) -> OutboxEntry {
    OutboxEntry {
        id: id(number),
        issuer: IssuerKey::main(),
        kind: OutboxKind::BackChannelLogout,
        client: ClientId::new("app").unwrap(),
        payload: "sealed".to_owned(),
        state: OutboxState::Pending,
        attempts: 0,
        due_at: at(10),
        created_at: at(1),
        last_error: String::new(),
    }
}

/// An event that names its number.
pub fn event(number: u32) -> Event {
    let here = Circumstances::of_system(IssuerKey::main(), at(i64::from(number)));
    let what = What::RefusalsCounted {
        reason: "unknown_client".to_owned(),
        count: number,
    };
    here.event(Actor::System, what, &mut Entropy::from_seed(&[7; 32]))
}
