//! `idp user`: accounts. Positions and roles of accounts are in `position.rs`, imports in
//! `user_import.rs`.

use idp_admin_api::address::{Address, AddressEdit};
use idp_admin_api::user::{
    Identifier, Position, PositionNew, RoleGrant, User, UserDisable, UserEdit, UserNew, UserQuery,
    UserSummary, UserWithLink,
};

use super::{position, user_certificate, user_import, wire_name};
use crate::cli::args::{AddressArgs, Format, IdentifierArgs, UserCommand, UserListArgs};
use crate::cli::context::{Context, clearable};
use crate::cli::failure::Failure;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, Style, column};

const LIST: &[Column<UserSummary>] = &[
    column(
        "user_name",
        text("Tên đăng nhập", "User name"),
        |u, _| u.user_name.clone(),
    ),
    column("name", text("Họ và tên", "Name"), |u, _| u.name.clone()),
    column("kind", text("Loại", "Kind"), |u, _| wire_name(&u.kind)),
    column("state", text("Trạng thái", "State"), |u, _| {
        wire_name(&u.state)
    }),
    column("mail", text("Thư điện tử", "Mail"), |u, _| {
        u.mail.clone().unwrap_or_default()
    }),
    column("positions", text("Chức vụ", "Positions"), |u, s| {
        s.several(
            u.positions
                .iter()
                .map(|p| format!("{} {}", p.unit, p.title)),
        )
    }),
    column("roles", text("Vai trò", "Roles"), |u, s| {
        s.several(u.roles.iter().cloned())
    }),
];

pub(super) const WHOLE: &[Column<User>] = &[
    column("id", text("Định danh", "Id"), |u, _| u.id.clone()),
    column(
        "user_name",
        text("Tên đăng nhập", "User name"),
        |u, _| u.user_name.clone(),
    ),
    column("name", text("Họ và tên", "Name"), |u, _| u.name.clone()),
    column("kind", text("Loại", "Kind"), |u, _| wire_name(&u.kind)),
    column("state", text("Trạng thái", "State"), |u, _| {
        wire_name(&u.state)
    }),
    column(
        "disabled",
        text("Tắt lúc, vì", "Disabled at, why"),
        |u, s| {
            let disabled = u.disabled.as_ref();
            disabled
                .map(|d| format!("{} {}", s.time(&d.at), d.why))
                .unwrap_or_default()
        },
    ),
    column(
        "identifiers",
        text("Thư và số", "Mail and numbers"),
        |u, s| s.several(u.identifiers.iter().map(|i| identifier(i, s))),
    ),
    column("positions", text("Chức vụ", "Positions"), |u, s| {
        s.several(u.positions.iter().map(|p| position_line(p, s)))
    }),
    column("roles", text("Vai trò", "Roles"), |u, s| {
        s.several(u.roles.iter().map(|r| role_line(r, s)))
    }),
    column("address", text("Địa chỉ", "Address"), |u, s| {
        let part = |(name, text): (&str, &str)| format!("{name}: {}", text.replace('\n', ", "));
        s.several(u.address.parts().map(part))
    }),
    column(
        "claims",
        text("Thông tin khác", "Further claims"),
        |u, s| {
            let one = |(name, value): (&String, &serde_json::Value)| {
                format!("{name}: {}", value.as_str().unwrap_or_default())
            };
            s.several(u.claims.iter().map(one))
        },
    ),
    column("locale", text("Ngôn ngữ", "Language"), |u, _| {
        u.locale.clone().unwrap_or_default()
    }),
    column(
        "has_password",
        text("Đã đặt mật khẩu", "Has a password"),
        |u, s| s.flag(u.has_password),
    ),
    column(
        "link_until",
        text("Liên kết kích hoạt đến", "Activation link until"),
        |u, s| s.time_if(u.activation_link_expires_at.as_ref()),
    ),
    column("created_at", text("Tạo lúc", "Made"), |u, s| {
        s.time(&u.created_at)
    }),
    column("updated_at", text("Sửa lúc", "Changed"), |u, s| {
        s.time(&u.updated_at)
    }),
    column("version", text("Phiên bản", "Version"), |u, _| {
        u.version.to_string()
    }),
];

const HAND_OVER: Text = text(
    "Liên kết chỉ hiện một lần và chỉ dùng được một lần: trao tận tay người dùng.",
    "The link is shown this once and works once: hand it to its person, nobody else.",
);

fn identifier(identifier: &Identifier, style: &Style) -> String {
    let kind = wire_name(&identifier.kind);
    let value = &identifier.value;
    match &identifier.released_at {
        Some(released) => format!("{kind}: {value} (– {})", style.time(released)),
        None => format!("{kind}: {value}"),
    }
}

/// From when until when, left out where it says nothing.
fn span(until: Option<&String>, from: &str, style: &Style) -> String {
    match until {
        Some(until) => format!("({} – {})", style.time(from), style.time(until)),
        None => format!("({} –)", style.time(from)),
    }
}

fn position_line(position: &Position, style: &Style) -> String {
    let main = if position.main { " *" } else { "" };
    let span = span(position.until.as_ref(), &position.from, style);
    format!("{} {}{main} {span}", position.unit.code, position.title)
}

fn role_line(grant: &RoleGrant, style: &Style) -> String {
    let place = grant.unit.as_ref().map_or("", |unit| &unit.code);
    let span = span(grant.until.as_ref(), &grant.from, style);
    format!("{} {place} {span}", grant.role)
}

pub(super) async fn run(command: UserCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        add @ UserCommand::Add { .. } => self::add(add, context).await,
        UserCommand::Show { user } => {
            let user = context.api.user(&user).await?;
            context.output.one(&user, WHOLE)
        }
        UserCommand::List(args) => list(None, args, context).await,
        UserCommand::Search { text, list: args } => list(Some(text), args, context).await,
        UserCommand::Edit {
            user,
            name,
            identifiers,
            claim,
        } => {
            let edit = UserEdit {
                claims: claims(&claim)?,
                ..user_edit(name, identifiers)
            };
            let present = context.api.user(&user).await?;
            let user = context.api.edit_user(&present, &edit).await?;
            context.changed(&user, WHOLE)
        }
        UserCommand::Disable { user, why } => {
            context.confirm(&format!("user disable {user}"))?;
            let user = context
                .api
                .disable_user(&user, &UserDisable { why })
                .await?;
            context.changed(&user, WHOLE)
        }
        UserCommand::Enable { user } => {
            let user = context.api.enable_user(&user).await?;
            context.changed(&user, WHOLE)
        }
        UserCommand::Reset { user } => {
            context.confirm(&format!("user reset {user}"))?;
            let reset = context.api.reset_user(&user).await?;
            with_link(&reset, context)
        }
        UserCommand::Certificate(command) => user_certificate::run(command, context).await,
        UserCommand::Import(args) => user_import::run(args, context).await,
        UserCommand::Assign { .. }
        | UserCommand::Unassign { .. }
        | UserCommand::EditPosition { .. } => position::run(command, context).await,
    }
}

async fn add(command: UserCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    let UserCommand::Add {
        user,
        name,
        kind,
        identifiers,
        unit,
        title,
        no_link,
    } = command
    else {
        return Ok(());
    };
    let position = unit.zip(title).map(|(unit, title)| PositionNew {
        unit,
        title,
        main: true,
        ..PositionNew::default()
    });
    let address = identifiers.address;
    let user = UserNew {
        user_name: user,
        name,
        kind,
        mail: identifiers.mail,
        mobile: identifiers.mobile,
        personal_id: identifiers.personal_id,
        employee_code: identifiers.employee_code,
        tax_code: identifiers.tax_code,
        address: Address {
            formatted: address.formatted,
            street_address: address.street_address,
            locality: address.locality,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
        },
        locale: identifiers.locale,
        positions: position.into_iter().collect(),
        roles: Vec::new(),
        activation_link: !no_link,
    };
    let added = context.api.add_user(&user).await?;
    with_link(&added, context)
}

fn user_edit(name: Option<String>, identifiers: IdentifierArgs) -> UserEdit {
    UserEdit {
        name,
        mail: clearable(identifiers.mail),
        mobile: clearable(identifiers.mobile),
        personal_id: clearable(identifiers.personal_id),
        employee_code: clearable(identifiers.employee_code),
        tax_code: clearable(identifiers.tax_code),
        address: address_edit(identifiers.address).map(Some),
        locale: clearable(identifiers.locale),
        claims: serde_json::Map::new(),
    }
}

/// What `--claim` says, as a JSON merge patch: an empty value takes a claim away.
fn claims(said: &[String]) -> Result<serde_json::Map<String, serde_json::Value>, Failure> {
    let one = |said: &String| {
        let (name, value) = said.split_once('=')?;
        let value = (!value.is_empty()).then(|| value.to_owned());
        Some((name.to_owned(), value.into()))
    };
    let pairs: Option<_> = said.iter().map(one).collect();
    pairs.ok_or_else(|| Failure::usage("--claim NAME=VALUE".to_owned()))
}

/// The parts that were named; nothing when none was.
fn address_edit(address: AddressArgs) -> Option<AddressEdit> {
    let edit = AddressEdit {
        formatted: clearable(address.formatted),
        street_address: clearable(address.street_address),
        locality: clearable(address.locality),
        region: clearable(address.region),
        postal_code: clearable(address.postal_code),
        country: clearable(address.country),
    };
    (edit != AddressEdit::default()).then_some(edit)
}

async fn list(
    q: Option<String>,
    args: UserListArgs,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let api = context.api.clone();
    let fetch = async |page: idp_admin_api::PageQuery| {
        let query = UserQuery {
            q: q.clone(),
            unit: args.unit.clone(),
            here_only: args.here_only,
            role: args.role.clone(),
            kind: args.kind,
            state: args.state,
            after: page.after,
            limit: page.limit,
        };
        api.users(&query).await
    };
    context.list(&args.paging, LIST, fetch).await
}

/// Writes an account and, once, the activation link just made for it.
fn with_link(made: &UserWithLink, context: &mut Context<'_>) -> Result<(), Failure> {
    match context.globals.output {
        Format::Json => context.output.json(made)?,
        Format::Csv => {
            let links = made.activation_link.as_slice();
            context.output.csv(links, user_import::LINKS, true)?;
        }
        Format::Table => {
            context.output.one(&made.user, WHOLE)?;
            if let Some(link) = &made.activation_link {
                let until = context.output.style.time(&link.expires_at);
                context.output.line(&format!("{} (→ {until})", link.url))?;
            }
        }
    }
    if made.activation_link.is_some() {
        context.output.note(context.say(HAND_OVER));
    }
    context.remind();
    Ok(())
}
