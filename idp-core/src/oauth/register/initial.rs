//! Initial access tokens (RFC 7591 §3), and how many registrations one source may begin.

use std::time::Duration;

use crate::base::fault::Fault;
use crate::base::issuer::IssuerKey;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::{Digest, SecretText};
use crate::base::time::Timestamp;
use crate::model::registration::{INITIAL_TOKENS, InitialToken, InitialTokenId};
use crate::policy::RegistrationRules;
use crate::store::change::{Change, SettingWrite};
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp};

/// The initial access tokens as they rest: the text is kept, because a write names what it replaces.
#[derive(Clone, Debug, Default)]
pub struct InitialTokens {
    text: Option<String>,
    tokens: Vec<InitialToken>,
}

impl InitialTokens {
    /// Reads the setting; an absent one is no token at all.
    ///
    /// # Errors
    /// A lasting fault when it is not what this program wrote.
    pub fn parse(text: Option<String>) -> Result<Self, Fault> {
        let read = |text: &String| {
            serde_json::from_str(text)
                .map_err(|_| Fault::lasting("store", "the registration tokens do not read back"))
        };
        let tokens = text.as_ref().map(read).transpose()?.unwrap_or_default();
        Ok(Self { text, tokens })
    }

    /// The tokens of an issuer, used up and expired ones included, newest first.
    pub fn of<'a>(&'a self, issuer: &'a IssuerKey) -> impl Iterator<Item = &'a InitialToken> {
        self.tokens.iter().rev().filter(|t| t.issuer == *issuer)
    }

    /// Uses a token once.
    ///
    /// # Errors
    /// [`Reason::RegistrationTokenWrong`], alike for an unknown, an expired and a used-up one.
    pub fn used(
        &self,
        (issuer, presented): (&IssuerKey, &SecretText),
        now: Timestamp,
    ) -> Result<(InitialTokenId, Change), Reason> {
        let digest: Digest = presented.digest();
        let mut tokens = self.tokens.clone();
        let token = tokens
            .iter_mut()
            .find(|t| t.issuer == *issuer && t.digest == digest && t.counts(now))
            .ok_or(Reason::RegistrationTokenWrong)?;
        token.uses_left -= 1;
        let id = token.id;
        Ok((id, self.written(&tokens)))
    }

    /// With one more token; the oldest that no longer count make room.
    pub fn with(&self, token: InitialToken, now: Timestamp) -> Change {
        let mut tokens: Vec<_> = self.tokens.clone();
        tokens.retain(|t| t.counts(now));
        tokens.push(token);
        self.written(&tokens)
    }

    /// Without a token; none when there is no such one.
    pub fn without(
        &self,
        issuer: &IssuerKey,
        id: InitialTokenId,
    ) -> Option<(InitialToken, Change)> {
        let mine = |t: &&InitialToken| t.issuer == *issuer && t.id == id;
        let removed = self.tokens.iter().find(mine)?.clone();
        let mut tokens = self.tokens.clone();
        tokens.retain(|t| !mine(&t));
        Some((removed, self.written(&tokens)))
    }

    fn written(&self, tokens: &[InitialToken]) -> Change {
        Change::Setting(SettingWrite {
            name: INITIAL_TOKENS.into(),
            was: self.text.clone(),
            // A list of plain structs: writing it cannot fail.
            value: serde_json::to_string(tokens).unwrap_or_default(),
        })
    }
}

/// Counts one request to register of a source, before anything is looked at.
pub fn count(source: &str, now: Timestamp, rules: &RegistrationRules) -> TicketOp {
    TicketOp::Count {
        key: TicketKey::of(TicketKind::Registrations, source),
        by: 1,
        until: now + rules.window,
    }
}

/// Judges the count, this request included.
///
/// # Errors
/// [`Reason::RegistrationThrottled`] with the window as the time to wait: the counter may end
/// sooner, never later.
pub fn judge_count(
    answer: Option<&TicketAnswer>,
    rules: &RegistrationRules,
) -> Result<(), Refusal> {
    let within = match answer {
        Some(TicketAnswer::Counted(n)) => *n <= i64::from(rules.per_source),
        // A store that does not count must not let a flood through.
        _ => false,
    };
    let seconds = |window: Duration| u32::try_from(window.as_secs()).unwrap_or(u32::MAX);
    within.then_some(()).ok_or(Refusal::until(
        Reason::RegistrationThrottled,
        seconds(rules.window),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW};

    fn token(secret: &str, uses_left: u32) -> InitialToken {
        InitialToken {
            id: InitialTokenId::generate(NOW, &mut sample::entropy()),
            issuer: IssuerKey::main(),
            digest: Digest::of(secret.as_bytes()),
            note: "LGSP".into(),
            uses_left,
            created_at: NOW,
            expires_at: NOW + Duration::from_secs(60),
        }
    }

    fn resting(change: &Change) -> InitialTokens {
        let Change::Setting(write) = change else {
            panic!("{change:?}")
        };
        InitialTokens::parse(Some(write.value.clone())).unwrap()
    }

    #[test]
    fn a_token_is_used_so_often_and_no_more() {
        let main = IssuerKey::main();
        let use_it = |tokens: &InitialTokens, secret: &str, now| {
            let secret = SecretText::new(secret.to_owned());
            tokens.used((&main, &secret), now).map(|(_, change)| change)
        };
        let none = InitialTokens::parse(None).unwrap();
        let two = resting(&none.with(token("t", 2), NOW));
        let wrong = Err(Reason::RegistrationTokenWrong);
        assert_eq!(use_it(&none, "t", NOW).map(drop), wrong);
        assert_eq!(use_it(&two, "other", NOW).map(drop), wrong);
        let late = NOW + Duration::from_secs(60);
        assert_eq!(use_it(&two, "t", late).map(drop), wrong);
        let elsewhere = IssuerKey::new("other").unwrap();
        let secret = SecretText::new("t".into());
        assert_eq!(two.used((&elsewhere, &secret), NOW).map(drop), wrong);
        let one = resting(&use_it(&two, "t", NOW).unwrap());
        let spent = resting(&use_it(&one, "t", NOW).unwrap());
        assert_eq!(use_it(&spent, "t", NOW).map(drop), wrong);
    }

    #[test]
    fn a_write_names_what_it_replaces() {
        let none = InitialTokens::parse(None).unwrap();
        let Change::Setting(first) = none.with(token("a", 1), NOW) else {
            panic!()
        };
        assert_eq!(first.was, None);
        assert!(!first.value.contains("\"a\""), "only the digest rests");
        let tokens = InitialTokens::parse(Some(first.value.clone())).unwrap();
        let id = tokens.of(&IssuerKey::main()).next().unwrap().id;
        let (removed, change) = tokens.without(&IssuerKey::main(), id).unwrap();
        let Change::Setting(second) = &change else {
            panic!()
        };
        assert_eq!(
            (removed.note.as_str(), &second.was),
            ("LGSP", &Some(first.value))
        );
        assert!(resting(&change).of(&IssuerKey::main()).next().is_none());
        assert!(
            tokens
                .without(&IssuerKey::new("other").unwrap(), id)
                .is_none()
        );
        assert!(InitialTokens::parse(Some("{}".into())).is_err());
    }

    #[test]
    fn what_no_longer_counts_makes_room() {
        let none = InitialTokens::parse(None).unwrap();
        let spent = resting(&none.with(token("old", 0), NOW));
        let fresh = resting(&spent.with(token("new", 1), NOW));
        assert_eq!(fresh.of(&IssuerKey::main()).count(), 1);
    }

    #[test]
    fn a_flood_from_one_source_is_stopped() {
        let rules = RegistrationRules {
            per_source: 2,
            ..RegistrationRules::default()
        };
        for (answer, passes) in [
            (Some(TicketAnswer::Counted(2)), true),
            (Some(TicketAnswer::Counted(3)), false),
            (Some(TicketAnswer::Unknown), false),
            (None, false),
        ] {
            let judged = judge_count(answer.as_ref(), &rules);
            assert_eq!(judged.is_ok(), passes, "{answer:?}");
            if let Err(refusal) = judged {
                assert_eq!(refusal.reason, Reason::RegistrationThrottled);
                assert_eq!(refusal.retry_after, Some(3600));
            }
        }
    }
}
