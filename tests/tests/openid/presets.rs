//! Clients that were registered before a preset was chosen, and who answers for one.

use idp_tests::Installation;
use serde_json::Value;

const CALLBACK: &str = "https://sotay.example/callback";

fn json(installation: &Installation, arguments: &[&str]) -> Value {
    let done = installation.administer(arguments);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&done.stdout).expect("JSON")
}

fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let done = installation.administer(arguments);
    assert!(!done.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[tokio::test]
async fn a_preset_tells_what_it_demands_of_the_clients_that_are_there() {
    let mut installation = Installation::init();
    let add = ["client", "add", "so-tay", "--name", "Sổ tay"];
    let add = [&add[..], &["--redirect-uri", CALLBACK]].concat();
    json(&installation, &add);
    let found = |installation: &Installation| -> Vec<String> {
        let found = json(installation, &["client", "check", "so-tay"]);
        let names = found.as_array().expect("a list").iter();
        names
            .map(|f| f["finding"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(found(&installation), ["no_unit", "no_logout"]);

    let preset = (
        "IDP__PROVIDER__PRESET".to_owned(),
        "fapi2-security".to_owned(),
    );
    installation.environment.push(preset);
    let demanded = [
        "fapi_authentication_weak",
        "fapi_tokens_unbound",
        "fapi_requests_not_pushed",
    ];
    let expected = [&demanded[..], &["no_unit", "no_logout"]].concat();
    assert_eq!(found(&installation), expected);
    let shown = json(&installation, &["client", "show", "so-tay"]);
    assert_eq!(shown["broken_rules"], serde_json::json!(demanded));
    let edit = ["client", "edit", "so-tay", "--name", "Sổ"];
    let told = refused(&installation, &edit);
    assert!(told.contains("fapi_authentication_weak"), "{told}");
    let mended = [
        "--auth-method",
        "private_key_jwt",
        "--jwks-uri",
        "https://sotay.example/jwks",
        "--set",
        "dpop_bound_access_tokens=true",
        "--set",
        "require_pushed_authorization_requests=true",
        "--set",
        "assertion_audience=issuer",
    ];
    json(&installation, &[&edit[..], &mended].concat());
    assert_eq!(found(&installation), ["no_unit", "no_logout"]);
}

#[tokio::test]
async fn somebody_of_this_installation_answers_for_a_client() {
    let installation = Installation::init();
    let add = ["client", "add", "so-tay", "--name", "Sổ tay"];
    let add = [&add[..], &["--redirect-uri", CALLBACK]].concat();
    let told = refused(
        &installation,
        &[&add[..], &["--set", "responsible_person=ai.do"]].concat(),
    );
    assert!(told.contains("client_person_unknown"), "{told}");
    json(
        &installation,
        &[&add[..], &["--set", "responsible_person=quantri"]].concat(),
    );
    let told = refused(
        &installation,
        &["client", "edit", "so-tay", "--set", "responsable_person=x"],
    );
    assert!(told.contains("responsible_person?"), "{told}");
    let token = [
        "registration-token",
        "add",
        "--note",
        "Nhà thầu",
        "--uses",
        "0",
    ];
    let told = refused(&installation, &token);
    assert!(told.contains("initial_token_uses_unfit"), "{told}");
}
