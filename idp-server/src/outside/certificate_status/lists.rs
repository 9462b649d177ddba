//! Revocation lists (CRL, RFC 5280 §5): fetched, taken in, read from the store.

use std::time::Duration;

use futures::future::join_all;
use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::certificate_status::StatusStamp;
use idp_core::model::trust::Trust;
use idp_core::ports::{BroughtList, ListOutcome, StatusRequest};
use idp_core::trust::status::{Authorities, NotKept, keep_list, list_due, list_key};
use pki::pem::{Label, der_or_pem};
use pki::revocation::{MAX_LIST_BYTES, RevocationList};
use pki::{KeyInfo, Rejection};

use super::{SharedStatus, trouble};

/// A list of a hundred megabytes over a slow line.
const PATIENCE: Duration = Duration::from_secs(120);
/// One node at a time fetches from an address; longer than it may take.
const LEASE: Duration = Duration::from_secs(150);
/// Whoever finds another node fetching looks again after this.
const MEANWHILE: Duration = Duration::from_secs(2);

/// What became of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is kept.
    New,
    /// It was known.
    Known,
}

/// Why a list was not taken in.
#[derive(Clone, Debug)]
pub(super) enum NotTaken {
    /// It does not count.
    Refused(NotKept),
    /// The store failed.
    Fault(Fault),
}

impl NotTaken {
    fn reason(&self) -> String {
        match self {
            Self::Refused(why) => why.reason(),
            Self::Fault(fault) => fault.detail.clone(),
        }
    }
}

impl From<Fault> for NotTaken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SharedStatus {
    /// The lists that are kept of an issuer.
    pub(super) async fn lists_of(
        &self,
        issuer: &Digest,
        now: Timestamp,
    ) -> Result<Vec<RevocationList>, Fault> {
        let stamps = if let Some(stamps) = self.0.memory.stamps(issuer, now) {
            stamps
        } else {
            let stamps = self.0.records.kept_lists(issuer).await?;
            self.0.memory.keep_stamps(issuer, stamps.clone(), now);
            stamps
        };
        let mut lists = Vec::with_capacity(stamps.len());
        for stamp in &stamps {
            lists.extend(self.list(&stamp.key, stamp.fetched_at).await?);
        }
        Ok(lists)
    }

    /// The list under a key, as it came at that time or later.
    async fn list(
        &self,
        key: &Digest,
        fetched_at: Timestamp,
    ) -> Result<Option<RevocationList>, Fault> {
        let memory = &self.0.memory;
        if let Some(list) = memory.list(key, fetched_at) {
            return Ok(Some(list));
        }
        let _turn = self.0.reading.lock().await;
        if let Some(list) = memory.list(key, fetched_at) {
            return Ok(Some(list));
        }
        let Some(kept) = self.0.records.kept_status(key).await? else {
            return Ok(None);
        };
        let Ok(list) = parse(kept.body).await? else {
            return Ok(None);
        };
        memory.hold_list(key, list.clone(), kept.fetched_at);
        Ok(Some(list))
    }

    /// Fetches from an address, unless it is too early or somebody does it already.
    pub(super) async fn refresh(&self, address: String, now: Timestamp) {
        if let Some(place) = self.0.places.due(&address, now) {
            let work = self
                .clone()
                .fetch_list(address.clone(), place.authorities, now);
            self.0.flights.join(address, work).await;
        }
    }

    async fn fetch_list(self, address: String, authorities: Authorities, now: Timestamp) {
        match self.is_elsewhere(&address, &authorities, now).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(fault) => return self.note(&fault),
        }
        let name = format!(
            "certificate-status/{}",
            Digest::of(address.as_bytes()).to_base64url()
        );
        let (records, node) = (&self.0.records, &self.0.node);
        match records.lease(&name, node, now, now + LEASE).await {
            Ok(true) => {}
            Ok(false) => {
                self.0.places.wait(&address, now);
                tokio::time::sleep(MEANWHILE).await;
                return self.0.memory.forget_stamps(&authorities.issuers());
            }
            Err(fault) => return self.note(&fault),
        }
        let fetched = self.fetched(&address, authorities, now).await;
        let released = records.lease(&name, node, now, now).await;
        let outcome = match &fetched {
            Ok(Taken::New) => "kept",
            Ok(Taken::Known) => "known",
            Err(_) => "failed",
        };
        metrics::counter!(
            "idp_certificate_status_fetches_total",
            "kind" => "list", "outcome" => outcome
        )
        .increment(1);
        if let Err(why) = fetched
            && self.0.places.failed(&address, now)
        {
            self.note(&trouble(&address, &why));
        }
        if let Err(fault) = released {
            self.note(&fault);
        }
    }

    /// Whether it is not due any more: this node has it since, or another has.
    async fn is_elsewhere(
        &self,
        address: &str,
        authorities: &Authorities,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        if self.0.places.due(address, now).is_none() {
            return Ok(true);
        }
        for issuer in authorities.issuers() {
            let stamps = self.0.records.kept_lists(&issuer).await?;
            let here = |stamp: &&StatusStamp| stamp.address == address;
            let found = stamps.iter().find(here).cloned();
            self.0.memory.keep_stamps(&issuer, stamps, now);
            let Some(stamp) = found else { continue };
            let life = (stamp.this_update, stamp.until);
            if now < list_due(life, stamp.fetched_at, 0) {
                self.0.places.gave(address, life, (stamp.fetched_at, now));
                return Ok(self.0.places.due(address, now).is_none());
            }
        }
        Ok(false)
    }

    async fn fetched(
        &self,
        address: &str,
        authorities: Authorities,
        now: Timestamp,
    ) -> Result<Taken, String> {
        let request = StatusRequest {
            url: address.to_owned(),
            question: None,
            most_bytes: MAX_LIST_BYTES,
            patience: PATIENCE,
        };
        let came = self.0.fetch.fetch_status(request).await;
        let came = came.map_err(|fault| fault.detail)?;
        if came.status != 200 {
            return Err(format!("status {}", came.status));
        }
        let taken = self.take(came.body, authorities, address, now).await;
        taken.map_err(|why| why.reason())
    }

    /// Takes a list in that came from an address, DER or PEM, signed by one of these authorities.
    ///
    /// # Errors
    /// Those of [`RevocationList::parse`] and [`keep_list`]; a fault of the store.
    pub(super) async fn take(
        &self,
        octets: Vec<u8>,
        authorities: Authorities,
        address: &str,
        now: Timestamp,
    ) -> Result<Taken, NotTaken> {
        let list = parse(octets).await?.map_err(refused)?;
        let taken = self
            .taken(&list, authorities, (address, false), now)
            .await?;
        if let Some(until) = list.next_update() {
            let life = (timestamp(list.this_update()), timestamp(until));
            self.0.places.gave(address, life, (now, now));
        }
        Ok(taken)
    }

    async fn taken(
        &self,
        list: &RevocationList,
        authorities: Authorities,
        (address, rehearsal): (&str, bool),
        now: Timestamp,
    ) -> Result<Taken, NotTaken> {
        let signer = signer(list.clone(), authorities).await?.map_err(refused)?;
        let key = list_key(list, &signer);
        let there = self.list(&key, Timestamp::EPOCH).await?;
        if there
            .as_ref()
            .is_some_and(|there| there.der() == list.der())
        {
            return Ok(Taken::Known);
        }
        let kept = keep_list(list, there.as_ref(), (&signer, address), now);
        let kept = kept.map_err(NotTaken::Refused)?;
        if rehearsal {
            return Ok(Taken::New);
        }
        let issuer = kept.issuer;
        let is_kept = self.0.records.keep_status(kept).await?;
        self.0.memory.forget_stamps(&[issuer]);
        if !is_kept {
            return Err(NotTaken::Refused(NotKept::OlderThanKept));
        }
        self.0.memory.hold_list(&key, list.clone(), now);
        Ok(Taken::New)
    }

    /// As [`idp_core::ports::CertificateStatus::bring`].
    pub(super) async fn brought(
        &self,
        octets: Vec<u8>,
        authorities: Authorities,
        now: Timestamp,
        rehearsal: bool,
    ) -> Result<BroughtList, Fault> {
        let list = match parse(octets).await? {
            Ok(list) => list,
            Err(why) => return Ok(no_list(why)),
        };
        let taken = self.taken(&list, authorities, ("", rehearsal), now).await;
        let outcome = match taken {
            Ok(Taken::New) => ListOutcome::Kept,
            Ok(Taken::Known) => ListOutcome::Known,
            Err(NotTaken::Refused(why)) => ListOutcome::Refused(why.reason()),
            Err(NotTaken::Fault(fault)) => return Err(fault),
        };
        Ok(BroughtList {
            issuer: name(list.issuer()),
            this_update: Some(timestamp(list.this_update())),
            next_update: list.next_update().map(timestamp),
            entries: list.len() as u64,
            outcome,
        })
    }

    /// Fetches what is due of the lists in the anchors' rules and of those seen in use, and tells how
    /// old they are.
    pub async fn prefetch(&self, trust: &Trust, now: Timestamp) {
        for anchor in trust.anchors.iter().filter(|anchor| anchor.counts_at(now)) {
            if let Ok(authorities) = Authorities::of_anchor(anchor) {
                for address in &anchor.revocation.list_addresses {
                    self.0.places.note(address, &authorities, now);
                }
            }
        }
        let due = self.0.places.all_due(now);
        join_all(due.into_iter().map(|address| self.refresh(address, now))).await;
        self.measure(now);
    }

    fn measure(&self, now: Timestamp) {
        let mut outdated = 0_u32;
        for (address, gave) in self.0.places.list() {
            let Some((made, until)) = gave else {
                outdated += 1;
                continue;
            };
            outdated += u32::from(until <= now);
            metrics::gauge!("idp_certificate_list_age_seconds", "address" => address)
                .set(now.since(made).as_secs_f64());
        }
        metrics::gauge!("idp_certificate_lists_outdated").set(f64::from(outdated));
    }
}

/// Parses on a thread of its own: a million entries take a good part of a second.
async fn parse(octets: Vec<u8>) -> Result<Result<RevocationList, Rejection>, Fault> {
    let parsing = tokio::task::spawn_blocking(move || {
        let der = der_or_pem(Label::RevocationList, &octets)?;
        RevocationList::parse(&der)
    });
    parsing.await.map_err(SharedStatus::broken)
}

/// Finds the signer on a thread of its own: forty megabytes are hashed.
async fn signer(
    list: RevocationList,
    authorities: Authorities,
) -> Result<Result<KeyInfo, Rejection>, Fault> {
    let verifying = tokio::task::spawn_blocking(move || authorities.signer_of(&list).cloned());
    verifying.await.map_err(SharedStatus::broken)
}

fn refused(why: Rejection) -> NotTaken {
    NotTaken::Refused(why.into())
}

/// The values of a name, for people.
fn name(of: &pki::Name) -> String {
    let attributes = of.attributes();
    let values = attributes.iter().filter_map(pki::Attribute::text);
    values.collect::<Vec<_>>().join(", ")
}

fn no_list(why: Rejection) -> BroughtList {
    BroughtList {
        issuer: String::new(),
        this_update: None,
        next_update: None,
        entries: 0,
        outcome: ListOutcome::Refused(why.reason()),
    }
}

fn timestamp(time: pki::Time) -> Timestamp {
    Timestamp::from_seconds(time.seconds())
}
