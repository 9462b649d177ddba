//! A TCP line between two programs that can be cut and go silent, as networks do.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Passes everything on.
    Open,
    /// Ends what is there and every new connection at once: a firewall that refuses.
    Cut,
    /// Takes connections and passes nothing on: a network that swallows.
    Silent,
}

/// A line to one port of this machine; gone with its value.
pub struct Line {
    /// Where it is entered.
    pub port: u16,
    way: watch::Sender<Way>,
}

impl Line {
    /// An open line to a loopback port. Must run inside a tokio runtime.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (way, told) = watch::channel(Way::Open);
        tokio::spawn(accept(listener, target, told));
        Self { port, way }
    }

    /// Changes what it does, for connections that exist as well.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn accept(listener: TcpListener, target: u16, way: watch::Receiver<Way>) {
    let mut over = way.clone();
    loop {
        let inside = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((inside, _)) => inside,
                Err(_) => return,
            },
            // An error: the value is gone.
            Err(_) = over.changed() => return,
        };
        if *way.borrow() != Way::Cut {
            tokio::spawn(join(inside, target, way.clone()));
        }
    }
}

async fn join(inside: TcpStream, target: u16, mut way: watch::Receiver<Way>) {
    // A silent line does not even reach the other end.
    if way.wait_for(|way| *way != Way::Silent).await.is_err() {
        return;
    }
    let outside = TcpStream::connect(("127.0.0.1", target));
    let outside = tokio::time::timeout(Duration::from_secs(5), outside).await;
    let Ok(Ok(outside)) = outside else { return };
    let _ = (inside.set_nodelay(true), outside.set_nodelay(true));
    let (from_inside, to_inside) = inside.into_split();
    let (from_outside, to_outside) = outside.into_split();
    tokio::select! {
        () = pass(from_inside, to_outside, way.clone()) => {}
        () = pass(from_outside, to_inside, way.clone()) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if way.wait_for(|way| *way == Way::Open).await.is_err()
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}
