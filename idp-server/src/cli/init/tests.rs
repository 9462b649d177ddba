//! `idp init` on real folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use idp_core::base::issuer::IssuerKey;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::key::KeyPurpose;
use idp_core::model::role::RoleName;
use idp_core::model::user::AccountKind;
use idp_core::store::Records;
use idp_store::sqlite::{OpenOptions, open};

use crate::cli::language::Language;

use super::{Initialised, initialise};
use crate::cli::args::InitArgs;
use crate::cli::failure::Failure;
use crate::config::Settings;
use crate::outside::clock::Clock;

fn args(folder: &Path) -> InitArgs {
    InitArgs {
        dir: folder.to_owned(),
        issuer: "https://sso.tinh.example".parse().unwrap(),
        province_name: "Tỉnh Bình Minh".to_owned(),
        admin: "quantri".to_owned(),
        admin_name: "Nguyễn Văn Quản".to_owned(),
    }
}

async fn init(args: &InitArgs) -> Result<Initialised, Failure> {
    initialise(
        args,
        Clock::standing(Timestamp::from_seconds(1_800_000_000)),
    )
    .await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn an_installation_is_complete_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("idp");
    let made = init(&args(&root)).await.unwrap();
    assert_eq!(mode(&root.join("idp.toml")), 0o600);
    assert_eq!(mode(&root.join("secrets/master.key")), 0o600);
    assert_eq!(
        (mode(&root.join("secrets")), mode(&root.join("data"))),
        (0o700, 0o700)
    );
    assert_eq!(
        fs::read_dir(&root).unwrap().count(),
        3,
        "nothing else is left behind"
    );
    let settings = Settings::load(&made.configuration, []).unwrap();
    assert_eq!(
        settings.administration.default_acting.as_deref(),
        Some("quantri")
    );

    let (records, _tickets) = open(&root.join("data"), OpenOptions::default())
        .await
        .unwrap();
    let keys = records.keys(&IssuerKey::main()).await.unwrap();
    let count = |purpose| keys.iter().filter(|key| key.purpose == purpose).count();
    assert_eq!(
        [KeyPurpose::Token, KeyPurpose::Audit, KeyPurpose::Refresh].map(count),
        [2, 1, 1]
    );
    let secret = made
        .activation_link
        .rsplit_once("/activate?link=")
        .unwrap()
        .1;
    let digest = Digest::of(secret.as_bytes());
    let (_, user) = records
        .credential_by_digest(&digest)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (user.kind, user.name.as_str()),
        (AccountKind::Administrator, "Nguyễn Văn Quản")
    );
    assert_eq!(user.roles[0].role, RoleName::province_administrator());
    assert_eq!(user.roles[0].unit, None);
    assert_eq!(records.roles().await.unwrap().len(), 2);
    let issuer = records.setting("issuer").await.unwrap();
    assert_eq!(issuer.as_deref(), Some("https://sso.tinh.example"));
    records.close().await;

    let key = fs::read(root.join("secrets/master.key")).unwrap();
    let again = init(&args(&root)).await.unwrap_err();
    assert!(
        matches!(&again, Failure::Failed(why) if why.pick(Language::En).contains("there already")),
        "{again:?}"
    );
    assert_eq!(fs::read(root.join("secrets/master.key")).unwrap(), key);
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let good = args(folder.path());
    let http = InitArgs {
        issuer: "http://sso.tinh.example".parse().unwrap(),
        ..good.clone()
    };
    let digits = InitArgs {
        admin: "12345".to_owned(),
        ..good.clone()
    };
    let nameless = InitArgs {
        admin_name: " ".to_owned(),
        ..good.clone()
    };
    let province = InitArgs {
        province_name: "x".repeat(500),
        ..good
    };
    for wrong in [http, digits, nameless, province] {
        let refused = init(&wrong).await.unwrap_err();
        assert!(matches!(refused, Failure::Usage(_)), "{refused:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{wrong:?}");
    }
}
