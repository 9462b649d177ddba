//! `idp user certificate` against a running server.

use idp_tests::Installation;
use idp_tests::openssl::ThreeLevels;

use super::{answer, text, trusting};

#[tokio::test]
async fn a_certificate_is_bound_to_one_account_and_taken_away() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    let _serving = installation.serve().await.expect("it serves");
    answer(&trusting(&installation, &authorities));
    for (user, name) in [("an.nv", "Nguyễn Văn An"), ("lan.vt", "Vũ Thị Lan")] {
        let add = ["user", "add", user, "--name", name];
        answer(&installation.administer(&add));
    }
    authorities.person("an", "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001");
    authorities.person("seal", "/C=VN/O=Sở Nội vụ/CN=Sở Nội vụ/UID=MST:0100233488");
    authorities.renew(
        "again",
        "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001",
        "an",
    );
    let certificate = |arguments: &[&str]| {
        installation.administer(&[&["user", "certificate"], arguments].concat())
    };
    let (an, again) = (authorities.at("an.pem"), authorities.at("again.pem"));
    let seal = authorities.at("seal.pem");
    let bound = answer(&certificate(&["add", "an.nv", &an]));
    assert_eq!(
        (&bound["anchor"], &bound["binding"]),
        (&"goc".into(), &"by_administrator".into())
    );
    let subject = bound["subject"].as_str().expect("a subject");
    assert!(subject.contains("CCCD:001••••••001"), "{subject}");
    // Nobody has said yet whether it is revoked.
    assert_eq!(bound["counts"], false);
    let renewed = answer(&certificate(&["add", "an.nv", &again]));
    assert_eq!(renewed["id"], bound["id"], "one key, one credential");
    for (arguments, reason) in [
        (
            ["add", "lan.vt", again.as_str()],
            "user_certificate_key_taken",
        ),
        (
            ["add", "lan.vt", seal.as_str()],
            "user_certificate_of_organisation",
        ),
        (["add", "khong.co", again.as_str()], "not_found_here"),
    ] {
        let refused = certificate(&arguments);
        assert!(text(&refused).contains(reason), "{}", text(&refused));
    }
    let id = bound["id"].as_str().expect("an id");
    let other = certificate(&["remove", "lan.vt", id, "--yes"]);
    assert!(text(&other).contains("not_found_here"), "{}", text(&other));
    let ended = answer(&certificate(&["remove", "an.nv", id, "--yes"]));
    assert_eq!(ended["sessions"], 0);
    let left = answer(&certificate(&["list", "an.nv"]));
    assert_eq!(left["entries"].as_array().map(Vec::len), Some(0));
    let events = text(&installation.administer(&["audit", "tail"]));
    assert!(events.contains("certificate_bound") && events.contains("certificate_unbound"));
    assert!(!events.contains("001085000001"));
}
