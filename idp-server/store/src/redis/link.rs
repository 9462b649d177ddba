//! One connection to one server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idp_core::base::fault::Fault;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, PushInfo,
    PushKind, RedisConnectionInfo, RedisResult, TlsCertificates, Value,
};

use super::failure;
use super::settings::{Address, Credentials, allowed};

/// How servers are reached.
#[derive(Debug)]
pub(super) struct Way {
    /// How one signs in.
    pub(super) credentials: Option<Credentials>,
    /// What their certificates must lead to (PEM).
    pub(super) authorities: Option<Vec<u8>>,
    /// How long connecting, or waiting for an answer, may take.
    pub(super) limit: Duration,
}

/// One connection, shared by all callers: what they ask is sent without waiting for the answers
/// of others.
#[derive(Clone, Debug)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    is_gone: Arc<AtomicBool>,
}

impl Link {
    /// Connects and signs in.
    ///
    /// # Errors
    /// A lasting fault for a way that is not allowed, a wrong password and an unusable
    /// certificate file; a transient one when the server cannot be reached.
    pub(super) async fn open(address: &Address, way: &Way) -> Result<Self, Fault> {
        let client = client(address, way, ProtocolVersion::RESP3)?;
        let is_gone = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_gone);
        // The server's end of the connection is noticed here at once, not by the next caller.
        let watch = move |info: PushInfo| -> Result<(), ()> {
            if info.kind == PushKind::Disconnection {
                told.store(true, Ordering::Relaxed);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(way.limit))
            .set_response_timeout(Some(way.limit))
            .set_push_sender(watch);
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| failure::of(error, address).fault())?;
        Ok(Self {
            connection,
            is_gone,
        })
    }

    /// Whether the server has not closed it, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.is_gone.load(Ordering::Relaxed)
    }

    /// Whether both are the same connection.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.is_gone, &other.is_gone)
    }

    /// Sends commands at once and answers their answers; the first error of any is the error.
    pub(super) async fn ask(&self, commands: redis::Pipeline) -> RedisResult<Vec<Value>> {
        let mut connection = self.connection.clone();
        commands.query_async(&mut connection).await
    }
}

/// Connects to hear a channel.
///
/// # Errors
/// Those of [`Link::open`].
pub(super) async fn subscribe(
    address: &Address,
    way: &Way,
    channel: &str,
) -> Result<PubSub, Fault> {
    let client = client(address, way, ProtocolVersion::RESP2)?;
    let subscribed = async {
        let mut connection = client.get_async_pubsub().await?;
        connection.subscribe(channel).await?;
        Ok(connection)
    };
    match tokio::time::timeout(way.limit, subscribed).await {
        Ok(subscribed) => subscribed.map_err(|error| failure::of(error, address).fault()),
        Err(_) => Err(Fault::transient(
            "tickets",
            format!("Redis at {address} did not answer in time"),
        )),
    }
}

fn client(address: &Address, way: &Way, protocol: ProtocolVersion) -> Result<Client, Fault> {
    allowed(address, way.credentials.as_ref())?;
    // Naming the library would need one more right of the user.
    let server = RedisConnectionInfo::default().set_protocol(protocol);
    let mut server = server.set_skip_set_lib_name();
    if let Some(credentials) = &way.credentials {
        server = server.set_password(credentials.password.expose());
        if let Some(user) = &credentials.user {
            server = server.set_username(user);
        }
    }
    let tcp = TcpSettings::default().set_nodelay(true);
    let unusable = |error| {
        let detail = format!("Redis at {address} cannot be connected to: {error}");
        Fault::lasting("tickets", detail)
    };
    let place = match address.clone() {
        Address::Unix(path) => ConnectionAddr::Unix(path),
        Address::Plain { host, port } => ConnectionAddr::Tcp(host, port),
        Address::Tls { host, port } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        },
    };
    let place = place.into_connection_info().map_err(unusable)?;
    let info = place.set_redis_settings(server).set_tcp_settings(tcp);
    match address {
        Address::Tls { .. } => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: way.authorities.clone(),
            };
            Client::build_with_tls(info, certificates)
        }
        Address::Plain { .. } | Address::Unix(_) => Client::open(info),
    }
    .map_err(unusable)
}
