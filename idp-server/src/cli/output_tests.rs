//! What each format writes.

use std::sync::{Arc, Mutex};

use super::*;
use crate::cli::language::text;

/// A writer whose text a test can read afterwards.
#[derive(Clone, Default)]
pub(crate) struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Sheet {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
struct Thing {
    name: String,
    at: String,
}

const COLUMNS: &[Column<Thing>] = &[
    column("name", text("Tên", "Name"), |thing, _| thing.name.clone()),
    column("at", text("Lúc", "At"), |thing, style| {
        style.time(&thing.at)
    }),
];

fn written_as(format: Format, language: Language, name: &str) -> String {
    let sheet = Sheet::default();
    let style = Style { format, language };
    let mut output = Output::to(style, Box::new(sheet.clone()), Box::new(io::sink()));
    let things = [Thing {
        name: name.to_owned(),
        at: "2026-01-05T17:30:00Z".to_owned(),
    }];
    output.list(&things, &things, COLUMNS).unwrap();
    sheet.text()
}

#[test]
fn people_read_local_time_and_their_language() {
    let table = written_as(Format::Table, Language::Vi, "Ngọc Ánh");
    assert!(
        table.contains("Tên") && table.contains("Ngọc Ánh"),
        "{table}"
    );
    assert!(table.contains("06/01/2026 00:30:00"), "{table}");
    assert!(written_as(Format::Table, Language::En, "An").contains("Name"));
}

#[test]
fn programs_read_what_the_api_said() {
    assert_eq!(
        written_as(Format::Csv, Language::Vi, "An, Nguyễn"),
        "name,at\n\"An, Nguyễn\",2026-01-05T17:30:00Z\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&written_as(Format::Json, Language::Vi, "An")).unwrap();
    assert_eq!(json[0]["at"], "2026-01-05T17:30:00Z");
}

#[test]
fn no_cell_is_a_formula() {
    for cell in ["=1+1", "+84912345678", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
        assert_eq!(guarded(cell), format!("'{cell}"));
    }
    assert_eq!(guarded("An = Bình"), "An = Bình");
    let csv = written_as(Format::Csv, Language::Vi, "=HYPERLINK(\"x\")");
    assert!(csv.contains("\"'=HYPERLINK"), "{csv}");
}

#[test]
fn no_text_steers_the_terminal() {
    let table = written_as(Format::Table, Language::Vi, "\u{1b}[31mAn\u{202e}");
    assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut output = Output::to(Style::default(), Box::new(Closed), Box::new(io::sink()));
    let failure = output.line("x").unwrap_err();
    assert!(matches!(failure, Failure::OutputClosed));
    assert_eq!(failure.status(), 0);
}
