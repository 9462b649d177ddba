//! Whether certificates are revoked: asked outside, kept in the store where all nodes find it, and
//! held in memory where it is used.
//!
//! The ladder for each certificate of a path: its responder (OCSP), its lists (CRL), the lists of
//! before. Nothing fails because nobody answers: what was known stays known, and the rules of the
//! anchor decide what that is worth. What is kept, and when who is asked again, are rules of
//! [`idp_core::trust::status`].

mod answers;
mod flights;
mod lists;
mod memory;
mod places;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::trust::Trust;
use idp_core::ports::{
    BroughtList, CertificateStatus, Fetch, Notices, StatusEvidence, StatusQuestion,
};
use idp_core::store::records::Records;
use idp_core::trust::status::{Authorities, Inquiry};
use tokio::time::timeout;

use crate::outside::entropy::Generator;
use answers::Silence;
use flights::Flights;
use memory::Memory;
use places::Places;

const PLACE: &str = "certificate_status";

/// A person waits at most so long for others; what was begun goes on without them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Learns the status of certificates. Cheap to clone.
#[derive(Clone)]
pub struct SharedStatus(Arc<Inner>);

struct Inner {
    records: Arc<dyn Records>,
    fetch: Arc<dyn Fetch>,
    notices: Arc<dyn Notices>,
    generator: Generator,
    node: Arc<str>,
    memory: Memory,
    places: Places,
    silence: Silence,
    flights: Flights,
    /// One large list is read from the store at a time.
    reading: tokio::sync::Mutex<()>,
}

impl SharedStatus {
    /// A node's own view of what all nodes share.
    #[must_use]
    pub fn new(
        records: Arc<dyn Records>,
        fetch: Arc<dyn Fetch>,
        notices: Arc<dyn Notices>,
        (generator, node): (Generator, Arc<str>),
    ) -> Self {
        Self(Arc::new(Inner {
            records,
            fetch,
            notices,
            generator,
            node,
            memory: Memory::default(),
            places: Places::default(),
            silence: Silence::default(),
            reading: tokio::sync::Mutex::default(),
            flights: Flights::default(),
        }))
    }

    /// One certificate of the path: its responders, and its lists where none of them answers.
    async fn ladder(&self, question: StatusQuestion<'_>, at: usize) -> Result<(), Fault> {
        let mut answered = false;
        for inquiry in Inquiry::of(question.path, at, question.rule) {
            answered = self.inquire(inquiry, question).await?;
            if answered {
                break;
            }
        }
        if !answered {
            self.consult(question, at).await;
        }
        Ok(())
    }

    /// The lists of one certificate, all at once; then what amends them.
    async fn consult(&self, question: StatusQuestion<'_>, at: usize) {
        let authorities = Authorities::of_path(question.path);
        let certificate = question.path.certificates().get(at);
        let named = certificate.filter(|_| question.rule.lists);
        let mut addresses: Vec<&str> = named.map(pki::addresses::lists).unwrap_or_default();
        addresses.extend(question.rule.list_addresses.iter().map(String::as_str));
        let refresh = |address: &str| {
            self.0.places.note(address, &authorities, question.now);
            self.refresh(address.to_owned(), question.now)
        };
        join_all(addresses.iter().map(|address| refresh(address))).await;
        let held = self.0.memory.held_lists(&authorities.issuers());
        let deltas = held.iter().flat_map(|list| {
            let points = pki::addresses::of_points(list.freshest());
            points.take(pki::addresses::MOST_ADDRESSES)
        });
        if question.rule.lists {
            join_all(deltas.map(refresh)).await;
        }
    }
}

#[async_trait]
impl CertificateStatus for SharedStatus {
    async fn known(&self, question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        let mut evidence = StatusEvidence::default();
        for issuer in Authorities::of_path(question.path).issuers() {
            let lists = self.lists_of(&issuer, question.now).await?;
            evidence.lists.extend(lists);
        }
        for at in 0..question.path.certificates().len() {
            for inquiry in Inquiry::of(question.path, at, question.rule) {
                let answer = self.answer(&inquiry.key(), question.now).await?;
                evidence.answers.extend(answer.map(|known| known.response));
            }
        }
        Ok(evidence)
    }

    async fn learned(&self, question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        // What rests is looked at first: another node may have asked a minute ago.
        self.known(question).await?;
        let all = question.path.certificates().len();
        let asking = join_all((0..all).map(|at| self.ladder(question, at)));
        if let Ok(asked) = timeout(PATIENCE, asking).await {
            asked.into_iter().collect::<Result<(), Fault>>()?;
        }
        self.known(question).await
    }

    async fn bring(
        &self,
        list: Vec<u8>,
        trust: &Trust,
        now: Timestamp,
        rehearsal: bool,
    ) -> Result<BroughtList, Fault> {
        let authorities = Authorities::of_trust(trust, now);
        self.brought(list, authorities, now, rehearsal).await
    }
}

/// Where something rests in memory: digests are no keys of maps by themselves.
type Slot = [u8; 32];

const fn slot(digest: &Digest) -> Slot {
    *digest.as_bytes()
}

/// The whole of what a node says of trouble with an address: once when it begins.
fn trouble(address: &str, why: &str) -> Fault {
    Fault::transient(PLACE, format!("{address}: {why}"))
}

/// Whether something that was looked at is to be looked at again, because another node may have
/// changed it.
fn is_stale(looked_at: Timestamp, now: Timestamp) -> bool {
    const GLANCE: Duration = Duration::from_secs(60);
    now >= looked_at + GLANCE
}
