//! `idp serve`: an installation by its configuration file.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use idp_core::base::fault::Fault;
use tokio::net::TcpListener;

use crate::certification;
use crate::cli::store::{MOVED, MOVING};
use crate::config::{self, Settings};
use crate::declared_clients;
use crate::demo;
use crate::http::site::Logo;
use crate::listen::admin_socket::AdminSocket;
use crate::listen::server::Transport;
use crate::listen::stop::Termination;
use crate::listen::tls::{ClientCertificates, Tls};
use crate::mutual_tls;
use crate::outside::audit_heads::AuditHeads;
use crate::outside::clock::Clock;
use crate::outside::database;
use crate::outside::device::{Device, DeviceOptions, Tries};
use crate::outside::master_key::MasterKey;
use crate::outside::password_file::read_pin;
use crate::outside::private_file::{ALL_BUT_GROUP_READING, GROUP_AND_OTHERS, exposed};
use crate::outside::ticket_servers::complete;
use crate::serving::{Doors, Serving};
use crate::telemetry::{logs, metrics::Metrics};
use crate::wiring::{Installation, Parts, Place, assemble};

/// Serves until told to stop.
///
/// # Errors
/// A fault in the operator's words; all problems of the configuration at once.
pub async fn run(config: Option<&Path>) -> Result<(), Fault> {
    let settings = settings(config)?;
    logs::start(&settings.telemetry)?;
    let termination = Termination::listen().map_err(|e| Fault::lasting("signals", e))?;
    let metrics = Metrics::start()?;
    check_private(&settings)?;
    let installation = installation(&settings).await?;
    declared_clients::bring(&settings, &installation.site).await?;
    certification::prepare(&settings, &installation.site).await?;
    let tls = match &settings.listen.tls {
        None => None,
        Some(files) => Some(Arc::new(Tls::load(
            files.certificate.clone(),
            files.key.clone(),
            ClientCertificates::NotAsked,
        )?)),
    };
    let transport = Transport {
        tls: tls.clone(),
        proxies: Arc::new(settings.listen.proxies.clone()),
        certificates: mutual_tls::header(&settings),
    };
    let mutual_tls = mutual_tls::door(&settings, &transport).await?;
    let with_certificates = [
        tls.clone(),
        mutual_tls.as_ref().and_then(|(_, door)| door.tls.clone()),
    ];
    let doors = Doors {
        public: listen(settings.listen.address).await?,
        transport,
        mutual_tls,
        admin: AdminSocket::bind(&settings.listen.admin_socket).await?,
        metrics: match settings.telemetry.metrics_address {
            None => None,
            Some(address) => Some(listen(address).await?),
        },
        limits: settings.listen.limits,
        notice: settings.listen.notice,
        drain: settings.listen.drain,
    };
    let issuer = settings.issuer.url.as_str().to_owned();
    let heads = heads(&settings);
    let mut serving = Serving::begin(installation, doors, metrics, termination).await?;
    if !heads.is_empty() {
        serving.send_heads(heads);
    }
    for tls in with_certificates.into_iter().flatten() {
        let mut stop = serving.stop();
        serving.also(async move {
            tokio::select! {
                reloading = tls.reload_on_hangup() => {
                    reloading.map_err(|e| Fault::lasting("signals", e))
                }
                () = stop.told() => Ok(()),
            }
        });
    }
    tracing::info!(issuer, address = %settings.listen.address, "serving");
    serving.until_told().await
}

/// Where the configuration lets the heads of the audit go.
pub fn heads(settings: &Settings) -> Arc<AuditHeads> {
    let audit = settings.audit.clone();
    Arc::new(AuditHeads::new(audit.heads_file, audit.syslog))
}

/// Reads the configuration.
///
/// # Errors
/// All problems at once, as one fault.
pub fn settings(config: Option<&Path>) -> Result<Settings, Fault> {
    let file = config::file(config);
    Settings::load(&file, std::env::vars()).map_err(|problems| Fault::lasting("config", problems))
}

/// Refuses to serve from a data folder that others may look into, or with a TLS key that they
/// may read. The master key is checked where it is read.
fn check_private(settings: &Settings) -> Result<(), Fault> {
    let data = exposed(&settings.store.folder, GROUP_AND_OTHERS);
    let tls = settings.listen.tls.as_ref();
    let key = || tls.and_then(|tls| exposed(&tls.key, ALL_BUT_GROUP_READING));
    match data.or_else(key) {
        None => Ok(()),
        Some(open) => Err(Fault::lasting("permissions", open)),
    }
}

pub(crate) async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, Fault> {
    let taken = |e| Fault::lasting("listen", format!("{address}: {e}"));
    TcpListener::bind(address).await.map_err(taken)
}

/// Puts the configured installation together; refuses a demonstration's store (security
/// sentence 12) and one that belongs to another issuer.
///
/// # Errors
/// A fault in the operator's words.
pub async fn installation(settings: &Settings) -> Result<Installation, Fault> {
    let installation = assembled(settings).await?;
    check_store(&installation, settings.issuer.url.as_str()).await?;
    check_moved(&installation, &[]).await?;
    Ok(installation)
}

/// The same for a store that is to be moved, also when an earlier move of it broke off.
///
/// # Errors
/// A fault in the operator's words.
pub async fn installation_to_move(settings: &Settings) -> Result<Installation, Fault> {
    let installation = assembled(settings).await?;
    check_store(&installation, settings.issuer.url.as_str()).await?;
    check_moved(&installation, &[MOVING]).await?;
    Ok(installation)
}

async fn assembled(settings: &Settings) -> Result<Installation, Fault> {
    let folder = &settings.store.folder;
    let environment = |name: &str| std::env::var(name).ok();
    let master = MasterKey::read(&settings.master_key, folder, environment)
        .map_err(|e| Fault::lasting("master key", e))?;
    let tickets = settings.tickets.as_ref().map(complete).transpose()?;
    assemble(Parts {
        policy: mutual_tls::policy(settings)?,
        place: place(settings)?,
        shared: settings.shared.clone(),
        tickets,
        master: &master,
        device: device(settings, Tries::None).await?,
        branding: settings.branding().clone(),
        logo: settings.province.logo.as_deref().map(logo).transpose()?,
        certificates: settings.certificates.clone(),
        fetch: settings.outgoing.clone(),
        hashing: settings.passwords.bounds,
        clock: Clock::system(),
    })
    .await
}

/// The configured PKCS#11 device, opened; none when none is configured.
///
/// # Errors
/// A fault: the PIN cannot be read or is refused, or the module cannot be loaded.
pub async fn device(settings: &Settings, tries: Tries) -> Result<Option<Device>, Fault> {
    let Some(device) = &settings.device else {
        return Ok(None);
    };
    let options = DeviceOptions {
        module: device.module.clone(),
        token: device.token.clone(),
        pin: read_pin(&device.pin, |name| std::env::var(name).ok())?,
        sessions: device.sessions,
        tries,
    };
    Device::open(options).await.map(Some)
}

/// Where the configuration lets the data rest. A node on PostgreSQL makes its own folder, which
/// then holds no more than the administration socket.
///
/// # Errors
/// A fault when a file that the configuration names cannot be read, or the folder not be made.
pub fn place(settings: &Settings) -> Result<Place, Fault> {
    let path = settings.store.folder.clone();
    let Some(postgres) = &settings.store.postgres else {
        return Ok(Place::Folder {
            path,
            create: false,
        });
    };
    let mut folder = std::fs::DirBuilder::new();
    let made = folder.recursive(true).mode(0o700).create(&path);
    made.map_err(|e| Fault::lasting("store", format!("{}: {e}", path.display())))?;
    Ok(Place::Database(database::complete(postgres)?))
}

async fn check_store(installation: &Installation, issuer: &str) -> Result<(), Fault> {
    let records = &installation.site.provider.records;
    if records.setting(demo::MARK).await?.is_some() {
        let remedy = "this store belongs to a demonstration; make one with `idp init`";
        return Err(Fault::lasting("store", remedy));
    }
    match records.setting("issuer").await? {
        Some(stored) if stored != issuer => {
            let wrong = format!("this store was made for the issuer {stored}, not for {issuer}");
            Err(Fault::lasting("store", wrong))
        }
        _ => Ok(()),
    }
}

/// Refuses a store whose data went elsewhere, unless its mark is one of `allowed`.
async fn check_moved(installation: &Installation, allowed: &[&str]) -> Result<(), Fault> {
    let mark = installation.site.provider.records.setting(MOVED).await?;
    match mark.as_deref() {
        None | Some("") => Ok(()),
        Some(mark) if allowed.contains(&mark) => Ok(()),
        Some(MOVING) => {
            let remedy = "a move to PostgreSQL broke off here: empty the database and run \
                          `idp store migrate` again";
            Err(Fault::lasting("store", remedy))
        }
        Some(_) => {
            let remedy = "the data of this store were moved to PostgreSQL: set store.postgres";
            Err(Fault::lasting("store", remedy))
        }
    }
}

/// The province's logo, read once.
fn logo(path: &Path) -> Result<Logo, Fault> {
    let trouble = |what: String| Fault::lasting("logo", format!("{}: {what}", path.display()));
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    let content_type = match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        _ => return Err(trouble("is no png, jpg, webp or svg file".to_owned())),
    };
    let bytes = std::fs::read(path).map_err(|e| trouble(e.to_string()))?;
    Ok(Logo {
        bytes: Bytes::from(bytes),
        content_type,
    })
}
