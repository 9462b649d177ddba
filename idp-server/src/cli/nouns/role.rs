//! `idp role`.

use idp_admin_api::LocalText;
use idp_admin_api::role::{Role, RoleEdit, RoleNew};

use crate::cli::args::{Paging, RoleCommand};
use crate::cli::context::{Context, retold};
use crate::cli::failure::Failure;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

const COLUMNS: &[Column<Role>] = &[
    column("name", text("Vai trò", "Role"), |r, _| r.name.clone()),
    column("title", text("Tên gọi", "Title"), |r, s| {
        s.local(&r.title)
    }),
    column("description", text("Mô tả", "Description"), |r, _| {
        r.description.clone()
    }),
    column("built_in", text("Có sẵn", "Built in"), |r, s| {
        s.flag(r.built_in)
    }),
];

pub(super) async fn run(command: RoleCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        RoleCommand::Add {
            role,
            title,
            title_en,
            description,
        } => {
            let role = RoleNew {
                name: role,
                title: LocalText {
                    vi: title,
                    en: title_en,
                },
                description,
            };
            let role = context.api.add_role(&role).await?;
            context.changed(&role, COLUMNS)
        }
        RoleCommand::Show { role } => {
            let role = context.api.role(&role).await?;
            context.output.one(&role, COLUMNS)
        }
        RoleCommand::List => {
            let api = context.api.clone();
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            context
                .list(&every, COLUMNS, async |page| api.roles(&page).await)
                .await
        }
        RoleCommand::Edit {
            role,
            title,
            title_en,
            description,
        } => {
            let present = context.api.role(&role).await?;
            let title = retold(&present.title, title, title_en);
            let edit = RoleEdit { title, description };
            let role = context.api.edit_role(&present, &edit).await?;
            context.changed(&role, COLUMNS)
        }
        RoleCommand::Remove { role } => {
            context.confirm(&format!("role remove {role}"))?;
            let role = context.api.remove_role(&role).await?;
            context.changed(&role, COLUMNS)
        }
    }
}
