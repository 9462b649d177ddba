//! Authorization codes: what rests behind one, and what redeeming one checks.

use serde::{Deserialize, Serialize};

use super::client_auth::AuthenticatedClient;
use super::pkce::CodeChallenge;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::GrantId;
use crate::model::client::ClientId;

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
    /// The challenge that its redeemer must answer; none for a client that may do without PKCE and
    /// did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    /// The thumbprint of the DPoP key that its redeemer must show (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// Redeemable until. The ticket itself is remembered longer, so that a replay is seen.
    pub expires_at: Timestamp,
}

impl CodeTicket {
    /// Checks a redemption, after the code was taken: whatever is wrong, the code is spent.
    ///
    /// # Errors
    /// [`Reason::CodeOfAnotherClient`], [`Reason::CodeExpired`],
    /// [`Reason::CodeRedirectUriWrong`], [`Reason::CodeKeyWrong`], what [`CodeChallenge::verify`]
    /// refuses, or [`Reason::PkceVerifierUnexpected`]: whoever sends a verifier asked with a
    /// challenge, so the one that was not there was taken out on the way (RFC 9700 §2.1.1).
    pub fn check(
        &self,
        client: &AuthenticatedClient,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.client != client.client().id {
            return Err(Reason::CodeOfAnotherClient.into());
        }
        if now >= self.expires_at {
            return Err(Reason::CodeExpired.into());
        }
        if redirect_uri != Some(self.redirect_uri.as_str()) {
            return Err(Reason::CodeRedirectUriWrong.into());
        }
        if self.dpop_jkt.is_some() && self.dpop_jkt != client.confirmation().jkt {
            return Err(Reason::CodeKeyWrong.into());
        }
        match (&self.challenge, verifier) {
            (Some(challenge), verifier) => challenge.verify(verifier),
            (None, Some(_)) => Err(Reason::PkceVerifierUnexpected.into()),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{
        CHALLENGE, NOW, REDIRECT, VERIFIER, after, authenticated, named, parameters, proved_by, web,
    };

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
            challenge: Some(CodeChallenge::parse(&challenge).unwrap()),
            dpop_jkt: None,
            expires_at: after(60),
        };
        let (own, other) = (authenticated(&web()), authenticated(&named("other")));
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

    #[test]
    fn a_code_that_is_bound_to_a_key_is_redeemed_with_that_key_alone() {
        use crate::oauth::dpop::sample::ProofKey;
        let challenge = parameters(&[
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let (key, stolen) = (ProofKey::new(), ProofKey::new());
        let mut ticket = CodeTicket {
            grant: GrantId::from_u128(1),
            client: web().id,
            redirect_uri: REDIRECT.into(),
            challenge: Some(CodeChallenge::parse(&challenge).unwrap()),
            dpop_jkt: Some(key.jkt()),
            expires_at: after(60),
        };
        let plain = authenticated(&web());
        let check = |ticket: &CodeTicket, client: &AuthenticatedClient| {
            let answer = ticket.check(client, Some(REDIRECT), Some(VERIFIER), NOW);
            answer.err().map(|refusal| refusal.reason)
        };
        let wrong = Some(Reason::CodeKeyWrong);
        assert_eq!(check(&ticket, &proved_by(&plain, &key)), None);
        assert_eq!(check(&ticket, &proved_by(&plain, &stolen)), wrong);
        assert_eq!(check(&ticket, &plain), wrong);
        ticket.dpop_jkt = None;
        assert_eq!(check(&ticket, &proved_by(&plain, &key)), None);
    }

    #[test]
    fn without_a_challenge_a_verifier_tells_of_a_downgrade() {
        let ticket = CodeTicket {
            grant: GrantId::from_u128(1),
            client: web().id,
            redirect_uri: REDIRECT.into(),
            challenge: None,
            dpop_jkt: None,
            expires_at: after(60),
        };
        let check = |verifier| {
            let checked = ticket.check(&authenticated(&web()), Some(REDIRECT), verifier, NOW);
            checked.map_err(|refusal| refusal.reason)
        };
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some(VERIFIER)), Err(Reason::PkceVerifierUnexpected));
    }
}
