//! Request objects (RFC 9101), made from the specification alone with `ring`.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Map, Value, json};
use url::Url;

use crate::jwt::base64url;
use crate::{RelyingParty, Request};

/// A P-256 key by which a client signs its requests.
pub struct ObjectKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Default for ObjectKey {
    fn default() -> Self {
        Self::new()
    }
}

impl ObjectKey {
    /// A new key.
    ///
    /// # Panics
    /// When the system gives no randomness.
    #[allow(clippy::disallowed_methods, reason = "tests make keys of their own")]
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        Self { pair, random }
    }

    /// The key set to register.
    pub fn set(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let (x, y) = (base64url(x), base64url(y));
        json!({"keys": [{"kid": "k1", "kty": "EC", "crv": "P-256", "use": "sig", "x": x, "y": y}]})
    }

    /// A JWS over these two.
    ///
    /// # Panics
    /// When signing fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&self.random, input.as_bytes());
        format!("{input}.{}", base64url(signature.expect("signed").as_ref()))
    }

    /// The request object of a request, with some claims replaced or (when null) left out.
    pub fn object(
        &self,
        relying_party: &RelyingParty,
        request: &Request,
        changed: Value,
    ) -> String {
        let header = json!({"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"});
        self.sign(&header, &claims(relying_party, request, changed))
    }
}

/// The claims of a request, with some replaced or (when null) left out.
#[allow(clippy::disallowed_methods, reason = "tests read the clock")]
pub fn claims(relying_party: &RelyingParty, request: &Request, changed: Value) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a clock").as_secs();
    let mut members: Map<String, Value> = request
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    let issuer = relying_party.metadata["issuer"].clone();
    let client = relying_party.application.client_id.as_str();
    let own = json!({"iss": client, "aud": issuer, "nbf": now, "exp": now + 300});
    for further in [own, changed] {
        members.extend(further.as_object().cloned().unwrap_or_default());
    }
    members.retain(|_, value| !value.is_null());
    Value::Object(members)
}

/// A text encrypted to a P-256 key by ECDH-ES and A256GCM (RFC 7518 §4.6, §5.3).
///
/// # Panics
/// When the key is no point of the curve.
#[allow(clippy::disallowed_methods, reason = "tests draw their own randomness")]
pub fn encrypted(recipient: &Value, text: &str) -> String {
    let random = SystemRandom::new();
    let ephemeral = EphemeralPrivateKey::generate(&ECDH_P256, &random).expect("a key");
    let own = ephemeral.compute_public_key().expect("a point");
    let (x, y) = own.as_ref()[1..].split_at(32);
    let epk = json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)});
    let kid = recipient["kid"].clone();
    let header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "epk": epk, "kid": kid});
    let header = base64url(header.to_string().as_bytes());
    let coordinate = |name: &str| {
        let text = recipient[name].as_str().expect("text");
        URL_SAFE_NO_PAD.decode(text).expect("base64url")
    };
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let point = UnparsedPublicKey::new(&ECDH_P256, point);
    let key = agree_ephemeral(ephemeral, &point, content_key).expect("a point of the curve");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("32 octets"));
    let mut sealed = text.as_bytes().to_vec();
    // The key is used once, so that any nonce does.
    let nonce = || Nonce::assume_unique_for_key([7; 12]);
    let tag = key.seal_in_place_separate_tag(nonce(), Aad::from(header.as_bytes()), &mut sealed);
    let parts = [
        nonce().as_ref().to_vec(),
        sealed,
        tag.expect("sealed").as_ref().to_vec(),
    ];
    let parts = parts.map(|part| base64url(&part));
    format!("{header}..{}", parts.join("."))
}

/// Concat KDF (NIST SP 800-56A §5.8.1) as RFC 7518 §4.6.2 uses it, for A256GCM.
fn content_key(agreed: &[u8]) -> Vec<u8> {
    let (round, length) = (1_u32.to_be_bytes(), 256_u32.to_be_bytes());
    let algorithm = [&7_u32.to_be_bytes()[..], b"A256GCM"].concat();
    let nobody = 0_u32.to_be_bytes();
    let input = [&round[..], agreed, &algorithm, &nobody, &nobody, &length].concat();
    ring::digest::digest(&ring::digest::SHA256, &input)
        .as_ref()
        .to_vec()
}

/// A place on this machine that serves a request object and counts who asks.
pub struct ObjectServer {
    /// The address of the object.
    pub url: Url,
    state: Arc<Mutex<(String, usize)>>,
}

impl ObjectServer {
    /// Listens on a free loopback port.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<Mutex<(String, usize)>> = Arc::default();
        let routes = axum::Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let url = format!("http://127.0.0.1:{port}/request.jwt");
        let url = Url::parse(&url).expect("an address");
        Self { url, state }
    }

    /// What it answers from now on.
    ///
    /// # Panics
    /// When an earlier use panicked.
    pub fn serve(&self, object: &str) {
        self.state.lock().expect("unpoisoned").0 = object.to_owned();
    }

    /// How often it was asked.
    ///
    /// # Panics
    /// When an earlier use panicked.
    pub fn asked(&self) -> usize {
        self.state.lock().expect("unpoisoned").1
    }
}

async fn serve(State(state): State<Arc<Mutex<(String, usize)>>>) -> String {
    let mut state = state.lock().expect("unpoisoned");
    state.1 += 1;
    state.0.clone()
}
