//! A light HTTP/1.1 client: one kept connection, one request at a time, no allocation per answer
//! beyond its buffer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

/// Longest head or body that is accepted.
const BOUND: usize = 1 << 20;

/// One kept connection.
pub(crate) struct Connection<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// The answer's parts, inside the connection's buffer until the next exchange.
pub(crate) struct Exchange<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a str,
    pub(crate) body: &'a str,
}

impl Exchange<'_> {
    /// All values of a header field, its name in lower case.
    pub(crate) fn header<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.head.lines().filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Connection<UnixStream> {
    pub(crate) async fn open_socket(path: &Path) -> io::Result<Self> {
        Ok(Self {
            stream: UnixStream::connect(path).await?,
            buffer: Vec::new(),
        })
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, address).await
    }

    /// Connects from an address of this machine: to the server, from another office.
    pub(crate) async fn open_from(source: Ipv4Addr, address: SocketAddr) -> io::Result<Self> {
        assert!(address.ip().is_loopback(), "load goes to loopback only");
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Sends one whole request and reads its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Exchange<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head = text(&self.buffer[..head_end])?;
        let status = head
            .get(9..12)
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(malformed)?;
        let length = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        let chunked = head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        let body_end = match length {
            Some(length) => head_end + length,
            None if chunked => self.read_chunks(head_end).await?,
            None => head_end,
        };
        while self.buffer.len() < body_end {
            self.read_more().await?;
        }
        let head = text(&self.buffer[..head_end])?;
        let body = text(&self.buffer[head_end..body_end])?;
        Ok(Exchange { status, head, body })
    }

    /// Joins the chunks in place and returns where the joined body ends.
    async fn read_chunks(&mut self, start: usize) -> io::Result<usize> {
        let mut end = start;
        loop {
            let line_end = loop {
                if let Some(at) = find(&self.buffer[end..], b"\r\n") {
                    break end + at;
                }
                self.read_more().await?;
            };
            let size = text(&self.buffer[end..line_end])?.trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| malformed())?;
            self.buffer.drain(end..line_end + 2);
            while self.buffer.len() < end + size + 2 {
                self.read_more().await?;
            }
            self.buffer.drain(end + size..end + size + 2);
            end += size;
            if size == 0 {
                return Ok(end);
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        let count = self.stream.read_buf(&mut self.buffer).await?;
        if count == 0 || self.buffer.len() > BOUND {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| malformed())
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// A form request, ready to be sent.
pub(crate) fn form_request(path: &str, host: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request without a body, ready to be sent.
pub(crate) fn plain_request(path: &str, host: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").into_bytes()
}
