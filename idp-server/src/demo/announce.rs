//! What the terminal shows: a table for people, one JSON object for programs.

use std::io::{self, Write};
use std::path::Path;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::people::{DemoPerson, UNITS};
use super::seed::Seeded;

/// Writes the JSON object on one line.
pub(super) fn as_json(issuer: &str, seeded: &Seeded) -> io::Result<()> {
    let applications: Vec<Value> = seeded
        .applications
        .iter()
        .map(|app| {
            json!({
                "name": app.name,
                "url": app.base.as_str(),
                "client_id": app.client_id,
                "client_secret": app.secret.expose(),
                "redirect_uri": format!("{}callback", app.base),
            })
        })
        .collect();
    let users: Vec<Value> = seeded
        .people
        .iter()
        .map(|seeded| {
            let person = seeded.person;
            json!({
                "username": person.user_name,
                "password": seeded.password.expose(),
                "name": person.name,
                "unit": main_unit(person),
                "roles": person.roles.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            })
        })
        .collect();
    let object = json!({"issuer": issuer, "applications": applications, "users": users});
    let mut out = io::stdout().lock();
    writeln!(out, "{object}")?;
    out.flush()
}

fn main_unit(person: &DemoPerson) -> &'static str {
    let code = person.positions.first().map_or("", |(code, _)| code);
    UNITS
        .iter()
        .find(|unit| unit.code == code)
        .map_or("", |unit| unit.vi)
}

/// Writes the tables.
pub(super) fn as_tables(issuer: &str, socket: &Path, seeded: &Seeded) -> io::Result<()> {
    let mut addresses = table(["Địa chỉ / Address", ""]);
    addresses.add_row(["Đăng nhập một lần / Sign-on", issuer]);
    for app in &seeded.applications {
        addresses.add_row([app.name, app.base.as_str()]);
    }
    let mut users = table([
        "Tên đăng nhập / User",
        "Mật khẩu / Password",
        "Họ tên / Name",
        "Đơn vị / Unit",
        "Vai trò / Roles",
    ]);
    for seeded in &seeded.people {
        let person = seeded.person;
        let roles: Vec<&str> = person.roles.iter().map(|(name, _)| *name).collect();
        users.add_row([
            person.user_name,
            seeded.password.expose(),
            person.name,
            main_unit(person),
            &roles.join(", "),
        ]);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{addresses}\n\n{users}\n")?;
    let command = format!("idp --socket {} --as quantri user list", socket.display());
    writeln!(out, "Quản trị / Administration: {command}\n")?;
    writeln!(out, "Mở một ứng dụng và đăng nhập. Dừng bằng Ctrl-C.")?;
    writeln!(out, "Open an application and sign in. Stop with Ctrl-C.")?;
    out.flush()
}

fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_header(head);
    table
}
