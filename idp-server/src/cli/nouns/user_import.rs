//! `idp user import`.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use idp_admin_api::Problem;
use idp_admin_api::user::ActivationLink;
use idp_admin_api::user_import::{
    ExistingAccounts, ImportOutcome, ImportReport, ImportRowReport, MAX_BYTES, UserImport,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::wire_name;
use crate::cli::args::{Format, ImportArgs};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::file::{new_private, read_bounded};
use crate::cli::import_file;
use crate::cli::language::{Language, Text, text};
use crate::cli::output::{Column, Output, Style, column};
use crate::cli::reason_texts::reason_text;

/// The columns of a file of activation links.
pub(super) const LINKS: &[Column<ActivationLink>] = &[
    column(
        "user_name",
        text("Tên đăng nhập", "User name"),
        |l, _| l.user_name.clone(),
    ),
    column("name", text("Họ và tên", "Name"), |l, _| l.name.clone()),
    column("url", text("Liên kết", "Link"), |l, _| l.url.clone()),
    column("expires_at", text("Dùng đến", "Works until"), |l, s| {
        s.time(&l.expires_at)
    }),
];

const ROWS: &[Column<ImportRowReport>] = &[
    column("line", text("Dòng", "Line"), |r, _| r.line.to_string()),
    column(
        "user_name",
        text("Tên đăng nhập", "User name"),
        |r, _| r.user_name.clone(),
    ),
    column("outcome", text("Kết quả", "Outcome"), |r, _| {
        wire_name(&r.outcome)
    }),
    column("field", text("Cột", "Column"), |r, _| {
        r.field.clone().unwrap_or_default()
    }),
    column("reason", text("Lý do", "Reason"), |r, _| {
        r.reason.clone().unwrap_or_default()
    }),
    column("remedy", text("Cách xử lý", "What to do"), |r, s| {
        remedy(r, s.language)
    }),
];

/// What to do about a row, in the operator's language where this program knows the reason.
fn remedy(row: &ImportRowReport, language: Language) -> String {
    let known = row.reason.as_deref();
    let known = known.and_then(|reason| reason_text(reason, language));
    let told = known.map(|text| text.remedy).or_else(|| row.remedy.clone());
    told.unwrap_or_default()
}

const WORKING: Text = text("đang kiểm tra và ghi…", "checking and writing…");
const WRONG: Text = text(
    "dòng sai, chưa ghi gì",
    "rows are wrong, nothing was written",
);
const ADDED: Text = text("tài khoản mới", "accounts added");
const SKIPPED: Text = text("bỏ qua", "passed over");
const UNDO: Text = text("hoàn tác bằng", "undo with");
const LINKS_AT: Text = text("liên kết kích hoạt ở", "activation links are in");

pub(super) async fn run(args: ImportArgs, context: &mut Context<'_>) -> Result<(), Failure> {
    let bytes = read_bounded(&args.file, MAX_BYTES as u64)?;
    let rows = import_file::parse(&bytes).map_err(|e| Failure::file(&args.file, e))?;
    let title = args.file.file_name().unwrap_or(args.file.as_os_str());
    let import = UserImport {
        title: title.to_string_lossy().into_owned(),
        rows,
        existing: if args.skip_existing {
            ExistingAccounts::Skip
        } else {
            ExistingAccounts::Refuse
        },
        user_name_pattern: args.pattern,
        activation_links: args.links_out.is_some(),
        resume: args.resume,
    };
    // Opened before anything is written: links that cannot be kept must not be made.
    let links_out = args.links_out.filter(|_| !context.globals.dry_run);
    let links = links_out.as_deref().map(new_private).transpose()?;
    let progress = spinner(context.say(WORKING));
    let answer = context.api.import_users(&import).await;
    progress.finish_and_clear();
    match answer {
        Ok(report) => {
            if let (Some(file), Some(path)) = (links, links_out.as_deref()) {
                write_links(file, path, &report.activation_links)?;
                let at = context.say(LINKS_AT);
                context.output.note(&format!("{at} {}", path.display()));
            }
            tell(&report, context)
        }
        Err(failure) => {
            if let Some(path) = links_out {
                // Still empty, since nothing was made.
                let _left = std::fs::remove_file(path);
            }
            refused(failure, context)
        }
    }
}

fn spinner(message: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let bar = ProgressBar::new_spinner().with_message(message);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn write_links(file: std::fs::File, path: &Path, links: &[ActivationLink]) -> Result<(), Failure> {
    let style = Style {
        format: Format::Csv,
        ..Style::default()
    };
    let kept = file.try_clone().map_err(|e| Failure::file(path, e))?;
    Output::to(style, Box::new(file), Box::new(std::io::sink())).csv(links, LINKS, true)?;
    (&kept)
        .flush()
        .and_then(|()| kept.sync_all())
        .map_err(|e| Failure::file(path, e))
}

fn tell(report: &ImportReport, context: &mut Context<'_>) -> Result<(), Failure> {
    if context.globals.output == Format::Json {
        // Links went into their own file and are not repeated.
        let bare = ImportReport {
            activation_links: Vec::new(),
            ..report.clone()
        };
        context.output.json(&bare)?;
    } else {
        context.output.list(&report.rows, &report.rows, ROWS)?;
    }
    let counts = format!(
        "{} {}, {} {}",
        report.added,
        context.say(ADDED),
        report.skipped,
        context.say(SKIPPED)
    );
    context.output.note(&counts);
    if let Some(change_set) = &report.change_set {
        let undo = format!("{} `idp change-set undo {change_set}`", context.say(UNDO));
        context.output.note(&undo);
    }
    context.remind();
    Ok(())
}

/// A refusal that reports on rows is told as a table of the wrong ones; others as every refusal.
fn refused(failure: Failure, context: &mut Context<'_>) -> Result<(), Failure> {
    let Failure::Refused(problem) = failure else {
        return Err(failure);
    };
    if problem.rows.is_empty() || context.globals.output == Format::Json {
        return Err(Failure::Refused(problem));
    }
    let Problem { rows, .. } = *problem;
    let wrong: Vec<_> = rows
        .into_iter()
        .filter(|row| row.outcome == ImportOutcome::Refused)
        .collect();
    context.output.list(&wrong, &wrong, ROWS)?;
    let counts = format!("{} {}", wrong.len(), context.say(WRONG));
    context.output.note(&counts);
    Err(Failure::Reported)
}
