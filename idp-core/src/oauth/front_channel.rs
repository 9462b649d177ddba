//! Tokens that leave the authorization endpoint itself (OpenID Connect Core §3.2, §3.3).

use super::interaction::{InteractionFacts, SignedIn};
use super::scope::Scope;
use super::subject::AssignedSubject;
use super::token::{IssueFacts, TokenPlan, Wanted, plan};
use crate::base::refusal::Refusal;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::jose::SigningAlgorithm;
use crate::model::client::GrantType;
use crate::model::grant::{Grant, GrantState};
use crate::model::subject::Subject;
use crate::oidc::claims::Person;
use crate::oidc::{id_token, userinfo};
use crate::store::decision::Deciding;
use crate::store::records::GrantFacts;

/// Tokens that leave with an answer.
#[derive(Clone, Debug)]
pub struct FrontChannel {
    /// What they say.
    pub plan: TokenPlan,
    /// Whether the access token leaves; the ID Token does when the plan holds one.
    pub access: bool,
}

/// Where a new grant stands. Without a code there is nothing left to redeem.
pub(super) fn state(facts: &InteractionFacts<'_>) -> GrantState {
    if facts.request.response_type.has_code() {
        GrantState::Authorized
    } else {
        GrantState::Active
    }
}

/// Whether something leaves the authorization endpoint that counts before a code is redeemed.
pub(super) fn gives_tokens(facts: &InteractionFacts<'_>) -> bool {
    let response_type = facts.request.response_type;
    response_type.has_id_token() || response_type.has_token()
}

/// Plans the tokens that leave with the answer, under the grant that was just made. No refresh
/// token ever leaves this way (OAuth 2.0 §4.2.2).
///
/// # Errors
/// What planning tokens refuses with.
pub(super) fn issue(
    facts: &InteractionFacts<'_>,
    signed_in: &SignedIn,
    (grant, assigned, code): (&Grant, &AssignedSubject, Option<&SecretText>),
    deciding: &mut Deciding<'_>,
) -> Result<FrontChannel, Refusal> {
    let response_type = facts.request.response_type;
    let scope = Scope::of(&grant.scope);
    let loaded = GrantFacts {
        grant: grant.clone(),
        user: signed_in.user.clone(),
        session: Some(signed_in.session.clone()),
        subject: Some(Subject {
            issuer: grant.issuer.clone(),
            user: grant.user,
            sector: facts.client.sector_key().to_owned(),
            sub: assigned.sub.clone(),
        }),
    };
    let issued = IssueFacts {
        grant: &loaded,
        paths: &signed_in.paths,
    };
    let mut plan = plan(facts.client, &issued, (&scope, &Wanted::ALL), deciding)?;
    plan.refresh = None;
    let algorithm = SigningAlgorithm::parse(&plan.id_token_alg).ok();
    match plan
        .id_token
        .as_mut()
        .filter(|_| response_type.has_id_token())
    {
        None => plan.id_token = None,
        Some(claims) => {
            if let (Some(code), Some(algorithm)) = (code, algorithm) {
                let hash = id_token::c_hash(code.expose(), algorithm);
                claims.insert("c_hash".to_owned(), hash.into());
            }
            if !response_type.has_code() && !response_type.has_token() {
                // §5.4: without an access token there is no userinfo to ask.
                let person = Person {
                    user: &loaded.user,
                    position: userinfo::chosen(grant, &loaded, deciding.now()),
                    paths: issued.paths,
                };
                let mut more = person.standard_claims(&scope);
                more.extend(person.named_claims(&grant.claims.userinfo));
                for (name, value) in more {
                    claims.entry(name).or_insert(value);
                }
            }
        }
    }
    Ok(FrontChannel {
        plan,
        access: response_type.has_token(),
    })
}

/// What is recorded when tokens leave this way.
pub(super) fn issued(grant: &Grant) -> (Actor, What) {
    let what = What::TokenIssued {
        client: grant.client.clone(),
        grant: Some(grant.id),
        grant_type: GrantType::Implicit.as_str().to_owned(),
    };
    (Actor::User(grant.user), what)
}
