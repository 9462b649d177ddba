//! `idp store migrate`: from the embedded store to PostgreSQL.

use std::io::IsTerminal;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::event::What;
use idp_core::store::records::Records;
use idp_store::copy::{Copied, copy};
use idp_store::postgres::PostgresOptions;
use indicatif::ProgressBar;
use serde::Serialize;

use super::args::{Format, Globals, MigrateArgs, StoreCommand};
use super::failure::Failure;
use super::language::{Text, text};
use super::output::{Column, Output, column};
use crate::config::Settings;
use crate::outside::password_file::read_password;
use crate::serve;
use crate::wiring::{Installation, Place, Store};
use crate::worker;

/// The setting that marks a store on its way to PostgreSQL, at both ends, and the embedded store
/// after it: `serve` refuses both unless it is empty, so that no two servers run on what was one
/// province, wherever the move broke off.
pub const MOVED: &str = "moved";
/// Its value on the way.
pub const MOVING: &str = "moving";
/// Its value in the old store afterwards.
const GONE: &str = "postgres";

const MOVING_TEXT: Text = text("Đang chuyển dữ liệu", "Moving the data");
const NEXT: Text = text(
    "Đã chuyển xong và đối chiếu từng dòng. Việc tiếp theo: đặt store.postgres trong cấu hình, khởi động lại, rồi chạy `idp audit verify`. Kho cũ vẫn còn nguyên nhưng không chạy được nữa.",
    "All is moved and was compared row by row. Next: set store.postgres in the configuration, start the server, then run `idp audit verify`. The old store is still whole, and no server runs on it any more.",
);

/// Runs the command.
///
/// # Errors
/// When the server runs, when the target is not empty or not reached, or when a row did not arrive
/// as it was; nothing was moved then.
pub async fn run(
    command: StoreCommand,
    globals: &Globals,
    output: &mut Output,
) -> Result<(), Failure> {
    let StoreCommand::Migrate(args) = command;
    let settings = serve::settings(globals.config.as_deref()).map_err(|f| failed(&f))?;
    if settings.store.postgres.is_some() {
        let already = "the configuration names PostgreSQL already; remove store.postgres to move the data of store.folder";
        return Err(Failure::failed(already.to_owned()));
    }
    let target = target(&args)?;
    let installation = serve::installation_to_move(&settings).await;
    let installation = installation.map_err(|f| failed(&f))?;
    let moved = migrate(&settings, &installation, &target, globals).await;
    installation.store.close().await;
    let moved = moved?;
    let rows: Vec<Row> = moved.into_iter().map(Row::from).collect();
    output.list(&rows, &rows, &columns())?;
    output.note(super::language(globals).pick(NEXT));
    Ok(())
}

fn target(args: &MigrateArgs) -> Result<PostgresOptions, Failure> {
    let mut target = PostgresOptions::new(SecretText::new(args.to.clone()));
    if let Some(path) = &args.password_file {
        let password = read_password(path, "store").map_err(|f| failed(&f))?;
        target.password = Some(password);
    }
    target.certificate_authority = args.ca_file.clone();
    if target.url_holds_password() {
        let remedy = "write the password into a file and name it with --password-file: every user of this machine sees arguments";
        return Err(Failure::failed(remedy.to_owned()));
    }
    target.check(false).map_err(|f| failed(&f))?;
    Ok(target)
}

async fn migrate(
    settings: &Settings,
    installation: &Installation,
    target: &PostgresOptions,
    globals: &Globals,
) -> Result<Vec<Copied>, Failure> {
    let Store::Embedded(records) = &installation.store else {
        return Err(Failure::failed("the data rest in PostgreSQL".to_owned()));
    };
    // Both stores will tell of the move, in blocks that are sealed before it.
    let site = &installation.site;
    site.record(What::StoreMoved)
        .await
        .map_err(|f| failed(&f))?;
    let heads = serve::heads(settings);
    worker::seal_last(site, &installation.node, &heads)
        .await
        .map_err(|f| failed(&f))?;
    let marked = records.set_setting(MOVED, MOVING).await;
    marked.map_err(|f| failed(&f))?;
    let progress = progress(globals);
    let copied = copy(records, target, |copied| {
        progress.set_message(format!("{}: {}", copied.table, copied.rows));
    })
    .await;
    progress.finish_and_clear();
    let left = if copied.is_ok() { GONE } else { "" };
    let marked = records.set_setting(MOVED, left).await;
    let copied = copied.map_err(|f| failed(&f))?;
    marked.map_err(|f| failed(&f))?;
    arrived(target).await.map_err(|f| failed(&f))?;
    Ok(copied)
}

/// Lets servers run on the target, which came with the mark of the way.
async fn arrived(target: &PostgresOptions) -> Result<(), Fault> {
    let (store, _tickets) = Store::open(&Place::Database(target.clone())).await?;
    let done = store.records().set_setting(MOVED, "").await;
    store.close().await;
    done
}

fn progress(globals: &Globals) -> ProgressBar {
    if globals.output != Format::Table || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let moving = super::language(globals).pick(MOVING_TEXT);
    let bar = ProgressBar::new_spinner().with_message(moving);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// What the command answers to programs: a table that has arrived.
#[derive(Serialize)]
struct Row {
    table: String,
    rows: u64,
    digest: String,
}

impl From<Copied> for Row {
    fn from(copied: Copied) -> Self {
        Self {
            table: copied.table,
            rows: copied.rows,
            digest: copied.digest.to_base64url(),
        }
    }
}

fn columns() -> [Column<Row>; 3] {
    [
        column("table", text("Bảng", "Table"), |row: &Row, _| {
            row.table.clone()
        }),
        column("rows", text("Số dòng", "Rows"), |row, _| {
            row.rows.to_string()
        }),
        column("digest", text("Mã băm", "Digest"), |row, _| {
            row.digest.clone()
        }),
    ]
}

fn failed(fault: &Fault) -> Failure {
    Failure::failed(fault.to_string())
}
