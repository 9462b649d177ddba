//! The suite's interface: one method for each call. The words of its answers stand in
//! [`answers`](super::answers).

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::answers::{
    CreatedPlan, Entry, Identified, Info, Made, ModuleStatus, PlannedModule, Polled, Runner,
    StateAnswer,
};
use super::plan::Variant;
use super::{Outcome, Trouble};

/// The longest that the suite holds a long poll.
pub const LONGEST_POLL: Duration = Duration::from_secs(30);
/// The longest that any answer may take beyond a long poll.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an answer that is no success is repeated.
const SHOWN: usize = 600;

/// A running suite.
#[derive(Clone, Debug)]
pub struct Suite {
    base: Url,
    token: Option<String>,
    http: Client,
}

impl Suite {
    /// The suite at an address; `ca` is a PEM file with its certificate or authority, trusted
    /// besides those that the system trusts. Asks nothing yet.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    #[allow(
        clippy::disallowed_methods,
        reason = "the rule is for the server; this program talks to the suite that it is given"
    )]
    pub fn new(base: &Url, token: Option<String>, ca: Option<&Path>) -> Outcome<Self> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LONGEST_POLL + PATIENCE);
        if let Some(path) = ca {
            let pem = std::fs::read(path).map_err(|source| Trouble::File {
                path: path.to_owned(),
                source,
            })?;
            let wrong = |e| Trouble::Wrong(format!("{}: {e}", path.display()));
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(wrong)?;
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|e| Trouble::Wrong(e.to_string()))?;
        Ok(Self {
            base: base.clone(),
            token,
            http,
        })
    }

    /// The base address without a slash at its end.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn ready(&self) -> Outcome<()> {
        let call = self.call(Method::GET, "/api/plan", &[("length", "1")]);
        self.json(call).await.map(|_| ())
    }

    /// Whether the suite knows a plan.
    ///
    /// # Errors
    /// What it answered instead, and the plans that it has.
    pub async fn knows(&self, plan: &str) -> Outcome<()> {
        let path = format!("/api/plan/info/{plan}");
        match self.json(self.call(Method::GET, &path, &[])).await {
            Ok(_) => Ok(()),
            Err(Trouble::Suite { call, status, .. }) => {
                let available = self.call(Method::GET, "/api/plan/available", &[]);
                let available = self.json(available).await?;
                let text = format!("the suite has no plan {plan}; it has {}", names(&available));
                Err(Trouble::Suite { call, status, text })
            }
            Err(other) => Err(other),
        }
    }

    /// Creates a plan.
    ///
    /// # Errors
    /// What it answered instead: 400 for a variant that the plan does not have or fixes itself.
    pub async fn create(
        &self,
        plan: &str,
        variant: &Variant,
        configuration: &Value,
    ) -> Outcome<CreatedPlan> {
        let variant = json!(variant).to_string();
        let query = [("planName", plan), ("variant", variant.as_str())];
        let call = self.call(Method::POST, "/api/plan", &query);
        self.read(call.json(configuration)).await
    }

    /// Creates a module of a plan; it starts by itself unless it has to be started by hand.
    ///
    /// # Errors
    /// What it answered instead, but for an alias that is in use.
    pub async fn make(&self, plan: &CreatedPlan, module: &PlannedModule) -> Outcome<Made> {
        let variant = json!(module.variant.clone().unwrap_or_default()).to_string();
        let query = [
            ("test", module.test_module.as_str()),
            ("plan", plan.id.as_str()),
            ("variant", variant.as_str()),
        ];
        let call = self.call(Method::POST, "/api/runner", &query);
        match self.read::<Identified>(call).await {
            Ok(made) => Ok(Made::Module(made.id)),
            Err(Trouble::Suite { status: 409, .. }) => Ok(Made::AliasInUse),
            Err(other) => Err(other),
        }
    }

    /// Starts a module by hand.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn start(&self, module: &str) -> Outcome<()> {
        let call = self.call(Method::POST, &format!("/api/runner/{module}"), &[]);
        self.done(call).await
    }

    /// Waits until a module is in one of these states, at most `patience` and 30 s.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn wait(
        &self,
        module: &str,
        states: &[ModuleStatus],
        patience: Duration,
    ) -> Outcome<Polled> {
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let states = states.join(",");
        let patience = patience.min(LONGEST_POLL).as_millis().to_string();
        let query = [("states", states.as_str()), ("timeoutMs", &patience)];
        let path = format!("/api/runner/{module}/wait-state");
        let answer: StateAnswer = self.read(self.call(Method::GET, &path, &query)).await?;
        Ok(match answer.state {
            Some(state) if !answer.timeout => Polled::State(state),
            _ => Polled::Timeout,
        })
    }

    /// A module while it runs.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn runner(&self, module: &str) -> Outcome<Runner> {
        let path = format!("/api/runner/{module}");
        self.read(self.call(Method::GET, &path, &[])).await
    }

    /// Status and result of a module.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn info(&self, module: &str) -> Outcome<Info> {
        let path = format!("/api/info/{module}");
        self.read(self.call(Method::GET, &path, &[])).await
    }

    /// The log of a module.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn log(&self, module: &str) -> Outcome<Vec<Entry>> {
        let path = format!("/api/log/{module}");
        self.read(self.call(Method::GET, &path, &[])).await
    }

    /// Reports that an address was visited.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn visited(&self, module: &str, url: &str) -> Outcome<()> {
        let path = format!("/api/runner/browser/{module}/visit");
        self.done(self.call(Method::POST, &path, &[("url", url)]))
            .await
    }

    /// Fills a placeholder with a picture, given as a `data:` URL.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn fill(&self, module: &str, placeholder: &str, picture: String) -> Outcome<()> {
        let path = format!("/api/log/{module}/images/{placeholder}");
        let call = self.call(Method::POST, &path, &[]);
        self.done(call.header("content-type", "text/plain").body(picture))
            .await
    }

    /// The export of a plan.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn export(&self, plan: &CreatedPlan) -> Outcome<Vec<u8>> {
        let path = format!("/api/plan/exporthtml/{}", plan.id);
        self.bytes(self.call(Method::GET, &path, &[])).await
    }

    /// Removes a plan.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn remove(&self, plan: &CreatedPlan) -> Outcome<()> {
        let path = format!("/api/plan/{}", plan.id);
        self.done(self.call(Method::DELETE, &path, &[])).await
    }

    fn call(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut address = format!("{}{path}", self.base());
        if !query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .finish();
            // Writing to a string cannot fail.
            let _ = write!(address, "?{query}");
        }
        let call = self.http.request(method, address);
        match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, call: RequestBuilder) -> Outcome<T> {
        let answer = self.json(call).await?;
        serde_json::from_value(answer).map_err(|e| Trouble::Wrong(format!("the suite's JSON: {e}")))
    }

    async fn json(&self, call: RequestBuilder) -> Outcome<Value> {
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes)
            .map_err(|e| Trouble::Wrong(format!("the suite's answer is no JSON: {e}")))
    }

    async fn done(&self, call: RequestBuilder) -> Outcome<()> {
        self.bytes(call).await.map(|_| ())
    }

    async fn bytes(&self, call: RequestBuilder) -> Outcome<Vec<u8>> {
        let request = call.build().map_err(|e| Trouble::Wrong(e.to_string()))?;
        let call = format!("{} {}", request.method(), request.url().path());
        let transport = |source| Trouble::Transport {
            call: call.clone(),
            source,
        };
        let answer = self.http.execute(request).await.map_err(transport)?;
        let status: StatusCode = answer.status();
        let bytes = answer.bytes().await.map_err(transport)?;
        if status.is_success() {
            return Ok(bytes.into());
        }
        let text = String::from_utf8_lossy(&bytes);
        Err(Trouble::Suite {
            call,
            status: status.as_u16(),
            text: text.chars().take(SHOWN).collect(),
        })
    }
}

/// The names in a list of plans, whatever else is said of them.
fn names(available: &Value) -> String {
    let entries = available.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &Value| {
        let text = entry.get("planName").unwrap_or(entry).as_str();
        text.map(str::to_owned)
    };
    let names: Vec<String> = entries.iter().filter_map(name).collect();
    names.join(", ")
}
