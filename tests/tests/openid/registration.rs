//! Clients that register themselves (RFC 7591, RFC 7592), against the running binary.

use idp_tests::agent::http_client;
use idp_tests::installation::Serving;
use idp_tests::{Agent, Answer, Application, Installation, RelyingParty};
use serde_json::{Value, json};
use url::Url;

/// Where nobody listens: the callback is read from the redirect itself.
const CALLBACK: &str = "https://rp.example/callback";

struct Provider {
    installation: Installation,
    _serving: Serving,
}

/// An answer of the registration endpoint.
struct Told {
    status: u16,
    body: Value,
    challenge: String,
}

impl Told {
    fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// Status, code and reason of a refusal.
    fn refusal(&self) -> (u16, String, String) {
        (
            self.status,
            self.text("error"),
            self.text("error_description"),
        )
    }
}

impl Provider {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut installation = Installation::init();
        let variable = |(name, value): &(&str, &str)| (format!("IDP__{name}"), (*value).to_owned());
        installation
            .environment
            .extend(settings.iter().map(variable));
        let serving = installation.serve().await.expect("it serves");
        Self {
            installation,
            _serving: serving,
        }
    }

    fn address(&self) -> Url {
        self.installation
            .issuer
            .join("register")
            .expect("an address")
    }

    async fn send(
        &self,
        (method, address): (reqwest::Method, &Url),
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Told {
        let mut request = http_client().request(method, address.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let challenge = answer.headers().get("www-authenticate").cloned();
        let challenge = challenge.and_then(|c| c.to_str().map(str::to_owned).ok());
        let text = answer.text().await.expect("a body");
        Told {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            challenge: challenge.unwrap_or_default(),
        }
    }

    async fn register(&self, token: Option<&str>, metadata: &Value) -> Told {
        let address = self.address();
        let post = (reqwest::Method::POST, &address);
        self.send(post, token, Some(metadata)).await
    }
}

fn metadata() -> Value {
    json!({"client_name": "Cổng việc làm", "redirect_uris": [CALLBACK]})
}

fn application(told: &Told) -> Application {
    Application {
        name: told.text("client_name"),
        url: Url::parse(CALLBACK).expect("an address"),
        client_id: told.text("client_id"),
        client_secret: told.text("client_secret"),
        redirect_uri: Url::parse(CALLBACK).expect("an address"),
    }
}

#[tokio::test]
async fn nobody_registers_unless_the_operator_allows_it() {
    let provider = Provider::start(&[]).await;
    let told = provider.register(None, &metadata()).await;
    assert_eq!(
        told.refusal(),
        (404, "not_found".into(), "registration_off".into())
    );
    let found = provider
        .installation
        .issuer
        .join(".well-known/openid-configuration")
        .expect("an address");
    let document = Agent::new().fetch(&found).await.json();
    assert!(document.get("registration_endpoint").is_none());
}

#[tokio::test]
async fn a_client_registers_by_token_signs_somebody_in_and_manages_itself() {
    let provider = Provider::start(&[("REGISTRATION__MODE", "initial_access_token")]).await;
    let user = provider.installation.activate().await;
    let refused = provider.register(None, &metadata()).await;
    let missing = (
        401,
        "invalid_token".into(),
        "registration_token_missing".into(),
    );
    assert_eq!(refused.refusal(), missing);
    assert!(
        refused.challenge.starts_with("Bearer"),
        "{}",
        refused.challenge
    );

    let add = [
        "registration-token",
        "add",
        "--note",
        "Đối tác",
        "--uses",
        "1",
    ];
    let made = provider.installation.administer(&add);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let token = made["initial_access_token"].as_str().expect("a token");
    let told = provider.register(Some(token), &metadata()).await;
    assert_eq!(told.status, 201, "{}", told.body);
    let again = provider.register(Some(token), &metadata()).await;
    assert_eq!(again.text("error_description"), "registration_token_wrong");

    let relying_party = RelyingParty::at(&provider.installation.issuer, application(&told)).await;
    assert_eq!(
        relying_party.metadata["registration_endpoint"].as_str(),
        Some(provider.address().as_str())
    );
    let mut request = relying_party.request();
    request.parameters.retain(|(name, _)| name != "scope");
    request
        .parameters
        .push(("scope".into(), "openid profile".into()));
    let mut agent = Agent::new();
    let page: Answer = relying_party.open(&mut agent, &request).await;
    assert!(page.page().has("username"), "{}", page.body);
    let tokens = relying_party
        .sign_in_with(&mut Agent::new(), &request, &user)
        .await;
    assert!(!tokens.text("id_token").is_empty());

    let uri = Url::parse(&told.text("registration_client_uri")).expect("an address");
    let own = told.text("registration_access_token");
    let read = provider
        .send((reqwest::Method::GET, &uri), Some(&own), None)
        .await;
    assert_eq!(
        (read.status, read.text("client_name")),
        (200, "Cổng việc làm".into())
    );
    assert!(read.body.get("client_secret").is_none());
    let mut changed = metadata();
    changed["client_id"] = told.body["client_id"].clone();
    changed["client_name"] = "Việc làm tỉnh".into();
    let put = (reqwest::Method::PUT, &uri);
    let replaced = provider.send(put, Some(&own), Some(&changed)).await;
    assert_eq!(
        (replaced.status, replaced.text("client_name")),
        (200, "Việc làm tỉnh".into())
    );
    let newer = replaced.text("registration_access_token");
    let stale = provider
        .send((reqwest::Method::GET, &uri), Some(&own), None)
        .await;
    let wrong = (
        401,
        "invalid_token".into(),
        "registration_access_wrong".into(),
    );
    assert_eq!(stale.refusal(), wrong);
    let removed = provider
        .send((reqwest::Method::DELETE, &uri), Some(&newer), None)
        .await;
    assert_eq!(removed.status, 204);
    let gone = provider
        .send((reqwest::Method::GET, &uri), Some(&newer), None)
        .await;
    assert_eq!(gone.refusal(), wrong);
    let page = relying_party
        .open(&mut Agent::new(), &relying_party.request())
        .await;
    assert!(page.status == 400 && !page.is_redirect(), "{}", page.body);
}

#[tokio::test]
async fn whose_name_nobody_checked_is_told_before_anybody_agrees() {
    let provider = Provider::start(&[("REGISTRATION__MODE", "open")]).await;
    let user = provider.installation.activate().await;
    let told = provider.register(None, &metadata()).await;
    assert_eq!(told.status, 201, "{}", told.body);
    let relying_party = RelyingParty::at(&provider.installation.issuer, application(&told)).await;
    let asks = |claims: &str| {
        let request = relying_party.request().with("scope", "openid");
        request.with("claims", claims)
    };
    let mut agent = Agent::new();
    let page = relying_party
        .open(&mut agent, &asks(r#"{"userinfo":{"gender":null}}"#))
        .await;
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let page = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    assert!(page.page().has("unchecked"), "{}", page.body);
    assert!(page.page().has("claims"), "{}", page.body);
    relying_party.press(&mut agent, &page, "approve", &[]).await;
    // The same claim is not asked about again; another one of the same scope is.
    let again = relying_party
        .open(&mut agent, &asks(r#"{"id_token":{"gender":null}}"#))
        .await;
    assert!(again.is_redirect(), "{}", again.body);
    let more = asks(r#"{"userinfo":{"birthdate":null,"gender":null}}"#);
    let page = relying_party.open(&mut agent, &more).await;
    assert!(page.page().has("approve"), "{}", page.body);
    let client = told.text("client_id");
    let named = ["client", "edit", &client, "--name", "Cổng việc làm tỉnh"];
    let named = provider.installation.administer(&named);
    assert!(named.status.success());
    let page = relying_party.open(&mut agent, &more).await;
    assert!(page.page().has("approve"), "{}", page.body);
    assert!(!page.page().has("unchecked"), "an administrator named it");
}

#[tokio::test]
async fn the_certification_preset_registers_anybody_and_says_so_everywhere() {
    let provider = Provider::start(&[
        ("PROVIDER__PRESET", "certification"),
        ("PROVIDER__DANGER_CERTIFICATION", "true"),
    ])
    .await;
    let told = provider.register(None, &metadata()).await;
    assert_eq!(told.status, 201, "{}", told.body);
    let relying_party = RelyingParty::at(&provider.installation.issuer, application(&told)).await;
    let mut request = relying_party.request();
    request.parameters.retain(|(name, _)| name != "scope");
    request.parameters.push(("scope".into(), "openid".into()));
    let page = relying_party.open(&mut Agent::new(), &request).await;
    assert!(page.page().has("username"), "{}", page.body);
    assert!(
        page.body.contains("class=\"danger\""),
        "no banner: {}",
        page.body
    );
    let doctor = provider.installation.idp(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        !doctor.status.success() && said.contains("provider.danger_certification"),
        "{said}"
    );
    let installation = Installation::init();
    let mut command = installation.command(&["config", "check"]);
    let refused = command
        .env("IDP__PROVIDER__PRESET", "certification")
        .output();
    assert!(
        !refused.expect("it runs").status.success(),
        "without the switch"
    );
}
