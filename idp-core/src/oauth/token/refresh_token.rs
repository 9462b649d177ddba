//! Refresh tokens (RFC 6749 §6): rotated, with reuse detection (RFC 9700 §4.14.2).
//!
//! A token is grant id + generation + MAC; nothing of it rests. Records hold the newest
//! generation. The newest rotates. The one before it, within a short grace, gets the same
//! successor again (an answer was lost). Anything older revokes the grant.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{IssueFacts, TokenPlan, plan};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::GrantId;
use crate::model::client::{Client, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::scope::Scope;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};
use subtle::ConstantTimeEq;

/// A refresh token taken apart; its MAC is not yet checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    grant: GrantId,
    generation: u32,
    tag: [u8; 32],
}

/// A refresh token whose MAC was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Its grant.
    pub grant: GrantId,
    /// Its generation.
    pub generation: u32,
}

impl RefreshToken {
    /// The bytes under the MAC.
    pub fn message(grant: GrantId, generation: u32) -> Vec<u8> {
        let mut message = b"idp refresh token v1".to_vec();
        message.extend_from_slice(&grant.to_bytes());
        message.extend_from_slice(&generation.to_be_bytes());
        message
    }

    /// The token's text: 70 base64url characters.
    pub fn encode(grant: GrantId, generation: u32, tag: &[u8; 32]) -> SecretText {
        let bytes = [&grant.to_bytes()[..], &generation.to_be_bytes(), tag].concat();
        SecretText::new(URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Presented {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Reason::RefreshTokenMalformed`].
    pub fn parse(token: &SecretText) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Reason::RefreshTokenMalformed);
        let bytes = URL_SAFE_NO_PAD.decode(token.expose()).map_err(|_| malformed())?;
        let (grant, rest) = bytes.split_first_chunk::<16>().ok_or_else(malformed)?;
        let (generation, tag) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
        Ok(Self {
            grant: GrantId::from_u128(u128::from_be_bytes(*grant)),
            generation: u32::from_be_bytes(*generation),
            tag: tag.try_into().map_err(|_| malformed())?,
        })
    }

    /// The bytes whose MAC is needed.
    pub fn message(&self) -> Vec<u8> {
        RefreshToken::message(self.grant, self.generation)
    }

    /// Checks the MAC against the tags under every usable key.
    ///
    /// # Errors
    /// [`Reason::RefreshTokenMalformed`] when none matches.
    pub fn verify(&self, tags: &[[u8; 32]]) -> Result<RefreshToken, Refusal> {
        let matches = tags.iter().any(|tag| bool::from(tag.ct_eq(&self.tag)));
        matches
            .then_some(RefreshToken { grant: self.grant, generation: self.generation })
            .ok_or_else(|| Reason::RefreshTokenMalformed.into())
    }
}

/// Decides a refresh.
pub fn decide(
    client: &AuthenticatedClient,
    token: RefreshToken,
    wanted: Option<&Scope>,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let client = client.client();
    let Some(facts) = facts else { return Decision::refused(Reason::GrantEnded) };
    let grant = &facts.grant.grant;
    if grant.client != client.id {
        return Decision::refused(Reason::RefreshTokenOfAnotherClient);
    }
    if grant.state != GrantState::Active {
        return Decision::refused(Reason::GrantEnded);
    }
    match standing(token, grant, (deciding.now(), deciding.policy.lifetimes.refresh_grace)) {
        Standing::Old => reused(client, grant, deciding),
        standing => check(facts, wanted, deciding.now())
            .and_then(|scope| issue(client, facts, (&scope, standing), deciding))
            .unwrap_or_else(Decision::refused),
    }
}

/// Where a token stands among the generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Newest,
    JustRotated,
    Old,
}

fn standing(
    token: RefreshToken,
    grant: &Grant,
    (now, grace): (Timestamp, std::time::Duration),
) -> Standing {
    if token.generation == grant.generation {
        Standing::Newest
    } else if token.generation.checked_add(1) == Some(grant.generation)
        && now < grant.rotated_at + grace
    {
        Standing::JustRotated
    } else {
        Standing::Old
    }
}

fn reused(client: &Client, grant: &Grant, deciding: &mut Deciding<'_>) -> Decision<TokenPlan> {
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::GrantRevoked {
            client: client.id.clone(),
            grant: grant.id,
            reason: Reason::RefreshTokenReused.name().to_owned(),
        },
    );
    let revoked = Grant { state: GrantState::Revoked, ..grant.clone() };
    Decision::refused(Reason::RefreshTokenReused)
        .with_change(Change::Grant(Write::Put(revoked)))
        .with_event(event)
}

fn check(facts: &IssueFacts<'_>, wanted: Option<&Scope>, now: Timestamp) -> Result<Scope, Refusal> {
    let facts = facts.grant;
    if now >= facts.grant.expires_at {
        return Err(Reason::GrantEnded.into());
    }
    if !facts.user.is_active() {
        return Err(Reason::PersonDisabled.into());
    }
    if !crate::oidc::userinfo::is_live(facts, now) {
        return Err(Reason::SessionOver.into());
    }
    match wanted {
        None => Ok(Scope::of(&facts.grant.scope)),
        Some(wanted) if wanted.within(&facts.grant.scope) => Ok(wanted.clone()),
        Some(_) => Err(Reason::ScopeExceedsGrant.into()),
    }
}

fn issue(
    client: &Client,
    facts: &IssueFacts<'_>,
    (scope, standing): (&Scope, Standing),
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let mut issued = facts.grant.clone();
    let mut changes = Vec::new();
    if standing == Standing::Newest {
        issued.grant.generation = issued.grant.generation.saturating_add(1);
        issued.grant.rotated_at = deciding.now();
        changes.push(Change::Grant(Write::Put(issued.grant.clone())));
    }
    let mut plan = plan(client, &IssueFacts { grant: &issued, paths: facts.paths }, scope, deciding)?;
    // OpenID Connect Core §12.2: an ID Token from a refresh carries no nonce of its own.
    if let Some(claims) = &mut plan.id_token {
        claims.remove("nonce");
    }
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: Some(issued.grant.id),
            grant_type: GrantType::RefreshToken.as_str().to_owned(),
        },
    );
    let mut decision = Decision::done(plan).with_event(event);
    decision.changes = changes;
    Ok(decision)
}
