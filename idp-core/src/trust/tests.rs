use std::collections::BTreeSet;

use pki::test_ca::{Authority, Key};

use super::sample::{NOW, SERIAL, Scene, moment};
use super::*;
use crate::model::trust::OutageRule;

const PEOPLE: &[TrustPurpose] = &[TrustPurpose::Government, TrustPurpose::Public];
const HOUR: i64 = 3600;

fn judged(
    scene: &Scene,
    trust: &Trust,
    evidence: &StatusEvidence,
) -> Result<(Timestamp, bool), Rejection> {
    let person = scene.person(&["CCCD:001185000003"]);
    let found = find(&person, &[], trust, PEOPLE, NOW)?;
    let good = found.verify(evidence, NOW)?;
    assert_eq!(good.anchor().name, "cong-cong");
    assert_eq!(good.verified().certificate(), &person);
    Ok((good.status_at(), good.is_outdated()))
}

#[test]
fn a_certificate_below_a_trusted_anchor_counts() {
    let scene = Scene::new();
    let fresh = NOW - std::time::Duration::from_secs(3600);
    assert_eq!(
        judged(&scene, &scene.trust(), &scene.lists(&[], 0)),
        Ok((fresh, false))
    );
}

#[test]
fn an_anchor_that_does_not_count_leads_nowhere() {
    let scene = Scene::new();
    let evidence = scene.lists(&[], 0);
    let changes: [fn(&mut TrustAnchor); 4] = [
        |anchor| anchor.distrusted_at = Some(NOW),
        |anchor| anchor.until = Some(NOW),
        |anchor| anchor.from = NOW + std::time::Duration::from_secs(1),
        |anchor| anchor.purpose = TrustPurpose::Systems,
    ];
    for change in changes {
        let mut trust = scene.trust();
        change(&mut trust.anchors[0]);
        assert_eq!(judged(&scene, &trust, &evidence), Err(Rejection::NoPath));
    }
    assert_eq!(
        judged(&scene, &Trust::default(), &evidence),
        Err(Rejection::NoPath)
    );
}

/// The key is trusted, not the name.
#[test]
fn a_namesake_is_nobody_and_does_not_hide_the_right_anchor() {
    let scene = Scene::new();
    let namesake = Authority::root("Gốc thử nghiệm", Key::p256(), moment());
    let mut trust = scene.trust();
    let mut false_anchor = scene.anchor();
    false_anchor.name = "trung-ten".to_owned();
    false_anchor.certificate = Der(namesake.parsed().der().to_vec());
    trust.anchors.insert(0, false_anchor);
    let evidence = scene.lists(&[], 0);
    assert!(judged(&scene, &trust, &evidence).is_ok());
    trust.anchors.truncate(1);
    assert_eq!(
        judged(&scene, &trust, &evidence),
        Err(Rejection::SignatureWrong)
    );
}

#[test]
fn each_rule_of_an_anchor_refuses_by_itself() {
    let scene = Scene::new();
    let evidence = scene.lists(&[], 0);
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    let mut trust = scene.trust();
    trust.anchors[0].policies_required = one("1.3.6.1.4.1.99999.1");
    assert_eq!(
        judged(&scene, &trust, &evidence),
        Err(Rejection::PolicyMissing)
    );
    let mut trust = scene.trust();
    trust.anchors[0].purposes_required = one("1.3.6.1.4.1.99999.2");
    assert_eq!(
        judged(&scene, &trust, &evidence),
        Err(Rejection::EndEntityPurposeWrong)
    );
}

/// Without anything current, the rule for outages decides, for so many hours and no longer.
#[test]
fn outages_are_borne_as_the_rule_says() {
    let scene = Scene::new();
    let lasts = {
        let evidence = scene.lists(&[], 0);
        let list = evidence.lists[0].next_update().expect("an end");
        list.seconds() - moment().seconds()
    };
    let hours = OutageRule::LastGood { hours: 2 };
    let old = Err(Rejection::CrlOutOfDate);
    for (rule, age, expected) in [
        (OutageRule::Refuse, lasts - 1, Ok(false)),
        (OutageRule::Refuse, lasts + 60, old),
        (hours, lasts - 1, Ok(false)),
        (hours, lasts + 60, Ok(true)),
        (hours, lasts + 2 * HOUR - 60, Ok(true)),
        (hours, lasts + 2 * HOUR + 60, old),
    ] {
        let mut trust = scene.trust();
        trust.anchors[0].revocation.outage = rule;
        let answer = judged(&scene, &trust, &scene.lists(&[], age));
        assert_eq!(
            answer.map(|(_, outdated)| outdated),
            expected,
            "{rule:?} {age}"
        );
    }
}

#[test]
fn nobody_who_was_revoked_passes_in_an_outage() {
    let scene = Scene::new();
    let mut trust = scene.trust();
    trust.anchors[0].revocation.outage = OutageRule::LastGood { hours: 168 };
    for age in [0, 7 * 24 * HOUR + 60] {
        let evidence = scene.lists(&[SERIAL], age);
        assert_eq!(
            judged(&scene, &trust, &evidence),
            Err(Rejection::Revoked),
            "{age}"
        );
    }
    let nothing = StatusEvidence::default();
    assert_eq!(
        judged(&scene, &trust, &nothing),
        Err(Rejection::RevocationUnknown)
    );
}
