//! Invented people, units and clients for the tests of decisions.

use std::sync::Arc;

use super::acting::{Act, ActingAdministrator};
use crate::base::entropy::Entropy;
use crate::base::issuer::{Issuer, IssuerKey};
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::event::Circumstances;
use crate::model::address::Address;
use crate::model::authentication::{Authentication, Level, Method};
use crate::model::client::{
    Client, ClientAuthenticationMethod, ClientId, ClientKind, ConsentRule, GrantType,
    PositionChoice,
};
use crate::model::confirmation::Confirmation;
use crate::model::grant::{Grant, GrantState};
use crate::model::identifier::{AgencyCode, Identifier, IdentifierKind};
use crate::model::organisation_unit::{OrganisationUnit, UnitState};
use crate::model::role::{Role, RoleName};
use crate::model::session::Session;
use crate::model::user::{AccountKind, AccountState, Position, PositionId, RoleGrant, User};
use crate::model::{GrantId, LocalText, SessionId, UnitId, UserId, Version};
use crate::organisation::UnitTree;
use crate::policy::Policy;
use crate::store::decision::{Decision, Outcome};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(crate) const PROVINCE: UnitId = UnitId::from_u128(1);
pub(crate) const HEALTH: UnitId = UnitId::from_u128(2);
pub(crate) const CLINIC: UnitId = UnitId::from_u128(3);
pub(crate) const JUSTICE: UnitId = UnitId::from_u128(4);

pub(crate) fn entropy() -> Entropy {
    Entropy::from_seed(&[42; 32])
}

fn unit(id: UnitId, code: &str, name: (&str, &str), parent: Option<UnitId>) -> OrganisationUnit {
    OrganisationUnit {
        id,
        version: Version(1),
        code: AgencyCode::parse(code).unwrap(),
        name: LocalText {
            vi: name.0.into(),
            en: Some(name.1.into()),
        },
        parent,
        state: UnitState::Active,
        valid_from: Timestamp::EPOCH,
        valid_until: None,
        replaced_by: None,
    }
}

/// A province with a health department (with a clinic below it) and a justice department.
pub(crate) fn units() -> Vec<OrganisationUnit> {
    vec![
        unit(PROVINCE, "H42", ("Tỉnh Minh Hà", "Minh Ha Province"), None),
        unit(
            HEALTH,
            "H42.05",
            ("Sở Y tế", "Health Department"),
            Some(PROVINCE),
        ),
        unit(
            CLINIC,
            "H42.05.01",
            ("Trạm Y tế Bến Đá", "Ben Da Clinic"),
            Some(HEALTH),
        ),
        unit(
            JUSTICE,
            "H42.06",
            ("Sở Tư pháp", "Justice Department"),
            Some(PROVINCE),
        ),
    ]
}

pub(crate) fn tree() -> UnitTree {
    UnitTree::new(units())
}

/// An active official without position or role, whose id follows from the user name.
pub(crate) fn user(user_name: &str) -> User {
    let number = user_name
        .bytes()
        .fold(7_u128, |n, b| n * 31 + u128::from(b));
    User {
        id: UserId::from_u128(number),
        version: Version(1),
        kind: AccountKind::Official,
        state: AccountState::Active,
        name: format!("Nguyễn {user_name}"),
        identifiers: vec![Identifier::parse(IdentifierKind::UserName, user_name, NOW).unwrap()],
        external_identities: Vec::new(),
        positions: Vec::new(),
        roles: Vec::new(),
        address: Address::default(),
        claims: Box::default(),
        locale: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn with_position(mut user: User, unit: UnitId) -> User {
    let number = 1000 + user.positions.len() as u128;
    user.positions.push(Position {
        id: PositionId::from_u128(number),
        unit,
        title: "Chuyên viên".into(),
        main: user.positions.is_empty(),
        from: Timestamp::EPOCH,
        until: None,
    });
    user
}

pub(crate) fn with_role(mut user: User, role: RoleName, unit: Option<UnitId>) -> User {
    user.roles.push(RoleGrant {
        role,
        unit,
        from: Timestamp::EPOCH,
        until: None,
    });
    user
}

pub(crate) fn province_administrator() -> User {
    with_role(user("quantri"), RoleName::province_administrator(), None)
}

/// Administers the health department and the clinic below it.
pub(crate) fn unit_administrator() -> User {
    let user = with_position(user("quantri.yte"), HEALTH);
    with_role(user, RoleName::unit_administrator(), Some(HEALTH))
}

pub(crate) fn role(name: &str) -> Role {
    let name = RoleName::new(name).unwrap();
    Role {
        built_in: name.is_administrative(),
        name,
        version: Version(1),
        title: LocalText::plain("Vai trò"),
        description: String::new(),
    }
}

pub(crate) fn client_id(text: &str) -> ClientId {
    ClientId::new(text).unwrap()
}

pub(crate) fn client(kind: ClientKind, redirect_uris: &[&str]) -> Client {
    Client {
        id: client_id("app"),
        version: Version(1),
        issuer: IssuerKey::main(),
        name: LocalText::plain("Ứng dụng"),
        kind,
        disabled: false,
        authentication: ClientAuthenticationMethod::ClientSecretBasic,
        secrets: Vec::new(),
        jwks: None,
        jwks_uri: None,
        redirect_uris: redirect_uris.iter().map(|u| (*u).to_owned()).collect(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        grant_types: vec![GrantType::AuthorizationCode],
        scopes: vec!["openid".into()],
        id_token_alg: "ES256".into(),
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
        created_at: NOW,
    }
}

fn authentication() -> Authentication {
    Authentication {
        methods: vec![Method::Password],
        level: Level::One,
        at: NOW,
    }
}

pub(crate) fn session(user: UserId) -> Session {
    Session {
        id: SessionId::from_u128(500),
        version: Version(1),
        issuer: IssuerKey::main(),
        user,
        secret: Digest::of(b"browser"),
        authentication: authentication(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + std::time::Duration::from_secs(3600),
        password_change_needed: false,
        ended: None,
        certificate: None,
        user_agent: String::new(),
    }
}

pub(crate) fn grant(session: &Session, client: &Client) -> Grant {
    Grant {
        id: GrantId::from_u128(600),
        version: Version(1),
        issuer: IssuerKey::main(),
        user: session.user,
        client: client.id.clone(),
        session: session.id,
        state: GrantState::Active,
        scope: vec!["openid".into()],
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
        rotated_at: NOW,
        confirmation: Confirmation::default(),
        refresh_confirmation: Confirmation::default(),
        created_at: NOW,
        expires_at: NOW + std::time::Duration::from_secs(3600),
    }
}

/// Everything an [`Act`] borrows.
pub(crate) struct Stage {
    pub(crate) by: ActingAdministrator,
    pub(crate) tree: UnitTree,
    pub(crate) here: Circumstances,
    pub(crate) policy: Arc<Policy>,
    pub(crate) sealing: SealingKey,
    pub(crate) client_sealing: SealingKey,
}

impl Stage {
    /// `administrator` acts in the sample tree at [`NOW`].
    pub(crate) fn of(administrator: &User) -> Self {
        let tree = tree();
        let issuer = Issuer::parse("https://sso.tinh.example").unwrap();
        Self {
            by: ActingAdministrator::prove(Some(administrator), &tree, NOW).unwrap(),
            tree,
            here: Circumstances::of_system(IssuerKey::main(), NOW),
            policy: Arc::new(Policy::new(IssuerKey::main(), issuer)),
            sealing: SealingKey::derive(&[1; 32], "outbox").unwrap(),
            client_sealing: SealingKey::derive(&[1; 32], "clients").unwrap(),
        }
    }

    pub(crate) fn province() -> Self {
        Self::of(&province_administrator())
    }

    pub(crate) fn health() -> Self {
        Self::of(&unit_administrator())
    }

    pub(crate) fn act(&self) -> Act<'_> {
        Act {
            by: &self.by,
            tree: &self.tree,
            here: &self.here,
            policy: &self.policy,
            sealing: &self.sealing,
            client_sealing: &self.client_sealing,
            expected: None,
        }
    }
}

/// The reason of a refusal; `None` when the decision says yes.
pub(crate) fn reason<T>(decision: &Decision<T>) -> Option<Reason> {
    match &decision.outcome {
        Outcome::Refused(refusal) => Some(refusal.reason),
        Outcome::Done(_) | Outcome::Need(_) => None,
    }
}

/// The value of a decision that says yes.
pub(crate) fn done<T: std::fmt::Debug>(decision: Decision<T>) -> T {
    match decision.outcome {
        Outcome::Done(value) => value,
        other => panic!("{other:?}"),
    }
}
