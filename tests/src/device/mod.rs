//! A PKCS#11 device of one test's own: SoftHSM with a token in a folder of its own, behind a module
//! that can be told to fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Installation;

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The PIN of the token's user.
pub const PIN: &str = "73019265";
/// The token's label.
pub const TOKEN: &str = "idp-thu";

/// A device with one token.
pub struct Device {
    folder: tempfile::TempDir,
}

impl Device {
    /// Initialises a token.
    ///
    /// # Panics
    /// When Debian's packages `softhsm2` or `gcc` are missing.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let device = Self { folder };
        std::fs::create_dir(device.path("tokens")).expect("a folder");
        let tokens = device.path("tokens");
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        std::fs::write(device.path("softhsm2.conf"), configuration).expect("written");
        device.write_pin(PIN);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/device/moody.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-w", "-o"]);
        compiler.arg(device.module()).arg(source);
        compiler.arg(format!("-DSOFTHSM=\"{SOFTHSM}\"")).arg("-ldl");
        assert!(compiler.status().expect("cc runs").success());
        let mut tool = Command::new("softhsm2-util");
        tool.args(["--init-token", "--free", "--label", TOKEN, "--pin", PIN])
            .args(["--so-pin", "50918273"])
            .env("SOFTHSM2_CONF", device.path("softhsm2.conf"));
        let made = tool.output().expect("softhsm2-util runs");
        assert!(made.status.success(), "{made:?}");
        device
    }

    /// Configures it for an installation.
    pub fn give_to(&self, installation: &mut Installation) {
        let plain = |path: PathBuf| path.into_os_string().into_string().expect("a plain path");
        let variables = [
            ("SOFTHSM2_CONF", plain(self.path("softhsm2.conf"))),
            ("MOODY", plain(self.folder.path().to_owned())),
            ("IDP__KEYS__PKCS11_MODULE", plain(self.module())),
            ("IDP__KEYS__PKCS11_TOKEN", TOKEN.to_owned()),
            ("IDP__KEYS__PKCS11_PIN_FILE", plain(self.path("pin"))),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        installation.environment.extend(variables);
    }

    /// Writes what the product takes for the PIN.
    pub fn write_pin(&self, pin: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path("pin");
        std::fs::write(&path, pin).expect("written");
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, mode).expect("a mode");
    }

    /// Lets it fail from now on, or no more when the mood is empty: see `moody.c`.
    pub fn mood(&self, mood: &str) {
        let (new, path) = (self.path("mood.new"), self.path("mood"));
        std::fs::write(&new, mood).expect("written");
        std::fs::rename(new, path).expect("moved");
    }

    /// How often anybody has tried a PIN.
    pub fn logins(&self) -> usize {
        std::fs::read_to_string(self.path("logins")).map_or(0, |text| text.lines().count())
    }

    /// Removes every key from the token behind its back.
    pub fn lose_keys(&self) {
        for token in std::fs::read_dir(self.path("tokens")).expect("tokens") {
            let inside = std::fs::read_dir(token.expect("a token").path());
            for entry in inside.expect("objects").flatten() {
                let name = entry.file_name().into_string().unwrap_or_default();
                if name.ends_with(".object") && name != "token.object" {
                    std::fs::remove_file(entry.path()).expect("removed");
                }
            }
        }
    }

    fn module(&self) -> PathBuf {
        self.path("moody.so")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
