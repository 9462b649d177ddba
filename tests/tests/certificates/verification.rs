//! `idp certificate verify` and `/api/certificates`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_tests::agent::{fields, http_client};
use idp_tests::openssl::ThreeLevels;
use idp_tests::{Agent, Application, Installation};
use serde_json::{Value, json};

use super::{answer, text, trusting};

const AN: &str = "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001";

fn verify(installation: &Installation, arguments: &[&str]) -> (bool, Value) {
    let all = [&["certificate", "verify"], arguments, &["--output", "json"]].concat();
    let done = installation.idp(&all);
    let verdict = serde_json::from_slice(&done.stdout);
    (
        done.status.success(),
        verdict.unwrap_or_else(|_| panic!("{}", text(&done))),
    )
}

fn failed(verdict: &Value) -> Vec<(&str, &str)> {
    let steps = verdict["steps"].as_array().expect("steps");
    let wrong = steps.iter().filter(|step| step["holds"] == false);
    let names = wrong.map(|s| (s["step"].as_str(), s["reason"].as_str()));
    names
        .filter_map(|(step, why)| Some((step?, why?)))
        .collect()
}

/// Files alone: no server, no configuration.
#[test]
fn files_alone_tell_step_by_step_what_a_certificate_is_worth() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    authorities.person("an", AN);
    let an = authorities.at("an.pem");
    let files: Vec<String> = [
        ("--anchor", "root.pem"),
        ("--intermediate", "between.pem"),
        ("--crl", "root.crl"),
        ("--crl", "between.crl"),
    ]
    .into_iter()
    .flat_map(|(option, file)| [option.to_owned(), authorities.at(file)])
    .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let with = |file: &str, further: &[&str]| {
        verify(&installation, &[&[file], &files[..], further].concat())
    };
    let (good, verdict) = with(&an, &[]);
    assert!(good && verdict["good"] == true, "{verdict}");
    let told = verdict.to_string();
    assert!(told.contains("CCCD:001••••••001") && !told.contains("001085000001"));

    let (good, verdict) = verify(&installation, &[&[an.as_str()], &files[..4]].concat());
    assert!(!good);
    assert_eq!(verdict["reason"], "revocation_unknown");
    assert_eq!(verdict["section"], "RFC 5280 §6.3.3");
    let unknown = ("status", "revocation_unknown");
    assert_eq!(failed(&verdict), [unknown, unknown]);

    let (_, verdict) = with(&an, &["--at", "2020-01-01T00:00:00Z"]);
    assert_eq!(failed(&verdict), [("path", "not_yet_valid")]);
    let other = ThreeLevels::new();
    let anchor = other.at("root.pem");
    let (_, verdict) = verify(&installation, &[&an, "--anchor", &anchor]);
    assert_eq!(failed(&verdict), [("path", "no_path")]);

    std::fs::write(authorities.path("cong-van"), "Số 12/CV-SNV").expect("written");
    authorities.sign("cong-van", "an");
    let (signature, content) = (authorities.at("cong-van.p7s"), authorities.at("cong-van"));
    let (good, verdict) = with(&signature, &["--content", &content]);
    assert!(good, "{verdict}");
    let (good, verdict) = with(&signature, &["--content", &an]);
    assert!(!good);
    assert_eq!(
        failed(&verdict),
        [("signature", "cms_message_digest_wrong")]
    );

    authorities.revoke("an");
    let (good, verdict) = with(&an, &[]);
    assert!(!good);
    assert_eq!(failed(&verdict), [("status", "revoked")]);
    let all = [
        &["certificate", "verify", &an],
        &files[..],
        &["--explain", "--lang", "vi"],
    ]
    .concat();
    let shown = text(&installation.idp(&all));
    assert!(shown.contains("đã bị thu hồi (revoked)"), "{shown}");
    assert!(shown.contains("RFC 5280 §6.3.3 (i)"), "{shown}");
}

/// A service that may ask, by these scopes.
fn service(installation: &Installation, name: &str, scopes: &[&str]) -> Application {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let further: Vec<&str> = ["--kind", "service", "--auth-method", "client_secret_post"]
        .into_iter()
        .chain(scopes)
        .collect();
    installation.client(name, &further)
}

async fn token(installation: &Installation, service: &Application, scope: &str) -> Value {
    let url = installation.issuer.join("/token").expect("an address");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("client_id", service.client_id.as_str()),
        ("client_secret", service.client_secret.as_str()),
    ];
    let fields = fields(&form);
    Agent::new().submit(&url, &fields).await.json()
}

/// Sends JSON, or asks, with a bearer token where there is one; status and answer.
async fn ask(
    installation: &Installation,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let url = installation.issuer.join(path).expect("an address");
    let request = match body {
        None => http_client().get(url),
        Some(body) => http_client().post(url).body(body.to_string()),
    };
    let request = match token {
        None => request,
        Some(token) => request.bearer_auth(token),
    };
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

const VERIFY: &str = "/api/certificates/verify";

#[tokio::test]
async fn entitled_services_ask_what_a_certificate_is_worth() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    let _serving = installation.serve().await.expect("it serves");
    answer(&trusting(&installation, &authorities));
    authorities.person("an", AN);
    let pem = std::fs::read_to_string(authorities.path("an.pem")).expect("read");
    let body = json!({ "certificate": pem });
    let office = service(&installation, "e-office", &["certificate:verify"]);
    let other = service(&installation, "Báo cáo", &["payroll:read"]);
    let bearer = token(&installation, &office, "certificate:verify").await;
    let bearer = bearer["access_token"].as_str().expect("a token");
    let (status, verdict) = ask(&installation, VERIFY, Some(bearer), Some(&body)).await;
    assert_eq!(status, 200, "{verdict}");
    // Whoever is trusted is known, but nobody says whether it is revoked: that is not good.
    assert_eq!(
        (&verdict["good"], &verdict["reason"]),
        (&false.into(), &"revocation_unknown".into())
    );
    assert_eq!(verdict["steps"][1]["details"][0]["value"], "goc");
    assert!(!verdict.to_string().contains("001085000001"));
    let by_command = installation.administer(&["certificate", "verify", &authorities.at("an.pem")]);
    let by_command: Value = serde_json::from_slice(&by_command.stdout).expect("JSON");
    assert_eq!(by_command["steps"], verdict["steps"], "one answer for both");

    let refused = token(&installation, &other, "certificate:verify").await;
    assert_eq!(refused["error"], "invalid_scope");
    let wrong = token(&installation, &other, "payroll:read").await;
    let wrong = wrong["access_token"].as_str().expect("a token");
    for (bearer, body, expected) in [
        (None, &body, 401),
        (Some("x"), &body, 401),
        (Some(wrong), &body, 403),
        (Some(bearer), &json!({ "certificat": "" }), 400),
        (
            Some(bearer),
            &json!({ "certificate": "", "content": "?" }),
            400,
        ),
        (
            Some(bearer),
            &json!({ "certificate": "", "at": "2999-01-01T00:00:00Z" }),
            422,
        ),
    ] {
        let (status, told) = ask(&installation, VERIFY, bearer, Some(body)).await;
        assert_eq!(status, expected, "{told}");
    }
    let (status, verdict) = ask(
        &installation,
        VERIFY,
        Some(bearer),
        Some(&json!({ "certificate": "x" })),
    )
    .await;
    assert_eq!((status, &verdict["reason"]), (200, &"pem_malformed".into()));
}

#[tokio::test]
async fn certificates_of_people_are_told_to_the_entitled_and_nobody_is_told_apart() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    let _serving = installation.serve().await.expect("it serves");
    answer(&trusting(&installation, &authorities));
    authorities.person("an", AN);
    for user in ["an.nv", "lan.vt"] {
        let mail = format!("{user}@tinh.example");
        let add = [
            "user",
            "add",
            user,
            "--name",
            "Nguyễn Văn An",
            "--mail",
            &mail,
        ];
        answer(&installation.administer(&add));
    }
    let file = authorities.at("an.pem");
    answer(&installation.administer(&["user", "certificate", "add", "an.nv", &file]));
    let office = service(
        &installation,
        "e-office",
        &["certificate:read", "certificate:verify"],
    );
    let reading = token(&installation, &office, "certificate:read").await;
    let reading = reading["access_token"].as_str().expect("a token");
    let of = async |query: &str| {
        let path = format!("/api/certificates?{query}");
        ask(&installation, &path, Some(reading), None).await
    };
    let (status, held) = of("user_name=an.nv").await;
    assert_eq!(status, 200, "{held}");
    let der = held["certificates"][0]["certificate"]
        .as_str()
        .expect("a certificate");
    assert!(STANDARD.decode(der).is_ok());
    let nobody = (200, json!({ "certificates": [] }));
    for query in [
        "user_name=lan.vt",
        "user_name=khong.co",
        "user_name=an.nv@tinh.example",
        "sub=khong-co",
    ] {
        assert_eq!(of(query).await, nobody, "{query}");
    }
    for query in ["", "sub=x&user_name=an.nv"] {
        assert_eq!(of(query).await.0, 400, "{query}");
    }
    let verifying = token(&installation, &office, "certificate:verify").await;
    let verifying = verifying["access_token"].as_str().expect("a token");
    let path = "/api/certificates?user_name=an.nv";
    assert_eq!(ask(&installation, path, Some(verifying), None).await.0, 403);
    answer(&installation.administer(&["user", "disable", "an.nv", "--yes"]));
    assert_eq!(of("user_name=an.nv").await, nobody);
}
