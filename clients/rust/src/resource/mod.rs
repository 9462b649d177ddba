//! The resource server's side: which caller presents this access token, and what it may do.
//!
//! An API takes JWT access tokens of its provider (RFC 9068) by the provider's published keys, and
//! opaque ones by asking (RFC 7662), plain or signed (RFC 9701). Tokens bound to a key (RFC 9449) or
//! to a certificate (RFC 8705) are taken from their holder only.
//!
//! ```no_run
//! use axum::{Router, middleware::from_fn_with_state, routing::get};
//! use idp_relying_party::Settings;
//! use idp_relying_party::resource::{Caller, ResourceServer, guard};
//!
//! async fn reports(caller: Caller) -> String {
//!     format!("reports for {}", caller.sub)
//! }
//!
//! # fn run() -> Result<(), idp_relying_party::Error> {
//! let settings = Settings::new("https://id.example", "reports-api", "https://api.example")?;
//! let server = ResourceServer::new(settings, "https://api.example")?;
//! let app: Router = Router::new()
//!     .route("/reports", get(reports))
//!     .route_layer(from_fn_with_state(server.requiring(["reports.read"]), guard));
//! # Ok(())
//! # }
//! ```
//!
//! Limits: 16 KiB per token and proof; a proof is good for one minute and once, remembered in this
//! process (100,000 at most, the oldest making room): machines that share an address share no
//! memory of proofs, so keep the window in mind, or demand nonces. Revocation of a JWT is not seen
//! before it expires; ask for introspection where that matters.

mod access_token;
mod introspection;
mod nonce;
mod proof;
mod required;
#[cfg(feature = "axum")]
mod web;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

use crate::bounded::Bounded;
use crate::client::Client;
use crate::clock;
use crate::error::{AccessTokenError, Error, ProofError};
use crate::jws::Compact;
use crate::random;
use crate::session::Authentication;
use crate::settings::Settings;

use nonce::NonceMaker;
pub(crate) use proof::Expected as ExpectedProof;
#[cfg(feature = "test-kit")]
pub(crate) use proof::verify as verify_proof;
pub use required::Required;
#[cfg(feature = "axum")]
pub use web::{ClientCertificate, guard};

/// Longest access token read, in bytes.
const TOKEN_MAX: usize = 16 * 1024;
/// Proofs remembered against replay.
const PROOFS: usize = 100_000;

/// How opaque tokens, or all of them, are looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Introspection {
    /// JWT access tokens only; anything else is refused (`access_token_malformed`).
    #[default]
    Never,
    /// JWTs by the published keys, everything else by asking the provider.
    Opaque,
    /// Every token by asking the provider: a revoked one is refused at once, for one exchange with
    /// the provider per request.
    Always,
}

/// How tokens must be tied to their holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// Bound tokens from their holder, and Bearer tokens from anybody.
    #[default]
    WhereBound,
    /// Bound tokens only (`access_token_not_bound`).
    Always,
}

/// An API's view of its provider. Cheap to clone; clones share keys, connections and memory.
#[derive(Clone, Debug)]
pub struct ResourceServer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    audience: String,
    introspection: Introspection,
    signed_introspection: bool,
    binding: Binding,
    nonces: Option<NonceMaker>,
    seen: Mutex<Bounded<()>>,
}

/// Who presents an access token, and what the provider said about it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person, or the client itself where no person stands behind it. Unique per issuer.
    pub sub: String,
    /// The client that the token was issued to.
    pub client_id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// How the person signed in, as far as the token says.
    pub authentication: Authentication,
    /// When the token ends.
    pub expires: DateTime<Utc>,
    /// Everything in the token, verified: `roles`, `authorization_details`, `act` and the like.
    pub claims: Map<String, Value>,
}

impl Caller {
    /// True when the token grants `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// True for a client that acts for itself: `sub` names the client (RFC 9068 §2.2).
    #[must_use]
    pub fn is_client_itself(&self) -> bool {
        self.sub == self.client_id
    }
}

/// A request as far as it decides about its token.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path below the base URL, beginning with a slash; a query does not matter.
    pub path: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The certificate of the TLS client in DER, as the TLS layer verified it.
    pub certificate: Option<&'a [u8]>,
}

impl ResourceServer {
    /// An API that callers reach under the settings' base URL and that tokens name as `audience`
    /// (RFC 9068 §3, RFC 8707). Client and authentication of the settings are the API's own and
    /// prove it at the introspection endpoint. Refuses as [`Client::new`].
    pub fn new(settings: Settings, audience: &str) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            client: Client::new(settings)?,
            audience: audience.to_owned(),
            introspection: Introspection::default(),
            signed_introspection: false,
            binding: Binding::default(),
            nonces: None,
            seen: Mutex::new(Bounded::new(PROOFS)),
        })))
    }

    /// Changes what only the builder methods below touch, before the first clone is made. A clone
    /// that exists already keeps its own ways.
    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
            client: shared.client.clone(),
            audience: shared.audience.clone(),
            introspection: shared.introspection,
            signed_introspection: shared.signed_introspection,
            binding: shared.binding,
            nonces: shared.nonces.clone(),
            seen: Mutex::new(Bounded::new(PROOFS)),
        });
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Which tokens the provider is asked about.
    #[must_use]
    pub fn introspection(self, which: Introspection) -> Self {
        self.with(|inner| inner.introspection = which)
    }

    /// Demands signed introspection answers (RFC 9701; `introspection_unsigned`); register
    /// `introspection_signed_response_alg`.
    #[must_use]
    pub fn require_signed_introspection(self) -> Self {
        self.with(|inner| inner.signed_introspection = true)
    }

    /// How tokens must be tied to their holder.
    #[must_use]
    pub fn binding(self, binding: Binding) -> Self {
        self.with(|inner| inner.binding = binding)
    }

    /// Demands this server's nonce in every proof (RFC 9449 §9), new each minute and good for two,
    /// derived from `secret`: machines that share an address share the secret. So a proof cannot be
    /// made in advance.
    #[must_use]
    pub fn demand_nonces(self, secret: &[u8]) -> Self {
        self.with(|inner| inner.nonces = Some(NonceMaker::new(secret)))
    }

    /// The protocol client underneath.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// What a group of routes requires; hand it to [`guard`].
    pub fn requiring<I, S>(&self, scopes: I) -> Required
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Required::new(self.clone(), scopes)
    }

    /// The caller behind a request.
    ///
    /// In order: one `Authorization` field of scheme `Bearer` or `DPoP`; the token by signature or
    /// introspection (issuer, audience, lifetime); then its binding: a proof by the key it names
    /// (RFC 9449 §7.1), the certificate it names (RFC 8705 §3). Refuses with the reasons of
    /// [`AccessTokenError`], [`ProofError`] and
    /// [`IntrospectionError`](crate::error::IntrospectionError).
    pub async fn authenticate(&self, presented: &Presented<'_>) -> Result<Caller, Error> {
        let (scheme, token) = credentials(presented.headers)?;
        let now = clock::now();
        let jwt = Compact::parse(token).is_some();
        let by_key = match self.0.introspection {
            Introspection::Never => true,
            Introspection::Opaque => jwt,
            Introspection::Always => false,
        };
        let caller = if by_key {
            self.verify_jwt(token, now).await?
        } else {
            self.introspect(token, now).await?
        };
        self.check_holder(&caller, (scheme, token), presented, now)?;
        Ok(caller)
    }

    fn check_holder(
        &self,
        caller: &Caller,
        (scheme, token): (Scheme, &str),
        presented: &Presented<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let named = |name: &str| caller.claims.get("cnf")?.get(name)?.as_str();
        let (jkt, x5t) = (named("jkt"), named("x5t#S256"));
        match (scheme, jkt) {
            (Scheme::Bearer, Some(_)) => return Err(AccessTokenError::ProofAbsent.into()),
            (Scheme::Dpop, None) => return Err(AccessTokenError::NotBoundToKey.into()),
            (Scheme::Dpop, Some(jkt)) => self.check_proof(jkt, token, presented, now)?,
            (Scheme::Bearer, None) => {}
        }
        if let Some(x5t) = x5t {
            let certificate = presented
                .certificate
                .ok_or(AccessTokenError::CertificateMissing)?;
            if random::digest_of(certificate) != x5t {
                return Err(AccessTokenError::Certificate.into());
            }
        }
        if self.0.binding == Binding::Always && jkt.is_none() && x5t.is_none() {
            return Err(AccessTokenError::NotBound.into());
        }
        Ok(())
    }

    fn check_proof(
        &self,
        jkt: &str,
        token: &str,
        presented: &Presented<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let settings = self.0.client.settings();
        let expected = ExpectedProof {
            method: presented.method,
            url: &settings.address_of(presented.path),
            access_token: Some(token),
            tolerance: settings.tolerance(),
            algorithms: &settings.algorithms,
        };
        let proof = proof::one_of(presented.headers)?;
        let verified = proof::verify(proof, &expected, now)?;
        if verified.thumbprint != jkt {
            return Err(ProofError::KeyDiffers.into());
        }
        if let Some(nonces) = &self.0.nonces
            && !nonces.accepts(verified.nonce.as_deref(), now)
        {
            return Err(ProofError::Nonce.into());
        }
        let name = random::digest(&format!("{jkt} {}", verified.jti));
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.expire(now);
        if seen.find_mut(&name, now).is_some() {
            return Err(ProofError::Replayed.into());
        }
        seen.put(name, (), verified.until);
        Ok(())
    }

    /// A nonce for the next proof, where this server demands them.
    #[must_use]
    pub fn nonce(&self) -> Option<String> {
        Some(self.0.nonces.as_ref()?.nonce(clock::now()))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

/// Scheme and token of the one `Authorization` field (RFC 6750 §2.1, RFC 9449 §7.1). Tokens in
/// forms and queries are not looked for: they end in logs.
fn credentials(headers: &HeaderMap) -> Result<(Scheme, &str), AccessTokenError> {
    let mut fields = headers.get_all(AUTHORIZATION).into_iter();
    let field = fields.next().ok_or(AccessTokenError::Missing)?;
    if fields.next().is_some() {
        return Err(AccessTokenError::Authorization);
    }
    let text = field
        .to_str()
        .map_err(|_| AccessTokenError::Authorization)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(AccessTokenError::Missing),
    };
    let plain = token.bytes().all(|b| matches!(b, b'!'..=b'~'));
    if token.is_empty() || !plain {
        return Err(AccessTokenError::Authorization);
    }
    if token.len() > TOKEN_MAX {
        return Err(AccessTokenError::TooLong);
    }
    Ok((scheme, token))
}
