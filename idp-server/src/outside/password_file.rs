//! Passwords of other servers, each in a file of its own.

use std::path::Path;

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;

use super::master_key::{MasterKeyProblem, read_secret};

/// Reads the password of a server, for `place`, which the faults name.
///
/// # Errors
/// A lasting fault that names the file: unreadable, readable to everybody, of another user, longer
/// than 256 octets or empty.
pub fn read_password(path: &Path, place: &'static str) -> Result<SecretText, Fault> {
    let fault =
        |what: &dyn std::fmt::Display| Fault::lasting(place, format!("{}: {what}", path.display()));
    // A systemd credential is shown with a group permission, so only the world is kept out.
    let text = read_secret(path, 0o007).map_err(|problem| match problem {
        MasterKeyProblem::Malformed => fault(&"holds no password of at most 256 octets"),
        other => fault(&other),
    })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(fault(&"is empty"));
    }
    Ok(SecretText::new(password.to_owned()))
}
