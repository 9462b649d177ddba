//! The tokens that an exchange is about: what they say, and whether they still count.

use serde::Deserialize;

use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::jose::{
    CompactJws, ExpectedTyp, ExpiryRule, JwkSet, JwtRules, SigningAlgorithm, VerifiedJwt,
};
use crate::model::confirmation::Confirmation;
use crate::model::grant::{Grant, GrantState};
use crate::model::{GrantId, SessionId};
use crate::oauth::access_token::{AccessTokenClaims, ActorClaim, Audience, MAX_BYTES};
use crate::oauth::introspect::TokenFacts;
use crate::oidc::userinfo::is_live;
use crate::policy::Policy;

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
    /// The keys that it is bound to.
    pub cnf: Confirmation,
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
            cnf: claims.cnf.clone(),
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
    /// issued to. It is bound as the tokens of that grant are, and a grant whose tokens are bound
    /// counts before others: an ID Token names no key, and would else free what it came with.
    ///
    /// # Errors
    /// [`Reason::SubjectTokenWrong`] when there is none any more.
    pub fn presented(self, grants: &[Grant]) -> Result<Presented, Refusal> {
        let own = |g: &&Grant| g.client.as_str() == self.aud && g.state == GrantState::Active;
        let standing = |g: &&Grant| (!g.confirmation.is_none(), g.created_at);
        let newest = grants.iter().filter(own).max_by_key(standing);
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
            cnf: grant.confirmation.clone(),
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
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        let grant_lives = match (self.token.grant, &self.facts.grant) {
            (None, _) => true,
            (Some(_), grant) => grant.as_ref().is_some_and(|facts| is_live(facts, now)),
        };
        grant_lives && !self.facts.revoked && now < self.token.expires_at
    }
}
