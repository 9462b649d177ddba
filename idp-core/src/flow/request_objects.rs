//! Request objects by address: fetched when a request names one, and kept for a moment, so that
//! strangers who repeat the request cannot make us hammer a client's server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Failure, Provider};
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::oauth::request_object::MOST_BYTES;
use crate::oauth::request_object::address::ObjectAddress;
use crate::ports::Outgoing;

/// A content is used this long without asking again.
const KEPT: Duration = Duration::from_secs(10);
/// An address is not asked again within this, whatever came of it.
const PAUSE: Duration = Duration::from_secs(1);
/// The most contents kept; the one with the oldest fetch makes room.
const MOST: usize = 200;

/// What an address answered: the content, or nothing of use.
type Content = Option<Arc<str>>;

/// The contents known to this process.
#[derive(Debug, Default)]
pub struct RequestObjects {
    known: Mutex<HashMap<String, (Timestamp, Content)>>,
}

impl RequestObjects {
    /// What an address answered lately; `None` when it should be asked. A content that is not
    /// the one that was meant, and a failure, count for a shorter time.
    fn find(&self, address: &ObjectAddress, now: Timestamp) -> Option<Content> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, content) = known.get(address.as_str())?;
        let meant = content.as_deref().is_some_and(|text| address.is_of(text));
        let bound = if meant { KEPT } else { PAUSE };
        (now.since(*at) < bound).then(|| content.clone())
    }

    fn keep(&self, address: &ObjectAddress, content: Content, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(address.as_str()) {
            let oldest = known
                .iter()
                .min_by_key(|(_, (at, _))| *at)
                .map(|(address, _)| address.clone());
            oldest.and_then(|address| known.remove(&address));
        }
        known.insert(address.as_str().to_owned(), (now, content));
    }
}

impl Provider {
    /// The content at the registered address of a request object.
    ///
    /// # Errors
    /// [`Reason::RequestUriUnavailable`] when it cannot be fetched, is too large, no text, or not
    /// answered with 200.
    pub(super) async fn object_at(
        &self,
        address: &ObjectAddress,
        now: Timestamp,
    ) -> Result<Arc<str>, Failure> {
        let content = match self.request_objects.find(address, now) {
            Some(content) => content,
            None => {
                let fetched = self.fetch_object(address).await;
                self.request_objects.keep(address, fetched.clone(), now);
                fetched
            }
        };
        content.ok_or_else(|| Reason::RequestUriUnavailable.into())
    }

    async fn fetch_object(&self, address: &ObjectAddress) -> Content {
        let request = Outgoing {
            url: address.as_str().to_owned(),
            form: None,
            most_bytes: MOST_BYTES,
        };
        let answer = self.fetch.fetch(request).await.ok()?;
        let text = String::from_utf8(answer.body).ok()?;
        (answer.status == 200).then(|| text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::Digest;
    use crate::oauth::sample::web;

    fn address(request_uri: &str) -> ObjectAddress {
        let mut client = web();
        let registered = request_uri.split('#').next().unwrap();
        client.features.request_uris = vec![registered.to_owned()];
        ObjectAddress::check(&client, request_uri).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_content_is_kept_for_a_moment_and_another_one_asked_for_soon() {
        let objects = RequestObjects::default();
        let plain = address("https://rp.example/r");
        let digest = Digest::of(b"new").to_base64url();
        let changed = address(&format!("https://rp.example/r#{digest}"));
        assert!(objects.find(&plain, at(0)).is_none());
        objects.keep(&plain, Some("old".into()), at(0));
        for (address, seconds, kept) in [
            (&plain, 0, true),
            (&plain, 9, true),
            (&plain, 10, false),
            (&changed, 0, true),
            (&changed, 1, false),
        ] {
            let found = objects.find(address, at(seconds)).is_some();
            assert_eq!(found, kept, "{seconds}");
        }
        objects.keep(&plain, None, at(20));
        assert_eq!(objects.find(&plain, at(20)), Some(None), "a failure too");
        assert!(objects.find(&plain, at(21)).is_none());
    }

    #[test]
    fn the_number_of_contents_is_bounded() {
        let objects = RequestObjects::default();
        for n in 0..MOST + 3 {
            let now = at(i64::try_from(n).unwrap());
            let one = address(&format!("https://{n}.example/r"));
            objects.keep(&one, Some("x".into()), now);
        }
        assert_eq!(objects.known.lock().unwrap().len(), MOST);
        assert!(
            objects
                .find(&address("https://0.example/r"), at(0))
                .is_none()
        );
    }
}
