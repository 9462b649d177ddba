//! Whole sign-ins: authorization request, page, password, code, tokens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use idp_tests::agent::encode;
use idp_tests::relying_party::filled;
use idp_tests::{Answer, RelyingParty, User, World};
use url::Url;

use crate::connection::{Connection, form_request, plain_request};
use crate::drive::{Measured, Plan, Repeat, drive};

/// Who signs in next.
pub(crate) type Whose = Arc<dyn Fn() -> User + Send + Sync>;

/// One person's browser and the application behind it, on one connection.
pub(crate) struct Person {
    connection: Connection,
    relying_party: Arc<RelyingParty>,
    whose: Whose,
    host: String,
    cookies: BTreeMap<String, String>,
}

impl Repeat for Person {
    async fn once(&mut self) -> bool {
        self.walk().await.unwrap_or(false)
    }
}

impl Person {
    /// A browser on a connection to the provider.
    pub(crate) fn new(
        connection: Connection,
        relying_party: &Arc<RelyingParty>,
        whose: &Whose,
    ) -> Self {
        let issuer = &relying_party.issuer;
        let port = issuer.port_or_known_default().unwrap_or_default();
        Self {
            connection,
            relying_party: Arc::clone(relying_party),
            whose: Arc::clone(whose),
            host: format!("{}:{port}", issuer.host_str().unwrap_or_default()),
            cookies: BTreeMap::new(),
        }
    }

    async fn walk(&mut self) -> Option<bool> {
        self.cookies.clear();
        let request = self.relying_party.request();
        let url = self.relying_party.authorization_url(&request);
        let page = self.open(&url).await?;
        if !page.page().has("username") {
            return None;
        }
        let user = (self.whose)();
        let typed = [
            ("username", user.username.as_str()),
            ("password", &user.password),
        ];
        let (target, fields) = filled(&page, "sign-in", &typed);
        let headers = self.headers();
        let message = form_request(&path(&target), &self.host, &headers, &encode(&fields));
        let answer = self.send(&target, &message).await?;
        let answer = self.follow(answer).await?;
        let callback = idp_tests::Callback {
            url: answer.location()?,
        };
        let redirect_uri = self.relying_party.application.redirect_uri.as_str();
        let body = encode(&idp_tests::agent::fields(&[
            ("grant_type", "authorization_code"),
            ("code", &callback.parameter("code")),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &request.pkce.verifier),
        ]));
        let endpoint = self.relying_party.endpoint("token_endpoint");
        let headers = format!("Authorization: {}\r\n", self.relying_party.basic());
        let message = form_request(&path(&endpoint), &self.host, &headers, &body);
        Some(self.send(&endpoint, &message).await?.status == 200)
    }

    async fn open(&mut self, url: &Url) -> Option<Answer> {
        let message = plain_request(&path(url), &self.host, &self.headers());
        let answer = self.send(url, &message).await?;
        self.follow(answer).await
    }

    async fn follow(&mut self, mut answer: Answer) -> Option<Answer> {
        for _ in 0..5 {
            let next = answer
                .location()
                .filter(|next| next.origin() == answer.url.origin());
            let Some(next) = next else {
                return Some(answer);
            };
            let message = plain_request(&path(&next), &self.host, &self.headers());
            answer = self.send(&next, &message).await?;
        }
        None
    }

    async fn send(&mut self, url: &Url, message: &[u8]) -> Option<Answer> {
        let exchange = self.connection.exchange(message).await.ok()?;
        let mut headers = reqwest::header::HeaderMap::new();
        if let Some(location) = exchange.header("location").next() {
            headers.insert("location", location.parse().ok()?);
        }
        for line in exchange.header("set-cookie") {
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            if let Some((name, value)) = pair {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = exchange.body.to_owned();
        Some(Answer {
            status: exchange.status,
            headers,
            body,
            url: url.clone(),
        })
    }

    fn headers(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "Cookie: {}\r\nOrigin: http://{}\r\n",
            pairs.join("; "),
            self.host
        )
    }
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Sign-ins of the demonstration's people, one after another on each connection.
pub(crate) async fn measure(world: &World, plan: Plan) -> Measured {
    let address = SocketAddr::from(([127, 0, 0, 1], world.port));
    let mut workers = Vec::new();
    for index in 0..plan.connections {
        let party = RelyingParty::of(world, index % world.applications.len()).await;
        let user = world.users[index % world.users.len()].clone();
        let whose: Whose = Arc::new(move || user.clone());
        let connection = Connection::open(address).await.expect("a connection");
        workers.push(Person::new(connection, &Arc::new(party), &whose));
    }
    drive(workers, world.pid(), plan.duration).await
}
