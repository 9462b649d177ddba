//! Who may frame the page behind `check_session_iframe` (OpenID Connect Session Management 1.0 §3).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Provider;
use crate::base::fault::Fault;
use crate::base::time::Timestamp;
use crate::oidc::session_state::framing_origins;
use crate::store::page::PageRequest;

/// The origins are read from the store at most so often: anybody may ask for the page.
const KEPT: Duration = Duration::from_secs(60);
/// Clients read at once.
const CLIENTS: u32 = 500;

/// The origins of all clients, as this process read them last.
#[derive(Debug, Default)]
pub struct FramingOrigins(Mutex<Option<(Timestamp, Arc<BTreeSet<String>>)>>);

impl FramingOrigins {
    fn find(&self, now: Timestamp) -> Option<Arc<BTreeSet<String>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, origins) = known.as_ref()?;
        (now.since(*at) < KEPT).then(|| Arc::clone(origins))
    }

    fn keep(&self, origins: BTreeSet<String>, now: Timestamp) -> Arc<BTreeSet<String>> {
        let origins = Arc::new(origins);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((now, Arc::clone(&origins)));
        origins
    }
}

impl Provider {
    /// Whether pages of this origin may hold the frame. A client that was registered, changed or
    /// disabled counts within a minute.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn may_frame(&self, origin: &str, now: Timestamp) -> Result<bool, Fault> {
        if let Some(known) = self.framing_origins.find(now) {
            return Ok(known.contains(origin));
        }
        let mut origins = BTreeSet::new();
        let mut page = PageRequest::first(CLIENTS);
        loop {
            let listing = self.records.clients(&self.policy.issuer_key, &page).await?;
            origins.extend(framing_origins(&listing.entries));
            match listing.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        Ok(self.framing_origins.keep(origins, now).contains(origin))
    }
}
