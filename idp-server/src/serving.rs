//! Runs an installation: its sockets, its workers, its orderly end. Shared by `serve` and `demo`.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::{Extension, Router, middleware};
use idp_core::base::fault::Fault;
use idp_core::event::What;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::http::admin::{AdminPeer, AdminState};
use crate::http::context::arrive;
use crate::http::{admin, routes};
use crate::listen::Limits;
use crate::listen::admin_socket::AdminSocket;
use crate::listen::server::{Served, Transport, serve_admin, serve_tcp};
use crate::listen::stop::{Stop, Stopper, Termination, stop_pair};
use crate::outside::audit_heads::AuditHeads;
use crate::telemetry::access;
use crate::telemetry::metrics::Metrics;
use crate::wiring::Installation;
use crate::worker;

/// Connections may go on this long after the drain that each was promised.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where an installation listens.
pub struct Doors {
    /// The public socket.
    pub public: TcpListener,
    /// How it is spoken on.
    pub transport: Transport,
    /// Where clients show certificates, if we take them there ourselves.
    pub mutual_tls: Option<(TcpListener, Transport)>,
    /// Where administrators of this machine come in.
    pub admin: AdminSocket,
    /// Where Prometheus reads, besides the administration socket.
    pub metrics: Option<TcpListener>,
    /// Bounds of connections.
    pub limits: Limits,
    /// How long a stop is announced before no request is taken any more.
    pub notice: Duration,
    /// How long requests may go on after that.
    pub drain: Duration,
}

impl Doors {
    /// Doors with the default bounds: plain HTTP, no proxies.
    ///
    /// # Errors
    /// A fault when the administration socket cannot be bound.
    pub async fn plain(public: TcpListener, folder: &Path) -> Result<Self, Fault> {
        Ok(Self {
            public,
            transport: Transport::default(),
            mutual_tls: None,
            admin: AdminSocket::bind(&folder.join("admin.sock")).await?,
            metrics: None,
            limits: Limits::default(),
            notice: Duration::ZERO,
            drain: Duration::from_secs(3),
        })
    }
}

/// An installation that serves, until [`Serving::until_told`] returns.
pub struct Serving {
    installation: Installation,
    tasks: JoinSet<Result<(), Fault>>,
    workers: JoinSet<()>,
    stopper: Stopper,
    stop: Stop,
    notice: Duration,
    drain: Duration,
    heads: Arc<AuditHeads>,
    termination: Termination,
}

impl Serving {
    /// Opens the doors and starts the workers; `metrics` are those of the process, `termination` is
    /// what ends it, listened for since before anything was begun.
    ///
    /// # Errors
    /// A fault when the start cannot be recorded.
    pub async fn begin(
        installation: Installation,
        doors: Doors,
        metrics: Metrics,
        termination: Termination,
    ) -> Result<Self, Fault> {
        let site = &installation.site;
        let (stopper, stop) = stop_pair();
        let mut workers = worker::start(&installation, &stop);
        worker::follow(&mut workers, &installation, &stop);
        worker::join(site).await?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        site.record(What::Started { version }).await?;
        let (limits, notice, drain) = (doors.limits, doors.notice, doors.drain);
        let served = |router| Served {
            router,
            limits,
            stop: stop.clone(),
            drain,
        };
        let public = served(routes::router(site).layer(middleware::from_fn(access::record)));
        let private = served(admin_router(&installation).merge(metrics.router()));
        let mut tasks: JoinSet<Result<(), Fault>> = JoinSet::new();
        let (listener, transport) = (doors.public, doors.transport);
        spawn(&mut tasks, async move {
            serve_tcp(listener, transport, public).await;
        });
        if let Some((listener, transport)) = doors.mutual_tls {
            let router = routes::for_certificates(site);
            let served = served(router.layer(middleware::from_fn(access::record)));
            spawn(&mut tasks, async move {
                serve_tcp(listener, transport, served).await;
            });
        }
        let socket = doors.admin;
        spawn(&mut tasks, serve_admin(socket, private));
        if let Some(listener) = doors.metrics {
            let measured = served(metrics.router());
            let transport = Transport::default();
            spawn(&mut tasks, async move {
                serve_tcp(listener, transport, measured).await;
            });
        }
        let mut told = stop.clone();
        spawn(&mut tasks, async move {
            tokio::select! { () = metrics.upkeep() => {}, () = told.told() => {} }
        });
        Ok(Self {
            installation,
            tasks,
            workers,
            stopper,
            stop,
            notice,
            drain,
            heads: Arc::default(),
            termination,
        })
    }

    /// Lets the heads of the audit leave the machine, each minute and at the end.
    pub fn send_heads(&mut self, heads: Arc<AuditHeads>) {
        let site = &self.installation.site;
        worker::send_heads(&mut self.workers, site, &heads, &self.stop);
        self.heads = heads;
    }

    /// What ends with the installation.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Runs something beside the provider until the same end.
    pub fn also(&mut self, task: impl Future<Output = Result<(), Fault>> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Serves until SIGINT or SIGTERM, or until something that is served ends by itself; then
    /// announces the stop, finishes requests and workers, records the end and closes the store. A
    /// further signal ends the announcement, and one after that the waiting for requests.
    ///
    /// # Errors
    /// What ended with a fault.
    pub async fn until_told(mut self) -> Result<(), Fault> {
        let ended = tokio::select! {
            () = self.termination.told() => Ok(()),
            ended = self.tasks.join_next() => match ended {
                Some(Ok(result)) => result,
                Some(Err(error)) => Err(Fault::lasting("listen", error)),
                None => Ok(()),
            },
            // Workers end only when told to: one that ended by itself broke.
            _ = self.workers.join_next() => Err(Fault::lasting("worker", "a worker broke off")),
        };
        let site = &self.installation.site;
        site.stopping.store(true, Ordering::Relaxed);
        if ended.is_ok() {
            // A second signal says that nobody waits for the announcement.
            tokio::select! {
                () = tokio::time::sleep(self.notice) => {}
                () = self.termination.told() => {}
            }
        }
        self.stopper.stop();
        let (tasks, workers) = (&mut self.tasks, &mut self.workers);
        let finish = async {
            while tasks.join_next().await.is_some() {}
            while workers.join_next().await.is_some() {}
        };
        let finished = tokio::select! {
            finished = tokio::time::timeout(self.drain + PATIENCE, finish) => finished.is_ok(),
            // One during the drain, that nobody waits for what is still going on.
            () = self.termination.told() => false,
        };
        if !finished {
            tracing::warn!("some connections did not end in time and were cut");
        }
        site.record(What::Stopped).await?;
        close(self.installation, &self.heads).await?;
        ended
    }
}

fn spawn(tasks: &mut JoinSet<Result<(), Fault>>, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(async move {
        task.await;
        Ok(())
    });
}

/// Ends an installation in order: seals what is not sealed yet, sends the last head out and closes
/// the store.
///
/// # Errors
/// A fault of the store or the signer; the store is closed all the same.
pub async fn close(installation: Installation, heads: &Arc<AuditHeads>) -> Result<(), Fault> {
    let sealed = worker::seal_last(&installation.site, &installation.node, heads).await;
    installation.store.close().await;
    sealed
}

/// The administration API with its circumstances; the socket adds who is at the other end.
pub fn admin_router(installation: &Installation) -> Router {
    let site = installation.site.clone();
    let state = AdminState {
        provider: site.provider.clone(),
        key_maker: installation.key_maker.clone(),
        context: Arc::new({
            let site = site.clone();
            move |arrival| site.context(arrival)
        }),
    };
    admin::router(state).layer(middleware::from_fn_with_state(site, arrive))
}

/// The same for a process that holds the store by itself: the caller is this process's own user.
pub fn own_admin_router(installation: &Installation, uid: u32) -> Router {
    let peer = AdminPeer { uid, pid: None };
    admin_router(installation).layer(Extension(peer))
}
