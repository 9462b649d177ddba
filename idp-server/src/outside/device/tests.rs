//! What can be seen of a device without one. A real token is used by the end-to-end tests
//! (`devices::`): a module takes its configuration from the environment of the process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

fn options(module: &Path) -> DeviceOptions {
    DeviceOptions {
        module: module.to_owned(),
        token: "idp".to_owned(),
        pin: SecretText::new("73019265".to_owned()),
        sessions: 1,
        tries: Tries::None,
    }
}

async fn refusal(module: &Path) -> String {
    let fault = Device::open(options(module)).await.err().unwrap();
    assert!(!fault.transient, "{fault}");
    assert!(!fault.detail.contains("73019265"), "{fault}");
    fault.detail
}

#[tokio::test]
async fn a_file_that_is_no_module_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.so");
    let missing = refusal(&path).await;
    assert!(missing.contains("module.so"), "{missing}");
    fs::write(&path, "no library").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let wrong = refusal(&path).await;
    assert!(wrong.contains("module.so"), "{wrong}");
}

#[tokio::test]
async fn a_module_that_others_may_change_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.so");
    fs::write(&path, "no library").unwrap();
    for mode in [0o775, 0o757] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let open = refusal(&path).await;
        assert!(open.contains("others may write to it"), "{open}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let open = refusal(&path).await;
    assert!(open.contains("others may write to"), "{open}");
}

#[tokio::test]
async fn whoever_waits_for_a_call_that_hangs_is_told_so() {
    let (release, hang) = std::sync::mpsc::channel::<()>();
    let waited = on_thread(Duration::from_millis(20), move || hang.recv()).await;
    assert_eq!(waited.unwrap_err().obstacle, Obstacle::Slow);
    drop(release);
    let broken = on_thread(Duration::from_secs(5), || -> u8 { panic!("as code may") }).await;
    assert_eq!(broken.unwrap_err().obstacle, Obstacle::Absent);
    assert_eq!(on_thread(Duration::from_secs(5), || 7).await, Ok(7));
}
