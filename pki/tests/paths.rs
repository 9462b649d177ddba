//! Paths among certificates that somebody made to mislead or to wear out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests end at the first surprise with its message"
)]

use pki::path::{self, PathRules, TrustAnchor};
use pki::{Budget, Certificate, Rejection, Time};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// 2026-01-01T00:00:00Z.
const NOW: Time = Time::from_seconds(1_767_225_600);

struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn named(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self { params, key }
    }

    fn itself(&self) -> Certificate {
        let made = self.params.self_signed(&self.key).unwrap();
        Certificate::parse(made.der()).unwrap()
    }

    fn issue(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let made = params.signed_by(key, &issuer).unwrap();
        Certificate::parse(made.der()).unwrap()
    }

    fn certify(&self, other: &Self) -> Certificate {
        self.issue(&other.params, &other.key)
    }

    fn end(&self, name: &str) -> Certificate {
        self.issue(&params(name), &KeyPair::generate().unwrap())
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params
}

fn find(
    end: &Certificate,
    authorities: &[Certificate],
    anchor: &Authority,
) -> Result<usize, Rejection> {
    let anchors = [TrustAnchor::from_certificate(&anchor.itself())];
    let mut budget = Budget::default();
    path::find(end, authorities, &anchors, &PathRules::at(NOW), &mut budget)
        .map(|found| found.certificates().len())
}

#[test]
fn the_key_is_trusted_and_not_the_name() {
    let (root, namesake) = (Authority::named("Root"), Authority::named("Root"));
    assert_eq!(find(&root.end("An"), &[], &root), Ok(1));
    assert_eq!(
        find(&namesake.end("An"), &[], &root),
        Err(Rejection::SignatureWrong)
    );
    let brought = [namesake.itself(), root.itself()];
    assert_eq!(
        find(&namesake.end("An"), &brought, &root),
        Err(Rejection::SignatureWrong)
    );
}

#[test]
fn the_one_path_is_found_among_many_and_loops_end() {
    let names = ["Root", "A", "B", "C"];
    let [root, a, b, c] = names.map(Authority::named);
    let other = Authority::named("Other root");
    let pool = [
        other.certify(&a),
        b.certify(&a),
        c.certify(&a),
        a.certify(&b),
        c.certify(&b),
        a.certify(&c),
        b.certify(&c),
        root.certify(&c),
    ];
    // Depth first: An, A by B, B by C, C by Root comes before A by C.
    assert_eq!(find(&a.end("An"), &pool, &root), Ok(4));
    let without = &pool[..pool.len() - 1];
    assert_eq!(find(&a.end("An"), without, &root), Err(Rejection::NoPath));
}

#[test]
fn an_end_entity_issues_nothing() {
    let root = Authority::named("Root");
    let mut person = Authority::named("An");
    person.params.is_ca = IsCa::NoCa;
    person.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let pool = [root.certify(&person)];
    assert_eq!(
        find(&person.end("Bình"), &pool, &root),
        Err(Rejection::NotAnAuthority)
    );
}

#[test]
fn namesakes_without_number_cost_no_more_than_the_budget() {
    let root = Authority::named("Root");
    let authority = Authority::named("CA");
    let end = authority.end("An");
    // The right one comes last.
    let mut pool: Vec<Certificate> = (0..200)
        .map(|_| root.certify(&Authority::named("CA")))
        .collect();
    pool.push(root.certify(&authority));
    let mut anchor = params("Root");
    anchor.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(find(&end, &pool[150..], &root), Ok(2));
    // Without the hint of a key identifier every namesake is as likely as the next.
    assert_eq!(find(&end, &pool, &root), Err(Rejection::BudgetSpent));
}

#[test]
fn time_decides_to_the_second() {
    let root = Authority::named("Root");
    let end = root.end("An");
    let anchors = [TrustAnchor::from_certificate(&root.itself())];
    for (time, expected) in [
        (end.not_before().plus(-1), Err(Rejection::NotYetValid)),
        (end.not_before(), Ok(())),
        (end.not_after(), Ok(())),
        (end.not_after().plus(1), Err(Rejection::Expired)),
    ] {
        let rules = PathRules::at(time);
        let answer = path::find(&end, &[], &anchors, &rules, &mut Budget::default());
        assert_eq!(answer.map(|_| ()), expected, "{time:?}");
    }
}

#[test]
fn a_path_has_between_one_certificate_and_the_most() {
    let root = Authority::named("Root");
    let anchor = TrustAnchor::from_certificate(&root.itself());
    let rules = PathRules::at(NOW);
    let unfit = Some(Rejection::PathLengthUnfit);
    let validate =
        |path: &[Certificate]| path::validate(&anchor, path, &rules, &mut Budget::default()).err();
    assert_eq!(validate(&[]), unfit);
    let end = root.end("An");
    assert_eq!(validate(std::slice::from_ref(&end)), None);
    assert_eq!(validate(&vec![end; path::LONGEST_PATH + 1]), unfit);
}
