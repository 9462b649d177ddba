//! A request's body that must keep coming: who sends one octet a second holds nothing for long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::Request;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Pace;

/// What becomes known of a body while it comes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Told when it came too slowly. From then on the body stays silent: whoever holds the request
    /// answers 408 and drops it.
    pub(super) late: Notify,
    unread: AtomicBool,
}

impl Progress {
    /// Whether some of the body was not read: no other request can follow on that connection.
    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }
}

/// The request with a body held to `pace`, and what becomes known of it.
pub(super) fn paced(
    request: Request<Incoming>,
    pace: Option<Pace>,
) -> (Request<Body>, Arc<Progress>) {
    let progress = Arc::new(Progress::default());
    let Some(pace) = pace else {
        return (request.map(Body::new), progress);
    };
    let began = Instant::now();
    let body = |inner| PacedBody {
        inner,
        pace,
        began,
        received: 0,
        until: Box::pin(sleep_until(began + allowed(pace, 0))),
        progress: Arc::clone(&progress),
    };
    let request = request.map(|inner| match inner.is_end_stream() {
        true => Body::empty(),
        false => {
            progress.unread.store(true, Ordering::Relaxed);
            Body::new(body(inner))
        }
    });
    (request, progress)
}

/// How long a body may take of which `received` octets are here.
fn allowed(pace: Pace, received: u64) -> Duration {
    let earned = Duration::from_secs(received) / pace.rate.max(1);
    pace.total.min(Pace::GRACE + earned)
}

struct PacedBody {
    inner: Incoming,
    pace: Pace,
    began: Instant,
    received: u64,
    until: Pin<Box<Sleep>>,
    progress: Arc<Progress>,
}

impl hyper::body::Body for PacedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let octets = frame.data_ref().map_or(0, Bytes::len);
                self.received = self
                    .received
                    .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
                let until = self.began + allowed(self.pace, self.received);
                self.until.as_mut().reset(until);
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                if self.until.as_mut().poll(context).is_ready() {
                    self.progress.late.notify_one();
                }
            }
        }
        if matches!(polled, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.progress.unread.store(false, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, allowed};

    #[test]
    fn what_arrives_earns_time_up_to_the_bound() {
        let pace = Pace {
            total: Duration::from_secs(10),
            rate: 1000,
        };
        assert_eq!(allowed(pace, 0), Pace::GRACE);
        assert_eq!(
            allowed(pace, 2500),
            Pace::GRACE + Duration::from_millis(2500)
        );
        assert_eq!(allowed(pace, u64::MAX), pace.total);
        let careless = Pace { rate: 0, ..pace };
        assert_eq!(allowed(careless, 1), Pace::GRACE + Duration::from_secs(1));
    }
}
