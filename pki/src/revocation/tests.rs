//! Lists made by hand: their index, and what is refused.

use super::*;
use crate::der;
use crate::name::tests::name as named;

/// DER of one element, however long.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|d| *d == 0)
        .collect();
    let header = if length < 0x80 {
        vec![tag, u8::try_from(length).unwrap()]
    } else {
        let count = u8::try_from(digits.len()).unwrap();
        [&[tag, 0x80 | count], digits.as_slice()].concat()
    };
    [header.as_slice(), content].concat()
}

fn time(text: &str) -> Vec<u8> {
    element(der::UTC_TIME, text.as_bytes())
}

fn entry(serial: &[u8], extensions: &[u8]) -> Vec<u8> {
    let parts = [
        element(der::INTEGER, serial),
        time("240101000000Z"),
        extensions.to_vec(),
    ];
    element(der::SEQUENCE, &parts.concat())
}

fn entry_extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let oid = element(der::OID, &[0x55, 0x1d, number]);
    let critical = if critical {
        element(der::BOOLEAN, &[0xff])
    } else {
        Vec::new()
    };
    let parts = [oid, critical, element(der::OCTET_STRING, value)];
    element(der::SEQUENCE, &parts.concat())
}

/// A version 2 list of an authority named `CA`; the signature is none.
fn list(entries: &[u8]) -> Vec<u8> {
    let algorithm = element(der::SEQUENCE, &element(der::OID, &[0x2b, 0x65, 0x70]));
    let tbs = [
        element(der::INTEGER, &[1]),
        algorithm.clone(),
        named(&[&[(3, 0x13, b"CA")]]).der().to_vec(),
        time("240101000000Z"),
        time("240201000000Z"),
        if entries.is_empty() {
            Vec::new()
        } else {
            element(der::SEQUENCE, entries)
        },
    ];
    let parts = [
        element(der::SEQUENCE, &tbs.concat()),
        algorithm,
        element(der::BIT_STRING, &[0; 65]),
    ];
    element(der::SEQUENCE, &parts.concat())
}

/// A positive serial number of 17 octets, as real authorities make them, in no order.
fn serial(n: u64) -> Vec<u8> {
    let scattered = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    [&[1][..], &scattered, &n.to_be_bytes()].concat()
}

#[test]
fn every_entry_is_found_and_nothing_else() {
    let reason = element(
        der::SEQUENCE,
        &entry_extension(21, false, &[der::ENUMERATED, 1, 1]),
    );
    let entries: Vec<u8> = (0..20_000)
        .flat_map(|n| entry(&serial(n), if n % 2 == 0 { &reason } else { &[] }))
        .collect();
    let read = RevocationList::parse(&list(&entries)).unwrap();
    assert_eq!(read.len(), 20_000);
    let ca = read.issuer().clone();
    for n in 0..20_000 {
        let found = read.find(&ca, &serial(n)).unwrap();
        assert_eq!(found.reason, RevocationReason(u8::from(n % 2 == 0)), "{n}");
        assert_eq!(found.at.seconds(), 1_704_067_200);
        assert_eq!(read.find(&ca, &serial(n + 20_000)), None, "{n}");
    }
    let other = named(&[&[(3, 0x13, b"Other")]]);
    assert_eq!(read.find(&other, &serial(1)), None);
    assert_eq!(read.find(&ca, &[]), None);
}

#[test]
fn serial_numbers_that_begin_alike_are_told_apart() {
    let long = |last: u8| [&[1; 18][..], &[last]].concat();
    let entries = [
        entry(&long(1), &[]),
        entry(&long(3), &[]),
        entry(&[1; 9], &[]),
    ]
    .concat();
    let read = RevocationList::parse(&list(&entries)).unwrap();
    let ca = read.issuer().clone();
    for (serial, listed) in [
        (long(1), true),
        (long(2), false),
        (long(3), true),
        (vec![1; 9], true),
        (vec![1; 10], false),
        (vec![1; 8], false),
    ] {
        assert_eq!(read.find(&ca, &serial).is_some(), listed, "{serial:?}");
    }
}

#[test]
fn entries_of_other_issuers_count_for_those_only() {
    let other = named(&[&[(3, 0x13, b"Other")]]);
    let names = element(der::SEQUENCE, &element(der::constructed(4), other.der()));
    let of_other = element(der::SEQUENCE, &entry_extension(29, true, &names));
    let entries = [
        entry(&[1], &[]),
        entry(&[2], &of_other),
        // What an entry says of the issuer holds for those that follow.
        entry(&[3], &[]),
    ];
    let read = RevocationList::parse(&list(&entries.concat())).unwrap();
    let ca = read.issuer().clone();
    let listed = |issuer: &Name| [1, 2, 3].map(|n| read.find(issuer, &[n]).is_some());
    assert_eq!(listed(&ca), [true, false, false]);
    assert_eq!(listed(&other), [false, true, true]);
    assert!(!read.has_unknown_critical());
}

#[test]
fn broken_lists_are_refused_and_unknown_ones_marked() {
    let unknown = element(der::SEQUENCE, &entry_extension(99, true, &[]));
    let marked = RevocationList::parse(&list(&entry(&[1], &unknown))).unwrap();
    assert!(marked.has_unknown_critical());
    let wrong_reason = element(
        der::SEQUENCE,
        &entry_extension(21, false, &[der::ENUMERATED, 1, 11]),
    );
    for (entries, why) in [
        (entry(&[0, 1], &[]), Rejection::CrlMalformed),
        (entry(&[], &[]), Rejection::CrlMalformed),
        (entry(&[1; 0x80], &[]), Rejection::CrlMalformed),
        (entry(&[1], &wrong_reason), Rejection::CrlMalformed),
        (
            element(der::SEQUENCE, &element(der::INTEGER, &[1])),
            Rejection::DerMalformed,
        ),
    ] {
        assert_eq!(
            RevocationList::parse(&list(&entries)).unwrap_err(),
            why,
            "{entries:02x?}"
        );
    }
    let mut trailing = list(&[]);
    trailing.push(0);
    assert_eq!(
        RevocationList::parse(&trailing).unwrap_err(),
        Rejection::DerMalformed
    );
    let whole = list(&entry(&[1], &[]));
    for cut in 0..whole.len() {
        assert!(
            RevocationList::parse(&whole[..cut]).is_err(),
            "cut at {cut}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_octets_are_answered(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = RevocationList::parse(&bytes);
        let _ = Certificate::parse(&bytes);
    }

    #[test]
    fn one_octet_changed_is_answered(at in 0usize..200, octet: u8) {
        let mut bytes = list(&entry(&[1], &[]));
        if let Some(changed) = bytes.get_mut(at) {
            *changed = octet;
        }
        let _ = RevocationList::parse(&bytes);
    }
}

/// Lists by the test authority: complete, delta and indirect.
mod by_authority {
    use super::super::*;
    use crate::path;
    use crate::test_ca::encode::{explicit, extension, sequence, wrap};
    use crate::test_ca::{Authority, Key, ListEntry, ListTemplate, Subject, Template};
    use crate::{Budget, Time};

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const SERIAL: &[u8] = &[0x44];

    struct Scene {
        root: Authority,
        person: Certificate,
    }

    impl Scene {
        /// A person certified by the root, with these extensions more.
        fn with(extensions: &[Vec<u8>]) -> Self {
            let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
            let mut template = Template::person(Subject::named("Hồ Văn Tư"), NOW).serial(SERIAL);
            template.extensions.extend_from_slice(extensions);
            let der = root.issue(&template, &Key::p256());
            let person = Certificate::parse(&der).unwrap();
            Self { root, person }
        }

        fn judge(
            &self,
            lists: &[RevocationList],
            certificates: &[Certificate],
        ) -> Result<Time, Rejection> {
            let (rules, anchors) = (PathRules::at(NOW), [self.root.anchor()]);
            let mut budget = Budget::default();
            let path = path::find(&self.person, &[], &anchors, &rules, &mut budget).unwrap();
            let evidence = Evidence {
                lists,
                certificates,
            };
            check_one(&path, 0, evidence, &rules, &mut budget).map(|fresh| fresh.this_update)
        }
    }

    fn signed(authority: &Authority, template: &ListTemplate) -> RevocationList {
        RevocationList::parse(&authority.list(template)).unwrap()
    }

    fn delta(number: u64, base: u64, entries: Vec<ListEntry>) -> ListTemplate {
        ListTemplate {
            this_update: NOW.plus(-60),
            number,
            base: Some(base),
            entries,
            ..ListTemplate::at(NOW)
        }
    }

    #[test]
    fn a_delta_list_amends_the_complete_one() {
        let scene = Scene::with(&[]);
        let clean = signed(&scene.root, &ListTemplate::at(NOW));
        let held = signed(&scene.root, &ListTemplate::at(NOW).revoking(&[SERIAL]));
        let entry = |reason| ListEntry {
            reason: Some(reason),
            ..ListEntry::new(SERIAL, NOW.plus(-60))
        };
        let delta = |number, base, entries| signed(&scene.root, &delta(number, base, entries));
        let (complete, recent) = (Ok(NOW.plus(-3600)), Ok(NOW.plus(-60)));
        let revoked = Err(Rejection::Revoked);
        for (at, lists, expected) in [
            (0, vec![clean.clone()], complete),
            (1, vec![clean.clone(), delta(2, 1, vec![])], recent),
            (2, vec![clean.clone(), delta(2, 1, vec![entry(1)])], revoked),
            // Taken back from hold.
            (3, vec![held.clone()], revoked),
            (4, vec![held.clone(), delta(2, 1, vec![entry(8)])], recent),
            // Made for a later complete list; not newer than this one; without any complete list.
            (
                5,
                vec![clean.clone(), delta(3, 2, vec![entry(1)])],
                complete,
            ),
            (
                6,
                vec![clean.clone(), delta(1, 1, vec![entry(1)])],
                complete,
            ),
            (
                7,
                vec![delta(2, 1, vec![])],
                Err(Rejection::RevocationUnknown),
            ),
        ] {
            assert_eq!(scene.judge(&lists, &[]), expected, "{at}");
        }
    }

    #[test]
    fn an_indirect_list_speaks_for_issuers_that_it_names() {
        let issuer = Subject::named("Danh sách thử nghiệm");
        let names = wrap(0xa2, &[explicit(4, &issuer.der())]);
        let point = extension("2.5.29.31", false, &sequence(&[sequence(&[names])]));
        let scene = Scene::with(&[point]);
        let lists = scene.root.below("Danh sách thử nghiệm", Key::p256());
        let own = signed(&scene.root, &ListTemplate::at(NOW));
        let indirect = |entries: Vec<ListEntry>| {
            let template = ListTemplate {
                indirect: true,
                entries,
                ..ListTemplate::at(NOW)
            };
            signed(&lists, &template)
        };
        let of = |issuer: &Authority| ListEntry {
            issuer: Some(issuer.name.clone()),
            ..ListEntry::new(SERIAL, NOW.plus(-7200))
        };
        let certificates = [lists.parsed()];
        let judge = |list| scene.judge(&[own.clone(), list], &certificates);
        assert_eq!(
            judge(indirect(vec![of(&scene.root)])),
            Err(Rejection::Revoked)
        );
        // The same number under another issuer: the entry is not about this certificate.
        assert_eq!(judge(indirect(vec![of(&lists)])), Ok(NOW.plus(-3600)));
        // Nobody knows the signer.
        let alone = scene.judge(&[indirect(vec![])], &[]);
        assert_eq!(alone, Err(Rejection::CrlSignerWrong));
    }
}
