//! `idp change-set`.

use idp_admin_api::change_set::{ChangeSet, ChangeSetEntry, UndoReport};

use super::wire_name;
use crate::cli::args::{ChangeSetCommand, Format, Paging};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, column};

const COLUMNS: &[Column<ChangeSet>] = &[
    column("id", text("Đợt thay đổi", "Change set"), |c, _| {
        c.id.clone()
    }),
    column("kind", text("Loại", "Kind"), |c, _| wire_name(&c.kind)),
    column("title", text("Tên", "Title"), |c, _| c.title.clone()),
    column("state", text("Trạng thái", "State"), |c, _| {
        wire_name(&c.state)
    }),
    column("actor", text("Người làm", "By"), |c, _| c.actor.clone()),
    column("applied", text("Đã ghi", "Written"), |c, _| {
        format!("{}/{}", c.applied, c.planned)
    }),
    column("created_at", text("Lúc", "At"), |c, s| {
        s.time(&c.created_at)
    }),
];

const ENTRIES: &[Column<ChangeSetEntry>] = &[
    column("place", text("Thứ tự", "Place"), |e, _| {
        e.place.to_string()
    }),
    column("aggregate", text("Loại", "Kind"), |e, _| {
        e.aggregate.clone()
    }),
    column("id", text("Định danh", "Id"), |e, _| e.id.clone()),
    column("name", text("Tên", "Name"), |e, _| {
        e.name.clone().unwrap_or_default()
    }),
    column("added", text("Thêm mới", "Added"), |e, s| {
        s.flag(e.added)
    }),
    column(
        "changed_since",
        text("Đã đổi sau đó", "Changed since"),
        |e, s| s.flag(e.changed_since),
    ),
];

const KEPT: Text = text(
    "Giữ nguyên vì đã thay đổi sau đó:",
    "Left alone, because they changed since:",
);

const UNDO: &[Column<UndoReport>] = &[
    column(
        "change_set",
        text("Ghi thành đợt", "Recorded as"),
        |u, _| u.change_set.clone().unwrap_or_default(),
    ),
    column("restored", text("Đã khôi phục", "Restored"), |u, _| {
        u.restored.to_string()
    }),
    column("kept", text("Giữ nguyên", "Left alone"), |u, _| {
        u.kept.len().to_string()
    }),
];

pub(super) async fn run(
    command: ChangeSetCommand,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let api = context.api.clone();
    match command {
        ChangeSetCommand::List { paging } => {
            context
                .list(&paging, COLUMNS, async |page| api.change_sets(&page).await)
                .await
        }
        ChangeSetCommand::Show {
            change_set,
            entries: false,
        } => {
            let change_set = api.change_set(&change_set).await?;
            context.output.one(&change_set, COLUMNS)
        }
        ChangeSetCommand::Show {
            change_set,
            entries: true,
        } => {
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            let fetch = async |page| api.change_set_entries(&change_set, &page).await;
            context.list(&every, ENTRIES, fetch).await
        }
        ChangeSetCommand::Undo { change_set } => {
            context.confirm(&format!("change-set undo {change_set}"))?;
            let report = api.undo_change_set(&change_set).await?;
            context.output.one(&report, UNDO)?;
            if context.globals.output == Format::Table && !report.kept.is_empty() {
                context.output.note(context.say(KEPT));
                context.output.list(&report.kept, &report.kept, ENTRIES)?;
            }
            context.remind();
            Ok(())
        }
    }
}
