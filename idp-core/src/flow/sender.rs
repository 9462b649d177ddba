//! Who sends a request: the client's authentication, the proofs of its keys, and the marks that let
//! each of them count once.

use super::answer::endless;
use super::{Failure, Provider, RequestContext};
use crate::admin::client::opened_secrets;
use crate::base::fault::Fault;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::confirmation::Confirmation;
use crate::model::key::KeyPurpose;
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::certificate::ClientCertificate;
use crate::oauth::client_auth::{AuthenticatedClient, ClientFacts, Presented, authenticate};
use crate::oauth::dpop::{self, Nonces, VerifiedProof};
use crate::oauth::params::Parameters;
use crate::oauth::presented_token::{PresentedToken, Scheme};
use crate::oauth::sender::{Sender, addresses};
use crate::policy::DpopNonce;
use crate::store::decision::Outcome;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketOp};

/// A mark that must be new, until when it counts, and what it means when it is not.
pub(super) type Mark = (TicketKey, Timestamp, Reason);

/// An access token that its sender may use.
#[derive(Clone, Debug)]
pub struct UsableToken {
    /// What it says.
    pub claims: AccessTokenClaims,
    /// Whether it was revoked by itself.
    pub revoked: bool,
}

impl Provider {
    /// Authenticates a client, including the single use of its assertion.
    ///
    /// # Errors
    /// The client's refusal, or a fault.
    pub async fn authenticate_client(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<AuthenticatedClient, Failure> {
        let client = self.prove_client(&sender.into(), body, context).await?;
        let marks = assertion_mark(&client).into_iter().collect();
        self.mark(marks, Vec::new(), context.here.now).await?;
        Ok(client)
    }

    /// Authenticates a client and verifies the proof of its key, where one was sent. Both are
    /// marked as used in one round trip.
    ///
    /// # Errors
    /// The client's refusal, that of [`dpop::verify`], [`Reason::DpopProofReplayed`], or a fault.
    pub async fn authenticate_sender(
        &self,
        sender: &Sender<'_>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<AuthenticatedClient, Failure> {
        let client = self.prove_client(sender, body, context).await?;
        let proof = self.proof(sender, None, context).await?;
        let marks = assertion_mark(&client).into_iter();
        let marks = marks.chain(proof_mark(proof.as_ref())).collect();
        self.mark(marks, Vec::new(), context.here.now).await?;
        Ok(client.proved_by(proof.as_ref()))
    }

    /// The access token of a request to a resource, once it and its sender are verified. Does not check whether its grant lives, nor its scope.
    ///
    /// # Errors
    /// The refusal of [`PresentedToken`], of an unknown or expired token, or of [`dpop::verify`];
    /// [`Reason::DpopProofReplayed`]; or a fault.
    pub async fn usable_token(
        &self,
        sender: &Sender<'_>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<UsableToken, Failure> {
        let now = context.here.now;
        let presented = PresentedToken::parse(sender, body)?;
        let claims = self.access_claims(&presented.token, now).await?;
        let proof = match presented.scheme {
            Scheme::Bearer => None,
            Scheme::Dpop => {
                let token = Some(presented.token.as_str());
                self.proof(sender, token, context).await?
            }
        };
        let shown = Confirmation {
            jkt: proof.as_ref().map(|proof| proof.jkt().to_owned()),
            x5t_s256: certificate(sender)?.map(|shown| shown.thumbprint().to_owned()),
        };
        presented.check_sender(&claims, &shown)?;
        let peek = TicketOp::Peek {
            key: claims.revocation_mark(),
        };
        let marks = proof_mark(proof.as_ref()).into_iter().collect();
        let answers = self.mark(marks, vec![peek], now).await?;
        let revoked = !matches!(answers.first(), Some(TicketAnswer::Unknown));
        Ok(UsableToken { claims, revoked })
    }

    /// What the next DPoP proof must hold, where the policy asks for a nonce (RFC 9449 §8.2).
    ///
    /// # Errors
    /// A fault of the signer.
    pub async fn dpop_nonce(&self, now: Timestamp) -> Result<Option<String>, Fault> {
        let nonces = self.nonces(now).await?;
        Ok(nonces.map(|nonces| nonces.fresh().to_owned()))
    }

    async fn prove_client(
        &self,
        sender: &Sender<'_>,
        body: &Parameters,
        context: &RequestContext,
    ) -> Result<AuthenticatedClient, Failure> {
        let presented = Presented::parse(sender.authorization, body)?;
        let issuer = &self.policy.issuer_key;
        let client = self.records.client(issuer, &presented.client).await?;
        let secrets = client
            .as_ref()
            .map(|client| opened_secrets(client, &self.client_sealing))
            .transpose()?;
        let mut facts = ClientFacts {
            client,
            secrets: secrets.unwrap_or_default(),
            certificate: certificate(sender)?,
            path: sender.path.to_owned(),
            ..ClientFacts::default()
        };
        for _ in 0..3 {
            let decision = authenticate(&presented, &facts, context.here.now, &self.policy);
            match decision.outcome {
                Outcome::Done(client) => return Ok(client),
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(asks) => {
                    facts.keys = self.fetched_keys(&asks, context.here.now).await?;
                }
            }
        }
        Err(endless())
    }

    async fn proof(
        &self,
        sender: &Sender<'_>,
        access_token: Option<&str>,
        context: &RequestContext,
    ) -> Result<Option<VerifiedProof>, Failure> {
        if sender.dpop.is_empty() {
            return Ok(None);
        }
        let now = context.here.now;
        let nonces = self.nonces(now).await?;
        let request = dpop::Request {
            method: sender.method,
            addresses: &addresses(sender.path, &self.policy),
            access_token,
            nonces: nonces.as_ref(),
        };
        Ok(dpop::verify(sender.dpop, &request, now, self.policy.skew)?)
    }

    async fn nonces(&self, now: Timestamp) -> Result<Option<Nonces>, Fault> {
        if self.policy.dpop_nonce == DpopNonce::Off {
            return Ok(None);
        }
        // The key of refresh tokens, shared by all nodes; what is authenticated begins otherwise.
        let (issuer, purpose) = (&self.policy.issuer_key, KeyPurpose::Refresh);
        let [present, before, next] = Nonces::messages(now);
        let tags = [
            self.signer.mac(issuer, purpose, &present).await?,
            self.signer.mac(issuer, purpose, &before).await?,
            self.signer.mac(issuer, purpose, &next).await?,
        ];
        let nonces = Nonces::of(&tags).ok_or_else(|| Fault::lasting("signer", "no key"))?;
        Ok(Some(nonces))
    }

    /// Sets the marks and asks the rest in one round trip; answers the rest.
    pub(super) async fn mark(
        &self,
        marks: Vec<Mark>,
        rest: Vec<TicketOp>,
        now: Timestamp,
    ) -> Result<Vec<TicketAnswer>, Failure> {
        if marks.is_empty() && rest.is_empty() {
            return Ok(Vec::new());
        }
        let put = |(key, until, _): &Mark| TicketOp::Put {
            key: *key,
            value: Vec::new(),
            until: *until,
        };
        let ops = marks.iter().map(put).chain(rest).collect();
        let mut answers = self.tickets.apply(ops, now).await?.into_iter();
        for (_, _, reason) in marks {
            if answers.next() != Some(TicketAnswer::Done) {
                return Err(reason.into());
            }
        }
        Ok(answers.collect())
    }
}

fn certificate(sender: &Sender<'_>) -> Result<Option<ClientCertificate>, Refusal> {
    if sender.certificates.is_empty() {
        return Ok(None);
    }
    ClientCertificate::parse(sender.certificates).map(Some)
}

fn assertion_mark(client: &AuthenticatedClient) -> Option<Mark> {
    let (key, until) = client.replay_mark()?;
    Some((key, until, Reason::ClientAssertionReplayed))
}

fn proof_mark(proof: Option<&VerifiedProof>) -> Option<Mark> {
    let (key, until) = proof?.replay_mark();
    Some((key, until, Reason::DpopProofReplayed))
}
