//! The token endpoint, repeated.

use std::net::SocketAddr;

use idp_tests::{Agent, Installation, RelyingParty, World};

use crate::connection::{Connection, form_request};
use crate::drive::{Measured, Plan, Repeat, drive};

/// Where the token endpoint listens, and how it is called.
struct Endpoint {
    address: SocketAddr,
    host: String,
    path: String,
    headers: String,
}

impl Endpoint {
    fn of(relying_party: &RelyingParty) -> Self {
        let url = relying_party.endpoint("token_endpoint");
        let port = url.port_or_known_default().unwrap_or_default();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host: format!("{}:{}", url.host_str().unwrap_or_default(), port),
            path: url.path().to_owned(),
            headers: format!("Authorization: {}\r\n", relying_party.basic()),
        }
    }

    fn request(&self, body: &str) -> Vec<u8> {
        form_request(&self.path, &self.host, &self.headers, body)
    }
}

struct Service {
    connection: Connection,
    request: Vec<u8>,
}

impl Repeat for Service {
    async fn once(&mut self) -> bool {
        let request = std::mem::take(&mut self.request);
        let wanted = self
            .connection
            .exchange(&request)
            .await
            .is_ok_and(|answer| answer.status == 200);
        self.request = request;
        wanted
    }
}

/// Tokens of a service, again and again.
pub(crate) async fn client_credentials(
    installation: &Installation,
    server: u32,
    plan: Plan,
) -> Measured {
    let service = installation.service("Load");
    let relying_party = RelyingParty::at(&installation.issuer, service).await;
    let address = Endpoint::of(&relying_party).address;
    service_tokens(&relying_party, &[address], server, plan).await
}

/// The same at several addresses, each with its share of the connections.
pub(crate) async fn service_tokens(
    relying_party: &RelyingParty,
    addresses: &[SocketAddr],
    server: u32,
    plan: Plan,
) -> Measured {
    let endpoint = Endpoint::of(relying_party);
    let mut workers = Vec::new();
    for address in addresses.iter().cycle().take(plan.connections) {
        let connection = Connection::open(*address).await.expect("a connection");
        workers.push(Service {
            connection,
            request: endpoint.request("grant_type=client_credentials"),
        });
    }
    drive(workers, server, plan.duration).await
}

struct Chain {
    connection: Connection,
    endpoint: Endpoint,
    token: String,
}

impl Repeat for Chain {
    async fn once(&mut self) -> bool {
        let body = format!("grant_type=refresh_token&refresh_token={}", self.token);
        let request = self.endpoint.request(&body);
        let Ok(answer) = self.connection.exchange(&request).await else {
            return false;
        };
        let successor = member(answer.body, "refresh_token").map(str::to_owned);
        match successor.filter(|_| answer.status == 200) {
            Some(token) => {
                self.token = token;
                true
            }
            None => false,
        }
    }
}

/// The text of a JSON member that needs no unescaping.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let rest = json.split_once(&format!("\"{name}\""))?.1;
    let rest = rest.trim_start_matches([' ', ':']).strip_prefix('"')?;
    rest.split('"').next()
}

/// A chain of refresh tokens on each connection.
pub(crate) async fn refresh(world: &World, plan: Plan) -> Measured {
    let relying_party = RelyingParty::of(world, 0).await;
    let mut agent = Agent::new();
    let mut workers = Vec::new();
    for _ in 0..plan.connections {
        let request = relying_party.request().with("scope", "openid profile");
        let tokens = relying_party
            .sign_in_with(&mut agent, &request, world.user())
            .await;
        let endpoint = Endpoint::of(&relying_party);
        let connection = Connection::open(endpoint.address)
            .await
            .expect("a connection");
        workers.push(Chain {
            connection,
            endpoint,
            token: tokens.text("refresh_token"),
        });
    }
    drive(workers, world.pid(), plan.duration).await
}
