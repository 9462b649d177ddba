//! Files that commands read and write: bounded in, private out.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::failure::Failure;
use super::language::Said;

/// A file whole, if it has at most `most` bytes.
///
/// # Errors
/// It cannot be read, or it is larger.
pub fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::file(
            path,
            Said::new(
                format!("lớn hơn {most} byte"),
                format!("larger than {most} bytes"),
            ),
        ));
    }
    Ok(bytes)
}

/// A new file that only its owner may read.
///
/// # Errors
/// It exists, or it cannot be made.
pub fn new_private(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(path)
        .map_err(|error| Failure::file(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_bounded_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links.csv");
        drop(new_private(&path).unwrap());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(
            new_private(&path).is_err(),
            "an existing file is left alone"
        );
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert!(read_bounded(&path, 4).is_err());
        assert!(read_bounded(&folder.path().join("none"), 4).is_err());
    }
}
