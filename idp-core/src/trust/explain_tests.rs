use super::*;
use crate::model::trust::OutageRule;
use crate::trust::sample::{NOW, SERIAL, Scene};

const PEOPLE: &[TrustPurpose] = &[TrustPurpose::Government, TrustPurpose::Public];

fn explained(scene: &Scene, trust: &Trust, evidence: &StatusEvidence) -> Explanation {
    let person = scene.person(&["CCCD:001185000003"]);
    let presented = Presented::read(person.der(), None).unwrap();
    match presented.find(trust, PEOPLE, NOW) {
        Ok(judged) => judged.conclude(evidence, NOW),
        Err(explanation) => explanation,
    }
}

fn outline(explanation: &Explanation) -> Vec<(StepName, Option<Rejection>)> {
    let steps = explanation.steps.iter();
    steps.map(|s| (s.name, s.verdict.err())).collect()
}

fn seen(explanation: &Explanation, name: &str) -> Vec<Shown> {
    let all = explanation.steps.iter().flat_map(|step| &step.details);
    let named = all.filter(|(known, _)| *known == name);
    named.map(|(_, shown)| shown.clone()).collect()
}

#[test]
fn each_step_is_told_from_the_octets_to_the_status() {
    use StepName::*;
    let scene = Scene::new();
    let whole = explained(&scene, &scene.trust(), &scene.lists(&[], 0));
    let names = [Read, Path, Certificate, Profile, Identity, Status, Status];
    assert_eq!(outline(&whole), names.map(|name| (name, None)));
    assert_eq!(
        whole.verdict.as_ref().map(|s| s.anchor.as_str()),
        Ok("cong-cong")
    );
    assert_eq!(seen(&whole, "identifier"), ["CCCD:001••••••003".into()]);
    assert_eq!(seen(&whole, "source"), ["list".into(), "list".into()]);
    assert!(!format!("{whole:?}").contains("001185000003"));
}

/// The verdict is the one of a sign-in, and the step is the one that failed.
#[test]
fn the_step_that_fails_is_the_one_whose_rule_does_not_hold() {
    let scene = Scene::new();
    let fresh = scene.lists(&[], 0);
    let mut purpose = scene.trust();
    purpose.anchors[0]
        .purposes_required
        .insert("1.3.6.1.4.1.99999.2".to_owned());
    let mut policy = scene.trust();
    policy.anchors[0]
        .policies_required
        .insert("1.3.6.1.4.1.99999.1".to_owned());
    let mut distrusted = scene.trust();
    distrusted.anchors[0].distrusted_at = Some(NOW);
    for (trust, evidence, step, why) in [
        (&distrusted, &fresh, StepName::Path, Rejection::NoPath),
        (&policy, &fresh, StepName::Path, Rejection::PolicyMissing),
        (
            &purpose,
            &fresh,
            StepName::Profile,
            Rejection::EndEntityPurposeWrong,
        ),
        (
            &scene.trust(),
            &scene.lists(&[SERIAL], 0),
            StepName::Status,
            Rejection::Revoked,
        ),
        (
            &scene.trust(),
            &StatusEvidence::default(),
            StepName::Status,
            Rejection::RevocationUnknown,
        ),
    ] {
        let explanation = explained(&scene, trust, evidence);
        assert_eq!(explanation.verdict, Err(why));
        let failed = outline(&explanation);
        assert!(failed.contains(&(step, Some(why))), "{failed:?}");
    }
}

#[test]
fn an_outage_that_is_borne_is_a_step_of_its_own() {
    let scene = Scene::new();
    let mut trust = scene.trust();
    trust.anchors[0].revocation.outage = OutageRule::LastGood { hours: 168 };
    let lasts = {
        let lists = scene.lists(&[], 0).lists;
        lists[0].next_update().unwrap().seconds() - NOW.seconds()
    };
    let explanation = explained(&scene, &trust, &scene.lists(&[], lasts + 60));
    let last = outline(&explanation).last().copied();
    assert_eq!(last, Some((StepName::Outage, None)));
    assert!(explanation.verdict.unwrap().outdated);
}

#[test]
fn what_cannot_be_read_ends_at_the_first_step() {
    for (octets, content, step, why) in [
        (&b"x"[..], None, StepName::Read, Rejection::PemMalformed),
        (
            b"\x30\x00",
            None,
            StepName::Read,
            Rejection::CertificateMalformed,
        ),
        (
            b"\x30\x80\x00\x00",
            Some(&b""[..]),
            StepName::Read,
            Rejection::CmsInBer,
        ),
    ] {
        let explanation = Presented::read(octets, content).unwrap_err();
        assert_eq!(outline(&explanation), [(step, Some(why))]);
    }
}
