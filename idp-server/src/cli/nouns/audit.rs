//! `idp audit`.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use idp_admin_api::audit::{
    AuditEvent, AuditExportQuery, AuditHead, AuditQuery, AuditReport, AuditVerification, MAX_HEADS,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::wire_name;
use crate::cli::args::{AuditCommand, Format};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::file::new_private;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, column};
use crate::outside::audit_heads;

/// How long `--follow` waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

const EVENTS: &[Column<AuditEvent>] = &[
    column("place", text("Số", "Place"), |e, _| e.place.to_string()),
    column("at", text("Lúc", "At"), |e, s| s.time(&e.at)),
    column("event", text("Việc", "Event"), |e, _| e.event.clone()),
    column("actor", text("Do", "By"), |e, _| {
        let actor = &e.actor;
        let known = actor.name.as_ref().or(actor.id.as_ref());
        known.cloned().unwrap_or_else(|| wire_name(&actor.kind))
    }),
    column("fields", text("Chi tiết", "Details"), |e, _| {
        let field = |(name, value): (&String, &Value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        };
        e.fields.iter().map(field).collect::<Vec<_>>().join(" ")
    }),
    column("address", text("Từ", "From"), |e, _| {
        e.address.clone().unwrap_or_default()
    }),
];

const REPORT: &[Column<AuditReport>] = &[
    column("intact", text("Nguyên vẹn", "Intact"), |r, _| {
        r.intact.to_string()
    }),
    column("blocks", text("Khối", "Blocks"), |r, _| {
        r.blocks.to_string()
    }),
    column("events", text("Sự kiện", "Events"), |r, _| {
        r.events.to_string()
    }),
    column(
        "unsealed",
        text("Chưa niêm phong", "Not sealed yet"),
        |r, _| r.unsealed.to_string(),
    ),
    column(
        "heads_found",
        text("Đầu khối khớp", "Heads found"),
        |r, _| r.heads_found.to_string(),
    ),
    column("last_block", text("Khối cuối", "Last block"), |r, _| {
        r.last_head
            .as_ref()
            .map(|h| h.number.to_string())
            .unwrap_or_default()
    }),
    column("broken", text("Chỗ sai", "Broken at"), |r, _| {
        r.broken
            .as_ref()
            .map(|b| b.message.clone())
            .unwrap_or_default()
    }),
];

const VERIFYING: Text = text("đang kiểm tra chuỗi…", "verifying the chain…");
const TORN: Text = text(
    "dòng đầu khối bị ghi dở, đã bỏ qua",
    "half-written lines of heads were passed over",
);
const EXPORTED: Text = text("khối đã chép", "blocks copied");

pub(super) async fn run(command: AuditCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        AuditCommand::Tail {
            lines,
            follow,
            event,
            user,
            client,
        } => {
            let query = AuditQuery {
                event,
                user,
                client,
                limit: Some(lines),
                ..AuditQuery::default()
            };
            tail(query, follow, context).await
        }
        AuditCommand::Verify { head, save_head } => {
            verify(&head, save_head.as_deref(), context).await
        }
        AuditCommand::Export {
            out,
            from,
            personal,
        } => {
            let query = AuditExportQuery {
                from: Some(from),
                limit: Some(500),
                personal,
            };
            export(&out, query, context).await
        }
    }
}

async fn tail(
    mut query: AuditQuery,
    follow: bool,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let mut events = context.api.audit_events(&query).await?.entries;
    events.reverse();
    // A filter may have found nothing yet: then everything from the present end on is followed.
    let newest = AuditQuery {
        limit: Some(1),
        ..AuditQuery::default()
    };
    let end = match events.last() {
        Some(event) => event.place,
        None => context
            .api
            .audit_events(&newest)
            .await?
            .entries
            .first()
            .map_or(0, |e| e.place),
    };
    show(&events, true, context)?;
    if !follow {
        return Ok(());
    }
    query.limit = Some(500);
    query.after = Some(end);
    loop {
        let page = context.api.audit_events(&query).await?;
        show(&page.entries, false, context)?;
        let last = page.entries.last().map(|e| e.place);
        let next = page.next.as_ref().and_then(|next| next.parse().ok());
        query.after = next.or(last).or(query.after);
        if page.next.is_none() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

fn show(events: &[AuditEvent], first: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    match context.globals.output {
        Format::Json => {
            for event in events {
                let line = serde_json::to_string(event);
                let line = line.map_err(|e| Failure::failed(e.to_string()))?;
                context.output.line(&line)?;
            }
            Ok(())
        }
        Format::Csv => context.output.csv(events, EVENTS, first),
        Format::Table if first => context.output.list(&events, events, EVENTS),
        Format::Table => {
            let style = context.output.style;
            for event in events {
                let cells: Vec<_> = EVENTS.iter().map(|c| (c.cell)(event, &style)).collect();
                context
                    .output
                    .line(&crate::cli::output::printable(&cells.join("  ")))?;
            }
            Ok(())
        }
    }
}

async fn verify(
    kept: &[PathBuf],
    save: Option<&Path>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let spinner = ProgressBar::new_spinner().with_message(context.say(VERIFYING));
    spinner.enable_steady_tick(Duration::from_millis(120));
    let mut torn = 0;
    let report = verified(kept, &mut torn, context).await;
    spinner.finish_and_clear();
    let report = report?;
    context.output.one(&report, REPORT)?;
    if torn > 0 {
        let told = format!("{torn} {}", context.say(TORN));
        context.output.note(&told);
    }
    if !report.intact {
        return Err(Failure::Reported);
    }
    match (save, &report.last_head) {
        (Some(file), Some(head)) => append(file, head),
        _ => Ok(()),
    }
}

/// Verifies the chain against all heads of the files, so many at once as a request takes. Each
/// request goes through the whole chain; one that finds it broken is the last. Counts the lines
/// that were cut short.
async fn verified(
    kept: &[PathBuf],
    torn: &mut u32,
    context: &Context<'_>,
) -> Result<AuditReport, Failure> {
    let mut heads = Vec::new();
    let mut found = 0;
    for file in kept {
        for line in heads_in(file)? {
            match line? {
                Line::Head(head) => heads.push(*head),
                Line::Torn => *torn += 1,
            }
            if heads.len() == MAX_HEADS {
                let heads = std::mem::take(&mut heads);
                let report = context
                    .api
                    .verify_audit(&AuditVerification { heads })
                    .await?;
                found += report.heads_found;
                if !report.intact {
                    return Ok(report);
                }
            }
        }
    }
    let mut report = context
        .api
        .verify_audit(&AuditVerification { heads })
        .await?;
    report.heads_found += found;
    Ok(report)
}

/// A line of a file of heads.
#[derive(Debug, PartialEq)]
enum Line {
    Head(Box<AuditHead>),
    /// The beginning of one: the disk was full, or the machine went down.
    Torn,
}

/// Heads that were kept, one a line; empty lines are passed over.
fn heads_in(file: &Path) -> Result<impl Iterator<Item = Result<Line, Failure>>, Failure> {
    let opened = File::open(file).map_err(|e| Failure::file(file, e))?;
    let lines = BufReader::new(opened).split(b'\n').map(move |line| {
        let line = line.map_err(|e| Failure::file(file, e))?;
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        match serde_json::from_slice(line) {
            Ok(head) => Ok(Some(Line::Head(Box::new(head)))),
            Err(error) if error.is_eof() => Ok(Some(Line::Torn)),
            Err(error) => Err(Failure::file(file, error)),
        }
    });
    Ok(lines.filter_map(Result::transpose))
}

fn append(path: &Path, head: &AuditHead) -> Result<(), Failure> {
    let json = serde_json::to_string(head).map_err(|e| Failure::file(path, e))?;
    audit_heads::append(path, &json).map_err(|e| Failure::file(path, e))
}

fn line(file: &mut impl Write, value: &impl serde::Serialize, path: &Path) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(|e| Failure::file(path, e))?;
    writeln!(file, "{json}").map_err(|e| Failure::file(path, e))
}

async fn export(
    path: &Path,
    mut query: AuditExportQuery,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let mut file = BufWriter::new(new_private(path)?);
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let mut keys = Vec::new();
    let mut blocks = 0_u64;
    loop {
        let part = context.api.export_audit(&query).await?;
        bar.set_length(u64::try_from(part.last).unwrap_or(0));
        for block in &part.blocks {
            line(&mut file, block, path)?;
            bar.set_position(u64::try_from(block.head.number).unwrap_or(0));
            blocks += 1;
        }
        add_keys(&mut keys, &part.keys);
        query.from = part.next;
        if query.from.is_none() {
            break;
        }
    }
    line(&mut file, &json!({ "keys": keys }), path)?;
    bar.finish_and_clear();
    finish(file, path)?;
    let told = format!("{blocks} {}: {}", context.say(EXPORTED), path.display());
    context.output.note(&told);
    Ok(())
}

/// Adds the keys of a JWK Set that are not there yet.
fn add_keys(keys: &mut Vec<Value>, set: &Value) {
    let members = set.get("keys").and_then(Value::as_array);
    for key in members.into_iter().flatten() {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
}

fn finish(file: BufWriter<File>, path: &Path) -> Result<(), Failure> {
    let file = file
        .into_inner()
        .map_err(|e| Failure::file(path, e.error()))?;
    file.sync_all().map_err(|e| Failure::file(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_heads_are_read_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let head = |number| AuditHead {
            number,
            first: 1,
            last: 9,
            count: 9,
            events: "e".to_owned(),
            previous: "p".to_owned(),
            sealed_at: 1_767_600_000_000,
            kid: "k".to_owned(),
            signature: "s".to_owned(),
        };
        append(&path, &head(1)).unwrap();
        append(&path, &head(2)).unwrap();
        let read = || heads_in(&path).unwrap().collect::<Result<Vec<_>, _>>();
        let kept = |number| Line::Head(Box::new(head(number)));
        assert_eq!(read().unwrap(), [kept(1), kept(2)]);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{}\n{whole}", &whole[..20])).unwrap();
        assert_eq!(read().unwrap(), [Line::Torn, kept(1), kept(2)]);
        std::fs::write(&path, "\n{}\n").unwrap();
        assert!(read().is_err());
    }

    #[test]
    fn every_key_is_exported_once() {
        let mut keys = Vec::new();
        add_keys(
            &mut keys,
            &json!({ "keys": [{ "kid": "a" }, { "kid": "b" }] }),
        );
        add_keys(&mut keys, &json!({ "keys": [{ "kid": "b" }] }));
        add_keys(&mut keys, &json!({}));
        assert_eq!(keys.len(), 2);
    }
}
