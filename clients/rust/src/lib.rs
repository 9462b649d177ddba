//! An OpenID Connect relying party: lets people sign in to your application at a provider.
//!
//! Built on [`openidconnect`] and [`oauth2`], which do the protocol's data types and cryptography;
//! this crate adds what every application has to add to them, once and checked: discovery, the
//! authorization code flow with PKCE, `state` and `nonce`, the RFC 9207 issuer check, strict ID
//! token validation, key rotation, refresh, RP-initiated and back-channel logout, sessions.
//!
//! # With axum
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use idp_relying_party::web::{RelyingParty, SignedIn};
//! use idp_relying_party::{ClientAuthentication, Settings};
//!
//! // Whoever is not signed in goes through the provider first.
//! async fn home(signed_in: SignedIn) -> String {
//!     format!("Xin chào {}!", signed_in.person.name.as_deref().unwrap_or("bạn"))
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
//! let settings = Settings::new("https://id.example", "my-app", "https://app.example")?
//!     .authentication(ClientAuthentication::secret_basic("the secret"))
//!     .scopes(["profile", "email", "roles", "unit"]);
//! let relying_party = RelyingParty::new(settings)?;
//! let app: Router = Router::new()
//!     .route("/", get(home))
//!     .merge(relying_party.routes())
//!     .with_state(relying_party);
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Without
//!
//! [`Client`] knows no web framework: [`Client::begin`] gives the address to send the browser to
//! and what to remember; [`Client::finish`] takes both ends together again and returns a
//! [`session::Session`]. Switch the feature `axum` off to leave [`web`] out.
//!
//! # Stronger sign-ins
//!
//! A handler that takes [`web::SteppedUp`] instead of [`web::SignedIn`] names a [`Demand`]: people who
//! signed in otherwise are sent to the provider for it, and only the same person may come back. When
//! an API that this application calls ([`web::RelyingParty::call`]) demands more, [`Challenge`] reads
//! what, and [`web::RelyingParty::step_up`] sends the person there.
//!
//! # The strictest form
//!
//! What FAPI 2.0 asks of a client, each part of use by itself:
//!
//! ```no_run
//! # use idp_relying_party::*;
//! # fn strict(key: AssertionKey) -> Result<Settings, Error> {
//! let settings = Settings::new("https://id.example", "my-app", "https://app.example")?
//!     .authentication(ClientAuthentication::PrivateKeyJwt(key))
//!     .pushed_requests(PushedRequests::Always)
//!     .dpop(Dpop::PerSession)
//!     .response_mode(ResponseMode::QueryJwt)
//!     .require_signed_userinfo();
//! # Ok(settings)
//! # }
//! ```
//!
//! # APIs
//!
//! [`resource`] takes the access tokens of the same provider: by its keys or by asking it, bound to
//! their holder or not, with the right challenge for each refusal.
//!
//! # Tests
//!
//! The feature `test-kit` brings a provider into the test's own process (module `test_kit`), which
//! lies on demand in over a hundred ways.
//!
//! # What is always checked
//!
//! Issuers are compared character by character; endpoints come from discovery alone and are https
//! (http only on loopback). No redirect of the provider is followed, no answer above 512 KiB read,
//! no exchange takes longer than ten seconds ([`Settings::timeout`]), five of them for the
//! connection. JSON that names a member twice is refused. `none` and HMAC signatures cannot be
//! switched on. Every refusal has a stable [reason](Error::reason).
//!
//! # Features
//!
//! `axum` (default) brings [`web`] and the guard of [`resource`]; `test-kit` the lying provider.
//!
//! # What is not
//!
//! Hybrid and implicit answers, and providers that publish no OpenID Connect metadata, are not
//! supported. Session management by frames (check_session_iframe) is not either: browsers keep
//! third-party cookies from it.
mod address;
mod bounded;
pub mod claims;
mod client;
mod client_authentication;
mod clock;
mod discovery;
mod dpop;
pub mod error;
mod exchange;
mod http;
mod id_token;
mod jarm;
mod jwe;
mod jws;
mod keys;
mod logout_token;
mod provider;
mod random;
pub mod resource;
pub mod session;
mod settings;
mod sign_in;
mod signing;
mod step_up;
mod strict;
#[cfg(feature = "test-kit")]
pub mod test_kit;
mod token_endpoint;
mod userinfo;
#[cfg(feature = "axum")]
pub mod web;

pub use address::ReturnTo;
pub use client::{Client, LogoutRedirect};
pub use client_authentication::{AssertionKey, ClientAuthentication};
pub use dpop::{Dpop, DpopKey};
pub use error::Error;
pub use jwe::DecryptionKey;
pub use logout_token::LogoutNotice;
pub use provider::{EndpointAliases, FurtherMetadata, Provider, ProviderMetadata};
pub use settings::{PushedRequests, ResponseMode, Settings};
pub use sign_in::{Begun, Callback, PendingSignIn, Prompt, SignInRequest};
pub use step_up::{Challenge, Demand};
