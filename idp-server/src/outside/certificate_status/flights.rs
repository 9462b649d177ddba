//! One request at a time for each thing that is asked, however many wait for it; and not too many
//! at once in all.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::sync::Semaphore;

/// So many requests about status are under way at once.
const MOST_AT_ONCE: usize = 32;

type Flight = Shared<BoxFuture<'static, ()>>;

/// What is under way.
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<String, Flight>>>,
    places: Arc<Semaphore>,
}

impl Default for Flights {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        }
    }
}

impl Flights {
    /// Waits for the work of this name that is under way, or begins it. It goes on when nobody waits
    /// for it any more.
    pub(super) fn join<W>(&self, name: String, work: W) -> Flight
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(&name) {
            return flight.clone();
        }
        let (all, places, done) = (self.under_way.clone(), self.places.clone(), name.clone());
        let task = tokio::spawn(async move {
            let place = places.acquire_owned().await;
            work.await;
            drop(place);
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&done);
        });
        // Work that broke off has been said where it broke.
        let flight = task.map(drop).boxed().shared();
        under_way.insert(name, flight.clone());
        flight
    }
}
