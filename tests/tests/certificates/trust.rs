//! `idp trust` against a running server.

use idp_tests::Installation;
use idp_tests::openssl::ThreeLevels;
use serde_json::Value;

use super::{answer, text};

fn names(page: &Value) -> Vec<&str> {
    let entries = page["entries"].as_array().expect("entries");
    entries.iter().filter_map(|e| e["name"].as_str()).collect()
}

#[tokio::test]
async fn an_authority_is_trusted_changed_and_distrusted_in_the_open() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    let _serving = installation.serve().await.expect("it serves");
    let root = authorities.at("root.pem");
    let trust = |arguments: &[&str]| installation.administer(&[&["trust"], arguments].concat());
    let fingerprint = authorities.fingerprint("root");
    let add = [
        "add",
        "goc",
        root.as_str(),
        "--purpose",
        "public",
        "--personal-id",
        "yes",
        "--fingerprint",
        fingerprint.as_str(),
    ];
    let tried = answer(&trust(&[&add[..], &["--dry-run"]].concat()));
    assert_eq!(tried["name"], "goc");
    assert!(names(&answer(&trust(&["list"]))).is_empty());
    let added = answer(&trust(&add));
    let shown = fingerprint.replace(':', "");
    assert_eq!(added["certificate"]["fingerprint"], shown.as_str());
    assert_eq!(
        (&added["counts"], &added["rules"]["outage_hours"]),
        (&true.into(), &0.into())
    );
    let edited = answer(&trust(&[
        "edit",
        "goc",
        "--intermediate",
        &authorities.at("between.pem"),
        "--outage-hours",
        "12",
    ]));
    let between = &edited["intermediates"][0];
    let name = between["subject"].as_str().expect("a subject");
    assert!(name.contains("CN=CA công cộng thử nghiệm"), "{name}");
    assert_eq!(edited["rules"]["personal_id"], true);
    let checked = trust(&["check", "goc"]);
    assert!(checked.status.success(), "{}", text(&checked));
    assert!(text(&checked).contains(&shown));
    let ended = answer(&trust(&["distrust", "goc", "--yes"]));
    assert_eq!(
        (&ended["counts"], &ended["findings"][0]),
        (&false.into(), &"withdrawn".into())
    );
    let events = text(&installation.administer(&["audit", "tail"]));
    for event in ["trust_added", "trust_edited", "trust_withdrawn"] {
        assert!(events.contains(event), "{event}: {events}");
    }
}

#[tokio::test]
async fn another_file_than_the_published_one_is_refused() {
    let (installation, authorities) = (Installation::init(), ThreeLevels::new());
    let _serving = installation.serve().await.expect("it serves");
    authorities.person("an", "/C=VN/CN=Nguyễn Văn An/UID=CCCD:001085000001");
    let (root, between) = (authorities.at("root.pem"), authorities.at("between.pem"));
    let person = authorities.at("an.pem");
    let other = authorities.fingerprint("between");
    for (arguments, reason) in [
        (
            &[
                root.as_str(),
                "--purpose",
                "public",
                "--fingerprint",
                other.as_str(),
            ][..],
            "trust_fingerprint_differs",
        ),
        (
            &[root.as_str(), "--preset", "vgca-g2"],
            "trust_fingerprint_differs",
        ),
        (&[root.as_str()], "trust_purpose_missing"),
        (
            &[person.as_str(), "--purpose", "public"],
            "trust_not_authority",
        ),
        (
            &[
                between.as_str(),
                "--purpose",
                "public",
                "--intermediate",
                root.as_str(),
            ],
            "trust_intermediate_unchained",
        ),
        (
            &[
                root.as_str(),
                "--purpose",
                "public",
                "--outage-hours",
                "999",
            ],
            "trust_outage_hours_unfit",
        ),
    ] {
        let all = [&["trust", "add", "x"], arguments].concat();
        let refused = installation.administer(&all);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            text(&refused).contains(reason),
            "{reason}: {}",
            text(&refused)
        );
    }
}
