//! Sockets: TLS, plain, and the administration socket; who is at the other end; a stop in order.
//!
//! Every connection is bounded (head size and time, streams, their number in all), so that slow or
//! greedy clients cannot hold the server.

pub mod admin_socket;
pub mod client_address;
pub mod client_certificate;
mod connection;
pub mod network;
mod paced_body;
pub mod server;
pub mod stop;
pub mod tls;

#[cfg(test)]
mod tests;

use std::time::Duration;

/// How a request's body must keep coming, counted from the end of its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The longest time for the whole body.
    pub total: Duration,
    /// The least octets per second, after [`Pace::GRACE`]; at least 1.
    pub rate: u32,
}

impl Pace {
    /// What a line may need before anything comes.
    pub const GRACE: Duration = Duration::from_secs(3);
}

impl Default for Pace {
    /// 15 s, and 1024 octets per second.
    fn default() -> Self {
        Self {
            total: Duration::from_secs(15),
            rate: 1024,
        }
    }
}

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Connections of one address at the same time; declared proxies are not counted.
    pub connections_per_source: usize,
    /// After this long a connection is asked to end: it finishes what it is doing.
    pub connection_age: Duration,
    /// The longest time for a request's head (and so for an idle connection), and for a TLS
    /// handshake.
    pub header_timeout: Duration,
    /// The longest time for a whole request; none on the administration socket.
    pub request_timeout: Option<Duration>,
    /// How a request's body must keep coming; anyhow on the administration socket.
    pub pace: Option<Pace>,
    /// The most octets of a request's head.
    pub header_bytes: usize,
    /// The most requests at the same time on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    /// 4096 connections, 256 of one address, 2 minutes of age, 10 s for a head, 30 s for a request,
    /// the default pace of a body, 32 KiB, 64 streams.
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_source: 256,
            connection_age: Duration::from_secs(120),
            header_timeout: Duration::from_secs(10),
            request_timeout: Some(Duration::from_secs(30)),
            pace: Some(Pace::default()),
            header_bytes: 32 * 1024,
            streams: 64,
        }
    }
}
