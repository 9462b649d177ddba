//! `idp node`.

use idp_admin_api::node::ConfigurationDifference;

use crate::cli::args::NodeCommand;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, column};

const COLUMNS: &[Column<ConfigurationDifference>] = &[
    column("key", text("Khoá", "Key"), |d, _| d.key.clone()),
    column("agreed", text("Đã thống nhất", "Agreed"), |d, _| {
        d.agreed.clone()
    }),
    column("here", text("Ở nút này", "At this node"), |d, _| {
        d.here.clone()
    }),
];

pub(super) async fn run(command: NodeCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        NodeCommand::Compare { paging } => {
            let api = context.api.clone();
            let fetch =
                async |page: idp_admin_api::PageQuery| api.compare_configuration(&page).await;
            context.list(&paging, COLUMNS, fetch).await
        }
        NodeCommand::Agree => {
            let question = context.say(OTHERS_FOLLOW);
            context.confirm(question)?;
            let changed = context.api.agree_on_configuration().await?;
            context.output.list(&changed, &changed.entries, COLUMNS)?;
            context.remind();
            Ok(())
        }
    }
}

const OTHERS_FOLLOW: Text = text(
    "Các nút có cấu hình khác sẽ ngừng nhận việc cho đến khi được sửa theo.",
    "Nodes that are configured otherwise are not ready until they follow.",
);
