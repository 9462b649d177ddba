//! Authorization requests that somebody else made, or changed on the way.

use idp_tests::agent::{encode, fields};
use idp_tests::installation::Serving;
use idp_tests::request_object::{ObjectKey, ObjectServer, claims};
use idp_tests::{Agent, Answer, Callback, Installation, RelyingParty, jwt};
use ring::hmac;
use serde_json::{Value, json};

/// An installation with a client that signs its requests, and that client's key.
async fn begun() -> (Installation, Serving, RelyingParty, ObjectKey) {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    let key = ObjectKey::new();
    let file = installation.folder.path().join("client-keys.json");
    std::fs::write(&file, key.set().to_string()).expect("written");
    let file = file.to_str().expect("a plain path");
    let options = [
        "--jwks",
        file,
        "--set",
        "require_signed_request_object=true",
    ];
    let application = installation.application("Một cửa", &options);
    let relying_party = RelyingParty::at(&installation.issuer, application).await;
    (installation, serving, relying_party, key)
}

/// Opens the authorization endpoint with an object, and the registered address beside it.
async fn open_with(relying_party: &RelyingParty, object: &str) -> Answer {
    let application = &relying_party.application;
    let mut request = relying_party.request();
    request.parameters = fields(&[
        ("client_id", application.client_id.as_str()),
        ("redirect_uri", application.redirect_uri.as_str()),
        ("request", object),
    ]);
    relying_party.open(&mut Agent::new(), &request).await
}

fn assert_refused(answer: &Answer, reason: &str) {
    let url = answer.location().filter(|_| answer.is_redirect());
    let url = url.unwrap_or_else(|| panic!("{reason}: {} {}", answer.status, answer.body));
    let callback = Callback { url };
    assert_eq!(
        callback.parameter("error"),
        "invalid_request_object",
        "{reason}"
    );
    assert_eq!(callback.parameter("error_description"), reason);
}

/// Published of several servers: the public key, which anybody may read, taken as the secret of
/// an HMAC (RFC 8725 §2.1).
#[tokio::test]
async fn the_public_key_as_an_hmac_secret() {
    let (_installation, serving, relying_party, key) = begun().await;
    let all = claims(&relying_party, &relying_party.request(), json!({}));
    let set = key.set();
    let public = set["keys"][0].to_string();
    for algorithm in ["HS256", "HS512", "hs256"] {
        for secret in [public.as_str(), &set.to_string(), ""] {
            let header = json!({"alg": algorithm, "kid": "k1"});
            let part = |value: &Value| jwt::base64url(value.to_string().as_bytes());
            let input = format!("{}.{}", part(&header), part(&all));
            let mac = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let tag = hmac::sign(&mac, input.as_bytes());
            let object = format!("{input}.{}", jwt::base64url(tag.as_ref()));
            let answer = open_with(&relying_party, &object).await;
            assert_refused(&answer, "request_object_algorithm_unknown");
        }
    }
    let unsigned = jwt::unsecured(&all);
    assert_refused(
        &open_with(&relying_party, &unsigned).await,
        "request_object_unsigned",
    );
    serving.terminate();
}

/// A key that the object itself brings (RFC 8725 §2.2) verifies nothing.
#[tokio::test]
async fn a_key_inside_the_object() {
    let (_installation, serving, relying_party, _) = begun().await;
    let all = claims(&relying_party, &relying_party.request(), json!({}));
    let own = ObjectKey::new();
    let server = ObjectServer::start().await;
    server.serve(&own.set().to_string());
    let jwk = &own.set()["keys"][0];
    for header in [
        json!({"alg": "ES256", "kid": "k1", "jwk": jwk}),
        json!({"alg": "ES256", "kid": "k1", "jku": server.url.as_str()}),
        json!({"alg": "ES256", "jku": server.url.as_str()}),
    ] {
        let object = own.sign(&header, &all);
        let answer = open_with(&relying_party, &object).await;
        assert_refused(&answer, "request_object_signature_wrong");
    }
    assert_eq!(
        server.asked(),
        0,
        "nobody is asked for keys that a message names"
    );
    serving.terminate();
}

/// Another JWT of the same client taken for a request (RFC 9101 §10.8, RFC 8725 §2.8).
#[tokio::test]
async fn a_client_assertion_as_a_request() {
    let (_installation, serving, relying_party, key) = begun().await;
    let client = relying_party.application.client_id.clone();
    let request = relying_party.request();
    let assertion = claims(&relying_party, &request, json!({"sub": client, "jti": "1"}));
    let header = json!({"alg": "ES256", "kid": "k1"});
    let object = key.sign(&header, &assertion);
    assert_refused(
        &open_with(&relying_party, &object).await,
        "request_object_is_assertion",
    );
    let elsewhere = claims(
        &relying_party,
        &request,
        json!({"aud": "https://other.example"}),
    );
    let object = key.sign(&header, &elsewhere);
    assert_refused(
        &open_with(&relying_party, &object).await,
        "request_object_audience_wrong",
    );
    serving.terminate();
}

/// Server-side request forgery by `request_uri` (RFC 9101 §10.4.1), also from where clients push.
#[tokio::test]
async fn an_address_inside_the_network() {
    let (installation, serving, _, _) = begun().await;
    let victim = ObjectServer::start().await;
    let plain = installation.application("Hộp thư", &[]);
    let relying_party = RelyingParty::at(&installation.issuer, plain).await;
    let client = relying_party.application.client_id.as_str();
    for address in [
        victim.url.as_str().to_owned(),
        victim
            .url
            .as_str()
            .replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        victim.url.as_str().replace("127.0.0.1", "2130706433"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let mut request = relying_party.request();
        request.parameters = fields(&[("client_id", client), ("request_uri", &address)]);
        let answer = relying_party.open(&mut Agent::new(), &request).await;
        assert_eq!(
            (answer.is_redirect(), answer.status),
            (false, 400),
            "{address}"
        );
        let authorization = relying_party.basic();
        let headers = [("authorization", authorization.as_str())];
        let endpoint = "pushed_authorization_request_endpoint";
        let body = encode(&request.parameters);
        let answer = relying_party.ask_raw(endpoint, &headers, body).await;
        assert_eq!(answer.oauth_error(), "invalid_request", "{address}");
    }
    assert_eq!(victim.asked(), 0);
    serving.terminate();
}
