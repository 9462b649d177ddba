//! PostgreSQL as configured, with the secret that the configuration names.

use idp_core::base::fault::Fault;
use idp_store::postgres::PostgresOptions;

use super::password_file::read_password;
use crate::config::PostgresSettings;

/// Reads the password's file.
///
/// # Errors
/// See [`read_password`].
pub fn complete(settings: &PostgresSettings) -> Result<PostgresOptions, Fault> {
    let mut options = settings.options.clone();
    if let Some(path) = &settings.password_file {
        options.password = Some(read_password(path, "store")?);
    }
    Ok(options)
}
