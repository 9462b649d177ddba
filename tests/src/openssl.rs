//! An invented authority in three levels, as OpenSSL makes it: the national root, a public authority
//! below it, and people with Vietnamese names.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What each kind of certificate holds.
const EXTENSIONS: &str = "
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[between]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[person]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature,nonRepudiation
extendedKeyUsage=clientAuth,emailProtection
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
[ca]
default_ca=here
[here]
database=index.txt
crlnumber=crlnumber
default_md=sha256
default_crl_days=7
[req]
distinguished_name=nobody
[nobody]
";

/// The authority, its keys and everything it made, in a folder of its own.
pub struct ThreeLevels {
    folder: TempDir,
}

impl ThreeLevels {
    /// Makes the root and the authority below it, and an empty revocation list of each.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let this = Self { folder };
        std::fs::write(this.path("openssl.cnf"), EXTENSIONS).expect("written");
        this.key("root");
        this.run(
            "req -x509 -new -key root.key -days 3650 -out root.pem -extensions root",
            &[
                "-subj",
                "/C=VN/O=Cơ quan thử nghiệm/CN=CA gốc quốc gia thử nghiệm",
            ],
        );
        this.certify(
            "between",
            "/C=VN/O=Công ty chữ ký số Thử Nghiệm/CN=CA công cộng thử nghiệm",
            ("root", "between"),
        );
        for authority in ["root", "between"] {
            this.list(authority);
        }
        this
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as a text.
    ///
    /// # Panics
    /// For a path that is no UTF-8.
    pub fn at(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path").to_owned()
    }

    /// Certifies a person as `NAME.pem` with the key `NAME.key`; `subject` as OpenSSL reads it,
    /// `/C=VN/CN=…/UID=CCCD:…`.
    pub fn person(&self, name: &str, subject: &str) {
        self.certify(name, subject, ("between", "person"));
    }

    /// Another certificate over a key that is there.
    pub fn renew(&self, name: &str, subject: &str, key: &str) {
        std::fs::copy(
            self.path(&format!("{key}.key")),
            self.path(&format!("{name}.key")),
        )
        .expect("copied");
        self.sign_request(name, subject, ("between", "person"));
    }

    /// Revokes a person's certificate, and makes the list of their authority anew.
    pub fn revoke(&self, name: &str) {
        self.run(
            &format!("ca -revoke {name}.pem -cert between.pem -keyfile between.key"),
            &[],
        );
        self.list("between");
    }

    /// Makes the list of an authority: `NAME.crl`.
    fn list(&self, authority: &str) {
        let folder = self.folder.path();
        for (file, content) in [("index.txt", ""), ("crlnumber", "01\n")] {
            if !folder.join(file).exists() {
                std::fs::write(folder.join(file), content).expect("written");
            }
        }
        let files = format!("-cert {authority}.pem -keyfile {authority}.key");
        self.run(&format!("ca -gencrl {files} -out {authority}.crl"), &[]);
    }

    /// Signs a file as a person; the detached signature is `FILE.p7s`.
    pub fn sign(&self, file: &str, name: &str) {
        let files = format!("-in {file} -signer {name}.pem -inkey {name}.key -out {file}.p7s");
        self.run(
            &format!("cms -sign -binary -cades -md sha256 {files} -outform DER"),
            &[],
        );
    }

    /// The SHA-256 fingerprint of a certificate as OpenSSL prints it, with colons.
    pub fn fingerprint(&self, name: &str) -> String {
        let said = self.run(
            &format!("x509 -in {name}.pem -noout -fingerprint -sha256"),
            &[],
        );
        let (_, hexadecimal) = said.trim().split_once('=').expect("a fingerprint");
        hexadecimal.to_owned()
    }

    fn key(&self, name: &str) {
        self.run(
            &format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"),
            &[],
        );
    }

    fn certify(&self, name: &str, subject: &str, by: (&str, &str)) {
        self.key(name);
        self.sign_request(name, subject, by);
    }

    fn sign_request(&self, name: &str, subject: &str, (authority, extensions): (&str, &str)) {
        self.run(
            &format!("req -new -key {name}.key -out {name}.csr"),
            &["-subj", subject],
        );
        self.run(
            &format!(
                "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -days 365 \
                 -extfile openssl.cnf -extensions {extensions} -out {name}.pem -CAcreateserial"
            ),
            &[],
        );
    }

    fn run(&self, words: &str, further: &[&str]) -> String {
        run(self.folder.path(), words, further)
    }
}

impl Default for ThreeLevels {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs OpenSSL with these words and these arguments, whose blanks stay; what it said.
fn run(folder: &Path, words: &str, further: &[&str]) -> String {
    let with_text = ["req", "ca"].iter().any(|one| words.starts_with(one));
    let done = Command::new("openssl")
        .args(words.split_whitespace())
        .args(if with_text { &["-utf8"][..] } else { &[] })
        .args(further)
        .current_dir(folder)
        .env("OPENSSL_CONF", folder.join("openssl.cnf"))
        .output()
        .expect("the program openssl");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {words}: {said}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}
