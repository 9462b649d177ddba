//! What the terminal shows: a table for people, one JSON object for programs.

use std::ffi::OsStr;
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
    let program = std::env::args_os().next();
    let command = administration(program.as_deref(), socket);
    writeln!(out, "Quản trị / Administration: {command}\n")?;
    writeln!(out, "Mở một ứng dụng và đăng nhập. Dừng bằng Ctrl-C.")?;
    writeln!(out, "Open an application and sign in. Stop with Ctrl-C.")?;
    out.flush()
}

/// A command that the person can paste: the program under the name it was called by.
fn administration(program: Option<&OsStr>, socket: &Path) -> String {
    let program = program.unwrap_or(OsStr::new("idp"));
    let [program, socket] = [program, socket.as_os_str()].map(quoted);
    format!("{program} --socket {socket} --as quantri user list")
}

/// A word as a POSIX shell takes it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_header(head);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_can_be_pasted_as_it_stands() {
        for (program, socket, hint) in [
            (
                Some("target/release/idp"),
                "/d/admin.sock",
                "target/release/idp --socket /d/admin.sock",
            ),
            (
                Some("./my idp"),
                "/d's/admin.sock",
                r"'./my idp' --socket '/d'\''s/admin.sock'",
            ),
            (None, "/d/admin.sock", "idp --socket /d/admin.sock"),
        ] {
            let told = administration(program.map(OsStr::new), Path::new(socket));
            assert_eq!(told, format!("{hint} --as quantri user list"));
        }
    }
}
