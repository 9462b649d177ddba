//! Whether the certificates of a path are revoked, by everything that is known of them: answers of
//! responders first, revocation lists where no answer counts. Nothing known is not good.

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::ocsp::{Bounds, NonceRule, Question, Response};
use crate::path::{PathRules, ValidPath};
use crate::revocation::{self, Evidence};
use crate::time::Time;

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A responder ([`crate::ocsp`]).
    Responder,
    /// Revocation lists ([`crate::revocation`]).
    List,
}

/// How fresh it is known that a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Who says so.
    pub source: Source,
    /// Known to be so then; of several lists, the oldest.
    pub this_update: Time,
    /// News come by then; of several lists, the earliest.
    pub next_update: Option<Time>,
}

impl Freshness {
    /// Of two that are both needed, the older times.
    pub(crate) fn or_older(self, other: Self) -> Self {
        let next = match (self.next_update, other.next_update) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self {
            source: self.source,
            this_update: self.this_update.min(other.this_update),
            next_update: next,
        }
    }
}

/// Everything that is known of some certificates' status. Nothing is fetched here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Answers of responders, about these and other certificates. Nonces are for whoever fetched
    /// them.
    pub answers: &'a [Response],
    /// Responders that an operator pinned.
    pub pinned: &'a [Certificate],
    /// Revocation lists, and certificates of those who sign them.
    pub evidence: Evidence<'a>,
    /// Bounds of time for answers.
    pub bounds: Bounds,
}

/// Checks every certificate of a path, from the anchor down; how fresh each is known to be good, in
/// the same order.
///
/// # Errors
/// As [`check_one`], for the first certificate that is not good.
pub fn check(
    path: &ValidPath,
    known: Known<'_>,
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<Vec<Freshness>, Rejection> {
    (0..path.certificates().len())
        .map(|at| check_one(path, at, known, rules, budget))
        .collect()
}

/// Checks one certificate of a path, by its place from 0 for the one that the anchor issued. An
/// answer that is verified decides, and one that is not good refuses whatever others say: a responder
/// that knows of no such certificate is not contradicted by a list. Only where no answer can be
/// verified are lists asked.
///
/// # Errors
/// [`Rejection::Revoked`]; [`Rejection::RevocationUnknown`] when a responder does not know the
/// certificate, or nothing is known at all; otherwise why an answer about it does not count, or why
/// a list does not where there is no answer; [`Rejection::BudgetSpent`].
pub fn check_one(
    path: &ValidPath,
    at: usize,
    known: Known<'_>,
    rules: &PathRules,
    budget: &mut Budget,
) -> Result<Freshness, Rejection> {
    let question = Question {
        path,
        at,
        pinned: known.pinned,
        evidence: known.evidence,
        nonce: NonceRule::Ignored,
        bounds: known.bounds,
        rules,
    };
    let mut why_not = None;
    let mut good: Option<Freshness> = None;
    for response in known.answers {
        match question.verify(response, budget) {
            Ok(answer) => {
                answer.require_good()?;
                let fresh = Freshness {
                    source: Source::Responder,
                    this_update: answer.this_update(),
                    next_update: answer.next_update(),
                };
                // The freshest counts; an older one may have been true at its time.
                if good.is_none_or(|good| good.this_update < fresh.this_update) {
                    good = Some(fresh);
                }
            }
            Err(Rejection::BudgetSpent) => return Err(Rejection::BudgetSpent),
            Err(Rejection::OcspOfOtherCertificate) => {}
            Err(why) => why_not = Some(why),
        }
    }
    if let Some(good) = good {
        return Ok(good);
    }
    match revocation::check_one(path, at, known.evidence, rules, budget) {
        Err(Rejection::RevocationUnknown) => Err(why_not.unwrap_or(Rejection::RevocationUnknown)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;
    use crate::revocation::RevocationList;
    use crate::test_ca::{
        Authority, Key, ListTemplate, ResponderId, ResponseTemplate, SingleTemplate,
        StatusTemplate, Subject, Template,
    };

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const SERIAL: &[u8] = &[0x44];

    struct Scene {
        root: Authority,
        issuer: Authority,
        person: Certificate,
        path: ValidPath,
        rules: PathRules,
    }

    impl Scene {
        fn new() -> Self {
            let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
            let issuer = root.below("CA công vụ thử nghiệm", Key::p256());
            let template = Template::person(Subject::named("Đặng Văn Hùng"), NOW).serial(SERIAL);
            let person = Certificate::parse(&issuer.issue(&template, &Key::p256())).unwrap();
            let (rules, anchors) = (PathRules::at(NOW), [root.anchor()]);
            let above = [issuer.parsed()];
            let mut budget = Budget::default();
            let path = path::find(&person, &above, &anchors, &rules, &mut budget).unwrap();
            Self {
                root,
                issuer,
                person,
                path,
                rules,
            }
        }

        /// An answer about a certificate of an authority, so many seconds old.
        fn answer(
            &self,
            (authority, of): (&Authority, &Certificate),
            status: StatusTemplate,
            age: i64,
        ) -> Response {
            let mut single = SingleTemplate::good(authority, of);
            (single.status, single.this_update) = (status, NOW.plus(-age));
            let by = ResponderId::name_of(&authority.parsed());
            let der = ResponseTemplate::new(by, vec![single], NOW).sign(&authority.key);
            Response::parse(&der).unwrap()
        }

        fn of_person(&self, status: StatusTemplate, age: i64) -> Response {
            self.answer((&self.issuer, &self.person), status, age)
        }

        fn list(&self, authority: &Authority, revoked: &[&[u8]]) -> RevocationList {
            let template = ListTemplate::at(NOW).revoking(revoked);
            RevocationList::parse(&authority.list(&template)).unwrap()
        }

        fn judge(
            &self,
            answers: &[Response],
            lists: &[RevocationList],
        ) -> Result<Freshness, Rejection> {
            let known = Known {
                answers,
                evidence: Evidence {
                    lists,
                    certificates: &[],
                },
                ..Known::default()
            };
            check_one(&self.path, 1, known, &self.rules, &mut Budget::default())
        }
    }

    #[test]
    fn answers_come_first_and_lists_after_them() {
        use StatusTemplate::{Good, Revoked, Unknown};
        let scene = Scene::new();
        let good = |age| scene.of_person(Good, age);
        let revoked = || scene.of_person(Revoked(NOW.plus(-9), None), 60);
        let unknown = || scene.of_person(Unknown, 60);
        let old = || good(30 * 86_400);
        let clean = || scene.list(&scene.issuer, &[]);
        let naming = || scene.list(&scene.issuer, &[SERIAL]);
        let by = |source, age: i64| {
            Ok(Freshness {
                source,
                this_update: NOW.plus(-age),
                next_update: Some(NOW.plus(86_400)),
            })
        };
        let is_revoked = Err(Rejection::Revoked);
        let is_unknown = Err(Rejection::RevocationUnknown);
        for (at, answers, lists, expected) in [
            (0, vec![], vec![], is_unknown),
            (1, vec![good(60)], vec![], by(Source::Responder, 60)),
            (
                2,
                vec![good(90), good(60), good(120)],
                vec![],
                by(Source::Responder, 60),
            ),
            (3, vec![good(60), revoked()], vec![clean()], is_revoked),
            (4, vec![unknown()], vec![clean()], is_unknown),
            (5, vec![], vec![clean()], by(Source::List, 3600)),
            (6, vec![], vec![naming()], is_revoked),
            (7, vec![old()], vec![clean()], by(Source::List, 3600)),
            (8, vec![old()], vec![naming()], is_revoked),
            (9, vec![old()], vec![], Err(Rejection::OcspTooOld)),
        ] {
            assert_eq!(scene.judge(&answers, &lists), expected, "{at}");
        }
        // About somebody else.
        let other = scene.answer((&scene.root, &scene.issuer.parsed()), Good, 60);
        assert_eq!(scene.judge(&[other], &[]), is_unknown);
    }

    #[test]
    fn every_certificate_of_the_path_counts() {
        let scene = Scene::new();
        let between = scene.issuer.parsed();
        let all = |status: StatusTemplate| {
            let answers = [
                scene.answer((&scene.root, &between), status, 60),
                scene.of_person(StatusTemplate::Good, 120),
            ];
            let known = Known {
                answers: &answers,
                ..Known::default()
            };
            check(&scene.path, known, &scene.rules, &mut Budget::default())
        };
        let known = all(StatusTemplate::Good).unwrap();
        let ages: Vec<i64> = known
            .iter()
            .map(|fresh| NOW.seconds() - fresh.this_update.seconds())
            .collect();
        assert_eq!(ages, [60, 120]);
        let revoked = all(StatusTemplate::Revoked(NOW, None));
        assert_eq!(revoked, Err(Rejection::Revoked));
        let nothing = check(
            &scene.path,
            Known::default(),
            &scene.rules,
            &mut Budget::default(),
        );
        assert_eq!(nothing, Err(Rejection::RevocationUnknown));
    }
}
