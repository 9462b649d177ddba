//! A program on openid-client, oauth4webapi and jose that walks many short journeys by name.
//!
//! The program asks this test for what only it can do, by a JSON line: to register a client, and to
//! be the person with the browser. Everything else it does against the running provider by itself,
//! and tells what it found; here stands what it must find.

mod answers;
mod artefacts;
mod fapi;
mod grants;
mod registered;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use idp_tests::relying_party::filled;
use idp_tests::{Agent, Answer, Installation, User, source};
use serde_json::{Value, json};
use url::Url;

/// What each journey found, by its name.
pub(super) type Found = BTreeMap<String, Value>;

/// The program, and the person whom it sends through the provider's pages.
pub(super) struct Walk<'a> {
    installation: &'a Installation,
    user: &'a User,
    agent: Agent,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> Walk<'a> {
    /// Walks all journeys of one file and returns what each found.
    ///
    /// # Panics
    /// When one of them broke off, or the program did.
    pub(super) async fn all(
        installation: &'a Installation,
        user: &'a User,
        arguments: &[&str],
    ) -> Found {
        let folder = tempfile::tempdir().expect("a folder");
        certificates(installation, folder.path());
        let mut walk = Self::start(installation, user, folder.path(), arguments);
        let (mut found, mut broken) = (Found::new(), Vec::new());
        while let Some(line) = walk.lines.next() {
            let line = line.expect("a line");
            let mut told: Value = serde_json::from_str(&line).expect("JSON lines alone");
            let Some(name) = told["journey"].as_str().map(str::to_owned) else {
                let answer = walk.answer(&told).await;
                walk.tell(&answer);
                continue;
            };
            if let Some(failure) = told["failed"].as_str() {
                broken.push(format!("{name}: {failure}"));
            }
            let members = told.as_object_mut().expect("an object");
            members.remove("journey");
            assert!(found.insert(name, told).is_none(), "one line for each");
        }
        let status = walk.child.wait().expect("it ends");
        assert!(
            status.success() && broken.is_empty(),
            "{}",
            broken.join("\n\n")
        );
        found
    }

    fn start(
        installation: &'a Installation,
        user: &'a User,
        folder: &Path,
        arguments: &[&str],
    ) -> Self {
        let script = source::root().join("tests/strangers/openid-client/journeys/run");
        let mut child = Command::new(script)
            .args(arguments)
            .env("ISSUER", installation.issuer.as_str().trim_end_matches('/'))
            .env("FOLDER", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the packages that ./test strangers installs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            installation,
            user,
            agent: Agent::new(),
            child,
            lines,
        }
    }

    fn tell(&mut self, answer: &Value) {
        let input = self.child.stdin.as_mut().expect("piped");
        // A program that has ended says so by its status.
        let _ = writeln!(input, "{answer}");
    }

    async fn answer(&mut self, asked: &Value) -> Value {
        if let Some(options) = asked["add"].as_array() {
            let mut arguments = vec!["client", "add"];
            arguments.extend(options.iter().map(|one| one.as_str().expect("text")));
            let added = self.installation.administer(&arguments);
            let told = String::from_utf8_lossy(&added.stderr);
            assert!(added.status.success(), "{arguments:?}: {told}");
            let added: Value = serde_json::from_slice(&added.stdout).expect("JSON");
            let (client, secret) = (&added["client"]["client_id"], &added["client_secret"]);
            return json!({"client_id": client, "client_secret": secret});
        }
        let address = asked["open"].as_str().expect("an address to open");
        self.browse(&Url::parse(address).expect("an address")).await
    }

    /// Opens an address and answers every page, until the browser leaves the provider or nothing is
    /// asked any more.
    async fn browse(&mut self, address: &Url) -> Value {
        let issuer = &self.installation.issuer;
        let first = self.agent.fetch(address).await;
        let mut answer = self.agent.follow_within(issuer, first).await;
        for _ in 0..10 {
            if let Some(url) = answer.location().filter(|_| answer.is_redirect()) {
                return json!({"url": url, "form": null});
            }
            let Some(button) = button(&answer) else {
                return json!({"url": answer.url, "form": null});
            };
            let (username, password) = (self.user.username.clone(), self.user.password.clone());
            let typed = [("username", &*username), ("password", &*password)];
            let typed = if button == "sign-in" { &typed[..] } else { &[] };
            let (target, fields) = filled(&answer, button, typed);
            if target.origin() != issuer.origin() {
                return json!({"url": target, "form": fields});
            }
            let next = self.agent.submit(&target, &fields).await;
            answer = self.agent.follow_within(issuer, next).await;
        }
        panic!("the provider keeps asking; last at {}", answer.url);
    }
}

/// What the person presses on a page.
fn button(answer: &Answer) -> Option<&'static str> {
    let page = answer.page();
    let known = [
        "sign-in",
        "choose-position",
        "approve",
        "confirm-sign-out",
        "continue",
    ];
    known.into_iter().find(|id| page.form_with(id).is_some())
}

/// What the program shows where it proves itself by a certificate, if the installation asks for any.
fn certificates(installation: &Installation, folder: &Path) {
    for name in ["client.pem", "client-key.pem", "client-cas.pem"] {
        let from = installation.folder.path().join(name);
        if from.exists() {
            std::fs::copy(&from, folder.join(name)).expect("copied");
        }
    }
}
