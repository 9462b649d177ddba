//! `idp user assign`, `unassign` and `edit-position`.

use idp_admin_api::user::{Position, PositionEdit, PositionNew, RoleGrantNew, User};

use super::user::WHOLE;
use crate::cli::args::UserCommand;
use crate::cli::context::{Context, clearable};
use crate::cli::failure::Failure;
use crate::cli::language::Said;

pub(super) async fn run(command: UserCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let user = match command {
        assign @ UserCommand::Assign { .. } => self::assign(assign, context).await?,
        UserCommand::Unassign {
            user,
            unit,
            role: Some(role),
            ..
        } => {
            context
                .api
                .unassign_role(&user, &role, unit.as_deref())
                .await?
        }
        UserCommand::Unassign {
            user,
            unit,
            title,
            role: None,
        } => {
            let present = context.api.user(&user).await?;
            let position = held(&present, &unit.unwrap_or_default(), title.as_deref())?;
            context
                .api
                .unassign_position(&present.id, &position.id)
                .await?
        }
        UserCommand::EditPosition {
            user,
            unit,
            title,
            new_title,
            main,
            until,
        } => {
            let present = context.api.user(&user).await?;
            let position = held(&present, &unit, title.as_deref())?;
            let edit = PositionEdit {
                title: new_title,
                main: main.then_some(true),
                until: clearable(until),
            };
            context
                .api
                .edit_position(&present, &position.id, &edit)
                .await?
        }
        _ => return Ok(()),
    };
    context.changed(&user, WHOLE)
}

async fn assign(command: UserCommand, context: &mut Context<'_>) -> Result<User, Failure> {
    let UserCommand::Assign {
        user,
        unit,
        title,
        role,
        main,
        from,
        until,
    } = command
    else {
        return Err(Failure::Reported);
    };
    match role {
        Some(role) => {
            let grant = RoleGrantNew {
                role,
                unit,
                from,
                until,
            };
            context.api.assign_role(&user, &grant).await
        }
        None => {
            let position = PositionNew {
                unit: unit.unwrap_or_default(),
                title: title.unwrap_or_default(),
                main,
                from,
                until,
            };
            context.api.assign_position(&user, &position).await
        }
    }
}

/// The one position held in a unit (id or code), with a title where that is needed.
fn held<'a>(user: &'a User, unit: &str, title: Option<&str>) -> Result<&'a Position, Failure> {
    let mut found = user.positions.iter().filter(|position| {
        position.held
            && (position.unit.id == unit || position.unit.code.eq_ignore_ascii_case(unit))
            && title.is_none_or(|title| position.title == title)
    });
    let name = &user.user_name;
    match (found.next(), found.next()) {
        (Some(position), None) => Ok(position),
        (None, _) => Err(Failure::usage(Said::new(
            format!("{name} không giữ vị trí đó ở {unit}; xem `idp user show {name}`"),
            format!("{name} holds no such position in {unit}; see `idp user show {name}`"),
        ))),
        (Some(_), Some(_)) => Err(Failure::usage(Said::new(
            format!("{name} giữ nhiều vị trí ở {unit}; nêu rõ bằng --title"),
            format!("{name} holds several positions in {unit}; name one with --title"),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_admin_api::LocalText;
    use idp_admin_api::unit::UnitReference;
    use idp_admin_api::user::{AccountKind, AccountState};

    fn position(id: &str, unit: &str, title: &str, held: bool) -> Position {
        Position {
            id: id.to_owned(),
            unit: UnitReference {
                id: format!("id-of-{unit}"),
                code: unit.to_owned(),
                name: LocalText::default(),
            },
            title: title.to_owned(),
            main: false,
            from: "2026-01-01T00:00:00Z".to_owned(),
            until: None,
            held,
        }
    }

    fn official() -> User {
        User {
            id: "u1".to_owned(),
            version: 3,
            user_name: "an.nv".to_owned(),
            name: "Nguyễn Văn An".to_owned(),
            kind: AccountKind::Official,
            state: AccountState::Active,
            disabled: None,
            identifiers: Vec::new(),
            positions: vec![
                position("p1", "H42.7", "Chuyên viên", false),
                position("p2", "H42.7", "Phó phòng", true),
                position("p3", "H42.8", "Chuyên viên", true),
                position("p4", "H42.8", "Thư ký", true),
            ],
            roles: Vec::new(),
            address: idp_admin_api::address::Address::default(),
            claims: serde_json::Map::new(),
            locale: None,
            has_password: true,
            activation_link_expires_at: None,
            created_at: String::new(),
            updated_at: String::new(),
        }
    }

    #[test]
    fn exactly_one_held_position_is_meant() {
        let user = official();
        let found = |unit, title| held(&user, unit, title).map(|p| p.id.as_str()).ok();
        assert_eq!(
            found("H42.7", None),
            Some("p2"),
            "the past one does not count"
        );
        assert_eq!(found("h42.7", None), Some("p2"));
        assert_eq!(found("id-of-H42.7", None), Some("p2"));
        assert_eq!(found("H42.8", None), None, "two are held there");
        assert_eq!(found("H42.8", Some("Thư ký")), Some("p4"));
        assert_eq!(found("H42.9", None), None);
    }
}
