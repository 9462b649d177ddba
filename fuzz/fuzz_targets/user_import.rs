//! A CSV file of people: every row that comes out was in the file, and stays within the bounds.
#![no_main]

// The room itself, not the server around it: a fuzz build of the whole server would cost minutes.
#[path = "../../idp-server/src/cli/import_file.rs"]
mod import_file;

use idp_admin_api::user_import::MAX_ROWS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match import_file::parse(data) {
        Ok(rows) => {
            assert!(!rows.is_empty() && rows.len() <= MAX_ROWS);
            let ends = data.iter().filter(|octet| matches!(octet, b'\n' | b'\r'));
            let lines = ends.count() as u64 + 1;
            let mut before = 1;
            for row in rows {
                assert!(before < row.line && row.line <= lines, "the line that people are told");
                before = row.line;
                assert!(row.roles.iter().all(|role| !role.is_empty()));
                let texts = [&row.user_name, &row.mail, &row.mobile, &row.personal_id, &row.unit, &row.title];
                assert!(texts.into_iter().flatten().all(|text| !text.is_empty()), "an empty cell is absent");
            }
        }
        // What people read on the terminal is short, whatever the file holds.
        Err(problem) => assert!(problem.to_string().chars().count() < 200),
    }
});
