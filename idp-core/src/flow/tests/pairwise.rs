//! Pairwise subjects: each client calls a person what its sector calls them.

use super::{World, asked, basic, claims, error_of, web};
use crate::admin::sample::{HEALTH, JUSTICE};
use crate::flow::authorize::Visitor;
use crate::model::client::{Client, ClientId, SubjectType};
use crate::model::subject::SectorKey;
use crate::oauth::interaction::Interaction;
use crate::oauth::sample::{REDIRECT, SECRET, VERIFIER, parameters};
use serde_json::{Map, Value};

/// Two applications of one agency, one of another, and a public one.
const CLIENTS: [(&str, Option<crate::model::UnitId>); 4] = [
    ("health-1", Some(HEALTH)),
    ("health-2", Some(HEALTH)),
    ("justice", Some(JUSTICE)),
    ("open", None),
];

async fn world() -> World {
    let world = World::new().await;
    for (id, agency) in CLIENTS {
        let mut client = Client {
            id: ClientId::new(id).unwrap(),
            sector: agency.map(SectorKey::of_agency),
            introspects: true,
            backchannel_logout_uri: Some(format!("https://{id}.example/logout")),
            ..web()
        };
        if agency.is_some() {
            client.features.subject_type = SubjectType::Pairwise;
        }
        world.add_client(client).await;
    }
    world
}

async fn tokens(world: &World, visitor: &Visitor, client: &str) -> Map<String, Value> {
    let code = world.code(visitor, &[("client_id", client)]).await;
    let body = parameters(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]);
    let header = basic(client, SECRET);
    let context = &mut world.context();
    let answer = world.provider.token(Some(header.as_str()), &body, context);
    answer.await.unwrap()
}

async fn sub(world: &World, visitor: &Visitor, client: &str) -> String {
    let tokens = tokens(world, visitor, client).await;
    let sub = claims(&tokens["id_token"])["sub"].clone();
    let userinfo = world.userinfo(&tokens).await.unwrap();
    assert_eq!(userinfo["sub"], sub, "userinfo of {client}");
    let told = world.introspect(client, &tokens["access_token"]).await;
    assert_eq!(told["sub"], sub, "introspection by {client}");
    assert_eq!(claims(&tokens["access_token"])["sub"], sub, "{client}");
    sub.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_agency_sees_one_subject_and_another_agency_another() {
    let world = world().await;
    let visitor = world.signed_in("an").await;
    let health = sub(&world, &visitor, "health-1").await;
    assert_eq!(sub(&world, &visitor, "health-2").await, health);
    let justice = sub(&world, &visitor, "justice").await;
    let public = sub(&world, &visitor, "open").await;
    assert_eq!(sub(&world, &visitor, "app").await, public);
    assert!(health != justice && health != public && justice != public);
    let again = world.signed_in("an").await;
    assert_eq!(sub(&world, &again, "health-1").await, health, "for good");
    let other = world.signed_in("binh").await;
    assert_ne!(sub(&world, &other, "health-1").await, health);
}

#[tokio::test]
async fn a_hint_names_the_person_as_the_client_does() {
    let world = world().await;
    let visitor = world.signed_in("an").await;
    let hint = |tokens: &Map<String, Value>| tokens["id_token"].as_str().unwrap().to_owned();
    let health = hint(&tokens(&world, &visitor, "health-1").await);
    let justice = hint(&tokens(&world, &visitor, "justice").await);
    for (client, hint) in [
        ("health-1", &health),
        ("health-2", &health),
        ("justice", &justice),
    ] {
        let changed = [
            ("client_id", client),
            ("id_token_hint", hint),
            ("prompt", "none"),
        ];
        world.code(&visitor, &changed).await;
    }
    let foreign = [("client_id", "justice"), ("id_token_hint", &health)];
    let (interaction, _) = asked(world.authorize(&visitor, &foreign).await);
    assert_eq!(interaction, Interaction::SignIn);
    let silent = [foreign[0], foreign[1], ("prompt", "none")];
    let (code, _) = error_of(world.authorize(&visitor, &silent).await);
    assert_eq!(code, "login_required");
}

#[tokio::test]
async fn logout_tokens_name_the_person_as_each_client_does() {
    let world = world().await;
    let visitor = world.signed_in("an").await;
    let mut expected = Vec::new();
    for (client, _) in CLIENTS {
        expected.push((client.to_owned(), sub(&world, &visitor, client).await));
    }
    let context = &mut world.context();
    let hint = tokens(&world, &visitor, "health-1").await["id_token"].clone();
    let body = parameters(&[("id_token_hint", hint.as_str().unwrap())]);
    world
        .provider
        .sign_out(&body, &visitor, context)
        .await
        .unwrap();
    for (client, _) in CLIENTS {
        let address = format!("https://{client}.example/logout");
        world
            .outside
            .bodies
            .lock()
            .unwrap()
            .insert(address, Vec::new());
    }
    while world.deliver().await > 0 {}
    let requests = world.outside.requests.lock().unwrap();
    let mut told: Vec<_> = requests
        .iter()
        .map(|request| {
            let form = request.form.as_ref().unwrap();
            let claims = claims(&Value::String(form[0].1.expose().to_owned()));
            let text = |name: &str| claims[name].as_str().unwrap().to_owned();
            (text("aud"), text("sub"))
        })
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}
