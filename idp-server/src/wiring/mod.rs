//! Puts an installation together; the only room that names concrete stores.

mod store;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use idp_core::base::fault::Fault;
use idp_core::flow::Provider;
use idp_core::model::configuration::SharedConfiguration;
use idp_core::policy::Policy;
use idp_core::store::records::Records;
use idp_store::redis::RedisSettings;

use crate::config::CertificateSettings;
use crate::http::health::Examination;
use crate::http::site::{Logo, Shared, Site};
use crate::outside::certificate_status::SharedStatus;
use crate::outside::clock::Clock;
use crate::outside::device::Device;
use crate::outside::entropy::Generator;
use crate::outside::fetch::{FetchRules, GuardedFetch};
use crate::outside::key_maker::SealedKeyMaker;
use crate::outside::key_ring::Opener;
use crate::outside::master_key::MasterKey;
use crate::outside::passwords::{HashingBounds, HashingThreads};
use crate::outside::signer::RingSigner;
use crate::refusals::Refusals;
use crate::telemetry::faults::Logged;
use crate::ui::{Branding, Pages};

pub use store::{Place, Store};

/// What an installation is made of.
pub struct Parts<'a> {
    /// Its rules.
    pub policy: Policy,
    /// Where its data rest.
    pub place: Place,
    /// What it must be told as the other nodes on the same database.
    pub shared: SharedConfiguration,
    /// Redis for its tickets; they rest in the store otherwise.
    pub tickets: Option<RedisSettings>,
    /// Its key-encrypting key.
    pub master: &'a MasterKey,
    /// The device that holds private keys.
    pub device: Option<Device>,
    /// What its pages look like.
    pub branding: Branding,
    /// The province's own logo.
    pub logo: Option<Logo>,
    /// How people sign in with certificates.
    pub certificates: CertificateSettings,
    /// How it asks others.
    pub fetch: FetchRules,
    /// How many passwords are hashed at once.
    pub hashing: HashingBounds,
    /// Its clock.
    pub clock: Clock,
}

/// An installation, put together.
pub struct Installation {
    /// What the handlers share.
    pub site: Shared,
    /// Makes keys.
    pub key_maker: Arc<SealedKeyMaker>,
    /// The signer, told when keys change here.
    pub signer: Arc<RingSigner>,
    /// Learns the status of certificates.
    pub status: SharedStatus,
    /// The store, closed at the end.
    pub store: Store,
    /// This process among those that share the store; another name at each start.
    pub node: Arc<str>,
}

/// Puts an installation together.
///
/// # Errors
/// A fault in the operator's words: the store is locked, damaged or newer; a key does not open;
/// Redis is not reachable or not safe for tickets.
pub async fn assemble(parts: Parts<'_>) -> Result<Installation, Fault> {
    let (store, beside) = Store::open(&parts.place).await?;
    let here = (&store, beside);
    let tickets = store::tickets(parts.tickets.as_ref(), here, parts.clock.now()).await?;
    let generator = Generator::system();
    let node = node(&generator)?;
    let records = store.records();
    let clock = parts.clock;
    let opener = Opener {
        sealing: parts.master.sealing_key("keys")?,
        generator: generator.clone(),
        device: parts.device.clone(),
    };
    let signer = Arc::new(RingSigner::new(records.clone(), opener, clock.clone()));
    let sealing = Arc::new(parts.master.sealing_key("keys")?);
    let key_maker = SealedKeyMaker::new(sealing, generator.clone(), parts.device);
    let passwords =
        HashingThreads::new(parts.policy.password_cost, parts.hashing, generator.clone());
    let fetch = Arc::new(GuardedFetch::new(parts.fetch));
    let status = status(&records, &fetch, (&generator, &node));
    let provider = Provider {
        records,
        tickets,
        signer: signer.clone(),
        passwords: Arc::new(passwords),
        fetch,
        certificate_status: Arc::new(status.clone()),
        notices: Arc::new(Logged),
        key_sets: Arc::default(),
        request_objects: Arc::default(),
        receivers: Arc::default(),
        framing_origins: Arc::default(),
        ticket_sealing: Arc::new(parts.master.sealing_key("tickets")?),
        client_sealing: Arc::new(parts.master.sealing_key("clients")?),
        outbox_sealing: Arc::new(parts.master.sealing_key("outbox")?),
        policy: Arc::new(parts.policy),
        shared_configuration: matches!(parts.place, Place::Database(_))
            .then(|| Arc::new(parts.shared)),
    };
    let pages = Pages::new(parts.branding).map_err(|e| Fault::lasting("pages", e))?;
    let site = Site {
        provider,
        pages,
        logo: parts.logo,
        certificates: parts.certificates,
        clock,
        generator,
        refusals: Refusals::default(),
        stopping: AtomicBool::new(false),
        examination: Examination::default(),
    };
    Ok(Installation {
        site: Arc::new(site),
        key_maker: Arc::new(key_maker),
        signer,
        status,
        store,
        node,
    })
}

/// What learns the status of certificates.
fn status(
    records: &Arc<dyn Records>,
    fetch: &Arc<GuardedFetch>,
    (generator, node): (&Generator, &Arc<str>),
) -> SharedStatus {
    SharedStatus::new(
        records.clone(),
        fetch.clone(),
        Arc::new(Logged),
        (generator.clone(), node.clone()),
    )
}

/// A name that no other process takes, on whatever machine: leases are held by it.
fn node(generator: &Generator) -> Result<Arc<str>, Fault> {
    let random = u64::from_be_bytes(generator.entropy()?.bytes::<8>());
    Ok(format!("process-{}-{random:016x}", std::process::id()).into())
}
