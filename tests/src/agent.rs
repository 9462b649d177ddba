//! A user agent without a screen: HTTP with a cookie jar of its own and no automatic redirects.

use std::collections::BTreeMap;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{COOKIE, HOST, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::form::Page;

/// Longest that any single request of a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Installs the one TLS provider of this process.
pub fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that it is installed already, which is what we want.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// A plain HTTP client: no redirects, no cookies, no proxy.
#[allow(
    clippy::disallowed_methods,
    reason = "the tests' only constructor of HTTP clients"
)]
pub fn http_client() -> reqwest::Client {
    install_tls_provider();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .expect("an HTTP client")
}

/// What came back, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body, as text.
    pub body: String,
    /// The address that was asked.
    pub url: Url,
}

impl Answer {
    /// A header field's text, or the empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The `Location`, resolved against the address that was asked.
    pub fn location(&self) -> Option<Url> {
        let text = self.headers.get("location")?.to_str().ok()?;
        self.url.join(text).ok()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.url, self.body))
    }

    /// The `error` member of an OAuth error body, or the empty string.
    pub fn oauth_error(&self) -> String {
        serde_json::from_str::<serde_json::Value>(&self.body)
            .ok()
            .and_then(|body| body["error"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The body as a page of forms.
    pub fn page(&self) -> Page {
        Page::parse(&self.body)
    }

    /// True for 301, 302, 303, 307 and 308.
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }
}

/// A browser's network half: cookies per host (ports share them, as RFC 6265 has it).
pub struct Agent {
    client: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
    connect_to: BTreeMap<String, u16>,
    language: String,
}

impl Agent {
    /// A fresh agent that prefers Vietnamese.
    pub fn new() -> Self {
        Self {
            client: http_client(),
            cookies: BTreeMap::new(),
            connect_to: BTreeMap::new(),
            language: "vi".to_owned(),
        }
    }

    /// Sends requests for `host:port` to another loopback port, keeping the `Host` field: a
    /// stranger's relying party stands in for a registered application.
    pub fn connect_to(&mut self, authority: &str, port: u16) {
        self.connect_to.insert(authority.to_owned(), port);
    }

    /// The value of one cookie of a host.
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies
            .get(&(host.to_owned(), name.to_owned()))
            .map(String::as_str)
    }

    /// All cookies of a host, name and value.
    pub fn cookies(&self, host: &str) -> Vec<(String, String)> {
        let of_host = self.cookies.iter().filter(|((of, _), _)| of == host);
        of_host
            .map(|((_, name), value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Plants a cookie, as an attacker on a neighbouring port could.
    pub fn plant_cookie(&mut self, host: &str, name: &str, value: &str) {
        self.cookies
            .insert((host.to_owned(), name.to_owned()), value.to_owned());
    }

    /// Forgets every cookie.
    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// `GET`, without following a redirect.
    pub async fn fetch(&mut self, url: &Url) -> Answer {
        self.send(Method::GET, url, &[], None).await
    }

    /// `POST` of form fields, with the `Origin` a browser would send.
    pub async fn submit(&mut self, url: &Url, fields: &[(String, String)]) -> Answer {
        let origin = url.origin().ascii_serialization();
        self.submit_from(url, &origin, fields).await
    }

    /// `POST` of form fields from a page of another origin.
    pub async fn submit_from(
        &mut self,
        url: &Url,
        origin: &str,
        fields: &[(String, String)],
    ) -> Answer {
        let headers = form_headers(origin);
        self.send(Method::POST, url, &headers, Some(encode(fields)))
            .await
    }

    /// As [`Self::submit`]; `None` when no whole answer comes.
    pub async fn try_submit(&mut self, url: &Url, fields: &[(String, String)]) -> Option<Answer> {
        let headers = form_headers(&url.origin().ascii_serialization());
        let request = self.request(Method::POST, url, &headers, Some(encode(fields)));
        self.receive(url, request).await.ok()
    }

    /// One request with these header fields and this body.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(
        &mut self,
        method: Method,
        url: &Url,
        headers: &[(String, String)],
        body: Option<String>,
    ) -> Answer {
        let request = self.request(method, url, headers, body);
        self.receive(url, request)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    /// `GET`; `None` when no whole answer comes, as from a server that was killed.
    pub async fn try_fetch(&mut self, url: &Url) -> Option<Answer> {
        let request = self.request(Method::GET, url, &[], None);
        self.receive(url, request).await.ok()
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: &[(String, String)],
        body: Option<String>,
    ) -> RequestBuilder {
        let host = url.host_str().unwrap_or_default().to_owned();
        let authority = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let mut target = url.clone();
        if let Some(port) = self.connect_to.get(&authority) {
            target.set_port(Some(*port)).expect("a port can be set");
        }
        let mut request = self
            .client
            .request(method, target)
            .header("accept-language", &self.language);
        request = request
            .header(HOST, &authority)
            .header("accept", "text/html,*/*");
        if let Some(cookies) = self.cookie_header(&host) {
            request = request.header(COOKIE, cookies);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        request
    }

    async fn receive(&mut self, url: &Url, request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.remember(url.host_str().unwrap_or_default(), &headers);
        let body = response.bytes().await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer {
            status,
            headers,
            body,
            url: url.clone(),
        })
    }

    /// Follows redirects as long as they stay below `origin`; the answer that leaves it, or is no
    /// redirect, is returned.
    pub async fn follow_within(&mut self, origin: &Url, mut answer: Answer) -> Answer {
        for _ in 0..20 {
            match answer.location() {
                Some(next) if answer.is_redirect() && next.origin() == origin.origin() => {
                    answer = self.fetch(&next).await;
                }
                _ => return answer,
            }
        }
        panic!("more than twenty redirects, the last to {}", answer.url);
    }

    fn cookie_header(&self, host: &str) -> Option<String> {
        let pairs: Vec<String> = self
            .cookies(host)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn remember(&mut self, host: &str, headers: &HeaderMap) {
        for line in headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            let mut parts = line.split(';');
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let removed = parts.any(|attribute| attribute.trim().eq_ignore_ascii_case("max-age=0"));
            let key = (host.to_owned(), name.trim().to_owned());
            if removed || value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.trim().to_owned());
            }
        }
    }
}

impl Default for Agent {
    fn default() -> Self {
        Self::new()
    }
}

fn form_headers(origin: &str) -> [(String, String); 2] {
    let form = "application/x-www-form-urlencoded";
    [("origin", origin), ("content-type", form)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Form fields as `application/x-www-form-urlencoded`.
pub fn encode(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Borrowed pairs as owned fields.
pub fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
