//! `/par`, and pushed requests at `/authorize`.

use serde_json::{Map, Value};

use super::{World, asked, basic, code_of, error_of, redirect_of, refused};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::Failure;
use crate::flow::authorize::{AuthorizeReply, Visitor};
use crate::model::client::Client;
use crate::oauth::interaction::Interaction;
use crate::oauth::par::PREFIX;
use crate::oauth::sample::{CHALLENGE, REDIRECT, SECRET, named, parameters, public};

const GOOD: [(&str, &str); 6] = [
    ("response_type", "code"),
    ("redirect_uri", REDIRECT),
    ("scope", "openid profile"),
    ("state", "của tôi"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// Pushes the good request with some parameters replaced or added.
async fn push(
    world: &World,
    authorization: Option<&str>,
    changed: &[(&str, &str)],
) -> Result<Map<String, Value>, Failure> {
    let kept = GOOD
        .iter()
        .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    let pairs: Vec<_> = kept.chain(changed).copied().collect();
    let mut context = world.context();
    world
        .provider
        .push(authorization, &parameters(&pairs), &mut context)
        .await
}

/// The reference to a request that the client pushed.
async fn pushed(world: &World, changed: &[(&str, &str)]) -> String {
    let answer = push(world, Some(&basic("app", SECRET)), changed).await;
    answer.unwrap()["request_uri"].as_str().unwrap().to_owned()
}

/// Brings a reference to the authorization endpoint, with further parameters.
async fn bring(
    world: &World,
    visitor: &Visitor,
    reference: &str,
    further: &[(&str, &str)],
) -> Result<AuthorizeReply, Failure> {
    let mut pairs = vec![("client_id", "app"), ("request_uri", reference)];
    pairs.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
    pairs.extend(further);
    let mut context = world.context();
    world
        .provider
        .authorize(&parameters(&pairs), visitor, &mut context)
        .await
}

#[tokio::test]
async fn a_pushed_request_is_answered_once_and_may_be_loaded_again_before() {
    let world = World::new().await;
    let answer = push(&world, Some(&basic("app", SECRET)), &[])
        .await
        .unwrap();
    assert_eq!(answer["expires_in"], 90);
    let reference = answer["request_uri"].as_str().unwrap();
    assert_eq!(reference.strip_prefix(PREFIX).unwrap().len(), 43);
    let visitor = world.browser();
    let (question, first) = asked(bring(&world, &visitor, reference, &[]).await);
    assert_eq!(question, Interaction::SignIn);
    let (_, second) = asked(bring(&world, &visitor, reference, &[]).await);
    let visitor = world.after_sign_in(&visitor, "an").await;
    let members = redirect_of(&world.resume(&visitor, &second).await.unwrap());
    assert_eq!(members["state"], "của tôi");
    world.redeem(&members["code"]).await.unwrap();
    // The other tab of the same request, and the address loaded anew, bring nothing more.
    let late = refused(world.resume(&visitor, &first).await);
    assert_eq!(late, Reason::PushedRequestAnswered);
    let again = refused(bring(&world, &visitor, reference, &[]).await);
    assert_eq!(again, Reason::PushedRequestUnknown);
}

#[tokio::test]
async fn nothing_beside_the_reference_counts() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    let reference = pushed(&world, &[("nonce", "đúng")]).await;
    let smuggled = [
        ("redirect_uri", "https://evil.example/"),
        ("scope", "openid roles payroll"),
        ("state", "khác"),
        ("nonce", "sai"),
        ("prompt", "none login"),
        ("code_challenge_method", "plain"),
        ("response_mode", "fragment"),
    ];
    let reply = bring(&world, &visitor, &reference, &smuggled)
        .await
        .unwrap();
    let members = redirect_of(&reply);
    assert_eq!(members["state"], "của tôi");
    let tokens = world.redeem(&members["code"]).await.unwrap();
    assert_eq!(tokens["scope"], "openid profile");
    assert_eq!(super::claims(&tokens["id_token"])["nonce"], "đúng");
}

#[tokio::test]
async fn a_reference_is_for_its_client_and_its_time() {
    let world = World::new().await;
    world.add_client(named("other")).await;
    let visitor = world.signed_in("an").await;
    let reference = pushed(&world, &[]).await;
    let other = bring(&world, &visitor, &reference, &[("client_id", "other")]).await;
    assert_eq!(refused(other), Reason::PushedRequestOfAnotherClient);
    for nobody in ["nobody", ""] {
        let answer = bring(&world, &visitor, &reference, &[("client_id", nobody)]).await;
        assert_eq!(refused(answer), Reason::ClientUnknown);
    }
    let made_up = bring(
        &world,
        &visitor,
        &format!("{PREFIX}{}", "A".repeat(43)),
        &[],
    )
    .await;
    assert_eq!(refused(made_up), Reason::PushedRequestUnknown);
    world.wait(89);
    let (_, waiting) = asked(bring(&world, &world.browser(), &reference, &[]).await);
    world.wait(1);
    let late = bring(&world, &visitor, &reference, &[]).await;
    assert_eq!(refused(late), Reason::PushedRequestExpired);
    // Whoever began in time has the time of every sign-in page.
    world.wait(15 * 60 - 2);
    let stranger = refused(world.resume(&visitor, &waiting).await);
    assert_eq!(stranger, Reason::BrowserNotTheBeginner);
    world.wait(2 * 60);
    let over = bring(&world, &visitor, &reference, &[]).await;
    assert_eq!(refused(over), Reason::PushedRequestUnknown);
}

#[tokio::test]
async fn who_began_in_the_last_moment_may_finish() {
    let world = World::new().await;
    let visitor = world.browser();
    let reference = pushed(&world, &[]).await;
    world.wait(89);
    let (_, waiting) = asked(bring(&world, &visitor, &reference, &[]).await);
    world.wait(15 * 60 - 1);
    let visitor = world.after_sign_in(&visitor, "an").await;
    code_of(&world.resume(&visitor, &waiting).await.unwrap());
}

#[tokio::test]
async fn every_answer_spends_the_reference() {
    let world = World::new().await;
    let visitor = world.browser();
    let reference = pushed(&world, &[("prompt", "none")]).await;
    let (error, _) = error_of(bring(&world, &visitor, &reference, &[]).await);
    assert_eq!(error, "login_required");
    let again = bring(&world, &visitor, &reference, &[]).await;
    assert_eq!(refused(again), Reason::PushedRequestUnknown);
    let reference = pushed(&world, &[]).await;
    let (_, waiting) = asked(bring(&world, &visitor, &reference, &[]).await);
    let why = (&visitor.browser, Reason::ConsentRefused);
    let mut context = world.context();
    world
        .provider
        .cancel(&waiting, why, &mut context)
        .await
        .unwrap();
    let again = bring(&world, &visitor, &reference, &[]).await;
    assert_eq!(refused(again), Reason::PushedRequestUnknown);
}

#[tokio::test]
async fn a_push_is_judged_at_once() {
    let world = World::new().await;
    let app = basic("app", SECRET);
    for (changed, expected) in [
        (("request_uri", "urn:x"), Reason::PushedRequestUri),
        (("client_id", "other"), Reason::ClientAuthenticationMixed),
        (
            ("redirect_uri", "https://evil.example/"),
            Reason::RedirectUriMismatch,
        ),
        (("scope", "openid payroll"), Reason::ScopeNotAllowed),
        (("code_challenge", "kurz"), Reason::PkceChallengeMalformed),
        (("id_token_hint", "x"), Reason::IdTokenHintWrong),
    ] {
        let answer = push(&world, Some(&app), &[changed]).await;
        assert_eq!(refused(answer), expected, "{changed:?}");
    }
    let wrong = push(&world, Some(&basic("app", "sai")), &[]).await;
    assert_eq!(refused(wrong), Reason::ClientSecretWrong);
    let unproved = push(&world, None, &[("client_id", "app")]).await;
    assert_eq!(refused(unproved), Reason::ClientAuthenticationMissing);
}

#[tokio::test]
async fn what_happened_to_the_client_since_the_push_counts() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    let reference = pushed(&world, &[]).await;
    world
        .edit_client(|client| client.scopes.retain(|scope| scope != "profile"))
        .await;
    let (error, reason) = error_of(bring(&world, &visitor, &reference, &[]).await);
    assert_eq!((&*error, &*reason), ("invalid_scope", "scope_not_allowed"));
    world.edit_client(|client| client.disabled = true).await;
    let disabled = bring(&world, &visitor, &reference, &[]).await;
    assert_eq!(refused(disabled), Reason::ClientUnknown);
}

#[tokio::test]
async fn a_push_can_be_demanded() {
    let mut world = World::new().await;
    let visitor = world.signed_in("an").await;
    let demand = |client: &mut Client| client.features.require_pushed_authorization_requests = true;
    world.edit_client(demand).await;
    let (error, reason) = error_of(world.authorize(&visitor, &[]).await);
    assert_eq!(
        (&*error, &*reason),
        ("invalid_request", "pushed_request_required")
    );
    let reference = pushed(&world, &[]).await;
    code_of(&bring(&world, &visitor, &reference, &[]).await.unwrap());
    world
        .edit_client(|client| client.features.require_pushed_authorization_requests = false)
        .await;
    code_of(&world.authorize(&visitor, &[]).await.unwrap());
    std::sync::Arc::make_mut(&mut world.provider.policy).require_pushed = true;
    let (_, reason) = error_of(world.authorize(&visitor, &[]).await);
    assert_eq!(reason, "pushed_request_required");
}

#[tokio::test]
async fn what_is_embedded_may_ask_nothing_however_it_came() {
    let world = World::new().await;
    let framed = Visitor {
        embedded: true,
        ..world.browser()
    };
    let plain = refused(world.authorize(&framed, &[]).await);
    assert_eq!(plain, Reason::AuthorizationEmbedded);
    error_of(world.authorize(&framed, &[("prompt", "none")]).await);
    // What stands beside a reference does not count for this either.
    let reference = pushed(&world, &[]).await;
    let smuggled = bring(&world, &framed, &reference, &[("prompt", "none")]).await;
    assert_eq!(refused(smuggled), Reason::AuthorizationEmbedded);
    let silent = pushed(&world, &[("prompt", "none")]).await;
    error_of(bring(&world, &framed, &silent, &[]).await);
}

#[tokio::test]
async fn public_clients_of_one_source_push_so_much() {
    let mut world = World::new().await;
    let rules = &mut std::sync::Arc::make_mut(&mut world.provider.policy).throttle;
    rules.unfinished_per_source = 2;
    world
        .add_client(Client {
            id: named("spa").id,
            ..public()
        })
        .await;
    let spa = [("client_id", "spa")];
    let first = push(&world, None, &spa).await.unwrap();
    for _ in 0..3 {
        let wrong = push(&world, None, &[spa[0], ("scope", "payroll")]).await;
        assert_eq!(
            refused(wrong),
            Reason::ScopeNotAllowed,
            "what is refused is not counted"
        );
    }
    push(&world, None, &spa).await.unwrap();
    let third = push(&world, None, &spa).await;
    assert_eq!(refused(third), Reason::TooManyUnfinished);
    for _ in 0..3 {
        pushed(&world, &[]).await;
    }
    // A finished one makes room.
    let visitor = world.signed_in("an").await;
    let reference = first["request_uri"].as_str().unwrap();
    code_of(&bring(&world, &visitor, reference, &spa).await.unwrap());
    push(&world, None, &spa).await.unwrap();
}

#[tokio::test]
async fn a_client_that_proved_itself_pushes_so_much() {
    let mut world = World::new().await;
    let rules = &mut std::sync::Arc::make_mut(&mut world.provider.policy).throttle;
    rules.pushed_per_client = 2;
    world.add_client(named("other")).await;
    let reference = pushed(&world, &[]).await;
    for _ in 0..3 {
        let app = basic("app", SECRET);
        let wrong = push(&world, Some(&app), &[("scope", "payroll")]).await;
        assert_eq!(refused(wrong), Reason::ScopeNotAllowed, "not counted");
    }
    pushed(&world, &[]).await;
    let third = push(&world, Some(&basic("app", SECRET)), &[]).await;
    assert_eq!(refused(third), Reason::PushedRequestsTooMany);
    let other = basic("other", SECRET);
    let elsewhere = [("client_id", "other")];
    push(&world, Some(&other), &elsewhere).await.unwrap();
    // A finished one makes room, and so does time.
    let visitor = world.signed_in("an").await;
    code_of(&bring(&world, &visitor, &reference, &[]).await.unwrap());
    pushed(&world, &[]).await;
    let full = push(&world, Some(&basic("app", SECRET)), &[]).await;
    assert_eq!(refused(full), Reason::PushedRequestsTooMany);
    world.wait(15 * 60);
    pushed(&world, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_completions_in_many_browsers_one_brings_a_code() {
    let world = World::new().await;
    let reference = pushed(&world, &[]).await;
    let mut begun = Vec::new();
    for _ in 0..16 {
        let visitor = world.browser();
        let (_, waiting) = asked(bring(&world, &visitor, &reference, &[]).await);
        begun.push((world.after_sign_in(&visitor, "an").await, waiting));
    }
    let resume = |world: World, visitor: Visitor, waiting: SecretText| async move {
        world.resume(&visitor, &waiting).await
    };
    let tasks: Vec<_> = begun
        .into_iter()
        .map(|(visitor, waiting)| tokio::spawn(resume(world.clone(), visitor, waiting)))
        .collect();
    let mut codes = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(reply) => codes += usize::from(redirect_of(&reply).contains_key("code")),
            other => assert_eq!(refused(other), Reason::PushedRequestAnswered),
        }
    }
    assert_eq!(codes, 1);
}
