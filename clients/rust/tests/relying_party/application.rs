//! An application under test and the browser in front of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use idp_relying_party::web::{MaybeSignedIn, RelyingParty, SignedIn};
use idp_relying_party::{ClientAuthentication, Settings};
use tower::ServiceExt;

use crate::provider::{CLIENT, Provider, SECRET};

pub const BASE: &str = "http://localhost:4711";

pub struct Application {
    pub relying_party: RelyingParty,
    routes: Router,
    jar: Mutex<BTreeMap<String, String>>,
}

pub struct Page {
    pub status: StatusCode,
    pub location: String,
    pub cookies: Vec<String>,
    pub body: String,
}

impl Page {
    /// The reason that the plain error page shows.
    pub fn reason(&self) -> &str {
        let shown = self
            .body
            .split_once("<code>")
            .and_then(|(_, rest)| rest.split_once("</code>"));
        shown
            .unwrap_or_else(|| panic!("no reason in {} {}", self.status, self.body))
            .0
    }
}

async fn who(MaybeSignedIn(signed_in): MaybeSignedIn) -> String {
    signed_in.map_or("nobody".to_owned(), |s| {
        s.person.name.clone().unwrap_or_default()
    })
}

async fn private(signed_in: SignedIn) -> String {
    serde_json::to_string(&signed_in.person).unwrap()
}

pub fn settings(provider: &Provider) -> Settings {
    Settings::new(&provider.issuer, CLIENT, BASE)
        .unwrap()
        .authentication(ClientAuthentication::secret_basic(SECRET))
        .scopes(["profile", "unit"])
        .signed_out_path("/signed-out")
        .unwrap()
}

impl Application {
    pub fn with(settings: Settings) -> Self {
        Self::of(settings, Router::new())
    }

    /// An application with further routes.
    pub fn of(settings: Settings, further: Router<RelyingParty>) -> Self {
        let relying_party = RelyingParty::new(settings).unwrap();
        let routes = further
            .route("/who", get(who))
            .route("/private", get(private).post(private))
            .merge(relying_party.routes())
            .with_state(relying_party.clone());
        Self {
            relying_party,
            routes,
            jar: Mutex::default(),
        }
    }

    pub fn at(provider: &Provider) -> Self {
        Self::with(settings(provider))
    }

    /// The same application seen by another browser.
    pub fn other_browser(&self) -> Self {
        Self {
            relying_party: self.relying_party.clone(),
            routes: self.routes.clone(),
            jar: Mutex::default(),
        }
    }

    /// Another browser with a copy of this one's cookies.
    pub fn other_browser_like(&self) -> Self {
        let other = self.other_browser();
        *other.jar.lock().unwrap() = self.jar();
        other
    }

    pub async fn get(&self, address: &str) -> Page {
        self.send(
            Request::get(address.trim_start_matches(BASE)),
            String::new(),
        )
        .await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: String) -> Page {
        let mut request =
            Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, body).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: String) -> Page {
        let cookies: Vec<String> = self
            .jar
            .lock()
            .unwrap()
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let request = request
            .header(COOKIE, cookies.join("; "))
            .body(Body::from(body))
            .unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        self.read(response).await
    }

    async fn read(&self, response: Response<Body>) -> Page {
        let cookies: Vec<String> = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .map(|v| v.to_str().unwrap().to_owned())
            .collect();
        for cookie in &cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut jar = self.jar.lock().unwrap();
            if cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = response.headers().get(LOCATION);
        let location = location.map_or(String::new(), |v| v.to_str().unwrap().to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Page {
            status,
            location,
            cookies,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Up to the moment when the browser comes back; answers the callback's path and query.
    pub async fn until_callback(&self, provider: &Provider) -> String {
        let begun = self.get("/login?return_to=/private").await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        format!("/callback?{}", provider.follow(&begun.location))
    }

    pub async fn sign_in(&self, provider: &Provider) -> Page {
        let callback = self.until_callback(provider).await;
        self.get(&callback).await
    }

    pub async fn who(&self) -> String {
        self.get("/who").await.body
    }

    pub fn jar(&self) -> BTreeMap<String, String> {
        self.jar.lock().unwrap().clone()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }
}
