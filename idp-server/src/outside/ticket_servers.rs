//! Redis as configured, with the secrets and certificates that the configuration names.

use std::path::Path;

use idp_core::base::fault::Fault;
use idp_store::redis::{Arrangement, Credentials, RedisSettings};

use super::password_file::read_password;
use crate::config::TicketSettings;

const PLACE: &str = "tickets";

/// Reads the files.
///
/// # Errors
/// A lasting fault that names the file: unreadable, readable to everybody, of another user, longer
/// than 256 octets or empty.
pub fn complete(settings: &TicketSettings) -> Result<RedisSettings, Fault> {
    let mut redis = settings.redis.clone();
    fill(
        redis.credentials.as_mut(),
        settings.password_file.as_deref(),
    )?;
    if let Arrangement::Sentinel { credentials, .. } = &mut redis.arrangement {
        fill(
            credentials.as_mut(),
            settings.sentinel_password_file.as_deref(),
        )?;
    }
    if let Some(path) = &settings.ca_file {
        redis.authorities = Some(std::fs::read(path).map_err(|e| fault(path, &e))?);
    }
    Ok(redis)
}

fn fill(credentials: Option<&mut Credentials>, path: Option<&Path>) -> Result<(), Fault> {
    if let (Some(credentials), Some(path)) = (credentials, path) {
        credentials.password = read_password(path, PLACE)?;
    }
    Ok(())
}

fn fault(path: &Path, what: &dyn std::fmt::Display) -> Fault {
    Fault::lasting(PLACE, format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use idp_core::base::secret::SecretText;
    use idp_store::redis::Address;

    use super::*;

    #[test]
    fn a_password_file_is_read_and_must_be_closed_to_the_world() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redis.password");
        let address = Address::parse("rediss://192.0.2.1").unwrap();
        let mut redis = RedisSettings::new(Arrangement::Single(address));
        redis.credentials = Some(Credentials {
            user: None,
            password: SecretText::new(String::new()),
        });
        let settings = TicketSettings {
            redis,
            password_file: Some(path.clone()),
            sentinel_password_file: None,
            ca_file: None,
        };
        let complaint = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            match complete(&settings) {
                Ok(redis) => redis.credentials.unwrap().password.expose().to_owned(),
                Err(fault) => fault.detail,
            }
        };
        assert_eq!(complaint("mat khau\n", 0o640), "mat khau");
        assert!(complaint("mat khau\n", 0o644).contains("others may read it"));
        assert!(complaint("\n", 0o600).contains("is empty"));
        assert!(complaint(&"a".repeat(300), 0o600).contains("256 octets"));
        std::fs::remove_file(&path).unwrap();
        assert!(
            complete(&settings)
                .unwrap_err()
                .detail
                .contains("redis.password")
        );
    }
}
