//! Whether the holder of a certificate's key signed some content.

use super::parse::SignedData;
use crate::budget::Budget;
use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::raw;
use crate::signature::Algorithm;
use crate::time::Time;

/// A verified signature: the key of this certificate signed the content that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    certificate: Certificate,
    others: Vec<Certificate>,
    algorithm: Algorithm,
    signing_time: Option<Time>,
}

impl Signature {
    /// The signer's certificate, whose path is still to be found.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The other certificates that came along: candidates for the path.
    pub fn others(&self) -> &[Certificate] {
        &self.others
    }

    /// How it is signed.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// When, as the signer says. Nothing rests on it: signers' clocks and time zones are wrong.
    pub const fn signing_time(&self) -> Option<Time> {
        self.signing_time
    }
}

impl SignedData {
    /// Verifies the signature over `content`, by the certificate that came along, or by one of
    /// `known` where it did not (RFC 5652 §5.4, §5.6).
    ///
    /// Not checked: anything of the certificate besides its key. Find and validate its path.
    ///
    /// # Errors
    /// [`Rejection::CmsSignerUnknown`], [`Rejection::CmsSignerAmbiguous`];
    /// [`Rejection::CmsSigningCertificateWrong`]; [`Rejection::CmsMessageDigestWrong`];
    /// [`Rejection::KeyWeak`] for RSA below 2048 bits, [`Rejection::KeyUnsupported`],
    /// [`Rejection::AlgorithmOfOtherKey`], [`Rejection::AlgorithmUnsupported`];
    /// [`Rejection::SignatureWrong`]; [`Rejection::BudgetSpent`].
    pub fn verify(
        &self,
        content: &[u8],
        known: &[Certificate],
        budget: &mut Budget,
    ) -> Result<Signature, Rejection> {
        let certificate = self.signer(known)?;
        if !self.attributes.signing_certificate.is(certificate) {
            return Err(Rejection::CmsSigningCertificateWrong);
        }
        if self.attributes.message_digest != self.digest.of(content) {
            return Err(Rejection::CmsMessageDigestWrong);
        }
        budget.signature()?;
        raw::verify_allowed(
            self.algorithm,
            certificate.key(),
            &self.attributes.signed,
            &self.signature,
        )?;
        let others = self.certificates.iter().filter(|c| *c != certificate);
        Ok(Signature {
            certificate: certificate.clone(),
            others: others.cloned().collect(),
            algorithm: self.algorithm,
            signing_time: self.attributes.signing_time,
        })
    }

    /// The one certificate that the signer's identifier names.
    fn signer<'a>(&'a self, known: &'a [Certificate]) -> Result<&'a Certificate, Rejection> {
        let all = self.certificates.iter().chain(known);
        let mut named = all.filter(|certificate| self.signer.is(certificate));
        let first = named.next().ok_or(Rejection::CmsSignerUnknown)?;
        if named.any(|another| another != first) {
            return Err(Rejection::CmsSignerAmbiguous);
        }
        Ok(first)
    }
}
