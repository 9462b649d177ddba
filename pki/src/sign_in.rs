//! All of it together: a certificate that may sign somebody in, now.
//!
//! It is asked in two steps, because nothing may be fetched for a certificate before its path holds
//! ([`find`]): the addresses inside are a stranger's until then. What was fetched for the path, or
//! kept from before, then decides ([`Candidate::verify`]).
//!
//! That the holder of the key took part is for [`crate::cms`], [`crate::raw`] or TLS; whose account it
//! is, for whoever asks.

use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::identity::Identity;
use crate::path::{self, PathRules, TrustAnchor, ValidPath};
use crate::profile::Profile;
use crate::status::{self, Freshness, Known};

/// A certificate whose path holds and that is meant for signing in; its status is open.
#[derive(Clone, Debug)]
pub struct Candidate {
    path: ValidPath,
    end: Certificate,
    identity: Identity,
}

/// A certificate that may sign somebody in. Nobody but [`Candidate::verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedCertificate {
    candidate: Candidate,
    status: Vec<Freshness>,
}

/// Finds the path of an end entity's certificate and checks what it says of itself.
///
/// # Errors
/// Those of [`path::find`], [`Profile::check`] and [`Identity::of`], in this order.
pub fn find(
    end: &Certificate,
    authorities: &[Certificate],
    anchors: &[TrustAnchor],
    (profile, rules): (&Profile, &PathRules),
    budget: &mut Budget,
) -> Result<Candidate, Rejection> {
    let path = path::find(end, authorities, anchors, rules, budget)?;
    profile.check(end)?;
    Ok(Candidate {
        path,
        end: end.clone(),
        identity: Identity::of(end.subject())?,
    })
}

impl Candidate {
    /// The path that holds; now its addresses may be asked for the status of its certificates.
    pub const fn path(&self) -> &ValidPath {
        &self.path
    }

    /// Decides by what is known of the status of every certificate of the path.
    ///
    /// # Errors
    /// Those of [`status::check`].
    pub fn verify(
        self,
        known: Known<'_>,
        rules: &PathRules,
        budget: &mut Budget,
    ) -> Result<VerifiedCertificate, Rejection> {
        let status = status::check(&self.path, known, rules, budget)?;
        Ok(VerifiedCertificate {
            candidate: self,
            status,
        })
    }
}

impl VerifiedCertificate {
    /// The certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.candidate.end
    }

    /// Its path, with the anchor and the policies that hold.
    pub const fn path(&self) -> &ValidPath {
        &self.candidate.path
    }

    /// The identifiers in its subject. Whether the anchor is entitled to them is not checked.
    pub const fn identity(&self) -> &Identity {
        &self.candidate.identity
    }

    /// How fresh it is known that each certificate of the path is good, from the anchor down.
    pub fn status(&self) -> &[Freshness] {
        &self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Scheme;
    use crate::revocation::{Evidence, RevocationList};
    use crate::test_ca::{Authority, Key, ListTemplate, Subject, Template};
    use crate::{Oid, Time};

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const SERIAL: &[u8] = &[0x44];

    struct Scene {
        root: Authority,
        between: Authority,
        subject: Subject,
        profile: Profile,
        time: Time,
        lists: Vec<RevocationList>,
    }

    impl Scene {
        fn new() -> Self {
            let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
            let between = root.below("CA công cộng thử nghiệm", Key::p256());
            let list = |authority: &Authority, revoked: &[&[u8]]| {
                let template = ListTemplate::at(NOW).revoking(revoked);
                RevocationList::parse(&authority.list(&template)).unwrap()
            };
            let lists = vec![list(&root, &[]), list(&between, &[&[9]])];
            Self {
                root,
                between,
                subject: Subject::person("Vũ Thị Lan", &["CCCD:001185000003"]),
                profile: Profile::default(),
                time: NOW,
                lists,
            }
        }

        fn judge(&self) -> Result<VerifiedCertificate, Rejection> {
            let template = Template::person(self.subject.clone(), NOW).serial(SERIAL);
            let end = self.between.issue(&template, &Key::p256());
            let end = Certificate::parse(&end).unwrap();
            let rules = PathRules::at(self.time);
            let (above, anchors) = ([self.between.parsed()], [self.root.anchor()]);
            let mut budget = Budget::default();
            let asked = (&self.profile, &rules);
            let candidate = find(&end, &above, &anchors, asked, &mut budget)?;
            assert_eq!(candidate.path().certificates().len(), 2);
            let known = Known {
                evidence: Evidence {
                    lists: &self.lists,
                    certificates: &[],
                },
                ..Known::default()
            };
            candidate.verify(known, &rules, &mut budget)
        }
    }

    #[test]
    fn everything_together_makes_a_verified_certificate() {
        let verified = Scene::new().judge().unwrap();
        let number = verified.identity().number(Scheme::PersonalId);
        assert_eq!(number, Some("001185000003"));
        assert_eq!(verified.certificate().serial(), SERIAL);
        assert_eq!(
            verified.path().certificates().last(),
            Some(verified.certificate())
        );
        let fresh = verified.status().iter().map(|fresh| fresh.this_update);
        assert_eq!(fresh.collect::<Vec<_>>(), [NOW.plus(-3600); 2]);
    }

    #[test]
    fn each_part_alone_refuses() {
        type Change = fn(&mut Scene);
        let cases: [(Rejection, Change); 6] = [
            (Rejection::Expired, |scene| {
                scene.time = NOW.plus(365 * 86_400);
            }),
            (Rejection::SignatureWrong, |scene| {
                scene.root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
            }),
            (Rejection::EndEntityPurposeWrong, |scene| {
                scene.profile.purpose_required = true;
                scene.profile.purposes = vec![Oid::any_policy()];
            }),
            (Rejection::IdentityNumberInvalid, |scene| {
                scene.subject = Subject::person("Vũ Thị Lan", &["CCCD:1"]);
            }),
            (Rejection::RevocationUnknown, |scene| {
                scene.lists.truncate(1);
            }),
            (Rejection::Revoked, |scene| {
                let template = ListTemplate::at(NOW).revoking(&[SERIAL]);
                let list = scene.between.list(&template);
                scene.lists[1] = RevocationList::parse(&list).unwrap();
            }),
        ];
        for (why, change) in cases {
            let mut scene = Scene::new();
            change(&mut scene);
            assert_eq!(scene.judge().err(), Some(why));
        }
    }
}
