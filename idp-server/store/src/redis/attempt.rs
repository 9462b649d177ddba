//! One attempt at a time, shared by all who wait for its outcome.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use idp_core::base::fault::Fault;

/// How long after its beginning a failed attempt answers for those who come later, so that a
/// server that is down is asked ten times a second and not once for every caller.
const PAUSE: Duration = Duration::from_millis(100);

type Outcome<T> = Shared<BoxFuture<'static, Result<T, Fault>>>;

/// Something that is tried by one task while many wait. The attempt goes on when those who wait
/// give up.
#[derive(Debug)]
pub(super) struct Attempt<T> {
    latest: Mutex<Option<(Instant, Outcome<T>)>>,
}

impl<T> Default for Attempt<T> {
    fn default() -> Self {
        Self {
            latest: Mutex::new(None),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Attempt<T> {
    /// The outcome of the attempt that is running or has just failed, else of a new one.
    pub(super) fn join<F>(&self, begin: impl FnOnce() -> F) -> Outcome<T>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((begun, outcome)) = &*latest {
            let counts = match outcome.peek() {
                None => true,
                Some(Err(_)) => begun.elapsed() < PAUSE,
                Some(Ok(_)) => false,
            };
            if counts {
                return outcome.clone();
            }
        }
        let task = tokio::spawn(begin());
        let outcome = async move {
            let ended = task.await;
            ended.unwrap_or_else(|e| Err(Fault::transient("tickets", e)))
        };
        let outcome = outcome.boxed().shared();
        *latest = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_wait_for_one_attempt() {
        let attempt = Attempt::default();
        let begun = Arc::new(AtomicU32::new(0));
        let begin = |result: Result<u32, Fault>| {
            let begun = Arc::clone(&begun);
            move || async move {
                begun.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                result
            }
        };
        let failure = Fault::transient("tickets", "down");
        let waiting = [
            attempt.join(begin(Err(failure))),
            attempt.join(begin(Ok(2))),
        ];
        for outcome in futures::future::join_all(waiting).await {
            assert!(outcome.is_err());
        }
        assert!(attempt.join(begin(Ok(3))).await.is_err(), "the pause");
        tokio::time::sleep(PAUSE).await;
        assert_eq!(attempt.join(begin(Ok(4))).await.unwrap(), 4);
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
