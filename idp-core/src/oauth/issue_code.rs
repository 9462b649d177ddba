//! Answering an authorization request: the grant is written first; a code is its ticket, and tokens
//! that leave at once live under it like those that a code brings.

use std::time::Duration;

use super::front_channel::{self, FrontChannel};
use super::interaction::{InteractionFacts, SignedIn, position};
use super::subject::AssignedSubject;
use super::{register, scope, subject};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::authorization_details::AuthorizationDetails;
use crate::model::client::{Client, ClientKind, GrantType};
use crate::model::confirmation::Confirmation;
use crate::model::grant::{Grant, GrantState};
use crate::model::requested_claims::RequestedClaims;
use crate::model::session::Session;
use crate::model::user::PositionId;
use crate::model::{GrantId, Version};
use crate::policy::Policy;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// A session is marked as used at most so often.
const TOUCH: Duration = Duration::from_secs(60);

/// What was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The code, where one leaves: 256 random bits.
    pub code: Option<SecretText>,
    /// The grant behind everything.
    pub grant: GrantId,
    /// The tokens that leave with it.
    pub tokens: Option<FrontChannel>,
}

/// Decides what a request with no open question gets. Writes the grant (in state `authorized` while
/// there is a code to redeem), the user's subject when this is the first one in the client's sector,
/// and the session's last use.
pub fn decide(facts: &InteractionFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<Issued> {
    let Some(signed_in) = facts.signed_in else {
        return Decision::refused(Reason::SignInNeeded);
    };
    let position = match position(facts, signed_in) {
        Ok(position) => position.map(|p| p.id),
        Err(reason) => return Decision::refused(reason),
    };
    let asked = Authorized {
        scope: &facts.request.scope,
        resources: &facts.request.resources,
        details: facts.request.authorization_details.clone(),
        position,
        nonce: facts.request.nonce.clone(),
    };
    let (mut grant, assigned) = granted(facts.client, signed_in, asked, deciding);
    grant.state = front_channel::state(facts);
    grant.claims = facts.request.claims.clone();
    grant.front_channel = front_channel::gives_tokens(facts);
    let code = facts.request.response_type.has_code();
    let mut issued = Issued {
        code: code.then(|| SecretText::generate(deciding.entropy)),
        grant: grant.id,
        tokens: None,
    };
    let mut event = None;
    if grant.front_channel {
        let with = (&grant, &assigned, issued.code.as_ref());
        match front_channel::issue(facts, signed_in, with, deciding) {
            Ok(tokens) => issued.tokens = Some(tokens),
            Err(refusal) => return Decision::refused(refusal.reason),
        }
        let (actor, what) = front_channel::issued(&grant);
        event = Some(deciding.event(actor, what));
    }
    let mut decision = written(grant, assigned, signed_in, deciding);
    decision.events.extend(event);
    decision.changes.extend(relied_on(signed_in));
    // A client that registered itself stays from its first sign-in on.
    let kept = register::kept(facts.client).map(Write::Put);
    decision.changes.extend(kept.map(Change::Client));
    decision.map(|()| issued)
}

/// What somebody lets a client have.
pub(super) struct Authorized<'a> {
    /// The scopes.
    pub scope: &'a [String],
    /// The APIs that tokens are for.
    pub resources: &'a [String],
    /// What exactly.
    pub details: AuthorizationDetails,
    /// The position that the client is told.
    pub position: Option<PositionId>,
    /// Repeated in the ID Token.
    pub nonce: Option<String>,
}

/// A grant in state `authorized`, and the subject that it tells: the one that there is, or one for
/// this first grant in the client's sector.
pub(super) fn granted(
    client: &Client,
    signed_in: &SignedIn,
    asked: Authorized<'_>,
    deciding: &mut Deciding<'_>,
) -> (Grant, AssignedSubject) {
    let now = deciding.now();
    let offline = asked.scope.iter().any(|s| s == scope::OFFLINE_ACCESS)
        && client.may_use(GrantType::RefreshToken);
    let known = signed_in.sub.as_deref();
    let assigned = subject::assign(client, signed_in.user.id, known, deciding.entropy);
    let grant = Grant {
        id: GrantId::generate(now, deciding.entropy),
        version: Version::NEW,
        issuer: deciding.policy.issuer_key.clone(),
        user: signed_in.user.id,
        client: client.id.clone(),
        session: signed_in.session.id,
        state: GrantState::Authorized,
        scope: asked.scope.to_vec(),
        resources: asked.resources.to_vec(),
        authorization_details: asked.details,
        position: asked.position,
        nonce: asked.nonce,
        told: assigned.told.clone(),
        claims: RequestedClaims::default(),
        front_channel: false,
        authentication: signed_in.session.authentication.clone(),
        offline,
        generation: 0,
        rotated_at: now,
        confirmation: Confirmation::default(),
        refresh_confirmation: Confirmation::default(),
        created_at: now,
        expires_at: now + lifetime(client, offline, deciding.policy),
    };
    (grant, assigned)
}

/// Writes a grant, its subject when that is new, and the session's last use.
pub(super) fn written(
    grant: Grant,
    assigned: AssignedSubject,
    signed_in: &SignedIn,
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    let what = What::GrantAuthorized {
        user: grant.user,
        client: grant.client.clone(),
        grant: grant.id,
        scope: grant.scope.clone(),
    };
    let event = deciding.event(Actor::User(grant.user), what);
    let mut decision = Decision::done(())
        .with_change(Change::Grant(Write::Put(grant)))
        .with_event(event);
    decision.changes.extend(touched(signed_in, deciding));
    decision.changes.extend(assigned.made);
    decision
}

fn lifetime(client: &Client, offline: bool, policy: &Policy) -> Duration {
    match (client.kind, offline) {
        (ClientKind::Native | ClientKind::Device, true) => policy.lifetimes.refresh_token_native,
        _ => policy.lifetimes.refresh_token,
    }
}

/// The consent that lets the client in: withdrawn meanwhile, it lets nobody in.
fn relied_on(signed_in: &SignedIn) -> Option<Change> {
    signed_in.consent.clone().map(Change::ConsentUnchanged)
}

fn touched(signed_in: &SignedIn, deciding: &Deciding<'_>) -> Option<Change> {
    let session = &signed_in.session;
    let now = deciding.now();
    (now.since(session.last_seen_at) >= TOUCH).then(|| {
        Change::Session(Write::Put(Session {
            last_seen_at: now,
            ..session.clone()
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, JUSTICE};
    use crate::base::time::Timestamp;
    use crate::oauth::authorize::{AuthorizationRequest, check};
    use crate::oauth::sample::{
        CHALLENGE, NOW, REDIRECT, Stage, after, parameters, reason, web, written_grant,
    };

    struct Scene {
        client: Client,
        request: AuthorizationRequest,
        signed_in: SignedIn,
    }

    impl Scene {
        fn new(scope: &str) -> Self {
            let client = web();
            let parameters = parameters(&[
                ("response_type", "code"),
                ("redirect_uri", REDIRECT),
                ("scope", scope),
                ("nonce", "số một"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ]);
            let (request, _) = check(&parameters, Some(&client), Ok(None), NOW).unwrap();
            let user = sample::with_position(sample::user("an"), HEALTH);
            let user = sample::with_position(user, JUSTICE);
            let signed_in = SignedIn {
                session: sample::session(user.id),
                user,
                sub: Some("sub-an".into()),
                consent: None,
                unit: None,
                paths: Vec::new(),
            };
            Self {
                client,
                request,
                signed_in,
            }
        }

        fn decide(&self, now: Timestamp) -> Decision<Issued> {
            let mut stage = Stage::at(now);
            decide(&self.facts(), &mut stage.deciding())
        }

        fn facts(&self) -> InteractionFacts<'_> {
            InteractionFacts {
                request: &self.request,
                client: &self.client,
                signed_in: Some(&self.signed_in),
                chosen: Some(PositionId::from_u128(1001)),
                now: NOW,
            }
        }

        fn lifetime(&self) -> Duration {
            let decision = self.decide(NOW);
            written_grant(&decision).unwrap().expires_at.since(NOW)
        }
    }

    #[test]
    fn a_consent_that_was_relied_on_must_still_be_there() {
        let mut scene = Scene::new("openid");
        let held = |decision: Decision<Issued>| {
            let of_consent = |change: &Change| match change {
                Change::ConsentUnchanged(consent) => Some(consent.clone()),
                _ => None,
            };
            decision.changes.iter().find_map(of_consent)
        };
        assert_eq!(held(scene.decide(NOW)), None);
        let consent = crate::model::consent::Consent {
            issuer: crate::base::issuer::IssuerKey::main(),
            user: scene.signed_in.user.id,
            client: scene.client.id.clone(),
            version: Version(3),
            scope: vec!["openid".to_owned()],
            claims: Vec::new(),
            at: NOW,
        };
        scene.signed_in.consent = Some(consent.clone());
        assert_eq!(held(scene.decide(NOW)), Some(consent));
    }

    #[test]
    fn the_grant_holds_what_was_asked_and_how_the_person_signed_in() {
        let scene = Scene::new("openid unit");
        let decision = scene.decide(after(5));
        let grant = written_grant(&decision).unwrap().clone();
        let session = &scene.signed_in.session;
        assert_eq!(
            (grant.state, grant.generation, grant.offline),
            (GrantState::Authorized, 0, false)
        );
        assert_eq!(
            (grant.user, grant.session),
            (scene.signed_in.user.id, session.id)
        );
        assert_eq!(
            (&grant.client, &grant.scope),
            (&scene.client.id, &scene.request.scope)
        );
        assert_eq!(grant.nonce.as_deref(), Some("số một"));
        assert_eq!(grant.position, Some(PositionId::from_u128(1001)));
        assert_eq!(grant.authentication, session.authentication);
        assert_eq!(grant.version, Version::NEW);
        assert_eq!(
            decision.events[0].what,
            What::GrantAuthorized {
                user: grant.user,
                client: grant.client.clone(),
                grant: grant.id,
                scope: grant.scope.clone(),
            }
        );
        let issued = sample::done(decision);
        assert_eq!(issued.grant, grant.id);
        assert_eq!(
            issued.code.unwrap().expose().len(),
            43,
            "256 bits in base64url"
        );
        assert!(issued.tokens.is_none());
    }

    #[test]
    fn nobody_signed_in_and_a_unit_without_a_position_get_nothing() {
        let mut scene = Scene::new("openid unit");
        scene.request.unit =
            Some(crate::model::identifier::AgencyCode::parse("H42.05.01").unwrap());
        let refused = scene.decide(NOW);
        assert_eq!(reason(&refused), Reason::PositionUnknown);
        assert!(refused.changes.is_empty() && refused.events.is_empty());
        let facts = InteractionFacts {
            signed_in: None,
            ..scene.facts()
        };
        let refused = decide(&facts, &mut Stage::at(NOW).deciding());
        assert_eq!(reason(&refused), Reason::SignInNeeded);
        assert!(refused.changes.is_empty());
    }

    #[test]
    fn offline_access_of_a_native_client_lasts_longest() {
        let policy = crate::oauth::sample::policy();
        let mut scene = Scene::new("openid offline_access");
        assert_eq!(scene.lifetime(), policy.lifetimes.refresh_token);
        assert!(written_grant(&scene.decide(NOW)).unwrap().offline);
        scene.client.kind = ClientKind::Native;
        assert_eq!(scene.lifetime(), policy.lifetimes.refresh_token_native);
        // Without the refresh grant the scope gives nothing that could outlive the session.
        scene.client.grant_types = vec![GrantType::AuthorizationCode];
        assert!(!written_grant(&scene.decide(NOW)).unwrap().offline);
        assert_eq!(scene.lifetime(), policy.lifetimes.refresh_token);
        let mut online = Scene::new("openid");
        online.client.kind = ClientKind::Native;
        assert_eq!(online.lifetime(), policy.lifetimes.refresh_token);
    }

    #[test]
    fn the_subject_is_made_with_the_first_grant_only() {
        let subjects = |scene: &Scene| {
            let mut changes = scene.decide(NOW).changes;
            changes.retain(|change| matches!(change, Change::Subject(_)));
            changes
        };
        let mut scene = Scene::new("openid");
        assert_eq!(subjects(&scene), []);
        scene.signed_in.sub = None;
        let made = subjects(&scene);
        let [Change::Subject(subject)] = made.as_slice() else {
            panic!("{made:?}")
        };
        assert_eq!(subject.user, scene.signed_in.user.id);
        assert_eq!(subject.sector, "");
        assert_eq!(subject.sub.len(), 27, "160 random bits");
    }

    #[test]
    fn a_session_is_touched_once_a_minute() {
        let touched = |seconds| {
            let decision = Scene::new("openid").decide(after(seconds));
            decision.changes.iter().find_map(|change| match change {
                Change::Session(Write::Put(session)) => Some(session.last_seen_at),
                _ => None,
            })
        };
        assert_eq!(touched(0), None);
        assert_eq!(touched(59), None);
        assert_eq!(touched(60), Some(after(60)));
    }

    #[test]
    fn what_leaves_at_once_lives_under_the_grant_and_says_what_it_goes_with() {
        use crate::model::client::ResponseType;
        for &response_type in ResponseType::ALL {
            let mut scene = Scene::new("openid profile");
            scene.request.response_type = response_type;
            let decision = scene.decide(NOW);
            let grant = written_grant(&decision).unwrap().clone();
            let tokens = response_type.has_id_token() || response_type.has_token();
            let state = if response_type.has_code() {
                GrantState::Authorized
            } else {
                GrantState::Active
            };
            assert_eq!((grant.state, grant.front_channel), (state, tokens));
            assert_eq!(decision.events.len(), 1 + usize::from(tokens));
            let issued = sample::done(decision);
            assert_eq!(issued.code.is_some(), response_type.has_code());
            let Some(leaves) = issued.tokens else {
                assert!(!tokens, "{response_type:?}");
                continue;
            };
            assert_eq!(leaves.access, response_type.has_token());
            assert_eq!(leaves.plan.refresh, None);
            let Some(claims) = leaves.plan.id_token else {
                assert!(!response_type.has_id_token(), "{response_type:?}");
                continue;
            };
            assert_eq!(claims["nonce"], "số một");
            assert_eq!(claims.contains_key("c_hash"), response_type.has_code());
            // Without an access token there is nobody else to ask for the name.
            let alone = response_type == ResponseType::IdToken;
            assert_eq!(claims.contains_key("name"), alone, "{response_type:?}");
        }
    }
}
