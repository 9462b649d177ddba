//! Puts an installation together; the only file that names concrete stores.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use idp_core::base::fault::Fault;
use idp_core::flow::Provider;
use idp_core::policy::Policy;
use idp_core::store::records::Records;
use idp_core::store::tickets::Tickets;
use idp_store::redis::{self, RedisSettings};
use idp_store::sqlite::{OpenOptions, SqliteRecords, open};

use crate::http::site::{Logo, Shared, Site};
use crate::outside::clock::Clock;
use crate::outside::entropy::Generator;
use crate::outside::fetch::{FetchRules, GuardedFetch};
use crate::outside::key_maker::SealedKeyMaker;
use crate::outside::master_key::MasterKey;
use crate::outside::passwords::{HashingBounds, HashingThreads};
use crate::outside::signer_file::FileSigner;
use crate::refusals::Refusals;
use crate::ui::{Branding, Pages};

/// What an installation is made of.
pub struct Parts<'a> {
    /// Its rules.
    pub policy: Policy,
    /// Its store.
    pub folder: &'a Path,
    /// Redis for its tickets; they rest in the store otherwise.
    pub tickets: Option<RedisSettings>,
    /// Whether a store that does not exist is made.
    pub create: bool,
    /// Its key-encrypting key.
    pub master: &'a MasterKey,
    /// What its pages look like.
    pub branding: Branding,
    /// The province's own logo.
    pub logo: Option<Logo>,
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
    pub signer: Arc<FileSigner>,
    /// The store, closed at the end.
    pub records: Arc<SqliteRecords>,
}

/// Puts an installation together.
///
/// # Errors
/// A fault in the operator's words: the store is locked, damaged or newer; a key does not open;
/// Redis is not reachable or not safe for tickets.
pub async fn assemble(parts: Parts<'_>) -> Result<Installation, Fault> {
    let options = OpenOptions {
        create: parts.create,
        ..OpenOptions::default()
    };
    let (records, tickets) = open(parts.folder, options).await?;
    let tickets: Arc<dyn Tickets> = match &parts.tickets {
        Some(settings) => Arc::new(redis::open(settings).await?),
        None => Arc::new(tickets),
    };
    let records = Arc::new(records);
    let generator = Generator::system();
    let shared: Arc<dyn Records> = records.clone();
    let keys = parts.master.sealing_key("keys")?;
    let clock = parts.clock;
    let signer = FileSigner::new(shared.clone(), keys, generator.clone(), clock.clone());
    let signer = Arc::new(signer);
    let key_maker = SealedKeyMaker::new(
        Arc::new(parts.master.sealing_key("keys")?),
        generator.clone(),
    );
    let passwords =
        HashingThreads::new(parts.policy.password_cost, parts.hashing, generator.clone());
    let provider = Provider {
        records: shared,
        tickets,
        signer: signer.clone(),
        passwords: Arc::new(passwords),
        fetch: Arc::new(GuardedFetch::new(parts.fetch)),
        key_sets: Arc::default(),
        receivers: Arc::default(),
        ticket_sealing: Arc::new(parts.master.sealing_key("tickets")?),
        outbox_sealing: Arc::new(parts.master.sealing_key("outbox")?),
        policy: Arc::new(parts.policy),
    };
    let pages = Pages::new(parts.branding).map_err(|e| Fault::lasting("pages", e))?;
    let site = Site {
        provider,
        pages,
        logo: parts.logo,
        clock,
        generator,
        refusals: Refusals::default(),
        stopping: AtomicBool::new(false),
    };
    Ok(Installation {
        site: Arc::new(site),
        key_maker: Arc::new(key_maker),
        signer,
        records,
    })
}
