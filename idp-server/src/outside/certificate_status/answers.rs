//! Answers of responders (OCSP, RFC 6960).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::trust::RevocationRule;
use idp_core::ports::{StatusQuestion, StatusRequest};
use idp_core::trust::status::{Authorities, Inquiry, SHORTEST_PAUSE, answer_due};
use pki::ocsp::{MAX_RESPONSE_BYTES, Nonce, Response};

use super::memory::Answer;
use super::{PATIENCE, PLACE, SharedStatus, trouble};

/// The most of those who are left alone.
const MOST_SILENT: usize = 10_000;

/// Who is left alone for a while: responders that do not answer, and questions that were answered
/// by nothing that counts.
#[derive(Default)]
pub(super) struct Silence(Mutex<HashMap<String, Timestamp>>);

impl Silence {
    fn holds(&self, who: &str, now: Timestamp) -> bool {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(who).is_some_and(|until| now < *until)
    }

    /// Whether that is news.
    fn begin(&self, who: String, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_SILENT {
            all.retain(|_, until| now < *until);
        }
        all.insert(who, now + SHORTEST_PAUSE).is_none()
    }

    fn end(&self, who: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(who);
    }
}

/// Why there is no answer.
enum Missing {
    /// The responder does not answer anybody.
    Responder(String),
    /// What it answered does not count.
    Answer(String),
}

impl SharedStatus {
    /// The answer that is kept under a key.
    pub(super) async fn answer(
        &self,
        key: &Digest,
        now: Timestamp,
    ) -> Result<Option<Answer>, Fault> {
        if let Some(held) = self.0.memory.answer(key, now) {
            return Ok(held.answer);
        }
        let kept = self.0.records.kept_status(key).await?;
        let answer = kept.and_then(|kept| {
            let response = Response::parse(&kept.body).ok()?;
            Some(Answer {
                fetched_at: kept.fetched_at,
                until: kept.until,
                response,
            })
        });
        self.0.memory.hold_answer(key, answer.clone(), now);
        Ok(answer)
    }

    /// Asks a responder unless it said something a short time ago; whether its answer is current.
    pub(super) async fn inquire(
        &self,
        inquiry: Inquiry,
        question: StatusQuestion<'_>,
    ) -> Result<bool, Fault> {
        let (key, now) = (inquiry.key(), question.now);
        let name = key.to_base64url();
        let silence = &self.0.silence;
        let known = self.answer(&key, now).await?;
        let due = known.is_none_or(|a| answer_due(a.fetched_at, a.until, question.rule) <= now);
        if due && !silence.holds(&name, now) && !silence.holds(&inquiry.address, now) {
            let work = self.clone().ask(inquiry, question.rule.clone(), now);
            self.0.flights.join(name, work).await;
        }
        let known = self.answer(&key, now).await?;
        // One that does not know the certificate has answered, too.
        Ok(known.is_some_and(|a| now < a.until || now.since(a.fetched_at) < SHORTEST_PAUSE))
    }

    async fn ask(self, inquiry: Inquiry, rule: RevocationRule, now: Timestamp) {
        let address = inquiry.address.clone();
        let (silent, why, outcome) = match self.asked(&inquiry, &rule, now).await {
            Ok(()) => (None, String::new(), "kept"),
            Err(Missing::Responder(why)) => (Some(address.clone()), why, "unreachable"),
            Err(Missing::Answer(why)) => (Some(inquiry.key().to_base64url()), why, "refused"),
        };
        metrics::counter!(
            "idp_certificate_status_fetches_total",
            "kind" => "answer", "outcome" => outcome
        )
        .increment(1);
        match silent {
            None => self.0.silence.end(&address),
            Some(who) => {
                if self.0.silence.begin(who, now) {
                    self.0.notices.note(&trouble(&address, &why), None);
                }
            }
        }
    }

    async fn asked(
        &self,
        inquiry: &Inquiry,
        rule: &RevocationRule,
        now: Timestamp,
    ) -> Result<(), Missing> {
        let here = |fault: Fault| Missing::Responder(fault.detail);
        let nonce = Nonce(self.0.generator.entropy().map_err(here)?.bytes());
        let request = StatusRequest {
            url: inquiry.address.clone(),
            question: Some(inquiry.request(nonce)),
            most_bytes: MAX_RESPONSE_BYTES,
            patience: PATIENCE,
        };
        let came = self.0.fetch.fetch_status(request).await.map_err(here)?;
        if came.status != 200 {
            return Err(Missing::Responder(format!("status {}", came.status)));
        }
        let response = Response::parse(&came.body).map_err(|why| Missing::Answer(why.reason()))?;
        let mut lists = Vec::new();
        for issuer in Authorities::of_path(&inquiry.path).issuers() {
            lists.extend(self.lists_of(&issuer, now).await.map_err(here)?);
        }
        let kept = inquiry
            .keep((&came.body, &response), (&nonce, rule), &lists, now)
            .map_err(|why| Missing::Answer(why.reason()))?;
        let (key, until) = (kept.key, kept.until);
        let is_kept = self.0.records.keep_status(kept).await.map_err(here)?;
        if !is_kept {
            return Err(Missing::Answer("older_than_kept".to_owned()));
        }
        let answer = Answer {
            fetched_at: now,
            until,
            response,
        };
        self.0.memory.hold_answer(&key, Some(answer), now);
        Ok(())
    }

    /// Says a fault that fails nobody.
    pub(super) fn note(&self, fault: &Fault) {
        self.0.notices.note(fault, None);
    }

    /// A fault of work that broke off.
    pub(super) fn broken(error: impl std::fmt::Display) -> Fault {
        Fault::lasting(PLACE, error)
    }
}
