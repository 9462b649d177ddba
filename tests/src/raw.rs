//! HTTP as octets on a socket: what no well-behaved client would send, and what it leaves out.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What came back on one connection.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Everything received, as text.
    pub text: String,
    /// Whether the server ended the connection within the time.
    pub ended: bool,
}

impl Exchange {
    /// The status of the first answer; 0 when there is none.
    pub fn status(&self) -> u16 {
        let code = self
            .text
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok());
        code.unwrap_or(0)
    }
}

/// Sends octets to a loopback port and reads until the server ends the connection or the time is
/// over. A server that closes while we still write has answered, too.
///
/// # Panics
/// When no connection is made.
pub fn exchange(port: u16, octets: &[u8], patience: Duration) -> Exchange {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let _ = socket.write_all(octets);
    read(&mut socket, patience)
}

/// Reads until the end of the connection or of the time.
pub fn read(socket: &mut TcpStream, patience: Duration) -> Exchange {
    let begun = Instant::now();
    let mut received = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    let mut ended = false;
    while !ended {
        let Some(left) = patience
            .checked_sub(begun.elapsed())
            .filter(|d| !d.is_zero())
        else {
            break;
        };
        socket.set_read_timeout(Some(left)).expect("a timeout");
        match socket.read(&mut buffer) {
            Ok(0) => ended = true,
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) => {
                ended = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
    Exchange {
        text: String::from_utf8_lossy(&received).into_owned(),
        ended,
    }
}
