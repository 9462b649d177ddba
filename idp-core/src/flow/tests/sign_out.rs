//! Signing out, and telling the applications.

use super::{World, asked, claims, refused, rng, signing_key, web};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::flow::sign_out::SignOutReply;
use crate::jose::{Header, SigningAlgorithm, jws};
use crate::model::LocalText;
use crate::oauth::sample::{ISSUER, named, parameters};
use serde_json::{Value, json};

const THEN: &str = "https://rp.example/bye";
const LOGOUT: &str = "https://rp.example/logout";

async fn world() -> World {
    let world = World::new().await;
    world
        .edit_client(|client| {
            client.post_logout_redirect_uris = vec![THEN.into()];
            client.backchannel_logout_uri = Some(LOGOUT.into());
        })
        .await;
    world
}

async fn sign_out(
    world: &World,
    visitor: &Visitor,
    pairs: &[(&str, &str)],
) -> Result<SignOutReply, Failure> {
    let context = &mut world.context();
    world
        .provider
        .sign_out(&parameters(pairs), visitor, context)
        .await
}

async fn confirm(
    world: &World,
    visitor: &Visitor,
    waiting: &SecretText,
) -> Result<SignOutReply, Failure> {
    world
        .provider
        .confirm_sign_out(waiting, visitor, &mut world.context())
        .await
}

fn done(reply: Result<SignOutReply, Failure>) -> (Option<String>, Vec<LocalText>) {
    match reply {
        Ok(SignOutReply::Done { then, told, .. }) => (then, told),
        other => panic!("{other:?}"),
    }
}

fn question(reply: Result<SignOutReply, Failure>) -> SecretText {
    match reply {
        Ok(SignOutReply::Confirm {
            waiting, request, ..
        }) => {
            assert!(!request.confirmed);
            waiting
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_application_that_holds_the_id_token_signs_out_without_a_question() {
    let world = world().await;
    let visitor = world.signed_in("an").await;
    let tokens = world.tokens(&visitor, &[]).await;
    let offline = world
        .tokens(&visitor, &[("scope", "openid offline_access")])
        .await;
    world.wait(1200);
    let hint = tokens["id_token"].as_str().unwrap();
    let request = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", THEN),
        ("state", "a b"),
        ("client_id", "app"),
    ];
    let (then, told) = done(sign_out(&world, &visitor, &request).await);
    assert_eq!(then, Some(format!("{THEN}?state=a+b")));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].vi, "Ứng dụng");
    asked(world.authorize(&visitor, &[]).await);
    assert_eq!(
        refused(world.refresh(&tokens["refresh_token"]).await),
        Reason::GrantEnded
    );
    world.refresh(&offline["refresh_token"]).await.unwrap();
    assert!(world.events().await.contains(&"session_ended".to_owned()));
    // Again, with nobody signed in: the same end, and nobody is told twice.
    let (then, told) = done(sign_out(&world, &visitor, &request).await);
    assert_eq!((then.is_some(), told.len()), (true, 0));
}

#[tokio::test]
async fn an_application_that_does_not_listen_is_not_named() {
    let world = world().await;
    world
        .edit_client(|client| client.backchannel_logout_uri = None)
        .await;
    let visitor = world.signed_in("an").await;
    world.tokens(&visitor, &[]).await;
    let waiting = question(sign_out(&world, &visitor, &[]).await);
    let (then, told) = done(confirm(&world, &visitor, &waiting).await);
    assert_eq!((then, told.len()), (None, 0));
    assert_eq!(world.deliver().await, 0);
}

#[tokio::test]
async fn an_application_in_the_browser_is_told_by_a_frame_once_the_session_is_over() {
    let world = world().await;
    world
        .edit_client(|client| {
            client.features.frontchannel_logout_uri = Some("https://rp.example/out".into());
        })
        .await;
    world.add_client(named("other")).await;
    let visitor = world.signed_in("an").await;
    let tokens = world.tokens(&visitor, &[]).await;
    let sid = claims(&tokens["id_token"])["sid"].clone();
    let waiting = question(sign_out(&world, &visitor, &[]).await);
    let reply = confirm(&world, &visitor, &waiting).await;
    let Ok(SignOutReply::Done { told, frames, .. }) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(
        (told.len(), frames.len()),
        (1, 1),
        "one name, told both ways"
    );
    let iss: String = url::form_urlencoded::byte_serialize(ISSUER.as_bytes()).collect();
    let address = format!(
        "https://rp.example/out?iss={iss}&sid={}",
        sid.as_str().unwrap()
    );
    assert_eq!(frames[0].address, address);
    assert_eq!(frames[0].origin, "https://rp.example");
    // The frame is shown to a browser whose session has ended, with the delivery in the outbox.
    asked(world.authorize(&visitor, &[]).await);
    assert_eq!(world.deliver().await, 1);
    let reply = sign_out(&world, &visitor, &[]).await;
    let Ok(SignOutReply::Done { frames, .. }) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(frames, [], "nobody is told twice");
}

#[tokio::test]
async fn an_application_with_a_frame_alone_is_named_in_the_question() {
    let world = world().await;
    world
        .edit_client(|client| {
            client.backchannel_logout_uri = None;
            client.features.frontchannel_logout_uri = Some("https://rp.example/out".into());
        })
        .await;
    let visitor = world.signed_in("an").await;
    world.tokens(&visitor, &[]).await;
    let reply = sign_out(&world, &visitor, &[]).await;
    let Ok(SignOutReply::Confirm { told, .. }) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(told.len(), 1);
    assert_eq!(world.deliver().await, 0);
}

#[tokio::test]
async fn without_that_proof_the_person_confirms_in_the_same_browser() {
    let world = world().await;
    let (visitor, other) = (world.signed_in("an").await, world.signed_in("binh").await);
    let theirs = world.tokens(&other, &[]).await;
    let request = [
        ("id_token_hint", theirs["id_token"].as_str().unwrap()),
        ("post_logout_redirect_uri", THEN),
    ];
    let waiting = question(sign_out(&world, &visitor, &request).await);
    world.code(&visitor, &[]).await;
    let (then, _) = done(confirm(&world, &visitor, &waiting).await);
    assert_eq!(then.as_deref(), Some(THEN));
    asked(world.authorize(&visitor, &[]).await);
    world.code(&other, &[]).await;
    let waiting = question(sign_out(&world, &other, &[]).await);
    let stranger = confirm(&world, &visitor, &waiting).await;
    assert_eq!(refused(stranger), Reason::BrowserNotTheBeginner);
    world.code(&other, &[]).await;
    let waiting = question(sign_out(&world, &other, &[]).await);
    world.wait(15 * 60);
    assert_eq!(
        refused(confirm(&world, &other, &waiting).await),
        Reason::PageExpired
    );
}

#[tokio::test]
async fn hints_and_addresses_that_are_not_proved_are_refused() {
    let world = world().await;
    world.add_client(named("other")).await;
    let visitor = world.signed_in("an").await;
    let tokens = world.tokens(&visitor, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let header = Header::new(SigningAlgorithm::ES256).with_kid("k");
    let payload = claims(&tokens["id_token"]).to_string();
    let foreign = jws::sign(&header, payload.as_bytes(), &signing_key(), &rng()).unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    for (request, reason) in [
        (
            vec![("id_token_hint", foreign.as_str())],
            Reason::LogoutHintWrong,
        ),
        (
            vec![("id_token_hint", "a.b.c.d.e")],
            Reason::LogoutHintEncrypted,
        ),
        (vec![("id_token_hint", access)], Reason::LogoutHintWrong),
        (
            vec![("id_token_hint", hint), ("client_id", "other")],
            Reason::LogoutHintOfAnotherClient,
        ),
        (
            vec![("post_logout_redirect_uri", THEN)],
            Reason::LogoutRedirectMismatch,
        ),
        (
            vec![("post_logout_redirect_uri", THEN), ("client_id", "other")],
            Reason::LogoutRedirectMismatch,
        ),
        (
            vec![
                ("post_logout_redirect_uri", "https://evil.example/"),
                ("id_token_hint", hint),
            ],
            Reason::LogoutRedirectMismatch,
        ),
    ] {
        assert_eq!(
            refused(sign_out(&world, &visitor, &request).await),
            reason,
            "{request:?}"
        );
    }
    world.code(&visitor, &[]).await;
}

#[tokio::test]
async fn each_application_gets_a_logout_token_of_its_own() {
    let world = world().await;
    let visitor = world.signed_in("an").await;
    let tokens = world.tokens(&visitor, &[]).await;
    let id_token = claims(&tokens["id_token"]);
    let waiting = question(sign_out(&world, &visitor, &[]).await);
    done(confirm(&world, &visitor, &waiting).await);
    // Nobody answers at first: the delivery waits for its next turn.
    assert_eq!((world.deliver().await, world.deliver().await), (1, 0));
    world
        .outside
        .bodies
        .lock()
        .unwrap()
        .insert(LOGOUT.into(), Vec::new());
    world.wait(24 * 3600);
    assert_eq!((world.deliver().await, world.deliver().await), (1, 0));
    let requests = world.outside.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 2);
    let form = requests[1].form.as_ref().unwrap();
    assert_eq!(
        (requests[1].url.as_str(), form[0].0.as_str()),
        (LOGOUT, "logout_token")
    );
    let token = claims(&Value::from(form[0].1.expose()));
    assert_eq!(
        (&token["sub"], &token["sid"]),
        (&id_token["sub"], &id_token["sid"])
    );
    assert_eq!(
        (&token["iss"], &token["aud"]),
        (&json!(ISSUER), &json!(web().id))
    );
    assert!(token["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    assert!(
        token.get("nonce").is_none(),
        "so that it passes for no ID Token"
    );
    assert!(world.events().await.contains(&"delivered".to_owned()));
}

/// Whoever stole a refresh token, and uses it without a pause.
async fn keep_refreshing(world: World, first: Value) -> Reason {
    let mut token = first;
    loop {
        tokio::task::yield_now().await;
        match world.refresh(&token).await {
            Ok(tokens) => token = tokens["refresh_token"].clone(),
            // Another thief was faster three times.
            Err(Failure::Fault(fault)) => assert!(fault.transient, "{fault:?}"),
            Err(Failure::Refused(refusal)) => return refusal.reason,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_outruns_a_sign_out_by_refreshing() {
    let world = World::new().await;
    for round in 0..20 {
        let visitor = world.signed_in("an").await;
        let mut thieves = Vec::new();
        let mut held = Vec::new();
        for _ in 0..6 {
            let tokens = world.tokens(&visitor, &[]).await;
            let token = tokens["refresh_token"].clone();
            held.push(token.clone());
            thieves.push(tokio::spawn(keep_refreshing(world.clone(), token)));
        }
        let waiting = question(sign_out(&world, &visitor, &[]).await);
        done(confirm(&world, &visitor, &waiting).await);
        for thief in thieves {
            let reason = thief.await.unwrap();
            assert!(
                matches!(reason, Reason::GrantEnded | Reason::SessionOver),
                "round {round}: {reason:?}"
            );
        }
        for token in held {
            let reason = refused(world.refresh(&token).await);
            assert_eq!(reason, Reason::GrantEnded, "round {round}");
        }
    }
}
