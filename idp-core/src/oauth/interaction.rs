//! Questions for the person: an ordered list of pure checks over the same facts.
//!
//! There is no stage machine. Answering a question changes the facts; resuming runs the same
//! checks again until none asks anything.

use super::authorize::AuthorizationRequest;
use super::consent::covers;
use super::scope;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::model::client::{Client, ClientAuthenticationMethod, ConsentRule, PositionChoice};
use crate::model::consent::Consent;
use crate::model::organisation_unit::OrganisationUnit;
use crate::model::session::Session;
use crate::model::user::{Position, PositionId, User};
use crate::oidc::claims::UnitPath;

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
    /// The unit that the request names, if there is one with that code.
    pub unit: Option<OrganisationUnit>,
    /// The paths of the units that an ID Token of this answer names; none where none is given.
    pub paths: Vec<UnitPath>,
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
const CHECKS: [Check; 7] = [
    login_asked_for,
    too_old,
    too_weak,
    hint_names_another,
    password_must_change,
    position_open,
    consent_missing,
];

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

/// The person did not sign in strongly enough. Whether it can be done here at all was checked before
/// ([`super::assurance::check_reachable`]).
fn too_weak(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let needed = facts.request.level?;
    (signed_in.session.authentication.level < needed)
        .then_some((Interaction::SignIn, Reason::LevelTooLow))
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
    let chosen = facts
        .chosen
        .is_some_and(|id| held.iter().any(|p| p.id == id));
    (wanted && held.len() > 1 && !chosen)
        .then_some((Interaction::ChoosePosition, Reason::PositionChoiceNeeded))
}

/// The client is not the province's own and the person has not agreed to all of the scope, or
/// `prompt=consent` asks again. A grant that outlives the session is asked for even by the
/// province's own (OpenID Connect Core §11).
fn consent_missing(facts: &InteractionFacts<'_>, signed_in: &SignedIn) -> Option<Question> {
    let offline = facts
        .request
        .scope
        .iter()
        .any(|s| s == scope::OFFLINE_ACCESS);
    let own = facts.client.consent == ConsentRule::Never;
    if own && !offline && !facts.request.prompt.consent {
        return None;
    }
    // A consent rests for scopes and claims; exact details are asked about each time.
    let anew = facts.request.prompt.consent
        || !facts.request.authorization_details.is_empty()
        || !is_assured(facts);
    let given = signed_in.consent.as_ref().is_some_and(|consent| {
        covers(consent, &facts.request.disclosed())
            && (!anew || consent.at >= facts.request.requested_at)
    });
    (!given).then_some((Interaction::Consent, Reason::ConsentNeeded))
}

/// Whether the answer reaches the client that is named and no other program: it proves itself when it
/// redeems the code, or the answer goes to an https address. A private-use scheme or a loopback port
/// can be anybody's on the person's machine, so that an earlier consent says nothing about who asks
/// now (RFC 8252 §8.6).
fn is_assured(facts: &InteractionFacts<'_>) -> bool {
    facts.client.authentication != ClientAuthenticationMethod::None
        || facts.request.redirect_uri.starts_with("https://")
}

/// The position that a person chooses on the page.
///
/// # Errors
/// [`Reason::PositionNotHeld`] for one that the person does not hold at `now`.
pub fn choose(user: &User, chosen: PositionId, now: Timestamp) -> Result<PositionId, Reason> {
    let held = user.positions_at(now).iter().any(|p| p.id == chosen);
    held.then_some(chosen).ok_or(Reason::PositionNotHeld)
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
        let unit = signed_in.unit.as_ref().filter(|unit| unit.code == *code);
        let found = unit.and_then(|u| held.iter().find(|p| p.unit == u.id));
        return found.copied().map(Some).ok_or(Reason::PositionUnknown);
    }
    let chosen = facts.chosen.and_then(|id| held.iter().find(|p| p.id == id));
    Ok(chosen.or_else(|| held.first()).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, CLINIC, HEALTH, JUSTICE};
    use crate::base::issuer::IssuerKey;
    use crate::model::Version;
    use crate::model::identifier::AgencyCode;
    use crate::oauth::authorize::{Prompt, check};
    use crate::oauth::sample::{CHALLENGE, NOW, REDIRECT, after, parameters, web};

    struct Scene {
        request: AuthorizationRequest,
        client: Client,
        signed_in: Option<SignedIn>,
        chosen: Option<PositionId>,
    }

    impl Scene {
        /// A request with no open question: `an`, signed in a minute ago, holds two positions.
        fn new() -> Self {
            let client = web();
            let parameters = parameters(&[
                ("response_type", "code"),
                ("redirect_uri", REDIRECT),
                ("scope", "openid unit"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ]);
            let (request, _) = check(&parameters, Some(&client), Ok(None), NOW).unwrap();
            let user = sample::with_position(sample::user("an"), HEALTH);
            let user = sample::with_position(user, JUSTICE);
            let mut session = sample::session(user.id);
            session.authentication.at = after(-60);
            let signed_in = SignedIn {
                session,
                user,
                sub: Some("sub-an".into()),
                consent: None,
                unit: None,
                paths: Vec::new(),
            };
            Self {
                request,
                client,
                signed_in: Some(signed_in),
                chosen: None,
            }
        }

        fn with(change: impl FnOnce(&mut Self, &mut SignedIn)) -> Self {
            let mut scene = Self::new();
            let mut signed_in = scene.signed_in.take().unwrap();
            change(&mut scene, &mut signed_in);
            scene.signed_in = Some(signed_in);
            scene
        }

        fn facts(&self) -> InteractionFacts<'_> {
            InteractionFacts {
                request: &self.request,
                client: &self.client,
                signed_in: self.signed_in.as_ref(),
                chosen: self.chosen,
                now: NOW,
            }
        }

        fn next(&self) -> Option<Question> {
            next(&self.facts())
        }

        fn position(&self) -> Result<Option<PositionId>, Reason> {
            let found = position(&self.facts(), self.signed_in.as_ref().unwrap())?;
            Ok(found.map(|p| p.id))
        }
    }

    const LOGIN: Prompt = Prompt {
        none: false,
        login: true,
        consent: false,
    };
    const CONSENT: Prompt = Prompt {
        none: false,
        login: false,
        consent: true,
    };
    const FIRST: PositionId = PositionId::from_u128(1000);
    const SECOND: PositionId = PositionId::from_u128(1001);

    fn consent(scope: &[&str], at: Timestamp) -> Option<Consent> {
        Some(Consent {
            issuer: IssuerKey::main(),
            user: sample::user("an").id,
            client: web().id,
            version: Version(1),
            scope: scope.iter().map(|s| (*s).to_owned()).collect(),
            claims: Vec::new(),
            at,
        })
    }

    #[test]
    fn who_is_signed_in_and_asked_nothing_goes_on() {
        assert_eq!(Scene::new().next(), None);
        let nobody = Scene {
            signed_in: None,
            ..Scene::new()
        };
        assert_eq!(
            nobody.next(),
            Some((Interaction::SignIn, Reason::SignInNeeded))
        );
    }

    #[test]
    fn a_sign_in_that_was_too_weak_is_asked_for_again() {
        use crate::model::authentication::Level;
        for (needed, held, asked) in [
            (None, Level::One, false),
            (Some(Level::One), Level::One, false),
            (Some(Level::Two), Level::One, true),
            (Some(Level::Two), Level::Three, false),
        ] {
            let scene = Scene::with(|scene, signed_in| {
                scene.request.level = needed;
                signed_in.session.authentication.level = held;
            });
            let question = (Interaction::SignIn, Reason::LevelTooLow);
            assert_eq!(scene.next(), asked.then_some(question), "{needed:?}");
        }
    }

    #[test]
    fn a_login_that_was_asked_for_is_answered_by_a_fresh_sign_in() {
        let asked = |at| {
            Scene::with(|scene, signed_in| {
                scene.request.prompt = LOGIN;
                signed_in.session.authentication.at = at;
            })
            .next()
        };
        let question = Some((Interaction::SignIn, Reason::SignInNeeded));
        assert_eq!(asked(after(-1)), question);
        assert_eq!(asked(NOW), None);
        assert_eq!(asked(after(5)), None);
    }

    #[test]
    fn an_old_sign_in_is_renewed_and_a_fresh_one_always_satisfies() {
        let aged = |max_age, at| {
            Scene::with(|scene, signed_in| {
                scene.request.max_age = Some(max_age);
                signed_in.session.authentication.at = at;
            })
            .next()
        };
        let question = Some((Interaction::SignIn, Reason::SignInTooOld));
        assert_eq!(aged(0, after(-1)), question);
        assert_eq!(aged(0, NOW), None);
        assert_eq!(aged(0, after(30)), None, "answered after the request came");
        assert_eq!(aged(60, after(-60)), None);
        assert_eq!(aged(60, after(-61)), question);
        assert_eq!(aged(u32::MAX, after(-1_000_000)), None);
    }

    #[test]
    fn a_hint_of_somebody_else_asks_for_that_person() {
        let hinted = |hint: &str, sub: Option<&str>| {
            Scene::with(|scene, signed_in| {
                scene.request.hinted_sub = Some(hint.into());
                signed_in.sub = sub.map(str::to_owned);
            })
            .next()
        };
        let question = Some((Interaction::SignIn, Reason::SignedInAsAnother));
        assert_eq!(hinted("sub-an", Some("sub-an")), None);
        assert_eq!(hinted("sub-binh", Some("sub-an")), question);
        assert_eq!(hinted("sub-binh", None), question);
    }

    #[test]
    fn positions_are_asked_for_when_the_client_wants_and_nothing_decides() {
        let ask = |change: fn(&mut Scene, &mut SignedIn)| {
            Scene::with(|scene, signed_in| {
                scene.client.position = PositionChoice::Ask;
                change(scene, signed_in);
            })
            .next()
        };
        let question = Some((Interaction::ChoosePosition, Reason::PositionChoiceNeeded));
        assert_eq!(ask(|_, _| ()), question);
        assert_eq!(ask(|s, _| s.chosen = Some(SECOND)), None);
        assert_eq!(
            ask(|s, _| s.chosen = Some(PositionId::from_u128(9))),
            question
        );
        assert_eq!(ask(|s, _| s.request.scope = vec!["openid".into()]), None);
        let unit = |s: &mut Scene, _: &mut SignedIn| {
            s.request.unit = Some(AgencyCode::parse("H42.06").unwrap());
        };
        assert_eq!(ask(unit), None);
        assert_eq!(ask(|_, p| p.user.positions[1].until = Some(NOW)), None);
    }

    #[test]
    fn consent_is_remembered_until_more_is_asked_or_it_is_asked_again() {
        let asked = |given: Option<Consent>, prompt, rule| {
            Scene::with(|scene, signed_in| {
                scene.client.consent = rule;
                scene.request.prompt = prompt;
                signed_in.consent = given;
            })
            .next()
        };
        let none = Prompt::default();
        let all = &["openid", "unit", "profile"];
        let question = Some((Interaction::Consent, Reason::ConsentNeeded));
        for (given, prompt, rule, expected) in [
            (None, none, ConsentRule::Never, None),
            (None, none, ConsentRule::Ask, question.clone()),
            (consent(all, after(-9)), none, ConsentRule::Ask, None),
            (
                consent(&["openid"], after(-9)),
                none,
                ConsentRule::Ask,
                question.clone(),
            ),
            (
                consent(all, after(-9)),
                CONSENT,
                ConsentRule::Ask,
                question.clone(),
            ),
            (consent(all, NOW), CONSENT, ConsentRule::Ask, None),
            (None, CONSENT, ConsentRule::Never, question.clone()),
            (
                consent(&["openid"], NOW),
                CONSENT,
                ConsentRule::Never,
                question,
            ),
        ] {
            let shown = format!("{given:?} {prompt:?} {rule:?}");
            assert_eq!(asked(given, prompt, rule), expected, "{shown}");
        }
    }

    #[test]
    fn a_program_that_anybody_can_pose_as_is_asked_about_each_time() {
        let asked = |authentication, redirect_uri: &str, at, rule| {
            Scene::with(|scene, signed_in| {
                scene.client.authentication = authentication;
                scene.client.consent = rule;
                scene.request.redirect_uri = redirect_uri.into();
                signed_in.consent = consent(&["openid", "unit", "profile"], at);
            })
            .next()
        };
        let (public, proved) = (
            ClientAuthenticationMethod::None,
            ClientAuthenticationMethod::ClientSecretBasic,
        );
        let question = Some((Interaction::Consent, Reason::ConsentNeeded));
        let loopback = "http://127.0.0.1:49152/cb";
        for (authentication, redirect_uri, at, rule, expected) in [
            (
                public,
                loopback,
                after(-9),
                ConsentRule::Ask,
                question.clone(),
            ),
            (
                public,
                "vn.tinh.app:/cb",
                after(-9),
                ConsentRule::Ask,
                question,
            ),
            (public, loopback, NOW, ConsentRule::Ask, None),
            (
                public,
                "https://app.example/cb",
                after(-9),
                ConsentRule::Ask,
                None,
            ),
            (proved, loopback, after(-9), ConsentRule::Ask, None),
            (public, loopback, after(-9), ConsentRule::Never, None),
        ] {
            let told = asked(authentication, redirect_uri, at, rule);
            assert_eq!(told, expected, "{redirect_uri} {rule:?}");
        }
    }

    #[test]
    fn questions_come_in_their_order() {
        let mut scene = Scene::with(|scene, signed_in| {
            scene.request.prompt = Prompt {
                consent: true,
                ..LOGIN
            };
            scene.request.max_age = Some(10);
            scene.request.hinted_sub = Some("sub-binh".into());
            scene.client.position = PositionChoice::Ask;
            signed_in.session.password_change_needed = true;
        });
        let mut reasons = Vec::new();
        type Answer = fn(&mut Scene);
        let answers: [Answer; 6] = [
            |s| s.request.prompt.login = false,
            |s| s.request.max_age = None,
            |s| s.request.hinted_sub = None,
            |s| s.signed_in.as_mut().unwrap().session.password_change_needed = false,
            |s| s.chosen = Some(FIRST),
            |s| s.request.prompt.consent = false,
        ];
        for answer in answers {
            reasons.push(scene.next().unwrap());
            answer(&mut scene);
        }
        assert_eq!(
            reasons,
            [
                (Interaction::SignIn, Reason::SignInNeeded),
                (Interaction::SignIn, Reason::SignInTooOld),
                (Interaction::SignIn, Reason::SignedInAsAnother),
                (Interaction::ChangePassword, Reason::PasswordChangeNeeded),
                (Interaction::ChoosePosition, Reason::PositionChoiceNeeded),
                (Interaction::Consent, Reason::ConsentNeeded),
            ]
        );
        assert_eq!(scene.next(), None);
    }

    #[test]
    fn each_question_has_its_error_when_none_may_be_asked() {
        for (reason, code) in [
            (Reason::SignInNeeded, "login_required"),
            (Reason::SignInTooOld, "login_required"),
            (Reason::SignedInAsAnother, "login_required"),
            (Reason::PasswordChangeNeeded, "interaction_required"),
            (Reason::PositionChoiceNeeded, "interaction_required"),
            (Reason::ConsentNeeded, "consent_required"),
        ] {
            assert_eq!(reason.code().as_str(), code);
        }
    }

    #[test]
    fn the_position_told_is_the_named_the_chosen_or_the_main_one() {
        let unit = |code: &str| {
            let code = AgencyCode::parse(code).unwrap();
            Scene::with(|scene, signed_in| {
                signed_in.unit = sample::units().into_iter().find(|u| u.code == code);
                scene.request.unit = Some(code);
                scene.chosen = Some(FIRST);
            })
        };
        assert_eq!(Scene::new().position(), Ok(Some(FIRST)));
        assert_eq!(
            Scene::with(|s, _| s.chosen = Some(SECOND)).position(),
            Ok(Some(SECOND))
        );
        assert_eq!(
            unit("H42.06").position(),
            Ok(Some(SECOND)),
            "the request outranks the page"
        );
        for stranger in ["H42.05.01", "H42", "H99"] {
            assert_eq!(
                unit(stranger).position(),
                Err(Reason::PositionUnknown),
                "{stranger}"
            );
        }
        let ended = Scene::with(|s, p| {
            s.chosen = Some(SECOND);
            p.user.positions[1].until = Some(NOW);
        });
        assert_eq!(ended.position(), Ok(Some(FIRST)));
        let none = Scene::with(|_, p| p.user.positions.clear());
        assert_eq!(none.position(), Ok(None));
        let moved = Scene::with(|_, p| p.user.positions[0].unit = CLINIC);
        assert_eq!(moved.position(), Ok(Some(FIRST)));
    }

    #[test]
    fn only_a_position_that_is_held_is_chosen() {
        type Change = fn(&mut User);
        let cases: [(Change, PositionId, Result<PositionId, Reason>); 4] = [
            (|_| (), SECOND, Ok(SECOND)),
            (
                |user| user.positions[1].until = Some(NOW),
                SECOND,
                Err(Reason::PositionNotHeld),
            ),
            (
                |user| user.positions.clear(),
                FIRST,
                Err(Reason::PositionNotHeld),
            ),
            (
                |_| (),
                PositionId::from_u128(9),
                Err(Reason::PositionNotHeld),
            ),
        ];
        for (change, chosen, expected) in cases {
            let user = sample::with_position(sample::user("an"), sample::HEALTH);
            let mut user = sample::with_position(user, sample::JUSTICE);
            change(&mut user);
            assert_eq!(choose(&user, chosen, NOW), expected);
        }
    }
}
