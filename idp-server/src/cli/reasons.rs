//! Every reason for which something is refused: `idp reasons` and the page of the manual.

use std::fmt::Write;

use idp_core::base::refusal::Reason;
use serde::Serialize;

use super::failure::Failure;
use super::language::{Language, Text, text};
use super::output::{Column, Output, column};
use super::reason_texts::reason_text;

/// A reason as a row.
#[derive(Clone, Debug, Serialize)]
struct Row {
    reason: &'static str,
    code: &'static str,
    status: u16,
    section: &'static str,
    rule: String,
    remedy: String,
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
        r.rule.clone()
    }),
    column("remedy", text("Cách xử lý", "What to do"), |r, _| {
        r.remedy.clone()
    }),
];

fn row(reason: Reason, language: Language) -> Row {
    let text = reason_text(reason.name(), language);
    let (rule, remedy) = match text {
        Some(text) => (text.rule, text.remedy),
        None => (reason.rule().to_owned(), reason.remedy().to_owned()),
    };
    Row {
        reason: reason.name(),
        code: reason.code().as_str(),
        status: reason.code().status(),
        section: reason.section(),
        rule,
        remedy,
    }
}

fn rows(language: Language) -> Vec<Row> {
    let all = Reason::ALL.iter();
    all.map(|reason| row(*reason, language)).collect()
}

pub(super) fn run(
    name: Option<&str>,
    as_markdown: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if as_markdown {
        return output.line(markdown().trim_end());
    }
    let language = output.style.language;
    let Some(name) = name else {
        let rows = rows(language);
        return output.list(&rows, &rows, COLUMNS);
    };
    let found = Reason::ALL.iter().find(|reason| reason.name() == name);
    let unknown = || Failure::usage(format!("{name}: {}", language.pick(UNKNOWN)));
    output.one(&row(*found.ok_or_else(unknown)?, language), COLUMNS)
}

const UNKNOWN: Text = text(
    "không có lý do này; `idp reasons` liệt kê tất cả",
    "there is no such reason; `idp reasons` lists them all",
);

/// The page of the manual. Written by `idp reasons --markdown`; a test holds the committed page
/// against it.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    for row in rows(Language::En) {
        // Writing into a string cannot fail.
        let _written = writeln!(
            page,
            "| `{}` | `{}` | {} | {} | {} | {} |",
            row.reason,
            row.code,
            row.status,
            cell(row.section),
            cell(&row.rule),
            cell(&row.remedy)
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
    use crate::cli::output::Style;
    use crate::cli::output::tests::Sheet;

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
    fn one_reason_is_explained_in_the_chosen_language() {
        for (language, said) in [
            (Language::Vi, "Một tài khoản khác"),
            (Language::En, "Another account"),
        ] {
            let sheet = Sheet::default();
            let style = Style {
                language,
                ..Style::default()
            };
            let err = Box::new(std::io::sink());
            let mut output = Output::to(style, Box::new(sheet.clone()), err);
            run(Some("identifier_taken"), false, &mut output).unwrap();
            let told = sheet.text();
            assert!(told.contains(said) && told.contains("409"), "{told}");
            assert!(!told.contains("unit_code_taken"), "{told}");
            let unknown = run(Some("no_such"), false, &mut output).unwrap_err();
            assert_eq!(unknown.status(), 2);
        }
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
