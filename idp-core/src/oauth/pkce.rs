//! Proof key for code exchange (RFC 7636); only S256.

use serde::{Deserialize, Serialize};

use super::params::Parameters;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::Digest;

/// An S256 challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(Digest);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request.
    ///
    /// # Errors
    /// [`Reason::PkceMissing`] without a challenge, [`Reason::PkceMethodUnsupported`] for
    /// anything but an explicit S256 (a missing method means `plain`, RFC 7636 §4.3),
    /// [`Reason::PkceChallengeMalformed`] when it is not a base64url SHA-256.
    pub fn parse(parameters: &Parameters) -> Result<Self, Refusal> {
        let challenge = parameters
            .find("code_challenge")
            .ok_or(Reason::PkceMissing)?;
        if parameters.find("code_challenge_method") != Some("S256") {
            return Err(Reason::PkceMethodUnsupported.into());
        }
        let digest = Digest::from_base64url(challenge).ok_or(Reason::PkceChallengeMalformed)?;
        Ok(Self(digest))
    }

    /// Checks a `code_verifier` (RFC 7636 §4.6).
    ///
    /// # Errors
    /// [`Reason::PkceVerifierMalformed`] when it is missing or breaks §4.1;
    /// [`Reason::PkceVerifierWrong`] when it is another one.
    pub fn verify(&self, verifier: Option<&str>) -> Result<(), Refusal> {
        let verifier = verifier.unwrap_or_default();
        let unreserved =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return Err(Reason::PkceVerifierMalformed.into());
        }
        if Digest::of(verifier.as_bytes()) != self.0 {
            return Err(Reason::PkceVerifierWrong.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn parse(query: &str) -> Result<CodeChallenge, Reason> {
        CodeChallenge::parse(&Parameters::parse(query.as_bytes()).unwrap()).map_err(|r| r.reason)
    }

    #[test]
    fn the_example_of_the_rfc_verifies() {
        let challenge = parse(&format!(
            "code_challenge={CHALLENGE}&code_challenge_method=S256"
        ))
        .unwrap();
        assert_eq!(challenge.verify(Some(VERIFIER)), Ok(()));
        let wrong = VERIFIER.replace('d', "e");
        assert_eq!(
            challenge.verify(Some(&wrong)),
            Err(Reason::PkceVerifierWrong.into())
        );
        for malformed in [
            None,
            Some("short"),
            Some("đ".repeat(50).as_str()),
            Some("a".repeat(129).as_str()),
        ] {
            assert_eq!(
                challenge.verify(malformed),
                Err(Reason::PkceVerifierMalformed.into())
            );
        }
    }

    #[test]
    fn each_rule_has_its_refusal() {
        assert_eq!(parse("x=y"), Err(Reason::PkceMissing));
        assert_eq!(
            parse(&format!("code_challenge={CHALLENGE}")),
            Err(Reason::PkceMethodUnsupported)
        );
        assert_eq!(
            parse(&format!(
                "code_challenge={CHALLENGE}&code_challenge_method=plain"
            )),
            Err(Reason::PkceMethodUnsupported)
        );
        assert_eq!(
            parse("code_challenge=abc&code_challenge_method=S256"),
            Err(Reason::PkceChallengeMalformed)
        );
    }
}
