//! A data folder whose disk can be full: a small file system of its own where this user may mount
//! one, and a limit on the size of the server's files elsewhere.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::installation::{Installation, Serving};

/// Room enough for an installation and some minutes of work.
const SIZE: &str = "size=12m";
/// A limit below everything that SQLite appends to.
const LIMIT: u64 = 4096;

/// An installation on such a disk.
pub struct SmallDisk {
    /// The installation.
    pub installation: Installation,
    mount: Option<PathBuf>,
}

impl SmallDisk {
    /// Makes the disk and initialises an installation on it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "idp-test"])
            .arg(&path)
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        println!(
            "a full disk by {}",
            if mounted { "tmpfs" } else { "RLIMIT_FSIZE" }
        );
        let installation = Installation::init_in(folder, "http");
        Self {
            installation,
            mount: mounted.then_some(path),
        }
    }

    /// Starts the server and waits until it is ready. It ignores SIGXFSZ, so that a file at its
    /// limit answers with an error, as a full disk does.
    pub async fn serve(&self) -> Serving {
        let served = self.installation.command(&["serve"]);
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        command.arg(served.get_program()).args(served.get_args());
        for (name, value) in served.get_envs() {
            command.env(name, value.expect("nothing is unset"));
        }
        let serving = self.installation.spawn(command);
        self.installation
            .until_ready(serving)
            .await
            .expect("it serves")
    }

    /// Leaves no space.
    pub fn fill(&self, serving: &Serving) {
        match &self.mount {
            None => limit(serving, &LIMIT.to_string()),
            Some(path) => {
                let filler = path.join("filler");
                let mut file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(filler)
                    .expect("a file");
                for size in [1 << 16, 1 << 10, 1] {
                    while file.write_all(&vec![0; size]).is_ok() {}
                }
            }
        }
    }

    /// Gives the space back.
    pub fn free(&self, serving: &Serving) {
        match &self.mount {
            None => limit(serving, "unlimited"),
            Some(path) => fs::remove_file(path.join("filler")).expect("the filler is there"),
        }
    }
}

impl Default for SmallDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Some(path) = &self.mount {
            // Lazily: the folder inside is removed by its own owner afterwards.
            let _ = Command::new("umount").arg("-l").arg(path).output();
        }
    }
}

fn limit(serving: &Serving, soft: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &serving.pid().to_string()])
        .arg(format!("--fsize={soft}:"))
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "prlimit (util-linux)"
    );
}
