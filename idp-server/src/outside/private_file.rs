//! What nobody but its owner may read.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Access bits of the group and of others.
pub const GROUP_AND_OTHERS: u32 = 0o077;

/// Others' access bits, and the group's but reading: a TLS key is often shared with the group of
/// those servers that use it.
pub const ALL_BUT_GROUP_READING: u32 = 0o037;

/// A file or folder that is open to more than it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    path: PathBuf,
    mode: u32,
}

impl Exposed {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> String {
        format!(
            "others may use {} (mode {:o})",
            self.path.display(),
            self.mode
        )
    }

    /// The command that mends it.
    #[must_use]
    pub fn remedy(&self) -> String {
        format!("chmod go= '{}'", self.path.display())
    }
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; run: {}", self.problem(), self.remedy())
    }
}

/// Whether `path`, symbolic links followed, grants any of the `forbidden` access bits. `None` as
/// well for what cannot be looked at: whoever opens it says why.
#[must_use]
pub fn exposed(path: &Path, forbidden: u32) -> Option<Exposed> {
    let mode = fs::metadata(path).ok()?.mode() & 0o777;
    (mode & forbidden != 0).then(|| Exposed {
        path: path.to_owned(),
        mode,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_open_to_others_is_named_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let set = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode));
        set(0o700).unwrap();
        assert_eq!(exposed(folder.path(), GROUP_AND_OTHERS), None);
        set(0o740).unwrap();
        assert_eq!(exposed(folder.path(), ALL_BUT_GROUP_READING), None);
        let text = exposed(folder.path(), GROUP_AND_OTHERS)
            .unwrap()
            .to_string();
        assert!(
            text.contains("mode 740") && text.contains("chmod go="),
            "{text}"
        );
        set(0o700).unwrap();
    }
}
