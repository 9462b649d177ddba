//! The chain: events hashed into signed blocks, and the proof that nothing was changed or cut off.

use serde::{Deserialize, Serialize};

use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// An event as it rests: its place, its body, its erasable part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place, increasing, gaps allowed (a rolled-back writer leaves one).
    pub place: i64,
    /// The sealed body, byte for byte as written.
    pub body: String,
    /// The erasable part; gone after erasure.
    pub personal: Option<String>,
}

/// The head of a block: what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockHead {
    /// 1 for the first block.
    pub number: i64,
    /// Place of its first event.
    pub first: i64,
    /// Place of its last event.
    pub last: i64,
    /// How many events.
    pub count: i64,
    /// SHA-256 over the events.
    pub events: Digest,
    /// SHA-256 over the head before; of nothing for the first.
    pub previous: Digest,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// A signed block head at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// What is signed.
    pub head: BlockHead,
    /// The key that signed.
    pub kid: String,
    /// The signature over [`BlockHead::bytes`], base64url.
    pub signature: String,
}

impl BlockHead {
    /// The bytes that are signed and hashed: the head as JSON in field order, behind a prefix
    /// that no token begins with.
    pub fn bytes(&self) -> Vec<u8> {
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("idp audit block v1\n{json}").into_bytes()
    }

    /// The hash that the next head carries.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    /// The head that follows `previous` over `events`; `None` when there are none.
    pub fn over(
        previous: Option<&Self>,
        events: &[StoredEvent],
        sealed_at: Timestamp,
    ) -> Option<Self> {
        let (first, last) = (events.first()?, events.last()?);
        Some(Self {
            number: previous.map_or(1, |p| p.number + 1),
            first: first.place,
            last: last.place,
            count: i64::try_from(events.len()).unwrap_or(i64::MAX),
            events: digest_of(events),
            previous: previous.map_or_else(|| Digest::of(b""), Self::digest),
            sealed_at,
        })
    }
}

/// SHA-256 over places, lengths and bodies, so that no two lists of events give the same bytes.
fn digest_of(events: &[StoredEvent]) -> Digest {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for event in events {
        context.update(&event.place.to_be_bytes());
        context.update(&(event.body.len() as u64).to_be_bytes());
        context.update(event.body.as_bytes());
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    Digest::from_bytes(out)
}

/// What is wrong with a chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// A block is missing or out of order.
    #[error("block {0} does not follow the block before it")]
    Order(i64),
    /// Events were added, changed or removed.
    #[error("the events of block {0} are not those that were sealed")]
    Events(i64),
    /// The signature does not verify.
    #[error("the signature of block {0} does not verify")]
    Signature(i64),
    /// An erasable part was changed instead of erased.
    #[error("the personal fields of event {0} are not those that were committed to")]
    Personal(i64),
    /// The chain ends before a head that left the machine, or that head is not in it.
    #[error("the chain does not contain head {0}, which left the machine earlier")]
    Truncated(i64),
}

/// Verifies a chain block by block, in order.
#[derive(Debug, Default)]
pub struct ChainVerifier {
    previous: Option<BlockHead>,
    /// Blocks verified.
    pub blocks: u64,
    /// Events verified.
    pub events: u64,
}

impl ChainVerifier {
    /// Checks the next block with its events. The signature itself is checked by `verify`
    /// (key id, bytes, signature), since keys live elsewhere.
    ///
    /// # Errors
    /// The first rule that does not hold; see [`ChainBreak`].
    pub fn next(
        &mut self,
        block: &Block,
        events: &[StoredEvent],
        verify: impl Fn(&str, &[u8], &str) -> bool,
    ) -> Result<(), ChainBreak> {
        let number = block.head.number;
        let expected = BlockHead::over(self.previous.as_ref(), events, block.head.sealed_at)
            .ok_or(ChainBreak::Events(number))?;
        if expected.number != number || expected.previous != block.head.previous {
            return Err(ChainBreak::Order(number));
        }
        if expected != block.head {
            return Err(ChainBreak::Events(number));
        }
        if !verify(&block.kid, &block.head.bytes(), &block.signature) {
            return Err(ChainBreak::Signature(number));
        }
        for event in events {
            personal_holds(event)?;
        }
        self.blocks += 1;
        self.events += events.len() as u64;
        self.previous = Some(block.head.clone());
        Ok(())
    }

    /// Checks that the chain seen so far reaches `head`, which was kept elsewhere.
    ///
    /// # Errors
    /// [`ChainBreak::Truncated`] when the chain ends earlier, or has another block in its place.
    pub fn reaches(&self, head: &BlockHead, found: Option<&BlockHead>) -> Result<(), ChainBreak> {
        (found == Some(head))
            .then_some(())
            .ok_or(ChainBreak::Truncated(head.number))
    }

    /// The last head verified.
    pub fn head(&self) -> Option<&BlockHead> {
        self.previous.as_ref()
    }
}

fn personal_holds(event: &StoredEvent) -> Result<(), ChainBreak> {
    let broken = || ChainBreak::Personal(event.place);
    let Some(personal) = &event.personal else {
        return Ok(());
    };
    let personal: super::EventPersonal = serde_json::from_str(personal).map_err(|_| broken())?;
    let body: super::EventBody = serde_json::from_str(&event.body).map_err(|_| broken())?;
    (body.personal == Some(personal.commitment()))
        .then_some(())
        .ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::Entropy;
    use crate::base::issuer::IssuerKey;
    use crate::event::{Actor, Circumstances, Personal, What};

    fn events(places: std::ops::Range<i64>) -> Vec<StoredEvent> {
        let mut entropy = Entropy::from_seed(&[9; 32]);
        let here = Circumstances {
            issuer: IssuerKey::main(),
            now: Timestamp::from_millis(5),
            request: None,
            local_uid: None,
            personal: Personal {
                address: Some("127.0.0.1".into()),
                user_agent: None,
            },
        };
        places
            .map(|place| {
                let (body, personal) = here
                    .event(Actor::System, What::Stopped, &mut entropy)
                    .halves();
                StoredEvent {
                    place,
                    body,
                    personal,
                }
            })
            .collect()
    }

    fn block(previous: Option<&BlockHead>, events: &[StoredEvent]) -> Block {
        let head = BlockHead::over(previous, events, Timestamp::from_millis(9)).unwrap();
        Block {
            head,
            kid: "k".into(),
            signature: "s".into(),
        }
    }

    #[test]
    fn an_untouched_chain_verifies_and_survives_erasure() {
        let (mut one, two) = (events(1..4), events(4..6));
        let first = block(None, &one);
        let second = block(Some(&first.head), &two);
        for event in &mut one {
            event.personal = None;
        }
        let mut chain = ChainVerifier::default();
        chain.next(&first, &one, |_, _, _| true).unwrap();
        chain.next(&second, &two, |_, _, _| true).unwrap();
        assert_eq!((chain.blocks, chain.events), (2, 5));
    }

    #[test]
    fn every_kind_of_tampering_is_named() {
        let (one, two) = (events(1..4), events(4..6));
        let first = block(None, &one);
        let second = block(Some(&first.head), &two);
        let verify = |block: &Block, events: &[StoredEvent], ok: bool| {
            ChainVerifier::default().next(block, events, |_, _, _| ok)
        };
        assert_eq!(verify(&first, &one, false), Err(ChainBreak::Signature(1)));
        assert_eq!(verify(&second, &two, true), Err(ChainBreak::Order(2)));
        assert_eq!(verify(&first, &one[..2], true), Err(ChainBreak::Events(1)));
        let mut changed = one.clone();
        changed[1].body = changed[1].body.replace("stopped", "started");
        assert_eq!(verify(&first, &changed, true), Err(ChainBreak::Events(1)));
        let mut forged = one.clone();
        forged[0].personal = forged[0]
            .personal
            .as_ref()
            .map(|p| p.replace("127.0.0.1", "10.0.0.1"));
        assert_eq!(verify(&first, &forged, true), Err(ChainBreak::Personal(1)));
        let chain = ChainVerifier::default();
        assert_eq!(
            chain.reaches(&second.head, None),
            Err(ChainBreak::Truncated(2))
        );
    }
}
