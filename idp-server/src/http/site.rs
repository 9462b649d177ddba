//! What every handler shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use idp_core::base::fault::Fault;
use idp_core::base::refusal::Reason;
use idp_core::event::{Actor, Circumstances, Personal, What};
use idp_core::flow::{Provider, RequestContext};
use idp_core::store::change::Batch;

use super::context::Arrival;
use super::health::Examination;
use crate::config::CertificateSettings;
use crate::outside::clock::Clock;
use crate::outside::entropy::Generator;
use crate::refusals::Refusals;
use crate::telemetry::faults;
use crate::ui::Pages;

/// One installation as the handlers see it.
pub struct Site {
    /// Stores, keys, rules.
    pub provider: Provider,
    /// Pages.
    pub pages: Pages,
    /// The province's own logo.
    pub logo: Option<Logo>,
    /// How people sign in with certificates.
    pub certificates: CertificateSettings,
    /// The clock.
    pub clock: Clock,
    /// The random generator.
    pub generator: Generator,
    /// Refusals of all endpoints, counted until they are written.
    pub refusals: Refusals,
    /// Set when the server is about to stop, so that balancers look elsewhere.
    pub stopping: AtomicBool,
    /// Answers whether it can serve.
    pub examination: Examination,
}

/// An image of the operator's, read at start.
#[derive(Clone, Debug)]
pub struct Logo {
    /// The file.
    pub bytes: bytes::Bytes,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
}

/// The state of the router.
pub type Shared = Arc<Site>;

impl Site {
    /// The context of a request.
    ///
    /// # Errors
    /// A fault when the system gives no randomness.
    pub fn context(&self, arrival: &Arrival) -> Result<RequestContext, Fault> {
        let here = Circumstances {
            issuer: self.provider.policy.issuer_key.clone(),
            now: self.clock.now(),
            request: Some(arrival.request_id.clone()),
            local_uid: arrival.local_uid,
            personal: Personal {
                address: arrival.address.map(|a| a.to_string()),
                user_agent: arrival.user_agent.clone(),
            },
        };
        let entropy = self.generator.entropy()?;
        Ok(RequestContext {
            here,
            entropy,
            source: arrival.source(),
        })
    }

    /// Counts a refusal in metrics, and for the audit where nobody is known; the log tells the
    /// reason under the request's id, which people are asked to quote.
    pub fn note_refusal(&self, reason: Reason, arrival: &Arrival) {
        let request_id = arrival.request_id.as_str();
        tracing::info!(request_id, reason = reason.name(), "refused");
        metrics::counter!("idp_refusals_total", "reason" => reason.name()).increment(1);
        self.refusals.count(reason, arrival.address);
    }

    /// Logs a fault once, with the request's id that the caller also sees.
    pub fn note_fault(&self, fault: &Fault, arrival: &Arrival) {
        faults::note(fault, Some(&arrival.request_id));
    }

    /// Writes an event of the server itself.
    ///
    /// # Errors
    /// A fault of the store or the generator.
    pub async fn record(&self, what: What) -> Result<(), Fault> {
        let issuer = self.provider.policy.issuer_key.clone();
        let here = Circumstances::of_system(issuer, self.clock.now());
        let event = here.event(Actor::System, what, &mut self.generator.entropy()?);
        let batch = Batch {
            changes: Vec::new(),
            events: vec![event],
        };
        match self.provider.records.commit(batch).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Fault::lasting("audit", error)),
        }
    }

    /// Whether the server is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
