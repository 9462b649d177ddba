//! A service that was called with a person's token calls the next one (RFC 8693).

use serde_json::{Map, Value, json};

use super::dpop::Holder;
use super::{World, basic, begun, claims, refused};
use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::flow::authorize::Visitor;
use crate::model::client::{Client, GrantType, TokenExchangePolicy};
use crate::model::subject::SectorKey;
use crate::oauth::sample::{ISSUER, SECRET, named, parameters};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
const FILES: &str = "https://api.tinh.example/ho-so";
const DESK: &str = "https://mot-cua.tinh.example/";

/// A service that answers for [`DESK`] and may call [`FILES`] for people of the application.
fn service(name: &str) -> Client {
    let mut service = named(name);
    service.grant_types.push(GrantType::TokenExchange);
    service.grant_types.push(GrantType::ClientCredentials);
    service.scopes = ["openid", "profile", "ho-so.doc"]
        .map(str::to_owned)
        .to_vec();
    service.introspects = true;
    service.features.audiences = vec![DESK.into()];
    service.features.token_exchange = Some(TokenExchangePolicy {
        subject_clients: vec![crate::admin::sample::client_id("app")],
        audiences: vec![FILES.into()],
        impersonation: false,
    });
    service
}

impl World {
    async fn exchange(
        &self,
        client: &str,
        subject: &Value,
        changed: &[(&str, &str)],
    ) -> Result<Map<String, Value>, Failure> {
        let good = [
            ("grant_type", GRANT),
            ("subject_token", subject.as_str().unwrap()),
            ("subject_token_type", ACCESS),
        ];
        let kept = good
            .iter()
            .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        let pairs: Vec<_> = kept.chain(changed).copied().collect();
        let header = basic(client, SECRET);
        self.provider
            .token(
                Some(header.as_str()),
                &parameters(&pairs),
                &mut self.context(),
            )
            .await
    }
}

/// A person signed in at the application, whose token is for the desk's service.
async fn called() -> (World, Visitor, Map<String, Value>) {
    let (world, visitor) = begun().await;
    world
        .edit_client(|client| {
            client.scopes.push("ho-so.doc".into());
            client.features.resources = vec![DESK.into(), FILES.into()];
        })
        .await;
    world.add_client(service("desk")).await;
    let asked = [("scope", "openid profile ho-so.doc"), ("resource", DESK)];
    let tokens = world.tokens(&visitor, &asked).await;
    (world, visitor, tokens)
}

#[tokio::test]
async fn the_new_token_is_of_the_same_person_and_says_who_acts() {
    let (world, _, tokens) = called().await;
    let subject = &tokens["access_token"];
    world.wait(400);
    let answer = world
        .exchange(
            "desk",
            subject,
            &[("resource", FILES), ("scope", "ho-so.doc")],
        )
        .await
        .unwrap();
    assert_eq!(answer["issued_token_type"], ACCESS);
    assert!(!answer.contains_key("refresh_token") && !answer.contains_key("id_token"));
    let (old, new) = (claims(subject), claims(&answer["access_token"]));
    assert_eq!((&new["sub"], &new["acr"]), (&old["sub"], &old["acr"]));
    assert_eq!(
        (&new["aud"], &new["scope"]),
        (&json!(FILES), &json!("ho-so.doc"))
    );
    assert_eq!(new["client_id"], "desk");
    assert_eq!(new["act"], json!({"sub": "desk", "client_id": "desk"}));
    assert_eq!(
        new["exp"], old["exp"],
        "never longer than the subject token"
    );
    assert_eq!(answer["expires_in"], 200);
}

#[tokio::test]
async fn what_ends_the_old_token_ends_the_new_one() {
    let (world, visitor, tokens) = called().await;
    let subject = &tokens["access_token"];
    let new = world.exchange("desk", subject, &[]).await.unwrap();
    let new = &new["access_token"];
    assert_eq!(world.introspect("desk", new).await["active"], true);
    world.revoke("app", &tokens["refresh_token"]).await;
    assert_eq!(world.introspect("desk", new).await["active"], false);
    let dead = refused(world.exchange("desk", subject, &[]).await);
    assert_eq!(dead, Reason::SubjectTokenEnded);
    // Nor does anything come of a session that ended.
    let tokens = world.tokens(&visitor, &[]).await;
    let all = crate::flow::access::Elsewhere::All;
    let elsewhere = world.signed_in("an").await;
    world
        .provider
        .end_own_sessions(all, &elsewhere, &mut world.context())
        .await
        .unwrap();
    let dead = refused(world.exchange("desk", &tokens["access_token"], &[]).await);
    assert_eq!(dead, Reason::SubjectTokenEnded);
    let id = [("subject_token_type", ID)];
    let dead = refused(world.exchange("desk", &tokens["id_token"], &id).await);
    assert!(matches!(
        dead,
        Reason::SubjectTokenWrong | Reason::SubjectTokenEnded
    ));
}

#[tokio::test]
async fn an_id_token_stands_for_its_grant() {
    let (world, _, tokens) = called().await;
    let id = [("subject_token_type", ID)];
    let answer = world
        .exchange("desk", &tokens["id_token"], &id)
        .await
        .unwrap();
    let new = claims(&answer["access_token"]);
    assert_eq!(new["sub"], claims(&tokens["id_token"])["sub"]);
    assert_eq!(new["scope"], "ho-so.doc openid profile");
    world.revoke("app", &tokens["refresh_token"]).await;
    let introspected = world.introspect("desk", &answer["access_token"]).await;
    assert_eq!(introspected["active"], false);
}

#[tokio::test]
async fn those_who_act_form_a_chain_that_ends() {
    let (world, _, tokens) = called().await;
    let mut chained = service("chained");
    chained.features.audiences = vec![FILES.into()];
    chained.features.token_exchange = Some(TokenExchangePolicy {
        subject_clients: ["desk", "chained"]
            .map(crate::admin::sample::client_id)
            .to_vec(),
        audiences: vec![FILES.into()],
        impersonation: false,
    });
    world.add_client(chained).await;
    let mut token = world
        .exchange("desk", &tokens["access_token"], &[])
        .await
        .unwrap();
    for _ in 0..3 {
        let subject = token["access_token"].clone();
        token = world.exchange("chained", &subject, &[]).await.unwrap();
    }
    let act = &claims(&token["access_token"])["act"];
    assert_eq!(act["sub"], "chained");
    assert_eq!(act["act"]["act"]["act"]["sub"], "desk");
    let longer = refused(world.exchange("chained", &token["access_token"], &[]).await);
    assert_eq!(longer, Reason::ActorChainTooLong);
}

#[tokio::test]
async fn an_actor_is_named_by_a_token_of_the_clients_own() {
    let (world, _, tokens) = called().await;
    let own = basic("desk", SECRET);
    let body = parameters(&[("grant_type", "client_credentials")]);
    let own = world
        .provider
        .token(Some(own.as_str()), &body, &mut world.context())
        .await
        .unwrap();
    let subject = &tokens["access_token"];
    let with = |actor: &Value| {
        let actor = actor.as_str().unwrap().to_owned();
        let world = &world;
        async move {
            let changed = [
                ("actor_token", actor.as_str()),
                ("actor_token_type", ACCESS),
            ];
            world.exchange("desk", subject, &changed).await
        }
    };
    let answer = with(&own["access_token"]).await.unwrap();
    assert_eq!(claims(&answer["access_token"])["act"]["sub"], "desk");
    let other = refused(with(subject).await);
    assert_eq!(other, Reason::ActorTokenOfAnotherClient);
    assert_eq!(
        refused(with(&"made up".into()).await),
        Reason::ActorTokenWrong
    );
    world.revoke("desk", &own["access_token"]).await;
    let ended = refused(with(&own["access_token"]).await);
    assert_eq!(ended, Reason::ActorTokenEnded);
}

#[tokio::test]
async fn impersonation_needs_the_policys_word() {
    let (world, _, tokens) = called().await;
    let mut quiet = service("quiet");
    let policy = quiet.features.token_exchange.as_mut().unwrap();
    policy.impersonation = true;
    world.add_client(quiet).await;
    let answer = world
        .exchange("quiet", &tokens["access_token"], &[])
        .await
        .unwrap();
    assert!(claims(&answer["access_token"]).get("act").is_none());
    // Who acted before is not forgotten.
    let first = world
        .exchange("desk", &tokens["access_token"], &[])
        .await
        .unwrap();
    let mut second = service("second");
    second.features.audiences = vec![FILES.into()];
    second.features.token_exchange = Some(TokenExchangePolicy {
        subject_clients: vec![crate::admin::sample::client_id("desk")],
        audiences: vec![FILES.into()],
        impersonation: true,
    });
    world.add_client(second).await;
    let answer = world
        .exchange("second", &first["access_token"], &[])
        .await
        .unwrap();
    assert_eq!(claims(&answer["access_token"])["act"]["sub"], "desk");
}

#[tokio::test]
async fn each_rule_has_its_refusal() {
    let (world, visitor, tokens) = called().await;
    let subject = &tokens["access_token"];
    for (changed, expected) in [
        (
            vec![("resource", "https://khac.example/")],
            Reason::ExchangeTargetNotAllowed,
        ),
        (vec![("audience", ISSUER)], Reason::ExchangeTargetNotAllowed),
        (
            vec![("scope", "ho-so.doc roles")],
            Reason::ScopeExceedsSubjectToken,
        ),
        (
            vec![("subject_token", "made up")],
            Reason::SubjectTokenWrong,
        ),
        (vec![("subject_token_type", ID)], Reason::SubjectTokenWrong),
        (
            vec![(
                "subject_token_type",
                "urn:ietf:params:oauth:token-type:saml2",
            )],
            Reason::ExchangeTokenTypeUnsupported,
        ),
        (
            vec![(
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:refresh_token",
            )],
            Reason::ExchangeTokenTypeUnsupported,
        ),
        (vec![("subject_token", "")], Reason::ParameterMissing),
        (vec![("actor_token", "x")], Reason::ParameterMissing),
        (vec![("actor_token_type", ACCESS)], Reason::ParameterMissing),
    ] {
        let refused = refused(world.exchange("desk", subject, &changed).await);
        assert_eq!(refused, expected, "{changed:?}");
    }
    // Without a policy, or without the grant type, nothing is exchanged.
    let bare = Client {
        features: Box::default(),
        ..service("bare")
    };
    world.add_client(bare).await;
    let none = refused(world.exchange("bare", subject, &[]).await);
    assert_eq!(none, Reason::ExchangeNotAllowed);
    let none = refused(world.exchange("app", subject, &[]).await);
    assert_eq!(none, Reason::GrantTypeNotAllowed);
    // A token for another API, or of a client that the policy does not name.
    let files = [("scope", "openid ho-so.doc"), ("resource", FILES)];
    let stolen = world.tokens(&visitor, &files).await;
    let none = refused(world.exchange("desk", &stolen["access_token"], &[]).await);
    assert_eq!(none, Reason::SubjectTokenForAnother);
    let mut strict = service("strict");
    let policy = strict.features.token_exchange.as_mut().unwrap();
    policy.subject_clients.clear();
    world.add_client(strict).await;
    let none = refused(world.exchange("strict", subject, &[]).await);
    assert_eq!(none, Reason::SubjectTokenOfAnotherClient);
    // Several audiences and none named; and the administration's, even where a policy names it.
    let mut wide = service("wide");
    let policy = wide.features.token_exchange.as_mut().unwrap();
    policy.audiences.push(format!("{ISSUER}/admin"));
    world.add_client(wide).await;
    let none = refused(world.exchange("wide", subject, &[]).await);
    assert_eq!(none, Reason::ExchangeTargetMissing);
    let admin = format!("{ISSUER}/admin");
    let none = refused(
        world
            .exchange("wide", subject, &[("audience", &admin)])
            .await,
    );
    assert_eq!(none, Reason::ResourceReserved);
    world.wait(600);
    let late = refused(world.exchange("desk", subject, &[]).await);
    assert_eq!(late, Reason::SubjectTokenWrong);
}

fn exchange_of<'a>(subject: &'a Value, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut body = vec![
        ("grant_type", GRANT),
        ("subject_token", subject.as_str().unwrap()),
        ("subject_token_type", ACCESS),
    ];
    body.extend(more);
    body
}

#[tokio::test]
async fn a_bound_token_is_exchanged_by_its_holder_or_by_the_api_it_is_for() {
    let (world, visitor, _) = called().await;
    let mut itself = service("app");
    itself.features.audiences.clear();
    world
        .edit_client(|client| {
            client.grant_types.push(GrantType::TokenExchange);
            client.features.token_exchange = itself.features.token_exchange.clone();
        })
        .await;
    let (holder, thief) = (Holder::new(&world), Holder::new(&world));
    let asked = [("scope", "openid ho-so.doc"), ("resource", DESK)];
    let tokens = holder.redeem(&visitor, &asked).await.unwrap();
    let bound = &tokens["access_token"];
    // The application itself: only with the key.
    let body = exchange_of(bound, &[]);
    let answer = holder.proved_token("app", &body).await.unwrap();
    assert_eq!(answer["token_type"], "DPoP");
    let other_key = refused(thief.proved_token("app", &body).await);
    assert_eq!(other_key, Reason::SubjectTokenKeyNotShown);
    let no_key = refused(world.exchange("app", bound, &[]).await);
    assert_eq!(no_key, Reason::SubjectTokenKeyNotShown);
    // The API that it is for received it with a proof; the new token is bound to the API's own key.
    let answer = world.exchange("desk", bound, &[]).await.unwrap();
    assert_eq!(answer["token_type"], "Bearer");
    let answer = thief.proved_token("desk", &body).await.unwrap();
    assert_eq!(answer["token_type"], "DPoP");
    // A token for the provider's own userinfo was sent to no API: whoever holds it must show the key.
    let general = holder.redeem(&visitor, &[("scope", "openid")]).await;
    let general = general.unwrap();
    let stolen = refused(world.exchange("desk", &general["access_token"], &[]).await);
    assert_eq!(stolen, Reason::SubjectTokenKeyNotShown);
}

#[tokio::test]
async fn an_id_token_is_bound_as_what_came_with_it() {
    let (world, visitor, _) = called().await;
    let policy = service("app").features.token_exchange;
    world
        .edit_client(|client| {
            client.grant_types.push(GrantType::TokenExchange);
            client.features.token_exchange = policy;
        })
        .await;
    let (holder, thief) = (Holder::new(&world), Holder::new(&world));
    let tokens = holder.redeem(&visitor, &[]).await.unwrap();
    // A later grant without a key does not free the one that has it.
    world.wait(1);
    world.tokens(&visitor, &[]).await;
    let id = [("subject_token_type", ID)];
    let bound = &tokens["id_token"];
    for client in ["app", "desk"] {
        let no_key = refused(world.exchange(client, bound, &id).await);
        assert_eq!(no_key, Reason::SubjectTokenKeyNotShown, "{client}");
    }
    let body = [
        ("grant_type", GRANT),
        ("subject_token", bound.as_str().unwrap()),
        ("subject_token_type", ID),
    ];
    let other_key = refused(thief.proved_token("desk", &body).await);
    assert_eq!(other_key, Reason::SubjectTokenKeyNotShown);
    let answer = holder.proved_token("app", &body).await.unwrap();
    assert_eq!(answer["token_type"], "DPoP");
}

#[tokio::test]
async fn a_bound_actor_token_asks_for_its_key() {
    let (world, _, tokens) = called().await;
    let (holder, thief) = (Holder::new(&world), Holder::new(&world));
    let own = [("grant_type", "client_credentials")];
    let own = holder.proved_token("desk", &own).await.unwrap();
    let actor = own["access_token"].as_str().unwrap();
    let with = [("actor_token", actor), ("actor_token_type", ACCESS)];
    let body = exchange_of(&tokens["access_token"], &with);
    assert!(holder.proved_token("desk", &body).await.is_ok());
    let stolen = refused(thief.proved_token("desk", &body).await);
    assert_eq!(stolen, Reason::ActorTokenKeyNotShown);
}

#[tokio::test]
async fn a_service_of_another_agency_learns_its_own_name_for_the_person() {
    let (world, visitor, tokens) = called().await;
    let sector = SectorKey::of_agency(crate::admin::sample::HEALTH);
    for name in ["clinic", "ward"] {
        let mut client = service(name);
        client.sector = Some(sector.clone());
        world.add_client(client).await;
    }
    let subject = &tokens["access_token"];
    let sub_at = |answer: Map<String, Value>| claims(&answer["access_token"])["sub"].clone();
    let first = sub_at(world.exchange("clinic", subject, &[]).await.unwrap());
    assert_ne!(first, claims(subject)["sub"]);
    let again = sub_at(world.exchange("clinic", subject, &[]).await.unwrap());
    let same_agency = sub_at(world.exchange("ward", subject, &[]).await.unwrap());
    assert_eq!((&again, &same_agency), (&first, &first));
    // The name of the agency is the one that a sign-in there tells.
    world
        .edit_client(|client| client.sector = Some(sector.clone()))
        .await;
    let signed_in = world.tokens(&visitor, &[]).await;
    assert_eq!(claims(&signed_in["id_token"])["sub"], first);
}
