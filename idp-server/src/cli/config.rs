//! `idp config check` and `idp config explain`.

use std::path::Path;

use serde::Serialize;

use super::args::{ConfigCommand, Format, Globals};
use super::failure::Failure;
use super::language::{Language, Said, Text, text};
use super::output::{Column, Output, column};
use crate::certification;
use crate::config::{self, Problem, Settings, TlsFiles};
use crate::declared_clients;
use crate::listen::tls::{ClientCertificates, Tls};
use crate::mutual_tls;
use crate::outside::clock::Clock;
use crate::outside::fetch::read_authorities;

/// Runs the command.
///
/// # Errors
/// [`Failure::Reported`] when the configuration has problems; a usage failure for an unknown key.
pub fn run(command: &ConfigCommand, globals: &Globals, output: &mut Output) -> Result<(), Failure> {
    let file = config::file(globals.config.as_deref());
    match command {
        ConfigCommand::Check => check(&file, output),
        ConfigCommand::Explain { key } => explain(key.as_deref(), &file, output),
    }
}

/// What `check` answers to programs.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    problems: &'a [Problem],
}

fn check(file: &Path, output: &mut Output) -> Result<(), Failure> {
    let problems = match Settings::load(file, std::env::vars()) {
        Ok(settings) => file_problems(&settings, output.style.language),
        Err(problems) => problems.0,
    };
    let report = Report {
        file: file.display().to_string(),
        problems: &problems,
    };
    let columns: [Column<Problem>; 3] = [
        column("key", text("Khoá", "Key"), |problem, _| {
            problem.key.clone()
        }),
        column(
            "wrong",
            text("Sai ở đâu", "What is wrong"),
            |problem, _| problem.wrong.clone(),
        ),
        column(
            "right",
            text("Cần là", "What would be right"),
            |problem, _| problem.right.clone(),
        ),
    ];
    if problems.is_empty() && output.style.format == Format::Table {
        let good = output.style.language.pick(GOOD);
        return output.line(&format!("{good} ({})", report.file));
    }
    output.list(&report, &problems, &columns)?;
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}

/// What only the files themselves can tell: whether those that keys name can be used.
fn file_problems(settings: &Settings, language: Language) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut note = |key: &str, wrong: String, right: &str| {
        problems.push(Problem {
            key: key.to_owned(),
            wrong,
            right: right.to_owned(),
        });
    };
    let mutual = settings.mutual_tls.as_ref();
    let listener = mutual.and_then(|mutual| mutual.listener.as_ref());
    let spoken = [
        ("listen.tls", settings.listen.tls.as_ref()),
        ("mutual_tls.certificate", listener.map(|(_, files)| files)),
    ];
    for (key, files) in spoken {
        let load = |files: &TlsFiles| {
            let (certificate, private) = (files.certificate.clone(), files.key.clone());
            Tls::load(certificate, private, ClientCertificates::NotAsked)
        };
        if let Some(Err(fault)) = files.map(load) {
            let right = "a PEM chain and the private key of its first certificate";
            note(key, fault.detail, right);
        }
    }
    let authorities = mutual.and_then(|mutual| mutual.trusted_authorities.as_ref());
    if let Some(Err(fault)) = authorities.map(crate::mutual_tls::read_authorities) {
        let right = "a PEM file with the certificates of authorities";
        note("mutual_tls.trusted_authorities", fault.detail, right);
    }
    if let Some(path) = &settings.outgoing.ca_file
        && let Err(fault) = read_authorities(path)
    {
        note(
            "outgoing.ca_file",
            fault.detail,
            "a PEM file with certificates",
        );
    }
    if let Some(path) = &settings.province.logo
        && let Err(error) = std::fs::metadata(path)
    {
        note(
            "province.logo",
            error.to_string(),
            "a picture file that the server can read",
        );
    }
    problems.extend(declared_problems(settings, language));
    problems
}

/// What files declare: the certification preset's person, and clients.
fn declared_problems(settings: &Settings, language: Language) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(path) = &settings.declared.person
        && let Err(fault) = certification::password(path, &settings.passwords.rules)
    {
        let right = "a file that only its owner may read, with a password that the rules take";
        problems.push(Problem {
            key: "certification.password_file".to_owned(),
            wrong: fault.detail,
            right: right.to_owned(),
        });
    }
    // Without the authorities of clients, which are looked at beside, none can be judged.
    if let Ok(policy) = mutual_tls::policy(settings) {
        let troubles = declared_clients::troubles(settings, &policy, Clock::system().now());
        problems.extend(troubles.into_iter().map(|trouble| Problem {
            key: "clients.file".to_owned(),
            wrong: trouble.wrong(language),
            right: trouble.right(language).to_owned(),
        }));
    }
    problems
}

fn explain(key: Option<&str>, file: &Path, output: &mut Output) -> Result<(), Failure> {
    let unknown = || Failure::usage(unknown_key(key.unwrap_or_default()));
    let explained = config::explain(key).ok_or_else(unknown)?;
    output.line(explained.trim_end())?;
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let present = key.and_then(|key| config::present_value(key, &written, std::env::vars()));
    match present {
        Some((value, origin)) => output.line(&format!("Present:   {value} ({origin})")),
        None => Ok(()),
    }
}

/// That a key is none, the one that was probably meant, and where all are.
fn unknown_key(key: &str) -> Said {
    let said = match config::nearest(key) {
        Some(near) => Said::new(
            format!("không có khóa này; có phải {near}?"),
            format!("there is no such key; did you mean {near}?"),
        ),
        None => Said::from(text(
            "không có khóa này; `idp config explain` liệt kê mọi khóa",
            "there is no such key; `idp config explain` lists all",
        )),
    };
    said.about(&key)
}

const GOOD: Text = text("cấu hình không có lỗi", "the configuration has no problems");

#[cfg(test)]
mod tests {
    use super::{file_problems, unknown_key};
    use crate::cli::language::Language;
    use crate::config::Settings;

    #[test]
    fn files_that_cannot_be_used_are_problems_of_their_keys() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
        let text = "
            issuer.url = 'https://sso.tinh.example'
            province.name_vi = 'Tỉnh Bình Minh'
            province.logo = 'logo.png'
            keys.master_key_file = 'master.key'
            listen.tls.certificate = 'c.pem'
            listen.tls.key = 'k.pem'
            outgoing.ca_file = 'ca.pem'
            mutual_tls.url = 'https://mtls.tinh.example'
            mutual_tls.address = '127.0.0.1:9443'
            mutual_tls.certificate = 'c.pem'
            mutual_tls.key = 'k.pem'
            mutual_tls.trusted_authorities = 'ca.pem'";
        let settings = Settings::parse(text, folder.path(), []).unwrap();
        let keys: Vec<_> = file_problems(&settings, Language::En)
            .into_iter()
            .map(|p| p.key)
            .collect();
        let expected = [
            "listen.tls",
            "mutual_tls.certificate",
            "mutual_tls.trusted_authorities",
            "outgoing.ca_file",
            "province.logo",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn every_rule_that_a_declared_client_breaks_is_a_problem_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let clients = "
            [[client]]
            client_id = 'hoso'
            name = { vi = 'Hồ sơ' }
            kind = 'web'
            redirect_uris = ['http://hoso.example/cb']
            scopes = ['a b']
            [[client]]
            client_id = 'tot'
            name = { vi = 'Tốt' }
            kind = 'web'
            redirect_uris = ['https://tot.example/cb']
            [[client]]
            client_id = 'sai'
            kind = 'web'";
        std::fs::write(folder.path().join("clients.toml"), clients).unwrap();
        std::fs::write(folder.path().join("password"), "abc").unwrap();
        let text = "
            issuer.url = 'https://sso.tinh.example'
            province.name_vi = 'Tỉnh Bình Minh'
            keys.master_key_file = 'master.key'
            provider.preset = 'certification'
            provider.danger_certification = true
            clients.file = 'clients.toml'
            certification.password_file = 'password'";
        let settings = Settings::parse(text, folder.path(), []).unwrap();
        let told: Vec<_> = file_problems(&settings, Language::Vi)
            .into_iter()
            .map(|problem| format!("{}: {}; {}", problem.key, problem.wrong, problem.right))
            .collect();
        for expected in [
            "certification.password_file: ",
            "clients.file: sai: name: còn thiếu; {",
            "clients.file: hoso: redirect_uris: Một địa chỉ quay lại dùng http",
            "clients.file: hoso: scopes: ",
        ] {
            let found = told.iter().any(|line| line.starts_with(expected));
            assert!(found, "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(
            told.iter()
                .any(|line| line.contains("(client_redirect_not_https)"))
        );
    }

    #[test]
    fn an_unknown_key_is_told_with_the_one_that_was_meant() {
        let said = unknown_key("listen.adress");
        let told = said.pick(Language::Vi);
        assert_eq!(
            told,
            "listen.adress: không có khóa này; có phải listen.address?"
        );
        let said = unknown_key("nope");
        assert!(said.pick(Language::En).contains("lists all"), "{said:?}");
    }
}
