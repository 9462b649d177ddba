//! Whether a session that began with a certificate may go on: asked again and again while it runs.

use pki::{Certificate, Rejection};

use crate::base::time::Timestamp;
use crate::model::credential::Credential;
use crate::model::session::{Session, SessionCertificate};
use crate::model::trust::Trust;
use crate::ports::StatusEvidence;
use crate::trust::{self, Found};

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The certificate was taken from the account.
    CredentialGone,
    /// Its anchor is trusted no more, or not at this time.
    AnchorGone,
    /// It, or an authority above it, is revoked.
    Revoked,
}

/// A session whose certificate is judged by its status.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    found: Option<Found<'a>>,
}

/// What can be said without its status.
///
/// A path that is not found is no reason to end: the authorities between may have come with the
/// sign-in and not rest here. Nor is a certificate that has expired since: it was good when the
/// session began, whose own end is near.
///
/// # Errors
/// [`Over::CredentialGone`], [`Over::AnchorGone`].
pub fn standing<'a>(
    (session, by): (&Session, &SessionCertificate),
    credential: Option<&Credential>,
    trust: &'a Trust,
    now: Timestamp,
) -> Result<Standing<'a>, Over> {
    let held = credential.filter(|credential| credential.user == session.user);
    let held = held.and_then(Credential::certificate);
    let held = held.ok_or(Over::CredentialGone)?;
    let anchor = trust.find(&by.anchor).filter(|a| a.counts_at(now));
    let anchor = anchor.ok_or(Over::AnchorGone)?;
    let certificate = Certificate::parse(&held.certificate.0).ok();
    let found =
        certificate.and_then(|certificate| trust::find_under(anchor, &certificate, &[], now).ok());
    Ok(Standing { found })
}

impl<'a> Standing<'a> {
    /// The path whose status is asked; none where nothing can be asked.
    pub const fn found(&self) -> Option<&Found<'a>> {
        self.found.as_ref()
    }

    /// Decides by the status. Only who is known to be revoked has to go: that nobody answers is no
    /// reason, whatever the anchor's rule for outages says of signing in.
    ///
    /// # Errors
    /// [`Over::Revoked`].
    pub fn judge(&self, evidence: &StatusEvidence, now: Timestamp) -> Result<(), Over> {
        let verdict = self.found.as_ref().map(|found| found.verify(evidence, now));
        match verdict {
            Some(Err(Rejection::Revoked)) => Err(Over::Revoked),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::admin::sample;
    use crate::base::secret::Digest;
    use crate::model::credential::{CertificateBinding, CertificateCredential, CredentialSecret};
    use crate::model::session::CertificateWay;
    use crate::model::trust::Der;
    use crate::model::{CredentialId, UserId, Version};
    use crate::trust::sample::{NOW, SERIAL, Scene};

    struct Case {
        scene: Scene,
        trust: Trust,
        session: Session,
        credential: Option<Credential>,
        evidence: StatusEvidence,
        now: Timestamp,
    }

    impl Case {
        fn new() -> Self {
            let scene = Scene::new();
            let user = sample::user("an").id;
            let held = CertificateCredential {
                certificate: Der(scene.person(&[]).der().to_vec()),
                key: Digest::of(b"key"),
                anchor: "cong-cong".to_owned(),
                expires_at: NOW + Duration::from_secs(86_400),
                binding: CertificateBinding::BySelf,
            };
            let credential = Credential {
                id: CredentialId::from_u128(5),
                version: Version::NEW,
                user,
                secret: CredentialSecret::Certificate(held),
                set_at: NOW,
            };
            let by = SessionCertificate {
                credential: credential.id,
                anchor: "cong-cong".to_owned(),
                way: CertificateWay::Tls,
                policies: Vec::new(),
                status_at: NOW,
                status_outdated: false,
            };
            let session = Session {
                certificate: Some(Box::new(by)),
                ..sample::session(user)
            };
            Self {
                trust: scene.trust(),
                evidence: scene.lists(&[], 0),
                credential: Some(credential),
                now: NOW,
                scene,
                session,
            }
        }

        fn judge(&self) -> Result<bool, Over> {
            let by = self.session.certificate.as_deref().unwrap();
            let credential = self.credential.as_ref();
            let standing = standing((&self.session, by), credential, &self.trust, self.now)?;
            standing.judge(&self.evidence, self.now)?;
            Ok(standing.found().is_some())
        }
    }

    #[test]
    fn each_reason_ends_a_session_by_itself() {
        type Change = fn(&mut Case);
        let cases: [(&str, Result<bool, Over>, Change); 11] = [
            ("good", Ok(true), |_| {}),
            ("revoked", Err(Over::Revoked), |case| {
                case.evidence = case.scene.lists(&[SERIAL], 0);
            }),
            ("revoked long ago", Err(Over::Revoked), |case| {
                let hours = 24;
                case.trust.anchors[0].revocation.outage =
                    crate::model::trust::OutageRule::LastGood { hours };
                case.evidence = case.scene.lists(&[SERIAL], 86_400 + 3600);
            }),
            ("nobody answers", Ok(true), |case| {
                case.evidence = StatusEvidence::default();
            }),
            ("lists out of date", Ok(true), |case| {
                case.evidence = case.scene.lists(&[], 30 * 86_400);
            }),
            ("credential taken", Err(Over::CredentialGone), |case| {
                case.credential = None;
            }),
            ("another's credential", Err(Over::CredentialGone), |case| {
                case.credential.as_mut().unwrap().user = UserId::from_u128(99);
            }),
            ("distrusted", Err(Over::AnchorGone), |case| {
                case.trust.anchors[0].distrusted_at = Some(NOW);
            }),
            ("anchor gone", Err(Over::AnchorGone), |case| {
                case.trust.anchors.clear();
            }),
            ("expired since", Ok(false), |case| {
                case.now = NOW + Duration::from_secs(300 * 86_400);
            }),
            ("authorities unknown here", Ok(false), |case| {
                case.trust.anchors[0].intermediates.clear();
            }),
        ];
        for (name, expected, change) in cases {
            let mut case = Case::new();
            change(&mut case);
            assert_eq!(case.judge(), expected, "{name}");
        }
    }
}
