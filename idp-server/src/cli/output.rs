//! The one place that writes to the terminal: tables, JSON, CSV, notes.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset};
use comfy_table::{ContentArrangement, Table, presets};
use idp_core::base::text::is_deceptive;
use serde::Serialize;

use super::args::Format;
use super::failure::Failure;
use super::language::{Language, Text};

/// A column: its name in CSV, its heading for people, and its cell.
pub struct Column<T> {
    /// Its name in CSV.
    pub name: &'static str,
    /// Its heading.
    pub heading: Text,
    /// Its cell.
    pub cell: fn(&T, &Style) -> String,
}

/// A column.
pub const fn column<T>(
    name: &'static str,
    heading: Text,
    cell: fn(&T, &Style) -> String,
) -> Column<T> {
    Column {
        name,
        heading,
        cell,
    }
}

/// How cells are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// The language.
    pub language: Language,
}

impl Style {
    /// A point in time: local (UTC+7) for people, RFC 3339 as received for programs.
    pub fn time(&self, rfc3339: &str) -> String {
        if self.format != Format::Table {
            return rfc3339.to_owned();
        }
        let vietnam = FixedOffset::east_opt(7 * 3600);
        match (DateTime::parse_from_rfc3339(rfc3339), vietnam) {
            (Ok(time), Some(zone)) => {
                let local = time.with_timezone(&zone);
                local.format("%d/%m/%Y %H:%M:%S").to_string()
            }
            _ => rfc3339.to_owned(),
        }
    }

    /// A point in time that may be absent.
    pub fn time_if(&self, rfc3339: Option<&String>) -> String {
        rfc3339.map(|time| self.time(time)).unwrap_or_default()
    }

    /// Yes or no: a mark for people, `true` or `false` for programs.
    pub fn flag(&self, flag: bool) -> String {
        match (self.format, flag) {
            (Format::Table, true) => "✓".to_owned(),
            (Format::Table, false) => String::new(),
            (_, flag) => flag.to_string(),
        }
    }

    /// Several values in one cell: a line each for people, separated by `|` for programs.
    pub fn several(&self, values: impl IntoIterator<Item = String>) -> String {
        let values: Vec<String> = values.into_iter().collect();
        values.join(if self.format == Format::Table {
            "\n"
        } else {
            "|"
        })
    }

    /// A text of which Vietnamese always exists.
    pub fn local(&self, text: &idp_admin_api::LocalText) -> String {
        match (self.language, &text.en) {
            (Language::En, Some(en)) => en.clone(),
            _ => text.vi.clone(),
        }
    }
}

/// Writes answers to standard output and notes to standard error.
pub struct Output {
    /// How cells are written.
    pub style: Style,
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Output {
    /// Writes to the process's own outputs.
    pub fn to_terminal(style: Style) -> Self {
        Self::to(style, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Writes to `out` and `err`.
    pub fn to(style: Style, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self { style, out, err }
    }

    /// Writes a text and a line end.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] when the reader went away; a full disk is a failure.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        written(writeln!(self.out, "{line}").and_then(|()| self.out.flush()))
    }

    /// Writes a note for people to standard error. A lost note is no failure.
    pub fn note(&mut self, note: &str) {
        let _lost = writeln!(self.err, "{}", printable(note));
    }

    /// Writes a value as JSON.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let json =
            serde_json::to_string_pretty(value).map_err(|e| Failure::failed(e.to_string()))?;
        self.line(&json)
    }

    /// Writes a list: `whole` as JSON, else its entries as rows.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn list<T, W: Serialize>(
        &mut self,
        whole: &W,
        entries: &[T],
        columns: &[Column<T>],
    ) -> Result<(), Failure> {
        match self.style.format {
            Format::Json => self.json(whole),
            Format::Csv => self.csv(entries, columns, true),
            Format::Table => {
                let headings = columns.iter().map(|c| self.style.language.pick(c.heading));
                let rows = entries.iter().map(|e| cells(e, columns, &self.style));
                let table = table(headings.map(str::to_owned).collect(), rows);
                self.line(&table)
            }
        }
    }

    /// Writes one thing: as JSON, as a CSV of one row, or as a table of names and values.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn one<T: Serialize>(&mut self, thing: &T, columns: &[Column<T>]) -> Result<(), Failure> {
        match self.style.format {
            Format::Json => self.json(thing),
            Format::Csv => self.csv(std::slice::from_ref(thing), columns, true),
            Format::Table => {
                let style = self.style;
                let rows = columns.iter().filter_map(|column| {
                    let value = printable(&(column.cell)(thing, &style));
                    let heading = style.language.pick(column.heading).to_owned();
                    (!value.is_empty()).then(|| vec![heading, value])
                });
                let table = table(Vec::new(), rows);
                self.line(&table)
            }
        }
    }

    /// Writes entries as CSV (RFC 4180), with a header row when asked. Cells that a spreadsheet
    /// would take for a formula get an apostrophe in front.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn csv<T>(
        &mut self,
        entries: &[T],
        columns: &[Column<T>],
        header: bool,
    ) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |e: csv::Error| Failure::failed(e.to_string());
        if header {
            writer
                .write_record(columns.iter().map(|c| c.name))
                .map_err(failed)?;
        }
        for entry in entries {
            let cells = columns
                .iter()
                .map(|c| guarded(&(c.cell)(entry, &self.style)));
            writer.write_record(cells).map_err(failed)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|e| Failure::failed(e.to_string()))?;
        written(self.out.write_all(&bytes).and_then(|()| self.out.flush()))
    }

    /// Tells why a command failed.
    pub fn failure(&mut self, failure: &Failure) {
        if let (Format::Json, Failure::Refused(problem)) = (self.style.format, failure)
            && let Ok(json) = serde_json::to_string_pretty(problem)
        {
            let _lost = writeln!(self.err, "{json}");
            return;
        }
        for line in failure.lines(self.style.language) {
            self.note(&line);
        }
    }
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::failed(error.to_string()),
    })
}

fn cells<T>(entry: &T, columns: &[Column<T>], style: &Style) -> Vec<String> {
    columns
        .iter()
        .map(|column| printable(&(column.cell)(entry, style)))
        .collect()
}

fn table(headings: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !headings.is_empty() {
        table.set_header(headings);
    }
    table.add_rows(rows);
    table.trim_fmt()
}

/// A text without characters that could steer a terminal or disguise a name; line ends stay.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c != '\n' && is_deceptive(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A cell that no spreadsheet takes for a formula.
pub fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
pub(super) mod tests;
