//! Private keys in a PKCS#11 device (OASIS PKCS#11 3.0): a module in this process, a token behind
//! it, and threads that sign, each with a session of its own.
//!
//! Nothing here is shared with keys that rest in the store: a device that is slow, frozen or gone
//! holds up only its own keys. A call into the module cannot be broken off, so whoever waits for
//! it stops waiting after two seconds, and whoever comes when too many wait is told so at once.

mod door;
mod key;
mod objects;
#[cfg(test)]
mod tests;
mod trouble;
mod worker;

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::jose::{PublicKey, SigningAlgorithm};
use idp_core::ports::Obstacle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use door::Door;
pub use door::Tries;
pub(super) use key::DeviceKey;
pub use trouble::Trouble;
use worker::{Job, Order, Worker};

/// The longest wait for a signature.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest wait for the module to load, or for a first session.
const OPENING: Duration = Duration::from_secs(10);
/// The longest wait for a new key: RSA keys take a smart card up to a minute.
const MAKING: Duration = Duration::from_secs(90);
/// So many signatures may wait.
const QUEUE: usize = 256;

/// Which device, and how it is used.
#[derive(Clone, Debug)]
pub struct DeviceOptions {
    /// The module: a shared library, which becomes part of this process.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The PIN of the token's user.
    pub pin: SecretText,
    /// Signatures at the same time; at least one.
    pub sessions: usize,
    /// How far the PIN may be risked.
    pub tries: Tries,
}

/// A device. Cheap to clone; its threads end with its last clone.
#[derive(Clone)]
pub struct Device {
    queue: SyncSender<Job>,
    door: Arc<Door>,
    making: Arc<Semaphore>,
}

impl Device {
    /// Loads the module, tries the PIN once and starts the threads. A token that is not there is
    /// no hindrance: it is looked for when a signature is wanted, and readiness tells.
    ///
    /// # Errors
    /// A lasting fault when the module cannot be loaded or the PIN is refused.
    pub async fn open(options: DeviceOptions) -> Result<Self, Fault> {
        let sessions = options.sessions.max(1);
        let DeviceOptions {
            module, token, pin, ..
        } = options;
        let load = move || Door::load(&module, &token, &pin, options.tries);
        let door = Arc::new(on_thread(OPENING, load).await??);
        let knock = Arc::clone(&door);
        match on_thread(OPENING, move || knock.session(false).map(drop)).await {
            Ok(Err(refused)) if refused.obstacle == Obstacle::PinRefused => {
                return Err(refused.into());
            }
            Ok(Err(trouble)) | Err(trouble) => {
                tracing::warn!(detail = %trouble.detail, "the PKCS#11 device does not answer");
            }
            Ok(Ok(())) => {}
        }
        let (queue, orders) = sync_channel(QUEUE);
        let orders = Arc::new(Mutex::new(orders));
        for number in 0..sessions {
            let (worker, orders) = (Worker::new(Arc::clone(&door)), Arc::clone(&orders));
            std::thread::Builder::new()
                .name(format!("device-{number}"))
                .spawn(move || worker.run(&orders))
                .map_err(|e| Fault::lasting("device", e))?;
        }
        Ok(Self {
            queue,
            door,
            making: Arc::new(Semaphore::new(1)),
        })
    }

    /// Whether the token is there and lets us in.
    ///
    /// # Errors
    /// Why not.
    pub async fn knock(&self) -> Result<(), Trouble> {
        let door = Arc::clone(&self.door);
        on_thread(OPENING, move || door.session(false).map(drop)).await?
    }

    async fn sign(&self, order: Order) -> Result<Vec<u8>, Trouble> {
        let begun = Instant::now();
        let (answer, answered) = oneshot::channel();
        let signed = match self.queue.try_send(Job { order, answer }) {
            Ok(()) => within(PATIENCE, answered).await.and_then(|signed| signed),
            Err(TrySendError::Full(_)) => {
                Err(Trouble::new(Obstacle::Slow, "too many signatures wait"))
            }
            Err(TrySendError::Disconnected(_)) => Err(Trouble::absent("its threads have ended")),
        };
        let result = signed.as_ref().map_or_else(|t| t.obstacle.name(), |_| "ok");
        metrics::counter!("idp_device_signatures_total", "result" => result).increment(1);
        metrics::histogram!("idp_device_seconds").record(begun.elapsed().as_secs_f64());
        signed
    }

    /// Makes a key pair inside the device, and proves that it signs and stays there.
    pub(super) async fn make(
        &self,
        kid: &str,
        algorithm: SigningAlgorithm,
    ) -> Result<PublicKey, Trouble> {
        let id = kid.as_bytes().to_vec();
        self.change(move |door| objects::generate(&door.session(true)?, &id, algorithm))
            .await
    }

    /// Destroys a key pair.
    pub(super) async fn destroy(&self, kid: &str) -> Result<(), Trouble> {
        let id = kid.as_bytes().to_vec();
        let destroy =
            move |door: &Door| objects::destroy(&door.session(true)?, &id).map_err(Trouble::absent);
        self.change(destroy).await
    }

    /// Runs what changes the token's objects, on a thread beside those that sign.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Door) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        // One that hangs must not be followed by others without end.
        let only = Arc::clone(&self.making).try_acquire_owned();
        let only = only.map_err(|_| Trouble::new(Obstacle::Slow, "another key is being made"))?;
        let door = Arc::clone(&self.door);
        let work = move || {
            let done = work(&door);
            drop(only);
            done
        };
        on_thread(MAKING, work).await?
    }
}

/// Runs a call into the module on a thread of its own, which may hang.
async fn on_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    let (answer, answered) = oneshot::channel();
    let work = move || {
        let _gone = answer.send(work());
    };
    let thread = std::thread::Builder::new().name("device".to_owned());
    thread.spawn(work).map_err(Trouble::absent)?;
    within(limit, answered).await
}

async fn within<T>(limit: Duration, answered: oneshot::Receiver<T>) -> Result<T, Trouble> {
    match timeout(limit, answered).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Trouble::absent("a thread broke off")),
        Err(_) => {
            let detail = format!("no answer within {} s", limit.as_secs());
            Err(Trouble::new(Obstacle::Slow, detail))
        }
    }
}
