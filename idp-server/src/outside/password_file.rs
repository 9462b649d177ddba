//! Passwords of other servers and PINs of devices, each in a file of its own.

use std::path::{Path, PathBuf};

use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;

use super::master_key::{MasterKeyProblem, read_secret};

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file that only its owner may read.
    File(PathBuf),
    /// A systemd credential (`LoadCredential=`): a name below `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// Reads the PIN of a device. `environment` answers the value of a variable.
///
/// # Errors
/// A lasting fault that names the file: unreadable, readable to others, of another user, longer
/// than 256 octets or empty; no credential folder.
pub fn read_pin(
    source: &SecretSource,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<SecretText, Fault> {
    match source {
        SecretSource::File(path) => read(path, "device", 0o077),
        SecretSource::Credential(name) => {
            let unset = || Fault::lasting("device", MasterKeyProblem::NoCredentials);
            let folder = environment("CREDENTIALS_DIRECTORY").ok_or_else(unset)?;
            read(&Path::new(&folder).join(name), "device", 0o007)
        }
    }
}

/// Reads the password of a server, for `place`, which the faults name.
///
/// # Errors
/// A lasting fault that names the file: unreadable, readable to everybody, of another user, longer
/// than 256 octets or empty.
pub fn read_password(path: &Path, place: &'static str) -> Result<SecretText, Fault> {
    // A systemd credential is shown with a group permission, so only the world is kept out.
    read(path, place, 0o007)
}

fn read(path: &Path, place: &'static str, forbidden: u32) -> Result<SecretText, Fault> {
    let fault =
        |what: &dyn std::fmt::Display| Fault::lasting(place, format!("{}: {what}", path.display()));
    let text = read_secret(path, forbidden).map_err(|problem| match problem {
        MasterKeyProblem::Malformed => fault(&"holds no password of at most 256 octets"),
        other => fault(&other),
    })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(fault(&"is empty"));
    }
    Ok(SecretText::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_pin_is_read_from_what_only_its_owner_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        let set = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
        std::fs::write(&path, "7301\n").unwrap();
        let none = |_: &str| None;
        let file = SecretSource::File(path.clone());
        set(0o640).unwrap();
        let open = read_pin(&file, none).unwrap_err();
        assert!(open.detail.contains("others may read it"), "{open}");
        set(0o600).unwrap();
        assert_eq!(read_pin(&file, none).unwrap().expose(), "7301");
        let credential = SecretSource::Credential("pin".to_owned());
        let unset = read_pin(&credential, none).unwrap_err();
        assert!(unset.detail.contains("CREDENTIALS_DIRECTORY"), "{unset}");
        set(0o440).unwrap();
        let here = folder.path().to_str().unwrap().to_owned();
        let pin = read_pin(&credential, |_| Some(here.clone()));
        assert_eq!(pin.unwrap().expose(), "7301");
    }
}
