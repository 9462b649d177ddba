//! Questions for the person: an ordered list of pure checks over the same facts.
//!
//! There is no stage machine. Answering a question changes the facts; resuming runs the same
//! checks again until none asks anything.

use super::authorize::AuthorizationRequest;
use super::scope;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::model::client::{Client, ConsentRule, PositionChoice};
use crate::model::consent::Consent;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::session::Session;
use crate::model::user::{Position, PositionId, User};

/// A question for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// Sign in.
    SignIn,
    /// Set a new password.
    ChangePassword,
    /// Choose a position.
    ChoosePosition,
    /// Agree to what the client will learn.
    Consent,
}

/// Who is signed in, with what decides about questions.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The live session.
    pub session: Session,
    /// Its user, active.
    pub user: User,
    /// The subject that the client sees, if one was assigned.
    pub sub: Option<String>,
    /// What the user agreed to before.
    pub consent: Option<Consent>,
    /// The units of the user's positions.
    pub units: Vec<OrganisationUnit>,
}

/// The facts of one pass.
#[derive(Clone, Debug)]
pub struct InteractionFacts<'a> {
    /// The request.
    pub request: &'a AuthorizationRequest,
    /// Its client.
    pub client: &'a Client,
    /// Who is signed in.
    pub signed_in: Option<&'a SignedIn>,
    /// The position the person chose on the page.
    pub chosen: Option<PositionId>,
    /// Now.
    pub now: Timestamp,
}

/// Why a question must be asked: the question, and the error when `prompt=none` forbids asking.
pub type Question = (Interaction, Reason);

type Check = fn(&InteractionFacts<'_>, &SignedIn) -> Option<Question>;

/// The checks behind the sign-in, in order.
const CHECKS: [Check; 6] =
    [login_asked_for, too_old, hint_names_another, password_must_change, position_open, consent_missing];

/// The first question that must be asked; `None` when everything is answered.
pub fn next(facts: &InteractionFacts<'_>) -> Option<Question> {
    let Some(signed_in) = facts.signed_in else {
        return Some((Interaction::SignIn, Reason::SignInNeeded));
    };
    CHECKS.iter().find_map(|check| check(facts, signed_in))
}

/// `prompt=login`, unless the person signed in after the request came.
fn login_asked_for(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let answered = signed_in.session.authentication.at >= facts.request.requested_at;
    (facts.request.prompt.login && !answered).then_some((Interaction::SignIn, Reason::SignInNeeded))
}

/// `max_age`, measured from when the request came, so that a fresh sign-in always answers it.
fn too_old(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let max_age = std::time::Duration::from_secs(facts.request.max_age?.into());
    let oldest = facts.request.requested_at - max_age;
    (signed_in.session.authentication.at < oldest)
        .then_some((Interaction::SignIn, Reason::SignInTooOld))
}

/// `id_token_hint` names another subject (OpenID Connect Core §3.1.2.1).
fn hint_names_another(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let hinted = facts.request.hinted_sub.as_ref()?;
    (signed_in.sub.as_ref() != Some(hinted))
        .then_some((Interaction::SignIn, Reason::SignedInAsAnother))
}

/// The password was set by somebody else, or has expired.
fn password_must_change(_: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    signed_in
        .session
        .password_change_needed
        .then_some((Interaction::ChangePassword, Reason::PasswordChangeNeeded))
}

/// The client wants the person to choose, there is more than one position, and none was chosen
/// or named by the request.
fn position_open(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let wanted = facts.client.position == PositionChoice::Ask
        && facts.request.unit.is_none()
        && facts.request.scope.iter().any(|s| s == scope::UNIT);
    let held = signed_in.user.positions_at(facts.now);
    let chosen = facts.chosen.is_some_and(|id| held.iter().any(|p| p.id == id));
    (wanted && held.len() > 1 && !chosen)
        .then_some((Interaction::ChoosePosition, Reason::PositionChoiceNeeded))
}

/// The client is not the province's own and the person has not agreed to all of the scope, or
/// `prompt=consent` asks again.
fn consent_missing(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    if facts.client.consent == ConsentRule::Never && !facts.request.prompt.consent {
        return None;
    }
    let given = signed_in.consent.as_ref().is_some_and(|consent| {
        consent.covers(&facts.request.scope)
            && (!facts.request.prompt.consent || consent.at >= facts.request.requested_at)
    });
    (!given).then_some((Interaction::Consent, Reason::ConsentNeeded))
}

/// The position that the client is told: the chosen one, the one in the unit the request names,
/// or the main one. A person without positions has none.
///
/// # Errors
/// [`Reason::PositionUnknown`] when the request names a unit without a position in it.
pub fn position<'a>(
    facts: &InteractionFacts<'_>,
    signed_in: &'a SignedIn,
) -> Result<Option<&'a Position>, Reason> {
    let held = signed_in.user.positions_at(facts.now);
    if let Some(code) = &facts.request.unit {
        let unit = signed_in.units.iter().find(|u| u.code == *code);
        let found = unit.and_then(|u| held.iter().find(|p| p.unit == u.id));
        return found.copied().map(Some).ok_or(Reason::PositionUnknown);
    }
    let chosen = facts.chosen.and_then(|id| held.iter().find(|p| p.id == id));
    Ok(chosen.or_else(|| held.first()).copied())
}
