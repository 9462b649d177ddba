//! Randomness as an argument: a seed from outside, expanded deterministically.

use ring::hmac;

/// A stream of unpredictable bytes, expanded from a 256-bit seed by HMAC-SHA-256 in counter mode.
///
/// The server seeds one per request from the operating system; tests use a fixed seed and get
/// the same identifiers each time. The seed is as secret as what is drawn from it.
pub struct Entropy {
    key: hmac::Key,
    counter: u64,
    /// The block that is being handed out, and how much of it was: a block costs as much as
    /// everything else about an identifier.
    block: [u8; 32],
    used: usize,
}

impl Entropy {
    /// Expands `seed`, which must come from a cryptographic generator outside tests.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, seed),
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    /// The next `N` bytes of the stream.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0_u8; N];
        self.fill(&mut out);
        out
    }

    /// Fills `out` with the next bytes of the stream.
    pub fn fill(&mut self, out: &mut [u8]) {
        for to in out {
            *to = self.next();
        }
    }

    fn next(&mut self) -> u8 {
        if self.used >= self.block.len() {
            let block = hmac::sign(&self.key, &self.counter.to_be_bytes());
            self.counter += 1;
            self.used = 0;
            for (to, from) in self.block.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
        }
        let byte = self.block.get_mut(self.used).map(std::mem::take);
        self.used += 1;
        byte.unwrap_or_default()
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_blocks_differ() {
        let (mut a, mut b) = (Entropy::from_seed(&[7; 32]), Entropy::from_seed(&[7; 32]));
        let first: [u8; 48] = a.bytes();
        assert_eq!(first, b.bytes::<48>());
        assert_ne!(first, a.bytes::<48>());
        assert_ne!(Entropy::from_seed(&[8; 32]).bytes::<48>(), first);
    }

    #[test]
    fn the_stream_is_one_however_it_is_read() {
        let (mut a, mut b) = (Entropy::from_seed(&[7; 32]), Entropy::from_seed(&[7; 32]));
        let pieces = [&a.bytes::<10>()[..], &a.bytes::<16>(), &a.bytes::<70>()].concat();
        assert_eq!(pieces, b.bytes::<96>());
    }
}
