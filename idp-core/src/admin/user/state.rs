//! Accounts: disabled and enabled.

use super::written;
use crate::admin::acting::{Act, is_province_administrator};
use crate::admin::session::ending;
use crate::authn::session_end::SignedIn;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::text::{is_deceptive, nfc};
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::role::Role;
use crate::model::session::SessionEnd;
use crate::model::user::{AccountState, User};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// The longest note about a disabled account, in characters.
const NOTE_LENGTH: usize = 200;

/// Who could administer the province: asked before one of them goes.
#[derive(Clone, Debug, Default)]
pub struct Administrators {
    /// The role `province-administrator`.
    pub role: Option<Role>,
    /// Active accounts that hold it, now or at another time.
    pub holders: Vec<User>,
}

impl Administrators {
    /// Checks that somebody remains when `after` replaces the stored account. Answers the write
    /// of the role itself: two removals at once then meet on its version, and the second is
    /// decided again on what the first left.
    ///
    /// # Errors
    /// [`Reason::LastAdministrator`].
    pub(super) fn guard(&self, after: &User, now: Timestamp) -> Result<Option<Change>, Reason> {
        let counts = |user: &User| user.is_active() && is_province_administrator(user, now);
        let before = self.holders.iter().find(|h| h.id == after.id);
        if !before.is_some_and(counts) || counts(after) {
            return Ok(None);
        }
        let remains = self.holders.iter().any(|h| h.id != after.id && counts(h));
        let role = self.role.clone().map(|role| Change::Role(Write::Put(role)));
        remains.then_some(role).ok_or(Reason::LastAdministrator)
    }
}

/// What disabling an account depends on.
#[derive(Clone, Debug, Default)]
pub struct StateFacts {
    /// Where the person is signed in.
    pub signed_in: SignedIn,
    /// Who administers the province.
    pub administrators: Administrators,
}

/// Disables an account: sessions end, grants die, clients are told. An account that is disabled
/// already stays as it is, note included.
///
/// Refuses with `not_found_here`, `outside_scope`, `changed_meanwhile`, `note_malformed`,
/// `last_administrator`.
pub fn disable(
    act: &Act<'_>,
    user: &User,
    why: &str,
    facts: &StateFacts,
    entropy: &mut Entropy,
) -> Decision<User> {
    let check = || -> Result<(User, Option<Change>), Reason> {
        act.by.needs_account(user, act.now())?;
        act.expects(user.version)?;
        let mut after = user.clone();
        after.state = AccountState::Disabled {
            at: act.now(),
            why: note(why)?,
        };
        let guard = facts.administrators.guard(&after, act.now())?;
        Ok((after, guard))
    };
    match check() {
        Err(reason) => Decision::refused(reason),
        Ok(_) if !user.is_active() => Decision::done(user.clone()),
        Ok((after, guard)) => {
            let mut decision = written(act, after, What::UserDisabled { user: user.id }, entropy);
            decision.changes.extend(guard);
            ending(act, SessionEnd::AccountDisabled)
                .end_all(user.id, None, &facts.signed_in, entropy)
                .join(decision)
        }
    }
}

pub(in crate::admin) fn note(text: &str) -> Result<String, Reason> {
    let text = nfc(text);
    let fits = text.chars().count() <= NOTE_LENGTH && !text.chars().any(is_deceptive);
    fits.then_some(text).ok_or(Reason::NoteMalformed)
}

/// Takes an account into use again. Its password still works; sessions do not come back.
///
/// Refuses with `not_found_here`, `outside_scope`, `changed_meanwhile`.
pub fn enable(act: &Act<'_>, user: &User, entropy: &mut Entropy) -> Decision<User> {
    let check = act
        .by
        .needs_account(user, act.now())
        .and_then(|()| act.expects(user.version));
    match check {
        Err(reason) => Decision::refused(reason),
        Ok(()) if user.is_active() => Decision::done(user.clone()),
        Ok(()) => {
            let mut after = user.clone();
            after.state = AccountState::Active;
            written(act, after, What::UserEnabled { user: user.id }, entropy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, JUSTICE, Stage, done, reason, with_position};
    use crate::model::client::ClientKind;

    #[test]
    fn disabling_ends_sessions_and_tells_clients() {
        let user = with_position(sample::user("an"), HEALTH);
        let mut client = sample::client(ClientKind::Web, &[]);
        client.backchannel_logout_uri = Some("https://rp.example/logout".into());
        let session = sample::session(user.id);
        let grants = vec![sample::grant(&session, &client)];
        let signed_in = SignedIn {
            sessions: vec![session],
            grants,
            clients: vec![client],
            sub: Some("sub".into()),
        };
        let facts = StateFacts {
            signed_in,
            ..StateFacts::default()
        };
        let stage = Stage::health();
        let decision = disable(
            &stage.act(),
            &user,
            "Nghỉ hưu",
            &facts,
            &mut sample::entropy(),
        );
        let kinds: Vec<_> = decision
            .changes
            .iter()
            .map(|c| match c {
                Change::User(_) => "user",
                Change::EndSessions(_) => "end",
                Change::Outbox(_) => "outbox",
                _ => "other",
            })
            .collect();
        assert_eq!(kinds, ["user", "end", "outbox"]);
        assert_eq!(decision.events.len(), 3);
        let disabled = done(decision);
        assert!(!disabled.is_active());
        let again = disable(&stage.act(), &disabled, "", &facts, &mut sample::entropy());
        assert!(again.changes.is_empty());
        assert!(done(enable(&stage.act(), &disabled, &mut sample::entropy())).is_active());
    }

    #[test]
    fn disabling_and_enabling_are_refused_by_rule() {
        let (province, health) = (Stage::province(), Stage::health());
        let shared = with_position(with_position(sample::user("an"), HEALTH), JUSTICE);
        let own = with_position(sample::user("an"), HEALTH);
        let last = sample::province_administrator();
        let administrators = Administrators {
            role: None,
            holders: vec![last.clone()],
        };
        let facts = StateFacts {
            administrators,
            ..StateFacts::default()
        };
        for (what, stage, user, why, answer) in [
            ("shared", &health, &shared, "", Some(Reason::OutsideScope)),
            (
                "an administrator",
                &health,
                &last,
                "",
                Some(Reason::NotFoundHere),
            ),
            (
                "a long note",
                &health,
                &own,
                &*"x".repeat(201),
                Some(Reason::NoteMalformed),
            ),
            (
                "the last administrator",
                &province,
                &last,
                "",
                Some(Reason::LastAdministrator),
            ),
            ("shared, by the province", &province, &shared, "", None),
        ] {
            let decision = disable(&stage.act(), user, why, &facts, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
        }
        let refused = enable(&health.act(), &shared, &mut sample::entropy());
        assert_eq!(reason(&refused), Some(Reason::OutsideScope));
    }
}
