//! Telling everybody to stop, and knowing that they were told.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Tells all holders of its [`Stop`]s to stop. Dropping it tells them too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Waits to be told. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A pair of the two.
#[must_use]
pub fn stop_pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Tells them.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl From<watch::Receiver<bool>> for Stop {
    /// Told when the value turns true, or its sender is gone.
    fn from(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }
}

impl Stop {
    /// Returns when told; at once when that has happened.
    pub async fn told(&mut self) {
        // An error means that the stopper is gone, which counts as told.
        let _ = self.0.wait_for(|told| *told).await;
    }

    /// Whether that has happened.
    #[must_use]
    pub fn is_told(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

/// Listens for SIGTERM and Ctrl-C from the moment it is made: a signal that comes before anybody
/// waits for it is not lost, and does not kill.
#[derive(Debug)]
pub struct Termination {
    terminate: Signal,
    interrupt: Signal,
}

impl Termination {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the signals cannot be listened for.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns at the first signal; at once when it has come already.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stop_pair;

    #[tokio::test]
    async fn everybody_is_told_once_and_for_all() {
        let (stopper, stop) = stop_pair();
        let (mut early, mut late) = (stop.clone(), stop);
        assert!(!early.is_told());
        stopper.stop();
        early.told().await;
        late.told().await;
        assert!(late.is_told());
    }

    #[tokio::test]
    async fn a_stopper_that_is_gone_has_told() {
        let (stopper, mut stop) = stop_pair();
        drop(stopper);
        stop.told().await;
        assert!(stop.is_told());
    }
}
