//! The person of the certification preset: an account that has every standard claim.

use std::path::Path;

use idp_core::authn::password_rules;
use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use idp_core::base::refusal::Reason;
use idp_core::base::secret::SecretText;
use idp_core::base::time::Timestamp;
use idp_core::event::{Actor, Circumstances, What};
use idp_core::model::address::{Address, AddressPart};
use idp_core::model::credential::{Credential, CredentialSecret, PasswordCredential};
use idp_core::model::identifier::{Identifier, IdentifierKind};
use idp_core::model::standard_claims::StandardClaims;
use idp_core::model::user::{AccountKind, AccountState, User};
use idp_core::model::{CredentialId, UserId, Version};
use idp_core::policy::PasswordRules;
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::records::CommitError;

use crate::config::Settings;
use crate::http::site::Site;
use crate::outside::password_file::read_password;

/// The user name.
pub(crate) const PERSON: &str = "an.certification";

const IDENTIFIERS: [(IdentifierKind, &str); 3] = [
    (IdentifierKind::UserName, PERSON),
    (IdentifierKind::Mail, "an.certification@tinh.example"),
    (IdentifierKind::Mobile, "0912000001"),
];
const ADDRESS: [(AddressPart, &str); 5] = [
    (AddressPart::StreetAddress, "12 đường Hoa Ban"),
    (AddressPart::Locality, "Phường Suối Trong"),
    (AddressPart::Region, "Tỉnh Mẫu"),
    (AddressPart::PostalCode, "270000"),
    (AddressPart::Country, "Việt Nam"),
];

/// Adds the person where the certification preset names a file with the password. One that is there
/// already stays as it is.
///
/// # Errors
/// A fault when the file cannot be used, or of the store.
pub(crate) async fn prepare(settings: &Settings, site: &Site) -> Result<(), Fault> {
    let Some(path) = &settings.declared.person else {
        return Ok(());
    };
    let password = password(path, &settings.passwords.rules)?;
    let hash = site.provider.passwords.hash(&password).await?;
    let mut entropy = site.generator.entropy()?;
    let now = site.clock.now();
    let here = Circumstances::of_system(site.provider.policy.issuer_key.clone(), now);
    let broken = |reason: Reason| Fault::lasting("certification", reason.name());
    let user = person(now, &mut entropy).map_err(broken)?;
    let what = What::UserAdded { user: user.id };
    let event = here.event(Actor::System, what, &mut entropy);
    let batch = Batch {
        changes: vec![
            Change::Credential(Write::Put(credential(user.id, hash, now, &mut entropy))),
            Change::User(Write::Put(user)),
        ],
        events: vec![event],
    };
    // Its user name is unique, so a second start and a second node add nobody.
    match site.provider.records.commit(batch).await {
        Ok(()) | Err(CommitError::Taken { .. }) => Ok(()),
        Err(error) => Err(Fault::lasting("certification", error)),
    }
}

/// The person's password: a file that nobody else may read, with what the rules for passwords take.
///
/// # Errors
/// A fault that names the file: unreadable, readable to everybody, empty, or a password that the
/// rules refuse, with the reason.
pub(crate) fn password(path: &Path, rules: &PasswordRules) -> Result<SecretText, Fault> {
    let password = read_password(path, "certification")?;
    let refused = |reason: Reason| {
        let (rule, remedy) = (reason.rule(), reason.remedy());
        let detail = format!("{}: {rule} ({}) {remedy}", path.display(), reason.name());
        Fault::lasting("certification", detail)
    };
    password_rules::check(&password, PERSON, rules).map_err(refused)?;
    Ok(password)
}

fn person(now: Timestamp, entropy: &mut Entropy) -> Result<User, Reason> {
    let parse = |(kind, value)| Identifier::parse(kind, value, now);
    let identifiers: Result<_, _> = IDENTIFIERS.into_iter().map(parse).collect();
    let mut address = Address::default();
    for (part, text) in ADDRESS {
        address.set(part, Some(text))?;
    }
    Ok(User {
        id: UserId::generate(now, entropy),
        version: Version::NEW,
        kind: AccountKind::Official,
        state: AccountState::Active,
        // Family, middle and given name, so that each is told.
        name: "Nguyễn Văn An".to_owned(),
        identifiers: identifiers?,
        external_identities: Vec::new(),
        positions: Vec::new(),
        roles: Vec::new(),
        address,
        claims: Box::new(claims()),
        locale: Some("vi".to_owned()),
        created_at: now,
        updated_at: now,
    })
}

fn claims() -> StandardClaims {
    let told = |text: &str| Some(text.to_owned());
    StandardClaims {
        nickname: told("An"),
        profile: told("https://tinh.example/an"),
        picture: told("https://tinh.example/an.png"),
        website: told("https://an.example/"),
        gender: told("male"),
        birthdate: told("1990-02-28"),
        zoneinfo: told("Asia/Ho_Chi_Minh"),
    }
}

fn credential(user: UserId, hash: String, now: Timestamp, entropy: &mut Entropy) -> Credential {
    let password = PasswordCredential {
        hash,
        must_change: false,
        history: Vec::new(),
    };
    Credential {
        id: CredentialId::generate(now, entropy),
        version: Version::NEW,
        user,
        secret: CredentialSecret::Password(password),
        set_at: now,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_password_that_anybody_could_guess_or_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let rules = PasswordRules::default();
        let with = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            password(&path, &rules).map_err(|fault| fault.detail)
        };
        for (text, mode, expected) in [
            ("abc\n", 0o600, "password_too_short"),
            ("an.certification!", 0o600, "password_holds_name"),
            ("mưa rào trên mái ngói", 0o604, "others may read"),
            ("", 0o600, "empty"),
        ] {
            let refused = with(text, mode).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(with("mưa rào trên mái ngói\n", 0o600).is_ok());
        std::fs::remove_file(&path).unwrap();
        assert!(password(&path, &rules).is_err());
    }

    #[test]
    fn what_the_person_has_is_well_formed_and_whole() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let person = person(now, &mut Entropy::from_seed(&[7; 32])).unwrap();
        assert!(person.claims.are_well_formed());
        let told = serde_json::to_value(&*person.claims).unwrap();
        assert_eq!(told.as_object().unwrap().len(), 7);
        assert_eq!(
            (person.identifiers.len(), person.address.is_empty()),
            (3, false)
        );
    }
}
