//! Commands against a small router: what they send, what they write, how they end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::IntoResponse;
use clap::Parser;
use serde_json::{Value, json};

use super::output::tests::Sheet;
use super::*;

/// What arrived.
#[derive(Clone, Debug)]
struct Arrived {
    line: String,
    acting_as: Option<String>,
    if_match: Option<String>,
    body: Value,
}

/// A program whose server answers every call alike, and remembers the calls.
struct Answering {
    status: u16,
    answer: Value,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    closed: Arc<AtomicU32>,
}

impl Answering {
    fn with(status: u16, answer: Value) -> Self {
        Self {
            status,
            answer,
            arrived: Arc::default(),
            closed: Arc::default(),
        }
    }

    fn last(&self) -> Arrived {
        self.arrived.lock().unwrap().last().cloned().unwrap()
    }
}

#[async_trait]
impl Program for Answering {
    fn local(&self, _: Option<&Path>) -> Result<Local, String> {
        Ok(Local {
            socket: PathBuf::from("/nonexistent/admin.sock"),
            acting_as: None,
        })
    }

    async fn in_process(&self, _: Option<&Path>) -> Result<OwnStore, String> {
        let (status, answer) = (self.status, self.answer.to_string());
        let arrived = self.arrived.clone();
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let header = |name| headers.get(name).map(|v| v.to_str().unwrap().to_owned());
            arrived.lock().unwrap().push(Arrived {
                line: format!("{method} {uri}"),
                acting_as: header("idp-acting-as"),
                if_match: header("if-match"),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            });
            let status = http::StatusCode::from_u16(status).unwrap();
            async move { (status, answer).into_response() }
        };
        let closed = self.closed.clone();
        Ok(OwnStore {
            router: Router::new().fallback(handler),
            close: Box::pin(async move {
                closed.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }),
        })
    }

    async fn installation(&self, _: InstallationCommand, _: &Globals) -> ExitCode {
        ExitCode::SUCCESS
    }
}

/// Runs a command line; answers its exit status, output and notes.
async fn run_line(program: &Answering, line: &[&str]) -> (u8, String, String) {
    let args = Cli::parse_from([&["idp", "--lang", "en"], line].concat());
    let (out, err) = (Sheet::default(), Sheet::default());
    let style = Style {
        format: args.globals.output,
        language: Language::En,
    };
    let mut output = Output::to(style, Box::new(out.clone()), Box::new(err.clone()));
    let Command::Administration(command) = args.command else {
        panic!("not an administration command");
    };
    let status = match administer(command, &args.globals, program, &mut output).await {
        Ok(()) => 0,
        Err(failure) => {
            output.failure(&failure);
            failure.status()
        }
    };
    (status, out.text(), err.text())
}

fn an() -> Value {
    json!({
        "id": "u1", "version": 7, "user_name": "an.nv", "name": "Nguyễn Văn An",
        "kind": "official", "state": "active", "identifiers": [],
        "positions": [{
            "id": "p1", "unit": {"id": "n1", "code": "H42.7", "name": {"vi": "Sở Nội vụ"}},
            "title": "Chuyên viên", "main": true, "from": "2026-01-01T00:00:00Z", "held": true
        }],
        "roles": [], "has_password": true,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"
    })
}

#[tokio::test]
async fn an_edit_names_its_version_and_its_administrator() {
    let program = Answering::with(200, an());
    let line = ["--as", "quantri", "user", "edit", "an.nv", "--mail", ""];
    let (status, out, _) = run_line(&program, &line).await;
    assert_eq!(status, 0);
    assert!(out.contains("Nguyễn Văn An"), "{out}");
    let call = program.last();
    assert_eq!(call.line, "PATCH /admin/v1/users/u1");
    assert_eq!(call.if_match.as_deref(), Some("\"7\""));
    assert_eq!(call.acting_as.as_deref(), Some("quantri"));
    assert_eq!(call.body, json!({ "mail": null }));
}

#[tokio::test]
async fn a_position_is_ended_by_its_unit_and_a_dry_run_says_so() {
    let program = Answering::with(200, an());
    let line = [
        "--as",
        "quantri",
        "--dry-run",
        "user",
        "unassign",
        "an.nv",
        "--unit",
        "H42.7",
    ];
    let (status, _, notes) = run_line(&program, &line).await;
    assert_eq!(status, 0, "{notes}");
    let call = program.last();
    assert_eq!(
        call.line,
        "DELETE /admin/v1/users/u1/positions/p1?dry_run=true"
    );
    assert!(notes.contains("nothing was changed"), "{notes}");
}

#[tokio::test]
async fn a_change_without_administrator_is_wrong_usage() {
    let program = Answering::with(200, an());
    let (status, _, notes) = run_line(&program, &["user", "enable", "an.nv"]).await;
    assert_eq!(status, 2);
    assert!(notes.contains("--as"), "{notes}");
    assert!(
        program.arrived.lock().unwrap().is_empty(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn neither_a_dry_run_nor_a_sure_administrator_is_asked() {
    let program = Answering::with(200, an());
    let line = ["--as", "quantri", "user", "disable", "an.nv", "--dry-run"];
    assert_eq!(run_line(&program, &line).await.0, 0);
    let line = [
        "--as",
        "quantri",
        "user",
        "disable",
        "an.nv",
        "--yes",
        "--why",
        "nghỉ hưu",
    ];
    assert_eq!(run_line(&program, &line).await.0, 0);
    assert_eq!(program.last().body, json!({ "why": "nghỉ hưu" }));
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_ends_with_one() {
    let problem = json!({
        "type": "urn:idp:problem:changed_meanwhile", "status": 412,
        "title": "The thing changed since it was read.", "reason": "changed_meanwhile",
        "remedy": "Read it again and repeat the change.", "request_id": "r1"
    });
    let program = Answering::with(412, problem);
    let (status, _, notes) = run_line(&program, &["role", "show", "van-thu"]).await;
    assert_eq!(status, 1);
    assert_eq!(
        program.closed.load(Ordering::Relaxed),
        1,
        "the store is closed in order, whatever came of the command"
    );
    for part in ["changed_meanwhile", "Read it again", "r1"] {
        assert!(notes.contains(part), "{notes}");
    }
}

#[tokio::test]
async fn searching_sends_the_words_as_typed() {
    let page = json!({ "entries": [], "next": "c2" });
    let program = Answering::with(200, page);
    let line = [
        "user", "search", "ngoc anh", "--unit", "H42", "--state", "active",
    ];
    let (status, _, notes) = run_line(&program, &line).await;
    assert_eq!(status, 0);
    let sent = program.last().line;
    for part in ["q=ngoc+anh", "unit=H42", "state=active", "limit=50"] {
        assert!(sent.contains(part), "{sent}");
    }
    assert!(!sent.contains("here_only"), "{sent}");
    assert!(notes.contains("--after 'c2'"), "{notes}");
}

#[tokio::test]
async fn a_client_secret_is_shown_once_with_a_hint() {
    let client = json!({
        "client_id": "van-ban", "version": 1, "name": {"vi": "Văn bản"}, "kind": "web",
        "disabled": false, "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": ["https://vanban.tinh.example/in"], "post_logout_redirect_uris": [],
        "grant_types": ["authorization_code"], "scopes": ["openid"],
        "id_token_signed_response_alg": "ES256", "position": "main", "consent": "never",
        "introspects": false, "created_at": "2026-01-01T00:00:00Z"
    });
    let answer = json!({ "client": client, "client_secret": "s3cr3t" });
    let program = Answering::with(201, answer);
    let line = [
        "--as",
        "quantri",
        "client",
        "add",
        "van-ban",
        "--name",
        "Văn bản",
        "--redirect-uri",
        "https://vanban.tinh.example/in",
    ];
    let (status, out, notes) = run_line(&program, &line).await;
    assert_eq!(status, 0, "{notes}");
    assert_eq!(out.matches("s3cr3t").count(), 1);
    assert!(
        notes.contains("once") && !notes.contains("s3cr3t"),
        "{notes}"
    );
    let sent = program.last().body;
    assert_eq!(
        sent["redirect_uris"],
        json!(["https://vanban.tinh.example/in"])
    );
    assert_eq!(sent["kind"], "web");
}

#[tokio::test]
async fn an_import_keeps_links_private_and_reports_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("canbo.csv");
    let links = folder.path().join("links.csv");
    std::fs::write(&file, "Họ và tên;Tên đăng nhập\nLê An;an.l\n").unwrap();
    let report = json!({
        "change_set": "cs1", "added": 1, "skipped": 0,
        "rows": [{ "line": 2, "user_name": "an.l", "outcome": "added" }],
        "activation_links": [{
            "user_name": "an.l", "name": "Lê An", "url": "https://x.example/l/1",
            "expires_at": "2026-01-05T00:00:00Z"
        }]
    });
    let program = Answering::with(200, report);
    let (file, links_text) = (file.to_str().unwrap(), links.to_str().unwrap());
    let line = [
        "--as",
        "quantri",
        "user",
        "import",
        file,
        "--links-out",
        links_text,
    ];
    let (status, out, notes) = run_line(&program, &line).await;
    assert_eq!(status, 0, "{notes}");
    assert!(
        !out.contains("x.example") && notes.contains("change-set undo cs1"),
        "{notes}"
    );
    let kept = std::fs::read_to_string(&links).unwrap();
    assert!(kept.contains("an.l,Lê An,https://x.example/l/1"), "{kept}");
    let sent = program.last().body;
    assert_eq!(sent["rows"][0]["user_name"], "an.l");
    assert_eq!(sent["activation_links"], true);
    assert_eq!(
        run_line(&program, &line).await.0,
        1,
        "the links file exists"
    );
}

#[tokio::test]
async fn a_refused_import_leaves_no_links_file_and_shows_the_wrong_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("canbo.csv");
    let links = folder.path().join("links.csv");
    std::fs::write(&file, "name,mail\nLê An,x\nBình,b@x.example\n").unwrap();
    let problem = json!({
        "type": "urn:idp:problem:import_row_wrong", "status": 422, "title": "t",
        "reason": "import_row_wrong", "remedy": "r",
        "rows": [
            { "line": 2, "user_name": "", "outcome": "refused", "reason": "mail_malformed",
              "field": "mail", "remedy": "Correct it." },
            { "line": 3, "user_name": "binh", "outcome": "added" }
        ]
    });
    let program = Answering::with(422, problem);
    let (file, links_text) = (file.to_str().unwrap(), links.to_str().unwrap());
    let line = [
        "--as",
        "quantri",
        "user",
        "import",
        file,
        "--links-out",
        links_text,
    ];
    let (status, out, notes) = run_line(&program, &line).await;
    assert_eq!(status, 1);
    assert!(
        out.contains("mail_malformed") && !out.contains("binh"),
        "{out}"
    );
    assert!(notes.contains("1 rows are wrong"), "{notes}");
    assert!(!links.exists());
}

#[tokio::test]
async fn a_broken_chain_ends_with_one() {
    let report = json!({
        "intact": false, "blocks": 3, "events": 40, "unsealed": 0, "heads_found": 0,
        "broken": { "kind": "events", "at": 4, "message": "the events of block 4 changed" }
    });
    let program = Answering::with(200, report);
    let (status, out, _) = run_line(&program, &["audit", "verify"]).await;
    assert_eq!(status, 1);
    assert!(out.contains("block 4"), "{out}");
}

#[tokio::test]
async fn a_named_socket_that_nobody_serves_is_unreachable() {
    let program = Answering::with(200, an());
    let line = ["--socket", "/nonexistent/x.sock", "user", "list"];
    let (status, _, notes) = run_line(&program, &line).await;
    assert_eq!(status, 3);
    assert!(notes.contains("idp serve"), "{notes}");
}

#[test]
fn the_committed_openapi_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let document = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        document == openapi_as_json(),
        "docs/openapi.json has drifted: write it with `idp openapi`"
    );
}
