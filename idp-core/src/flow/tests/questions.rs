//! Consent, positions and passwords that must be changed, in the midst of an authorization.

use super::{PASSWORD, World, answered, asked, claims, code_of, error_of, refused, sample};
use crate::authn::activation::NewPassword;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::access::Elsewhere;
use crate::flow::authorize::Visitor;
use crate::flow::consent::ConsentForm;
use crate::flow::password::Setter;
use crate::model::client::{ConsentRule, PositionChoice};
use crate::model::user::PositionId;
use crate::oauth::interaction::Interaction;

async fn with_consent() -> (World, Visitor) {
    let world = World::new().await;
    world
        .edit_client(|client| client.consent = ConsentRule::Ask)
        .await;
    let visitor = world.signed_in("an").await;
    (world, visitor)
}

async fn approve(
    world: &World,
    visitor: &Visitor,
    waiting: &SecretText,
) -> Result<(), crate::flow::Failure> {
    let form = form(visitor, "an", waiting);
    world
        .provider
        .approve(&form, visitor, &mut world.context())
        .await
}

/// The form of a page that was shown to somebody in this browser.
fn form(visitor: &Visitor, shown_to: &str, waiting: &SecretText) -> ConsentForm {
    let person = sample::user(shown_to).id;
    ConsentForm {
        waiting: waiting.clone(),
        person: Some(visitor.browser.person_token(person)),
    }
}

#[tokio::test]
async fn consent_is_asked_once_for_each_scope() {
    let (world, visitor) = with_consent().await;
    let openid = [("scope", "openid")];
    let (question, waiting) = asked(world.authorize(&visitor, &openid).await);
    assert_eq!(question, Interaction::Consent);
    approve(&world, &visitor, &waiting).await.unwrap();
    code_of(&world.resume(&visitor, &waiting).await.unwrap());
    world.code(&visitor, &openid).await;
    let more = [("scope", "openid profile")];
    let (error, _) = error_of(
        world
            .authorize(&visitor, &[more[0], ("prompt", "none")])
            .await,
    );
    assert_eq!(error, "consent_required");
    let (question, waiting) = asked(world.authorize(&visitor, &more).await);
    assert_eq!(question, Interaction::Consent);
    approve(&world, &visitor, &waiting).await.unwrap();
    code_of(&world.resume(&visitor, &waiting).await.unwrap());
    world.code(&visitor, &openid).await;
    let other = world.signed_in("binh").await;
    assert_eq!(
        asked(world.authorize(&other, &openid).await).0,
        Interaction::Consent
    );
}

#[tokio::test]
async fn consent_is_asked_again_when_the_client_says_so() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    for _ in 0..2 {
        world.wait(1);
        let (question, waiting) = asked(world.authorize(&visitor, &[("prompt", "consent")]).await);
        assert_eq!(question, Interaction::Consent);
        approve(&world, &visitor, &waiting).await.unwrap();
        code_of(&world.resume(&visitor, &waiting).await.unwrap());
    }
}

#[tokio::test]
async fn refusing_goes_back_with_access_denied() {
    let (world, visitor) = with_consent().await;
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let context = &mut world.context();
    let form = form(&visitor, "an", &waiting);
    let address = world.provider.refuse(&form, &visitor, context).await;
    let members = answered(&address.unwrap().unwrap());
    assert_eq!(members["error"], "access_denied");
    assert_eq!(members["error_description"], "consent_refused");
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::PageExpired
    );
    assert_eq!(
        refused(approve(&world, &visitor, &waiting).await),
        Reason::PageExpired
    );
    assert_eq!(
        world.events().await.last().map(String::as_str),
        Some("consent_refused")
    );
}

#[tokio::test]
async fn only_the_beginner_who_is_still_signed_in_consents() {
    let (world, visitor) = with_consent().await;
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let other = world.signed_in("binh").await;
    let reason = refused(approve(&world, &other, &waiting).await);
    assert_eq!(reason, Reason::BrowserNotTheBeginner);
    let signed_out = Visitor {
        session: None,
        ..visitor
    };
    let reason = refused(approve(&world, &signed_out, &waiting).await);
    assert_eq!(reason, Reason::SessionOver);
}

#[tokio::test]
async fn nobody_consents_on_the_page_of_somebody_else() {
    let (world, visitor) = with_consent().await;
    let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
    let shown_to_an = form(&visitor, "an", &waiting);
    let begun = world.sign_in(&visitor, "binh", PASSWORD).await.unwrap();
    let visitor = Visitor {
        session: Some(begun.secret),
        ..visitor
    };
    let provider = &world.provider;
    let context = &mut world.context();
    provider
        .approve(&shown_to_an, &visitor, context)
        .await
        .unwrap();
    let refusal = provider.refuse(&shown_to_an, &visitor, context).await;
    assert_eq!(refusal.unwrap(), None);
    let no_field = ConsentForm {
        person: None,
        ..shown_to_an
    };
    provider
        .approve(&no_field, &visitor, context)
        .await
        .unwrap();
    for name in ["consent_given", "consent_refused"] {
        assert!(!world.events().await.contains(&name.to_owned()), "{name}");
    }
    // Whoever is signed in now is asked, and answers for themselves.
    let (question, waiting) = asked(world.resume(&visitor, &waiting).await);
    assert_eq!(question, Interaction::Consent);
    let form = form(&visitor, "binh", &waiting);
    provider.approve(&form, &visitor, context).await.unwrap();
    code_of(&world.resume(&visitor, &waiting).await.unwrap());
}

#[tokio::test]
async fn the_chosen_position_is_the_one_that_is_told() {
    let world = World::new().await;
    world
        .edit_client(|client| client.position = PositionChoice::Ask)
        .await;
    let visitor = world.signed_in("an").await;
    let (question, waiting) = asked(world.authorize(&visitor, &[]).await);
    assert_eq!(question, Interaction::ChoosePosition);
    let choose = |visitor: Visitor, number| {
        let (world, waiting) = (world.clone(), waiting.clone());
        async move {
            let chosen = PositionId::from_u128(number);
            let context = &mut world.context();
            world
                .provider
                .choose_position(&waiting, chosen, &visitor, context)
                .await
        }
    };
    let stranger = refused(choose(visitor.clone(), 9).await);
    assert_eq!(stranger, Reason::PositionNotHeld);
    let other = refused(choose(world.signed_in("binh").await, 1001).await);
    assert_eq!(other, Reason::BrowserNotTheBeginner);
    let signed_out = Visitor {
        session: None,
        ..visitor.clone()
    };
    assert_eq!(refused(choose(signed_out, 1001).await), Reason::SessionOver);
    let next = choose(visitor.clone(), 1001).await.unwrap();
    assert_eq!(
        refused(world.resume(&visitor, &waiting).await),
        Reason::PageExpired
    );
    let code = code_of(&world.resume(&visitor, &next).await.unwrap());
    let tokens = world.redeem(&code).await.unwrap();
    assert_eq!(claims(&tokens["id_token"])["unit"]["code"], "H42.06");
    assert_eq!(
        world.userinfo(&tokens).await.unwrap()["unit"]["code"],
        "H42.06"
    );
}

#[tokio::test]
async fn the_unit_that_the_client_names_decides_the_position() {
    let world = World::new().await;
    world
        .edit_client(|client| client.position = PositionChoice::Ask)
        .await;
    let visitor = world.signed_in("an").await;
    let tokens = world.tokens(&visitor, &[("unit", "H42.06")]).await;
    assert_eq!(claims(&tokens["id_token"])["unit"]["code"], "H42.06");
    let (error, reason) = error_of(world.authorize(&visitor, &[("unit", "H42.05.01")]).await);
    assert_eq!(
        (error.as_str(), reason.as_str()),
        ("invalid_request", "position_unknown")
    );
}

#[tokio::test]
async fn a_password_set_by_somebody_else_is_changed_before_anything_is_issued() {
    let world = World::new().await;
    let hash = format!("plain:{PASSWORD}");
    world.add_user(3, sample::user("chi"), &hash, true).await;
    let visitor = world.signed_in("chi").await;
    let (question, waiting) = asked(world.authorize(&visitor, &[]).await);
    assert_eq!(question, Interaction::ChangePassword);
    let live = world
        .provider
        .live_session(visitor.session.as_ref(), world.now())
        .await;
    let setter = Setter::Holder {
        session: Box::new(live.unwrap().unwrap().session),
        password: SecretText::new(PASSWORD.into()),
    };
    let new = |text: &str| NewPassword {
        first: SecretText::new(text.into()),
        second: SecretText::new(text.into()),
    };
    let context = &mut world.context();
    let same = world
        .provider
        .set_password(&setter, &new(PASSWORD), context)
        .await;
    assert_eq!(refused(same), Reason::PasswordUsedBefore);
    assert_eq!(
        asked(world.resume(&visitor, &waiting).await).0,
        Interaction::ChangePassword
    );
    let set = world
        .provider
        .set_password(&setter, &new("mưa rơi trên mái tôn"), context)
        .await
        .unwrap();
    let visitor = Visitor {
        session: set.session_secret,
        ..visitor
    };
    code_of(&world.resume(&visitor, &waiting).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_answers_to_one_question_one_counts() {
    let world = World::new().await;
    world
        .edit_client(|client| client.position = PositionChoice::Ask)
        .await;
    let visitor = world.signed_in("an").await;
    for round in 0..20 {
        let (_, waiting) = asked(world.authorize(&visitor, &[]).await);
        let answers = (0..8).map(|_| {
            let (world, visitor, waiting) = (world.clone(), visitor.clone(), waiting.clone());
            tokio::spawn(async move {
                let (chosen, mut context) = (PositionId::from_u128(1001), world.context());
                let provider = &world.provider;
                provider
                    .choose_position(&waiting, chosen, &visitor, &mut context)
                    .await
            })
        });
        let mut counted = 0;
        for answer in answers.collect::<Vec<_>>() {
            match answer.await.unwrap() {
                Ok(next) => {
                    counted += 1;
                    code_of(&world.resume(&visitor, &next).await.unwrap());
                }
                answer => match refused(answer) {
                    Reason::PageAnswered | Reason::PageExpired => {}
                    reason => panic!("{reason:?}"),
                },
            }
        }
        assert_eq!(counted, 1, "round {round}");
    }
}

#[tokio::test]
async fn consent_that_was_taken_back_is_asked_for_again_and_ends_what_it_gave() {
    let (world, visitor) = with_consent().await;
    let offline = [("scope", "openid offline_access")];
    let mut given = Vec::new();
    for changed in [&[][..], &offline] {
        given.push(world.tokens(&visitor, changed).await);
    }
    let other = world.signed_in("binh").await;
    let theirs = world.tokens(&other, &[]).await;
    let provider = &world.provider;
    let access = provider.access(&visitor, &world.context()).await.unwrap();
    assert_eq!(access.allowed.len(), 1);
    let client = access.allowed[0].0.id.clone();
    assert!(access.allowed[0].1.covers(&["offline_access".to_owned()]));
    for times in 1..=2 {
        let context = &mut world.context();
        let withdrawn = provider.withdraw_consent(&client, &visitor, context).await;
        withdrawn.unwrap();
        let events = world.events().await;
        let recorded = events.iter().filter(|e| *e == "consent_withdrawn").count();
        assert_eq!(recorded, 1, "withdrawn {times} times");
    }
    for tokens in given {
        let refreshed = world.refresh(&tokens["refresh_token"]).await;
        assert_eq!(refused(refreshed), Reason::GrantEnded);
        assert_eq!(refused(world.userinfo(&tokens).await), Reason::TokenRevoked);
    }
    let access = provider.access(&visitor, &world.context()).await.unwrap();
    assert!(access.allowed.is_empty());
    let (question, _) = asked(world.authorize(&visitor, &[]).await);
    assert_eq!(question, Interaction::Consent);
    world.refresh(&theirs["refresh_token"]).await.unwrap();
}

#[tokio::test]
async fn a_person_ends_their_own_sessions_and_nobody_elses() {
    let world = World::new().await;
    let (here, there) = (world.signed_in("an").await, world.signed_in("an").await);
    let binh = world.signed_in("binh").await;
    let tokens = world.tokens(&there, &[]).await;
    let provider = &world.provider;
    let sessions = async |visitor: &Visitor| {
        let access = provider.access(visitor, &world.context()).await.unwrap();
        let ids: Vec<_> = access.sessions.iter().map(|s| s.id).collect();
        (access.current, ids)
    };
    let (current, all) = sessions(&here).await;
    assert_eq!(all.len(), 2);
    let (theirs, _) = sessions(&binh).await;
    let end = async |which| {
        let context = &mut world.context();
        provider
            .end_own_sessions(which, &here, context)
            .await
            .unwrap();
    };
    end(Elsewhere::One(theirs)).await;
    assert_eq!(sessions(&binh).await, (theirs, vec![theirs]));
    let (elsewhere, _) = sessions(&there).await;
    end(Elsewhere::One(elsewhere)).await;
    assert_eq!(sessions(&here).await, (current, vec![current]));
    assert_eq!(
        refused(world.refresh(&tokens["refresh_token"]).await),
        Reason::GrantEnded
    );
    world.signed_in("an").await;
    world.signed_in("an").await;
    end(Elsewhere::All).await;
    assert_eq!(sessions(&here).await, (current, vec![current]));
    end(Elsewhere::One(current)).await;
    let over = provider.access(&here, &world.context()).await;
    assert_eq!(refused(over), Reason::SessionOver);
}
