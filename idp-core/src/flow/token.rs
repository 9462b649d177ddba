//! `POST /token`.

use serde_json::{Map, Value, json};

use super::answer::endless;
use super::authorize::deciding;
use super::person::scope_of;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::fault::Fault;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::{Header, SigningAlgorithm, jws};
use crate::model::key::KeyPurpose;
use crate::oauth::access_token;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::code::CodeTicket;
use crate::oauth::params::Parameters;
use crate::oauth::sender::{Sender, check_demands};
use crate::oauth::token::authorization_code::{self, Redemption};
use crate::oauth::token::refresh_token::{self, RefreshToken};
use crate::oauth::token::{IssueFacts, TokenPlan, TokenRequest, Wanted, client_credentials};
use crate::oidc::id_token::at_hash;
use crate::store::decision::{Decision, Outcome};
use crate::store::records::GrantFacts;
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind};

/// The loaded facts of a grant: itself, and the unit paths that its scope needs.
pub(super) type Loaded = Option<(GrantFacts, Vec<crate::oidc::claims::UnitPath>)>;

impl Provider {
    /// Answers a token request with the members of its JSON object.
    ///
    /// # Errors
    /// The refusal, or a fault.
    pub async fn token(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let client = self
            .authenticate_sender(&sender.into(), body, context)
            .await?;
        let request = TokenRequest::parse(body)?;
        request.check_allowed(client.client())?;
        check_demands(&client)?;
        let mut answer = self.answer(&client, &request, context).await?;
        self.encrypt_id_token(&mut answer, client.client(), context)
            .await?;
        Ok(answer)
    }

    async fn answer(
        &self,
        client: &AuthenticatedClient,
        request: &TokenRequest,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        match request {
            TokenRequest::ClientCredentials { wanted } => {
                let decision =
                    client_credentials::decide(client, wanted, &mut deciding(self, context));
                self.finish(client, decision).await?.ok_or_else(contended)
            }
            TokenRequest::AuthorizationCode {
                code,
                redirect_uri,
                verifier,
                wanted,
            } => {
                let redemption = Redemption {
                    redirect_uri: redirect_uri.as_deref(),
                    verifier: verifier.as_ref().map(SecretText::expose),
                    wanted,
                };
                self.redeem(client, code, redemption, context).await
            }
            TokenRequest::TokenExchange(exchange) => self.exchange(client, exchange, context).await,
            TokenRequest::JwtBearer { assertion, wanted } => {
                let presented = (assertion, wanted);
                self.answer_assertion(client, presented, context).await
            }
            TokenRequest::DeviceCode { code } => self.poll_device(client, code, context).await,
            TokenRequest::RefreshToken { token, wanted } => {
                let presented = refresh_token::Presented::parse(token)?;
                let issuer = &self.policy.issuer_key;
                let tags = self
                    .signer
                    .mac(issuer, KeyPurpose::Refresh, &presented.message())
                    .await?;
                let token = presented.verify(&tags)?;
                self.refresh(client, token, wanted, context).await
            }
        }
    }

    /// The code is taken once; what was taken stays a fact across retries.
    async fn redeem(
        &self,
        client: &AuthenticatedClient,
        code: &SecretText,
        redemption: Redemption<'_>,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let now = context.here.now;
        let key = TicketKey::of(TicketKind::Code, code.expose());
        let taken = self.sealed_tickets().take::<CodeTicket>(key, now).await?;
        let grant = match &taken {
            Taken::First(ticket) | Taken::Again(ticket) => Some(ticket.grant),
            Taken::Unknown => None,
        };
        for _ in 0..ATTEMPTS {
            let loaded = self.load_grant(grant, now).await?;
            let facts = issue_facts(&loaded);
            let decision = authorization_code::decide(
                client,
                redemption,
                &taken,
                facts.as_ref(),
                &mut deciding(self, context),
            );
            if let Some(answer) = self.finish(client, decision).await? {
                return Ok(answer);
            }
        }
        Err(contended())
    }

    async fn refresh(
        &self,
        client: &AuthenticatedClient,
        token: RefreshToken,
        wanted: &Wanted,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        for _ in 0..ATTEMPTS {
            let loaded = self.load_grant(Some(token.grant), context.here.now).await?;
            let facts = issue_facts(&loaded);
            let deciding = &mut deciding(self, context);
            let decision = refresh_token::decide(client, token, wanted, facts.as_ref(), deciding);
            if let Some(answer) = self.finish(client, decision).await? {
                return Ok(answer);
            }
        }
        Err(contended())
    }

    pub(super) async fn load_grant(
        &self,
        id: Option<crate::model::GrantId>,
        now: Timestamp,
    ) -> Result<Loaded, Failure> {
        let Some(id) = id else { return Ok(None) };
        let Some(facts) = self.grant_here(id).await? else {
            return Ok(None);
        };
        let paths = self.paths(&facts, &scope_of(&facts.grant), now).await?;
        Ok(Some((facts, paths)))
    }

    /// Signs, commits, renders. `None` when the commit found a change: decide again. A refusal's
    /// changes are committed too; when they lose the race, the winner's state decides next.
    pub(super) async fn finish(
        &self,
        client: &AuthenticatedClient,
        decision: Decision<TokenPlan>,
    ) -> Result<Option<Map<String, Value>>, Failure> {
        let (outcome, batch) = decision.into_parts();
        match outcome {
            Outcome::Need(_) => Err(endless()),
            Outcome::Refused(refusal) => match self.commit(batch).await? {
                Committed::Yes => Err(refusal.into()),
                Committed::Again => Ok(None),
            },
            Outcome::Done(plan) => {
                let answer = self.render(&plan.bound_to(client)).await?;
                let committed = self.commit(batch).await? == Committed::Yes;
                Ok(committed.then_some(answer))
            }
        }
    }

    pub(super) async fn render(&self, plan: &TokenPlan) -> Result<Map<String, Value>, Failure> {
        let access = self.access_token(plan).await?;
        let mut answer = plan.members.clone();
        if let Some(claims) = &plan.id_token {
            let algorithm = self::algorithm(&plan.id_token_alg)?;
            let mut claims = claims.clone();
            claims.insert("at_hash".to_owned(), at_hash(&access, algorithm).into());
            let claims = serde_json::to_vec(&claims).map_err(|e| Fault::lasting("token", e))?;
            let id_token = self.sign_jwt(algorithm, None, &claims).await?;
            answer.insert("id_token".to_owned(), id_token.into());
        }
        if let Some((grant, generation)) = plan.refresh {
            let message = RefreshToken::message(grant, generation);
            let issuer = &self.policy.issuer_key;
            let tags = self
                .signer
                .mac(issuer, KeyPurpose::Refresh, &message)
                .await?;
            let tag = tags
                .first()
                .ok_or_else(|| Fault::lasting("signer", "no refresh key"))?;
            let token = RefreshToken::encode(grant, generation, tag);
            answer.insert("refresh_token".to_owned(), token.expose().into());
        }
        answer.insert("access_token".to_owned(), access.into());
        let token_type = plan.access.cnf.token_type();
        answer.insert("token_type".to_owned(), token_type.into());
        answer.insert("expires_in".to_owned(), json!(plan.expires_in));
        if !plan.access.scope.is_empty() {
            answer.insert("scope".to_owned(), plan.access.scope.clone().into());
        }
        Ok(answer)
    }

    /// The text of the access token: signed, or kept under its digest when it is opaque.
    async fn access_token(&self, plan: &TokenPlan) -> Result<String, Failure> {
        if let Some(opaque) = &plan.opaque {
            return self.keep_opaque(opaque, &plan.access).await;
        }
        let claims = serde_json::to_vec(&plan.access).map_err(|e| Fault::lasting("token", e))?;
        let algorithm = algorithm(&self.policy.default_alg)?;
        self.sign_jwt(algorithm, Some(access_token::TYP), &claims)
            .await
    }

    /// Signs claims with the active token key of an algorithm.
    ///
    /// # Errors
    /// A fault of the signer.
    pub async fn sign_jwt(
        &self,
        algorithm: SigningAlgorithm,
        typ: Option<&str>,
        claims: &[u8],
    ) -> Result<String, Failure> {
        let issuer = &self.policy.issuer_key;
        let key = self
            .signer
            .active_key(issuer, KeyPurpose::Token, Some(algorithm))
            .await?;
        let header = Header::new(algorithm).with_kid(&key.kid);
        let header = match typ {
            Some(typ) => header.with_typ(typ),
            None => header,
        };
        let input = jws::signing_input(&header, claims);
        let signature = self.signer.sign(issuer, &key, input.as_bytes()).await?;
        Ok(jws::assemble(input, &signature))
    }
}

pub(super) fn issue_facts(loaded: &Loaded) -> Option<IssueFacts<'_>> {
    loaded
        .as_ref()
        .map(|(grant, paths)| IssueFacts { grant, paths })
}

pub(super) fn algorithm(name: &str) -> Result<SigningAlgorithm, Failure> {
    SigningAlgorithm::parse(name).map_err(|e| Failure::Fault(Fault::lasting("token", e)))
}
