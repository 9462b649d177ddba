//! The key-encrypting key: 256 bits, kept apart from the data that it opens.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use idp_core::base::seal::SealingKey;
use zeroize::Zeroizing;

/// The longest text that can be a key file; longer files are not read.
const LONGEST_FILE: u64 = 256;

/// Where the key is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKeySource {
    /// A file that only its owner may read.
    File(PathBuf),
    /// A systemd credential (`LoadCredential=`): a name below `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// An environment variable of this name.
    Environment(String),
}

impl std::fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// Why the key is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Others than the owner may read it.
    #[error("others may read it (mode {0:o}); run chmod 600 on it")]
    Exposed(u32),
    /// It belongs to somebody who is neither this process nor root.
    #[error("belongs to user {0}, neither to the server's user nor to root")]
    ForeignOwner(u32),
    /// It lies with the data, so that one stolen folder holds lock and key.
    #[error("lies inside the data folder; keep it elsewhere")]
    BesideData,
    /// There is no credential folder: not started by systemd, or without `LoadCredential=`.
    #[error("the variable CREDENTIALS_DIRECTORY is not set")]
    NoCredentials,
    /// The environment variable is not set.
    #[error("the environment variable is not set")]
    NotSet,
    /// It is no 256-bit key in base64.
    #[error("is not 32 octets in base64")]
    Malformed,
    /// A new key would overwrite an old one.
    #[error("exists already; an overwritten master key makes every sealed value unreadable")]
    Exists,
}

/// The key-encrypting key. Wiped when dropped, never printed.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new random key.
    #[must_use]
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    /// Reads the key. `environment` answers the value of a variable.
    ///
    /// # Errors
    /// See [`MasterKeyProblem`]. A file must belong to this user or root, be readable by nobody
    /// else and lie outside `data_folder`; a credential is only checked against the world, because
    /// systemd shows its access list as a group permission.
    pub fn read(
        source: &MasterKeySource,
        data_folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, MasterKeyProblem> {
        let text = match source {
            MasterKeySource::File(path) => {
                refuse_beside_data(path, data_folder)?;
                read_secret(path, 0o077)?
            }
            MasterKeySource::Credential(name) => {
                let folder =
                    environment("CREDENTIALS_DIRECTORY").ok_or(MasterKeyProblem::NoCredentials)?;
                read_secret(&Path::new(&folder).join(name), 0o007)?
            }
            MasterKeySource::Environment(name) => {
                Zeroizing::new(environment(name).ok_or(MasterKeyProblem::NotSet)?)
            }
        };
        Self::parse(&text)
    }

    /// Writes the key into a new file that only its owner may read, and its folder with it.
    ///
    /// # Errors
    /// [`MasterKeyProblem::Exists`], [`MasterKeyProblem::BesideData`], or why it cannot be written.
    pub fn write_new(&self, path: &Path, data_folder: &Path) -> Result<(), MasterKeyProblem> {
        let unreadable = |e: std::io::Error| MasterKeyProblem::Unreadable(e.to_string());
        refuse_beside_data(path, data_folder)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::AlreadyExists => MasterKeyProblem::Exists,
                _ => unreadable(e),
            })?;
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(self.0.as_ref())));
        file.write_all(text.as_bytes()).map_err(unreadable)?;
        file.sync_all().map_err(unreadable)
    }

    /// The key for one purpose (`keys`, `tickets`, `outbox`), derived by HKDF.
    ///
    /// # Errors
    /// A lasting fault when the derivation fails, which it does not for 256-bit keys.
    pub fn sealing_key(&self, purpose: &str) -> Result<SealingKey, Fault> {
        SealingKey::derive(&self.0, purpose).map_err(|e| Fault::lasting("master key", e))
    }

    fn parse(text: &str) -> Result<Self, MasterKeyProblem> {
        let octets = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let octets = octets.map_err(|_| MasterKeyProblem::Malformed)?;
        let key = octets.as_slice().try_into();
        Ok(Self(Zeroizing::new(
            key.map_err(|_| MasterKeyProblem::Malformed)?,
        )))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Compares real paths, so that a symbolic link does not hide where the file lies. The file itself
/// may not exist yet; its folder must.
fn refuse_beside_data(path: &Path, data_folder: &Path) -> Result<(), MasterKeyProblem> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(_) => fs::canonicalize(path.parent().unwrap_or(Path::new(".")))
            .map_err(|e| MasterKeyProblem::Unreadable(e.to_string()))?,
    };
    match fs::canonicalize(data_folder) {
        Ok(data) if real.starts_with(&data) => Err(MasterKeyProblem::BesideData),
        _ => Ok(()),
    }
}

/// Reads a file of at most 256 octets that none of the `forbidden` permissions opens to others and
/// that belongs to this user or root.
pub(super) fn read_secret(
    path: &Path,
    forbidden: u32,
) -> Result<Zeroizing<String>, MasterKeyProblem> {
    let unreadable = |e: std::io::Error| MasterKeyProblem::Unreadable(e.to_string());
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.mode() & 0o777;
    if mode & forbidden != 0 {
        return Err(MasterKeyProblem::Exposed(mode));
    }
    if metadata.uid() != 0 && metadata.uid() != own_uid()? {
        return Err(MasterKeyProblem::ForeignOwner(metadata.uid()));
    }
    if !metadata.is_file() || metadata.len() > LONGEST_FILE {
        return Err(MasterKeyProblem::Malformed);
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(unreadable)
}

/// The user this process runs as: the owner of its own entry in /proc.
pub(crate) fn own_uid() -> Result<u32, MasterKeyProblem> {
    fs::metadata("/proc/self")
        .map(|own| own.uid())
        .map_err(|e| MasterKeyProblem::Unreadable(e.to_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{MasterKey, MasterKeyProblem, MasterKeySource};
    use idp_core::base::entropy::Entropy;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn read(path: &Path, data: &Path) -> Result<MasterKey, MasterKeyProblem> {
        MasterKey::read(&MasterKeySource::File(path.to_owned()), data, nothing)
    }

    #[test]
    fn a_written_key_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, data) = (folder.path().join("master.key"), folder.path().join("data"));
        let mut entropy = Entropy::from_seed(&[1; 32]);
        let key = MasterKey::generate(&mut entropy);
        key.write_new(&path, &data).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = read(&path, &data).unwrap();
        let sealed = key.sealing_key("x").unwrap().seal(b"n", b"v", &mut entropy);
        let opened = again.sealing_key("x").unwrap().open(b"n", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"v");
        assert_eq!(key.write_new(&path, &data), Err(MasterKeyProblem::Exists));
    }

    #[test]
    fn each_rule_of_the_file_has_its_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let path = folder.path().join("master.key");
        assert!(matches!(
            read(&path, &data),
            Err(MasterKeyProblem::Unreadable(_))
        ));
        fs::write(&path, "not base64!").unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                read(&path, &data).err(),
                Some(MasterKeyProblem::Exposed(mode))
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path, &data).err(), Some(MasterKeyProblem::Malformed));
        fs::write(&path, "AAAA").unwrap();
        assert_eq!(read(&path, &data).err(), Some(MasterKeyProblem::Malformed));
        fs::write(&path, "A".repeat(1000)).unwrap();
        assert_eq!(read(&path, &data).err(), Some(MasterKeyProblem::Malformed));
    }

    #[test]
    fn a_key_beside_the_data_is_refused_even_behind_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let inside = data.join("master.key");
        let key = MasterKey::generate(&mut Entropy::from_seed(&[1; 32]));
        assert_eq!(
            key.write_new(&inside, &data),
            Err(MasterKeyProblem::BesideData)
        );
        fs::write(&inside, "x").unwrap();
        let link = folder.path().join("link.key");
        std::os::unix::fs::symlink(&inside, &link).unwrap();
        assert_eq!(read(&link, &data).err(), Some(MasterKeyProblem::BesideData));
    }

    #[test]
    fn credentials_and_variables_are_read_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let text = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        let path = folder.path().join("idp-master-key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        let credential = MasterKeySource::Credential("idp-master-key".to_owned());
        let data = Path::new("/nonexistent");
        assert_eq!(
            MasterKey::read(&credential, data, nothing).err(),
            Some(MasterKeyProblem::NoCredentials)
        );
        let here = folder.path().to_str().unwrap().to_owned();
        let set = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| here.clone());
        assert!(MasterKey::read(&credential, data, set).is_ok());
        let variable = MasterKeySource::Environment("KEY".to_owned());
        assert_eq!(
            MasterKey::read(&variable, data, nothing).err(),
            Some(MasterKeyProblem::NotSet)
        );
        assert!(MasterKey::read(&variable, data, |_| Some(text.to_owned())).is_ok());
    }
}
