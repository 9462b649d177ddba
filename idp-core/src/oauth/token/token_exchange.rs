//! Exchanging a token for another (RFC 8693): a service that was called with a person's token
//! calls the next one in that person's name.
//!
//! The new token hangs on the grant of the old one: what ends the old one ends the new one. It is
//! never worth more, in scope or in time, and says who acts for whom, unless the client's policy
//! lets it impersonate. There is no refresh token.

use serde::Deserialize;

use super::{TokenPlan, Wanted, access_lifetime};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use crate::model::GrantId;
use crate::model::SessionId;
use crate::model::client::{Client, GrantType, TokenExchangePolicy};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::access_token::{AccessTokenClaims, ActorClaim, Audience, MAX_BYTES};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::introspect::TokenFacts;
use crate::oauth::params::Parameters;
use crate::oauth::resource;
use crate::oauth::scope::Scope;
use crate::oidc::userinfo::is_live;
use crate::policy::Policy;
use crate::store::decision::{Deciding, Decision};

/// The type of an access token (RFC 8693 §3), the only one that is issued.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// So many may act for each other, one behind the other.
pub const LONGEST_CHAIN: usize = 4;

/// What a token is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// An access token of this provider.
    AccessToken,
    /// An ID Token of this provider.
    IdToken,
}

/// A request for an exchange (RFC 8693 §2.1).
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The token of the person in whose name the client acts, or wants to.
    pub subject: SecretText,
    /// What it is said to be.
    pub subject_type: TokenType,
    /// The access token of who acts; the client itself when absent.
    pub actor: Option<SecretText>,
    /// Scope and audience of the new token.
    pub wanted: Wanted,
}

impl Exchange {
    /// Reads the body. `audience` and `resource` name the same thing here.
    ///
    /// # Errors
    /// [`Reason::ParameterMissing`]; [`Reason::ExchangeTokenTypeUnsupported`] for a token type
    /// that is not taken, or not issued; those of [`Wanted::parse`].
    pub fn parse(body: &Parameters, wanted: Wanted) -> Result<Self, Refusal> {
        let unsupported = || Refusal::new(Reason::ExchangeTokenTypeUnsupported);
        let secret = |name: &str| body.secret(name).ok_or(Reason::ParameterMissing);
        let subject_type = match body.required("subject_token_type")? {
            ACCESS_TOKEN | JWT => TokenType::AccessToken,
            ID_TOKEN => TokenType::IdToken,
            _ => return Err(unsupported()),
        };
        let requested = body.find("requested_token_type");
        if requested.is_some_and(|requested| requested != ACCESS_TOKEN) {
            return Err(unsupported());
        }
        let actor = match (body.secret("actor_token"), body.find("actor_token_type")) {
            (Some(actor), Some(ACCESS_TOKEN | JWT)) => Some(actor),
            (Some(_), Some(_)) => return Err(unsupported()),
            (None, None) => None,
            _ => return Err(Reason::ParameterMissing.into()),
        };
        let mut wanted = wanted;
        wanted
            .resources
            .extend(body.all("audience").map(str::to_owned));
        wanted.resources.sort_unstable();
        wanted.resources.dedup();
        Ok(Self {
            subject: secret("subject_token")?,
            subject_type,
            actor,
            wanted,
        })
    }
}

/// A token that is presented, whatever its kind: what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Of whom it speaks.
    pub sub: String,
    /// To which client it was issued.
    pub client: String,
    /// Whom it is for.
    pub audience: Audience,
    /// What it may be used for.
    pub scope: Vec<String>,
    /// Over at.
    pub expires_at: Timestamp,
    /// On which grant it hangs; none for a token of a client's own.
    pub grant: Option<GrantId>,
    /// Who acts already, the last one outermost.
    pub act: Option<ActorClaim>,
    /// When the person signed in, in seconds.
    pub auth_time: Option<i64>,
    /// How strongly.
    pub acr: Option<String>,
}

impl From<&AccessTokenClaims> for Presented {
    fn from(claims: &AccessTokenClaims) -> Self {
        Self {
            sub: claims.sub.clone(),
            client: claims.client_id.clone(),
            audience: claims.aud.clone(),
            scope: claims.scope.split(' ').map(str::to_owned).collect(),
            expires_at: claims.expires_at(),
            grant: claims.grant(),
            act: claims.act.clone(),
            auth_time: claims.auth_time,
            acr: claims.acr.clone(),
        }
    }
}

/// The claims of an ID Token that matter to an exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct IdTokenClaims {
    sub: String,
    aud: String,
    exp: i64,
    /// The session it was issued in.
    pub sid: SessionId,
    auth_time: Option<i64>,
    acr: Option<String>,
}

/// Verifies an ID Token of ours that has not expired.
///
/// # Errors
/// [`Reason::SubjectTokenWrong`].
pub fn verify_id_token(
    token: &str,
    keys: &JwkSet,
    (now, policy): (Timestamp, &Policy),
) -> Result<IdTokenClaims, Refusal> {
    let wrong = || Refusal::new(Reason::SubjectTokenWrong);
    let jws = CompactJws::parse(token, MAX_BYTES).map_err(|_| wrong())?;
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::AbsentOrOneOf(&["JWT"]),
        issuer: Some(policy.issuer.as_str()),
        audience: None,
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: 0,
        now_ms: now.millis(),
    };
    let verified = VerifiedJwt::<IdTokenClaims>::verify(&jws, keys, &rules);
    verified
        .map(|verified| verified.into_parts().1)
        .map_err(|_| wrong())
}

impl IdTokenClaims {
    /// What the token stands for: the newest active grant, in its session, of the client it was
    /// issued to.
    ///
    /// # Errors
    /// [`Reason::SubjectTokenWrong`] when there is none any more.
    pub fn presented(self, grants: &[Grant]) -> Result<Presented, Refusal> {
        let own = |g: &&Grant| g.client.as_str() == self.aud && g.state == GrantState::Active;
        let newest = grants.iter().filter(own).max_by_key(|g| g.created_at);
        let grant = newest.ok_or(Reason::SubjectTokenWrong)?;
        Ok(Presented {
            sub: self.sub,
            audience: Audience::from(self.aud.as_str()),
            client: self.aud,
            scope: grant.scope.clone(),
            expires_at: Timestamp::from_seconds(self.exp),
            grant: Some(grant.id),
            act: None,
            auth_time: self.auth_time,
            acr: self.acr,
        })
    }
}

/// A presented token with what is known about it at this moment.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it says.
    pub token: Presented,
    /// Its grant, and whether it was revoked by itself.
    pub facts: TokenFacts,
}

impl Known {
    fn is_live(&self, now: Timestamp) -> bool {
        let grant_lives = match (self.token.grant, &self.facts.grant) {
            (None, _) => true,
            (Some(_), grant) => grant.as_ref().is_some_and(|facts| is_live(facts, now)),
        };
        grant_lives && !self.facts.revoked && now < self.token.expires_at
    }
}

/// Decides an exchange of verified tokens.
///
/// Refuses a client without a policy, tokens that no longer count, tokens of clients that the
/// policy does not name, tokens meant for others, audiences that the policy does not name, and
/// scopes beyond the subject token's or the client's own. It does not check who holds a
/// sender-constrained token: the client answers for what it received.
pub fn decide(
    client: &AuthenticatedClient,
    (subject, actor): (&Known, Option<&Known>),
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    exchange(client, (subject, actor), wanted, deciding).unwrap_or_else(Decision::refused)
}

fn exchange(
    client: &AuthenticatedClient,
    (subject, actor): (&Known, Option<&Known>),
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let allowed = client.client().features.token_exchange.as_ref();
    let allowed = allowed.filter(|_| client.is_confidential());
    let allowed = allowed.ok_or(Reason::ExchangeNotAllowed)?;
    let client = client.client();
    let (now, policy) = (deciding.now(), deciding.policy);
    check_subject(subject, (client, allowed), (now, policy))?;
    let act = acting(client, allowed, (subject, actor), now)?;
    let resources = target(&wanted.resources, allowed)?;
    let aud = resource::audience(&resources, &policy.issuer)?;
    let scope = narrower(&subject.token, wanted.scope.as_ref(), client)?;
    let ends = subject
        .token
        .expires_at
        .min(now + access_lifetime(client, policy));
    let token = &subject.token;
    let access = AccessTokenClaims {
        iss: policy.issuer.as_str().to_owned(),
        sub: token.sub.clone(),
        aud,
        client_id: client.id.as_str().to_owned(),
        exp: ends.seconds(),
        iat: now.seconds(),
        jti: AccessTokenClaims::jti(token.grant, deciding.entropy),
        scope: resource::narrowed(&scope, &resources, client).to_string(),
        auth_time: token.auth_time,
        acr: token.acr.clone(),
        act,
        ..AccessTokenClaims::default()
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: token.grant,
            grant_type: GrantType::TokenExchange.as_str().to_owned(),
        },
    );
    let lifetime = u64::try_from(ends.seconds() - now.seconds()).unwrap_or(0);
    let mut plan = TokenPlan::of_access((client, access), lifetime, deciding.entropy);
    plan.members
        .insert("issued_token_type".to_owned(), ACCESS_TOKEN.into());
    Ok(Decision::done(plan).with_event(event))
}

/// RFC 8693 §2.1, §5: the subject token counts, it is of a client that the policy names, and it was
/// meant for the client that presents it: issued to it, for an audience that it answers for, or for
/// the provider. An ID Token is for the client it was issued to, whom the policy names.
fn check_subject(
    subject: &Known,
    (client, allowed): (&Client, &TokenExchangePolicy),
    (now, policy): (Timestamp, &Policy),
) -> Result<(), Refusal> {
    if !subject.is_live(now) {
        return Err(Reason::SubjectTokenEnded.into());
    }
    let token = &subject.token;
    let own = token.client == client.id.as_str();
    let named = |c: &crate::model::client::ClientId| c.as_str() == token.client;
    if !own && !allowed.subject_clients.iter().any(named) {
        return Err(Reason::SubjectTokenOfAnotherClient.into());
    }
    let received = client
        .features
        .audiences
        .iter()
        .any(|audience| token.audience.holds(audience));
    let general =
        token.audience.holds(policy.issuer.as_str()) || token.audience.holds(&token.client);
    let meant = own || received || general;
    meant
        .then_some(())
        .ok_or_else(|| Reason::SubjectTokenForAnother.into())
}

/// The `act` claim (RFC 8693 §4.1): who acts, and behind them who acted before. Impersonation adds
/// nobody, and takes nobody away.
fn acting(
    client: &Client,
    allowed: &TokenExchangePolicy,
    (subject, actor): (&Known, Option<&Known>),
    now: Timestamp,
) -> Result<Option<ActorClaim>, Refusal> {
    let before = subject.token.act.clone();
    let sub = match actor {
        None if allowed.impersonation => return Ok(before),
        None => client.id.as_str().to_owned(),
        Some(actor) if actor.token.client != client.id.as_str() => {
            return Err(Reason::ActorTokenOfAnotherClient.into());
        }
        Some(actor) if !actor.is_live(now) => return Err(Reason::ActorTokenEnded.into()),
        Some(actor) => actor.token.sub.clone(),
    };
    if before.as_ref().map_or(0, ActorClaim::length) >= LONGEST_CHAIN {
        return Err(Reason::ActorChainTooLong.into());
    }
    Ok(Some(ActorClaim {
        sub,
        client_id: client.id.as_str().to_owned(),
        act: before.map(Box::new),
    }))
}

/// The audiences of the new token: those that are named, or the only one that the policy has.
fn target(wanted: &[String], allowed: &TokenExchangePolicy) -> Result<Vec<String>, Refusal> {
    match (wanted, allowed.audiences.as_slice()) {
        ([], [only]) => Ok(vec![only.clone()]),
        ([], _) => Err(Reason::ExchangeTargetMissing.into()),
        (wanted, audiences) if wanted.iter().all(|w| audiences.contains(w)) => Ok(wanted.to_vec()),
        _ => Err(Reason::ExchangeTargetNotAllowed.into()),
    }
}

/// What the subject token and the client's own registration both hold; of that, what is wanted.
fn narrower(token: &Presented, wanted: Option<&Scope>, client: &Client) -> Result<Scope, Refusal> {
    let mut both = token.scope.clone();
    both.retain(|scope| client.scopes.contains(scope));
    match wanted {
        None => Ok(Scope::of(&both)),
        Some(wanted) if wanted.within(&both) => Ok(wanted.clone()),
        Some(_) => Err(Reason::ScopeExceedsSubjectToken.into()),
    }
}
