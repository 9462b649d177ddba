//! Authorization codes: what rests behind one, and what redeeming one checks.

use serde::{Deserialize, Serialize};

use super::pkce::CodeChallenge;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::GrantId;
use crate::model::client::{Client, ClientId};

/// What a code stands for. It rests sealed; the code itself is only known by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeTicket {
    /// The grant that a redemption activates and a replay revokes.
    pub grant: GrantId,
    /// To whom it was issued.
    pub client: ClientId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The challenge that its redeemer must answer.
    pub challenge: CodeChallenge,
    /// Redeemable until. The ticket itself is remembered longer, so that a replay is seen.
    pub expires_at: Timestamp,
}

impl CodeTicket {
    /// Checks a redemption, after the code was taken: whatever is wrong, the code is spent.
    ///
    /// # Errors
    /// [`Reason::CodeOfAnotherClient`], [`Reason::CodeExpired`],
    /// [`Reason::CodeRedirectUriWrong`], or what [`CodeChallenge::verify`] refuses.
    pub fn check(
        &self,
        client: &Client,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.client != client.id {
            return Err(Reason::CodeOfAnotherClient.into());
        }
        if now >= self.expires_at {
            return Err(Reason::CodeExpired.into());
        }
        if redirect_uri != Some(self.redirect_uri.as_str()) {
            return Err(Reason::CodeRedirectUriWrong.into());
        }
        self.challenge.verify(verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{CHALLENGE, NOW, REDIRECT, VERIFIER, after, named, parameters, web};

    #[test]
    fn each_rule_has_its_refusal_in_order() {
        let challenge = parameters(&[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let ticket = CodeTicket {
            grant: GrantId::from_u128(1),
            client: web().id,
            redirect_uri: REDIRECT.into(),
            challenge: CodeChallenge::parse(&challenge).unwrap(),
            expires_at: after(60),
        };
        let (own, other) = (web(), named("other"));
        let wrong = VERIFIER.replace('d', "e");
        for (client, address, verifier, now, expected) in [
            (&own, Some(REDIRECT), Some(VERIFIER), NOW, None),
            (&own, Some(REDIRECT), Some(VERIFIER), after(59), None),
            (
                &own,
                Some(REDIRECT),
                Some(VERIFIER),
                after(60),
                Some(Reason::CodeExpired),
            ),
            (
                &other,
                None,
                None,
                after(60),
                Some(Reason::CodeOfAnotherClient),
            ),
            (&own, None, None, after(60), Some(Reason::CodeExpired)),
            (
                &own,
                None,
                Some(VERIFIER),
                NOW,
                Some(Reason::CodeRedirectUriWrong),
            ),
            (
                &own,
                Some("https://rp.example/cb"),
                Some(VERIFIER),
                NOW,
                Some(Reason::CodeRedirectUriWrong),
            ),
            (
                &own,
                Some(REDIRECT),
                None,
                NOW,
                Some(Reason::PkceVerifierMalformed),
            ),
            (
                &own,
                Some(REDIRECT),
                Some(&wrong),
                NOW,
                Some(Reason::PkceVerifierWrong),
            ),
        ] {
            let answer = ticket.check(client, address, verifier, now);
            assert_eq!(
                answer.err().map(|r| r.reason),
                expected,
                "{address:?} {now:?}"
            );
        }
    }
}
