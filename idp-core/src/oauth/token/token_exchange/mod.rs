//! Exchanging a token for another (RFC 8693): a service that was called with a person's token
//! calls the next one in that person's name.
//!
//! The new token hangs on the grant of the old one: what ends the old one ends the new one. It is
//! never worth more, in scope or in time, and says who acts for whom, unless the client's policy
//! lets it impersonate. There is no refresh token.

mod presented;

pub use presented::{IdTokenClaims, Known, Presented, verify_id_token};

use super::{TokenPlan, Wanted, access_lifetime};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::client::{Client, ClientId, GrantType, TokenExchangePolicy};
use crate::oauth::access_token::{AccessTokenClaims, ActorClaim};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::params::Parameters;
use crate::oauth::resource;
use crate::oauth::scope::Scope;
use crate::oauth::subject;
use crate::policy::Policy;
use crate::store::change::Change;
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

/// What an exchange is decided on.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeFacts<'a> {
    /// The token of whom the new one speaks.
    pub subject: &'a Known,
    /// The token of who acts.
    pub actor: Option<&'a Known>,
    /// What the client calls the subject's user; none when the client's sector has no name for the
    /// user yet, or the token speaks of no user.
    pub sub: Option<&'a str>,
}

/// Decides an exchange of verified tokens.
///
/// Refuses a client without a policy, tokens that no longer count, tokens of clients that the
/// policy does not name, tokens meant for others, tokens bound to a key that was not shown,
/// audiences that the policy does not name, and scopes beyond the subject token's or the client's
/// own. The user gets the name that the client knows, or would know, from a sign-in of its own.
pub fn decide(
    client: &AuthenticatedClient,
    facts: ExchangeFacts<'_>,
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    exchange(client, facts, wanted, deciding).unwrap_or_else(Decision::refused)
}

fn exchange(
    sender: &AuthenticatedClient,
    facts: ExchangeFacts<'_>,
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let client = sender.client();
    let allowed = client.features.token_exchange.as_ref();
    let allowed = allowed.filter(|_| sender.is_confidential());
    let allowed = allowed.ok_or(Reason::ExchangeNotAllowed)?;
    let (now, policy) = (deciding.now(), deciding.policy);
    check_subject(facts.subject, (sender, allowed), (now, policy))?;
    let act = acting(sender, allowed, facts, now)?;
    let resources = target(&wanted.resources, allowed)?;
    let token = &facts.subject.token;
    let scope = narrower(token, wanted.scope.as_ref(), client)?;
    let ends = token.expires_at.min(now + access_lifetime(client, policy));
    let (sub, made) = named(client, facts, deciding);
    let access = AccessTokenClaims {
        iss: policy.issuer.as_str().to_owned(),
        sub,
        aud: resource::audience(&resources, &policy.issuer)?,
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
    let mut decision = Decision::done(plan).with_event(event);
    decision.changes.extend(made);
    Ok(decision)
}

/// What the new token calls its subject: a user by the client's name for them, so that an exchange
/// does not tell one sector the names of another (OpenID Connect Core §8.1); a client by its own.
fn named(
    client: &Client,
    facts: ExchangeFacts<'_>,
    deciding: &mut Deciding<'_>,
) -> (String, Option<Change>) {
    let Some(grant) = &facts.subject.facts.grant else {
        return (facts.subject.token.sub.clone(), None);
    };
    let assigned = subject::assign(client, grant.user.id, facts.sub, deciding.entropy);
    (assigned.sub, assigned.made)
}

/// RFC 8693 §2.1, §5: the subject token counts, it is of a client that the policy names, and it was
/// meant for the client that presents it: issued to it, for an audience that it answers for, or for
/// the provider. An ID Token is for the client it was issued to, whom the policy names.
///
/// Of a token that is bound to a key (RFC 9449 §6, RFC 8705 §3) the key must be shown with the
/// request; only the API that the token is for need not, since it received the token together with
/// a proof of the key, which is its own to check. An ID Token is bound as the access tokens of its
/// grant are.
fn check_subject(
    subject: &Known,
    (sender, allowed): (&AuthenticatedClient, &TokenExchangePolicy),
    (now, policy): (Timestamp, &Policy),
) -> Result<(), Refusal> {
    if !subject.is_live(now) {
        return Err(Reason::SubjectTokenEnded.into());
    }
    let (token, client) = (&subject.token, sender.client());
    let own = token.client == client.id.as_str();
    let named = |c: &ClientId| c.as_str() == token.client;
    if !own && !allowed.subject_clients.iter().any(named) {
        return Err(Reason::SubjectTokenOfAnotherClient.into());
    }
    let answers_for = &client.features.audiences;
    let received = answers_for.iter().any(|a| token.audience.holds(a));
    let general =
        token.audience.holds(policy.issuer.as_str()) || token.audience.holds(&token.client);
    if !(own || received || general) {
        return Err(Reason::SubjectTokenForAnother.into());
    }
    let shown = token.cnf.is_met_by(sender.confirmation());
    (shown || (received && !own))
        .then_some(())
        .ok_or_else(|| Reason::SubjectTokenKeyNotShown.into())
}

/// The `act` claim (RFC 8693 §4.1): who acts, and behind them who acted before. Impersonation adds
/// nobody, and takes nobody away.
fn acting(
    sender: &AuthenticatedClient,
    allowed: &TokenExchangePolicy,
    facts: ExchangeFacts<'_>,
    now: Timestamp,
) -> Result<Option<ActorClaim>, Refusal> {
    let before = facts.subject.token.act.clone();
    let client = &sender.client().id;
    let sub = match facts.actor {
        None if allowed.impersonation => return Ok(before),
        None => client.as_str().to_owned(),
        Some(actor) if actor.token.client != client.as_str() => {
            return Err(Reason::ActorTokenOfAnotherClient.into());
        }
        Some(actor) if !actor.is_live(now) => return Err(Reason::ActorTokenEnded.into()),
        Some(actor) if !actor.token.cnf.is_met_by(sender.confirmation()) => {
            return Err(Reason::ActorTokenKeyNotShown.into());
        }
        Some(actor) => actor.token.sub.clone(),
    };
    if before.as_ref().map_or(0, ActorClaim::length) >= LONGEST_CHAIN {
        return Err(Reason::ActorChainTooLong.into());
    }
    Ok(Some(ActorClaim {
        sub,
        client_id: client.as_str().to_owned(),
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
