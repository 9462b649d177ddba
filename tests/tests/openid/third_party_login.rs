//! A sign-in that begins here (OpenID Connect Core §4): the person opens an application from the
//! page of what they allowed, and the application asks at once.

use idp_tests::{Agent, RelyingParty, World};

use super::resources::administer;

#[tokio::test]
async fn an_application_is_opened_from_the_page_of_the_person() {
    let world = World::demo();
    let client = world.applications[0].client_id.clone();
    let start = world.applications[0].url.join("start?from=sso");
    let start = start.expect("an address");
    let set = format!("initiate_login_uri={start}");
    let home = "http://localhost:9/ho-so";
    let edit = [
        "client",
        "edit",
        &client,
        "--set",
        &set,
        "--client-uri",
        home,
    ];
    administer(&world, &edit);

    let relying_party = RelyingParty::of(&world, 0).await;
    let mut agent = Agent::new();
    let page = world.issuer_url().join("account/access");
    let page = page.expect("an address");
    let user = world.user();
    relying_party
        .sign_in_with(&mut agent, &relying_party.request(), user)
        .await;
    let shown = agent.fetch(&page).await;
    let issuer = world.issuer_url();
    let iss = url::form_urlencoded::byte_serialize(issuer.as_str().as_bytes());
    let iss: String = iss.collect();
    let iss = iss.trim_end_matches("%2F");
    let home = "http%3A%2F%2Flocalhost%3A9%2Fho-so";
    // Between attributes `&` is written out.
    let body = shown.body.replace("&#38;", "&").replace("&amp;", "&");
    let href = format!("href=\"{start}&iss={iss}&target_link_uri={home}\"");
    assert!(shown.page().has("launch-1"), "{body}");
    assert!(body.contains(&href), "{href} in {body}");
    world.stop();
}

#[tokio::test]
async fn a_start_must_be_reached_over_https() {
    let world = World::demo();
    let client = world.applications[0].client_id.clone();
    let set = "initiate_login_uri=http://hoso.tinh.example/start";
    let refused = world.administer("quantri", &["client", "edit", &client, "--set", set]);
    let told = [refused.stdout, refused.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(!refused.status.success(), "{told}");
    assert!(told.contains("client_address_invalid"), "{told}");
    world.stop();
}
