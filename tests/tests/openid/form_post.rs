//! Answers that a page posts to the application (OAuth 2.0 Form Post Response Mode), in Chromium:
//! by itself with script, by a button without.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::Form;
use axum::response::Html;
use axum::routing::post;
use idp_tests::{Browser, RelyingParty, User, World, jwt};
use serde_json::json;
use url::Url;

use super::resources::registered;

type Fields = BTreeMap<String, String>;

/// An application's callback that keeps what was posted to it.
struct Callback {
    address: String,
    posted: Arc<Mutex<Vec<Fields>>>,
}

impl Callback {
    async fn listen() -> Self {
        let posted = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posted);
        let callback = post(move |Form(fields): Form<Fields>| async move {
            kept.lock().expect("unpoisoned").push(fields);
            Html("<!doctype html><title>a</title><p id=\"arrived\">")
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let routes = axum::Router::new().route("/callback", callback);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address: format!("http://localhost:{port}/callback"),
            posted,
        }
    }

    /// What was posted since the last time, once.
    fn take(&self) -> Fields {
        let mut posted = std::mem::take(&mut *self.posted.lock().expect("unpoisoned"));
        assert_eq!(posted.len(), 1, "posted once: {posted:?}");
        posted.remove(0)
    }
}

/// Signs in where that is asked; what the answer leads to.
async fn answered(browser: &Browser, address: &Url, user: &User) -> &'static str {
    browser.open(address).await;
    loop {
        let ids = ["username", "choose-position", "arrived", "continue"];
        match browser.one_of(&ids).await {
            "username" => {
                browser.type_into("username", &user.username).await;
                browser.type_into("password", &user.password).await;
                browser.click("sign-in").await;
            }
            "choose-position" => browser.click("choose-position").await,
            end => return end,
        }
    }
}

#[tokio::test]
async fn the_page_posts_itself_and_has_a_button_without_script() {
    let world = World::demo();
    let callback = Callback::listen().await;
    let party = registered(
        &world,
        &["--name", "Kho", "--redirect-uri", &callback.address],
    )
    .await;
    let browser = Browser::start("vi").await;
    for script in [true, false] {
        let off = json!({"value": !script});
        browser
            .devtools("Emulation.setScriptExecutionDisabled", off)
            .await;
        for mode in ["form_post", "form_post.jwt"] {
            let request = party
                .request()
                .with("redirect_uri", &callback.address)
                .with("scope", "openid")
                .with("response_mode", mode);
            let address = party.authorization_url(&request);
            let end = answered(&browser, &address, world.user()).await;
            assert_eq!(end == "continue", !script, "{mode}, script: {script}");
            if end == "continue" {
                assert_eq!(browser.text_of("continue").await, "Trở về ứng dụng");
                browser.click("continue").await;
                browser.element("arrived").await;
            }
            assert_eq!(browser.url().await.as_str(), callback.address);
            let fields = opened(&party, callback.take()).await;
            assert_eq!(fields["state"], request.state, "{mode}");
            assert!(!fields["code"].is_empty(), "{mode}");
        }
    }
    browser.close().await;
    world.stop();
}

/// The parameters of an answer, out of their signature where they came signed.
async fn opened(party: &RelyingParty, fields: Fields) -> Fields {
    let Some(response) = fields.get("response") else {
        return fields;
    };
    let issuer = party.metadata["issuer"].as_str().expect("an issuer");
    let audience = Some(party.application.client_id.as_str());
    let claims = jwt::verified(response, &party.keys().await, issuer, audience);
    let texts = claims.as_object().expect("claims").iter();
    let texts = texts.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}
