//! Assertions as grants (RFC 7523 §2.1): an issuer that the client's registration names vouches that
//! the client works for a person right now.
//!
//! An assertion opens nothing that the person did not: it stands for the newest grant that the
//! person gave this client and that still counts, kept beyond the session with `offline_access`, or
//! of a session that is open. What ends that grant ends the token.

use serde_json::{Map, Value};

use super::refresh_token::check;
use super::{IssueFacts, TokenPlan, Wanted, plan};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JoseError, JwkSet, JwtRules, RegisteredClaims,
    SigningAlgorithm, VerifiedJwt,
};
use crate::model::client::{AssertionIssuer, Client, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::client_keys::{self, ClientKeys, FetchedKeys};
use crate::oauth::sender::addresses;
use crate::policy::Policy;
use crate::store::decision::{Deciding, Decision};
use crate::store::tickets::{TicketKey, TicketKind};

const MAX_BYTES: usize = 8 * 1024;
/// An assertion may be valid this long at most; it bounds the replay marks.
const MAX_SECONDS: i64 = 3600;
const MAX_NAME_BYTES: usize = 256;
/// The most grants of one person at one client that are looked at, the newest first.
pub const MOST_GRANTS: usize = 8;

/// An assertion that was verified, but not marked as used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// What the client calls the person.
    pub sub: String,
    /// The mark that lets it count once, and until when it has to stand.
    pub mark: (TicketKey, Timestamp),
}

/// Verifies an assertion (RFC 7523 §3): its issuer is registered for the client, the signature is of
/// one of the issuer's keys, the audience is this provider, it names a person and itself, and expires
/// within an hour. Only clients that authenticate may present one. Asks for the issuer's keys where
/// they are published.
///
/// Refuses with [`Reason::AssertionClientUnfit`], [`Reason::AssertionMalformed`],
/// [`Reason::AssertionIssuerUnknown`], [`Reason::AssertionKeysUnavailable`],
/// [`Reason::AssertionSignatureWrong`], [`Reason::AssertionClaimsWrong`].
pub fn verify(
    client: &AuthenticatedClient,
    assertion: &SecretText,
    fetched: &FetchedKeys,
    (now, policy): (Timestamp, &Policy),
) -> Decision<VerifiedAssertion> {
    if !client.is_confidential() {
        return Decision::refused(Reason::AssertionClientUnfit);
    }
    let client = client.client();
    let Ok(jws) = CompactJws::parse(assertion.expose(), MAX_BYTES) else {
        return Decision::refused(Reason::AssertionMalformed);
    };
    let Ok(stated) = RegisteredClaims::peek(&jws) else {
        return Decision::refused(Reason::AssertionMalformed);
    };
    let named = |one: &&AssertionIssuer| Some(one.issuer.as_str()) == stated.issuer.as_deref();
    let Some(issuer) = client.features.assertion_issuers.iter().find(named) else {
        return Decision::refused(Reason::AssertionIssuerUnknown);
    };
    let fits = |keys: &JwkSet| keys.candidates(jws.header()).next().is_some();
    let places = (issuer.jwks.as_ref(), issuer.jwks_uri.as_deref());
    let keys = match client_keys::registered(places, fetched, fits) {
        ClientKeys::Known(keys) => keys,
        ClientKeys::Asks(asks) => return Decision::need(asks),
        ClientKeys::Unreadable | ClientKeys::None => {
            return Decision::refused(Reason::AssertionKeysUnavailable);
        }
    };
    let mut audience = vec![policy.issuer.as_str().to_owned()];
    audience.extend(addresses("/token", policy));
    let audience: Vec<&str> = audience.iter().map(String::as_str).collect();
    let rules = JwtRules {
        algorithms: SigningAlgorithm::ALL,
        typ: ExpectedTyp::NotChecked,
        issuer: Some(&issuer.issuer),
        audience: Some(&audience),
        expiry: ExpiryRule::Required,
        max_age_seconds: None,
        skew_seconds: skew(policy),
        now_ms: now.millis(),
    };
    match VerifiedJwt::<Map<String, Value>>::verify(&jws, &*keys, &rules) {
        Ok(verified) => once(
            client,
            &issuer.issuer,
            verified.into_parts().0,
            (now, policy),
        )
        .map_or_else(Decision::refused, Decision::done),
        Err(error) => Decision::refused(reason(error)),
    }
}

/// What lets it count once, and for whom.
fn once(
    client: &Client,
    issuer: &str,
    claims: RegisteredClaims,
    (now, policy): (Timestamp, &Policy),
) -> Result<VerifiedAssertion, Refusal> {
    let fits = |name: &String| (1..=MAX_NAME_BYTES).contains(&name.len());
    let until = claims.expires_at_ms.map_or(now, Timestamp::from_millis);
    let soon = until.seconds() <= now.seconds() + MAX_SECONDS + i64::from(skew(policy));
    let (sub, jti) = (claims.subject.filter(fits), claims.jwt_id.filter(fits));
    let (Some(sub), Some(jti), true) = (sub, jti, soon) else {
        return Err(Reason::AssertionClaimsWrong.into());
    };
    // No client can spend what another presents: they do not see each other's assertions.
    let name = format!("{}|{issuer}|{jti}", client.id);
    let mark = TicketKey::of(TicketKind::GrantAssertionSeen, &name);
    let mark = (mark, until + policy.skew);
    Ok(VerifiedAssertion { sub, mark })
}

fn skew(policy: &Policy) -> u32 {
    u32::try_from(policy.skew.as_secs()).unwrap_or(0)
}

/// Which rule a JOSE refusal violates here: about the signature or its key, or what was signed.
fn reason(error: JoseError) -> Reason {
    match error {
        JoseError::JwtAlgorithmNotAllowed
        | JoseError::JwsNoMatchingKey
        | JoseError::JwsTooManyCandidateKeys
        | JoseError::JwsKeyIdMismatch
        | JoseError::JwsKeyAlgorithmMismatch
        | JoseError::JwsKeyTypeMismatch
        | JoseError::JwsKeyNotForVerification
        | JoseError::JwsSignatureInvalid => Reason::AssertionSignatureWrong,
        _ => Reason::AssertionClaimsWrong,
    }
}

/// The grants of a person that an assertion may stand for: this client's, the newest first.
pub fn candidates(client: &Client, mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.retain(|grant| {
        grant.client == client.id
            && grant.issuer == client.issuer
            && grant.state == GrantState::Active
    });
    grants.sort_unstable_by_key(|grant| std::cmp::Reverse(grant.created_at));
    grants.truncate(MOST_GRANTS);
    grants
}

/// Decides on one grant that the assertion may stand for; none when the person has none left.
/// The token is no more than the grant: no refresh token and no ID Token come with it.
///
/// Refuses with [`Reason::AssertionWithoutGrant`] where there is no grant that counts and whose
/// client calls the person so, and as a refresh does for a scope beyond it.
pub fn decide(
    client: &AuthenticatedClient,
    assertion: &VerifiedAssertion,
    wanted: &Wanted,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let told = |facts: &&IssueFacts<'_>| {
        let subject = facts.grant.subject.as_ref();
        let named = subject.is_some_and(|subject| subject.sub == assertion.sub);
        named && check((client.client(), facts), None, deciding.now()).is_ok()
    };
    let Some(facts) = facts.filter(told) else {
        return Decision::refused(Reason::AssertionWithoutGrant);
    };
    issue(client.client(), facts, wanted, deciding).unwrap_or_else(Decision::refused)
}

fn issue(
    client: &Client,
    facts: &IssueFacts<'_>,
    wanted: &Wanted,
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let scope = check((client, facts), wanted.scope.as_ref(), deciding.now())?;
    let plan = TokenPlan {
        id_token: None,
        refresh: None,
        ..plan(client, facts, (&scope, wanted), deciding)?
    };
    let event = deciding.event(
        Actor::Client(client.id.clone()),
        What::TokenIssued {
            client: client.id.clone(),
            grant: Some(facts.grant.grant.id),
            grant_type: GrantType::JwtBearer.as_str().to_owned(),
        },
    );
    Ok(Decision::done(plan).with_event(event))
}
