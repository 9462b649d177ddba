//! Refresh tokens (RFC 6749 §6): rotated, with reuse detection (RFC 9700 §4.14.2).
//!
//! A token is grant id + generation + MAC; nothing of it rests. Records hold the newest
//! generation. The newest rotates. The one before it, within a short grace, gets the same
//! successor again (an answer was lost). Anything older revokes the grant.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{IssueFacts, TokenPlan, Wanted, plan};
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::GrantId;
use crate::model::client::{Client, GrantType};
use crate::model::grant::{Grant, GrantState};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::scope::{self, Scope};
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
        let bytes = URL_SAFE_NO_PAD
            .decode(token.expose())
            .map_err(|_| malformed())?;
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
            .then_some(RefreshToken {
                grant: self.grant,
                generation: self.generation,
            })
            .ok_or_else(|| Reason::RefreshTokenMalformed.into())
    }
}

/// Decides a refresh.
pub fn decide(
    authenticated: &AuthenticatedClient,
    token: RefreshToken,
    wanted: &Wanted,
    facts: Option<&IssueFacts<'_>>,
    deciding: &mut Deciding<'_>,
) -> Decision<TokenPlan> {
    let client = authenticated.client();
    let Some(facts) = facts else {
        return Decision::refused(Reason::GrantEnded);
    };
    let grant = &facts.grant.grant;
    if grant.client != client.id {
        return Decision::refused(Reason::RefreshTokenOfAnotherClient);
    }
    if grant.state != GrantState::Active {
        return Decision::refused(Reason::GrantEnded);
    }
    if !grant
        .refresh_confirmation
        .is_met_by(authenticated.confirmation())
    {
        return Decision::refused(Reason::RefreshTokenKeyWrong);
    }
    match standing(
        token,
        grant,
        (deciding.now(), deciding.policy.lifetimes.refresh_grace),
    ) {
        Standing::Old => reused(client, grant, deciding),
        standing => check((client, facts), wanted.scope.as_ref(), deciding.now())
            .and_then(|scope| {
                let part = (&scope, wanted);
                issue(authenticated, facts, (part, standing), deciding)
            })
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
    Decision::refused(Reason::RefreshTokenReused)
        .with_change(Change::RevokeGrant(grant.id))
        .with_event(event)
}

/// What a token of a grant that still counts may be used for. A grant outlives its session only
/// while its client is registered for that.
///
/// # Errors
/// [`Reason::GrantEnded`], [`Reason::PersonDisabled`], [`Reason::SessionOver`],
/// [`Reason::OfflineAccessWithdrawn`], [`Reason::ScopeExceedsGrant`].
pub(super) fn check(
    (client, facts): (&Client, &IssueFacts<'_>),
    wanted: Option<&Scope>,
    now: Timestamp,
) -> Result<Scope, Refusal> {
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
    let may_outlive = client.scopes.iter().any(|s| s == scope::OFFLINE_ACCESS);
    if facts.grant.offline && !may_outlive {
        return Err(Reason::OfflineAccessWithdrawn.into());
    }
    match wanted {
        None => Ok(Scope::of(&facts.grant.scope)),
        Some(wanted) if wanted.within(&facts.grant.scope) => Ok(wanted.clone()),
        Some(_) => Err(Reason::ScopeExceedsGrant.into()),
    }
}

fn issue(
    authenticated: &AuthenticatedClient,
    facts: &IssueFacts<'_>,
    (part, standing): ((&Scope, &Wanted), Standing),
    deciding: &mut Deciding<'_>,
) -> Result<Decision<TokenPlan>, Refusal> {
    let client = authenticated.client();
    let mut issued = facts.grant.clone();
    let mut changes = Vec::new();
    if standing == Standing::Newest {
        issued.grant.generation = issued.grant.generation.saturating_add(1);
        issued.grant.rotated_at = deciding.now();
        // A key that was shown once is asked for from then on; a key asked for was shown here.
        issued.grant.refresh_confirmation = authenticated.refresh_confirmation();
        issued.grant.confirmation = authenticated.confirmation().clone();
        changes.push(Change::Grant(Write::Put(issued.grant.clone())));
    }
    let mut plan = plan(
        client,
        &IssueFacts {
            grant: &issued,
            paths: facts.paths,
        },
        part,
        deciding,
    )?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, done};
    use crate::model::session::SessionEnd;
    use crate::model::user::AccountState;
    use crate::oauth::sample::{
        NOW, Stage, after, authenticated, grant_facts, named, reason, revoked_grant, web,
        written_grant,
    };
    use crate::store::records::GrantFacts;

    /// A grant at its third generation, rotated just now.
    fn third() -> GrantFacts {
        let mut facts = grant_facts(&web());
        facts.grant.generation = 3;
        facts.grant.scope = vec!["openid".into(), "profile".into(), "roles".into()];
        facts.grant.nonce = Some("n".into());
        facts
    }

    fn refresh(
        client: &Client,
        generation: u32,
        wanted: Option<&str>,
        facts: &GrantFacts,
        now: Timestamp,
    ) -> Decision<TokenPlan> {
        let token = RefreshToken {
            grant: facts.grant.id,
            generation,
        };
        let wanted = Wanted {
            scope: wanted.map(|text| Scope::parse(text).unwrap()),
            ..Wanted::default()
        };
        let facts = IssueFacts {
            grant: facts,
            paths: &[],
        };
        let mut stage = Stage::at(now);
        decide(
            &authenticated(client),
            token,
            &wanted,
            Some(&facts),
            &mut stage.deciding(),
        )
    }

    #[test]
    fn the_newest_rotates() {
        let facts = third();
        let decision = refresh(&web(), 3, None, &facts, after(100));
        let grant = written_grant(&decision).unwrap();
        assert_eq!((grant.generation, grant.rotated_at), (4, after(100)));
        assert_eq!(
            grant.expires_at, facts.grant.expires_at,
            "rotation lengthens nothing"
        );
        let plan = done(decision);
        assert_eq!(plan.refresh, Some((facts.grant.id, 4)));
        assert_eq!(plan.access.scope, "openid profile roles");
        let id_token = plan.id_token.unwrap();
        assert_eq!(
            id_token["auth_time"],
            facts.grant.authentication.at.seconds()
        );
        assert!(!id_token.contains_key("nonce"));
    }

    #[test]
    fn within_the_grace_the_one_before_gets_the_same_successor() {
        let decision = refresh(&web(), 2, None, &third(), after(9));
        assert!(decision.changes.is_empty());
        assert_eq!(done(decision).refresh, Some((third().grant.id, 3)));
    }

    #[test]
    fn whatever_is_older_or_newer_than_ever_made_revokes() {
        for (generation, now) in [
            (2, after(10)),
            (1, NOW),
            (0, NOW),
            (4, NOW),
            (u32::MAX, NOW),
        ] {
            let decision = refresh(&web(), generation, None, &third(), now);
            assert_eq!(
                reason(&decision),
                Reason::RefreshTokenReused,
                "{generation}"
            );
            assert_eq!(revoked_grant(&decision), Some(third().grant.id));
            assert!(matches!(decision.events[0].what, What::GrantRevoked { .. }));
        }
    }

    #[test]
    fn another_clients_token_is_refused_and_nothing_ends() {
        for generation in [3, 1] {
            let decision = refresh(&named("other"), generation, None, &third(), NOW);
            assert_eq!(reason(&decision), Reason::RefreshTokenOfAnotherClient);
            assert!(decision.changes.is_empty());
        }
    }

    #[test]
    fn a_scope_may_be_narrowed_for_one_answer_and_never_widened() {
        let decision = refresh(&web(), 3, Some("openid"), &third(), NOW);
        assert_eq!(written_grant(&decision).unwrap().scope, third().grant.scope);
        let plan = done(decision);
        assert_eq!(plan.access.scope, "openid");
        assert!(
            !plan.id_token.unwrap().contains_key("roles"),
            "no claim nobody asked for"
        );
        let silent = done(refresh(&web(), 3, Some("profile"), &third(), NOW));
        assert_eq!(silent.id_token, None);
        for wider in ["openid email", "offline_access"] {
            let decision = refresh(&web(), 3, Some(wider), &third(), NOW);
            assert_eq!(reason(&decision), Reason::ScopeExceedsGrant);
            assert!(decision.changes.is_empty(), "the token is not spent");
        }
    }

    #[test]
    fn what_an_administrator_took_back_is_in_no_later_token() {
        let mut less = web();
        less.scopes.retain(|s| s != "roles");
        let decision = refresh(&less, 3, None, &third(), NOW);
        assert_eq!(written_grant(&decision).unwrap().scope, third().grant.scope);
        let plan = done(decision);
        assert_eq!(plan.access.scope, "openid profile");
        assert!(!plan.id_token.unwrap().contains_key("roles"));

        let mut offline = third();
        offline.grant.offline = true;
        less.scopes.retain(|s| s != "offline_access");
        let decision = refresh(&less, 3, None, &offline, NOW);
        assert_eq!(reason(&decision), Reason::OfflineAccessWithdrawn);
        assert!(decision.changes.is_empty(), "registering it again heals");

        let mut at_an_api = third();
        at_an_api.grant.resources = vec!["https://api.tinh.example/".into()];
        let decision = refresh(&web(), 3, None, &at_an_api, NOW);
        assert_eq!(reason(&decision), Reason::ResourceNotAllowed);
    }

    #[test]
    fn what_ended_meanwhile_ends_the_refresh() {
        type Change = fn(&mut GrantFacts);
        let cases: [(Change, Option<Reason>); 9] = [
            (
                |f| f.grant.state = GrantState::Revoked,
                Some(Reason::GrantEnded),
            ),
            (
                |f| f.grant.state = GrantState::Authorized,
                Some(Reason::GrantEnded),
            ),
            (|f| f.grant.expires_at = NOW, Some(Reason::GrantEnded)),
            (
                |f| {
                    f.user.state = AccountState::Disabled {
                        at: NOW,
                        why: String::new(),
                    }
                },
                Some(Reason::PersonDisabled),
            ),
            (|f| f.session = None, Some(Reason::SessionOver)),
            (
                |f| f.session.as_mut().unwrap().ended = Some((NOW, SessionEnd::SignedOut)),
                Some(Reason::SessionOver),
            ),
            (
                |f| f.session.as_mut().unwrap().expires_at = NOW,
                Some(Reason::SessionOver),
            ),
            (
                |f| {
                    f.grant.offline = true;
                    f.session.as_mut().unwrap().ended = Some((NOW, SessionEnd::SignedOut));
                },
                None,
            ),
            (
                |f| {
                    f.grant.offline = true;
                    f.session = None;
                },
                None,
            ),
        ];
        for (change, expected) in cases {
            let mut facts = third();
            change(&mut facts);
            let decision = refresh(&web(), 3, None, &facts, NOW);
            match expected {
                None => assert_eq!(done(decision).refresh, Some((facts.grant.id, 4))),
                Some(expected) => {
                    assert_eq!(reason(&decision), expected);
                    assert!(decision.changes.is_empty());
                }
            }
        }
        let token = RefreshToken {
            grant: GrantId::from_u128(9),
            generation: 1,
        };
        let gone = decide(
            &authenticated(&web()),
            token,
            &Wanted::default(),
            None,
            &mut Stage::at(NOW).deciding(),
        );
        assert_eq!(reason(&gone), Reason::GrantEnded);
    }

    #[test]
    fn a_token_is_its_grant_its_generation_and_a_tag_that_only_we_make() {
        let grant = sample::grant(&sample::session(sample::user("an").id), &web()).id;
        let (tag, other) = ([7; 32], [8; 32]);
        let token = RefreshToken::encode(grant, 3, &tag);
        assert_eq!(token.expose().len(), 70);
        let presented = Presented::parse(&token).unwrap();
        assert_eq!(presented.message(), RefreshToken::message(grant, 3));
        let known = RefreshToken {
            grant,
            generation: 3,
        };
        assert_eq!(
            presented.verify(&[other, tag]),
            Ok(known),
            "an older key still counts"
        );
        for tags in [&[][..], &[other]] {
            let refused = presented.verify(tags).unwrap_err();
            assert_eq!(refused.reason, Reason::RefreshTokenMalformed);
        }
        let longer = format!("{}AAAA", token.expose());
        for text in ["", "abc", "a.b.c", "đ", &token.expose()[..68], &longer] {
            let Err(refused) = Presented::parse(&SecretText::new(text.to_owned())) else {
                panic!("{text} was taken apart")
            };
            assert_eq!(refused.reason, Reason::RefreshTokenMalformed);
        }
        assert_ne!(
            RefreshToken::message(grant, 3),
            RefreshToken::message(grant, 4)
        );
    }
}
