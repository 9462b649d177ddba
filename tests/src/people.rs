//! Many invented people, all with one password, made by one hash that is computed here.

use std::io::Write;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::request::random;
use crate::{Installation, User};

/// Rows of one import file.
const ROWS: u32 = 5_000;

const FAMILY: [&str; 8] = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi"];
const MIDDLE: [&str; 6] = ["Văn", "Thị", "Đức", "Minh", "Ngọc", "Quốc"];
const GIVEN: [&str; 10] = [
    "An", "Bình", "Châu", "Dũng", "Giang", "Hương", "Khánh", "Lan", "Phúc", "Tuấn",
];

/// People that an import made.
#[derive(Debug, Clone)]
pub struct People {
    count: u32,
    password: String,
}

impl People {
    /// Imports people, with `u00000` as the first user name, all with the same random password,
    /// whose hash has the product's default cost.
    ///
    /// # Panics
    /// When the import is refused.
    pub fn import(installation: &Installation, count: u32) -> Self {
        let password = random();
        import(installation, count, &argon2id(&password));
        Self { count, password }
    }

    /// One of them; numbers beyond the last begin anew.
    pub fn person(&self, number: usize) -> User {
        let number = u32::try_from(number).unwrap_or(u32::MAX) % self.count;
        User {
            username: user_name(number),
            password: self.password.clone(),
            name: name(number),
            unit: String::new(),
            roles: Vec::new(),
        }
    }
}

/// Imports people who have no password yet.
///
/// # Panics
/// When the import is refused.
pub fn import_invited(installation: &Installation, count: u32) {
    import(installation, count, "");
}

fn user_name(number: u32) -> String {
    format!("u{number:05}")
}

fn name(number: u32) -> String {
    let pick = |list: &[&'static str], by: u32| list[(number / by) as usize % list.len()];
    let (family, middle, given) = (pick(&FAMILY, 1), pick(&MIDDLE, 8), pick(&GIVEN, 48));
    format!("{family} {middle} {given}")
}

fn import(installation: &Installation, count: u32, hash: &str) {
    for first in (0..count).step_by(ROWS as usize) {
        let mut file = tempfile::Builder::new()
            .suffix(".csv")
            .tempfile()
            .expect("a file");
        writeln!(
            file,
            "user_name,name,mail{}",
            if hash.is_empty() {
                ""
            } else {
                ",password_hash"
            }
        )
        .expect("written");
        for number in first..count.min(first + ROWS) {
            let (user_name, name) = (user_name(number), name(number));
            write!(file, "{user_name},{name},{user_name}@tinh.example").expect("written");
            // The hash holds commas.
            let hash = if hash.is_empty() {
                String::new()
            } else {
                format!(",\"{hash}\"")
            };
            writeln!(file, "{hash}").expect("written");
        }
        file.flush().expect("written");
        let path = file.path().to_str().expect("a plain path");
        let output = installation.administer(&["user", "import", path]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
    }
}

/// The hash of a password with the product's default cost, in PHC format.
fn argon2id(password: &str) -> String {
    let (memory, passes, lanes) = (19 * 1024, 2, 1);
    let parameters = Params::new(memory, passes, lanes, Some(32)).expect("parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let salt = random();
    let salt = &salt.as_bytes()[..16];
    let mut tag = [0; 32];
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut tag)
        .expect("a hash");
    let (salt, tag) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}")
}
