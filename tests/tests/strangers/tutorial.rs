//! The tutorial for integrators, walked: its own commands and its own program, in their order.
//!
//! What the page shows is run as it stands, by a shell. Only what belongs to another machine is
//! replaced, and every replacement must be found, so that neither page nor test can drift.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use idp_tests::{Agent, Answer, RelyingParty, ports, source, world};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(120);
const PERSON: &str = "an.nv";

/// The fenced blocks of a language, in their order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let fence = format!("```{language}\n");
    let mut parts = page.split(&fence);
    parts.next();
    for part in parts {
        let (block, _) = part.split_once("\n```").expect("the fence is closed");
        found.push(block.to_owned());
    }
    found
}

/// What stands behind the prompts of a console block.
fn commands(block: &str) -> String {
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The page's words for things that differ here.
struct Place {
    replaced: Vec<(&'static str, String)>,
}

impl Place {
    /// The text with this machine's words; each of `named` must occur in it.
    fn of(&self, text: &str, named: &[&str]) -> String {
        let mut text = text.to_owned();
        for name in named {
            let (_, with) = self
                .replaced
                .iter()
                .find(|(word, _)| word == name)
                .expect("a known word");
            assert!(
                text.contains(name),
                "the tutorial no longer says {name:?} in:\n{text}"
            );
            text = text.replace(name, with);
        }
        text
    }
}

/// A shell that runs one block; it and everything it began ends with this value.
struct Running {
    child: Child,
    log: std::path::PathBuf,
}

impl Running {
    fn begin(script: &str, folder: &Path, name: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = fs::File::create(&log).expect("a log");
        // A process group of its own, so that what the shell began can be ended with it.
        let child = Command::new("setsid")
            .args(["bash", "-c", script])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a log"))
            .stderr(file)
            .spawn()
            .expect("bash and setsid (util-linux)");
        Self { child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has shown a text.
    async fn until_it_shows(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.log().contains(text) {
            let over = self.child.try_wait().expect("a child can be asked");
            assert!(
                over.is_none() && begun.elapsed() < PATIENCE,
                "{over:?}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until something answers at an address.
    async fn until_it_answers(&mut self, url: &Url) {
        let begun = Instant::now();
        while Agent::new().try_fetch(url).await.is_none() {
            let over = self.child.try_wait().expect("a child can be asked");
            assert!(
                over.is_none() && begun.elapsed() < PATIENCE,
                "{over:?}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill")
                .args(["-TERM", "--", &format!("-{}", self.child.id())])
                .status();
        }
        let _ = self.child.wait();
    }
}

/// Runs a block to its end and returns what it showed.
fn run(script: &str, folder: &Path) -> String {
    let mut child = Command::new("bash")
        .args(["-ec", script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut shown = String::new();
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut shown)
        .expect("UTF-8");
    let mut told = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut told)
        .expect("UTF-8");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{script}\n{shown}\n{told}");
    shown
}

/// The cell beside a name in a table drawn for people.
fn beside(shown: &str, name: &str) -> String {
    let cells = shown.lines().map(|line| {
        line.split(['│', '┆', '|'])
            .map(str::trim)
            .collect::<Vec<_>>()
    });
    let row = cells.into_iter().find_map(|row| {
        let at = row.iter().position(|cell| *cell == name)?;
        row.get(at + 1).map(|cell| (*cell).to_owned())
    });
    row.unwrap_or_else(|| panic!("no {name} in:\n{shown}"))
}

/// Goes through the redirects of a start page and signs in where the provider asks; returns the
/// application's page, and whether a password was asked for.
async fn enter(
    agent: &mut Agent,
    provider: &RelyingParty,
    start: &Url,
    password: &str,
) -> (Answer, bool) {
    let mut answer = agent.fetch(start).await;
    let mut asked = false;
    for _ in 0..20 {
        if let Some(next) = answer.location().filter(|_| answer.is_redirect()) {
            answer = agent.fetch(&next).await;
        } else if answer.page().has("username") {
            asked = true;
            let typed = [("username", PERSON), ("password", password)];
            answer = provider.press(agent, &answer, "sign-in", &typed).await;
        } else if answer.page().has("choose-position") {
            answer = provider.press(agent, &answer, "choose-position", &[]).await;
        } else {
            return (answer, asked);
        }
    }
    panic!("more than twenty steps, the last at {}", answer.url);
}

#[tokio::test]
async fn the_tutorial_can_be_walked_as_it_stands() {
    let begun = Instant::now();
    let page =
        fs::read_to_string(source::root().join("docs/integrators/tutorial.md")).expect("the page");
    let console = blocks(&page, "console");
    let [start, alias, register, rust, install, python] = &console[..] else {
        panic!("six blocks of commands, not {}", console.len());
    };
    let folder = tempfile::tempdir().expect("a folder");
    let binary = world::binary();
    let example = binary.parent().expect("a folder").join("examples/minimal");
    assert!(
        example.is_file(),
        "cargo build --workspace --all-targets makes {}",
        example.display()
    );
    let (port, own) = (ports::free_triple(), ports::free_port());
    let mut place = Place {
        replaced: vec![
            (
                "cargo run --release --",
                format!("exec '{}'", binary.display()),
            ),
            ("./target/release/idp", binary.display().to_string()),
            (
                "cargo run -p idp-relying-party --example minimal",
                format!("exec '{}'", example.display()),
            ),
            ("/tmp/thu", folder.path().join("thu").display().to_string()),
            ("localhost:8080", format!("localhost:{port}")),
            ("localhost:8090", format!("localhost:{own}")),
            ("--port 8090", format!("--port {own}")),
        ],
    };

    // 1. A province. The default port may be taken here; the page says how to move it.
    assert!(
        page.contains("`--port 9000` moves the issuer"),
        "how to move the demonstration"
    );
    let start = place.of(&commands(start), &["cargo run --release --", "/tmp/thu"]);
    let mut demo = Running::begin(&format!("{start} --port {port}"), folder.path(), "demo");
    let issuer = Url::parse(&format!("http://localhost:{port}")).expect("an address");
    demo.until_it_answers(&issuer).await;
    // The tables come after the first answer; the line behind the people's is the last.
    demo.until_it_shows("Ctrl-C").await;
    let password = beside(&demo.log(), PERSON);

    // 2. An application is registered; its secret is shown this once.
    let alias = place.of(&commands(alias), &["./target/release/idp"]);
    let register = place.of(&commands(register), &["/tmp/thu", "localhost:8090"]);
    let shown = run(
        &format!("shopt -s expand_aliases\n{alias}\n{register}"),
        folder.path(),
    );
    let words = shown.split(|c: char| c.is_whitespace() || "│┆|".contains(c));
    let secret = words
        .filter(|word| word.len() == 43)
        .find(|word| word.is_ascii());
    let secret = secret
        .unwrap_or_else(|| panic!("no secret in:\n{shown}"))
        .to_owned();
    place
        .replaced
        .push(("CLIENT_SECRET=…", format!("CLIENT_SECRET='{secret}'")));
    let provider = provider(&issuer, &secret).await;
    let home = Url::parse(&format!("http://localhost:{own}/")).expect("an address");
    let mut agent = Agent::new();

    // 3a. In Rust: sign-in, single sign-on with the demonstration's application, single sign-out.
    let words = [
        "cargo run -p idp-relying-party --example minimal",
        "localhost:8080",
        "localhost:8090",
        "CLIENT_SECRET=…",
    ];
    let mut application = Running::begin(&place.of(&commands(rust), &words), folder.path(), "rust");
    application.until_it_answers(&home).await;
    let (greeted, asked) = enter(&mut agent, &provider, &home, &password).await;
    assert!(
        asked && greeted.body.contains("Nguyễn Văn An"),
        "{}\n{}",
        greeted.body,
        application.log()
    );
    let demonstration =
        Url::parse(&format!("http://localhost:{}/login", port + 1)).expect("an address");
    let (second, asked) = enter(&mut agent, &provider, &demonstration, &password).await;
    assert!(
        !asked && second.body.contains("Nguyễn Văn An"),
        "nobody asks again: {}",
        second.body
    );
    let sign_out = home.join("logout").expect("an address");
    let answer = agent.submit(&sign_out, &[]).await;
    let mut next = answer.location();
    while let Some(url) = next {
        let answer = agent.fetch(&url).await;
        next = answer.location().filter(|_| answer.is_redirect());
    }
    let (_, asked) = enter(&mut agent, &provider, &home, &password).await;
    assert!(asked, "signed out of the provider, too");
    drop(application);
    let rust_took = begun.elapsed();

    // 3b. In Python, with the packages that the page installs.
    run(&commands(install), folder.path());
    let [program] = &blocks(&page, "python")[..] else {
        panic!("one program");
    };
    fs::write(folder.path().join("app.py"), program).expect("written");
    let words = ["localhost:8080", "--port 8090", "CLIENT_SECRET=…"];
    let mut application = Running::begin(
        &place.of(&commands(python), &words),
        folder.path(),
        "python",
    );
    let callback = home.join("no-such-page").expect("an address");
    application.until_it_answers(&callback).await;
    let (greeted, asked) = enter(&mut Agent::new(), &provider, &home, &password).await;
    let told = ["Nguyễn Văn An", "Phòng Công chức, viên chức"];
    assert!(
        asked && told.iter().all(|text| greeted.body.contains(text)),
        "{}\n{}",
        greeted.body,
        application.log()
    );
    println!(
        "the tutorial: {rust_took:?} until the application in Rust, {:?} in all",
        begun.elapsed()
    );
    assert!(
        begun.elapsed() < Duration::from_secs(600),
        "the page promises ten minutes"
    );
}

/// The provider as the tests' own relying party sees it, to fill in its pages.
async fn provider(issuer: &Url, secret: &str) -> RelyingParty {
    let application = idp_tests::Application {
        name: String::new(),
        url: issuer.clone(),
        client_id: "ung-dung-cua-toi".to_owned(),
        client_secret: secret.to_owned(),
        redirect_uri: issuer.clone(),
    };
    RelyingParty::at(issuer, application).await
}
