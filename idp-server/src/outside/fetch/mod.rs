//! The one guarded fetcher: every request of the server to somebody else goes through here.
//!
//! Only https, only public addresses unless the operator listed the host; names are resolved here,
//! checked, and connected to as checked; no redirects, cookies, proxies or compression; bounded in
//! time and size.

mod guard;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::ports::{Fetch, Incoming, Outgoing, StatusRequest};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;
use url::Url;

pub use guard::Exceptions;
use guard::Guard;

const PLACE: &str = "fetch";

/// What failed, as a word of a closed list; nothing of the other server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchProblem {
    /// The address is no URL, or carries a user.
    #[error("malformed_url")]
    MalformedUrl,
    /// Not https, and the host is not listed.
    #[error("not_https")]
    NotHttps,
    /// A question about a certificate to a host that is not listed for it.
    #[error("host_not_listed")]
    HostNotListed,
    /// A question about a certificate to another port than 80 and 443.
    #[error("port_not_allowed")]
    PortNotAllowed,
    /// The host has an address that is not public, and is not listed.
    #[error("private_address")]
    PrivateAddress,
    /// The name is not known.
    #[error("name_unresolved")]
    NameUnresolved,
    /// No connection.
    #[error("connect_failed")]
    ConnectFailed,
    /// No trust: certificate, name or protocol.
    #[error("tls_failed")]
    TlsFailed,
    /// Too slow.
    #[error("timed_out")]
    TimedOut,
    /// More bytes than the caller takes.
    #[error("too_large")]
    TooLarge,
    /// The answer broke off or is no HTTP.
    #[error("broken_off")]
    BrokenOff,
}

/// How to fetch.
#[derive(Clone, Debug)]
pub struct FetchRules {
    /// What is allowed beyond https to public addresses.
    pub exceptions: Exceptions,
    /// The longest wait for a connection.
    pub connect: Duration,
    /// The longest wait for everything.
    pub total: Duration,
    /// A PEM file of authorities that are trusted besides the system's.
    pub ca_file: Option<std::path::PathBuf>,
}

impl Default for FetchRules {
    /// No exceptions, 3 s to connect, 10 s in all.
    fn default() -> Self {
        Self {
            exceptions: Exceptions::default(),
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
            ca_file: None,
        }
    }
}

/// The fetcher. The client, and with it the trusted authorities, is loaded at the first request.
pub struct GuardedFetch {
    rules: FetchRules,
    guard: Guard,
    client: OnceCell<Client>,
}

impl GuardedFetch {
    /// Fetches by these rules.
    #[must_use]
    pub fn new(rules: FetchRules) -> Self {
        let guard = Guard(rules.exceptions.clone());
        Self {
            rules,
            guard,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> Result<&Client, Fault> {
        let build = || async {
            let rules = self.rules.clone();
            let built = tokio::task::spawn_blocking(move || build_client(&rules));
            built
                .await
                .map_err(|_| Fault::lasting(PLACE, "building the client broke off"))?
        };
        self.client.get_or_try_init(build).await
    }

    async fn send(&self, client: &Client, request: Outgoing) -> Result<Incoming, FetchProblem> {
        let url = Url::parse(&request.url).map_err(|_| FetchProblem::MalformedUrl)?;
        self.guard.check(&url)?;
        let sending = match &request.form {
            None => client.get(url),
            Some(fields) => {
                let fields: Vec<_> = fields.iter().map(|(k, v)| (k, v.expose())).collect();
                client.post(url).form(&fields)
            }
        };
        receive(sending, request.most_bytes).await
    }

    async fn ask(&self, client: &Client, request: StatusRequest) -> Result<Incoming, FetchProblem> {
        let url = Url::parse(&request.url).map_err(|_| FetchProblem::MalformedUrl)?;
        self.guard.check_status(&url)?;
        let sending = match request.question {
            None => client.get(url),
            Some(question) => client
                .post(url)
                .header(CONTENT_TYPE, "application/ocsp-request")
                .header(ACCEPT, "application/ocsp-response")
                .body(question),
        };
        receive(sending.timeout(request.patience), request.most_bytes).await
    }
}

/// Sends, and takes the answer in piece by piece.
async fn receive(sending: RequestBuilder, most_bytes: usize) -> Result<Incoming, FetchProblem> {
    let mut response = sending.send().await.map_err(|e| classify(&e))?;
    let status = response.status().as_u16();
    let announced = response.content_length().unwrap_or(0);
    if announced > most_bytes as u64 {
        return Err(FetchProblem::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| classify(&e))? {
        if body.len() + chunk.len() > most_bytes {
            return Err(FetchProblem::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming { status, body })
}

#[async_trait]
impl Fetch for GuardedFetch {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, Fault> {
        let client = self.client().await?;
        let answer = self.send(client, request).await;
        answer.map_err(|problem| Fault::transient(PLACE, problem))
    }

    async fn fetch_status(&self, request: StatusRequest) -> Result<Incoming, Fault> {
        let client = self.client().await?;
        let answer = self.ask(client, request).await;
        answer.map_err(|problem| Fault::transient(PLACE, problem))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that builds HTTP clients"
)]
fn build_client(rules: &FetchRules) -> Result<Client, Fault> {
    Client::builder()
        .tls_backend_preconfigured(tls(rules.ca_file.as_deref())?)
        .dns_resolver(Arc::new(Guard(rules.exceptions.clone())))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(rules.connect)
        .timeout(rules.total)
        .pool_max_idle_per_host(4)
        .user_agent(concat!("idp/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Fault::lasting(PLACE, e))
}

/// Trusts the system's authorities and those of `ca_file`; a system without any trusts none.
fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        for certificate in read_authorities(path)? {
            roots
                .add(certificate)
                .map_err(|e| Fault::lasting(PLACE, e))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::lasting(PLACE, e))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Reads the certificates of a PEM file.
///
/// # Errors
/// A lasting fault when the file cannot be read, is no PEM or holds no certificate.
pub fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let trouble = |detail: String| Fault::lasting(PLACE, format!("{}: {detail}", path.display()));
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| trouble(e.to_string()))?;
    if found.is_empty() {
        return Err(trouble("no certificate in it".to_owned()));
    }
    Ok(found)
}

/// The word for an error of the client.
fn classify(error: &reqwest::Error) -> FetchProblem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(at) = cause {
        if let Some(problem) = at.downcast_ref::<FetchProblem>() {
            return *problem;
        }
        if at.is::<rustls::Error>() {
            return FetchProblem::TlsFailed;
        }
        let inner = at
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => at.source(),
        };
    }
    match error {
        e if e.is_timeout() => FetchProblem::TimedOut,
        e if e.is_connect() => FetchProblem::ConnectFailed,
        _ => FetchProblem::BrokenOff,
    }
}

#[cfg(test)]
mod tests;
