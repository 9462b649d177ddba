//! Sockets: TLS, plain, and the administration socket; who is at the other end; a stop in order.
//!
//! Every connection is bounded (head size and time, streams, their number in all), so that slow or
//! greedy clients cannot hold the server.

pub mod client_address;
pub mod network;

use std::time::Duration;

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// The longest time for a request's head, and for a TLS handshake.
    pub header_timeout: Duration,
    /// The most octets of a request's head.
    pub header_bytes: usize,
    /// The most requests at the same time on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    /// 4096 connections, 10 s, 32 KiB, 64 streams.
    fn default() -> Self {
        Self {
            connections: 4096,
            header_timeout: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            streams: 64,
        }
    }
}
