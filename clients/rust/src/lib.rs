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
//! # What is always checked
//!
//! Issuers are compared character by character; endpoints come from discovery alone and are https
//! (http only on loopback). No redirect of the provider is followed, no answer above 512 KiB read,
//! no request waits longer than ten seconds. `none` and HMAC signatures cannot be switched on.
//! Every refusal has a stable [reason](Error::reason).
//!
//! # What is not
//!
//! Userinfo answers that are signed or encrypted, encrypted ID tokens, pushed requests, DPoP and
//! mutual TLS are not supported yet. A back-channel logout that arrives while the same sign-in is
//! still being finished finds no session to end.
mod address;
mod bounded;
pub mod claims;
mod client;
mod client_authentication;
mod clock;
pub mod error;
mod http;
mod id_token;
mod jws;
mod keys;
mod logout_token;
mod provider;
mod random;
pub mod session;
mod settings;
mod sign_in;
mod token_endpoint;
#[cfg(feature = "axum")]
pub mod web;

pub use address::ReturnTo;
pub use client::{Client, LogoutRedirect};
pub use client_authentication::{AssertionKey, ClientAuthentication};
pub use error::Error;
pub use logout_token::LogoutNotice;
pub use provider::{FurtherMetadata, Provider, ProviderMetadata};
pub use settings::Settings;
pub use sign_in::{Begun, Callback, PendingSignIn, SignInRequest};
