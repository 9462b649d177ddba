//! Against a server on this machine that is down, slow, endless, lying or right.

mod answers;
mod large;
mod lists;
mod server;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::model::trust::{
    Der, IdentityRule, OutageRule, RevocationRule, Tolerance, Trust, TrustAnchor, TrustPurpose,
};
use idp_core::ports::{BroughtList, CertificateStatus, Fetch, ListOutcome, Notices};
use idp_core::store::memory::MemoryRecords;
use idp_core::trust::{self, Found};
use pki::test_ca::{Authority, Key, ListTemplate, Subject, Template};
use pki::{Certificate, Rejection, Time};

use self::server::Server;
use super::SharedStatus;
use crate::outside::entropy::Generator;
use crate::outside::fetch::{Exceptions, FetchRules, GuardedFetch};

const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);
const SERIAL: &[u8] = &[0x44];
const HOUR: i64 = 3600;

fn moment() -> Time {
    Time::from_seconds(NOW.seconds())
}

fn hours_ago(hours: u64) -> Timestamp {
    NOW - Duration::from_secs(hours * 3600)
}

/// What was said beside the answers.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Notices for Heard {
    fn note(&self, fault: &Fault, _: Option<&str>) {
        self.0.lock().unwrap().push(fault.detail.clone());
    }
}

impl Heard {
    /// What was said last, without the address.
    fn last(&self) -> String {
        let heard = self.0.lock().unwrap();
        let last = heard.last().cloned().unwrap_or_default();
        last.rsplit(": ").next().unwrap_or_default().to_owned()
    }
}

/// An authority in three levels whose lists and answers come from one server.
struct Scene {
    root: Authority,
    between: Arc<Authority>,
    person: Certificate,
    trust: Trust,
    server: Server,
    records: Arc<MemoryRecords>,
    heard: Arc<Heard>,
    status: SharedStatus,
}

impl Scene {
    async fn new(named: impl Fn(Template, &str) -> Template) -> Self {
        let server = Server::start().await;
        let root = Authority::root("Gốc thử nghiệm", Key::p256(), moment());
        let between = Arc::new(root.below("CA công cộng thử nghiệm", Key::p256()));
        let template = Template::person(Subject::named("Vũ Thị Lan"), moment()).serial(SERIAL);
        let template = named(template, &server.url());
        let person = Certificate::parse(&between.issue(&template, &Key::p256())).unwrap();
        let anchor = TrustAnchor {
            name: "cong-cong".to_owned(),
            certificate: Der(root.parsed().der().to_vec()),
            purpose: TrustPurpose::Public,
            intermediates: vec![Der(between.parsed().der().to_vec())],
            identity: IdentityRule::default(),
            revocation: RevocationRule::default(),
            tolerance: Tolerance::default(),
            purposes_required: std::collections::BTreeSet::new(),
            policies_required: std::collections::BTreeSet::new(),
            from: Timestamp::EPOCH,
            until: None,
            distrusted_at: None,
        };
        let (records, heard) = (Arc::<MemoryRecords>::default(), Arc::<Heard>::default());
        let scene = Self {
            status: node(&records, &heard, "one"),
            trust: Trust {
                anchors: vec![anchor],
            },
            root,
            between,
            person,
            server,
            records,
            heard,
        };
        let of_root = scene.list(&scene.root, |list| {
            list.next_update = Some(moment().plus(30 * 24 * HOUR));
            list.this_update = moment().plus(-30 * 24 * HOUR);
        });
        assert_eq!(scene.bring(of_root).await, ListOutcome::Kept);
        scene
    }

    /// One whose certificates name a list.
    async fn listed() -> Self {
        Self::new(|template, url| template.listed_at(&[&format!("{url}/ca.crl")])).await
    }

    fn list(&self, by: &Authority, change: impl FnOnce(&mut ListTemplate)) -> Vec<u8> {
        let mut template = ListTemplate::at(moment());
        template.number = 7;
        change(&mut template);
        by.list(&template)
    }

    /// A list of the authority between, made so many hours ago, for one day.
    fn made(&self, hours: i64, revoked: &[&[u8]]) -> Vec<u8> {
        let mut template = ListTemplate::at(moment()).revoking(revoked);
        template.this_update = moment().plus(-hours * HOUR);
        template.next_update = Some(moment().plus((24 - hours) * HOUR));
        template.number = u64::try_from(1_000 - hours).unwrap();
        self.between.list(&template)
    }

    /// An operator brings a list.
    async fn bring(&self, list: Vec<u8>) -> ListOutcome {
        self.offer(list, false).await.outcome
    }

    async fn offer(&self, list: Vec<u8>, rehearsal: bool) -> BroughtList {
        let brought = self.status.bring(list, &self.trust, NOW, rehearsal).await;
        brought.unwrap()
    }

    fn bear_outages(&mut self, outage: OutageRule) {
        self.trust.anchors[0].revocation.outage = outage;
    }

    fn found(&self, now: Timestamp) -> Found<'_> {
        trust::find(&self.person, &[], &self.trust, &[TrustPurpose::Public], now).unwrap()
    }

    /// The verdict after asking: whether it counts only by the rule for outages.
    async fn judge(&self, now: Timestamp) -> Result<bool, Rejection> {
        self.judge_at(&self.status, now).await
    }

    async fn judge_at(&self, node: &SharedStatus, now: Timestamp) -> Result<bool, Rejection> {
        let found = self.found(now);
        let learned = node.learned(found.question(now)).await.unwrap();
        found.verify(&learned, now).map(|good| good.is_outdated())
    }

    /// The verdict by what is known.
    async fn known(&self, node: &SharedStatus, now: Timestamp) -> Result<bool, Rejection> {
        let found = self.found(now);
        let known = node.known(found.question(now)).await.unwrap();
        found.verify(&known, now).map(|good| good.is_outdated())
    }

    /// Another node on the same store; also this one after a restart.
    fn other_node(&self) -> SharedStatus {
        node(&self.records, &self.heard, "two")
    }
}

fn node(records: &Arc<MemoryRecords>, heard: &Arc<Heard>, name: &str) -> SharedStatus {
    with_fetch(records, heard, name, true)
}

fn with_fetch(
    records: &Arc<MemoryRecords>,
    heard: &Arc<Heard>,
    name: &str,
    loopback: bool,
) -> SharedStatus {
    let fetch = GuardedFetch::new(FetchRules {
        exceptions: Exceptions {
            loopback,
            ..Exceptions::default()
        },
        ..FetchRules::default()
    });
    SharedStatus::new(
        records.clone(),
        Arc::new(fetch) as Arc<dyn Fetch>,
        heard.clone(),
        (Generator::system(), name.into()),
    )
}
