//! The userinfo endpoint (OpenID Connect Core §5.3).

use serde_json::{Map, Value};

use super::claims::{Person, UnitPath};
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::Client;
use crate::model::grant::{Grant, GrantState};
use crate::model::user::Position;
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::scope::{OPENID, Scope};
use crate::store::records::GrantFacts;

/// Whether what was issued under a grant still counts: the grant lives (while its code waits, only
/// what left the authorization endpoint with the code counts), its user is active, and
/// its session has not ended early unless the grant outlives it.
pub fn is_live(facts: &GrantFacts, now: Timestamp) -> bool {
    let session_over = !facts.grant.offline
        && facts
            .session
            .as_ref()
            .is_none_or(|s| s.ended.is_some() || now >= s.expires_at);
    let lives = match facts.grant.state {
        GrantState::Active => true,
        GrantState::Authorized => facts.grant.front_channel,
        GrantState::Revoked => false,
    };
    lives && facts.user.is_active() && !session_over
}

/// Answers userinfo for a verified token.
///
/// # Errors
/// [`Reason::TokenRevoked`] when the token or its grant no longer counts;
/// [`Reason::TokenScopeTooSmall`] without `openid`.
pub fn decide(
    token: &AccessTokenClaims,
    facts: Option<&GrantFacts>,
    paths: &[UnitPath],
    (revoked, now): (bool, Timestamp),
) -> Result<Map<String, Value>, Refusal> {
    if !token.holds(OPENID) {
        return Err(Reason::TokenScopeTooSmall.into());
    }
    let facts = facts
        .filter(|facts| !revoked && is_live(facts, now))
        .ok_or_else(|| Refusal::new(Reason::TokenRevoked))?;
    let scope = Scope::parse(&token.scope)?;
    let position = chosen(&facts.grant, facts, now);
    let person = Person {
        user: &facts.user,
        position,
        paths,
    };
    let mut claims = person.standard_claims(&scope);
    claims.append(&mut person.named_claims(&facts.grant.claims.userinfo));
    claims.append(&mut person.organisation_claims(&scope, now));
    claims.insert("sub".to_owned(), token.sub.clone().into());
    Ok(claims)
}

/// Userinfo as a JWT is for one client and says from whom (OpenID Connect Core §5.3.2).
pub fn as_jwt(claims: &mut Map<String, Value>, client: &Client, issuer: &str) {
    claims.insert("iss".to_owned(), issuer.into());
    claims.insert("aud".to_owned(), client.id.as_str().into());
}

/// The position of a grant, if it is still held; the main one otherwise.
pub fn chosen<'a>(grant: &Grant, facts: &'a GrantFacts, now: Timestamp) -> Option<&'a Position> {
    let held = facts.user.positions_at(now);
    let chosen = grant
        .position
        .and_then(|id| held.iter().find(|p| p.id == id));
    chosen.or_else(|| held.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::session::SessionEnd;
    use crate::model::user::AccountState;
    use crate::oauth::sample::{NOW, access_claims, grant_facts, web};

    fn token(scope: &str) -> AccessTokenClaims {
        AccessTokenClaims {
            scope: scope.into(),
            ..access_claims()
        }
    }

    #[test]
    fn the_claims_are_those_of_the_tokens_scope() {
        let facts = grant_facts(&web());
        let told = decide(&token("openid"), Some(&facts), &[], (false, NOW)).unwrap();
        assert_eq!(Value::Object(told), serde_json::json!({"sub": "sub-an"}));
        let told = decide(&token("openid profile"), Some(&facts), &[], (false, NOW)).unwrap();
        assert_eq!(told["name"], "Nguyễn an");
    }

    #[test]
    fn a_token_that_does_not_count_learns_nothing() {
        let facts = grant_facts(&web());
        let ask = |scope: &str, facts: Option<&GrantFacts>, revoked| {
            let refused = decide(&token(scope), facts, &[], (revoked, NOW)).unwrap_err();
            refused.reason
        };
        assert_eq!(
            ask("profile", Some(&facts), false),
            Reason::TokenScopeTooSmall
        );
        assert_eq!(ask("openid", Some(&facts), true), Reason::TokenRevoked);
        assert_eq!(ask("openid", None, false), Reason::TokenRevoked);
        let mut over = facts;
        over.grant.state = GrantState::Revoked;
        assert_eq!(ask("openid", Some(&over), false), Reason::TokenRevoked);
    }

    #[test]
    fn a_grant_counts_while_it_its_user_and_its_session_do() {
        type Change = fn(&mut GrantFacts);
        fn end(facts: &mut GrantFacts) {
            let session = facts.session.as_mut().unwrap();
            session.ended = Some((NOW, SessionEnd::SignedOut));
        }
        let cases: [(Change, bool); 10] = [
            (|_| (), true),
            (|f| f.grant.state = GrantState::Authorized, false),
            (
                |f| {
                    f.grant.state = GrantState::Authorized;
                    f.grant.front_channel = true;
                },
                true,
            ),
            (|f| f.grant.state = GrantState::Revoked, false),
            (
                |f| {
                    f.user.state = AccountState::Disabled {
                        at: NOW,
                        why: String::new(),
                    }
                },
                false,
            ),
            (end, false),
            (|f| f.session.as_mut().unwrap().expires_at = NOW, false),
            (|f| f.session = None, false),
            (
                |f| {
                    f.grant.offline = true;
                    end(f);
                },
                true,
            ),
            (
                |f| {
                    f.grant.offline = true;
                    f.grant.state = GrantState::Revoked;
                },
                false,
            ),
        ];
        for (place, (change, expected)) in cases.into_iter().enumerate() {
            let mut facts = grant_facts(&web());
            change(&mut facts);
            assert_eq!(is_live(&facts, NOW), expected, "case {place}");
        }
    }

    #[test]
    fn a_position_that_is_no_longer_held_gives_way_to_the_main_one() {
        let mut facts = grant_facts(&web());
        assert_eq!(chosen(&facts.grant, &facts, NOW), None);
        facts.user = sample::with_position(facts.user, sample::HEALTH);
        facts.user = sample::with_position(facts.user, sample::JUSTICE);
        let unit = |facts: &GrantFacts| chosen(&facts.grant, facts, NOW).map(|p| p.unit);
        assert_eq!(unit(&facts), Some(sample::HEALTH));
        facts.grant.position = Some(facts.user.positions[1].id);
        assert_eq!(unit(&facts), Some(sample::JUSTICE));
        facts.user.positions[1].until = Some(NOW);
        assert_eq!(unit(&facts), Some(sample::HEALTH));
    }
}
