//! Fills an empty store with the invented province.

use std::collections::BTreeMap;

use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::base::time::Timestamp;
use idp_core::event::{Actor, Circumstances, What};
use idp_core::model::address::{Address, AddressPart};
use idp_core::model::client::{
    Client, ClientAuthenticationMethod, ClientId, ClientKind, ClientSecret, ConsentRule, GrantType,
    PositionChoice,
};
use idp_core::model::credential::{Credential, CredentialSecret, PasswordCredential};
use idp_core::model::identifier::{AgencyCode, Identifier, IdentifierKind};
use idp_core::model::organisation_unit::{OrganisationUnit, UnitState};
use idp_core::model::role::{Role, RoleName};
use idp_core::model::user::{AccountKind, AccountState, Position, PositionId, RoleGrant, User};
use idp_core::model::{CredentialId, LocalText, UnitId, UserId, Version};
use idp_core::store::change::{Batch, Change, Write};
use url::Url;

use super::people::{DemoPerson, PEOPLE, PROVINCE, ROLES, UNITS};
use crate::founding;
use crate::wiring::Installation;

/// An application of the demonstration, with its secret.
pub(super) struct SeededApplication {
    pub(super) name: &'static str,
    pub(super) base: Url,
    pub(super) client_id: String,
    pub(super) secret: SecretText,
}

/// Somebody who can sign in, with the password.
pub(super) struct SeededPerson {
    pub(super) person: &'static DemoPerson,
    pub(super) password: SecretText,
}

/// Everything that the terminal shows.
pub(super) struct Seeded {
    pub(super) applications: Vec<SeededApplication>,
    pub(super) people: Vec<SeededPerson>,
}

/// What is put into the store, step by step.
struct Seeding<'a> {
    installation: &'a Installation,
    now: Timestamp,
    entropy: Entropy,
    units: BTreeMap<&'static str, UnitId>,
    changes: Vec<Change>,
}

/// Fills the store: keys, units, roles, people, applications, in one commit.
pub(super) async fn seed(
    installation: &Installation,
    applications: [(&'static str, &'static str, Url); 2],
) -> Result<Seeded, Fault> {
    let site = &installation.site;
    let mut seeding = Seeding {
        installation,
        now: site.clock.now(),
        entropy: site.generator.entropy()?,
        units: BTreeMap::new(),
        changes: Vec::new(),
    };
    let issuer = &site.provider.policy.issuer_key;
    let mut entropy = site.generator.entropy()?;
    let maker = installation.key_maker.as_ref();
    let keys = founding::keys(maker, issuer, seeding.now, &mut entropy);
    let (keys, people) = tokio::try_join!(keys, passwords(installation))?;
    seeding
        .changes
        .extend(keys.into_iter().map(|key| Change::Key(Write::Put(key))));
    seeding.units()?;
    seeding.roles()?;
    for (person, hash) in &people {
        seeding.person(person.person, hash.clone())?;
    }
    let applications = applications
        .into_iter()
        .map(|(id, name, base)| seeding.application(id, name, base))
        .collect::<Result<_, _>>()?;
    let here = Circumstances::of_system(site.provider.policy.issuer_key.clone(), seeding.now);
    let event = here.event(Actor::System, What::Initialised, &mut seeding.entropy);
    let batch = Batch {
        changes: seeding.changes,
        events: vec![event],
    };
    site.provider
        .records
        .commit(batch)
        .await
        .map_err(|e| Fault::lasting("demo", e))?;
    let people = people.into_iter().map(|(person, _)| person).collect();
    Ok(Seeded {
        applications,
        people,
    })
}

/// A random password for everybody, with its hash.
async fn passwords(installation: &Installation) -> Result<Vec<(SeededPerson, String)>, Fault> {
    let mut entropy = installation.site.generator.entropy()?;
    let hashing = PEOPLE.iter().map(|person| {
        let password = readable(&mut entropy);
        async move {
            let hash = installation.site.provider.passwords.hash(&password).await?;
            Ok::<_, Fault>((SeededPerson { person, password }, hash))
        }
    });
    futures::future::try_join_all(hashing.collect::<Vec<_>>()).await
}

/// Eighty random bits in four groups of letters and digits that are not mistaken for each other.
fn readable(entropy: &mut Entropy) -> SecretText {
    let text =
        idp_core::base::id::Id::<()>::from_u128(u128::from_be_bytes(entropy.bytes())).to_string();
    let groups: Vec<String> = text
        .chars()
        .skip(2)
        .take(16)
        .collect::<Vec<_>>()
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    SecretText::new(groups.join("-"))
}

/// The invented address of an invented person.
fn address(person: &DemoPerson) -> Result<Address, Fault> {
    let mut address = Address::default();
    let Some((street, commune)) = person.address else {
        return Ok(address);
    };
    for (part, text) in [
        (AddressPart::StreetAddress, street),
        (AddressPart::Locality, commune),
        (AddressPart::Region, PROVINCE.0),
        (AddressPart::Country, "Việt Nam"),
    ] {
        let set = address.set(part, Some(text));
        set.map_err(|reason| broken(reason.name()))?;
    }
    Ok(address)
}

fn broken(what: impl std::fmt::Display) -> Fault {
    Fault::lasting("demo", what)
}

/// What the demonstration's applications may ask for.
const SCOPES: [&str; 8] = [
    "openid",
    "profile",
    "email",
    "phone",
    "roles",
    "unit",
    "positions",
    "unit_codes",
];

impl Seeding<'_> {
    fn units(&mut self) -> Result<(), Fault> {
        for unit in &UNITS {
            let id = UnitId::generate(self.now, &mut self.entropy);
            self.units.insert(unit.code, id);
            let made = OrganisationUnit {
                id,
                version: Version::NEW,
                code: AgencyCode::parse(unit.code).map_err(broken)?,
                name: LocalText {
                    vi: unit.vi.to_owned(),
                    en: Some(unit.en.to_owned()),
                },
                parent: unit.parent.and_then(|code| self.units.get(code)).copied(),
                state: UnitState::Active,
                valid_from: self.now,
                valid_until: None,
                replaced_by: None,
            };
            self.changes.push(Change::Unit(Write::Put(made)));
        }
        Ok(())
    }

    fn roles(&mut self) -> Result<(), Fault> {
        let built_in = founding::built_in_roles();
        self.changes
            .extend(built_in.map(|role| Change::Role(Write::Put(role))));
        for role in &ROLES {
            self.changes.push(Change::Role(Write::Put(Role {
                name: RoleName::new(role.name).ok_or_else(|| broken("role name"))?,
                version: Version::NEW,
                title: LocalText {
                    vi: role.vi.to_owned(),
                    en: Some(role.en.to_owned()),
                },
                description: String::new(),
                built_in: false,
            })));
        }
        Ok(())
    }

    fn unit(&self, code: &str) -> Result<UnitId, Fault> {
        self.units
            .get(code)
            .copied()
            .ok_or_else(|| broken("unit code"))
    }

    fn person(&mut self, person: &'static DemoPerson, hash: String) -> Result<(), Fault> {
        let id = UserId::generate(self.now, &mut self.entropy);
        let user = User {
            id,
            version: Version::NEW,
            kind: if person.administrator {
                AccountKind::Administrator
            } else {
                AccountKind::Official
            },
            state: AccountState::Active,
            name: person.name.to_owned(),
            identifiers: self.identifiers(person)?,
            external_identities: Vec::new(),
            positions: self.positions(person)?,
            roles: self.role_grants(person)?,
            address: address(person)?,
            claims: Box::default(),
            locale: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let password = PasswordCredential {
            hash,
            must_change: false,
            history: Vec::new(),
        };
        let credential = Credential {
            id: CredentialId::generate(self.now, &mut self.entropy),
            version: Version::NEW,
            user: id,
            secret: CredentialSecret::Password(password),
            set_at: self.now,
        };
        self.changes.push(Change::User(Write::Put(user)));
        self.changes
            .push(Change::Credential(Write::Put(credential)));
        Ok(())
    }

    fn identifiers(&self, person: &DemoPerson) -> Result<Vec<Identifier>, Fault> {
        let mail = format!("{}@hoaban.example", person.user_name);
        let mut wanted = vec![
            (IdentifierKind::UserName, person.user_name),
            (IdentifierKind::Mail, mail.as_str()),
        ];
        wanted.extend(
            person
                .personal_id
                .map(|number| (IdentifierKind::PersonalId, number)),
        );
        let parse = |(kind, value)| {
            Identifier::parse(kind, value, self.now).map_err(|reason| broken(reason.name()))
        };
        wanted.into_iter().map(parse).collect()
    }

    fn positions(&mut self, person: &DemoPerson) -> Result<Vec<Position>, Fault> {
        let mut positions = Vec::new();
        for (place, (code, title)) in person.positions.iter().enumerate() {
            positions.push(Position {
                id: PositionId::generate(self.now, &mut self.entropy),
                unit: self.unit(code)?,
                title: (*title).to_owned(),
                main: place == 0,
                from: self.now,
                until: None,
            });
        }
        Ok(positions)
    }

    fn role_grants(&self, person: &DemoPerson) -> Result<Vec<RoleGrant>, Fault> {
        let grant = |(name, unit): &(&'static str, Option<&'static str>)| {
            Ok(RoleGrant {
                role: RoleName::new(name).ok_or_else(|| broken("role name"))?,
                unit: unit.map(|code| self.unit(code)).transpose()?,
                from: self.now,
                until: None,
            })
        };
        person.roles.iter().map(grant).collect()
    }

    fn application(
        &mut self,
        id: &str,
        name: &'static str,
        base: Url,
    ) -> Result<SeededApplication, Fault> {
        let secret = SecretText::generate(&mut self.entropy);
        let at = |path: &str| base.join(path).map(String::from).map_err(broken);
        let client = Client {
            id: ClientId::new(id).ok_or_else(|| broken("client id"))?,
            version: Version::NEW,
            issuer: self.installation.site.provider.policy.issuer_key.clone(),
            name: LocalText::plain(name),
            kind: ClientKind::Web,
            disabled: false,
            authentication: ClientAuthenticationMethod::ClientSecretBasic,
            secrets: vec![ClientSecret {
                digest: Some(secret.digest()),
                sealed: None,
                created_at: self.now,
                expires_at: None,
            }],
            jwks: None,
            jwks_uri: None,
            redirect_uris: vec![at("/callback")?],
            post_logout_redirect_uris: vec![at("/signed-out")?],
            backchannel_logout_uri: Some(at("/backchannel-logout")?),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: SCOPES.map(str::to_owned).to_vec(),
            id_token_alg: "ES256".to_owned(),
            position: PositionChoice::Main,
            consent: ConsentRule::Never,
            introspects: true,
            unit: Some(self.unit("H99.03.01")?),
            client_uri: Some(base.to_string()),
            policy_uri: None,
            tos_uri: None,
            access_token_seconds: None,
            features: Box::default(),
            sector: None,
            logo: None,
            registration: None,
            declared: false,
            created_at: self.now,
        };
        self.changes.push(Change::Client(Write::Put(client)));
        Ok(SeededApplication {
            name,
            base,
            client_id: id.to_owned(),
            secret,
        })
    }
}
