//! Signing in with a certificate: a file of the page, signed by OpenSSL, with the authority's lists on
//! loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_tests::openssl::ThreeLevels;
use idp_tests::{Agent, Answer, Installation};
use url::Url;

use super::{answer, text};

type Lists = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves an authority's lists, as they were when they were last published.
struct Publisher {
    lists: Lists,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Publisher {
    async fn start(authorities: &ThreeLevels) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let lists = Lists::default();
        let router = Router::new()
            .route("/{name}", axum::routing::get(list))
            .with_state(Arc::clone(&lists));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        let publisher = Self { lists, port, task };
        publisher.publish(authorities);
        publisher
    }

    fn publish(&self, authorities: &ThreeLevels) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        for name in ["root.crl", "between.crl"] {
            let list = std::fs::read(authorities.path(name)).expect("a list");
            lists.insert(name.to_owned(), list);
        }
    }

    fn address(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn list(State(lists): State<Lists>, Path(name): Path<String>) -> Result<Vec<u8>, StatusCode> {
    let lists = lists.lock().unwrap_or_else(PoisonError::into_inner);
    lists.get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
}

/// An installation that trusts an authority, whose lists it may fetch.
struct Scene {
    installation: Installation,
    authorities: ThreeLevels,
    publisher: Publisher,
}

impl Scene {
    async fn new() -> Self {
        let mut installation = Installation::init();
        for (key, value) in [
            ("IDP__CERTIFICATES__SIGN_IN", "true"),
            ("IDP__OUTGOING__DANGER_ALLOW_LOOPBACK", "true"),
            ("IDP__OUTGOING__CERTIFICATE_STATUS_HOSTS", "127.0.0.1"),
        ] {
            installation
                .environment
                .push((key.to_owned(), value.to_owned()));
        }
        let authorities = ThreeLevels::new();
        let publisher = Publisher::start(&authorities).await;
        Self {
            installation,
            authorities,
            publisher,
        }
    }

    fn trust(&self) {
        let (root, between) = (
            self.authorities.at("root.pem"),
            self.authorities.at("between.pem"),
        );
        let lists = ["root.crl", "between.crl"].map(|name| self.publisher.address(name));
        answer(&self.installation.administer(&[
            "trust",
            "add",
            "goc",
            &root,
            "--purpose",
            "public",
            "--personal-id",
            "yes",
            "--intermediate",
            &between,
            "--list-address",
            &lists[0],
            "--list-address",
            &lists[1],
        ]));
    }

    fn person(&self, user: &str, name: &str, subject: &str) {
        answer(
            &self
                .installation
                .administer(&["user", "add", user, "--name", name]),
        );
        self.authorities.person(user, subject);
        let file = self.authorities.at(&format!("{user}.pem"));
        answer(
            &self
                .installation
                .administer(&["user", "certificate", "add", user, &file]),
        );
    }

    fn at(&self, path: &str) -> Url {
        self.installation.issuer.join(path).expect("an address")
    }

    /// Opens the page, and answers what it shows with the signature of `signer`.
    async fn sign_in(&self, agent: &mut Agent, signer: &str) -> Answer {
        let page = agent.fetch(&self.at("/sign-in/certificate")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let fields = self.signed(&page, signer);
        agent
            .submit(&self.at("/sign-in/certificate"), &fields)
            .await
    }

    fn signed(&self, page: &Answer, signer: &str) -> Vec<(String, String)> {
        let (_, rest) = page
            .body
            .split_once("application/octet-stream;base64,")
            .expect("a file");
        let (encoded, _) = rest.split_once('"').expect("its end");
        let octets = STANDARD.decode(encoded.replace("&#43;", "+").replace("&#x2b;", "+"));
        std::fs::write(self.authorities.path("challenge"), octets.expect("base64"))
            .expect("written");
        self.authorities.sign("challenge", signer);
        let message = std::fs::read(self.authorities.path("challenge.p7s")).expect("a signature");
        let parsed = page.page();
        let form = parsed.form_with("sign-in").expect("the form");
        let mut fields = form.fields("sign-in");
        fields.retain(|(name, _)| name != "signature");
        fields.push(("signature".to_owned(), STANDARD.encode(message)));
        fields
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_file_signs_in_until_the_certificate_is_revoked() {
    let scene = Scene::new().await;
    let _serving = scene.installation.serve().await.expect("it serves");
    scene.trust();
    scene.person(
        "an.nv",
        "Nguyễn Văn An",
        "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001",
    );
    let mut agent = Agent::new();
    let front = agent.fetch(&scene.at("/sign-in")).await;
    assert!(front.page().has("by-certificate"), "{}", front.body);
    let signed_in = scene.sign_in(&mut agent, "an.nv").await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    let home = agent.fetch(&scene.at("/")).await;
    assert!(home.body.contains("Nguyễn Văn An"), "{}", home.body);
    let events = text(&scene.installation.administer(&["audit", "tail"]));
    for part in ["certificate_shown", "urn:vn:nd69-2024:loa:2", "\"cms\""] {
        assert!(events.contains(part), "{part}: {events}");
    }
    assert!(!events.contains("001085000001"));

    // The same signature again is worth nothing, nor is one of somebody without an account.
    let mut other = Agent::new();
    let page = other.fetch(&scene.at("/sign-in/certificate")).await;
    let fields = scene.signed(&page, "an.nv");
    let first = other
        .submit(&scene.at("/sign-in/certificate"), &fields)
        .await;
    assert_eq!(first.status, 303);
    let mut third = Agent::new();
    third.fetch(&scene.at("/sign-in/certificate")).await;
    let replayed = third
        .submit(&scene.at("/sign-in/certificate"), &fields)
        .await;
    assert_eq!(replayed.status, 403, "the form of another browser");
    scene
        .authorities
        .person("la", "/C=VN/CN=Người Lạ/UID=CCCD:001085000009");
    let stranger = scene.sign_in(&mut Agent::new(), "la").await;
    assert_eq!(stranger.status, 401);
    assert!(stranger.page().has("error-message"), "{}", stranger.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_in_while_the_status_is_unknown_or_revoked() {
    let scene = Scene::new().await;
    scene.publisher.lists.lock().expect("lists").clear();
    let _serving = scene.installation.serve().await.expect("it serves");
    scene.trust();
    scene.person(
        "an.nv",
        "Nguyễn Văn An",
        "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001",
    );
    let unknown = scene.sign_in(&mut Agent::new(), "an.nv").await;
    assert_eq!(unknown.status, 401);
    assert!(
        unknown.body.contains("chưa kiểm tra được"),
        "{}",
        unknown.body
    );
    scene.authorities.revoke("an.nv");
    scene.publisher.publish(&scene.authorities);
    let mut told = String::new();
    for _ in 0..60 {
        let refused = scene.sign_in(&mut Agent::new(), "an.nv").await;
        assert_eq!(refused.status, 401);
        told = refused.body;
        if told.contains("đã bị thu hồi") {
            return;
        }
        // That nobody answered is remembered for a while.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    panic!("{told}");
}
