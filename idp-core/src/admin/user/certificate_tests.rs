use pki::test_ca::Subject;

use super::*;
use crate::admin::sample::{self as stage, HEALTH, JUSTICE, Stage, done, reason};
use crate::base::time::Timestamp;
use crate::event::Circumstances;
use crate::model::client::ClientKind;
use crate::model::session::{CertificateWay, SessionCertificate};
use crate::trust::sample::{NOW, Scene};

/// A stage at the time at which the certificates of the scene are good.
fn at_now(mut stage: Stage) -> Stage {
    stage.here = Circumstances::of_system(stage.here.issuer.clone(), NOW);
    stage
}

fn bound(
    user: &User,
    certificate: &Certificate,
    held: &[Credential],
    holder: Option<&Credential>,
) -> Decision<Credential> {
    let (scene, stage) = (SCENE.with(Clone::clone), at_now(Stage::health()));
    let facts = BindFacts {
        user,
        credentials: held,
        holder,
        trust: &scene.trust(),
    };
    bind_certificate(&stage.act(), certificate, &facts, &mut stage::entropy())
}

thread_local! {
    static SCENE: std::rc::Rc<Scene> = std::rc::Rc::new(Scene::new());
}

fn person(values: &[&str]) -> Certificate {
    SCENE.with(|scene| scene.person(values))
}

fn official() -> User {
    stage::with_position(stage::user("lan.vt"), HEALTH)
}

#[test]
fn an_administrator_binds_what_leads_to_a_trusted_authority() {
    let certificate = person(&["CCCD:001185000003"]);
    let decision = bound(&official(), &certificate, &[], None);
    let [event] = decision.events.as_slice() else {
        panic!("{:?}", decision.events);
    };
    let told = serde_json::to_value(&event.what).unwrap().to_string();
    assert!(told.contains("by_administrator") && told.contains("cong-cong"));
    assert!(!told.contains("001185000003"));
    let credential = done(decision);
    assert_eq!(credential.lookup(), Some(key_of(&certificate)));
    assert!(credential.signs_in());
    assert_eq!(credential.certificate().unwrap().anchor, "cong-cong");
    // A newer certificate over the same key takes its place.
    let again = done(bound(&official(), &certificate, &[], Some(&credential)));
    assert_eq!(
        (again.id, again.version),
        (credential.id, credential.version)
    );
}

#[test]
fn whose_certificate_it_cannot_be_is_refused() {
    let mut organisation = official();
    organisation.kind = AccountKind::Organisation;
    let further = stage::with_position(official(), JUSTICE);
    let own = person(&["CCCD:001185000003"]);
    let seal = person(&["MST:0100233488"]);
    let stranger = {
        let other = Scene::new();
        other.certified(Subject::person("Vũ Thị Lan", &["CCCD:001185000003"]))
    };
    let authority = SCENE.with(|scene| scene.between.parsed());
    let credential = done(bound(&official(), &own, &[], None));
    let mut foreign = credential.clone();
    foreign.user = stage::user("khac").id;
    let full = vec![credential.clone(); MOST_CERTIFICATES];
    let (untrusted, none) = (Some(Reason::UserCertificateUntrusted), &[][..]);
    let kind = Some(Reason::UserCertificateOfOrganisation);
    for (user, certificate, held, holder, expected) in [
        (&official(), &own, none, None, None),
        (&official(), &stranger, none, None, untrusted),
        (&official(), &authority, none, None, untrusted),
        (&official(), &seal, none, None, kind),
        (&further, &own, none, None, Some(Reason::OutsideScope)),
        (
            &official(),
            &own,
            none,
            Some(&foreign),
            Some(Reason::UserCertificateKeyTaken),
        ),
        (
            &official(),
            &own,
            &full,
            None,
            Some(Reason::UserCertificatesTooMany),
        ),
        (&official(), &own, &full, Some(&credential), None),
    ] {
        assert_eq!(reason(&bound(user, certificate, held, holder)), expected);
    }
    // Unit administrators make no decisions about organisations; the province does.
    let province = at_now(Stage::province());
    let scene = SCENE.with(Clone::clone);
    let trust = scene.trust();
    for (certificate, expected) in [(&seal, None), (&own, Some(Reason::UserCertificateOfPerson))] {
        let facts = BindFacts {
            user: &organisation,
            credentials: &[],
            holder: None,
            trust: &trust,
        };
        let mut entropy = stage::entropy();
        let decision = bind_certificate(&province.act(), certificate, &facts, &mut entropy);
        assert_eq!(reason(&decision), expected);
    }
}

#[test]
fn a_certificate_that_is_taken_away_ends_its_sessions_and_no_others() {
    let user = official();
    let credential = done(bound(&user, &person(&["CCCD:001185000003"]), &[], None));
    let session = |number: u128, with: Option<CredentialId>| {
        let mut session = stage::session(user.id);
        session.id = crate::model::SessionId::from_u128(number);
        session.certificate = with.map(|credential| {
            Box::new(SessionCertificate {
                credential,
                anchor: "cong-cong".into(),
                way: CertificateWay::Cms,
                policies: Vec::new(),
                status_at: Timestamp::EPOCH,
                status_outdated: false,
            })
        });
        session
    };
    let other = CredentialId::from_u128(77);
    let mut client = stage::client(ClientKind::Web, &[]);
    client.backchannel_logout_uri = Some("https://rp.example/logout".into());
    let sessions = vec![
        session(1, Some(credential.id)),
        session(2, Some(other)),
        session(3, None),
    ];
    let signed_in = SignedIn {
        grants: vec![stage::grant(&sessions[0], &client)],
        clients: vec![client],
        sub: Some("sub".into()),
        sessions,
    };
    let stage = at_now(Stage::health());
    let unbind = |user: &User, credential: Option<&Credential>| {
        let mut entropy = stage::entropy();
        unbind_certificate(&stage.act(), user, credential, &signed_in, &mut entropy)
    };
    let decision = unbind(&user, Some(&credential));
    let ends = decision.changes.iter().filter_map(|change| match change {
        Change::EndSession(end) => Some((end.session, end.why)),
        _ => None,
    });
    let expected = (signed_in.sessions[0].id, SessionEnd::CertificateRevoked);
    assert_eq!(ends.collect::<Vec<_>>(), [expected]);
    let removed = Change::Credential(Write::Remove(credential.clone()));
    assert!(decision.changes.contains(&removed));
    assert_eq!(
        done(decision),
        Ended {
            sessions: 1,
            logouts: 1
        }
    );
    let stranger = stage::with_position(stage::user("khac"), HEALTH);
    let further = stage::with_position(official(), JUSTICE);
    for (user, credential, expected) in [
        (&user, None, Reason::NotFoundHere),
        (&stranger, Some(&credential), Reason::NotFoundHere),
        (&further, Some(&credential), Reason::OutsideScope),
    ] {
        assert_eq!(reason(&unbind(user, credential)), Some(expected));
    }
}

#[test]
fn one_certificate_is_read_in_either_encoding() {
    let der = person(&[]).der().to_vec();
    assert!(read(&der).is_ok());
    for octets in [&b""[..], b"-----BEGIN CERTIFICATE-----", b"\x30\x00"] {
        assert_eq!(read(octets).err(), Some(Reason::UserCertificateMalformed));
    }
    assert_ne!(
        key_of(&read(&der).unwrap()),
        key_of(&Scene::new().certified(Subject::named("Trần Văn Bình")))
    );
}
