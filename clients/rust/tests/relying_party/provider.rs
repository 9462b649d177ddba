//! A provider on loopback with its own keys. Every answer can be bent by a test.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::extract::{RawForm, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

pub const CLIENT: &str = "app";
pub const SECRET: &str = "a secret: with % signs";
pub const SUB: &str = "s-1093";

type Lie = Box<dyn Fn(&mut Value, &mut Value) + Send>;
type AnswerLie = Box<dyn Fn(&mut Value) + Send>;

pub struct Provider {
    pub issuer: String,
    pub shared: Arc<Shared>,
}

pub struct Shared {
    pub metadata: Mutex<Value>,
    pub keys: Mutex<Vec<(String, EcdsaKeyPair)>>,
    pub id_token: Mutex<Lie>,
    pub userinfo: Mutex<Value>,
    pub token_answer: Mutex<AnswerLie>,
    pub token_status: Mutex<StatusCode>,
    pub token_requests: Mutex<Vec<HashMap<String, String>>>,
    pub authorization_headers: Mutex<Vec<Option<String>>>,
    pub jwks_requests: AtomicUsize,
    pub discovery_requests: AtomicUsize,
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
}

pub fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn new_key(kid: &str) -> (String, EcdsaKeyPair) {
    let (alg, rng) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(alg, &rng).unwrap();
    (
        kid.to_owned(),
        EcdsaKeyPair::from_pkcs8(alg, pkcs8.as_ref()).unwrap(),
    )
}

pub fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Provider {
    pub async fn start() -> Self {
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .ok();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared {
            metadata: Mutex::new(metadata(&issuer)),
            keys: Mutex::new(vec![new_key("k1")]),
            id_token: Mutex::new(Box::new(|_, _| {})),
            userinfo: Mutex::new(
                json!({"sub": SUB, "name": "Nguyễn Thị Thử", "roles": ["van-thu"]}),
            ),
            token_answer: Mutex::new(Box::new(|_| {})),
            token_status: Mutex::new(StatusCode::OK),
            token_requests: Mutex::default(),
            authorization_headers: Mutex::default(),
            jwks_requests: AtomicUsize::new(0),
            discovery_requests: AtomicUsize::new(0),
            codes: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route(
                "/moved",
                get(|| async { axum::response::Redirect::to("/jwks") }),
            )
            .route("/huge", get(|| async { "x".repeat(600 * 1024) }))
            .with_state((issuer.clone(), Arc::clone(&shared)));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { issuer, shared }
    }

    /// What the person's browser would bring back from the authorization endpoint.
    pub fn follow(&self, location: &str) -> String {
        let url = Url::parse(location).unwrap();
        assert!(
            location.starts_with(&format!("{}/authorize?", self.issuer)),
            "{location}"
        );
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let code = format!("code-{}", asked["state"]);
        let state = asked["state"].clone();
        self.shared
            .codes
            .lock()
            .unwrap()
            .insert(code.clone(), asked);
        form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &state)
            .append_pair("iss", &self.issuer)
            .finish()
    }

    pub fn bend_id_token(&self, lie: impl Fn(&mut Value, &mut Value) + Send + 'static) {
        *self.shared.id_token.lock().unwrap() = Box::new(lie);
    }

    pub fn bend_token_answer(&self, lie: impl Fn(&mut Value) + Send + 'static) {
        *self.shared.token_answer.lock().unwrap() = Box::new(lie);
    }

    pub fn set_metadata(&self, name: &str, value: Value) {
        let mut metadata = self.shared.metadata.lock().unwrap();
        if value.is_null() {
            metadata.as_object_mut().unwrap().remove(name);
        } else {
            metadata[name] = value;
        }
    }

    pub fn rotate(&self, kid: &str) {
        *self.shared.keys.lock().unwrap() = vec![new_key(kid)];
    }

    pub fn jwks_requests(&self) -> usize {
        self.shared.jwks_requests.load(Ordering::SeqCst)
    }

    /// A correct logout token for `sid-1`, bent by `lie` before it is signed.
    pub fn logout_token(&self, lie: impl FnOnce(&mut Value, &mut Value)) -> String {
        let mut header = json!({"typ": "logout+jwt"});
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "iat": now(), "exp": now() + 120,
            "jti": format!("j{:?}", std::time::Instant::now()), "sub": SUB, "sid": "sid-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        lie(&mut header, &mut claims);
        self.shared.sign(header, &claims)
    }
}

impl Shared {
    fn sign(&self, mut header: Value, claims: &Value) -> String {
        let keys = self.keys.lock().unwrap();
        let (kid, pair) = &keys[0];
        if header.get("alg").is_none() {
            header["alg"] = json!("ES256");
        }
        if header.get("kid").is_none() {
            header["kid"] = json!(kid);
        }
        let input = format!("{}.{}", encode(&header), encode(claims));
        if header["alg"] == "none" {
            return format!("{input}.");
        }
        let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "backchannel_logout_supported": true,
    })
}

type Ours = State<(String, Arc<Shared>)>;

async fn discovery(State((_, shared)): Ours) -> Json<Value> {
    shared.discovery_requests.fetch_add(1, Ordering::SeqCst);
    Json(shared.metadata.lock().unwrap().clone())
}

async fn jwks(State((_, shared)): Ours) -> Json<Value> {
    shared.jwks_requests.fetch_add(1, Ordering::SeqCst);
    let keys = shared.keys.lock().unwrap();
    let keys: Vec<Value> = keys
        .iter()
        .map(|(kid, pair)| {
            let point = &pair.public_key().as_ref()[1..];
            let coded = |half: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(half);
            json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
                "x": coded(&point[..32]), "y": coded(&point[32..]),
            })
        })
        .collect();
    Json(json!({"keys": keys}))
}

async fn userinfo(State((_, shared)): Ours, headers: HeaderMap) -> Response {
    let bearer = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    if !bearer.is_some_and(|v| v.starts_with("Bearer at-")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(shared.userinfo.lock().unwrap().clone()).into_response()
}

async fn token(
    State((issuer, shared)): Ours,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(&form).into_owned().collect();
    let authorization = headers
        .get(AUTHORIZATION)
        .map(|v| v.to_str().unwrap().to_owned());
    shared.token_requests.lock().unwrap().push(form.clone());
    shared
        .authorization_headers
        .lock()
        .unwrap()
        .push(authorization);
    let status = *shared.token_status.lock().unwrap();
    if status != StatusCode::OK {
        let refusal = json!({"error": "invalid_grant", "error_description": "no longer"});
        return (status, Json(refusal)).into_response();
    }
    let asked = match form["grant_type"].as_str() {
        "authorization_code" => {
            let asked = shared
                .codes
                .lock()
                .unwrap()
                .remove(&form["code"])
                .expect("a fresh code");
            check_pkce(&asked, &form);
            asked
        }
        other => HashMap::from([("grant".to_owned(), other.to_owned())]),
    };
    let n = shared.token_requests.lock().unwrap().len();
    let mut header = json!({"typ": "JWT"});
    let mut claims = id_claims(&issuer, asked.get("nonce"));
    (shared.id_token.lock().unwrap())(&mut header, &mut claims);
    let mut answer = json!({
        "access_token": format!("at-{n}"), "token_type": "Bearer", "expires_in": 600,
        "refresh_token": format!("rt-{n}"), "id_token": shared.sign(header, &claims),
    });
    (shared.token_answer.lock().unwrap())(&mut answer);
    Json(answer).into_response()
}

fn check_pkce(asked: &HashMap<String, String>, form: &HashMap<String, String>) {
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, form["code_verifier"].as_bytes());
    assert_eq!(
        asked["code_challenge"],
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    );
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["redirect_uri"], form["redirect_uri"]);
    assert_eq!(asked["response_type"], "code");
}

fn id_claims(issuer: &str, nonce: Option<&String>) -> Value {
    let mut claims = json!({
        "iss": issuer, "aud": CLIENT, "sub": SUB, "iat": now(), "exp": now() + 600,
        "auth_time": now() - 5, "acr": "urn:vn:nd69-2024:loa:2", "amr": ["pwd", "otp"],
        "sid": "sid-1",
        "unit": {
            "code": "H99.7", "name": "Sở Thử nghiệm", "position": "Chuyên viên",
            "path": [{"code": "H99", "name": "Tỉnh Mẫu"}, {"code": "H99.7", "name": "Sở Thử nghiệm"}],
        },
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// The `Authorization` header of `client_secret_basic` for this client (RFC 6749 §2.3.1).
pub fn basic() -> String {
    let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{}:{}", coded(CLIENT), coded(SECRET)))
    )
}
