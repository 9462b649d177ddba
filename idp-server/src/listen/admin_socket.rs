//! The administration socket: a Unix socket that only the server's own user and root may use.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use idp_core::base::fault::Fault;
use tokio::net::{UnixListener, UnixStream};

use crate::outside::master_key::own_uid;

const PLACE: &str = "admin socket";

/// Who is at the other end of the socket, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminPeer {
    /// Their user.
    pub uid: u32,
    /// Their process, where the kernel says so.
    pub pid: Option<i32>,
}

/// The bound socket; its file goes away with it.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    own_uid: u32,
}

impl AdminSocket {
    /// Binds the socket with mode 0600. A socket that a dead server left behind is replaced.
    ///
    /// # Errors
    /// A lasting fault when another server listens there, when the path is something else than a
    /// socket, or when it cannot be made.
    pub async fn bind(path: &Path) -> Result<Self, Fault> {
        let trouble = |what: &dyn std::fmt::Display| {
            Fault::lasting(PLACE, format!("{}: {what}", path.display()))
        };
        match fs::symlink_metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(trouble(&e)),
            Ok(there) if !there.file_type().is_socket() => {
                return Err(trouble(&"is there already and is no socket"));
            }
            Ok(_) if UnixStream::connect(path).await.is_ok() => {
                return Err(trouble(&"another server listens on it"));
            }
            Ok(_) => fs::remove_file(path).map_err(|e| trouble(&e))?,
        }
        let own_uid = own_uid().map_err(|e| trouble(&e))?;
        let listener = UnixListener::bind(path).map_err(|e| trouble(&e))?;
        // Until here only the folder's mode protects it; the store keeps that at 0700.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|e| trouble(&e))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            own_uid,
        })
    }

    /// The next connection of somebody who may use the socket; others are turned away and logged.
    pub(super) async fn accept(&self) -> io::Result<(UnixStream, AdminPeer)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let Ok(credentials) = stream.peer_cred() else {
                continue;
            };
            let peer = AdminPeer {
                uid: credentials.uid(),
                pid: credentials.pid(),
            };
            if may_use(peer.uid, self.own_uid) {
                return Ok((stream, peer));
            }
            tracing::warn!(uid = peer.uid, "turned away from the administration socket");
        }
    }
}

/// Root and the server's own user.
fn may_use(uid: u32, own: u32) -> bool {
    uid == 0 || uid == own
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // Nothing depends on it: the next start replaces a socket that is left behind.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{AdminSocket, may_use};
    use tokio::net::UnixStream;

    #[tokio::test]
    async fn the_socket_is_private_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let socket = AdminSocket::bind(&path).await.unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let (caller, accepted) = tokio::join!(UnixStream::connect(&path), socket.accept());
        assert!(caller.is_ok());
        assert_eq!(accepted.unwrap().1.uid, socket.own_uid);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_live_socket_stays_and_a_stale_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let live = AdminSocket::bind(&path).await.unwrap();
        let second = AdminSocket::bind(&path).await.unwrap_err();
        assert!(second.detail.contains("another server"), "{second}");
        assert!(path.exists());
        // What remains of a killed process: a socket file on which nobody listens.
        let stale = folder.path().join("stale.sock");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        assert!(AdminSocket::bind(&stale).await.is_ok());
        drop(live);
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("important");
        fs::write(&path, "x").unwrap();
        let refused = AdminSocket::bind(&path).await.unwrap_err();
        assert!(refused.detail.contains("no socket"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn only_root_and_the_own_user_may_use_it() {
        assert!(may_use(0, 990) && may_use(990, 990));
        assert!(!may_use(1000, 990));
    }
}
