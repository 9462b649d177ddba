//! `idp unit`.

use std::collections::BTreeMap;

use idp_admin_api::LocalText;
use idp_admin_api::unit::{Unit, UnitEdit, UnitNew, UnitQuery, UnitState};

use super::wire_name;
use crate::cli::args::{Format, UnitCommand};
use crate::cli::context::{Context, all, clearable, retold};
use crate::cli::failure::Failure;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

const LIST: &[Column<Unit>] = &[
    column("code", text("Mã", "Code"), |u, _| u.code.clone()),
    column("name", text("Tên", "Name"), |u, s| s.local(&u.name)),
    column("parent", text("Thuộc", "Below"), |u, _| {
        u.parent().map(|p| p.code.clone()).unwrap_or_default()
    }),
    column("state", text("Trạng thái", "State"), |u, _| {
        wire_name(&u.state)
    }),
];

const WHOLE: &[Column<Unit>] = &[
    column("id", text("Định danh", "Id"), |u, _| u.id.clone()),
    column("code", text("Mã", "Code"), |u, _| u.code.clone()),
    column("name", text("Tên", "Name"), |u, _| u.name.vi.clone()),
    column(
        "name_en",
        text("Tên tiếng Anh", "English name"),
        |u, _| u.name.en.clone().unwrap_or_default(),
    ),
    column("path", text("Thuộc", "Below"), |u, s| {
        s.several(
            u.path
                .iter()
                .map(|p| format!("{} {}", p.code, s.local(&p.name))),
        )
    }),
    column("state", text("Trạng thái", "State"), |u, _| {
        wire_name(&u.state)
    }),
    column(
        "valid_from",
        text("Hiệu lực từ", "Valid from"),
        |u, s| s.time(&u.valid_from),
    ),
    column(
        "valid_until",
        text("Hiệu lực đến", "Valid until"),
        |u, s| s.time_if(u.valid_until.as_ref()),
    ),
    column("replaced_by", text("Thay bằng", "Replaced by"), |u, _| {
        u.replaced_by
            .as_ref()
            .map(|r| r.code.clone())
            .unwrap_or_default()
    }),
    column("version", text("Phiên bản", "Version"), |u, _| {
        u.version.to_string()
    }),
];

pub(super) async fn run(command: UnitCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        add @ UnitCommand::Add { .. } => self::add(add, context).await,
        UnitCommand::Show { unit } => {
            let unit = context.api.unit(&unit).await?;
            context.output.one(&unit, WHOLE)
        }
        UnitCommand::List {
            below,
            state,
            tree: true,
            ..
        } => tree(below, state, context).await,
        UnitCommand::List {
            below,
            state,
            paging,
            ..
        } => {
            let query = UnitQuery {
                below,
                state,
                ..UnitQuery::default()
            };
            list(query, &paging, context).await
        }
        UnitCommand::Search { text, paging } => {
            let query = UnitQuery {
                q: Some(text),
                ..UnitQuery::default()
            };
            list(query, &paging, context).await
        }
        edit @ UnitCommand::Edit { .. } => self::edit(edit, context).await,
        UnitCommand::Disable { unit } => {
            let unit = context.api.disable_unit(&unit).await?;
            context.changed(&unit, WHOLE)
        }
        UnitCommand::Enable { unit } => {
            let unit = context.api.enable_unit(&unit).await?;
            context.changed(&unit, WHOLE)
        }
    }
}

async fn add(command: UnitCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let UnitCommand::Add {
        code,
        name,
        name_en,
        parent,
        from,
    } = command
    else {
        return Ok(());
    };
    let unit = UnitNew {
        code,
        name: LocalText {
            vi: name,
            en: name_en,
        },
        parent,
        valid_from: from,
    };
    let unit = context.api.add_unit(&unit).await?;
    context.changed(&unit, WHOLE)
}

async fn edit(command: UnitCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let UnitCommand::Edit {
        unit,
        code,
        name,
        name_en,
        parent,
        replaced_by,
    } = command
    else {
        return Ok(());
    };
    let present = context.api.unit(&unit).await?;
    let edit = UnitEdit {
        code,
        name: retold(&present.name, name, name_en),
        parent: clearable(parent),
        replaced_by: clearable(replaced_by),
    };
    let unit = context.api.edit_unit(&present, &edit).await?;
    context.changed(&unit, WHOLE)
}

async fn list(
    query: UnitQuery,
    paging: &crate::cli::args::Paging,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let api = context.api.clone();
    let fetch = async |page: idp_admin_api::PageQuery| {
        let query = UnitQuery {
            after: page.after,
            limit: page.limit,
            ..query.clone()
        };
        api.units(&query).await
    };
    context.list(paging, LIST, fetch).await
}

async fn tree(
    below: Option<String>,
    state: Option<UnitState>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let api = context.api.clone();
    let units = all(async |page: idp_admin_api::PageQuery| {
        let query = UnitQuery {
            below: below.clone(),
            state,
            after: page.after,
            limit: page.limit,
            ..UnitQuery::default()
        };
        api.units(&query).await
    })
    .await?;
    if context.globals.output != Format::Table {
        return context.output.list(&units, &units, LIST);
    }
    let language = context.output.style;
    let lines = branches(&units).into_iter().map(|(depth, unit)| {
        format!(
            "{}{}  {}",
            "  ".repeat(depth),
            unit.code,
            language.local(&unit.name)
        )
    });
    for line in lines.collect::<Vec<_>>() {
        context.output.line(&crate::cli::output::printable(&line))?;
    }
    Ok(())
}

/// Units in the order of the tree, each with its depth below the topmost one listed. A unit whose
/// parent is not listed stands at the top, so none is lost.
fn branches(units: &[Unit]) -> Vec<(usize, &Unit)> {
    let listed: std::collections::BTreeSet<&str> = units.iter().map(|u| u.id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        let parent = unit.parent().map(|p| p.id.as_str());
        let parent = parent.filter(|id| listed.contains(id)).unwrap_or("");
        children.entry(parent).or_default().push(unit);
    }
    let mut open: Vec<(usize, &Unit)> = Vec::new();
    let mut ordered = Vec::with_capacity(units.len());
    let push = |id: &str, depth, open: &mut Vec<_>| {
        let below = children.get(id).into_iter().flatten().rev();
        open.extend(below.map(|unit| (depth, *unit)));
    };
    push("", 0, &mut open);
    while let Some((depth, unit)) = open.pop() {
        ordered.push((depth, unit));
        push(&unit.id, depth + 1, &mut open);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_admin_api::unit::UnitReference;

    fn unit(code: &str, parent: Option<&str>) -> Unit {
        let name = LocalText {
            vi: code.to_owned(),
            en: None,
        };
        Unit {
            id: code.to_owned(),
            version: 1,
            code: code.to_owned(),
            name: name.clone(),
            path: parent
                .map(|p| UnitReference {
                    id: p.to_owned(),
                    code: p.to_owned(),
                    name,
                })
                .into_iter()
                .collect(),
            state: UnitState::Active,
            valid_from: "2026-01-01T00:00:00Z".to_owned(),
            valid_until: None,
            replaced_by: None,
        }
    }

    #[test]
    fn a_tree_lists_every_unit_below_its_own_parent() {
        let units = [
            unit("H42", None),
            unit("H42.1", Some("H42")),
            unit("H42.1.1", Some("H42.1")),
            unit("H42.2", Some("H42")),
            unit("H9.9", Some("H9")),
        ];
        let order: Vec<_> = branches(&units)
            .into_iter()
            .map(|(depth, unit)| (depth, unit.code.as_str()))
            .collect();
        assert_eq!(
            order,
            [
                (0, "H42"),
                (1, "H42.1"),
                (2, "H42.1.1"),
                (1, "H42.2"),
                (0, "H9.9")
            ]
        );
    }
}
