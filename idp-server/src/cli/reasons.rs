//! Every reason for which something is refused: `idp reasons` and the page of the manual.

use std::fmt::Write;

use idp_core::base::refusal::Reason;
use serde::Serialize;

use super::failure::Failure;
use super::language::text;
use super::output::{Column, Output, column};

/// A reason as a row.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    reason: &'static str,
    code: &'static str,
    status: u16,
    section: &'static str,
    rule: &'static str,
    remedy: &'static str,
}

const COLUMNS: &[Column<Row>] = &[
    column("reason", text("Lý do", "Reason"), |r, _| {
        r.reason.to_owned()
    }),
    column("code", text("Mã", "Code"), |r, _| r.code.to_owned()),
    column("status", text("HTTP", "HTTP"), |r, _| r.status.to_string()),
    column("section", text("Quy định", "Section"), |r, _| {
        r.section.to_owned()
    }),
    column("rule", text("Vi phạm", "What is wrong"), |r, _| {
        r.rule.to_owned()
    }),
    column("remedy", text("Cách xử lý", "What to do"), |r, _| {
        r.remedy.to_owned()
    }),
];

fn rows() -> Vec<Row> {
    let row = |reason: &Reason| Row {
        reason: reason.name(),
        code: reason.code().as_str(),
        status: reason.code().status(),
        section: reason.section(),
        rule: reason.rule(),
        remedy: reason.remedy(),
    };
    Reason::ALL.iter().map(row).collect()
}

pub(super) fn run(as_markdown: bool, output: &mut Output) -> Result<(), Failure> {
    if as_markdown {
        return output.line(markdown().trim_end());
    }
    let rows = rows();
    output.list(&rows, &rows, COLUMNS)
}

/// The page of the manual. Written by `idp reasons --markdown`; a test holds the committed page
/// against it.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    for row in rows() {
        // Writing into a string cannot fail.
        let _written = writeln!(
            page,
            "| `{}` | `{}` | {} | {} | {} | {} |",
            row.reason,
            row.code,
            row.status,
            cell(row.section),
            cell(row.rule),
            cell(row.remedy)
        );
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "\
# Reasons

Every refusal names exactly one of these reasons: in the `reason` member of a problem document
(administration API), in `error_description` of an OAuth error, on the error page, in the audit and
in the metrics. Names are stable. *Section* is the specification that holds the rule; `house` marks
rules of this project. This page is generated: `idp reasons --markdown > docs/reasons.md`.

| Reason | Code | HTTP | Section | What is wrong | What to do |
|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_manual_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reasons.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            page,
            markdown(),
            "docs/reasons.md has drifted: write it with `idp reasons --markdown`"
        );
    }

    #[test]
    fn every_reason_has_its_row() {
        let page = markdown();
        for reason in Reason::ALL {
            assert!(page.contains(&format!("| `{}` |", reason.name())));
        }
        assert_eq!(cell("a|b"), "a\\|b");
    }
}
