//! NIST PKITS 1.0.1 against the crate `pki`: 249 questions about certification paths, policies,
//! name constraints and revocation lists. See `conformance/pkits/README.md`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::path::{self, PathRules, TrustAnchor};
use pki::revocation::{self, Evidence, RevocationList};
use pki::{Budget, Certificate, Oid, Rejection, Time};

const OBJECTS: &str = include_str!("../../pkits/objects.tsv");
const TESTS: &str = include_str!("../../pkits/tests.tsv");
/// Paths signed with DSA, which is not supported and never will be.
const DSA: [&str; 2] = ["4.1.4", "4.1.5"];
/// 2011-04-15T00:00:00Z.
const WHEN: Time = Time::from_seconds(1_302_825_600);

/// One line of the table.
struct Question<'a> {
    number: &'a str,
    expected: &'a str,
    flags: &'a str,
    initial: BTreeSet<Oid>,
    constrained: BTreeSet<Oid>,
    certificates: Vec<&'a str>,
    lists: Vec<&'a str>,
}

fn questions() -> Vec<Question<'static>> {
    let names = |list: &'static str| list.split(',').filter(|n| *n != "-").collect::<Vec<_>>();
    let parse = |line: &'static str| {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [
            number,
            expected,
            flags,
            initial,
            constrained,
            certificates,
            lists,
            _,
        ] = columns[..]
        else {
            panic!("{line}");
        };
        Question {
            number,
            expected,
            flags,
            initial: names(initial).into_iter().map(policy).collect(),
            constrained: names(constrained).into_iter().map(policy).collect(),
            certificates: names(certificates),
            lists: names(lists),
        }
    };
    TESTS
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(parse)
        .collect()
}

/// `NIST-test-policy-N` is 2.16.840.1.101.3.2.1.48.N.
fn policy(name: &str) -> Oid {
    if name == "any" {
        return Oid::any_policy();
    }
    let arc = [
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x02,
        0x01,
        48,
        name.parse().unwrap(),
    ];
    Oid::from_content(&arc)
}

fn objects() -> BTreeMap<&'static str, Vec<u8>> {
    let parse = |line: &'static str| {
        let (name, content) = line.split_once('\t').unwrap();
        (name, STANDARD.decode(content).unwrap())
    };
    OBJECTS.lines().map(parse).collect()
}

/// The policies left, or why not.
fn answer(
    question: &Question<'_>,
    objects: &BTreeMap<&str, Vec<u8>>,
) -> Result<BTreeSet<Oid>, Rejection> {
    let certificates: Vec<Certificate> = question
        .certificates
        .iter()
        .map(|name| Certificate::parse(&objects[name]))
        .collect::<Result<_, _>>()?;
    let lists: Vec<RevocationList> = question
        .lists
        .iter()
        .map(|name| RevocationList::parse(&objects[name]))
        .collect::<Result<_, _>>()?;
    let (anchor, end) = (&certificates[0], &certificates[certificates.len() - 1]);
    let rules = PathRules {
        initial_policies: question.initial.clone(),
        explicit_policy: question.flags.contains('e'),
        inhibit_policy_mapping: question.flags.contains('m'),
        inhibit_any_policy: question.flags.contains('a'),
        ..PathRules::at(WHEN)
    };
    let anchors = [TrustAnchor::from_certificate(anchor)];
    let mut budget = Budget::default();
    let found = path::find(end, &certificates, &anchors, &rules, &mut budget)?;
    let evidence = Evidence {
        lists: &lists,
        certificates: &certificates,
    };
    revocation::check(&found, evidence, &rules, &mut budget)?;
    Ok(found.policies().clone())
}

#[test]
fn every_question_is_answered_as_nist_says() {
    let objects = objects();
    let questions = questions();
    assert_eq!(questions.len(), 249);
    let mut wrong = Vec::new();
    for question in &questions {
        let answer = answer(question, &objects);
        let right = match &answer {
            Ok(policies) => question.expected == "valid" && *policies == question.constrained,
            Err(why) if DSA.contains(&question.number) => *why == Rejection::AlgorithmUnsupported,
            Err(why) => question.expected == why.reason(),
        };
        if !right {
            wrong.push(format!(
                "{}\t{}\t{answer:?}",
                question.number, question.expected
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of 249 differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
