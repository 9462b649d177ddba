//! Pairwise subjects (OpenID Connect Core §8), by agency and by sector document.

use idp_tests::{Agent, Application, Installation, RelyingParty, User};
use serde_json::Value;

/// One command that has to succeed.
fn done(installation: &Installation, arguments: &[&str]) -> Value {
    let output = installation.administer(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The reason with which a command is refused.
fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let output = installation.administer(arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A province of two agencies, one with a unit below.
fn agencies(installation: &Installation) {
    for (code, name, parent) in [
        ("H42", "Tỉnh Minh Hà", None),
        ("H42.05", "Sở Y tế", Some("H42")),
        ("H42.05.01", "Trạm Y tế Bến Đá", Some("H42.05")),
        ("H42.06", "Sở Tư pháp", Some("H42")),
    ] {
        let mut arguments = vec!["unit", "add", code, "--name", name];
        arguments.extend(parent.iter().flat_map(|parent| ["--parent", parent]));
        done(installation, &arguments);
    }
}

/// An application whose sector is the agency of a unit.
fn of_agency(installation: &Installation, name: &str, unit: &str) -> Application {
    let further = [
        "--unit",
        unit,
        "--set",
        "subject_type=pairwise",
        "--set",
        "sector=agency",
    ];
    installation.application(name, &further)
}

async fn sub(installation: &Installation, application: &Application, user: &User) -> String {
    let relying_party = RelyingParty::at(&installation.issuer, application.clone()).await;
    let tokens = relying_party.sign_in(&mut Agent::new(), user).await;
    let claims = relying_party.id_token(&tokens).await;
    let userinfo = relying_party.userinfo(&tokens.text("access_token")).await;
    assert_eq!(userinfo.json()["sub"], claims["sub"]);
    claims["sub"].as_str().expect("a sub").to_owned()
}

#[tokio::test]
async fn agencies_cannot_join_what_they_know_about_a_person() {
    let installation = Installation::init();
    let _serving = installation.serve().await.expect("it serves");
    let user = installation.activate().await;
    agencies(&installation);
    let health = of_agency(&installation, "Bệnh án", "H42.05");
    let clinic = of_agency(&installation, "Lịch khám", "H42.05.01");
    let justice = of_agency(&installation, "Hộ tịch", "H42.06");
    let open = installation.application("Văn bản", &[]);

    let of_health = sub(&installation, &health, &user).await;
    assert_eq!(sub(&installation, &clinic, &user).await, of_health);
    let of_justice = sub(&installation, &justice, &user).await;
    let public = sub(&installation, &open, &user).await;
    assert!(of_health != of_justice && of_health != public && of_justice != public);

    // A unit that moves, and an application that moves to another host, change nothing.
    done(
        &installation,
        &["unit", "edit", "H42.05.01", "--parent", "H42.06"],
    );
    let client = clinic.client_id.as_str();
    done(
        &installation,
        &["client", "edit", client, "--name", "Lịch khám mới"],
    );
    assert_eq!(sub(&installation, &clinic, &user).await, of_health);

    // Another agency, or none, would change it: not by accident.
    let client = health.client_id.as_str();
    for change in [["--unit", "H42.06"], ["--set", "sector="]] {
        let arguments = ["client", "edit", client, change[0], change[1]];
        let said = refused(&installation, &arguments);
        assert!(said.contains("client_subjects_would_change"), "{said}");
    }
    assert_eq!(sub(&installation, &health, &user).await, of_health);
    let accepted = [
        "client",
        "edit",
        client,
        "--unit",
        "H42.06",
        "--accept-new-subjects",
    ];
    done(&installation, &accepted);
    assert_eq!(sub(&installation, &health, &user).await, of_justice);
    let back = [
        "client",
        "edit",
        client,
        "--unit",
        "H42.05",
        "--accept-new-subjects",
    ];
    done(&installation, &back);
    assert_eq!(
        sub(&installation, &health, &user).await,
        of_health,
        "subjects rest"
    );
}

#[tokio::test]
async fn a_sector_without_a_host_or_a_readable_document_is_refused() {
    let installation = Installation::init();
    let _serving = installation.serve().await.expect("it serves");
    let add = |further: &[&str]| {
        let mut arguments = vec![
            "client",
            "add",
            "--name",
            "Tra cứu",
            "--set",
            "subject_type=pairwise",
        ];
        arguments.extend(further);
        refused(&installation, &arguments)
    };
    let two = [
        "--redirect-uri",
        "https://a.example/cb",
        "--redirect-uri",
        "https://b.example/cb",
    ];
    assert!(add(&two).contains("client_sector_ambiguous"));
    let one = two.split_at(2).0;
    for (uri, reason) in [
        ("http://a.example/uris", "client_sector_uri_invalid"),
        ("https://169.254.169.254/uris", "client_sector_unavailable"),
        ("https://10.0.0.1/uris", "client_sector_unavailable"),
    ] {
        let set = format!("sector_identifier_uri={uri}");
        let said = add(&[one, &["--set", &set]].concat());
        assert!(said.contains(reason), "{uri}: {said}");
    }
    assert!(add(&[one, &["--set", "sector=agency"]].concat()).contains("client_sector_needs_unit"));
}
