//! `idp key`.

use idp_admin_api::key::{Key, KeyRotated, KeyRotation};

use super::wire_name;
use crate::cli::args::{Format, KeyCommand, Paging};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

const COLUMNS: &[Column<Key>] = &[
    column("kid", text("Khóa", "Key"), |k, _| k.kid.clone()),
    column("purpose", text("Dùng để", "Purpose"), |k, _| {
        wire_name(&k.purpose)
    }),
    column("algorithm", text("Thuật toán", "Algorithm"), |k, _| {
        k.algorithm.clone()
    }),
    column("place", text("Nơi giữ", "Place"), |k, _| {
        wire_name(&k.place)
    }),
    column("state", text("Trạng thái", "State"), |k, _| {
        wire_name(&k.state)
    }),
    column("active_from", text("Ký từ", "Signs from"), |k, s| {
        s.time(&k.active_from)
    }),
    column("active_until", text("Ký đến", "Signs until"), |k, s| {
        s.time_if(k.active_until.as_ref())
    }),
    column(
        "published_until",
        text("Công bố đến", "Published until"),
        |k, s| s.time_if(k.published_until.as_ref()),
    ),
];

pub(super) async fn run(command: KeyCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        KeyCommand::List => {
            let api = context.api.clone();
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            context
                .list(&every, COLUMNS, async |page| api.keys(&page).await)
                .await
        }
        KeyCommand::Show { kid } => {
            let key = context.api.key(&kid).await?;
            context.output.one(&key, COLUMNS)
        }
        KeyCommand::Rotate {
            purpose,
            algorithm,
            place,
            at_once,
        } => {
            if at_once {
                context.confirm("key rotate --at-once")?;
            }
            let rotation = KeyRotation {
                purpose,
                algorithm,
                place,
                at_once,
            };
            let rotated = context.api.rotate_key(&rotation).await?;
            report(&rotated, context)
        }
    }
}

fn report(rotated: &KeyRotated, context: &mut Context<'_>) -> Result<(), Failure> {
    if context.globals.output == Format::Json {
        context.output.json(rotated)?;
    } else {
        let keys: Vec<Key> = rotated
            .added
            .iter()
            .chain(&rotated.retired)
            .cloned()
            .collect();
        context.output.list(&keys, &keys, COLUMNS)?;
    }
    context.remind();
    Ok(())
}
