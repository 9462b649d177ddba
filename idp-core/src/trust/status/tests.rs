use pki::Certificate;
use pki::test_ca::{
    Authority, Key, ListTemplate, ResponderId, ResponseTemplate, SingleTemplate, StatusTemplate,
    Subject, Template,
};

use super::*;
use crate::trust::sample::{NOW, Scene, moment};

fn list(authority: &Authority, change: impl FnOnce(&mut ListTemplate)) -> RevocationList {
    let mut template = ListTemplate::at(moment());
    template.number = 7;
    change(&mut template);
    RevocationList::parse(&authority.list(&template)).unwrap()
}

fn kept(
    scene: &Scene,
    new: &RevocationList,
    old: Option<&RevocationList>,
) -> Result<KeptStatus, NotKept> {
    let authorities = Authorities::of_anchor(&scene.anchor()).unwrap();
    let signer = authorities.signer_of(new)?;
    keep_list(new, old, (signer, "http://crl.ca.example/a.crl"), NOW)
}

#[test]
fn a_list_of_an_authority_is_kept_as_it_came() {
    let scene = Scene::new();
    for authority in [&scene.root, &scene.between] {
        let new = list(authority, |_| {});
        let kept = kept(&scene, &new, None).unwrap();
        assert_eq!(kept.body, new.der());
        assert_eq!(kept.this_update, NOW - Duration::from_secs(3600));
        assert_eq!(kept.until, NOW + Duration::from_secs(86_400));
        assert_eq!(kept.issuer, Digest::of(new.issuer().der()));
    }
    let issuers = Authorities::of_anchor(&scene.anchor()).unwrap().issuers();
    assert_eq!(issuers.len(), 2);
}

#[test]
fn what_does_not_count_is_not_kept() {
    let scene = Scene::new();
    let stranger = Authority::root("CA khác", Key::p256(), moment());
    let namesake = Authority::root("Gốc thử nghiệm", Key::p256(), moment());
    let old = list(&scene.root, |_| {});
    let rejected = NotKept::Rejected;
    for (name, new, expected) in [
        (
            "stranger",
            list(&stranger, |_| {}),
            rejected(Rejection::CrlSignerWrong),
        ),
        (
            "namesake",
            list(&namesake, |_| {}),
            rejected(Rejection::SignatureWrong),
        ),
        (
            "endless",
            list(&scene.root, |l| l.next_update = None),
            rejected(Rejection::CrlOutOfDate),
        ),
        (
            "early",
            list(&scene.root, |l| l.this_update = moment().plus(301)),
            NotKept::FromTheFuture,
        ),
        (
            "number",
            list(&scene.root, |l| l.number = 6),
            NotKept::OlderThanKept,
        ),
        (
            "time",
            list(&scene.root, |l| l.this_update = moment().plus(-3601)),
            NotKept::OlderThanKept,
        ),
    ] {
        assert_eq!(
            kept(&scene, &new, Some(&old)).unwrap_err(),
            expected,
            "{name}"
        );
    }
    for (name, new) in [
        ("same", list(&scene.root, |_| {})),
        ("longer number", list(&scene.root, |l| l.number = 256)),
        (
            "skew",
            list(&scene.root, |l| l.this_update = moment().plus(299)),
        ),
    ] {
        assert!(kept(&scene, &new, Some(&old)).is_ok(), "{name}");
    }
}

#[test]
fn lists_of_other_signers_and_scopes_do_not_replace_each_other() {
    let scene = Scene::new();
    let key = |list: &RevocationList| kept(&scene, list, None).unwrap().key;
    let complete = key(&list(&scene.root, |_| {}));
    assert_eq!(complete, key(&list(&scene.root, |l| l.number = 9)));
    for other in [
        list(&scene.between, |_| {}),
        list(&scene.root, |l| l.base = Some(1)),
        list(&scene.root, |l| l.indirect = true),
    ] {
        assert!(complete != key(&other));
    }
}

/// A person whose certificate names a responder, and the path to it.
struct Asked {
    scene: Scene,
    person: Certificate,
    path: ValidPath,
}

const RESPONDER: &str = "http://ocsp.ca.example/";

impl Asked {
    fn new() -> Self {
        let scene = Scene::new();
        let template = Template::person(Subject::named("Vũ Thị Lan"), moment())
            .asked_at(RESPONDER)
            .listed_at(&["ldap://crl.ca.example/a", "http://crl.ca.example/a.crl"]);
        let person = Certificate::parse(&scene.between.issue(&template, &scene.key)).unwrap();
        let path = pki::path::find(
            &person,
            &[scene.between.parsed()],
            &[scene.root.anchor()],
            &PathRules::at(moment()),
            &mut Budget::default(),
        );
        Self {
            path: path.unwrap(),
            scene,
            person,
        }
    }

    fn answer(&self, nonce: Option<&[u8]>, change: impl FnOnce(&mut SingleTemplate)) -> Vec<u8> {
        let authority = &self.scene.between;
        let mut single = SingleTemplate::good(authority, &self.person);
        single.this_update = moment().plus(-60);
        change(&mut single);
        let by = ResponderId::name_of(&authority.parsed());
        let mut template = ResponseTemplate::new(by, vec![single], moment());
        template.nonce = nonce.map(Into::into);
        template.sign(&authority.key)
    }

    fn keep(&self, octets: &[u8]) -> Result<KeptStatus, NotKept> {
        let rule = RevocationRule::default();
        let inquiry = Inquiry::of(&self.path, 1, &rule).pop().unwrap();
        assert_eq!(inquiry.address, RESPONDER);
        let response = Response::parse(octets).unwrap();
        inquiry.keep((octets, &response), (&Nonce([7; 32]), &rule), &[], NOW)
    }
}

#[test]
fn answers_are_kept_when_they_are_about_this_certificate_and_question() {
    let asked = Asked::new();
    for nonce in [None, Some([7; 32].as_slice())] {
        let octets = asked.answer(nonce, |_| {});
        let kept = asked.keep(&octets).unwrap();
        assert_eq!(kept.body, octets);
        assert_eq!(kept.this_update, NOW - Duration::from_secs(60));
        assert!(kept.until > NOW);
    }
    let replayed = asked.answer(Some(&[8; 32]), |_| {});
    let wrong = NotKept::Rejected(Rejection::OcspNonceWrong);
    assert_eq!(asked.keep(&replayed).unwrap_err(), wrong);
    let other = asked.answer(None, |single| single.serial = vec![9]);
    let of_other = NotKept::Rejected(Rejection::OcspOfOtherCertificate);
    assert_eq!(asked.keep(&other).unwrap_err(), of_other);
    // Whom a responder does not know it may know in a minute.
    let unknown = asked.answer(None, |single| single.status = StatusTemplate::Unknown);
    assert_eq!(asked.keep(&unknown).unwrap().until, NOW);
}

#[test]
fn only_what_the_rule_allows_is_asked_and_only_on_the_web() {
    let asked = Asked::new();
    let silent = RevocationRule {
        responders: false,
        ..RevocationRule::default()
    };
    assert!(Inquiry::of(&asked.path, 1, &silent).is_empty());
    assert!(Inquiry::of(&asked.path, 0, &RevocationRule::default()).is_empty());
    let lists = pki::addresses::lists(&asked.person);
    assert_eq!(lists, ["http://crl.ca.example/a.crl"]);
}

#[test]
fn moments_of_asking_anew() {
    let at = Timestamp::from_seconds;
    // Made at 0, good until 1,000.
    for (fetched, jitter, due) in [(0, 0, 750), (0, 128, 687), (740, 0, 800)] {
        let moment = list_due((at(0), at(1_000)), at(fetched), jitter);
        assert_eq!(moment.seconds(), due, "{fetched} {jitter}");
    }
    for (now, until, again) in [
        (0, 10_000, 2_500),
        (0, 100, 60),
        (200, 100, 260),
        (0, 900_000, 3_600),
    ] {
        assert_eq!(
            again_at(at(now), at(until)).seconds(),
            again,
            "{now} {until}"
        );
    }
    let rule = RevocationRule {
        answer_seconds: 4_000,
        ..RevocationRule::default()
    };
    for (until, due) in [(9_000, 1_000), (500, 500), (0, 60)] {
        assert_eq!(
            answer_due(at(0), at(until), &rule).seconds(),
            due,
            "{until}"
        );
    }
}
