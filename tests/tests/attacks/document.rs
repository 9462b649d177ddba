//! `docs/attacks.md` names the tests that show what it says.

use std::path::{Path, PathBuf};

/// The file in one of the rooms where tests lie.
fn found(root: &Path, file: &str) -> Option<PathBuf> {
    ["tests/tests", "idp-core/src", "idp-server/src"]
        .map(|room| root.join(room).join(file))
        .into_iter()
        .find(|path| path.is_file())
}

#[test]
fn every_test_that_the_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/attacks.md")).expect("the page");
    let mut missing = Vec::new();
    let mut named = 0;
    for quoted in page.split('`').skip(1).step_by(2) {
        let Some((file, function)) = quoted.split_once(".rs::") else {
            continue;
        };
        named += 1;
        let text = found(&root, &format!("{file}.rs")).map(std::fs::read_to_string);
        let wanted = format!("fn {function}(");
        if !text.is_some_and(|text| text.is_ok_and(|text| text.contains(&wanted))) {
            missing.push(quoted);
        }
    }
    assert!(named > 100, "the table names {named} tests");
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
