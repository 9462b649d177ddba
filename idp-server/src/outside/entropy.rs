//! The one place that opens the system's random generator.

use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// The operating system's generator. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Generator(SystemRandom);

impl Generator {
    /// Opens the generator.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that opens the generator"
    )]
    pub fn system() -> Self {
        Self(SystemRandom::new())
    }

    /// Randomness for one request or one task, from a fresh 256-bit seed.
    ///
    /// # Errors
    /// A lasting fault when the operating system gives no random bytes.
    pub fn entropy(&self) -> Result<Entropy, Fault> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        self.0
            .fill(seed.as_mut())
            .map_err(|_| Fault::lasting("entropy", "the system gives no random bytes"))?;
        Ok(Entropy::from_seed(&seed))
    }

    /// A number that names something for people and keeps no secret: a request, say. It comes from
    /// the system as it is, at a tenth of the work of a stream of its own.
    ///
    /// # Errors
    /// As [`Generator::entropy`].
    pub fn number(&self) -> Result<u128, Fault> {
        let mut bytes = [0_u8; 16];
        self.0
            .fill(&mut bytes)
            .map_err(|_| Fault::lasting("entropy", "the system gives no random bytes"))?;
        Ok(u128::from_be_bytes(bytes))
    }

    /// The generator as signature libraries take it.
    #[must_use]
    pub fn secure_random(&self) -> &dyn SecureRandom {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Generator;

    #[test]
    fn no_two_seeds_are_alike() {
        let generator = Generator::system();
        let mut first = generator.entropy().unwrap();
        let mut second = generator.entropy().unwrap();
        assert_ne!(first.bytes::<32>(), second.bytes::<32>());
    }
}
