//! Nonces that the server chooses (RFC 9449 §8), and does not keep: each is the MAC of a slot of
//! time under a key that all nodes share. A proof that holds one was made within the last slots,
//! whatever its `iat` says, so that whoever could use a key for a moment holds no proofs for later.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::base::time::Timestamp;

/// The length of a slot, in seconds. A nonce counts for one slot to two.
pub const SLOT: i64 = 120;

/// The nonces that count at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonces {
    fresh: String,
    accepted: Vec<String>,
}

impl Nonces {
    /// What is authenticated for each slot that counts: the present one, the one before, and the
    /// next, which a node with a faster clock may be in already.
    pub fn messages(now: Timestamp) -> [Vec<u8>; 3] {
        let slot = now.seconds().div_euclid(SLOT);
        [slot, slot - 1, slot + 1].map(|slot| {
            let mut message = b"idp dpop nonce v1".to_vec();
            message.extend_from_slice(&slot.to_be_bytes());
            message
        })
    }

    /// The nonces of the tags of [`Nonces::messages`], each under every usable key, the newest
    /// first; `None` without a key.
    pub fn of(tags: &[Vec<[u8; 32]>; 3]) -> Option<Self> {
        let [present, ..] = tags;
        let fresh = present.first().map(encode)?;
        let accepted = tags.iter().flatten().map(encode).collect();
        Some(Self { fresh, accepted })
    }

    /// What the next proof should hold: 43 base64url characters.
    pub fn fresh(&self) -> &str {
        &self.fresh
    }

    /// Whether a nonce counts.
    pub fn accept(&self, nonce: &str) -> bool {
        let same = |own: &String| bool::from(own.as_bytes().ct_eq(nonce.as_bytes()));
        self.accepted.iter().any(same)
    }
}

fn encode(tag: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{NOW, after};

    /// Nonces under a key.
    fn nonces(key: u8, now: Timestamp) -> Nonces {
        let tags = Nonces::messages(now).map(|message| {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[key]);
            vec![
                ring::hmac::sign(&key, &message)
                    .as_ref()
                    .try_into()
                    .unwrap(),
            ]
        });
        Nonces::of(&tags).unwrap()
    }

    #[test]
    fn a_nonce_counts_on_every_node_for_one_slot_to_two() {
        let begin = Timestamp::from_seconds(NOW.seconds().div_euclid(SLOT) * SLOT);
        let at = |seconds: i64| Timestamp::from_seconds(begin.seconds() + seconds);
        let nonce = nonces(1, begin).fresh().to_owned();
        for (later, counts) in [
            (-SLOT - 1, false),
            (-1, true),
            (0, true),
            (SLOT, true),
            (2 * SLOT - 1, true),
            (2 * SLOT, false),
        ] {
            assert_eq!(nonces(1, at(later)).accept(&nonce), counts, "{later}");
        }
        assert!(!nonces(2, begin).accept(&nonce), "another key");
        assert!(!nonces(1, begin).accept(&nonce[1..]) && !nonces(1, begin).accept(""));
    }

    #[test]
    fn an_older_key_still_counts_and_the_newest_makes() {
        let (new, old) = (nonces(1, after(0)), nonces(2, after(0)));
        let tags = Nonces::messages(after(0)).map(|message| {
            let tag = |key: u8| {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[key]);
                ring::hmac::sign(&key, &message)
                    .as_ref()
                    .try_into()
                    .unwrap()
            };
            vec![tag(1), tag(2)]
        });
        let both = Nonces::of(&tags).unwrap();
        assert_eq!(both.fresh(), new.fresh());
        assert!(both.accept(old.fresh()) && both.accept(new.fresh()));
        assert_eq!(Nonces::of(&[Vec::new(), Vec::new(), Vec::new()]), None);
    }
}
