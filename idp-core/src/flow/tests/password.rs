//! New passwords: by a one-time link, and by their holder.

use super::{PASSWORD, World, asked, refused, sample};
use crate::authn::activation::{NewPassword, PasswordSet};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::flow::password::Setter;
use crate::model::client::Client;
use crate::model::credential::{ActivationLink, Credential, CredentialSecret};
use crate::model::{CredentialId, Version};
use crate::oauth::sample::after;
use crate::store::change::{Change, Write};
use crate::store::page::PageRequest;

const NEW: &str = "mưa rơi trên mái tôn";

fn link() -> SecretText {
    SecretText::new("liên kết dùng một lần".into())
}

async fn with_link() -> World {
    let world = World::new().await;
    let (digest, expires_at) = (link().digest(), after(3600));
    let secret = CredentialSecret::ActivationLink(ActivationLink { digest, expires_at });
    let credential = Credential {
        id: CredentialId::from_u128(90),
        version: Version::NEW,
        user: sample::user("an").id,
        secret,
        set_at: after(0),
    };
    world
        .commit(vec![Change::Credential(Write::Put(credential))])
        .await;
    world
}

async fn set(world: &World, setter: &Setter, text: &str) -> Result<PasswordSet, Failure> {
    let new = NewPassword {
        first: SecretText::new(text.to_owned()),
        second: SecretText::new(text.to_owned()),
    };
    world
        .provider
        .set_password(setter, &new, &mut world.context())
        .await
}

async fn holder(world: &World, visitor: &Visitor, password: &str) -> Setter {
    let live = world
        .provider
        .live_session(visitor.session.as_ref(), world.now())
        .await;
    Setter::Holder {
        session: Box::new(live.unwrap().unwrap().session),
        password: SecretText::new(password.to_owned()),
    }
}

#[tokio::test]
async fn a_link_works_once_and_every_session_ends() {
    let world = with_link().await;
    let before = world.signed_in("an").await;
    let tokens = world
        .tokens(&before, &[("scope", "openid offline_access")])
        .await;
    let other = world.signed_in("binh").await;
    let found = world
        .provider
        .link(&link(), &world.context())
        .await
        .unwrap();
    assert_eq!(found.0.id, sample::user("an").id);
    set(&world, &Setter::Link(link()), NEW).await.unwrap();
    asked(world.authorize(&before, &[]).await);
    assert_eq!(
        refused(world.refresh(&tokens["refresh_token"]).await),
        Reason::GrantEnded
    );
    world.code(&other, &[]).await;
    let old = world.sign_in(&world.browser(), "an", PASSWORD).await;
    assert_eq!(refused(old), Reason::CredentialsWrong);
    assert!(world.sign_in(&world.browser(), "an", NEW).await.is_ok());
    let again = set(&world, &Setter::Link(link()), "bầu ơi thương lấy bí").await;
    assert_eq!(refused(again), Reason::LinkUnknown);
    let shown = world.provider.link(&link(), &world.context()).await;
    assert_eq!(refused(shown), Reason::LinkUnknown);
}

#[tokio::test]
async fn unknown_and_disabled_are_one_answer_and_a_link_that_is_over_says_so() {
    let world = with_link().await;
    let unknown = Setter::Link(SecretText::new("khác".into()));
    assert_eq!(
        refused(set(&world, &unknown, NEW).await),
        Reason::LinkUnknown
    );
    world.wait(3600);
    assert_eq!(
        refused(set(&world, &Setter::Link(link()), NEW).await),
        Reason::LinkExpired
    );
    let world = with_link().await;
    world.disable("an").await;
    assert_eq!(
        refused(set(&world, &Setter::Link(link()), NEW).await),
        Reason::LinkUnknown
    );
    let shown = world.provider.link(&link(), &world.context()).await;
    assert_eq!(refused(shown), Reason::LinkUnknown);
}

#[tokio::test]
async fn a_password_against_the_rules_leaves_the_link_usable() {
    let world = with_link().await;
    for (text, reason) in [
        ("ngắn", Reason::PasswordTooShort),
        ("matkhau12345678", Reason::PasswordTooCommon),
        (PASSWORD, Reason::PasswordUsedBefore),
    ] {
        assert_eq!(
            refused(set(&world, &Setter::Link(link()), text).await),
            reason
        );
    }
    set(&world, &Setter::Link(link()), NEW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_holders_of_a_link_one_sets_the_password() {
    let world = with_link().await;
    let try_one = |world: World, n: usize| async move {
        set(
            &world,
            &Setter::Link(link()),
            &format!("con đường thứ {n} về nhà"),
        )
        .await
    };
    let tasks: Vec<_> = (0..16)
        .map(|n| tokio::spawn(try_one(world.clone(), n)))
        .collect();
    let mut set = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => set += 1,
            answer => assert_eq!(refused(answer), Reason::LinkUnknown),
        }
    }
    assert_eq!(set, 1);
}

#[tokio::test]
async fn the_holder_stays_signed_in_and_everybody_else_is_signed_out() {
    let world = World::new().await;
    let (here, there) = (world.signed_in("an").await, world.signed_in("an").await);
    let setter = holder(&world, &here, PASSWORD).await;
    let renewed = set(&world, &setter, NEW).await.unwrap();
    let stolen = here.clone();
    let here = Visitor {
        session: renewed.session_secret,
        ..here
    };
    world.code(&here, &[]).await;
    asked(world.authorize(&there, &[]).await);
    // The secret from before the change opens nothing.
    asked(world.authorize(&stolen, &[]).await);
    let setter = holder(&world, &here, NEW).await;
    assert_eq!(
        refused(set(&world, &setter, PASSWORD).await),
        Reason::PasswordUsedBefore
    );
}

/// How often an event is on record.
async fn recorded(world: &World, name: &str) -> usize {
    let events = world.provider.records.events_after(0, 10_000).await;
    let tag = format!("\"event\":\"{name}\"");
    let named = |e: &&crate::event::seal::StoredEvent| e.body.contains(&tag);
    events.unwrap().iter().filter(named).count()
}

#[tokio::test]
async fn a_new_password_tells_the_clients_of_the_sessions_it_ends() {
    for by_link in [false, true] {
        let world = with_link().await;
        let listen = |c: &mut Client| {
            c.backchannel_logout_uri = Some("https://rp.example/logout".into());
        };
        world.edit_client(listen).await;
        let (here, there) = (world.signed_in("an").await, world.signed_in("an").await);
        world.code(&here, &[]).await;
        world.code(&there, &[]).await;
        let setter = if by_link {
            Setter::Link(link())
        } else {
            holder(&world, &here, PASSWORD).await
        };
        set(&world, &setter, NEW).await.unwrap();
        let page = PageRequest::first(10);
        let outbox = world.provider.records.outbox(None, &page).await.unwrap();
        let ended = if by_link { 2 } else { 1 };
        assert_eq!(outbox.entries.len(), ended);
        assert_eq!(recorded(&world, "session_ended").await, ended);
        assert_eq!(recorded(&world, "grant_revoked").await, 2);
    }
}

#[tokio::test]
async fn a_stolen_session_does_not_allow_guessing() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    let right = holder(&world, &visitor, PASSWORD).await;
    for _ in 0..10 {
        let bad = set(&world, &right, "ngắn").await;
        assert_eq!(
            refused(bad),
            Reason::PasswordTooShort,
            "no guess, so not counted"
        );
    }
    let guess = holder(&world, &visitor, "sai rồi").await;
    for _ in 0..5 {
        assert_eq!(
            refused(set(&world, &guess, NEW).await),
            Reason::CurrentPasswordWrong
        );
    }
    assert_eq!(
        refused(set(&world, &guess, NEW).await),
        Reason::SignInThrottled
    );
    assert_eq!(
        refused(set(&world, &right, NEW).await),
        Reason::SignInThrottled
    );
    world.wait(15 * 60);
    set(&world, &right, NEW).await.unwrap();
}

#[tokio::test]
async fn a_password_that_was_reset_meanwhile_proves_nothing() {
    let world = World::new().await;
    let visitor = world.signed_in("an").await;
    let setter = holder(&world, &visitor, PASSWORD).await;
    world.reset_meanwhile(sample::user("an").id, "plain:bầu ơi thương lấy bí");
    let answer = set(&world, &setter, NEW).await;
    assert_eq!(refused(answer), Reason::CurrentPasswordWrong);
    let reset = "bầu ơi thương lấy bí";
    assert!(world.sign_in(&world.browser(), "an", reset).await.is_ok());
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_sets_no_password() {
    let world = with_link().await;
    let visitor = world.signed_in("an").await;
    let setter = holder(&world, &visitor, PASSWORD).await;
    set(&world, &Setter::Link(link()), NEW).await.unwrap();
    let answer = set(&world, &setter, "bầu ơi thương lấy bí").await;
    assert_eq!(refused(answer), Reason::PageExpired);
}
