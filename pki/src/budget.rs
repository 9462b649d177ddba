//! The work that one question may cause: strangers send certificates, and some combinations of
//! them cost far more to judge than to make.

use crate::error::Rejection;

/// What may still be done. One budget serves one question as a whole: building, validating and
/// revocation.
#[derive(Clone, Debug)]
pub struct Budget {
    signatures: u32,
    comparisons: u32,
}

impl Default for Budget {
    /// 64 signatures: a path of eight authorities with a revocation list, its delta and a signer of
    /// lists each costs 32, which leaves as many for candidates that lead nowhere. On one core of
    /// 2026 the 64 most expensive ones (RSA-4096) cost about ten milliseconds.
    /// 100,000 comparisons of names or policies: a few milliseconds.
    fn default() -> Self {
        Self {
            signatures: 64,
            comparisons: 100_000,
        }
    }
}

impl Budget {
    /// A budget of another size.
    pub const fn new(signatures: u32, comparisons: u32) -> Self {
        Self {
            signatures,
            comparisons,
        }
    }

    /// A signature is about to be verified.
    pub(crate) fn signature(&mut self) -> Result<(), Rejection> {
        spend(&mut self.signatures, 1)
    }

    /// So many names or policies are about to be compared.
    pub(crate) fn comparisons(&mut self, number: usize) -> Result<(), Rejection> {
        spend(
            &mut self.comparisons,
            u32::try_from(number).unwrap_or(u32::MAX),
        )
    }
}

fn spend(left: &mut u32, number: u32) -> Result<(), Rejection> {
    *left = left.checked_sub(number).ok_or(Rejection::BudgetSpent)?;
    Ok(())
}
