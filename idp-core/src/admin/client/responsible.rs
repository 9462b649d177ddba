//! The person who answers for a client: somebody whom this installation knows, not a name that anybody
//! typed.

use crate::base::refusal::Reason;
use crate::model::client::Client;
use crate::model::identifier::IdentifierKind;
use crate::model::user::{AccountKind, User};

/// Whom a client's `responsible_person` names, once that was looked for.
#[derive(Clone, Debug)]
pub enum Responsible {
    /// Nobody has this name.
    Nobody,
    /// This account holds it as an identifier.
    Account(Box<User>),
}

impl From<Option<User>> for Responsible {
    fn from(found: Option<User>) -> Self {
        found.map_or(Self::Nobody, |user| Self::Account(Box::new(user)))
    }
}

/// The name whose account has to be looked at before `after` may be written. One that stays is not
/// looked at again: a person who left must not keep anybody from changing the client.
pub(super) fn person_needed<'a>(before: Option<&Client>, after: &'a Client) -> Option<&'a str> {
    let named = after.features.responsible_person.as_deref()?;
    let before = before.and_then(|b| b.features.responsible_person.as_deref());
    (before != Some(named)).then_some(named)
}

/// Somebody answers for a client: an active account of a person, by its user name.
///
/// # Errors
/// [`Reason::ClientPersonUnknown`], alike for nobody, another identifier of somebody, an account that
/// is not active, and one of an organisation or a program.
pub(super) fn check(named: &str, responsible: &Responsible) -> Result<(), Reason> {
    let Responsible::Account(user) = responsible else {
        return Err(Reason::ClientPersonUnknown);
    };
    let person = matches!(
        user.kind,
        AccountKind::Official | AccountKind::Administrator | AccountKind::Citizen
    );
    let name = user.identifier(IdentifierKind::UserName);
    let is_name = name.is_some_and(|name| name.value.eq_ignore_ascii_case(named));
    (person && is_name && user.is_active())
        .then_some(())
        .ok_or(Reason::ClientPersonUnknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use crate::model::user::AccountState;

    #[test]
    fn somebody_who_is_here_answers_for_a_client() {
        let disabled = || AccountState::Disabled {
            at: sample::NOW,
            why: String::new(),
        };
        let account = |change: &dyn Fn(&mut User)| {
            let mut user = sample::user("an");
            change(&mut user);
            Responsible::from(Some(user))
        };
        let unknown = Err(Reason::ClientPersonUnknown);
        for (named, found, expected) in [
            ("an", account(&|_| ()), Ok(())),
            ("AN", account(&|_| ()), Ok(())),
            ("an", Responsible::from(None), unknown),
            ("an@tinh.example", account(&|_| ()), unknown),
            ("an", account(&|user| user.state = disabled()), unknown),
            (
                "an",
                account(&|user| user.kind = AccountKind::Service),
                unknown,
            ),
            (
                "an",
                account(&|user| user.kind = AccountKind::Organisation),
                unknown,
            ),
        ] {
            assert_eq!(check(named, &found), expected, "{named} {found:?}");
        }
    }

    #[test]
    fn only_a_name_that_is_new_is_looked_for() {
        let mut after = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        let mut before = after.clone();
        assert_eq!(person_needed(None, &after), None);
        after.features.responsible_person = Some("an".into());
        assert_eq!(person_needed(None, &after), Some("an"));
        assert_eq!(person_needed(Some(&before), &after), Some("an"));
        before.features.responsible_person = Some("an".into());
        assert_eq!(person_needed(Some(&before), &after), None);
    }
}
