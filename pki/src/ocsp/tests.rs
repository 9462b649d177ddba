//! Answers by a test authority, right ones and each way in which one can be wrong.

use super::*;
use crate::path::{self, PathRules, ValidPath};
use crate::revocation::{Evidence, RevocationList, RevocationReason};
use crate::test_ca::encode::{element, extension, octets, sequence};
use crate::test_ca::{
    Authority, Key, ListTemplate, ResponderId, ResponseTemplate, SingleTemplate, StatusTemplate,
    Subject, Template,
};
use crate::{Budget, Certificate, Digest, Rejection, Time};

/// 2026-01-01T00:00:00Z.
const NOW: Time = Time::from_seconds(1_767_225_600);

struct Scene {
    root: Authority,
    issuer: Authority,
    person: Certificate,
    path: ValidPath,
    rules: PathRules,
    lists: Vec<RevocationList>,
    pinned: Vec<Certificate>,
    nonce: Option<(Nonce, bool)>,
}

impl Scene {
    fn new() -> Self {
        let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let issuer = root.below("CA công vụ thử nghiệm", Key::p256());
        let subject = Subject::person("Đặng Thị Ngọc Ánh", &["CCCD:001085000001"]);
        let person = issuer.person(subject, &Key::p256());
        let rules = PathRules::at(NOW);
        let above = [issuer.parsed()];
        let anchors = [root.anchor()];
        let path = path::find(&person, &above, &anchors, &rules, &mut Budget::default()).unwrap();
        Self {
            root,
            issuer,
            person,
            path,
            rules,
            lists: Vec::new(),
            pinned: Vec::new(),
            nonce: None,
        }
    }

    fn single(&self) -> SingleTemplate {
        SingleTemplate::good(&self.issuer, &self.person)
    }

    /// A good answer by the issuer itself.
    fn template(&self) -> ResponseTemplate {
        let by = ResponderId::name_of(&self.issuer.parsed());
        ResponseTemplate::new(by, vec![self.single()], NOW)
    }

    /// A good answer by a delegate, whose certificate comes along.
    fn delegated(&self, certificate: &[u8]) -> ResponseTemplate {
        let by = ResponderId::key_of(&Certificate::parse(certificate).unwrap());
        let mut template = ResponseTemplate::new(by, vec![self.single()], NOW);
        template.certificates = vec![certificate.to_vec()];
        template
    }

    fn judge(&self, der: &[u8]) -> Result<Answer, Rejection> {
        self.judge_within(der, Bounds::default())
    }

    fn judge_within(&self, der: &[u8], bounds: Bounds) -> Result<Answer, Rejection> {
        let response = Response::parse(der)?;
        let nonce = match &self.nonce {
            None => NonceRule::Ignored,
            Some((nonce, false)) => NonceRule::IfPresent(nonce),
            Some((nonce, true)) => NonceRule::Required(nonce),
        };
        let question = Question {
            path: &self.path,
            at: 1,
            pinned: &self.pinned,
            evidence: Evidence {
                lists: &self.lists,
                certificates: &[],
            },
            nonce,
            bounds,
            rules: &self.rules,
        };
        question.verify(&response, &mut Budget::default())
    }

    fn refuse(&self, change: impl FnOnce(&mut ResponseTemplate)) -> Option<Rejection> {
        let mut template = self.template();
        change(&mut template);
        self.judge(&template.sign(&self.issuer.key)).err()
    }
}

#[test]
fn the_issuer_answers_for_itself() {
    let scene = Scene::new();
    for by in [
        ResponderId::name_of(&scene.issuer.parsed()),
        ResponderId::key_of(&scene.issuer.parsed()),
    ] {
        for digest in [Digest::Sha1, Digest::Sha256] {
            let mut template = scene.template();
            template.responder = by.clone();
            template.singles[0].digest = digest;
            let answer = scene.judge(&template.sign(&scene.issuer.key)).unwrap();
            assert_eq!(answer.status(), CertStatus::Good);
            assert_eq!(answer.require_good(), Ok(()));
            assert_eq!(answer.responder(), &Responder::Issuer);
            assert_eq!(answer.this_update(), NOW.plus(-3600));
            assert_eq!(answer.next_update(), Some(NOW.plus(86_400)));
            assert_eq!(answer.produced_at(), NOW.plus(-60));
            assert!(!answer.nonce_came_back());
        }
    }
}

#[test]
fn revoked_and_unknown_are_answers_and_not_good() {
    let scene = Scene::new();
    let at = NOW.plus(-7200);
    let revoked = |reason| CertStatus::Revoked {
        at,
        reason: RevocationReason(reason),
    };
    for (said, status, good) in [
        (
            StatusTemplate::Revoked(at, Some(1)),
            revoked(1),
            Rejection::Revoked,
        ),
        (
            StatusTemplate::Revoked(at, Some(6)),
            revoked(6),
            Rejection::Revoked,
        ),
        (
            StatusTemplate::Revoked(at, None),
            revoked(0),
            Rejection::Revoked,
        ),
        (
            StatusTemplate::Unknown,
            CertStatus::Unknown,
            Rejection::RevocationUnknown,
        ),
    ] {
        let mut template = scene.template();
        template.singles[0].status = said;
        let answer = scene.judge(&template.sign(&scene.issuer.key)).unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.require_good(), Err(good));
    }
}

#[test]
fn refusals_of_the_responder_are_told_apart() {
    for (status, why) in [
        (1, Rejection::OcspRequestMalformed),
        (2, Rejection::OcspInternalError),
        (3, Rejection::OcspTryLater),
        (4, Rejection::OcspMalformed),
        (5, Rejection::OcspSignatureRequired),
        (6, Rejection::OcspUnauthorized),
    ] {
        let parsed = Response::parse(&ResponseTemplate::refusal(status));
        assert_eq!(parsed.err(), Some(why), "{status}");
    }
    // Success with nothing inside.
    let empty = Response::parse(&ResponseTemplate::refusal(0));
    assert_eq!(empty.err(), Some(Rejection::OcspMalformed));
}

#[test]
fn the_answer_must_be_about_this_certificate_once() {
    let scene = Scene::new();
    let other = |change: &dyn Fn(&mut SingleTemplate)| {
        scene.refuse(|template| change(&mut template.singles[0]))
    };
    let of_other = Some(Rejection::OcspOfOtherCertificate);
    assert_eq!(other(&|single| single.serial = vec![9]), of_other);
    assert_eq!(
        other(&|single| single.issuer_name = scene.root.name.der()),
        of_other
    );
    assert_eq!(other(&|single| single.issuer_key = vec![4; 65]), of_other);
    assert_eq!(scene.refuse(|template| template.singles.clear()), of_other);
    let twice = scene.refuse(|template| {
        let mut again = template.singles[0].clone();
        again.digest = Digest::Sha256;
        template.singles.push(again);
    });
    assert_eq!(twice, Some(Rejection::OcspAmbiguous));
    // About others, too, is no harm.
    let mut template = scene.template();
    let mut another = template.singles[0].clone();
    (another.serial, another.status) = (vec![9], StatusTemplate::Unknown);
    template.singles.insert(0, another);
    let answer = scene.judge(&template.sign(&scene.issuer.key)).unwrap();
    assert_eq!(answer.status(), CertStatus::Good);
    let many = scene.refuse(|template| template.singles = vec![template.singles[0].clone(); 65]);
    assert_eq!(many, Some(Rejection::TooLarge));
}

#[test]
fn times_count_to_the_second() {
    let scene = Scene::new();
    let bounds = Bounds {
        skew: 300,
        max_age: 3600,
    };
    // thisUpdate, nextUpdate, producedAt, all in seconds from now.
    for (this, next, produced, expected) in [
        (-60, Some(60), -60, None),
        (300, Some(600), 300, None),
        (301, Some(600), 300, Some(Rejection::OcspNotYetValid)),
        (0, Some(600), 301, Some(Rejection::OcspNotYetValid)),
        (0, Some(600), -301, Some(Rejection::OcspNotYetValid)),
        (-60, Some(-61), -60, Some(Rejection::OcspNotYetValid)),
        (-600, Some(-300), -60, None),
        (-600, Some(-301), -60, Some(Rejection::OcspOutOfDate)),
        (-3600, None, -60, None),
        (-3601, None, -60, Some(Rejection::OcspTooOld)),
        (-3601, Some(60), -60, Some(Rejection::OcspTooOld)),
    ] {
        let mut template = scene.template();
        template.produced_at = NOW.plus(produced);
        template.singles[0].this_update = NOW.plus(this);
        template.singles[0].next_update = next.map(|next| NOW.plus(next));
        let answer = scene.judge_within(&template.sign(&scene.issuer.key), bounds);
        assert_eq!(answer.err(), expected, "{this} {next:?} {produced}");
    }
}

#[test]
fn a_nonce_comes_back_as_it_was_sent() {
    let mut scene = Scene::new();
    let sent = Nonce([7; NONCE_BYTES]);
    for (rule, came, expected) in [
        (None, None, Ok(false)),
        (None, Some(vec![1; 32]), Ok(false)),
        (Some(false), None, Ok(false)),
        (Some(false), Some(vec![7; 32]), Ok(true)),
        (
            Some(false),
            Some(vec![8; 32]),
            Err(Rejection::OcspNonceWrong),
        ),
        (Some(true), Some(vec![7; 32]), Ok(true)),
        (
            Some(true),
            Some(vec![7; 31]),
            Err(Rejection::OcspNonceWrong),
        ),
        (Some(true), None, Err(Rejection::OcspNonceMissing)),
    ] {
        scene.nonce = rule.map(|required| (sent, required));
        let mut template = scene.template();
        template.nonce = came.clone();
        let answer = scene.judge(&template.sign(&scene.issuer.key));
        let answer = answer.map(|answer| answer.nonce_came_back());
        assert_eq!(answer, expected, "{rule:?} {came:?}");
    }
}

#[test]
fn a_delegate_speaks_for_the_issuer_that_certified_it() {
    let scene = Scene::new();
    let key = Key::p256();
    let certificate = scene
        .issuer
        .issue(&Template::responder("Trả lời", NOW, true), &key);
    let answer = scene
        .judge(&scene.delegated(&certificate).sign(&key))
        .unwrap();
    let delegate = Certificate::parse(&certificate).unwrap();
    assert_eq!(answer.responder(), &Responder::Delegate(delegate));
    assert_eq!(answer.require_good(), Ok(()));

    // Signed by another key than that of the certificate that came along.
    let forged = scene.judge(&scene.delegated(&certificate).sign(&Key::p256()));
    assert_eq!(forged.err(), Some(Rejection::SignatureWrong));
    // The certificate does not come along.
    let mut without = scene.delegated(&certificate);
    without.certificates.clear();
    let unknown = scene.judge(&without.sign(&key));
    assert_eq!(unknown.err(), Some(Rejection::OcspResponderUnknown));
}

#[test]
fn nobody_else_speaks_for_the_issuer() {
    let scene = Scene::new();
    let key = Key::p256();
    let refusal = |certificate: &[u8]| {
        let der = scene.delegated(certificate).sign(&key);
        scene.judge(&der).err()
    };
    let responder = || Template::responder("Trả lời", NOW, true);
    let unauthorized = Some(Rejection::OcspResponderUnauthorized);
    // By the authority above, by a namesake of the issuer, and without the purpose.
    assert_eq!(refusal(&scene.root.issue(&responder(), &key)), unauthorized);
    let namesake = Authority::root("CA công vụ thử nghiệm", Key::p256(), NOW);
    assert_eq!(refusal(&namesake.issue(&responder(), &key)), unauthorized);
    let person = Template::person(Subject::named("Người dùng"), NOW);
    assert_eq!(refusal(&scene.issuer.issue(&person, &key)), unauthorized);
    // Its key may encrypt, not sign.
    let mut encrypts = responder();
    encrypts.extensions[0] = crate::test_ca::encode::extension("2.5.29.15", true, &[3, 2, 5, 0x20]);
    assert_eq!(refusal(&scene.issuer.issue(&encrypts, &key)), unauthorized);
    // Out of its time; with something critical that nobody understands.
    let mut late = responder();
    late.not_after = NOW.plus(-1);
    assert_eq!(
        refusal(&scene.issuer.issue(&late, &key)),
        Some(Rejection::Expired)
    );
    let mut early = responder();
    early.not_before = NOW.plus(1);
    assert_eq!(
        refusal(&scene.issuer.issue(&early, &key)),
        Some(Rejection::NotYetValid)
    );
    let strange = responder().extension(extension("1.2.3.4", true, &[5, 0]));
    assert_eq!(
        refusal(&scene.issuer.issue(&strange, &key)),
        Some(Rejection::CriticalExtensionUnknown)
    );
}

#[test]
fn a_delegate_that_is_not_exempt_must_not_be_revoked() {
    let mut scene = Scene::new();
    let key = Key::p256();
    let template = Template::responder("Trả lời", NOW, false).serial(&[0x33]);
    let certificate = scene.issuer.issue(&template, &key);
    let answer = scene.delegated(&certificate).sign(&key);
    assert_eq!(
        scene.judge(&answer).err(),
        Some(Rejection::RevocationUnknown)
    );
    let list =
        |template: &ListTemplate| RevocationList::parse(&scene.issuer.list(template)).unwrap();
    let (clean, naming) = (
        list(&ListTemplate::at(NOW)),
        list(&ListTemplate::at(NOW).revoking(&[&[0x33]])),
    );
    scene.lists = vec![clean];
    assert_eq!(scene.judge(&answer).map(|a| a.require_good()), Ok(Ok(())));
    scene.lists = vec![naming];
    assert_eq!(scene.judge(&answer).err(), Some(Rejection::Revoked));
}

#[test]
fn a_pinned_responder_needs_nobody_else() {
    let mut scene = Scene::new();
    let (key, own) = (Key::p256(), Authority::root("Riêng", Key::p256(), NOW));
    let make = |not_after| {
        let mut template = Template::person(Subject::named("Trả lời tập trung"), NOW);
        template.not_after = not_after;
        Certificate::parse(&own.issue(&template, &key)).unwrap()
    };
    let by = ResponderId::name_of(&make(NOW));
    let answer = ResponseTemplate::new(by, vec![scene.single()], NOW).sign(&key);
    assert_eq!(
        scene.judge(&answer).err(),
        Some(Rejection::OcspResponderUnknown)
    );
    scene.pinned = vec![make(NOW.plus(-1))];
    assert_eq!(scene.judge(&answer).err(), Some(Rejection::Expired));
    let pinned = make(NOW);
    scene.pinned.push(pinned.clone());
    let answer = scene.judge(&answer).unwrap();
    assert_eq!(answer.responder(), &Responder::Pinned(pinned));
}

#[test]
fn signatures_and_extensions_count() {
    let scene = Scene::new();
    let wrong = scene.judge(&scene.template().sign(&Key::p256()));
    assert_eq!(wrong.err(), Some(Rejection::SignatureWrong));
    let strange = extension("1.2.3.4", true, &[5, 0]);
    let unknown = Some(Rejection::OcspExtensionUnknown);
    assert_eq!(
        scene.refuse(|t| t.extensions.push(strange.clone())),
        unknown
    );
    assert_eq!(
        scene.refuse(|t| t.singles[0].extensions.push(strange.clone())),
        unknown
    );
    let harmless = extension("1.3.6.1.5.5.7.48.1.6", false, &[5, 0]);
    assert_eq!(scene.refuse(|t| t.extensions.push(harmless.clone())), None);
    let twice = scene.refuse(|t| t.extensions = vec![harmless.clone(), harmless.clone()]);
    assert_eq!(twice, Some(Rejection::ExtensionRepeated));
    let other_kind = scene.refuse(|t| t.kind = "1.3.6.1.5.5.7.48.1.9".to_owned());
    assert_eq!(other_kind, Some(Rejection::OcspTypeUnknown));
    let broken_nonce = extension("1.3.6.1.5.5.7.48.1.2", false, &[4, 9, 1]);
    let malformed = scene.refuse(|t| t.extensions.push(broken_nonce));
    assert_eq!(malformed, Some(Rejection::OcspMalformed));
}

#[test]
fn work_is_bounded() {
    let scene = Scene::new();
    let response = Response::parse(&scene.template().sign(&scene.issuer.key)).unwrap();
    let question = Question {
        path: &scene.path,
        at: 1,
        pinned: &[],
        evidence: Evidence::default(),
        nonce: NonceRule::Ignored,
        bounds: Bounds::default(),
        rules: &scene.rules,
    };
    let spent = question.verify(&response, &mut Budget::new(0, 0));
    assert_eq!(spent.err(), Some(Rejection::BudgetSpent));
    let nowhere = Question { at: 2, ..question };
    let nowhere = nowhere.verify(&response, &mut Budget::default());
    assert_eq!(nowhere.err(), Some(Rejection::PathLengthUnfit));
}

#[test]
fn requests_name_the_certificate_and_carry_the_nonce() {
    let scene = Scene::new();
    let issuer = scene.issuer.parsed();
    for digest in [Digest::Sha1, Digest::Sha256] {
        let id = CertId::new(
            digest,
            scene.person.issuer(),
            issuer.key(),
            scene.person.serial(),
        );
        let request = Request {
            id: id.clone(),
            nonce: Some(Nonce([9; 32])),
        };
        let der = request.der();
        crate::der::check_strict(&der).unwrap();
        // The identifier is the one that the test authority writes into its answers.
        let mut template = scene.template();
        template.singles[0].digest = digest;
        let answer = Response::parse(&template.sign(&scene.issuer.key)).unwrap();
        assert_eq!(answer.singles[0].id, id);
        let extension = extension("1.3.6.1.5.5.7.48.1.2", false, &octets(&[9; 32]));
        let wrapped = element(0xa2, &sequence(&[extension]));
        assert!(der.ends_with(&wrapped), "{der:02x?}");
        let without = Request { id, nonce: None }.der();
        assert!(without.len() + wrapped.len() <= der.len());
    }
}

#[test]
fn octets_cut_or_changed_are_answered() {
    let scene = Scene::new();
    let whole = scene.template().sign(&scene.issuer.key);
    for cut in 0..whole.len() {
        assert!(Response::parse(&whole[..cut]).is_err(), "cut at {cut}");
    }
    let mut accepted = 0;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        accepted += u32::from(scene.judge(&changed).is_ok());
    }
    assert_eq!(accepted, 0);
    let long = vec![0x30; MAX_RESPONSE_BYTES + 1];
    assert_eq!(Response::parse(&long).err(), Some(Rejection::TooLarge));
}
