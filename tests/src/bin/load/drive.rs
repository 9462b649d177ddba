//! Repeats an exchange on many connections for a fixed time.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::machine::{self, CpuTime};

/// How many connections, for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
}

/// What one measurement saw.
pub(crate) struct Measured {
    /// Latencies in microseconds.
    pub(crate) latencies: Histogram<u64>,
    /// Answers that were not the wanted ones.
    pub(crate) refused: u64,
    pub(crate) elapsed: Duration,
    /// Processor time of this program.
    pub(crate) client: Duration,
    /// Processor time of the measured process.
    pub(crate) server: Duration,
}

impl Measured {
    /// A latency in milliseconds, by its share of the answers.
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        as_f64(self.latencies.value_at_quantile(quantile)) / 1_000.0
    }

    /// Wanted answers per second.
    pub(crate) fn rate(&self) -> f64 {
        as_f64(self.latencies.len()) / self.elapsed.as_secs_f64()
    }
}

/// Counts in this program stay far below 2^52.
#[allow(clippy::cast_precision_loss, reason = "counts stay below 2^52")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

/// One connection's worth of work: a future per repetition that tells whether the answer was wanted.
pub(crate) trait Repeat: Send + 'static {
    fn once(&mut self) -> impl Future<Output = bool> + Send;
}

/// Runs every worker until the time is over.
pub(crate) async fn drive<R: Repeat>(workers: Vec<R>, server: u32, duration: Duration) -> Measured {
    let before = (CpuTime::of(std::process::id()), CpuTime::of(server));
    let begun = Instant::now();
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|worker| tokio::spawn(repeat(worker, begun + duration)))
        .collect();
    let mut latencies = new_histogram();
    let mut refused = 0;
    for task in tasks {
        let (own, own_refused) = task.await.expect("a worker");
        latencies.add(own).expect("the same bounds");
        refused += own_refused;
    }
    let elapsed = begun.elapsed();
    let after = (CpuTime::of(std::process::id()), CpuTime::of(server));
    Measured {
        latencies,
        refused,
        elapsed,
        client: machine::between(before.0, after.0),
        server: machine::between(before.1, after.1),
    }
}

async fn repeat<R: Repeat>(mut worker: R, end: Instant) -> (Histogram<u64>, u64) {
    let mut latencies = new_histogram();
    let mut refused = 0;
    let mut begun = Instant::now();
    while begun < end {
        let wanted = worker.once().await;
        let now = Instant::now();
        if wanted {
            let micros = u64::try_from((now - begun).as_micros()).expect("short");
            latencies.saturating_record(micros);
        } else {
            refused += 1;
            assert!(refused < 1_000, "the server refuses; see its log");
        }
        begun = now;
    }
    (latencies, refused)
}

pub(crate) fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("valid bounds")
}
