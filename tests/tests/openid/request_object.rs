//! Request objects (RFC 9101, OpenID Connect Core §6), by value, by address and in a push.

use idp_tests::agent::{encode, fields};
use idp_tests::installation::Serving;
use idp_tests::request_object::{ObjectKey, ObjectServer, claims, encrypted};
use idp_tests::{Agent, Answer, Callback, Installation, RelyingParty, Request, User, jwt};
use serde_json::{Value, json};

/// An installation with somebody to sign in, and a client with a key.
struct Scene {
    installation: Installation,
    serving: Serving,
    user: User,
    key: ObjectKey,
    relying_party: RelyingParty,
}

impl Scene {
    async fn with(features: &[&str]) -> Self {
        let installation = Installation::init();
        let serving = installation.serve().await.expect("it serves");
        let user = installation.activate().await;
        let key = ObjectKey::new();
        let file = installation.folder.path().join("client-keys.json");
        std::fs::write(&file, key.set().to_string()).expect("written");
        let file = file.to_str().expect("a plain path");
        let mut options = vec!["--jwks", file, "--set", "request_object_signing_alg=ES256"];
        for feature in features {
            options.extend(["--set", feature]);
        }
        let application = installation.application("Một cửa", &options);
        let relying_party = RelyingParty::at(&installation.issuer, application).await;
        Self {
            installation,
            serving,
            user,
            key,
            relying_party,
        }
    }

    fn request(&self) -> Request {
        self.relying_party.request().with("scope", "openid profile")
    }

    /// The object of a request, with some claims changed.
    fn object(&self, request: &Request, changed: Value) -> String {
        self.key.object(&self.relying_party, request, changed)
    }

    /// The request that carries these beside `client_id`.
    fn carrying(&self, request: &Request, carried: &[(&str, &str)]) -> Request {
        let client = self.relying_party.application.client_id.as_str();
        let mut parameters = fields(&[("client_id", client)]);
        parameters.extend(fields(carried));
        Request {
            parameters,
            ..request.clone()
        }
    }

    async fn open(&self, request: &Request) -> Answer {
        self.relying_party.open(&mut Agent::new(), request).await
    }

    /// Walks to a code and redeems it; the claims of the ID Token.
    async fn sign_in(&self, request: &Request) -> Value {
        let mut agent = Agent::new();
        let signed_in = self
            .relying_party
            .sign_in_with(&mut agent, request, &self.user);
        self.relying_party.id_token(&signed_in.await).await
    }

    async fn push(&self, parameters: &[(&str, &str)]) -> Answer {
        let authorization = self.relying_party.basic();
        let headers = [("authorization", authorization.as_str())];
        let body = encode(&fields(parameters));
        let endpoint = "pushed_authorization_request_endpoint";
        self.relying_party.ask_raw(endpoint, &headers, body).await
    }
}

/// Error and reason of an answer that goes back to the client.
fn told(answer: &Answer) -> (String, String) {
    let url = answer.location().filter(|_| answer.is_redirect());
    let url = url.unwrap_or_else(|| panic!("{} {}", answer.status, answer.body));
    let callback = Callback { url };
    (
        callback.parameter("error"),
        callback.parameter("error_description"),
    )
}

fn assert_error_page(answer: &Answer, what: &str) {
    assert!(!answer.is_redirect(), "{what}: {:?}", answer.location());
    assert_eq!(answer.status, 400, "{what}");
    assert!(
        answer.page().has("error-message"),
        "{what}: {}",
        answer.body
    );
}

#[tokio::test]
async fn an_object_by_value_signs_in() {
    let scene = Scene::with(&[]).await;
    let metadata = &scene.relying_party.metadata;
    assert_eq!(metadata["request_parameter_supported"], true);
    let offered = metadata["request_object_signing_alg_values_supported"].as_array();
    for name in ["ES256", "PS256", "RS256", "EdDSA", "none"] {
        assert!(offered.expect("a list").contains(&name.into()), "{name}");
    }
    let request = scene.request();
    let object = scene.object(&request, json!({}));
    let carrying = scene.carrying(&request, &[("request", &object)]);
    let claims = scene.sign_in(&carrying).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
    scene.serving.terminate();
}

#[tokio::test]
async fn nothing_is_smuggled_beside_a_signature() {
    let scene = Scene::with(&["require_signed_request_object=true"]).await;
    let request = scene.request();
    let object = scene.object(&request, json!({"nonce": null}));
    let smuggled = scene.carrying(
        &request,
        &[
            ("request", &object),
            ("response_type", "code"),
            ("scope", "openid email roles"),
            ("state", "another"),
            ("nonce", "another"),
            ("prompt", "none"),
            ("redirect_uri", "https://attacker.example/"),
        ],
    );
    let claims = scene.sign_in(&smuggled).await;
    assert_eq!(claims["nonce"], Value::Null);
    let plain = scene.open(&request).await;
    let required = ("invalid_request".into(), "request_object_required".into());
    assert_eq!(told(&plain), required);
    scene.serving.terminate();
}

#[tokio::test]
async fn each_broken_object_has_its_wire_code() {
    let scene = Scene::with(&[]).await;
    let request = scene.request();
    let client = scene.relying_party.application.client_id.as_str();
    let all = claims(&scene.relying_party, &request, json!({}));
    let header = json!({"alg": "ES256", "kid": "k1"});
    let with = |changed: Value| scene.object(&request, changed);
    let good = with(json!({}));
    let object = "invalid_request_object";
    for (what, sent, error, reason) in [
        (
            "no JWT",
            "x.y.z".to_owned(),
            object,
            "request_object_malformed",
        ),
        (
            "unsigned",
            jwt::unsecured(&all),
            object,
            "request_object_unsigned",
        ),
        (
            "broken",
            jwt::with_broken_signature(&good),
            object,
            "request_object_signature_wrong",
        ),
        (
            "a stranger's",
            ObjectKey::new().sign(&header, &all),
            object,
            "request_object_signature_wrong",
        ),
        (
            "another type",
            scene
                .key
                .sign(&json!({"alg": "ES256", "kid": "k1", "typ": "at+jwt"}), &all),
            object,
            "request_object_type_wrong",
        ),
        (
            "another issuer",
            with(json!({"iss": "nobody"})),
            object,
            "request_object_issuer_wrong",
        ),
        (
            "another audience",
            with(json!({"aud": "https://attacker.example"})),
            object,
            "request_object_audience_wrong",
        ),
        (
            "no audience",
            with(json!({"aud": null})),
            object,
            "request_object_sender_missing",
        ),
        (
            "expired",
            with(json!({"exp": 1_600_000_000})),
            object,
            "request_object_time_wrong",
        ),
        (
            "not yet",
            with(json!({"nbf": 4_000_000_000_u64})),
            object,
            "request_object_time_wrong",
        ),
        (
            "an assertion",
            with(json!({"sub": client})),
            object,
            "request_object_is_assertion",
        ),
        (
            "nested",
            with(json!({"request": "x"})),
            object,
            "request_object_nested",
        ),
        (
            "another client",
            with(json!({"client_id": "nobody"})),
            object,
            "request_object_client_mismatch",
        ),
        (
            "another type of response",
            with(json!({"response_type": "token"})),
            object,
            "request_object_response_type_mismatch",
        ),
        (
            "an unknown member",
            with(json!({"unheard_of": "x".repeat(2000)})),
            "",
            "",
        ),
    ] {
        let mut carrying =
            scene.carrying(&request, &[("request", &sent), ("response_type", "code")]);
        let address = scene.relying_party.application.redirect_uri.as_str();
        carrying = carrying.with("redirect_uri", address).with("state", "s");
        let answer = scene.open(&carrying).await;
        if error.is_empty() {
            assert!(answer.page().has("username"), "{what}: {}", answer.body);
            continue;
        }
        let expected = (error.to_owned(), reason.to_owned());
        assert_eq!(told(&answer), expected, "{what}");
        // Without an address that is registered it is a page.
        let nowhere = carrying.with("redirect_uri", "https://attacker.example/");
        assert_error_page(&scene.open(&nowhere).await, what);
    }
    let both = [
        ("request", good.as_str()),
        ("request_uri", "https://rp.example/r"),
    ];
    assert_error_page(&scene.open(&scene.carrying(&request, &both)).await, "both");
    scene.serving.terminate();
}

#[tokio::test]
async fn an_object_in_a_push_is_what_counts() {
    let pushes = "require_pushed_authorization_requests=true";
    let scene = Scene::with(&["require_signed_request_object=true", pushes]).await;
    let request = scene.request();
    let object = scene.object(&request, json!({}));
    let answer = scene
        .push(&[("request", &object), ("nonce", "another")])
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let body = answer.json();
    let reference = body["request_uri"].as_str().expect("text");
    let carrying = scene.carrying(&request, &[("request_uri", reference)]);
    let claims = scene.sign_in(&carrying).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
    // By value through the browser is not a push.
    let direct = scene.carrying(&request, &[("request", &object)]);
    assert_eq!(
        told(&scene.open(&direct).await).1,
        "pushed_request_required"
    );
    for (what, pushed, reason) in [
        (
            "plain",
            scene.push(&fields_of(&request)).await,
            "request_object_required",
        ),
        (
            "unsigned",
            scene
                .push(&[("request", &jwt::unsecured(&json!({})))])
                .await,
            "request_object_unsigned",
        ),
        (
            "no address",
            scene
                .push(&[
                    (
                        "request",
                        &scene.object(&request, json!({"redirect_uri": null})),
                    ),
                    ("redirect_uri", "http://localhost:9/callback"),
                ])
                .await,
            "redirect_uri_missing",
        ),
        (
            "a reference",
            scene.push(&[("request_uri", "https://rp.example/r")]).await,
            "pushed_request_uri",
        ),
    ] {
        assert_eq!(pushed.status, 400, "{what}: {}", pushed.body);
        assert_eq!(pushed.json()["error_description"], reason, "{what}");
    }
    scene.serving.terminate();
}

fn fields_of(request: &Request) -> Vec<(&str, &str)> {
    let pairs = request.parameters.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[tokio::test]
async fn an_object_at_a_registered_address_signs_in_and_no_other_is_asked_for() {
    let (server, bystander) = (ObjectServer::start().await, ObjectServer::start().await);
    let scene = Scene::with(&[&format!("request_uris={}", server.url)]).await;
    assert_eq!(
        scene.relying_party.metadata["require_request_uri_registration"],
        true
    );
    let request = scene.request();
    server.serve(&scene.object(&request, json!({})));
    let carrying = scene.carrying(&request, &[("request_uri", server.url.as_str())]);
    let claims = scene.sign_in(&carrying).await;
    assert_eq!(claims["nonce"], request.nonce.as_str());
    let asked = server.asked();
    for _ in 0..10 {
        scene.open(&carrying).await;
    }
    assert!(
        server.asked() <= asked + 1,
        "strangers do not make us hammer it"
    );
    let wrong_digest = format!("{}#{}", server.url, idp_tests::jwt::base64url(&[0; 32]));
    assert_error_page(
        &scene
            .open(&scene.carrying(&request, &[("request_uri", &wrong_digest)]))
            .await,
        "another digest",
    );
    let elsewhere = bystander.url.as_str();
    for address in [
        elsewhere.to_owned(),
        server.url.as_str().replace("/request.jwt", "/other.jwt"),
        format!("{}?x=1", server.url),
        server.url.as_str().replace("127.0.0.1", "localhost"),
        format!(
            "http://127.0.0.1@{}",
            elsewhere.trim_start_matches("http://")
        ),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let carrying = scene.carrying(&request, &[("request_uri", &address)]);
        assert_error_page(&scene.open(&carrying).await, &address);
    }
    assert_eq!(bystander.asked(), 0, "server-side request forgery");
    // What is too large is not read to its end, and what does not sign is refused like by value.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    server.serve(&"x".repeat(20_000));
    assert_error_page(&scene.open(&carrying).await, "too large");
    scene.serving.terminate();
}

#[tokio::test]
async fn an_encrypted_object_is_opened_and_still_must_be_signed() {
    let scene = Scene::with(&[]).await;
    let offered = "request_object_encryption_alg_values_supported";
    assert_eq!(scene.relying_party.metadata[offered], Value::Null);
    let make = [
        "key",
        "rotate",
        "--purpose",
        "encryption",
        "--algorithm",
        "ECDH-ES",
    ];
    let made = scene.installation.administer(&make);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    // The server hears of a new key within a moment.
    let mut told = Value::Null;
    for _ in 0..100 {
        let application = scene.relying_party.application.clone();
        let own = RelyingParty::at(&scene.installation.issuer, application).await;
        told = own.metadata[offered].clone();
        if !told.is_null() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(told.as_array().expect("a list").contains(&"ECDH-ES".into()));
    let keys = scene.relying_party.keys().await;
    let keys = keys["keys"].as_array().expect("a list");
    let key = keys.iter().find(|key| key["use"] == "enc").expect("a key");

    let request = scene.request();
    let object = encrypted(key, &scene.object(&request, json!({})));
    let carrying = scene.carrying(&request, &[("request", &object)]);
    let claims_told = scene.sign_in(&carrying).await;
    assert_eq!(claims_told["nonce"], request.nonce.as_str());
    // Anybody can encrypt to a published key.
    let all = claims(&scene.relying_party, &request, json!({}));
    let header = json!({"alg": "ES256", "kid": "k1"});
    let stranger = ObjectKey::new().sign(&header, &all);
    let mut broken = object.clone();
    broken.pop();
    broken.push(if object.ends_with('A') { 'Q' } else { 'A' });
    for (what, inside, reason) in [
        (
            "a stranger's",
            encrypted(key, &stranger),
            "request_object_signature_wrong",
        ),
        (
            "unsigned",
            encrypted(key, &jwt::unsecured(&all)),
            "request_object_unsigned",
        ),
        (
            "twice",
            encrypted(key, &object),
            "request_object_undecipherable",
        ),
        ("broken", broken, "request_object_undecipherable"),
        (
            "no JWE",
            "a.b.c.d.e".to_owned(),
            "request_object_encryption_malformed",
        ),
    ] {
        let answer = scene.push(&[("request", &inside)]).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.body);
        assert_eq!(answer.json()["error_description"], reason, "{what}");
        assert_eq!(answer.oauth_error(), "invalid_request_object");
    }
    scene.serving.terminate();
}

#[tokio::test]
async fn what_contradicts_itself_cannot_be_registered() {
    let scene = Scene::with(&[]).await;
    let client = scene.relying_party.application.client_id.as_str();
    for (feature, reason) in [
        (
            "request_uris=http://rp.example/r",
            "client_request_uri_invalid",
        ),
        (
            "request_uris=urn:ietf:params:oauth:request_uri:x",
            "client_request_uri_invalid",
        ),
        ("request_object_signing_alg=HS256", "client_feature_invalid"),
    ] {
        let edit = ["client", "edit", client, "--set", feature];
        let output = scene.installation.administer(&edit);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains(reason),
            "{feature}: {told}"
        );
    }
    let both = [
        "client",
        "edit",
        client,
        "--set",
        "request_object_signing_alg=none",
        "--set",
        "require_signed_request_object=true",
    ];
    let output = scene.installation.administer(&both);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("client_request_object_algorithm_unfit"),
        "{told}"
    );
    scene.serving.terminate();
}
