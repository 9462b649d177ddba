use std::collections::BTreeSet;

use pki::Time;
use pki::test_ca::{Authority, Key, Subject, Template};

use super::*;
use crate::admin::sample::{self, Stage, done, reason};
use crate::event::Event;
use crate::model::trust::OutageRule;
use crate::trust::describe;

fn moment() -> Time {
    crate::trust::time(sample::NOW)
}

fn root() -> Authority {
    Authority::root("Gốc thử nghiệm", Key::p256(), moment())
}

fn new(authority: &Authority) -> AnchorNew {
    AnchorNew {
        name: "goc".to_owned(),
        certificate: authority.parsed().der().to_vec(),
        rules: AnchorRules {
            purpose: Some(TrustPurpose::Public),
            ..AnchorRules::default()
        },
        ..AnchorNew::default()
    }
}

fn added(new: &AnchorNew, present: &Believed) -> Decision<TrustAnchor> {
    add(
        &Stage::province().act(),
        new,
        present,
        &mut sample::entropy(),
    )
}

/// What rests after a decision.
fn after(decision: &Decision<TrustAnchor>) -> Believed {
    let [Change::Setting(write)] = decision.changes.as_slice() else {
        panic!("{:?}", decision.changes);
    };
    assert_eq!(write.name, SETTING);
    Believed::parse(Some(write.value.clone())).unwrap()
}

fn whats(events: &[Event]) -> Vec<&What> {
    events.iter().map(|event| &event.what).collect()
}

#[test]
fn an_authority_is_trusted_by_its_fingerprint() {
    let root = root();
    let mut wanted = new(&root);
    wanted.fingerprint = Some(describe::fingerprint(&root.parsed()).to_lowercase());
    let decision = added(&wanted, &Believed::default());
    let present = after(&decision);
    let anchor = present.trust.find("goc").unwrap().clone();
    assert_eq!((anchor.from, anchor.until), (sample::NOW, None));
    assert_eq!(anchor.revocation, RevocationRule::default());
    let fingerprint = anchor.certificate.fingerprint();
    let what = What::TrustAdded {
        anchor: "goc".to_owned(),
        fingerprint,
    };
    assert_eq!(whats(&decision.events), [&what]);
    assert_eq!(done(decision), anchor);
}

#[test]
fn whoever_is_no_authority_here_is_refused() {
    let root = root();
    let present = after(&added(&new(&root), &Believed::default()));
    let person = root.issue(
        &Template::person(Subject::named("Nguyễn Văn An"), moment()),
        &Key::p256(),
    );
    let old = Authority::root("Cũ", Key::p256(), moment().plus(-60 * 366 * 86_400));
    let other = |change: fn(&mut AnchorNew)| {
        let mut wanted = new(&self::root());
        wanted.name = "khac".to_owned();
        change(&mut wanted);
        wanted
    };
    let with = |certificate: Vec<u8>| AnchorNew {
        certificate,
        ..other(|_| {})
    };
    let two = [pem_of(root.parsed().der()), pem_of(&person)].concat();
    for (wanted, expected) in [
        (other(|_| {}), None),
        (
            other(|n| n.name = "G2".to_owned()),
            Some(Reason::TrustNameMalformed),
        ),
        (
            other(|n| n.name = String::new()),
            Some(Reason::TrustNameMalformed),
        ),
        (
            other(|n| n.name = "x".repeat(65)),
            Some(Reason::TrustNameMalformed),
        ),
        (
            other(|n| n.name = "goc".to_owned()),
            Some(Reason::TrustNameTaken),
        ),
        (with(b"x".to_vec()), Some(Reason::TrustCertificateNotOne)),
        (
            with(b"\x30\x03\x02\x01\x00".to_vec()),
            Some(Reason::TrustCertificateMalformed),
        ),
        (with(two), Some(Reason::TrustCertificateNotOne)),
        (with(person), Some(Reason::TrustNotAuthority)),
        (
            with(root.parsed().der().to_vec()),
            Some(Reason::TrustKeyTaken),
        ),
        (
            with(old.parsed().der().to_vec()),
            Some(Reason::TrustAnchorExpired),
        ),
        (
            other(|n| n.fingerprint = Some("AB:CD".to_owned())),
            Some(Reason::TrustFingerprintMalformed),
        ),
        (
            other(|n| n.fingerprint = Some("AB".repeat(32))),
            Some(Reason::TrustFingerprintDiffers),
        ),
        (
            other(|n| n.preset = Some(Preset::VgcaG2)),
            Some(Reason::TrustFingerprintDiffers),
        ),
        (
            other(|n| n.rules.purpose = None),
            Some(Reason::TrustPurposeMissing),
        ),
    ] {
        assert_eq!(reason(&added(&wanted, &present)), expected, "{wanted:?}");
    }
    let unit = Stage::health();
    let refused = add(
        &unit.act(),
        &other(|_| {}),
        &present,
        &mut sample::entropy(),
    );
    assert_eq!(reason(&refused), Some(Reason::OutsideScope));
}

fn pem_of(der: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").into_bytes()
}

#[test]
fn no_more_authorities_than_the_bound() {
    let root = root();
    let mut present = after(&added(&new(&root), &Believed::default()));
    let one = present.trust.anchors[0].clone();
    for number in 1..MOST_ANCHORS {
        let name = format!("x{number}");
        present.trust.anchors.push(TrustAnchor {
            name,
            ..one.clone()
        });
    }
    let mut wanted = new(&self::root());
    wanted.name = "khac".to_owned();
    assert_eq!(
        reason(&added(&wanted, &present)),
        Some(Reason::TrustTooMany)
    );
}

#[test]
fn each_rule_has_its_bounds() {
    let root = root();
    let namesake = self::root();
    let between = root.below("CA trung gian", Key::p256());
    let foreign = namesake.below("CA trung gian", Key::p256());
    let person = root.issue(
        &Template::person(Subject::named("Nguyễn Văn An"), moment()),
        &Key::p256(),
    );
    let present = after(&added(&new(&root), &Believed::default()));
    let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let set = |all: &[&str]| Some(texts(all).into_iter().collect::<BTreeSet<_>>());
    let none = AnchorRules::default;
    let lists = |all: &[&str]| AnchorRules {
        list_addresses: Some(texts(all)),
        ..none()
    };
    let intermediates = |der: &[u8]| AnchorRules {
        intermediates: Some(vec![der.to_vec()]),
        ..none()
    };
    let many: Vec<String> = (0..17).map(|n| format!("http://crl.example/{n}")).collect();
    let at = |seconds: u64| sample::NOW + std::time::Duration::from_secs(seconds);
    for (rules, expected) in [
        (
            lists(&["http://crl.example/a.crl", "https://crl.example/"]),
            None,
        ),
        (
            lists(&["ldap://crl.example/a"]),
            Some(Reason::TrustListAddressInvalid),
        ),
        (lists(&["a.crl"]), Some(Reason::TrustListAddressInvalid)),
        (
            lists(&["http://u:p@crl.example/"]),
            Some(Reason::TrustListAddressInvalid),
        ),
        (
            lists(&["http://crl.example/#x"]),
            Some(Reason::TrustListAddressInvalid),
        ),
        (
            AnchorRules {
                list_addresses: Some(many),
                ..none()
            },
            Some(Reason::TrustTooMany),
        ),
        (
            AnchorRules {
                answer_seconds: Some(60),
                ..none()
            },
            None,
        ),
        (
            AnchorRules {
                answer_seconds: Some(59),
                ..none()
            },
            Some(Reason::TrustAnswerSecondsUnfit),
        ),
        (
            AnchorRules {
                answer_seconds: Some(604_801),
                ..none()
            },
            Some(Reason::TrustAnswerSecondsUnfit),
        ),
        (
            AnchorRules {
                outage_hours: Some(168),
                ..none()
            },
            None,
        ),
        (
            AnchorRules {
                outage_hours: Some(169),
                ..none()
            },
            Some(Reason::TrustOutageHoursUnfit),
        ),
        (
            AnchorRules {
                purposes_required: set(&["1.3.6.1.5.5.7.3.2"]),
                ..none()
            },
            None,
        ),
        (
            AnchorRules {
                purposes_required: set(&["clientAuth"]),
                ..none()
            },
            Some(Reason::TrustOidMalformed),
        ),
        (
            AnchorRules {
                policies_required: set(&["1.03"]),
                ..none()
            },
            Some(Reason::TrustOidMalformed),
        ),
        (
            AnchorRules {
                mail_of: set(&["Sở Nội vụ\u{202e}"]),
                ..none()
            },
            Some(Reason::TrustOrganisationMalformed),
        ),
        (
            AnchorRules {
                from: Some(at(9)),
                until: Some(Some(at(9))),
                ..none()
            },
            Some(Reason::TrustWindowReversed),
        ),
        (intermediates(between.parsed().der()), None),
        (intermediates(&pem_of(between.parsed().der())), None),
        (
            intermediates(foreign.parsed().der()),
            Some(Reason::TrustIntermediateUnchained),
        ),
        (intermediates(&person), Some(Reason::TrustNotAuthority)),
        (
            intermediates(b"\x30\x00"),
            Some(Reason::TrustCertificateMalformed),
        ),
    ] {
        let stage = Stage::province();
        let decision = edit(
            &stage.act(),
            "goc",
            &rules,
            &present,
            &mut sample::entropy(),
        );
        assert_eq!(reason(&decision), expected, "{rules:?}");
    }
}

#[test]
fn what_is_not_said_stays_and_what_changed_is_named() {
    let present = after(&added(&new(&root()), &Believed::default()));
    let stage = Stage::province();
    let change = |rules: &AnchorRules, present: &Believed| {
        edit(&stage.act(), "goc", rules, present, &mut sample::entropy())
    };
    let nothing = change(&AnchorRules::default(), &present);
    assert!(nothing.changes.is_empty() && nothing.events.is_empty());
    let rules = AnchorRules {
        outage_hours: Some(12),
        personal_id: Some(true),
        ..AnchorRules::default()
    };
    let decision = change(&rules, &present);
    let what = What::TrustEdited {
        anchor: "goc".to_owned(),
        fields: vec!["identity".to_owned(), "revocation".to_owned()],
    };
    assert_eq!(whats(&decision.events), [&what]);
    let edited = after(&decision);
    let back = AnchorRules {
        outage_hours: Some(0),
        ..AnchorRules::default()
    };
    let anchor = done(change(&back, &edited));
    assert!(anchor.identity.personal_id);
    assert_eq!(anchor.revocation.outage, OutageRule::Refuse);
}

/// Only the document that the administrator saw is replaced.
#[test]
fn a_write_names_what_it_replaces() {
    let first = added(&new(&root()), &Believed::default());
    let present = after(&first);
    let mut other = new(&root());
    other.name = "khac".to_owned();
    let second = added(&other, &present);
    let was = |decision: &Decision<TrustAnchor>| match &decision.changes[..] {
        [Change::Setting(write)] => write.was.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((was(&first), was(&second)), (None, present.text.clone()));
}

#[test]
fn trust_ends_once_and_its_key_may_come_back_under_another_name() {
    let root = root();
    let present = after(&added(&new(&root), &Believed::default()));
    let stage = Stage::province();
    let end = |name: &str, from: Option<Timestamp>, present: &Believed| {
        distrust(&stage.act(), name, from, present, &mut sample::entropy())
    };
    assert_eq!(
        reason(&end("khong", None, &present)),
        Some(Reason::NotFoundHere)
    );
    let unit = Stage::health();
    let refused = distrust(&unit.act(), "goc", None, &present, &mut sample::entropy());
    assert_eq!(reason(&refused), Some(Reason::OutsideScope));
    let later = sample::NOW + std::time::Duration::from_secs(60);
    let planned = end("goc", Some(later), &present);
    let planned = after(&planned);
    assert!(planned.trust.anchors[0].counts_at(sample::NOW));
    let mut again = new(&root);
    again.name = "goc-2".to_owned();
    assert_eq!(
        reason(&added(&again, &planned)),
        Some(Reason::TrustKeyTaken)
    );
    let ended = after(&end("goc", None, &planned));
    assert_eq!(ended.trust.anchors[0].distrusted_at, Some(sample::NOW));
    assert_eq!(
        reason(&end("goc", None, &ended)),
        Some(Reason::TrustWithdrawnAlready)
    );
    assert_eq!(
        findings(&ended.trust.anchors[0], sample::NOW),
        [Finding::Withdrawn]
    );
    assert_eq!(reason(&added(&again, &ended)), None);
}

#[test]
fn findings_tell_what_to_do() {
    let anchor = done(added(&new(&root()), &Believed::default()));
    assert_eq!(findings(&anchor, sample::NOW), [Finding::NobodyNamed]);
    let not_after = timestamp(
        Certificate::parse(&anchor.certificate.0)
            .unwrap()
            .not_after(),
    );
    let mut changed = anchor.clone();
    changed.identity.personal_id = true;
    assert_eq!(findings(&changed, sample::NOW), []);
    assert_eq!(
        findings(
            &changed,
            not_after - EXPIRES_SOON + std::time::Duration::from_secs(1)
        ),
        [Finding::ExpiresSoon]
    );
    assert_eq!(
        findings(&changed, not_after + std::time::Duration::from_secs(1)),
        [Finding::Expired]
    );
    changed.tolerance.sha1 = true;
    (changed.revocation.responders, changed.revocation.lists) = (false, false);
    assert_eq!(
        findings(&changed, sample::NOW),
        [Finding::Sha1Tolerated, Finding::StatusNeverAsked]
    );
    assert!(Finding::StatusNeverAsked.is_trouble() && !Finding::Sha1Tolerated.is_trouble());
}

#[test]
fn the_fingerprints_of_presets_are_well_formed() {
    for name in ["vgca-g2", "vgca-g1", "vn-root"] {
        let preset = Preset::named(name).unwrap();
        assert!(describe::read_fingerprint(preset.fingerprint()).is_some());
    }
    assert_eq!(Preset::named("khac"), None);
}
