use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::test_ca::{Key, SignedDataTemplate, Subject};
use pki::{Certificate, Rejection};

use super::*;
use crate::admin::sample;
use crate::base::secret::Digest;
use crate::base::time::Timestamp;
use crate::model::identifier::{Identifier, IdentifierKind, Verification};
use crate::model::trust::{OutageRule, Trust};
use crate::model::user::AccountState;
use crate::oauth::sample::Stage;
use crate::trust::sample::{NOW, Scene};

const NUMBER: &str = "001185000003";
const MAIL: &str = "lan@sotttt.tinh.example";

fn verified(kind: IdentifierKind, value: &str) -> Identifier {
    Identifier {
        kind,
        value: value.to_owned(),
        verified: Some(Verification {
            source: "administrator".into(),
            by: "system".into(),
            at: Timestamp::EPOCH,
        }),
        assigned_at: Timestamp::EPOCH,
        released_at: None,
    }
}

fn holder(identifiers: Vec<Identifier>) -> User {
    let mut user = sample::user("lan");
    user.identifiers = identifiers;
    user
}

fn lan() -> User {
    holder(vec![verified(IdentifierKind::PersonalId, NUMBER)])
}

struct Asked {
    scene: Scene,
    trust: Trust,
    certificate: Certificate,
    way: CertificateWay,
    from_office: bool,
    age: i64,
}

impl Asked {
    fn with(values: &[&str]) -> Self {
        let scene = Scene::new();
        Self {
            trust: scene.trust(),
            certificate: scene.person(values),
            scene,
            way: CertificateWay::Cms,
            from_office: true,
            age: 0,
        }
    }

    fn of_person() -> Self {
        Self::with(&["CCCD:001185000003"])
    }

    /// A certificate as the government's authority writes them: no number, but mail and places.
    fn official() -> Self {
        let mut asked = Self::of_person();
        let subject = Subject::official("Vũ Thị Lan", "Sở TTTT", "UBND tỉnh thử nghiệm", MAIL);
        asked.certificate = asked.scene.certified(subject);
        asked.trust.anchors[0].identity.mail_of =
            BTreeSet::from(["UBND tỉnh thử nghiệm".to_owned()]);
        asked
    }

    fn decide(&self, facts: &CertificateFacts) -> Decision<NewSession> {
        let found = crate::trust::find(
            &self.certificate,
            &[],
            &self.trust,
            &crate::trust::SIGNS_IN,
            NOW,
        )
        .unwrap();
        let good = found.verify(&self.scene.lists(&[], self.age), NOW).unwrap();
        let asked = CertificateSignIn {
            good: &good,
            way: self.way,
            from_office: self.from_office,
            user_agent: "trình duyệt",
        };
        decide(&asked, facts, &mut Stage::at(NOW).deciding())
    }

    fn bound(&self, to: User) -> CertificateFacts {
        let credential = Credential {
            id: CredentialId::from_u128(9),
            version: Version(4),
            user: to.id,
            secret: CredentialSecret::Certificate(CertificateCredential {
                certificate: Der(self.certificate.der().to_vec()),
                key: key_of(&self.certificate),
                anchor: "cong-cong".into(),
                expires_at: timestamp(self.certificate.not_after()),
                binding: CertificateBinding::ByAdministrator,
            }),
            set_at: NOW,
        };
        CertificateFacts {
            bound: Some((credential, to)),
            ..CertificateFacts::default()
        }
    }
}

fn held_by(user: User) -> CertificateFacts {
    CertificateFacts {
        holders: vec![user],
        ..CertificateFacts::default()
    }
}

#[test]
fn a_bound_certificate_signs_in_at_level_two() {
    let asked = Asked::of_person();
    let facts = asked.bound(holder(Vec::new()));
    let decision = asked.decide(&facts);
    let unchanged = Change::CredentialUnchanged(CredentialId::from_u128(9), Version(4));
    assert!(decision.changes.contains(&unchanged));
    let names: Vec<bool> = decision
        .events
        .iter()
        .map(|e| {
            matches!(
                e.what,
                What::SignedIn { .. } | What::CertificateShown { .. }
            )
        })
        .collect();
    assert_eq!(names, [true, true]);
    let session = sample::done(decision).session;
    assert_eq!(session.authentication.level, Level::Two);
    assert_eq!(
        session.authentication.methods,
        [Method::SmartCard, Method::Pin]
    );
    let certificate = session.certificate.unwrap();
    assert_eq!(certificate.anchor, "cong-cong");
    assert!(!certificate.status_outdated);
}

#[test]
fn the_verified_number_of_one_account_binds_the_certificate_to_it() {
    let decision = Asked::of_person().decide(&held_by(lan()));
    let bound = decision.changes.iter().find_map(|change| match change {
        Change::Credential(Write::Put(credential)) => Some(credential.clone()),
        _ => None,
    });
    let bound = bound.unwrap();
    assert_eq!((bound.user, bound.version), (lan().id, Version::NEW));
    assert_eq!(
        bound.certificate().unwrap().binding,
        CertificateBinding::Matched
    );
    assert!(
        decision
            .events
            .iter()
            .any(|e| matches!(e.what, What::CertificateBound { .. }))
    );
    assert_eq!(sample::done(decision).session.user, lan().id);
}

#[test]
fn nobody_is_matched_by_what_is_not_proved() {
    type Change = fn(&mut Asked, &mut User);
    let cases: [Change; 8] = [
        |_, user| user.identifiers[0].verified = None,
        |_, user| user.identifiers[0].released_at = Some(NOW),
        |_, user| user.identifiers[0].value = "001185000004".into(),
        |_, user| user.identifiers[0].kind = IdentifierKind::EmployeeCode,
        |_, user| {
            user.state = AccountState::Disabled {
                at: NOW,
                why: String::new(),
            }
        },
        |_, user| user.kind = AccountKind::Administrator,
        |asked, _| asked.trust.anchors[0].identity.personal_id = false,
        |asked, _| asked.certificate = asked.scene.person(&["BHXH:0011850000"]),
    ];
    for (at, change) in cases.into_iter().enumerate() {
        let (mut asked, mut user) = (Asked::of_person(), lan());
        change(&mut asked, &mut user);
        let decision = asked.decide(&held_by(user));
        let why = sample::reason(&decision);
        assert_eq!(why, Some(Reason::SignInCertificateNotMapped), "{at}");
        assert!(decision.changes.is_empty());
    }
    let nobody = Asked::of_person().decide(&CertificateFacts::default());
    assert_eq!(
        sample::reason(&nobody),
        Some(Reason::SignInCertificateNotMapped)
    );
}

#[test]
fn official_mail_counts_for_listed_places_and_only_since_it_was_the_persons() {
    let mail = || holder(vec![verified(IdentifierKind::Mail, MAIL)]);
    let asked = Asked::official();
    assert_eq!(
        sample::done(asked.decide(&held_by(mail()))).session.user,
        mail().id
    );

    let issued = timestamp(asked.certificate.not_before());
    let mut late = mail();
    late.identifiers[0].assigned_at = issued + std::time::Duration::from_secs(1);
    let not_mapped = Some(Reason::SignInCertificateNotMapped);
    assert_eq!(sample::reason(&asked.decide(&held_by(late))), not_mapped);

    let mut elsewhere = Asked::official();
    elsewhere.trust.anchors[0].identity.mail_of = BTreeSet::from(["UBND tỉnh khác".to_owned()]);
    assert_eq!(
        sample::reason(&elsewhere.decide(&held_by(mail()))),
        not_mapped
    );

    let mut two = held_by(mail());
    let mut other = mail();
    other.id = crate::model::UserId::from_u128(77);
    two.holders.push(other);
    assert_eq!(sample::reason(&asked.decide(&two)), not_mapped);
}

#[test]
fn a_seal_signs_in_organisations_and_nobody_else() {
    let seal = || Asked::with(&["MST:0100233488"]);
    let firm = || {
        let mut firm = holder(vec![verified(IdentifierKind::TaxCode, "0100233488")]);
        firm.kind = AccountKind::Organisation;
        firm
    };
    assert_eq!(
        sample::done(seal().decide(&held_by(firm()))).session.user,
        firm().id
    );
    let is_seal = Some(Reason::SignInCertificateIsSeal);
    assert_eq!(
        sample::reason(&seal().decide(&CertificateFacts::default())),
        is_seal
    );
    let asked = seal();
    assert_eq!(
        sample::reason(&asked.decide(&asked.bound(holder(Vec::new())))),
        is_seal
    );
    // The employer's code in a person's certificate names no organisation.
    let employee = Asked::with(&["CCCD:001185000003", "MST:0100233488"]);
    let why = sample::reason(&employee.decide(&held_by(firm())));
    assert_eq!(why, Some(Reason::SignInCertificateNotMapped));
}

#[test]
fn a_key_goes_on_with_its_holder_and_not_with_another() {
    let asked = Asked::of_person();
    let mut renewed = Asked {
        certificate: asked.scene.person(&["CCCD:001185000003", "MST:"]),
        ..asked
    };
    let before = {
        let old = renewed.certificate.clone();
        renewed.certificate = renewed.scene.person(&["CCCD:001185000003"]);
        let facts = renewed.bound(holder(Vec::new()));
        renewed.certificate = old;
        facts
    };
    let decision = renewed.decide(&before);
    assert!(decision.changes.iter().any(|change| matches!(
        change,
        Change::Credential(Write::Put(credential))
            if credential.certificate().is_some_and(|held| held.certificate.0 == renewed.certificate.der()
                && held.binding == CertificateBinding::ByAdministrator)
    )));
    sample::done(decision);

    renewed.certificate = renewed.scene.person(&["CCCD:001185000004"]);
    let why = sample::reason(&renewed.decide(&before));
    assert_eq!(why, Some(Reason::SignInCertificateReissued));
}

#[test]
fn an_account_that_is_somebody_elses_by_number_is_not_signed_in_to() {
    let asked = Asked::of_person();
    let other = holder(vec![verified(IdentifierKind::PersonalId, "001185000004")]);
    let decision = asked.decide(&asked.bound(other));
    assert_eq!(
        sample::reason(&decision),
        Some(Reason::SignInCertificateNotMapped)
    );
    assert!(matches!(
        decision.events[0].what,
        What::SignInRefused { .. }
    ));
}

/// Security sentence 9. Signed data count like what an agent returns: agents sign digests, and a page
/// that deceives may have given one of signed attributes.
#[test]
fn signatures_are_for_the_office_and_not_for_administrators() {
    let asked = |way, from_office| Asked {
        way,
        from_office,
        ..Asked::of_person()
    };
    let rights = [
        RoleName::province_administrator(),
        RoleName::unit_administrator(),
    ];
    for way in [CertificateWay::Raw, CertificateWay::Cms] {
        sample::done(asked(way, true).decide(&held_by(lan())));
        let outside = asked(way, false).decide(&held_by(lan()));
        let why = sample::reason(&outside);
        assert_eq!(why, Some(Reason::SignInAgentOutsideOffice), "{way:?}");
        for role in rights.clone() {
            let administrator = sample::with_role(lan(), role, None);
            let refused = asked(way, true).decide(&held_by(administrator));
            let why = sample::reason(&refused);
            assert_eq!(why, Some(Reason::SignInAgentForAdministrator), "{way:?}");
        }
        let mut only = holder(Vec::new());
        only.kind = AccountKind::Administrator;
        let scene = asked(way, true);
        let refused = scene.decide(&scene.bound(only));
        let why = sample::reason(&refused);
        assert_eq!(why, Some(Reason::SignInAgentForAdministrator), "{way:?}");
    }
    let administrator = sample::with_role(lan(), RoleName::province_administrator(), None);
    let tls = asked(CertificateWay::Tls, false);
    sample::done(tls.decide(&held_by(administrator)));
}

#[test]
fn an_outage_lowers_the_level_and_certificates_are_bounded() {
    let mut asked = Asked::of_person();
    let ends = asked.scene.lists(&[], 0).lists[0].next_update().unwrap();
    asked.age = ends.seconds() - NOW.seconds() + 60;
    asked.trust.anchors[0].revocation.outage = OutageRule::LastGood { hours: 168 };
    let session = sample::done(asked.decide(&held_by(lan()))).session;
    assert_eq!(session.authentication.level, Level::One);
    assert!(session.certificate.unwrap().status_outdated);

    let full = CertificateFacts {
        held: MOST_CERTIFICATES,
        ..held_by(lan())
    };
    let refused = Asked::of_person().decide(&full);
    assert_eq!(
        sample::reason(&refused),
        Some(Reason::SignInCertificatesTooMany)
    );
}

#[test]
fn each_way_to_fail_has_its_own_reason() {
    for (why, reason) in [
        (Rejection::Expired, Reason::SignInCertificateExpired),
        (Rejection::NotYetValid, Reason::SignInCertificateNotYetValid),
        (Rejection::Revoked, Reason::SignInCertificateRevoked),
        (
            Rejection::RevocationUnknown,
            Reason::SignInCertificateStatusUnknown,
        ),
        (
            Rejection::OcspTryLater,
            Reason::SignInCertificateStatusUnknown,
        ),
        (
            Rejection::CrlOutOfDate,
            Reason::SignInCertificateStatusUnknown,
        ),
        (
            Rejection::EndEntityPurposeWrong,
            Reason::SignInCertificateUnfit,
        ),
        (
            Rejection::IdentityRepeated,
            Reason::SignInCertificateIdentityUnclear,
        ),
        (Rejection::NoPath, Reason::SignInCertificateUntrusted),
        (
            Rejection::SignatureWrong,
            Reason::SignInCertificateUntrusted,
        ),
    ] {
        assert_eq!(refusal_of(why), reason, "{why:?}");
    }
}

const BROWSER: &[u8] = b"browser";

fn challenge(answering: Answering) -> WaitingChallenge {
    let purpose = Purpose {
        origin: "https://sso.tinh.example",
        client: "van-ban",
        line: "Đăng nhập tại sso.tinh.example",
    };
    let mut entropy = sample::entropy();
    make(answering, purpose, Digest::of(BROWSER), NOW, &mut entropy).unwrap()
}

fn answered(
    waiting: &WaitingChallenge,
    sent: &SentAnswer,
    after: u64,
) -> Result<CertificateWay, Reason> {
    let now = NOW + std::time::Duration::from_secs(after);
    prove(waiting, sent, Digest::of(BROWSER), now).map(|proved| proved.way())
}

fn by_message(scene: &Scene, octets: &[u8]) -> SentAnswer {
    let certificate = scene.person(&["CCCD:001185000003"]);
    let message = SignedDataTemplate::new(octets, &certificate, scene.key.scheme());
    SentAnswer {
        signature: STANDARD.encode(message.sign(&scene.key)),
        certificate: String::new(),
    }
}

fn by_agent(scene: &Scene, octets: &[u8]) -> SentAnswer {
    let certificate = scene.person(&["CCCD:001185000003"]);
    SentAnswer {
        signature: STANDARD.encode(scene.key.sign(scene.key.scheme(), octets)),
        certificate: STANDARD.encode(certificate.der()),
    }
}

#[test]
fn signed_data_and_agents_answer_challenges() {
    let scene = Scene::new();
    let waiting = challenge(Answering::Message);
    let sent = by_message(&scene, &waiting.octets.0);
    assert_eq!(answered(&waiting, &sent, 0), Ok(CertificateWay::Cms));
    let text = format!(
        "-----BEGIN CMS-----\n{}\n-----END CMS-----\n",
        sent.signature
    );
    let pem = SentAnswer {
        signature: text,
        ..sent
    };
    assert_eq!(answered(&waiting, &pem, 300), Ok(CertificateWay::Cms));

    let mut scene = Scene::new();
    scene.key = Key::rsa(2048);
    let waiting = challenge(Answering::Agent);
    let sent = by_agent(&scene, &waiting.octets.0);
    assert_eq!(answered(&waiting, &sent, 0), Ok(CertificateWay::Raw));
}

#[test]
fn no_other_answer_proves_anything() {
    let mut scene = Scene::new();
    scene.key = Key::rsa(2048);
    let (message, agent) = (challenge(Answering::Message), challenge(Answering::Agent));
    let good = by_message(&scene, &message.octets.0);
    let wrong = Err(Reason::SignInSignatureWrong);
    let unreadable = Err(Reason::SignInAnswerUnreadable);
    let changed = |change: fn(&mut SentAnswer)| {
        let mut sent = by_agent(&scene, &agent.octets.0);
        change(&mut sent);
        sent
    };
    for (waiting, sent, after, expected) in [
        (
            &message,
            good.clone(),
            301,
            Err(Reason::SignInChallengeExpired),
        ),
        (&message, by_message(&scene, b"khac"), 0, wrong),
        (&agent, by_agent(&scene, b"khac"), 0, wrong),
        // The answer to one way is none to the other.
        (&agent, good, 0, unreadable),
        (&message, by_agent(&scene, &message.octets.0), 0, unreadable),
        (
            &agent,
            changed(|sent| sent.signature.clear()),
            0,
            unreadable,
        ),
        (
            &agent,
            changed(|sent| sent.certificate.clear()),
            0,
            unreadable,
        ),
        (
            &agent,
            changed(|sent| sent.certificate = sent.signature.clone()),
            0,
            unreadable,
        ),
        (
            &agent,
            changed(|sent| sent.signature = "A".repeat(MOST_ANSWER + 1)),
            0,
            unreadable,
        ),
        (&message, SentAnswer::default(), 0, unreadable),
    ] {
        assert_eq!(
            answered(waiting, &sent, after),
            expected,
            "{sent:?} {after}"
        );
    }
    let stranger = prove(
        &message,
        &by_message(&scene, &message.octets.0),
        Digest::of(b"x"),
        NOW,
    );
    assert_eq!(
        stranger.err(),
        Some(Reason::SignInChallengeOfAnotherBrowser)
    );
}

/// A signature over the attributes of a message is none over a challenge, and the other way round.
#[test]
fn messages_without_attributes_are_refused() {
    let scene = Scene::new();
    let waiting = challenge(Answering::Message);
    let certificate = scene.person(&["CCCD:001185000003"]);
    let mut message = SignedDataTemplate::new(&waiting.octets.0, &certificate, scene.key.scheme());
    message.attributes.clear();
    let sent = SentAnswer {
        signature: STANDARD.encode(message.sign(&scene.key)),
        certificate: String::new(),
    };
    assert_eq!(
        answered(&waiting, &sent, 0),
        Err(Reason::SignInAnswerUnreadable)
    );
}

#[test]
fn a_handshake_names_the_certificate_first() {
    let scene = Scene::new();
    let person = scene.person(&["CCCD:001185000003"]);
    let chain = [person.der().to_vec(), scene.between.parsed().der().to_vec()];
    let proved = Proved::in_handshake(&chain).unwrap();
    assert_eq!(
        (proved.certificate(), proved.way()),
        (&person, CertificateWay::Tls)
    );
    assert_eq!(proved.sent(), [scene.between.parsed()]);
    for chain in [vec![], vec![b"x".to_vec()]] {
        assert_eq!(
            Proved::in_handshake(&chain).err(),
            Some(Reason::SignInCertificateUnreadable)
        );
    }
}
