//! An invented authority in three levels, for tests.

use pki::revocation::RevocationList;
use pki::test_ca::{Authority, Key, ListTemplate, Subject, Template};
use pki::{Certificate, Time};

use crate::base::time::Timestamp;
use crate::model::trust::{
    Der, IdentityRule, RevocationRule, Tolerance, Trust, TrustAnchor, TrustPurpose,
};
use crate::ports::StatusEvidence;

pub(crate) const NOW: Timestamp = crate::admin::sample::NOW;
pub(crate) const SERIAL: &[u8] = &[0x44];

pub(crate) fn moment() -> Time {
    super::time(NOW)
}

/// Root, issuing authority, and one person's key.
pub(crate) struct Scene {
    pub(crate) root: Authority,
    pub(crate) between: Authority,
    pub(crate) key: Key,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let root = Authority::root("Gốc thử nghiệm", Key::p256(), moment());
        let between = root.below("CA công cộng thử nghiệm", Key::p256());
        Self {
            root,
            between,
            key: Key::p256(),
        }
    }

    /// The certificate of a person with these `UID` values.
    pub(crate) fn person(&self, values: &[&str]) -> Certificate {
        self.certified(Subject::person("Vũ Thị Lan", values))
    }

    pub(crate) fn certified(&self, subject: Subject) -> Certificate {
        let template = Template::person(subject, moment()).serial(SERIAL);
        let der = self.between.issue(&template, &self.key);
        Certificate::parse(&der).expect("a certificate")
    }

    pub(crate) fn anchor(&self) -> TrustAnchor {
        TrustAnchor {
            name: "cong-cong".to_owned(),
            certificate: Der(self.root.parsed().der().to_vec()),
            purpose: TrustPurpose::Public,
            intermediates: vec![Der(self.between.parsed().der().to_vec())],
            identity: IdentityRule {
                personal_id: true,
                tax_code: true,
                ..IdentityRule::default()
            },
            revocation: RevocationRule::default(),
            tolerance: Tolerance::default(),
            purposes_required: std::collections::BTreeSet::new(),
            policies_required: std::collections::BTreeSet::new(),
            from: Timestamp::EPOCH,
            until: None,
            distrusted_at: None,
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust {
            anchors: vec![self.anchor()],
        }
    }

    /// Lists of both authorities, made `age` seconds ago for as long as [`ListTemplate`] makes them.
    pub(crate) fn lists(&self, revoked: &[&[u8]], age: i64) -> StatusEvidence {
        let list = |authority: &Authority, revoked: &[&[u8]]| {
            let template = ListTemplate::at(moment().plus(-age)).revoking(revoked);
            RevocationList::parse(&authority.list(&template)).expect("a list")
        };
        StatusEvidence {
            lists: vec![list(&self.root, &[]), list(&self.between, revoked)],
            ..StatusEvidence::default()
        }
    }
}
