//! The accept loops.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::Limits;
use super::admin_socket::{AdminPeer, AdminSocket};
use super::client_address::{ClientAddress, DeclaredProxies};
use super::client_certificate::{CertificateHeader, ShownCertificate};
use super::connection::{self, Protocol};
use super::stop::Stop;
use super::tls::Tls;

/// The wait after a failed accept: out of file descriptors, mostly.
const BREATH: Duration = Duration::from_millis(100);

/// At the stop the queue of waiting connections is empty when none comes for so long…
const QUIET: Duration = Duration::from_millis(10);
/// …or after so many, so that no flood delays the stop.
const QUEUE: usize = 1_024;

/// What is served, and how it ends.
#[derive(Clone, Debug)]
pub struct Served {
    /// The routes.
    pub router: Router,
    /// Bounds of connections.
    pub limits: Limits,
    /// Tells to stop.
    pub stop: Stop,
    /// How long connections may go on after that.
    pub drain: Duration,
}

/// How a TCP socket is spoken on.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// By TLS, or plainly: on loopback or behind declared proxies.
    pub tls: Option<Arc<Tls>>,
    /// Who is believed about client addresses.
    pub proxies: Arc<DeclaredProxies>,
    /// In which header they write the client's certificate, where they do.
    pub certificates: Option<CertificateHeader>,
}

/// Serves a TCP socket until told to stop; returns when the last connection has ended. Every
/// request carries its [`ClientAddress`].
pub async fn serve_tcp(listener: TcpListener, transport: Transport, served: Served) {
    let accept = || async { listener.accept().await };
    let limits = served.limits;
    let sources = Sources::default();
    let handle = |(stream, peer): (TcpStream, SocketAddr)| {
        let (served, transport) = (served.clone(), transport.clone());
        let most = served.limits.connections_per_source;
        let place = match transport.proxies.contains(peer.ip()) {
            true => Some(None),
            false => sources.enter(peer.ip(), most).map(Some),
        };
        async move {
            // Without a place the connection is dropped at once; its source holds enough others.
            if let Some(_place) = place {
                one_tcp(stream, peer, transport, served).await;
            }
        }
    };
    let connections = accept_until(served.stop.clone(), limits.connections, accept, handle).await;
    drop(listener);
    connections.join_all().await;
}

/// Serves the administration socket until told to stop. Every request carries its [`AdminPeer`].
pub async fn serve_admin(socket: AdminSocket, served: Served) {
    let accept = || socket.accept();
    let limits = Limits {
        request_timeout: None,
        pace: None,
        ..served.limits
    };
    let handle = |(stream, peer): (tokio::net::UnixStream, AdminPeer)| {
        let served = served.clone();
        let mark = move |request: &mut Request<Body>| {
            request.extensions_mut().insert(peer);
        };
        let what = (served.router, limits);
        connection::serve(
            stream,
            Protocol::Http1,
            what,
            (served.stop, served.drain),
            mark,
        )
    };
    let connections = accept_until(served.stop.clone(), limits.connections, accept, handle).await;
    drop(socket);
    connections.join_all().await;
}

/// How many connections each address holds.
#[derive(Clone, Debug, Default)]
struct Sources(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of an address's places, given back when dropped.
struct Place {
    sources: Sources,
    address: IpAddr,
}

impl Sources {
    fn enter(&self, address: IpAddr, most: usize) -> Option<Place> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            sources: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self
            .sources
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

/// Accepts at most `most` connections at a time until the stop; further ones wait in the system's
/// queue. Answers those that go on; each bounds its own end.
///
/// The caller closes the socket before it waits for them: who connects from then on is refused at
/// once, and a balancer asks another node, instead of waiting in a queue that nobody serves.
async fn accept_until<T, A, AF, H, HF>(
    mut stop: Stop,
    most: usize,
    accept: A,
    handle: H,
) -> JoinSet<()>
where
    A: Fn() -> AF,
    AF: Future<Output = io::Result<T>>,
    H: Fn(T) -> HF,
    HF: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.told() => break,
            accepted = accept_one(&slots, &accept) => accepted,
        };
        while connections.try_join_next().is_some() {}
        begin(&mut connections, accepted, &handle).await;
    }
    // Who waits in the queue already connected before the stop.
    for _ in 0..QUEUE {
        match tokio::time::timeout(QUIET, accept_one(&slots, &accept)).await {
            Ok(accepted) => begin(&mut connections, accepted, &handle).await,
            Err(_) => break,
        }
    }
    connections
}

async fn begin<T, H, HF>(
    connections: &mut JoinSet<()>,
    accepted: io::Result<(OwnedSemaphorePermit, T)>,
    handle: &H,
) where
    H: Fn(T) -> HF,
    HF: Future<Output = ()> + Send + 'static,
{
    match accepted {
        Ok((slot, stream)) => {
            let handling = handle(stream);
            connections.spawn(async move {
                handling.await;
                drop(slot);
            });
        }
        Err(error) => {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(BREATH).await;
        }
    }
}

async fn accept_one<T, A, AF>(
    slots: &Arc<Semaphore>,
    accept: &A,
) -> io::Result<(OwnedSemaphorePermit, T)>
where
    A: Fn() -> AF,
    AF: Future<Output = io::Result<T>>,
{
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    Ok((slot, accept().await?))
}

async fn one_tcp(stream: TcpStream, peer: SocketAddr, transport: Transport, served: Served) {
    // Answers are small and whole: waiting for more to send only adds delay.
    let _ = stream.set_nodelay(true);
    let proxies = Arc::clone(&transport.proxies);
    let header = transport.certificates;
    let mark = move |request: &mut Request<Body>| {
        let address = proxies.client_address(peer.ip(), request.headers());
        request.extensions_mut().insert(ClientAddress(address));
        let from_proxy = proxies.contains(peer.ip().to_canonical());
        let header = header.as_ref();
        let shown = header.and_then(|header| header.read(request.headers(), from_proxy));
        if let Some(shown) = shown {
            request.extensions_mut().insert(shown);
        }
    };
    let what = (served.router, served.limits);
    let mut stop = served.stop;
    let Some(tls) = transport.tls else {
        let end = (stop, served.drain);
        return connection::serve(stream, Protocol::Http1, what, end, mark).await;
    };
    let handshake = tls.acceptor().accept(stream);
    let handshake = tokio::time::timeout(served.limits.header_timeout, handshake);
    let stream = tokio::select! {
        () = stop.told() => return,
        done = handshake => match done {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "no TLS handshake"),
            Err(_) => return tracing::debug!("the TLS handshake took too long"),
        },
    };
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    let shown = shown_certificate(stream.get_ref().1);
    let mark = move |request: &mut Request<Body>| {
        mark(request);
        // What was proved to us ourselves counts more than what anybody writes.
        if let Some(shown) = &shown {
            request.extensions_mut().insert(shown.clone());
        }
    };
    connection::serve(stream, protocol, what, (stop, served.drain), mark).await;
}

/// The chain that the client sent in our own handshake.
fn shown_certificate(connection: &rustls::ServerConnection) -> Option<ShownCertificate> {
    let chain = connection.peer_certificates()?;
    let chain = chain.iter().map(|der| der.to_vec()).collect();
    Some(ShownCertificate::Chain(chain))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::Sources;

    #[test]
    fn an_address_holds_only_so_many_places_and_gets_them_back() {
        let sources = Sources::default();
        let (one, other) = (
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::BROADCAST),
        );
        let first = sources.enter(one, 2);
        let _second = sources.enter(one, 2);
        assert!(first.is_some() && sources.enter(one, 2).is_none());
        assert!(sources.enter(other, 2).is_some(), "others are not kept out");
        drop(first);
        assert!(sources.enter(one, 2).is_some());
    }
}
