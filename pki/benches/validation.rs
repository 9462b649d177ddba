//! How long the crate takes: a chain beside rustls-webpki in the same run, lookups in a list of a
//! million entries, and chains made to wear out.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench ends at the first surprise; criterion's macros write public functions"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pki::path::{self, PathRules, TrustAnchor};
use pki::revocation::RevocationList;
use pki::test_ca::{Authority, Key, ListTemplate, Subject, Template};
use pki::{Budget, Certificate, Rejection, Time};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs as algorithms};

/// 2026-01-01T00:00:00Z.
const SECONDS: u64 = 1_767_225_600;
const NOW: Time = Time::from_seconds(SECONDS.cast_signed());

/// A chain of three with an RSA-2048 leaf: root, intermediate, person, all keys RSA-2048 as in the
/// government's authority.
fn chain(criterion: &mut Criterion) {
    let root = Authority::root("Gốc thử nghiệm", Key::rsa(2048), NOW);
    let between = root.below("CA công vụ thử nghiệm", Key::rsa(2048));
    let subject = Subject::person("Nguyễn Văn An", &["CCCD:001085000001"]);
    let end = between.issue(&Template::person(subject, NOW), &Key::rsa(2048));

    let mut group = criterion.benchmark_group("chain of three, RSA-2048");
    let anchors = [root.anchor()];
    let rules = PathRules::at(NOW);
    group.bench_function("pki", |bencher| {
        bencher.iter(|| {
            let end = Certificate::parse(black_box(&end)).unwrap();
            let above = [Certificate::parse(black_box(&between.certificate)).unwrap()];
            path::find(&end, &above, &anchors, &rules, &mut Budget::default()).unwrap()
        });
    });
    let trusted = CertificateDer::from(root.certificate.as_slice());
    let trusted = [anchor_from_trusted_cert(&trusted).unwrap()];
    let time = UnixTime::since_unix_epoch(Duration::from_secs(SECONDS));
    let above = [CertificateDer::from(between.certificate.as_slice())];
    let end = CertificateDer::from(end.as_slice());
    group.bench_function("rustls-webpki", |bencher| {
        bencher.iter(|| {
            let end = EndEntityCert::try_from(black_box(&end)).unwrap();
            let verified = end.verify_for_usage(
                &[algorithms::RSA_PKCS1_2048_8192_SHA256],
                &trusted,
                black_box(&above),
                time,
                KeyUsage::client_auth(),
                None,
                None,
            );
            verified.map(|path| path.anchor().subject.len()).unwrap()
        });
    });
    group.finish();
}

/// A serial number of 17 octets, as real authorities make them, in no order.
fn serial(n: u64) -> Vec<u8> {
    let scattered = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    [&[1][..], &scattered, &n.to_be_bytes()].concat()
}

/// A list of a million entries: loading it, and one lookup.
fn list(criterion: &mut Criterion) {
    let authority = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
    let serials: Vec<Vec<u8>> = (0..1_000_000).map(serial).collect();
    let named: Vec<&[u8]> = serials.iter().map(Vec::as_slice).collect();
    let der = authority.list(&ListTemplate::at(NOW).revoking(&named));
    let list = RevocationList::parse(&der).unwrap();
    assert_eq!(list.len(), 1_000_000);
    assert!(
        list.kept_bytes() <= 64 * 1024 * 1024,
        "{}",
        list.kept_bytes()
    );
    let issuer = list.issuer().clone();

    let mut group = criterion.benchmark_group("list of 1,000,000 entries");
    group.sample_size(10);
    group.bench_function("load", |bencher| {
        bencher.iter(|| RevocationList::parse(black_box(&der)).unwrap().len());
    });
    group.bench_function("find one that is listed", |bencher| {
        let mut n = 0;
        bencher.iter(|| {
            n = (n + 7_919) % 1_000_000;
            list.find(&issuer, black_box(&serial(n))).unwrap()
        });
    });
    group.bench_function("find one that is not", |bencher| {
        let mut n = 0;
        bencher.iter(|| {
            n = (n + 7_919) % 1_000_000;
            list.find(&issuer, black_box(&serial(n + 1_000_000)))
        });
    });
    group.finish();
}

/// Ten authorities that all certify each other, and no anchor among them: factorially many ways.
fn maze(criterion: &mut Criterion) {
    let anchor = Authority::root("Gốc thử nghiệm", Key::p256(), NOW).anchor();
    let rooms: Vec<Authority> = (0..10)
        .map(|n| Authority::root(&format!("Phòng {n}"), Key::rsa(2048), NOW))
        .collect();
    let certify = |by: &Authority, of: &Authority| {
        let mut template = Template::person(of.name.clone(), NOW);
        template.extensions = Vec::new();
        // As an authority: the extensions of its own certificate are not to be had here.
        let constraints = [
            0x30, 0x0f, 6, 3, 0x55, 0x1d, 19, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff,
        ];
        template.extensions.push(constraints.to_vec());
        Certificate::parse(&by.issue(&template, &of.key)).unwrap()
    };
    let mut pool = Vec::new();
    for by in &rooms {
        pool.extend(rooms.iter().map(|of| certify(by, of)));
    }
    let end = rooms
        .first()
        .unwrap()
        .person(Subject::named("An"), &Key::p256());
    wear_out(criterion, "maze of ten authorities", &end, &pool, &anchor);

    // A thousand namesakes of the issuer, each with another key.
    let issuer = Authority::root("CA trùng tên", Key::rsa(2048), NOW);
    let keys: Vec<Key> = (0..8).map(|_| Key::rsa(2048)).collect();
    let namesakes: Vec<Certificate> = (0..1000_u16)
        .zip(keys.iter().cycle())
        .map(|(n, key)| {
            let serial = (n + 256).to_be_bytes();
            let template = Template::person(issuer.name.clone(), NOW).serial(&serial);
            Certificate::parse(&issuer.issue(&template, key)).unwrap()
        })
        .collect();
    let end = issuer.person(Subject::named("An"), &Key::p256());
    wear_out(criterion, "a thousand namesakes", &end, &namesakes, &anchor);
}

fn wear_out(
    criterion: &mut Criterion,
    name: &str,
    end: &Certificate,
    pool: &[Certificate],
    anchor: &TrustAnchor,
) {
    let anchors = [anchor.clone()];
    let rules = PathRules::at(NOW);
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            let found = path::find(end, pool, &anchors, &rules, &mut Budget::default());
            assert_eq!(found.err(), Some(Rejection::BudgetSpent));
        });
    });
}

criterion_group!(benches, chain, list, maze);
criterion_main!(benches);
