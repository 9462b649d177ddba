//! The outbox's worker: several receivers have their turn at once, and none waits for another's
//! slowest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use idp_core::base::fault::Fault;
use idp_core::flow::Failure;
use idp_core::flow::deliver::ReceiverTurn;
use idp_core::flow::receivers::Receiver;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

use super::{context, rounds};
use crate::http::site::Shared;

/// So many receivers are spoken to at the same time.
const MOST_AT_ONCE: usize = 8;
/// So many turns are begun or wait for one of those places. More would wait longer than what they
/// hold is leased.
const MOST_BEGUN: usize = 32;

/// So often the outbox is asked in one round: a receiver with very much to get is put off piece by
/// piece.
const MOST_LEASES: usize = 8;

/// Turns that go on from one look at the outbox to the next.
pub(super) struct Deliveries {
    site: Shared,
    places: Arc<Semaphore>,
    running: JoinSet<Result<(), Failure>>,
    /// Whose turn each running task is: a receiver has one at a time, which keeps its order.
    busy: HashMap<Id, Receiver>,
    /// The turn that follows for a receiver whose turn it is.
    next: BTreeMap<Receiver, ReceiverTurn>,
}

impl Deliveries {
    pub(super) fn new(site: &Shared) -> Self {
        Self {
            site: site.clone(),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            running: JoinSet::new(),
            busy: HashMap::new(),
            next: BTreeMap::new(),
        }
    }

    /// Takes up what is due, and waits for nobody. Takes up nothing by a clock that is off.
    ///
    /// # Errors
    /// A fault of the store or the clock, or the first of the turns that ended since.
    pub(super) async fn round(&mut self) -> Result<(), Failure> {
        let mut ended = Ok(());
        while let Some(turn) = self.running.try_join_next_with_id() {
            ended = ended.and(self.end(turn));
        }
        let records = self.site.provider.records.as_ref();
        self.site.clock.check(records).await?;
        for _ in 0..MOST_LEASES {
            if self.running.len() >= MOST_BEGUN {
                break;
            }
            let now = self.site.clock.now();
            let turns = self.site.provider.lease_deliveries(now).await?;
            if turns.is_empty() {
                break;
            }
            for turn in turns {
                self.take_up(turn).await?;
            }
        }
        rounds::measure_outbox(&self.site).await?;
        ended
    }

    /// Waits until everything that was taken up has had its turn.
    ///
    /// # Errors
    /// The first fault of the turns.
    pub(super) async fn finish(&mut self) -> Result<(), Failure> {
        let mut ended = Ok(());
        while let Some(turn) = self.running.join_next_with_id().await {
            ended = ended.and(self.end(turn));
        }
        ended
    }

    async fn take_up(&mut self, turn: ReceiverTurn) -> Result<(), Failure> {
        let receiver = turn.receiver();
        if !self.busy.values().any(|busy| busy == receiver) {
            self.begin(turn);
        } else if !self.next.contains_key(receiver) {
            self.next.insert(receiver.clone(), turn);
        } else {
            let mut context = context(&self.site)?;
            self.site.provider.hand_back(turn, &mut context).await?;
        }
        Ok(())
    }

    fn begin(&mut self, turn: ReceiverTurn) {
        let (site, places) = (self.site.clone(), self.places.clone());
        let receiver = turn.receiver().clone();
        let begun = self.running.spawn(async move {
            let _place = places.acquire_owned().await;
            let contexts = || context(&site);
            site.provider.deliver(turn, contexts).await
        });
        self.busy.insert(begun.id(), receiver);
    }

    /// Lets the turn begin that waited for this one.
    fn end(&mut self, ended: Result<(Id, Result<(), Failure>), JoinError>) -> Result<(), Failure> {
        let (id, result) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(Fault::lasting("outbox", error).into())),
        };
        let receiver = self.busy.remove(&id);
        if let Some(next) = receiver.and_then(|receiver| self.next.remove(&receiver)) {
            self.begin(next);
        }
        result
    }
}
