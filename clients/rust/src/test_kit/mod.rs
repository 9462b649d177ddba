//! A provider in the process of a test, which lies on demand.
//!
//! It signs people in without asking, and answers everything that this crate may ask a provider
//! for: discovery, keys, pushed requests, authorization in every response mode, tokens, plain and
//! bound to a key, userinfo plain and signed, encrypted ID tokens, introspection plain and signed,
//! logout tokens. Told a [`Lie`], it tells that one, at its [place](Lie::place), until it is told
//! another. An application tests with it that a provider which lies, or is broken, or is not the
//! one it says it is, signs nobody in:
//!
//! ```
//! use idp_relying_party::test_kit::{Lie, LyingProvider, Place};
//! use idp_relying_party::{Client, SignInRequest};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
//! let provider = LyingProvider::start().await?;
//! provider.tell(Lie::IdTokenForged);
//!
//! let settings = provider.settings("http://localhost:8090")?;
//! let client = Client::new(settings)?;
//! let begun = client.begin(SignInRequest::default()).await?;
//! let answer = provider.follow(begun.url.as_str()).ok_or("not our address")?;
//! let callback = client.read_callback(&answer.parameters).await?;
//! let refused = client.finish(begun.pending, &callback).await.unwrap_err();
//! assert_eq!(refused.reason(), Lie::IdTokenForged.reason());
//! # Ok(())
//! # }
//! ```
//!
//! [`LyingProvider::settings`] fits the lie of the moment: a lie about signed answers is told to a
//! client that asks for them. It listens on loopback over http, checks of its clients' requests
//! only what the journeys need (PKCE, single use of codes, DPoP proofs), and is no provider for
//! anything but tests.

mod answers;
mod authorization;
mod document;
mod lie;
mod resources;
mod seal;
mod server;
mod token;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock;
use crate::error::Error;
use crate::jwe::DecryptionKey;
use crate::random;
use crate::settings::{PushedRequests, ResponseMode, Settings};
use crate::signing::SigningKey;
use crate::{ClientAuthentication, Dpop};

pub use authorization::Followed;
use document::{Document, Keys};
pub use lie::{Lie, Place};

/// The client that the provider knows.
pub const CLIENT_ID: &str = "app";
/// Its secret, for `client_secret_basic`. The provider checks neither.
pub const CLIENT_SECRET: &str = "a secret of the test kit's only client";
/// The person whom it signs in.
pub const SUB: &str = "s-1093";
/// The resource that introspected tokens are for.
pub const AUDIENCE: &str = "https://api.example";
/// The provider's session in every sign-in.
pub const SID: &str = "sid-1";

/// A running provider. It stops when it is dropped.
#[derive(Debug)]
pub struct LyingProvider {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for LyingProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) struct Shared {
    pub(crate) issuer: String,
    state: Mutex<State>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

pub(crate) struct State {
    lie: Option<Lie>,
    keys: Keys,
    /// What was asked for, by code or by `request_uri`.
    asked: HashMap<String, HashMap<String, String>>,
    /// When the person signed in; a refreshed ID token says the same.
    signed_in: i64,
    /// Tokens issued so far.
    issued: u32,
    /// Requests by path.
    requests: HashMap<String, u32>,
    sign_userinfo: bool,
    demand_nonce: bool,
    encrypt_to: Option<Value>,
    decryption_key: DecryptionKey,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> i64 {
    clock::now().timestamp()
}

fn new_key(kid: &str) -> io::Result<(SigningKey, Vec<u8>)> {
    let failed = || io::Error::other("no key could be made");
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(algorithm, &random::generator()).map_err(|_| failed())?;
    let key = SigningKey::es256(pkcs8.as_ref(), Some(kid)).map_err(|_| failed())?;
    Ok((key, pkcs8.as_ref().to_vec()))
}

impl LyingProvider {
    /// Starts a truthful provider on a free port of loopback, inside the current tokio runtime.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let (_, pkcs8) = new_key("e1")?;
        let decryption_key = DecryptionKey::ecdh_es(&pkcs8, Some("e1"))
            .map_err(|error| io::Error::other(error.reason()))?;
        let state = State {
            lie: None,
            keys: Keys {
                published: new_key("k1")?.0,
                hidden: new_key("k2")?.0,
            },
            asked: HashMap::new(),
            signed_in: now() - 5,
            issued: 0,
            requests: HashMap::new(),
            sign_userinfo: false,
            demand_nonce: false,
            encrypt_to: None,
            decryption_key,
        };
        let shared = Arc::new(Shared {
            issuer,
            state: Mutex::new(state),
        });
        let routes = server::routes(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the lying provider stopped");
            }
        });
        Ok(Self { shared, serving })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// Tells `lie` from now on, and the truth about everything else.
    pub fn tell(&self, lie: Lie) {
        let mut state = self.shared.state();
        state.lie = Some(lie);
        state.sign_userinfo = lie.place() == Place::SignedUserinfo;
        let key = state.decryption_key.public_jwk();
        state.encrypt_to = (lie.place() == Place::Encryption).then_some(key);
    }

    /// Tells the truth again.
    pub fn tell_the_truth(&self) {
        self.shared.state().lie = None;
    }

    /// Signs userinfo answers, or stops doing so.
    pub fn sign_userinfo(&self, sign: bool) {
        self.shared.state().sign_userinfo = sign;
    }

    /// Encrypts ID tokens, and userinfo answers that are signed, to this P-256 key from now on.
    pub fn encrypt_to(&self, jwk: Value) {
        self.shared.state().encrypt_to = Some(jwk);
    }

    /// Asks for a nonce in every DPoP proof, as a strict provider does.
    pub fn demand_nonces(&self) {
        self.shared.state().demand_nonce = true;
    }

    /// Signs with a new key under this name; the former one is published no longer.
    pub fn rotate_key(&self, kid: &str) -> io::Result<()> {
        self.shared.state().keys.published = new_key(kid)?.0;
        Ok(())
    }

    /// How many requests came to `path` so far, such as `/token`.
    #[must_use]
    pub fn requests(&self, path: &str) -> u32 {
        let state = self.shared.state();
        state.requests.get(path).copied().unwrap_or_default()
    }

    /// Settings of the client that this provider knows, for the lie of the moment: the client asks
    /// for what the lie is told about, and waits half a second at most. Refuses as
    /// [`Settings::new`].
    pub fn settings(&self, base_url: &str) -> Result<Settings, Error> {
        let settings = Settings::new(self.issuer(), CLIENT_ID, base_url)?
            .authentication(ClientAuthentication::secret_basic(CLIENT_SECRET))
            .timeout(std::time::Duration::from_millis(500));
        let state = self.shared.state();
        Ok(match state.lie.map(Lie::place) {
            Some(Place::Pushed) => settings.pushed_requests(PushedRequests::Always),
            Some(Place::SignedAuthorization) => settings.response_mode(ResponseMode::QueryJwt),
            Some(Place::BoundToken) => settings.dpop(Dpop::PerSession),
            Some(Place::SignedUserinfo) => settings.require_signed_userinfo(),
            Some(Place::Encryption) => settings
                .userinfo(false)
                .decryption_keys([state.decryption_key.clone()])
                .require_encryption(),
            _ => settings,
        })
    }

    /// A logout token for this person's session, fresh and, but for the lie of the moment, right.
    #[must_use]
    pub fn logout_token(&self) -> String {
        let mut claims = Document::new(json!({
            "iss": self.issuer(), "aud": CLIENT_ID, "iat": now(), "exp": now() + 120,
            "jti": random::token().unwrap_or_default(), "sub": SUB, "sid": SID,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }));
        self.sign("logout+jwt", &mut claims, Place::LogoutToken)
    }

    /// A JWT access token for `audience` with these scopes, fresh and, but for the lie of the
    /// moment, right. `cnf` binds it (RFC 7800): `{"jkt": …}` to a key, `{"x5t#S256": …}` to a
    /// certificate.
    #[must_use]
    pub fn access_token(&self, audience: &str, scope: &str, cnf: Option<Value>) -> String {
        let mut claims = resources::access_claims(self.issuer(), audience, scope);
        if let Some(cnf) = cnf {
            claims.set("cnf", cnf);
        }
        self.sign("at+jwt", &mut claims, Place::AccessToken)
    }

    fn sign(&self, typ: &str, claims: &mut Document, place: Place) -> String {
        let state = self.shared.state();
        let lie = state.lie.filter(|lie| lie.place() == place);
        claims.bend(lie, place, now());
        state.keys.sign(typ, claims, lie)
    }
}
