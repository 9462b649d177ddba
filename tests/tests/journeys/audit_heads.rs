//! The audit's signed heads leave the machine, and tell when its chain was cut or rewritten.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use idp_tests::Installation;
use serde_json::Value;

/// An installation whose heads go to a file beside it, which stands for another machine.
fn installation() -> (Installation, PathBuf) {
    let installation = Installation::init();
    let heads = installation.folder.path().join("heads.jsonl");
    let configuration = installation.configuration();
    let mut text = fs::read_to_string(&configuration).expect("the configuration");
    text.retain(|c| c != '\r');
    let kept = text.replace("\n[audit]\n", "\n");
    let section = format!(
        "\n[audit]\nheads_file = {:?}\n",
        heads.to_str().expect("a path")
    );
    fs::write(&configuration, kept + &section).expect("written");
    (installation, heads)
}

fn verify(installation: &Installation, heads: &Path) -> (bool, Value) {
    let heads = heads.to_str().expect("a path");
    let output = installation.administer(&["audit", "verify", "--head", heads]);
    let report =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (output.status.success(), report)
}

fn lines(heads: &Path) -> Vec<String> {
    let text = fs::read_to_string(heads).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn done(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Puts the record store of a stopped installation in another's place.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for old in records(to) {
        fs::remove_file(old).expect("removed");
    }
    for file in records(from) {
        fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("copied");
    }
}

fn records(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let ours = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("records.db")
    };
    entries.filter(ours).map(|entry| entry.path()).collect()
}

#[tokio::test]
async fn kept_heads_find_a_chain_that_was_cut_off_or_written_anew() {
    let (installation, heads) = installation();
    let data = installation.folder.path().join("data");
    let earlier = installation.folder.path().join("earlier");
    installation.serve().await.expect("it serves").terminate();
    let first = lines(&heads).len();
    assert!(first > 0, "the last head leaves at an orderly stop");
    copy(&data, &earlier);

    let serving = installation.serve().await.expect("it serves");
    done(&installation.administer(&["unit", "add", "H42", "--name", "Tỉnh Mẫu"]));
    serving.terminate();
    let kept_heads = lines(&heads).len();
    assert!(kept_heads > first);
    let (intact, report) = verify(&installation, &heads);
    assert!(intact && report["broken"].is_null(), "{report}");
    assert_eq!(report["heads_found"], kept_heads);

    // An older store is put in the place of the present one: the chain ends too early.
    let kept = installation.folder.path().join("kept.jsonl");
    fs::copy(&heads, &kept).expect("copied");
    copy(&earlier, &data);
    let (intact, report) = verify(&installation, &kept);
    assert!(!intact, "{report}");
    assert_eq!(report["broken"]["kind"], "truncated");

    // It goes on from there: as long as before, but another chain, rightly signed.
    for code in ["H43", "H44", "H45", "H46"] {
        let serving = installation.serve().await.expect("it serves");
        done(&installation.administer(&["unit", "add", code, "--name", "Tỉnh Khác"]));
        serving.terminate();
    }
    let (intact, report) = verify(&installation, &kept);
    assert!(!intact, "{report}");
    let fresh = installation.folder.path().join("none.jsonl");
    fs::write(&fresh, "").expect("written");
    let (intact, report) = verify(&installation, &fresh);
    assert!(intact, "without kept heads nobody could tell: {report}");
}

/// No server runs: the command itself opens the store, and seals what it recorded.
#[test]
fn a_command_on_its_own_store_leaves_nothing_unsealed() {
    let (installation, heads) = installation();
    for code in ["H42", "H43"] {
        done(&installation.administer(&["unit", "add", code, "--name", "Tỉnh Mẫu"]));
    }
    assert_eq!(
        lines(&heads).len(),
        2,
        "each command sealed a block and sent its head out"
    );
    let (intact, report) = verify(&installation, &heads);
    assert!(intact, "{report}");
    assert_eq!(report["blocks"], 3, "that of `init` as well: {report}");
    // The verification itself is recorded; nothing but that waits for its own end.
    assert!(
        report["unsealed"].as_u64().is_some_and(|n| n <= 1),
        "{report}"
    );
}
