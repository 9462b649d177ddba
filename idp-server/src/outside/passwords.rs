//! Password hashing on threads of its own, a bounded number at a time.
//!
//! One Argon2id computation takes tens of milliseconds of a core and 19 MiB. Without a bound, a
//! burst of sign-ins would take every core and all memory from everything else; so at most as many
//! run as there are slots, a bounded queue waits a bounded time, and everybody else is told to
//! come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use idp_core::authn::password::{
    HashProblem, ImportedHash, StoredPassword, check_nothing, hash_password,
};
use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::policy::PasswordCost;
use idp_core::ports::{PasswordVerdict, Passwords};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::entropy::Generator;

/// How much hashing may go on at once, and how long somebody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingBounds {
    /// Computations at the same time; at least one.
    pub parallel: usize,
    /// Waiting at the same time; more are refused at once.
    pub queue: usize,
    /// The longest wait for a slot.
    pub wait: Duration,
}

impl Default for HashingBounds {
    /// One slot per core, 64 waiting, five seconds.
    fn default() -> Self {
        Self {
            parallel: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
            wait: Duration::from_secs(5),
        }
    }
}

/// Argon2id behind [`Passwords`].
pub struct HashingThreads {
    cost: PasswordCost,
    bounds: HashingBounds,
    generator: Generator,
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    memory: Arc<Memory>,
}

/// Computations so far, and whether somebody waits to give their memory back.
#[derive(Default)]
struct Memory {
    computed: AtomicUsize,
    awaited: AtomicBool,
}

/// After this long without a computation their memory goes back to the system.
const QUIET: Duration = Duration::from_secs(2);

/// Larger than one computation at the default cost.
const LARGE: usize = 32 << 20;

impl Memory {
    /// Counts a computation, and sees to it that the memory goes back when it was the last for a
    /// while. The allocator keeps the freed blocks until the next large one comes or goes, and on
    /// a server that became quiet none does. So one comes, which nobody writes to and which
    /// therefore takes no memory itself: twice, since the first only marks what is due.
    fn computed(self: &Arc<Self>) {
        self.computed.fetch_add(1, Ordering::Relaxed);
        if self.awaited.swap(true, Ordering::Relaxed) {
            return;
        }
        let memory = Arc::clone(self);
        tokio::spawn(async move {
            let mut before = memory.computed.load(Ordering::Relaxed);
            loop {
                tokio::time::sleep(QUIET).await;
                let now = memory.computed.load(Ordering::Relaxed);
                if now == before {
                    break;
                }
                before = now;
            }
            memory.awaited.store(false, Ordering::Relaxed);
            for _ in 0..2 {
                drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
                tokio::time::sleep(QUIET).await;
            }
        });
    }
}

/// Counts one who waits for as long as it lives, also when the caller goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HashingThreads {
    /// Hashes with `cost`, within `bounds`.
    #[must_use]
    pub fn new(cost: PasswordCost, bounds: HashingBounds, generator: Generator) -> Self {
        Self {
            cost,
            bounds,
            generator,
            slots: Arc::new(Semaphore::new(bounds.parallel.max(1))),
            waiting: AtomicUsize::new(0),
            memory: Arc::default(),
        }
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, Fault> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(slot);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.bounds.queue {
            return Err(Fault::transient("passwords", "the queue is full"));
        }
        let slot = Arc::clone(&self.slots).acquire_owned();
        match tokio::time::timeout(self.bounds.wait, slot).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) => Err(Fault::lasting("passwords", "the slots are closed")),
            Err(_) => Err(Fault::transient("passwords", "waited too long for a slot")),
        }
    }

    /// Runs `work` on a blocking thread; the slot is held until the work is done, even when the
    /// caller is gone by then.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashProblem> + Send + 'static,
    ) -> Result<T, Fault> {
        let slot = self.slot().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        let answer = done
            .await
            .map_err(|_| Fault::lasting("passwords", "hashing broke off"));
        self.memory.computed();
        let answer = answer?;
        answer.map_err(|problem| Fault::lasting("passwords", problem))
    }
}

#[async_trait]
impl Passwords for HashingThreads {
    async fn verify(
        &self,
        hash: Option<&str>,
        password: &SecretText,
    ) -> Result<PasswordVerdict, Fault> {
        let (cost, password) = (self.cost, password.clone());
        let hash = hash.map(str::to_owned);
        self.run(move || {
            let Some(hash) = hash else {
                check_nothing(&password, cost)?;
                return Ok(PasswordVerdict {
                    correct: false,
                    outdated: false,
                });
            };
            let stored = StoredPassword::parse(&hash)?;
            Ok(PasswordVerdict {
                correct: stored.matches(&password)?,
                outdated: stored.is_outdated(cost),
            })
        })
        .await
    }

    async fn hash(&self, password: &SecretText) -> Result<String, Fault> {
        let (cost, password) = (self.cost, password.clone());
        let mut entropy = self.generator.entropy()?;
        self.run(move || hash_password(&password, cost, &mut entropy))
            .await
    }

    async fn wrap(&self, imported: &SecretText) -> Result<String, Fault> {
        let (cost, imported) = (self.cost, imported.clone());
        let mut entropy = self.generator.entropy()?;
        self.run(move || ImportedHash::parse(imported.expose())?.wrap(cost, &mut entropy))
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{HashingBounds, HashingThreads};
    use crate::outside::entropy::Generator;
    use idp_core::base::secret::SecretText;
    use idp_core::policy::PasswordCost;
    use idp_core::ports::Passwords;

    const CHEAP: PasswordCost = PasswordCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn threads(parallel: usize, queue: usize, wait: Duration) -> HashingThreads {
        let bounds = HashingBounds {
            parallel,
            queue,
            wait,
        };
        HashingThreads::new(CHEAP, bounds, Generator::system())
    }

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[tokio::test]
    async fn verdicts_tell_right_from_wrong_and_old_from_new() {
        let threads = threads(2, 2, Duration::from_secs(5));
        let hash = threads.hash(&secret("mưa rơi")).await.unwrap();
        let right = threads
            .verify(Some(&hash), &secret("mưa rơi"))
            .await
            .unwrap();
        assert!(right.correct && !right.outdated);
        assert!(
            !threads
                .verify(Some(&hash), &secret("nắng"))
                .await
                .unwrap()
                .correct
        );
        assert!(
            !threads
                .verify(None, &secret("mưa rơi"))
                .await
                .unwrap()
                .correct
        );
        let costly = PasswordCost { passes: 2, ..CHEAP };
        let stricter = HashingThreads::new(costly, threads.bounds, Generator::system());
        let right = stricter
            .verify(Some(&hash), &secret("mưa rơi"))
            .await
            .unwrap();
        assert!(right.correct && right.outdated);
        let fault = threads.verify(Some("x"), &secret("x")).await.unwrap_err();
        assert!(
            !fault.transient,
            "a hash that cannot be read is the operator's trouble"
        );
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_or_waits_too_long_is_told_to_come_back() {
        let threads = Arc::new(threads(1, 1, Duration::from_millis(200)));
        let taken = Arc::clone(&threads.slots).acquire_owned().await.unwrap();
        let waiting = tokio::spawn({
            let threads = Arc::clone(&threads);
            async move { threads.hash(&secret("x")).await }
        });
        while threads.waiting.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let full = threads.hash(&secret("x")).await.unwrap_err();
        assert!(
            full.transient && full.detail == "the queue is full",
            "{full}"
        );
        let waited = waiting.await.unwrap().unwrap_err();
        assert!(
            waited.transient && waited.detail.contains("too long"),
            "{waited}"
        );
        drop(taken);
        assert!(
            threads.hash(&secret("x")).await.is_ok(),
            "the slot came back"
        );
        assert_eq!(
            threads.waiting.load(std::sync::atomic::Ordering::Relaxed),
            0
        );
    }
}
