//! Request objects at `/authorize` and `/par`.

use serde_json::{Value, json};

use super::{World, answered, basic, code_of, error_of, refused, rng, signing_key};
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
use crate::flow::Failure;
use crate::flow::authorize::{AuthorizeReply, Visitor};
use crate::jose::{Header, JwkSet, SigningAlgorithm, SigningKey, jws};
use crate::oauth::sample::{CHALLENGE, ISSUER, REDIRECT, SECRET, parameters};

const KEYS_AT: &str = "https://rp.example/jwks";
const OBJECT_AT: &str = "https://rp.example/request.jwt";

/// A world whose client publishes a key at an address, and that key.
async fn begun() -> (World, Visitor, SigningKey) {
    let world = World::new().await;
    let key = signing_key();
    publish(&world, "k1", &key);
    world
        .edit_client(|client| {
            client.jwks_uri = Some(KEYS_AT.into());
            client.features.request_uris = vec![OBJECT_AT.into()];
        })
        .await;
    let visitor = world.signed_in("an").await;
    (world, visitor, key)
}

fn publish(world: &World, kid: &str, key: &SigningKey) {
    let set = JwkSet::new(vec![key.public_jwk(kid).unwrap()]);
    serve(world, KEYS_AT, &serde_json::to_string(&set).unwrap());
}

fn serve(world: &World, address: &str, body: &str) {
    let mut bodies = world.outside.bodies.lock().unwrap();
    bodies.insert(address.to_owned(), body.as_bytes().to_vec());
}

/// How often an address was asked.
fn fetched(world: &World, address: &str) -> usize {
    let requests = world.outside.requests.lock().unwrap();
    requests
        .iter()
        .filter(|request| request.url == address)
        .count()
}

/// A whole request, signed, with some claims replaced or (when null) left out.
fn object(world: &World, (kid, key): (&str, &SigningKey), changed: Value) -> String {
    let now = world.now().seconds();
    let mut claims = json!({
        "iss": "app", "aud": ISSUER, "exp": now + 300, "nbf": now, "client_id": "app",
        "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid profile",
        "state": "bên trong", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    let members = claims.as_object_mut().unwrap();
    let Value::Object(changed) = changed else {
        panic!("{changed}")
    };
    members.extend(changed);
    members.retain(|_, value| !value.is_null());
    let header = Header::new(SigningAlgorithm::ES256).with_kid(kid);
    jws::sign(&header, claims.to_string().as_bytes(), key, &rng()).unwrap()
}

async fn ask(
    world: &World,
    visitor: &Visitor,
    further: &[(&str, &str)],
) -> Result<AuthorizeReply, Failure> {
    let mut pairs = vec![("client_id", "app")];
    pairs.extend(further);
    let mut context = world.context();
    world
        .provider
        .authorize(&parameters(&pairs), visitor, &mut context)
        .await
}

fn state_of(reply: Result<AuthorizeReply, Failure>) -> String {
    match reply.unwrap() {
        AuthorizeReply::Answered(answer) => answered(&answer)["state"].clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_object_by_value_is_the_whole_request() {
    let (world, visitor, key) = begun().await;
    let object = object(&world, ("k1", &key), json!({"nonce": "n"}));
    let reply = ask(&world, &visitor, &[("request", &object)])
        .await
        .unwrap();
    let tokens = world.redeem(&code_of(&reply)).await.unwrap();
    assert_eq!(super::claims(&tokens["id_token"])["nonce"], "n");
    let again = ask(&world, &visitor, &[("request", &object)]).await;
    assert_eq!(state_of(again), "bên trong", "an object may be used again");
    assert_eq!(fetched(&world, KEYS_AT), 1, "the key set is kept");
}

#[tokio::test]
async fn a_missing_key_is_looked_for_anew_and_not_too_often() {
    let (world, visitor, old) = begun().await;
    let by_old = object(&world, ("k1", &old), json!({}));
    code_of(
        &ask(&world, &visitor, &[("request", &by_old)])
            .await
            .unwrap(),
    );
    let new = signing_key();
    publish(&world, "k2", &new);
    let by_new = object(&world, ("k2", &new), json!({}));
    for _ in 0..3 {
        let early = ask(&world, &visitor, &[("request", &by_new)]).await;
        assert_eq!(refused(early), Reason::RequestObjectSignatureWrong);
    }
    assert_eq!(fetched(&world, KEYS_AT), 1);
    world.wait(30);
    code_of(
        &ask(&world, &visitor, &[("request", &by_new)])
            .await
            .unwrap(),
    );
    assert_eq!(fetched(&world, KEYS_AT), 2);
}

#[tokio::test]
async fn an_error_is_told_at_a_registered_address_or_on_a_page() {
    let (world, visitor, _) = begun().await;
    let stranger = signing_key();
    let forged = object(&world, ("k1", &stranger), json!({}));
    let told = [
        ("request", forged.as_str()),
        ("redirect_uri", REDIRECT),
        ("state", "s"),
    ];
    let (error, reason) = error_of(ask(&world, &visitor, &told).await);
    assert_eq!(
        (&*error, &*reason),
        ("invalid_request_object", "request_object_signature_wrong")
    );
    let elsewhere = [
        ("request", forged.as_str()),
        ("redirect_uri", "https://evil.example/"),
    ];
    for untold in [&elsewhere[..], &elsewhere[..1]] {
        let page = refused(ask(&world, &visitor, untold).await);
        assert_eq!(page, Reason::RequestObjectSignatureWrong);
    }
    let both = [told[0], told[1], ("request_uri", OBJECT_AT)];
    let (error, reason) = error_of(ask(&world, &visitor, &both).await);
    assert_eq!(
        (&*error, &*reason),
        ("invalid_request", "request_object_sent_twice")
    );
    let nobody = [("client_id", "nobody"), told[0]];
    let context = &mut world.context();
    let nobody = parameters(&nobody);
    let nobody = world.provider.authorize(&nobody, &visitor, context);
    assert_eq!(refused(nobody.await), Reason::ClientUnknown);
    // What is wrong inside of a good object goes where the object says.
    let (world, visitor, key) = begun().await;
    let wide = object(&world, ("k1", &key), json!({"scope": "openid payroll"}));
    let (_, reason) = error_of(ask(&world, &visitor, &[("request", &wide)]).await);
    assert_eq!(reason, "scope_not_allowed");
    let evil = object(
        &world,
        ("k1", &key),
        json!({"redirect_uri": "https://evil.example/"}),
    );
    let told = [("request", evil.as_str()), ("redirect_uri", REDIRECT)];
    let page = refused(ask(&world, &visitor, &told).await);
    assert_eq!(page, Reason::RedirectUriMismatch);
}

#[tokio::test]
async fn an_object_at_a_registered_address_is_fetched_and_kept_for_a_moment() {
    let (world, visitor, key) = begun().await;
    let from = |request_uri: String| {
        let (world, visitor) = (world.clone(), visitor.clone());
        async move { ask(&world, &visitor, &[("request_uri", &request_uri)]).await }
    };
    let first = object(&world, ("k1", &key), json!({"state": "một"}));
    serve(&world, OBJECT_AT, &first);
    assert_eq!(state_of(from(OBJECT_AT.into()).await), "một");
    let second = object(&world, ("k1", &key), json!({"state": "hai"}));
    serve(&world, OBJECT_AT, &second);
    assert_eq!(state_of(from(OBJECT_AT.into()).await), "một", "kept");
    assert_eq!(fetched(&world, OBJECT_AT), 1);
    // A digest in the fragment names the present content, so that the kept one does not do.
    let fixed = format!(
        "{OBJECT_AT}#{}",
        Digest::of(second.as_bytes()).to_base64url()
    );
    assert_eq!(
        refused(from(fixed.clone()).await),
        Reason::RequestUriContentChanged
    );
    world.wait(1);
    assert_eq!(state_of(from(fixed).await), "hai");
    let never = format!("{OBJECT_AT}#{}", Digest::of(b"x").to_base64url());
    for _ in 0..5 {
        let refusal = refused(from(never.clone()).await);
        assert_eq!(refusal, Reason::RequestUriContentChanged);
    }
    assert_eq!(
        fetched(&world, OBJECT_AT),
        2,
        "strangers cause no more fetches"
    );
    for elsewhere in ["https://rp.example/other.jwt", "https://169.254.169.254/"] {
        let refusal = refused(from(elsewhere.into()).await);
        assert_eq!(refusal, Reason::RequestUriNotRegistered);
        assert_eq!(fetched(&world, elsewhere), 0);
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_told() {
    let (world, visitor, _) = begun().await;
    for _ in 0..3 {
        let silent = ask(&world, &visitor, &[("request_uri", OBJECT_AT)]).await;
        assert_eq!(refused(silent), Reason::RequestUriUnavailable);
    }
    assert_eq!(fetched(&world, OBJECT_AT), 1, "not asked again at once");
    world.wait(1);
    world
        .outside
        .bodies
        .lock()
        .unwrap()
        .insert(OBJECT_AT.into(), vec![0xff]);
    let garbage = ask(&world, &visitor, &[("request_uri", OBJECT_AT)]).await;
    assert_eq!(refused(garbage), Reason::RequestUriUnavailable);
    world
        .edit_client(|client| client.features.request_uris.clear())
        .await;
    let none = ask(&world, &visitor, &[("request_uri", OBJECT_AT)]).await;
    assert_eq!(refused(none), Reason::RequestUriUnsupported);
}

#[tokio::test]
async fn a_client_that_signs_all_is_answered_for_nothing_else() {
    let (world, visitor, key) = begun().await;
    world
        .edit_client(|client| client.features.require_signed_request_object = true)
        .await;
    let (error, reason) = error_of(world.authorize(&visitor, &[]).await);
    assert_eq!(
        (&*error, &*reason),
        ("invalid_request", "request_object_required")
    );
    let object = object(&world, ("k1", &key), json!({"redirect_uri": null}));
    let smuggled = [
        ("request", object.as_str()),
        ("scope", "openid"),
        ("redirect_uri", REDIRECT),
        ("prompt", "none"),
    ];
    let alone = refused(ask(&world, &visitor, &smuggled).await);
    assert_eq!(
        alone,
        Reason::RedirectUriMissing,
        "not filled from beside it"
    );
}

#[tokio::test]
async fn a_pushed_object_rests_as_what_it_says() {
    let (world, visitor, key) = begun().await;
    world
        .edit_client(|client| client.features.require_signed_request_object = true)
        .await;
    let push = |object: String, further: Vec<(&'static str, &'static str)>| {
        let world = world.clone();
        async move {
            let mut pairs = vec![("request", object.as_str())];
            pairs.extend(further);
            let app = basic("app", SECRET);
            let mut context = world.context();
            world
                .provider
                .push(Some(app.as_str()), &parameters(&pairs), &mut context)
                .await
        }
    };
    let good = object(&world, ("k1", &key), json!({}));
    let answer = push(
        good.clone(),
        vec![("state", "bên ngoài"), ("scope", "openid")],
    )
    .await;
    let reference = answer.unwrap()["request_uri"].as_str().unwrap().to_owned();
    let reply = ask(&world, &visitor, &[("request_uri", &reference)]).await;
    assert_eq!(state_of(reply), "bên trong");
    let plain = push(
        String::new(),
        vec![
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
    );
    assert_eq!(refused(plain.await), Reason::RequestObjectRequired);
    let stranger = object(&world, ("k1", &signing_key()), json!({}));
    let forged = push(stranger, Vec::new()).await;
    assert_eq!(refused(forged), Reason::RequestObjectSignatureWrong);
    let other = object(&world, ("k1", &key), json!({"client_id": "other"}));
    assert_eq!(
        refused(push(other, Vec::new()).await),
        Reason::RequestObjectClientMismatch
    );
    let by_address = push(String::new(), vec![("request_uri", OBJECT_AT)]).await;
    assert_eq!(refused(by_address), Reason::PushedRequestUri);
}
