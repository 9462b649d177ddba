//! Wrong configurations, damaged and foreign stores, files that others may read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use idp_tests::{Installation, World};
use sqlx::{Connection, Executor, SqliteConnection};

fn text(output: &std::process::Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[tokio::test]
async fn nothing_that_init_writes_can_be_read_by_others() {
    let installation = Installation::init();
    let serving = installation.serve().await.expect("it serves");
    for path in installation.files("") {
        if path.ends_with("stderr-of-the-test.log") {
            continue;
        }
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode & 0o007, 0, "{}: {mode:o}", path.display());
    }
    serving.terminate();
}

#[tokio::test]
async fn all_problems_of_a_configuration_are_told_at_once() {
    let installation = Installation::init();
    let path = installation.configuration();
    let written = fs::read_to_string(&path).expect("the configuration");
    let wrong = "\n[telemetry]\nmetrics_address = 'nowhere'\n[unheard_of]\nkey = 1\n[lifetimes]\ncode = '9 weeks'\n";
    let kept: String = written
        .lines()
        .filter(|line| !matches!(line.trim(), "[telemetry]" | "[lifetimes]"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, kept + wrong).expect("written");
    let checked = installation.idp(&["config", "check"]);
    assert!(!checked.status.success());
    let told = text(&checked);
    for key in ["telemetry.metrics_address", "unheard_of", "lifetimes.code"] {
        assert!(told.contains(key), "{key} is missing in:\n{told}");
    }
    assert!(
        installation.serve().await.is_err(),
        "it serves with a wrong configuration"
    );
}

#[tokio::test]
async fn a_data_folder_that_others_may_use_is_refused_with_its_remedy() {
    let installation = Installation::init();
    let data = installation.folder.path().join("data");
    let set = |mode| fs::set_permissions(&data, fs::Permissions::from_mode(mode)).expect("mode");
    set(0o750);
    let refused = installation.serve().await.err().expect("a refusal");
    assert!(refused.contains("chmod go="), "{refused}");
    set(0o700);
    installation.serve().await.expect("it serves").terminate();
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_left_as_it_is() {
    let installation = Installation::init();
    installation.serve().await.expect("it serves").terminate();
    let stores = [installation.files(".db"), installation.files(".sqlite")].concat();
    let records = stores
        .iter()
        .find(|path| path.to_string_lossy().contains("records"));
    let path = records.unwrap_or_else(|| panic!("no record store in {stores:?}"));
    let mut bytes = fs::read(path).expect("the store");
    bytes[..100].fill(0x55);
    fs::write(path, &bytes).expect("written");
    let refused = installation
        .serve()
        .await
        .err()
        .expect("it serves from a damaged store");
    assert!(!refused.contains("panicked"), "{refused}");
    assert_eq!(
        fs::read(path).expect("the store"),
        bytes,
        "the damaged file was written to"
    );
}

/// The bytes of every file of the data folder that keeps something.
fn databases(installation: &Installation) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let paths = installation.files(".db").into_iter();
    paths
        .map(|path| (path.clone(), fs::read(path).expect("a database")))
        .collect()
}

#[tokio::test]
async fn a_newer_store_is_refused_with_its_remedy_and_left_as_it_is() {
    for name in ["records.db", "tickets.db"] {
        let installation = Installation::init();
        installation.serve().await.expect("it serves").terminate();
        let path = installation.files(name).pop().expect("the store");
        let address = format!("sqlite://{}", path.display());
        let mut connection = SqliteConnection::connect(&address).await.expect("SQLite");
        let newer = "INSERT INTO schema_versions (version, compatible_from) VALUES (99, 99)";
        connection.execute(newer).await.expect("written");
        connection.close().await.expect("closed");
        let before = databases(&installation);

        let refused = installation.serve().await.err();
        let refused = refused.expect("an older program serves a newer store");
        let listed = installation.administer(&["user", "list"]);
        assert!(!listed.status.success(), "nor does it read one");
        let doctor = installation.idp(&["doctor"]);
        assert!(!doctor.status.success(), "the doctor calls it healthy");
        for told in [refused, text(&listed), text(&doctor)] {
            for word in [name, "schema version 99", "newer program", "backup"] {
                assert!(
                    told.contains(word),
                    "{name}: {word:?} is not told in:\n{told}"
                );
            }
            assert!(!told.contains("panicked"), "{told}");
        }
        assert_eq!(databases(&installation), before, "{name} was written to");
    }
}

#[tokio::test]
async fn a_store_cut_short_is_refused_and_the_whole_one_serves_again() {
    let installation = Installation::init();
    installation.serve().await.expect("it serves").terminate();
    let path = installation.files("records.db").pop().expect("the store");
    let whole = fs::read(&path).expect("the store");
    for damaged in [&whole[..whole.len() / 2], &whole[..50], b"not a database"] {
        fs::write(&path, damaged).expect("written");
        let refused = installation.serve().await.err();
        let refused = refused.expect("it serves from a damaged store");
        assert!(refused.contains("backup"), "the remedy: {refused}");
        assert_eq!(fs::read(&path).expect("the store"), damaged);
    }
    fs::write(&path, &whole).expect("written");
    let serving = installation.serve().await.expect("the backup serves");
    serving.terminate();
}

#[tokio::test]
async fn the_demonstrations_store_cannot_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    World::demo_in(folder.path(), None).stop();
    let installation = Installation::init();
    let data = installation.files("admin.sock").is_empty();
    assert!(data, "nothing serves yet");
    let stores = installation.files(".db");
    let own = stores
        .first()
        .and_then(|path| path.parent())
        .expect("a data folder")
        .to_owned();
    for entry in fs::read_dir(folder.path().join("data"))
        .expect("the demonstration's folder")
        .flatten()
    {
        if entry.path().is_file() {
            fs::copy(entry.path(), own.join(entry.file_name())).expect("copied");
        }
    }
    let refused = installation
        .serve()
        .await
        .err()
        .expect("a demonstration's store is served");
    assert!(refused.to_lowercase().contains("demo"), "{refused}");
}
