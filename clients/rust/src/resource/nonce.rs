//! Nonces for proofs, without memory: a minute's number under a MAC.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

/// Seconds for which one nonce is handed out; it is accepted for as long again.
const STEP: i64 = 60;

/// Makes and recognises this server's nonces.
#[derive(Clone)]
pub(super) struct NonceMaker(Arc<hmac::Key>);

impl fmt::Debug for NonceMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceMaker").finish_non_exhaustive()
    }
}

impl NonceMaker {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    pub(super) fn nonce(&self, now: DateTime<Utc>) -> String {
        self.of_step(now.timestamp().div_euclid(STEP))
    }

    pub(super) fn accepts(&self, nonce: Option<&str>, now: DateTime<Utc>) -> bool {
        let step = now.timestamp().div_euclid(STEP);
        nonce.is_some_and(|nonce| {
            // Nonces are public; comparing them in variable time gives nothing away but them.
            nonce == self.of_step(step) || nonce == self.of_step(step - 1)
        })
    }

    fn of_step(&self, step: i64) -> String {
        let mut text = b"dpop nonce ".to_vec();
        text.extend(step.to_be_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_lives_for_one_to_two_minutes_on_every_machine_with_the_secret() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let (one, same, other) = (
            NonceMaker::new(b"secret"),
            NonceMaker::new(b"secret"),
            NonceMaker::new(b"another"),
        );
        let nonce = one.nonce(at(600));
        for (seconds, accepted) in [(599, false), (600, true), (719, true), (720, false)] {
            assert_eq!(
                same.accepts(Some(&nonce), at(seconds)),
                accepted,
                "{seconds}"
            );
        }
        assert!(!other.accepts(Some(&nonce), at(600)));
        assert!(!one.accepts(None, at(600)));
    }
}
