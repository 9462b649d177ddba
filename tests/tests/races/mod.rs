//! The same secret used at the same instant, and the server killed while it works.

mod codes;
mod crashes;
mod full_disk;
mod redis;

/// A count from the environment, so that one run may try harder than another.
pub(super) fn count(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Waits until the next question for readiness is examined anew: a verdict holds half a second.
async fn verdict_over() {
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
}
