//! The picture of an application (`logo_uri`): fetched once, kept, and served by the provider.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use idp_tests::{Agent, RelyingParty, World};
use url::Url;

use super::resources::administer;

/// One pixel, transparent.
pub(crate) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

/// What the application's server answers, and how often it was asked.
pub(crate) type Served = Arc<Mutex<(Vec<u8>, usize)>>;

/// A server of an application with its picture.
pub(crate) async fn picture_server() -> (Url, Served) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served: Served = Arc::new(Mutex::new((PNG.to_vec(), 0)));
    let answer = async |State(served): State<Served>| {
        let mut served = served.lock().expect("unpoisoned");
        served.1 += 1;
        served.0.clone()
    };
    let routes = axum::Router::new()
        .route("/logo.png", axum::routing::get(answer))
        .with_state(Arc::clone(&served));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let url = Url::parse(&format!("http://127.0.0.1:{port}/logo.png"));
    (url.expect("an address"), served)
}

// The command line blocks its thread while the picture is asked for on another.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_fetched_once_and_shown_from_here() {
    let world = World::demo();
    let (address, served) = picture_server().await;
    let client = world.applications[0].client_id.clone();
    let set = format!("logo_uri={address}");
    let edit = ["client", "edit", &client, "--consent", "ask", "--set", &set];
    administer(&world, &edit);
    administer(&world, &edit);
    // Whoever swaps the picture later does not swap it here.
    served.lock().expect("unpoisoned").0 = b"<svg/>".to_vec();

    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let page = relying_party
        .open(&mut agent, &relying_party.request())
        .await;
    let user = world.user();
    let typed = [
        ("username", user.username.as_str()),
        ("password", &user.password),
    ];
    let page = relying_party
        .press(&mut agent, &page, "sign-in", &typed)
        .await;
    let (_, rest) = page
        .body
        .split_once("src=\"/client-logo/")
        .expect("a picture");
    let (digest, _) = rest.split_once('"').expect("an address");
    let own = world.issuer_url().join(&format!("/client-logo/{digest}"));
    let own = own.expect("an address");
    let shown = Agent::new().fetch(&own).await;
    assert_eq!(shown.status, 200);
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ] {
        assert_eq!(shown.header(name), value, "{name}");
    }
    assert_eq!(served.lock().expect("unpoisoned").1, 1, "asked once");
    let missing = own.join(&"A".repeat(43)).expect("an address");
    assert_eq!(Agent::new().fetch(&missing).await.status, 404);
    world.stop();
}

// The command line blocks its thread while the picture is asked for on another.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_by_its_reason() {
    let world = World::demo();
    let (address, served) = picture_server().await;
    served.lock().expect("unpoisoned").0 = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
    let client = world.applications[0].client_id.clone();
    let gone = address.join("/gone.png").expect("an address");
    for (address, reason) in [
        (address.as_str(), "client_logo_unfit"),
        (gone.as_str(), "client_logo_unavailable"),
        ("http://tinh.example/logo.png", "client_address_invalid"),
    ] {
        let set = format!("logo_uri={address}");
        let refused = world.administer("quantri", &["client", "edit", &client, "--set", &set]);
        let told = [refused.stdout, refused.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(!refused.status.success() && told.contains(reason), "{told}");
    }
    world.stop();
}
