//! Free loopback ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// The range below the kernel's ephemeral ports, so that no outgoing connection takes one of ours.
const FIRST: u16 = 21_000;
const LAST: u16 = 32_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// Three consecutive ports that were free a moment ago: issuer, first and second application.
///
/// Calls in one process never return the same three; another process may still take them before
/// they are used, so a caller that fails to start asks again.
pub fn free_triple() -> u16 {
    let spread = u16::try_from(std::process::id() % 3_000).expect("fits") * 3;
    for _ in 0..3_000 {
        let step = NEXT.fetch_add(3, Ordering::Relaxed);
        let base = FIRST + (spread.wrapping_add(step)) % (LAST - FIRST - 3);
        if (base..base + 3).all(is_free) {
            return base;
        }
    }
    panic!("no three consecutive loopback ports are free");
}

/// One free port.
pub fn free_port() -> u16 {
    free_triple()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
