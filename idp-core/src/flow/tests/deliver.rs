//! Deliveries: in order for each receiver, each receiver on its own.

use super::{World, sample};
use crate::base::issuer::IssuerKey;
use crate::base::secret::SecretText;
use crate::flow::admin::{self, Acting, Administration};
use crate::jose::base64url;
use crate::model::OutboxId;
use crate::model::client::Client;
use crate::model::outbox::{LogoutPayload, OutboxEntry, OutboxKind, OutboxState};
use crate::oauth::sample::{named, web};
use crate::store::change::Change;
use crate::store::page::PageRequest;

fn address(client: &Client) -> String {
    format!("https://{}.example/logout", client.id)
}

/// Two listening clients, `app` and `other`, with so many deliveries for `app` and one for
/// `other`.
async fn world(of_app: u128) -> (World, Client, Client) {
    let world = World::new().await;
    let (mut app, mut other) = (web(), named("other"));
    app.backchannel_logout_uri = Some(address(&app));
    other.backchannel_logout_uri = Some(address(&other));
    let uri = app.backchannel_logout_uri.clone();
    world
        .edit_client(|client| client.backchannel_logout_uri = uri)
        .await;
    world.add_client(other.clone()).await;
    for number in 1..=of_app {
        world.commit(vec![delivery(&world, number, &app)]).await;
    }
    let last = delivery(&world, of_app + 1, &other);
    world.commit(vec![last]).await;
    (world, app, other)
}

fn delivery(world: &World, number: u128, client: &Client) -> Change {
    let id = OutboxId::from_u128(number);
    let payload = LogoutPayload {
        sub: "sub".into(),
        sid: number.to_string(),
    };
    let plain = serde_json::to_vec(&payload).unwrap();
    let name = OutboxEntry::seal_name(id);
    let sealed = world
        .provider
        .outbox_sealing
        .seal(&name, &plain, &mut sample::entropy());
    Change::Outbox(OutboxEntry {
        id,
        issuer: IssuerKey::main(),
        kind: OutboxKind::BackChannelLogout,
        client: client.id.clone(),
        payload: base64url::encode(&sealed),
        state: OutboxState::Pending,
        attempts: 0,
        due_at: world.now(),
        created_at: world.now(),
        last_error: String::new(),
    })
}

/// The deliveries, oldest first.
async fn outbox(world: &World) -> Vec<OutboxEntry> {
    let page = PageRequest::first(100);
    let listing = world.provider.records.outbox(None, &page).await.unwrap();
    listing.entries.into_iter().rev().collect()
}

/// How often an address was asked, and the `sid`s it was told.
fn asked(world: &World, address: &str) -> Vec<String> {
    let requests = world.outside.requests.lock().unwrap();
    let there = requests.iter().filter(|r| r.url == address);
    let told = |token: &SecretText| {
        let claims = super::claims(&token.expose().into());
        claims["sid"].as_str().unwrap().to_owned()
    };
    there
        .map(|r| told(&r.form.as_ref().unwrap()[0].1))
        .collect()
}

fn answers(world: &World, address: &str) {
    let mut bodies = world.outside.bodies.lock().unwrap();
    bodies.insert(address.to_owned(), Vec::new());
}

#[tokio::test]
async fn a_dead_receiver_is_tried_three_times_and_nobody_else_waits() {
    let (world, app, other) = world(6).await;
    answers(&world, &address(&other));
    assert_eq!(world.deliver().await, 2);
    assert_eq!(asked(&world, &address(&app)), ["1", "2", "3"]);
    assert_eq!(asked(&world, &address(&other)), ["7"]);
    let entries = outbox(&world).await;
    let put_off: Vec<_> = entries
        .iter()
        .map(|e| (e.attempts, &*e.last_error))
        .collect();
    let tried = (1, "connect");
    let waits = (0, "receiver_paused");
    assert_eq!(put_off[..6], [tried, tried, tried, waits, waits, waits]);
    assert_eq!(entries[6].state, OutboxState::Delivered);
    assert_eq!(world.provider.receivers.paused(world.now()), 1);

    // Those that were tried come due earlier, and are put off with the others.
    world.wait(6);
    world.deliver().await;
    assert_eq!(asked(&world, &address(&app)).len(), 3);
    let due: Vec<_> = outbox(&world).await[..6].iter().map(|e| e.due_at).collect();
    assert!(due.iter().all(|at| *at == due[0]), "{due:?}");

    // One attempt finds that it is still dead.
    world.wait(14);
    world.deliver().await;
    assert_eq!(asked(&world, &address(&app)).len(), 4);

    // It comes back: everything arrives in order.
    answers(&world, &address(&app));
    world.wait(40);
    world.deliver().await;
    let told = asked(&world, &address(&app));
    assert_eq!(told[4..], ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(world.provider.receivers.paused(world.now()), 0);
    let all = outbox(&world).await;
    assert!(all.iter().all(|e| e.state == OutboxState::Delivered));
}

#[tokio::test]
async fn an_administrator_tries_a_paused_receiver_at_once() {
    let (world, app, _) = world(3).await;
    world.deliver().await;
    answers(&world, &address(&app));
    let context = world.context();
    let mut desk = Administration::new(world.provider.clone(), context, Acting::Installation);
    let id = OutboxId::from_u128(2).to_string();
    admin::outbox::retry(&mut desk, &id).await.unwrap();
    let events = world.events().await;
    assert!(
        events.contains(&"delivery_retried".to_owned()),
        "{events:?}"
    );
    world.deliver().await;
    assert_eq!(asked(&world, &address(&app)), ["1", "2", "3", "2"]);
    assert_eq!(outbox(&world).await[1].state, OutboxState::Delivered);
}

#[tokio::test]
async fn a_new_delivery_to_a_paused_receiver_waits_with_the_others() {
    let (world, app, _) = world(3).await;
    world.deliver().await;
    world.commit(vec![delivery(&world, 9, &app)]).await;
    world.deliver().await;
    assert_eq!(asked(&world, &address(&app)).len(), 3);
    let newest = outbox(&world).await.pop().unwrap();
    assert_eq!((newest.attempts, newest.state), (0, OutboxState::Pending));
    assert!(newest.due_at > world.now());
}

#[tokio::test]
async fn what_was_not_sent_in_time_stays_due() {
    let (world, app, other) = world(3).await;
    answers(&world, &address(&app));
    answers(&world, &address(&other));
    let turns = world.provider.lease_deliveries(world.now()).await.unwrap();
    for turn in turns {
        // Each look at the clock finds it six seconds later.
        let contexts = || {
            world.wait(6);
            Ok(world.context())
        };
        world.provider.deliver(turn, contexts).await.unwrap();
    }
    assert_eq!(asked(&world, &address(&app)), ["1", "2"]);
    let third = outbox(&world).await.remove(2);
    assert_eq!((third.attempts, third.state), (0, OutboxState::Pending));
    world.deliver().await;
    assert_eq!(asked(&world, &address(&app)), ["1", "2", "3"]);
}
