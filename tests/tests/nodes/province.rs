//! The province of these tests: founded on one machine, moved to PostgreSQL, served by nodes
//! behind nginx.

use idp_tests::nginx::Balancer;
use idp_tests::people::People;
use idp_tests::postgres::Postgres;
use idp_tests::province::{Node, migrate};
use idp_tests::receiver::Receiver;
use idp_tests::redis::{MASTER, Watched};
use idp_tests::{Application, Installation, RelyingParty, User};

/// More people than sign in at the same time, so that outages count few attempts for each.
const PEOPLE: u32 = 60;

/// What one machine began with; the data are in PostgreSQL.
pub(super) struct Founded {
    pub(super) first: Installation,
    pub(super) postgres: Postgres,
    pub(super) administrator: User,
    pub(super) people: People,
    /// Two applications, each with an address for logout tokens.
    pub(super) applications: [Application; 2],
    pub(super) receivers: [Receiver; 2],
    pub(super) services: [Application; 2],
}

impl Founded {
    pub(super) async fn on(postgres: Postgres) -> Self {
        let first = Installation::init();
        let serving = first.serve().await.expect("it serves");
        let administrator = first.activate().await;
        let people = People::import(&first, PEOPLE);
        let receivers = [Receiver::start().await, Receiver::start().await];
        let application = |receiver: &Receiver| {
            let to = ["--backchannel-logout-uri", receiver.url.as_str()];
            first.application("Ứng dụng", &to)
        };
        let applications = receivers.each_ref().map(application);
        let services = ["Trục liên thông", "Kho dữ liệu"].map(|name| first.service(name));
        serving.terminate();
        migrate(&first, &postgres);
        Self {
            first,
            postgres,
            administrator,
            people,
            applications,
            receivers,
            services,
        }
    }

    /// A node with this database's address and these further settings, not started.
    pub(super) fn node(&self, further: &[(&str, &str)]) -> Node {
        Node::new(&self.first, &self.postgres.address(), further)
    }

    /// One of the two applications, at the province's address.
    pub(super) async fn party(&self, number: usize) -> RelyingParty {
        RelyingParty::at(&self.first.issuer, self.applications[number].clone()).await
    }

    /// One of the two services, at the province's address.
    pub(super) async fn service(&self, number: usize) -> RelyingParty {
        RelyingParty::at(&self.first.issuer, self.services[number].clone()).await
    }
}

/// A province that serves.
pub(super) struct Province {
    pub(super) nodes: Vec<Node>,
    pub(super) balancer: Balancer,
    pub(super) founded: Founded,
    /// Where its tickets rest, unless in PostgreSQL.
    pub(super) redis: Option<Watched>,
}

impl Province {
    /// So many nodes, tickets in Redis behind Sentinels.
    pub(super) async fn on_redis(count: usize) -> Self {
        let watched = Watched::start();
        let sentinels = watched.addresses();
        let settings = [
            ("TICKETS__MODE", "sentinel"),
            ("TICKETS__URLS", &sentinels),
            ("TICKETS__SENTINEL_MASTER", MASTER),
        ];
        let mut province = Self::start(count, &settings).await;
        province.redis = Some(watched);
        province
    }

    /// So many nodes, tickets in PostgreSQL.
    pub(super) async fn on_postgres(count: usize) -> Self {
        Self::start(count, &[]).await
    }

    async fn start(count: usize, further: &[(&str, &str)]) -> Self {
        let founded = Founded::on(Postgres::start()).await;
        let settings = [&[("STORE__POSTGRES_TIMEOUT", "2s")], further].concat();
        let mut nodes: Vec<Node> = (0..count).map(|_| founded.node(&settings)).collect();
        for node in &mut nodes {
            node.start().await;
        }
        let ports: Vec<u16> = nodes.iter().map(|node| node.installation.port).collect();
        let balancer = Balancer::start(founded.first.port, &ports);
        Self {
            nodes,
            balancer,
            founded,
            redis: None,
        }
    }

    pub(super) fn watched(&mut self) -> &mut Watched {
        self.redis.as_mut().expect("tickets rest in Redis")
    }
}
