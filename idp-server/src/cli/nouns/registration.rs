//! `idp registration-token`.

use idp_admin_api::registration::{
    RegistrationToken, RegistrationTokenNew, RegistrationTokenWithSecret,
};

use crate::cli::args::{Format, Paging, RegistrationTokenCommand};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, column};

const SECONDS_A_DAY: u32 = 86_400;

const COLUMNS: &[Column<RegistrationToken>] = &[
    column("id", text("Mã số", "Id"), |t, _| t.id.clone()),
    column("note", text("Dùng để", "For"), |t, _| t.note.clone()),
    column(
        "uses_left",
        text("Còn dùng được", "Uses left"),
        |t, _| t.uses_left.to_string(),
    ),
    column("created_at", text("Tạo lúc", "Made"), |t, s| {
        s.time(&t.created_at)
    }),
    column("expires_at", text("Hết hạn", "Expires"), |t, s| {
        s.time(&t.expires_at)
    }),
];

const KEEP: Text = text(
    "Chỉ hiện một lần: trao cho người đăng ký ứng dụng bằng đường an toàn.",
    "Shown this once: hand it to whoever registers the application, by a safe way.",
);

pub(super) async fn run(
    command: RegistrationTokenCommand,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    match command {
        RegistrationTokenCommand::Add { note, uses, days } => {
            let new = RegistrationTokenNew {
                note,
                uses,
                lifetime_seconds: days.saturating_mul(SECONDS_A_DAY),
            };
            let made = context.api.add_registration_token(&new).await?;
            with_secret(&made, context)
        }
        RegistrationTokenCommand::List => {
            let api = context.api.clone();
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            context
                .list(&every, COLUMNS, async |page| {
                    api.registration_tokens(&page).await
                })
                .await
        }
        RegistrationTokenCommand::Remove { token } => {
            context.confirm(&format!("registration-token remove {token}"))?;
            let removed = context.api.remove_registration_token(&token).await?;
            context.changed(&removed, COLUMNS)
        }
    }
}

fn with_secret(
    made: &RegistrationTokenWithSecret,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    if context.globals.output == Format::Json {
        context.output.json(made)?;
    } else {
        context.output.one(&made.registration_token, COLUMNS)?;
        if let Some(secret) = &made.initial_access_token {
            let line = format!("initial_access_token: {secret}");
            context.output.line(&line)?;
        }
    }
    if made.initial_access_token.is_some() {
        context.output.note(context.say(KEEP));
    }
    context.remind();
    Ok(())
}
