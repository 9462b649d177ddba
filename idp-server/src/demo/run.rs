//! Runs the provider and the two applications until Ctrl-C.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::issuer::{Issuer, IssuerKey};
use idp_core::model::configuration::SharedConfiguration;
use idp_core::policy::{DeliveryPauses, Policy};
use tokio::net::TcpListener;
use url::Url;

use super::announce;
use super::application::{Application, OtherApplication, Theme, serve};
use super::people::PROVINCE;
use super::seed::{Seeded, SeededApplication, seed};
use crate::config::{LogFormat, TelemetrySettings};
use crate::http::site::Shared;
use crate::listen::stop::{Stop, Termination};
use crate::outside::clock::Clock;
use crate::outside::entropy::Generator;
use crate::outside::fetch::{Exceptions, FetchRules};
use crate::outside::master_key::{MasterKey, MasterKeySource};
use crate::outside::passwords::HashingBounds;
use crate::serving::{Doors, Serving};
use crate::telemetry::{logs, metrics::Metrics};
use crate::ui::{Branding, BrandingInput, Danger};
use crate::wiring::{Installation, Parts, Place, assemble};

/// The setting that marks a store as a demonstration's.
pub const MARK: &str = "demo";

/// Somebody who tries things out starts an application after it was registered, and often anew: it is
/// told soon that somebody signed out, however long it was away.
const SHORT_PAUSES: DeliveryPauses = DeliveryPauses {
    longest_pause: Duration::from_secs(10),
    longest_break: Duration::from_secs(10),
};

/// How the demonstration runs.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The issuer's port; the applications follow.
    pub port: u16,
    /// Where the store is kept; in a temporary folder otherwise.
    pub folder: Option<PathBuf>,
    /// One JSON object instead of tables.
    pub json: bool,
}

/// Runs the demonstration until it is told to stop.
///
/// # Errors
/// A fault in the operator's words: a port that is taken, a folder that cannot be written.
pub async fn run(options: DemoOptions) -> Result<(), Fault> {
    logs::start(&TelemetrySettings {
        format: LogFormat::Text,
        level: tracing::Level::WARN,
        metrics_address: None,
    })?;
    // Before anything is made: whoever is told the addresses may press Ctrl-C at once, and whoever
    // grows impatient earlier.
    let termination = Termination::listen().map_err(|e| fault(&e))?;
    // Kept until the end: dropping it removes the folder.
    let temporary = match &options.folder {
        None => Some(tempfile::tempdir().map_err(|e| fault(&e))?),
        Some(_) => None,
    };
    let kept = options.folder.as_deref();
    let root = kept
        .or(temporary.as_ref().map(tempfile::TempDir::path))
        .unwrap_or(Path::new("."));
    let listeners = listeners(options.port).await?;
    let installation = installation(root, options.port).await?;
    let bases = [1, 2].map(|next| base(options.port + next));
    let [office, one_stop] = bases;
    let applications = [
        ("van-phong-dien-tu", "Văn phòng điện tử", office?),
        ("mot-cua-dien-tu", "Một cửa điện tử", one_stop?),
    ];
    let seeded = seed(&installation, applications).await?;
    let [issuer, first, second] = listeners;
    let doors = Doors::plain(issuer, &root.join("data")).await?;
    let site = installation.site.clone();
    let mut serving = Serving::begin(installation, doors, Metrics::start()?, termination).await?;
    for (place, listener) in [first, second].into_iter().enumerate() {
        serving.also(application(
            &site,
            &seeded,
            place,
            listener,
            serving.stop(),
        )?);
    }
    let name = site.provider.policy.issuer.as_str();
    let socket = root.join("data").join("admin.sock");
    let written = if options.json {
        announce::as_json(name, &seeded)
    } else {
        announce::as_tables(name, &socket, &seeded)
    };
    written.map_err(|e| fault(&e))?;
    serving.until_told().await
}

fn fault(error: &dyn std::fmt::Display) -> Fault {
    Fault::lasting("demo", error)
}

fn base(port: u16) -> Result<Url, Fault> {
    Url::parse(&format!("http://localhost:{port}/")).map_err(|e| fault(&e))
}

async fn listeners(port: u16) -> Result<[TcpListener; 3], Fault> {
    let listen = |port: u16| async move {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let taken = |e| fault(&format!("port {port}: {e}; choose another with --port"));
        TcpListener::bind(address).await.map_err(taken)
    };
    Ok([
        listen(port).await?,
        listen(port + 1).await?,
        listen(port + 2).await?,
    ])
}

async fn installation(root: &Path, port: u16) -> Result<Installation, Fault> {
    let issuer = Issuer::parse(&format!("http://localhost:{port}")).map_err(|e| fault(&e))?;
    let data = root.join("data");
    // A real installation must never become a demonstration by a slip of the folder.
    if data.exists() || root.join("idp.toml").exists() {
        let remedy = if root.join("idp.toml").exists() {
            "the folder holds an installation already; choose another with --dir"
        } else {
            "the folder holds a demonstration already, and each has passwords of its own: remove \
             the folder, or choose another with --dir"
        };
        return Err(fault(&remedy));
    }
    let master = master_key(root, &data)?;
    let branding = Branding::parse(BrandingInput {
        province_name_vi: PROVINCE.0.to_owned(),
        province_name_en: PROVINCE.1.to_owned(),
        primary_colour: "#0b5d8a".to_owned(),
        support_text_vi: Some("Trung tâm Chuyển đổi số".to_owned()),
        support_text_en: Some("Digital Transformation Centre".to_owned()),
        support_mail: Some("hotro@hoaban.example".to_owned()),
        danger: Some(Danger::Demonstration),
        ..BrandingInput::default()
    });
    let branding = branding
        .map_err(|problems| fault(&problems.iter().map(ToString::to_string).collect::<String>()))?;
    let exceptions = Exceptions {
        loopback: true,
        ..Exceptions::default()
    };
    let parts = Parts {
        policy: Policy {
            delivery_pauses: SHORT_PAUSES,
            ..Policy::new(IssuerKey::main(), issuer)
        },
        shared: SharedConfiguration::default(),
        place: Place::Folder {
            path: data,
            create: true,
        },
        tickets: None,
        master: &master,
        device: None,
        branding,
        logo: None,
        certificates: crate::config::CertificateSettings::default(),
        fetch: FetchRules {
            exceptions,
            ..FetchRules::default()
        },
        hashing: HashingBounds::default(),
        clock: Clock::system(),
    };
    let installation = assemble(parts).await?;
    let records = &installation.site.provider.records;
    records.set_setting(MARK, "true").await?;
    Ok(installation)
}

/// A key of this demonstration alone, beside its data folder.
fn master_key(root: &Path, data: &Path) -> Result<MasterKey, Fault> {
    std::fs::create_dir_all(root).map_err(|e| fault(&e))?;
    let path = root.join("master.key");
    if path.exists() {
        let source = MasterKeySource::File(path);
        return MasterKey::read(&source, data, |_| None).map_err(|e| fault(&e));
    }
    let mut entropy = Generator::system().entropy()?;
    let key = MasterKey::generate(&mut entropy);
    key.write_new(&path, data).map_err(|e| fault(&e))?;
    Ok(key)
}

type Running = std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

fn application(
    site: &Shared,
    seeded: &Seeded,
    place: usize,
    listener: TcpListener,
    mut stop: Stop,
) -> Result<Running, Fault> {
    let missing = || fault(&"an application is missing");
    let own: &SeededApplication = seeded.applications.get(place).ok_or_else(missing)?;
    let other = seeded
        .applications
        .get(1 - place.min(1))
        .ok_or_else(missing)?;
    let application = Application {
        name: own.name.to_owned(),
        issuer: Url::parse(site.provider.policy.issuer.as_str()).map_err(|e| fault(&e))?,
        base_url: own.base.clone(),
        client_id: own.client_id.clone(),
        client_secret: own.secret.expose().to_owned(),
        theme: if place == 0 {
            Theme::Office
        } else {
            Theme::OneStop
        },
        other: Some(OtherApplication {
            name: other.name.to_owned(),
            url: other.base.clone(),
        }),
    };
    Ok(Box::pin(async move {
        let told = async move { stop.told().await };
        serve(application, listener, told)
            .await
            .map_err(|e| fault(&e))
    }))
}

#[cfg(test)]
mod tests {
    use super::installation;

    #[tokio::test]
    async fn a_folder_that_holds_an_installation_is_refused_and_left_alone() {
        for held in ["data", "idp.toml"] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join(held)).unwrap();
            let Err(fault) = installation(folder.path(), 8080).await else {
                panic!("{held} was not seen");
            };
            assert!(fault.detail.contains("--dir"), "{}", fault.detail);
            assert!(!folder.path().join("master.key").exists());
        }
    }
}
