//! One-time links: for a first activation and for a forgotten password.

use crate::admin::acting::Act;
use crate::admin::session::ending;
use crate::authn::session_end::SignedIn;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Event, What};
use crate::model::credential::{ActivationLink, Credential, CredentialSecret};
use crate::model::session::SessionEnd;
use crate::model::user::User;
use crate::model::{CredentialId, UserId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// A one-time link that was just made. The secret exists here and in the answer, nowhere else.
#[derive(Clone, Debug)]
pub struct MadeLink {
    /// The secret part of the address.
    pub secret: SecretText,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// What a reset depends on.
#[derive(Clone, Debug, Default)]
pub struct ResetFacts {
    /// All credentials of the account.
    pub credentials: Vec<Credential>,
    /// Where the person is signed in; looked at only when sessions are to end.
    pub signed_in: SignedIn,
}

/// The link, its write and its event.
pub(in crate::admin) fn make_link(
    act: &Act<'_>,
    user: UserId,
    entropy: &mut Entropy,
) -> (MadeLink, Change, Event) {
    let secret = SecretText::generate(entropy);
    let expires_at = act.now() + act.policy.lifetimes.activation_link;
    let credential = Credential {
        id: CredentialId::generate(act.now(), entropy),
        version: Version::NEW,
        user,
        secret: CredentialSecret::ActivationLink(ActivationLink {
            digest: secret.digest(),
            expires_at,
        }),
        set_at: act.now(),
    };
    let event = act.event(What::ActivationLinkMade { user }, entropy);
    let change = Change::Credential(Write::Put(credential));
    (MadeLink { secret, expires_at }, change, event)
}

/// Makes a one-time link for an account; earlier links stop working. The present password works
/// until its holder has set another, unless `end_sessions` asks for a clean cut: then it is
/// dropped at once, every session ends, and the clients are told.
///
/// Refuses with `not_found_here`, `outside_scope` (whoever holds the link can become the person),
/// `changed_meanwhile`, `account_not_active`.
pub fn reset(
    act: &Act<'_>,
    user: &User,
    facts: &ResetFacts,
    end_sessions: bool,
    entropy: &mut Entropy,
) -> Decision<MadeLink> {
    let check = act
        .by
        .needs_account(user, act.now())
        .and_then(|()| act.expects(user.version))
        .and_then(|()| {
            user.is_active()
                .then_some(())
                .ok_or(Reason::AccountNotActive)
        });
    if let Err(reason) = check {
        return Decision::refused(reason);
    }
    let (made, change, event) = make_link(act, user.id, entropy);
    let mut decision = Decision::done(made);
    let dropped = facts
        .credentials
        .iter()
        .filter(|c| end_sessions || c.password().is_none());
    decision
        .changes
        .extend(dropped.map(|c| Change::Credential(Write::Remove(c.clone()))));
    let decision = decision.with_change(change).with_event(event);
    if !end_sessions {
        return decision;
    }
    ending(act, SessionEnd::CredentialReset)
        .end_all(user.id, None, &facts.signed_in, entropy)
        .join(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{
        self, HEALTH, JUSTICE, NOW, Stage, done, reason, with_position, with_role,
    };
    use crate::model::credential::PasswordCredential;
    use crate::model::role::RoleName;
    use crate::model::user::AccountState;

    fn credentials(user: UserId) -> Vec<Credential> {
        let password = PasswordCredential {
            hash: "$argon2id$".into(),
            must_change: false,
            history: Vec::new(),
        };
        let link = ActivationLink {
            digest: crate::base::secret::Digest::of(b"x"),
            expires_at: NOW,
        };
        [
            CredentialSecret::Password(password),
            CredentialSecret::ActivationLink(link),
        ]
        .into_iter()
        .enumerate()
        .map(|(n, secret)| Credential {
            id: CredentialId::from_u128(n as u128),
            version: Version(1),
            user,
            secret,
            set_at: NOW,
        })
        .collect()
    }

    #[test]
    fn a_link_replaces_earlier_links_and_rests_as_a_digest() {
        let user = with_position(sample::user("an"), HEALTH);
        let facts = ResetFacts {
            credentials: credentials(user.id),
            ..ResetFacts::default()
        };
        let stage = Stage::health();
        for (end_sessions, removed, changes) in [(false, 1, 2), (true, 2, 4)] {
            let decision = reset(
                &stage.act(),
                &user,
                &facts,
                end_sessions,
                &mut sample::entropy(),
            );
            let gone = |c: &&Change| matches!(c, Change::Credential(Write::Remove(_)));
            assert_eq!(decision.changes.iter().filter(gone).count(), removed);
            assert_eq!(decision.changes.len(), changes);
            let stored = format!("{:?}", decision.changes);
            let made = done(decision);
            assert_eq!(
                made.expires_at,
                NOW + stage.policy.lifetimes.activation_link
            );
            assert!(!stored.contains(made.secret.expose()));
        }
    }

    #[test]
    fn a_reset_is_no_way_to_take_over_somebody_who_reaches_further() {
        let (health, province) = (Stage::health(), Stage::province());
        let own = with_position(sample::user("an"), HEALTH);
        let shared = with_position(own.clone(), JUSTICE);
        let above = with_role(own.clone(), RoleName::province_administrator(), None);
        let mut disabled = own.clone();
        disabled.state = AccountState::Disabled {
            at: NOW,
            why: String::new(),
        };
        for (what, stage, user, answer) in [
            ("own", &health, &own, None),
            ("shared", &health, &shared, Some(Reason::OutsideScope)),
            ("above", &health, &above, Some(Reason::OutsideScope)),
            ("above, by the province", &province, &above, None),
            (
                "disabled",
                &province,
                &disabled,
                Some(Reason::AccountNotActive),
            ),
        ] {
            let decision = reset(
                &stage.act(),
                user,
                &ResetFacts::default(),
                true,
                &mut sample::entropy(),
            );
            assert_eq!(reason(&decision), answer, "{what}");
        }
    }
}
