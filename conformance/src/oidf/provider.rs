//! The provider under test: the `idp` binary with a folder and a certificate of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SecureRandom;
use serde_json::Value;
use url::Url;

use super::browser::Person;
use super::keys::{self, SelfSigned};
use super::{Outcome, Trouble};

/// Longest wait for the first answer: a debug build on a busy machine is slow.
const START: Duration = Duration::from_secs(90);
/// Who administers.
const ADMINISTRATOR: &str = "quantri";
/// Who signs in where the binary has no preset.
const PERSON: &str = "an.nv";
/// Who does where it has: the preset's own person, with every standard claim.
const PRESET_PERSON: &str = "an.certification";
/// The file with the person's password.
const PASSWORD: &str = "person.password";
/// The cost of the person's password: it is random and lives as long as the run.
const ROUNDS: u32 = 20_000;
/// The person with everything that the standard claims tell (OpenID Connect Core §5.1).
const PEOPLE: &str = "username,name,mail,mobile,unit,title,formatted,street,locality,region,\
    postal code,country,password hash\n\
    an.nv,Nguyễn Văn An,an.nv@tinh.example,0912000001,H99,Chuyên viên,,12 đường Hoa Ban,\
    Phường Suối Trong,Tỉnh Mẫu,270000,Việt Nam,";

/// How the provider is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The binary.
    pub idp: PathBuf,
    /// The issuer, https.
    pub issuer: Url,
    /// Where it listens.
    pub listen: SocketAddr,
    /// PEM file with the suite's certificate, which it has to trust.
    pub suite_ca: Option<PathBuf>,
}

/// A running provider; it ends, and its folder goes, with this value.
pub struct Provider {
    settings: Settings,
    folder: tempfile::TempDir,
    configuration: PathBuf,
    preset: bool,
    child: Option<Child>,
    /// Its certificate.
    pub certificate: SelfSigned,
    /// Who signs in.
    pub person: Person,
}

impl Provider {
    /// Makes an installation, starts it, waits until it is ready, and adds the person.
    ///
    /// # Errors
    /// What a command wrote, or that it was not ready in time.
    pub async fn start(settings: Settings) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|source| Trouble::File {
            path: std::env::temp_dir(),
            source,
        })?;
        let certificate = keys::server(settings.issuer.host_str().unwrap_or_default())?;
        write_private(&folder.path().join("tls.pem"), &certificate.certificate)?;
        write_private(&folder.path().join("tls-key.pem"), &certificate.key)?;
        let person = Person {
            username: PERSON.to_owned(),
            password: random()?,
        };
        let mut provider = Self {
            configuration: folder.path().join("installation/idp.toml"),
            settings,
            folder,
            preset: false,
            child: None,
            certificate,
            person,
        };
        provider.initialise()?;
        provider.child = Some(provider.serve()?);
        provider.until_ready().await?;
        if !provider.preset {
            provider.add_person()?;
        }
        Ok(provider)
    }

    /// The issuer without a slash at its end.
    pub fn issuer(&self) -> &str {
        self.settings.issuer.as_str().trim_end_matches('/')
    }

    /// Whether the binary has the certification preset; an older one runs as configured otherwise.
    pub fn has_preset(&self) -> bool {
        self.preset
    }

    /// Writes a file that only this user reads, in the provider's folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: &str) -> Outcome<PathBuf> {
        let path = self.folder.path().join(name);
        write_private(&path, content)?;
        Ok(path)
    }

    /// Runs one administrative command and returns what it printed as JSON.
    ///
    /// # Errors
    /// What it wrote, where it refused.
    pub fn administer(&self, arguments: &[&str]) -> Outcome<Value> {
        let mut all = vec!["--as", ADMINISTRATOR, "--output", "json", "--yes"];
        all.extend(arguments);
        let output = ran(&mut self.command(&all), arguments)?;
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// What the server wrote to its error stream.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }

    fn initialise(&mut self) -> Outcome<()> {
        let folder = self.folder.path().join("installation");
        let issuer = self.issuer().to_owned();
        let fixed = ["init", "--issuer", &issuer, "--province-name", "Tỉnh Mẫu"];
        let who = [
            "--admin",
            ADMINISTRATOR,
            "--admin-name",
            "Nguyễn Văn Quản",
            "--dir",
        ];
        let mut command = Command::new(&self.settings.idp);
        command.args(fixed).args(who).arg(&folder);
        ran(command.stdin(Stdio::null()), &["init"])?;
        let known = ["config", "explain", "provider.preset"];
        self.preset = ran(&mut self.command(&known), &known).is_ok();
        if self.preset {
            PRESET_PERSON.clone_into(&mut self.person.username);
            self.file(PASSWORD, &self.person.password)?;
        }
        Ok(())
    }

    fn serve(&self) -> Outcome<Child> {
        let log = self.folder.path().join("stderr.log");
        let file = fs::File::create(&log).map_err(|source| Trouble::File { path: log, source })?;
        let mut command = self.command(&["serve"]);
        let started = command.stdout(Stdio::null()).stderr(file).spawn();
        started.map_err(|source| Trouble::File {
            path: self.settings.idp.clone(),
            source,
        })
    }

    async fn until_ready(&mut self) -> Outcome<()> {
        let http = self.http()?;
        let address = format!("{}/health/ready", self.issuer());
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < START {
            let ended = match &mut self.child {
                Some(child) => child.try_wait().ok().flatten(),
                None => None,
            };
            if let Some(status) = ended {
                return Err(self.trouble(format!("{status}\n{}", self.log())));
            }
            let answer = http.get(&address).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(self.trouble(format!("not ready after {START:?}\n{}", self.log())))
    }

    fn trouble(&self, text: String) -> Trouble {
        let command = "serve".to_owned();
        Trouble::Provider { command, text }
    }

    /// An HTTP client that trusts this provider alone, and finds it where it listens.
    ///
    /// # Errors
    /// When its certificate does not parse.
    #[allow(
        clippy::disallowed_methods,
        reason = "the rule is for the server; this program talks to the server it started"
    )]
    pub fn http(&self) -> Outcome<reqwest::Client> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let wrong = |e: reqwest::Error| Trouble::Wrong(e.to_string());
        let pem = self.certificate.certificate.as_bytes();
        let host = self.settings.issuer.host_str().unwrap_or_default();
        reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(pem).map_err(wrong)?])
            .resolve(host, self.settings.listen)
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(wrong)
    }

    fn add_person(&self) -> Outcome<()> {
        self.administer(&["unit", "add", "H99", "--name", "UBND tỉnh Mẫu"])?;
        let people = format!("{PEOPLE}{}\n", hashed(&self.person.password)?);
        let path = self.file("people.csv", &people)?;
        let path = path.to_string_lossy().into_owned();
        self.administer(&["user", "import", &path]).map(|_| ())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.settings.idp);
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.configuration);
        command.stdin(Stdio::null());
        command.envs(self.environment());
        command
    }

    /// The settings beside the file that `idp init` wrote.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let mut settings = vec![
            ("IDP__LISTEN__ADDRESS", self.settings.listen.to_string()),
            ("IDP__LISTEN__TLS__CERTIFICATE", path("tls.pem")),
            ("IDP__LISTEN__TLS__KEY", path("tls-key.pem")),
        ];
        if let Some(ca) = &self.settings.suite_ca {
            let ca = fs::canonicalize(ca).unwrap_or_else(|_| ca.clone());
            settings.push(("IDP__OUTGOING__CA_FILE", ca.to_string_lossy().into_owned()));
        }
        if self.preset {
            settings.push(("IDP__PROVIDER__PRESET", "certification".to_owned()));
            settings.push(("IDP__PROVIDER__DANGER_CERTIFICATION", "true".to_owned()));
            settings.push(("IDP__CERTIFICATION__PASSWORD_FILE", path(PASSWORD)));
        } else {
            // The suite's own addresses may be on this machine; the preset knows.
            settings.push(("IDP__OUTGOING__DANGER_ALLOW_LOOPBACK", "true".to_owned()));
        }
        settings
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ran(command: &mut Command, arguments: &[&str]) -> Outcome<Output> {
    let shown = arguments.join(" ");
    let output = command.output().map_err(|source| Trouble::File {
        path: command.get_program().into(),
        source,
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let told = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    Err(Trouble::Provider {
        command: shown,
        text: told.concat().trim().to_owned(),
    })
}

fn write_private(path: &Path, content: &str) -> Outcome<()> {
    let file = |source| Trouble::File {
        path: path.to_owned(),
        source,
    };
    fs::write(path, content).map_err(file)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(file)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the rule is for the server; this program makes the password of one run"
)]
fn filled<const N: usize>() -> Outcome<[u8; N]> {
    let mut bytes = [0; N];
    let filled = ring::rand::SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Trouble::Wrong("the system gives no randomness".to_owned()))?;
    Ok(bytes)
}

fn random() -> Outcome<String> {
    Ok(URL_SAFE_NO_PAD.encode(filled::<24>()?))
}

/// The password as a former system would have kept it, which `idp user import` takes.
fn hashed(password: &str) -> Outcome<String> {
    let salt = random()?;
    let mut digest = [0; 32];
    let rounds = std::num::NonZeroU32::new(ROUNDS).unwrap_or(std::num::NonZeroU32::MIN);
    let algorithm = ring::pbkdf2::PBKDF2_HMAC_SHA256;
    ring::pbkdf2::derive(
        algorithm,
        rounds,
        salt.as_bytes(),
        password.as_bytes(),
        &mut digest,
    );
    Ok(format!(
        "pbkdf2_sha256${rounds}${salt}${}",
        STANDARD.encode(digest)
    ))
}
