//! Which server holds which slot, found out again whenever that may have changed.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use idp_core::base::fault::Fault;

use super::attempt::Attempt;
use super::check::Role;
use super::discovery::{self, Holding};
use super::link::Way;
use super::node::Node;
use super::settings::{Address, Arrangement, RedisSettings};
use super::slot::SLOTS;

/// The masters at one moment.
#[derive(Debug)]
pub(super) struct Map {
    holdings: Vec<(RangeInclusive<u16>, Arc<Node>)>,
    /// Every master once.
    pub(super) masters: Vec<Arc<Node>>,
}

impl Map {
    /// The master of a slot; none when the cluster has lost it.
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        let mut holdings = self.holdings.iter();
        let found = holdings.find(|(slots, _)| slots.contains(&slot));
        found.map(|(_, node)| node)
    }
}

/// The arrangement of servers, followed through fail-overs.
#[derive(Debug)]
pub(super) struct Topology {
    arrangement: Arrangement,
    /// How the servers are reached.
    pub(super) way: Arc<Way>,
    /// Who is asked who the masters are.
    informants: Mutex<Vec<Arc<Node>>>,
    nodes: Mutex<HashMap<Address, Arc<Node>>>,
    current: Mutex<Option<Arc<Map>>>,
    finding: Attempt<Arc<Map>>,
}

impl Topology {
    /// Nothing is asked yet.
    pub(super) fn new(settings: &RedisSettings) -> Arc<Self> {
        let way = |credentials| Way {
            credentials,
            authorities: settings.authorities.clone(),
            limit: settings.call_limit,
        };
        let servers = Arc::new(way(settings.credentials.clone()));
        let informants: Vec<_> = match &settings.arrangement {
            Arrangement::Single(_) => Vec::new(),
            Arrangement::Sentinel {
                sentinels,
                credentials,
                ..
            } => informants(sentinels, &Arc::new(way(credentials.clone()))),
            Arrangement::Cluster(nodes) => informants(nodes, &servers),
        };
        Arc::new(Self {
            arrangement: settings.arrangement.clone(),
            way: servers,
            informants: Mutex::new(informants),
            nodes: Mutex::default(),
            current: Mutex::default(),
            finding: Attempt::default(),
        })
    }

    /// Whether keys are spread over slots.
    pub(super) const fn is_cluster(&self) -> bool {
        matches!(self.arrangement, Arrangement::Cluster(_))
    }

    /// Finds out anew; the masters known before, where nobody can say whether they still are.
    ///
    /// # Errors
    /// That nobody says who the masters are, and nobody did before.
    pub(super) async fn find_or_known(self: &Arc<Self>) -> Result<Arc<Map>, Fault> {
        let found = self.find().await;
        let known = || lock(&self.current).clone();
        found.or_else(|fault| known().ok_or(fault))
    }

    /// The masters as far as is known.
    ///
    /// # Errors
    /// That nobody says who they are.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Arc<Map>, Fault> {
        let known = lock(&self.current).clone();
        match known {
            Some(map) => Ok(map),
            None => self.find().await,
        }
    }

    /// Finds out anew, together with all who want that.
    ///
    /// # Errors
    /// That nobody says who the masters are; the ones known before stay.
    pub(super) async fn find(self: &Arc<Self>) -> Result<Arc<Map>, Fault> {
        let topology = Arc::clone(self);
        let found = self.finding.join(|| async move {
            let map = Arc::new(topology.ask_around().await?);
            *lock(&topology.current) = Some(Arc::clone(&map));
            Ok(map)
        });
        found.await
    }

    /// The server at an address, known already or not.
    pub(super) fn node(&self, address: &Address) -> Arc<Node> {
        let role = match self.arrangement {
            Arrangement::Single(_) => Role::Single,
            Arrangement::Sentinel { .. } => Role::Watched,
            Arrangement::Cluster(_) => Role::Cluster,
        };
        let mut nodes = lock(&self.nodes);
        let node = nodes.entry(address.clone());
        let new = || Node::new(address.clone(), role, Arc::clone(&self.way));
        Arc::clone(node.or_insert_with(new))
    }

    async fn ask_around(&self) -> Result<Map, Fault> {
        let all = 0..=SLOTS - 1;
        let asked = lock(&self.informants).clone();
        Ok(match &self.arrangement {
            Arrangement::Single(address) => self.map(vec![(all, address.clone())]),
            Arrangement::Sentinel { master, .. } => {
                let address = discovery::watched_master(&asked, master).await?;
                self.map(vec![(all, address)])
            }
            Arrangement::Cluster(given) => {
                let view = discovery::cluster(&asked).await?;
                self.remember(given, &view.known);
                self.map(view.holdings)
            }
        })
    }

    /// Asks the nodes that were given and those that are known from now on.
    fn remember(&self, given: &[Address], known: &[Address]) {
        let mut informants = lock(&self.informants);
        informants.retain(|node| given.contains(&node.address) || known.contains(&node.address));
        for address in known {
            if !informants.iter().any(|node| node.address == *address) {
                let way = Arc::clone(&self.way);
                informants.push(Node::new(address.clone(), Role::Informant, way));
            }
        }
    }

    /// Servers that are masters still keep their connections; the others are let go.
    fn map(&self, holdings: Vec<Holding>) -> Map {
        let holdings: Vec<_> = holdings
            .into_iter()
            .map(|(slots, address)| (slots, self.node(&address)))
            .collect();
        let mut masters: Vec<Arc<Node>> = Vec::new();
        for (_, node) in &holdings {
            if !masters.iter().any(|master| Arc::ptr_eq(master, node)) {
                masters.push(Arc::clone(node));
            }
        }
        let is_master = |node: &Arc<Node>| masters.iter().any(|master| Arc::ptr_eq(master, node));
        lock(&self.nodes).retain(|_, node| is_master(node));
        Map { holdings, masters }
    }
}

fn informants(addresses: &[Address], way: &Arc<Way>) -> Vec<Arc<Node>> {
    let node = |address: &Address| Node::new(address.clone(), Role::Informant, Arc::clone(way));
    addresses.iter().map(node).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
