//! `idp outbox`.

use idp_admin_api::outbox::{Delivery, DeliveryQuery};

use super::wire_name;
use crate::cli::args::OutboxCommand;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

const COLUMNS: &[Column<Delivery>] = &[
    column("id", text("Bản gửi", "Delivery"), |d, _| d.id.clone()),
    column("kind", text("Loại", "Kind"), |d, _| wire_name(&d.kind)),
    column("client", text("Ứng dụng", "Application"), |d, _| {
        d.client.clone()
    }),
    column("state", text("Trạng thái", "State"), |d, _| {
        wire_name(&d.state)
    }),
    column("attempts", text("Số lần thử", "Attempts"), |d, _| {
        d.attempts.to_string()
    }),
    column(
        "due_at",
        text("Thử tiếp lúc", "Next attempt"),
        |d, s| s.time_if(d.due_at.as_ref()),
    ),
    column("created_at", text("Tạo lúc", "Made"), |d, s| {
        s.time(&d.created_at)
    }),
    column(
        "last_error",
        text("Lỗi gần nhất", "Last error"),
        |d, _| d.last_error.clone(),
    ),
];

pub(super) async fn run(command: OutboxCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        OutboxCommand::List { state, paging } => {
            let api = context.api.clone();
            let fetch = async |page: idp_admin_api::PageQuery| {
                let query = DeliveryQuery {
                    state,
                    after: page.after,
                    limit: page.limit,
                };
                api.outbox(&query).await
            };
            context.list(&paging, COLUMNS, fetch).await
        }
        OutboxCommand::Show { delivery } => {
            let delivery = context.api.delivery(&delivery).await?;
            context.output.one(&delivery, COLUMNS)
        }
        OutboxCommand::Retry { delivery } => {
            let delivery = context.api.retry_delivery(&delivery).await?;
            context.changed(&delivery, COLUMNS)
        }
    }
}
