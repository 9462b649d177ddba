//! The relying-party crate at a provider that nobody here wrote: node-oidc-provider, strict.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idp_relying_party::resource::{Introspection, Presented, ResourceServer};
use idp_relying_party::session::Session;
use idp_relying_party::{
    AssertionKey, Client, ClientAuthentication, DecryptionKey, Dpop, PushedRequests, ResponseMode,
    Settings, SignInRequest,
};
use idp_tests::request::random;
use idp_tests::{Agent, ports, source, world};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use url::Url;

/// Longest wait for the process to listen.
const START: Duration = Duration::from_secs(60);
/// Where the application would be; nobody listens there.
const APPLICATION: &str = "http://localhost:4711";

struct OidcProvider {
    child: Child,
    folder: tempfile::TempDir,
    issuer: String,
    secret: String,
    signing: AssertionKey,
    decryption: DecryptionKey,
}

fn pkcs8() -> Vec<u8> {
    rcgen::KeyPair::generate()
        .expect("a P-256 key")
        .serialize_der()
}

impl OidcProvider {
    fn start() -> Self {
        let signing = AssertionKey::es256(&pkcs8(), Some("sig-1")).expect("a key");
        let decryption = DecryptionKey::ecdh_es(&pkcs8(), Some("enc-1")).expect("a key");
        let keys = json!({"keys": [signing.public_jwk(), decryption.public_jwk()]});
        let (port, secret) = (ports::free_port(), format!("{}{}", random(), random()));
        let issuer = format!("http://localhost:{port}");
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(source::root().join("tests/strangers/oidc-provider/run"))
            .env("ISSUER", &issuer)
            .env("PORT", port.to_string())
            .env("REDIRECT_URI", format!("{APPLICATION}/callback"))
            .env("SIGNED_OUT_URI", format!("{APPLICATION}/"))
            .env("CLIENT_KEYS", keys.to_string())
            .env("CLIENT_SECRET", &secret)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the packages that ./test strangers installs");
        let provider = Self {
            child,
            folder,
            issuer,
            secret,
            signing,
            decryption,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START, "silent:\n{}", provider.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        provider
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn settings(&self, client_id: &str) -> Settings {
        idp_tests::agent::install_tls_provider();
        Settings::new(&self.issuer, client_id, APPLICATION)
            .expect("settings")
            .scopes(["profile"])
            .timeout(Duration::from_secs(30))
    }

    /// A client from which everything strict is asked.
    fn strict(&self) -> Client {
        let settings = self
            .settings("strict")
            .authentication(ClientAuthentication::PrivateKeyJwt(self.signing.clone()))
            .pushed_requests(PushedRequests::WhenOffered)
            .response_mode(ResponseMode::QueryJwt)
            .dpop(Dpop::PerSession)
            .decryption_keys([self.decryption.clone()])
            .require_signed_userinfo();
        Client::new(settings).expect("a client")
    }

    /// Walks a browser to the callback and finishes there.
    async fn sign_in(&self, client: &Client, agent: &mut Agent) -> Session {
        let begun = client.begin(SignInRequest::default()).await;
        let begun = begun.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
        let mut next = begun.url.clone();
        for _ in 0..10 {
            if next.as_str().starts_with(APPLICATION) {
                break;
            }
            let answer = agent.fetch(&next).await;
            next = answer
                .location()
                .unwrap_or_else(|| panic!("{} {}\n{}", answer.url, answer.body, self.log()));
        }
        let callback = client.read_callback(next.query().unwrap_or_default()).await;
        let callback = callback.unwrap_or_else(|error| panic!("{error}: {next}"));
        let session = client.finish(begun.pending, &callback).await;
        session.unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            world::signal(self.child.id(), "TERM");
        }
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn oidc_provider_signs_a_plain_client_in_refreshes_it_and_signs_it_out() {
    let provider = OidcProvider::start();
    let methods = [
        (
            "plain",
            ClientAuthentication::secret_basic(&provider.secret),
        ),
        (
            "by-secret-jwt",
            ClientAuthentication::secret_jwt(&provider.secret).expect("a long secret"),
        ),
    ];
    for (client_id, authentication) in methods {
        let settings = provider.settings(client_id).authentication(authentication);
        let client = Client::new(settings).expect("a client");
        let mut agent = Agent::new();
        let mut session = provider.sign_in(&client, &mut agent).await;
        assert_eq!(session.person.sub, "nguoi-thu-1");
        assert_eq!(session.person.name.as_deref(), Some("Nguyễn Văn Thử"));
        let renewed = client.refresh(&session).await.expect("new tokens");
        assert_ne!(
            renewed.access_token.secret(),
            session.tokens.access_token.secret()
        );
        session.tokens = renewed;

        let leaving = client.logout_redirect(Some(&session)).await;
        let leaving = leaving.expect("metadata").expect("an endpoint");
        let page = agent.fetch(&leaving.url).await;
        let xsrf = page.body.split_once(r#"name="xsrf" value=""#);
        let xsrf = xsrf.and_then(|(_, rest)| rest.split_once('"'));
        let xsrf = xsrf.unwrap_or_else(|| panic!("{}", page.body)).0;
        let confirm = Url::parse(&format!("{}/session/end/confirm", provider.issuer));
        let fields = [("xsrf", xsrf), ("logout", "yes")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let left = agent.submit(&confirm.expect("an address"), &fields).await;
        let back = left.location().expect("back to the application");
        assert!(back.as_str().starts_with(APPLICATION), "{back}");
        assert!(back.as_str().contains(&leaving.state), "{back}");
    }
}

#[tokio::test]
async fn oidc_provider_and_a_strict_client_agree_on_everything() {
    let provider = OidcProvider::start();
    let client = provider.strict();
    let begun = client.begin(SignInRequest::default()).await;
    let begun = begun.unwrap_or_else(|error| panic!("{error}\n{}", provider.log()));
    let names: Vec<String> = begun
        .url
        .query_pairs()
        .map(|(n, _)| n.into_owned())
        .collect();
    assert_eq!(names, ["client_id", "request_uri"], "pushed");

    let mut agent = Agent::new();
    let mut session = provider.sign_in(&client, &mut agent).await;
    assert_eq!(session.person.name.as_deref(), Some("Nguyễn Văn Thử"));
    assert!(session.tokens.dpop.is_some(), "bound to a key");
    assert_eq!(
        session.tokens.id_token.split('.').count(),
        3,
        "out of its encryption"
    );
    session.tokens = client.refresh(&session).await.expect("new tokens");

    let address = format!("{}/me", provider.issuer);
    let request = http::Request::get(address).body(Vec::new()).expect("GET");
    let answer = client.call(&session.tokens, request).await;
    assert_eq!(answer.expect("an answer").status(), 200, "with a proof");

    // The same token at an API, which asks the provider and takes its signed word.
    let asked = introspected(&provider, &session).await;
    assert_eq!(
        asked,
        Err("access_token_proof_absent"),
        "bound, and shown as Bearer"
    );
}

async fn introspected(provider: &OidcProvider, session: &Session) -> Result<String, &'static str> {
    let settings = provider
        .settings("strict")
        .authentication(ClientAuthentication::PrivateKeyJwt(
            provider.signing.clone(),
        ));
    let server = ResourceServer::new(settings, "https://api.example")
        .expect("an API")
        .introspection(Introspection::Opaque)
        .require_signed_introspection();
    let mut headers = HeaderMap::new();
    let shown = format!("Bearer {}", session.tokens.access_token.secret());
    headers.insert(
        "authorization",
        HeaderValue::from_str(&shown).expect("a header"),
    );
    let presented = Presented {
        method: "GET",
        path: "/reports",
        headers: &headers,
        certificate: None,
    };
    let caller = server.authenticate(&presented).await;
    caller.map(|c| c.sub).map_err(|error| error.reason())
}

#[tokio::test]
async fn oidc_provider_vouches_for_a_bearer_token_at_an_api() {
    let provider = OidcProvider::start();
    let settings = provider
        .settings("plain")
        .authentication(ClientAuthentication::secret_basic(&provider.secret));
    let client = Client::new(settings).expect("a client");
    let session = provider.sign_in(&client, &mut Agent::new()).await;
    let sub = introspected(&provider, &session).await;
    assert_eq!(sub.as_deref(), Ok("nguoi-thu-1"));
    let mut forged = session.clone();
    forged.tokens = serde_json::from_value(bent(&session)).expect("tokens");
    assert_eq!(
        introspected(&provider, &forged).await,
        Err("access_token_inactive")
    );
}

fn bent(session: &Session) -> Value {
    let mut tokens = serde_json::to_value(&session.tokens).expect("JSON");
    tokens["access_token"] = json!("nobody-issued-this");
    tokens
}
