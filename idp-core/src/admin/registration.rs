//! Initial access tokens: what lets clients register themselves where not everybody may.

use std::time::Duration;

use super::acting::Act;
use super::user::note;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::What;
use crate::model::registration::{InitialToken, InitialTokenId};
use crate::oauth::register::InitialTokens;
use crate::store::decision::Decision;

/// At most so many tokens that still count.
const MOST_TOKENS: usize = 100;
/// At most so many uses of one.
const MOST_USES: u32 = 1_000;
/// At most so long.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A new initial access token.
#[derive(Clone, Debug)]
pub struct InitialTokenNew {
    /// What it is for.
    pub note: String,
    /// How many clients may be registered with it.
    pub uses: u32,
    /// How long it counts.
    pub lifetime: Duration,
}

/// A token with its secret, which is told this once.
#[derive(Clone, Debug)]
pub struct MadeInitialToken {
    /// What rests of it.
    pub token: InitialToken,
    /// The token itself: 256 bits.
    pub secret: SecretText,
}

/// Makes a token. The province's alone.
///
/// Refuses with `outside_scope`, `note_malformed`, `initial_token_uses_unfit`, `initial_token_lifetime_unfit`, `initial_tokens_too_many`.
pub fn add(
    act: &Act<'_>,
    new: &InitialTokenNew,
    present: &InitialTokens,
    entropy: &mut Entropy,
) -> Decision<MadeInitialToken> {
    let check = || {
        act.by.needs_everything()?;
        if !(1..=MOST_USES).contains(&new.uses) {
            return Err(Reason::InitialTokenUsesUnfit);
        }
        if new.lifetime > LONGEST || new.lifetime.is_zero() {
            return Err(Reason::InitialTokenLifetimeUnfit);
        }
        let counting = present.of(&act.here.issuer).filter(|t| t.counts(act.now()));
        if counting.count() >= MOST_TOKENS {
            return Err(Reason::InitialTokensTooMany);
        }
        note(&new.note)
    };
    let note = match check() {
        Ok(note) => note,
        Err(reason) => return Decision::refused(reason),
    };
    let secret = SecretText::generate(entropy);
    let token = InitialToken {
        id: InitialTokenId::generate(act.now(), entropy),
        issuer: act.here.issuer.clone(),
        digest: secret.digest(),
        note,
        uses_left: new.uses,
        created_at: act.now(),
        expires_at: act.now() + new.lifetime,
    };
    let what = What::InitialTokenAdded { token: token.id };
    let change = present.with(token.clone(), act.now());
    Decision::done(MadeInitialToken { token, secret })
        .with_change(change)
        .with_event(act.event(what, entropy))
}

/// Takes a token away; the clients registered with it stay.
///
/// Refuses with `outside_scope`, `not_found_here`.
pub fn remove(
    act: &Act<'_>,
    id: InitialTokenId,
    present: &InitialTokens,
    entropy: &mut Entropy,
) -> Decision<InitialToken> {
    if let Err(reason) = act.by.needs_everything() {
        return Decision::refused(reason);
    }
    let Some((removed, change)) = present.without(&act.here.issuer, id) else {
        return Decision::refused(Reason::NotFoundHere);
    };
    let what = What::InitialTokenRemoved { token: id };
    Decision::done(removed)
        .with_change(change)
        .with_event(act.event(what, entropy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, done, reason};

    fn new(uses: u32, days: u64) -> InitialTokenNew {
        InitialTokenNew {
            note: "Đối tác".into(),
            uses,
            lifetime: Duration::from_secs(days * 86_400),
        }
    }

    #[test]
    fn only_the_province_makes_tokens_and_within_bounds() {
        let none = InitialTokens::default();
        let mut entropy = sample::entropy();
        let mut refused = |stage: &Stage, wanted: &InitialTokenNew| {
            reason(&add(&stage.act(), wanted, &none, &mut entropy))
        };
        let province = Stage::province();
        let uses = Some(Reason::InitialTokenUsesUnfit);
        let lifetime = Some(Reason::InitialTokenLifetimeUnfit);
        for (wanted, expected) in [
            (new(1, 7), None),
            (new(0, 7), uses),
            (new(1_001, 7), uses),
            (new(1, 0), lifetime),
            (new(1, 367), lifetime),
        ] {
            assert_eq!(refused(&province, &wanted), expected, "{wanted:?}");
        }
        let unreadable = InitialTokenNew {
            note: "a\u{202e}b".into(),
            ..new(1, 7)
        };
        assert_eq!(refused(&province, &unreadable), Some(Reason::NoteMalformed));
        assert_eq!(
            refused(&Stage::health(), &new(1, 7)),
            Some(Reason::OutsideScope)
        );
        let id = InitialTokenId::generate(sample::NOW, &mut sample::entropy());
        for (stage, expected) in [
            (Stage::health(), Reason::OutsideScope),
            (Stage::province(), Reason::NotFoundHere),
        ] {
            let decision = remove(&stage.act(), id, &none, &mut sample::entropy());
            assert_eq!(reason(&decision), Some(expected));
        }
    }

    #[test]
    fn the_token_is_answered_once() {
        let decision = add(
            &Stage::province().act(),
            &new(1, 7),
            &InitialTokens::default(),
            &mut sample::entropy(),
        );
        let stored = format!("{:?} {:?}", decision.changes, decision.events);
        assert!(!stored.contains(done(decision).secret.expose()));
    }
}
