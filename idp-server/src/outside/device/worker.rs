//! A thread that signs, with a session of its own.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::error::Error;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use idp_core::jose::SigningAlgorithm;
use idp_core::ports::Obstacle;
use tokio::sync::oneshot;

use super::door::Door;
use super::objects;
use super::trouble::{Remedy, Trouble, remedy};

/// A signature that is wanted.
pub(super) struct Order {
    /// The key's CKA_ID.
    pub(super) id: Vec<u8>,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) message: Vec<u8>,
}

/// An order, and who waits for it.
pub(super) struct Job {
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<Result<Vec<u8>, Trouble>>,
}

/// One thread's part of the device.
pub(super) struct Worker {
    door: Arc<Door>,
    open: Option<Open>,
}

/// A session with the keys that were found in it.
struct Open {
    session: Session,
    keys: HashMap<Vec<u8>, ObjectHandle>,
}

/// A failed attempt, and whether another one may succeed.
struct Failed {
    trouble: Trouble,
    again: bool,
}

impl Worker {
    /// A worker that has no session yet.
    pub(super) fn new(door: Arc<Door>) -> Self {
        Self { door, open: None }
    }

    /// Signs what is ordered, until nobody can order any more.
    pub(super) fn run(mut self, queue: &Mutex<Receiver<Job>>) {
        loop {
            // Whoever holds the lock waits for the next job, the others wait for the lock.
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else {
                return;
            };
            if job.answer.is_closed() {
                continue;
            }
            let answer = self.sign(&job.order);
            // Who has stopped waiting needs no answer.
            let _gone = job.answer.send(answer);
        }
    }

    /// Signing changes nothing, so that it may be tried a second time.
    fn sign(&mut self, order: &Order) -> Result<Vec<u8>, Trouble> {
        let signed = match self.attempt(order) {
            Err(Failed { again: true, .. }) => self.attempt(order),
            signed => signed,
        };
        signed.map_err(|failed| failed.trouble)
    }

    fn attempt(&mut self, order: &Order) -> Result<Vec<u8>, Failed> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(self.door.session(false)?),
        };
        let open = self.open.insert(open);
        match open.sign(order) {
            Ok(Some(signature)) => Ok(signature),
            Ok(None) => Err(missing(order).into()),
            Err(error) => {
                let remedy = remedy(&error);
                match remedy {
                    Remedy::NewSession => self.open = None,
                    Remedy::FindKey => drop(open.keys.remove(&order.id)),
                    Remedy::Nothing => {}
                }
                Err(Failed {
                    trouble: trouble(&error, remedy),
                    again: remedy != Remedy::Nothing,
                })
            }
        }
    }
}

impl Open {
    fn new(session: Session) -> Self {
        Self {
            session,
            keys: HashMap::new(),
        }
    }

    /// None when the token does not hold the key.
    fn sign(&mut self, order: &Order) -> Result<Option<Vec<u8>>, Error> {
        let key = match self.keys.get(&order.id) {
            Some(key) => *key,
            None => match objects::find(&self.session, &order.id)? {
                Some(key) => {
                    self.keys.insert(order.id.clone(), key);
                    key
                }
                None => return Ok(None),
            },
        };
        objects::sign(&self.session, key, order.algorithm, &order.message).map(Some)
    }
}

impl From<Trouble> for Failed {
    /// Trouble that has been looked into already.
    fn from(trouble: Trouble) -> Self {
        Self {
            trouble,
            again: false,
        }
    }
}

fn missing(order: &Order) -> Trouble {
    let id = String::from_utf8_lossy(&order.id);
    let detail = format!("the token holds no private key with the CKA_ID {id}");
    Trouble::new(Obstacle::KeyUnusable, detail)
}

fn trouble(error: &Error, remedy: Remedy) -> Trouble {
    let obstacle = match remedy {
        Remedy::NewSession => Obstacle::Absent,
        Remedy::FindKey | Remedy::Nothing => Obstacle::KeyUnusable,
    };
    Trouble::new(obstacle, error)
}
