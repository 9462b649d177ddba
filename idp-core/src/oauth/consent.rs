//! What a person's answer on the consent page means (OpenID Connect Core §3.1.2.4).

use super::authorize::AuthorizationRequest;
use super::claims_request::scope_of;
use crate::event::{Actor, Event, What};
use crate::model::client::ClientId;
use crate::model::consent::Consent;
use crate::model::grant::{Grant, GrantState};
use crate::model::{UserId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// What a client will learn, as the person is shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// By scope.
    pub scope: Vec<String>,
    /// By name, beyond the scopes.
    pub claims: Vec<String>,
}

/// Whether an earlier consent covers all that is shown now: each scope by itself, each single claim
/// by itself or by its whole scope. A scope is not covered by a claim of it.
pub fn covers(consent: &Consent, shown: &Disclosed) -> bool {
    let known = |claim: &String| {
        let of = scope_of(claim);
        consent.claims.contains(claim) || of.is_some_and(|of| consent.scope.iter().any(|s| s == of))
    };
    consent.covers(&shown.scope) && shown.claims.iter().all(known)
}

/// What an answer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct ConsentFacts<'a> {
    /// The waiting request.
    pub request: &'a AuthorizationRequest,
    /// Who is signed in when the answer comes.
    pub user: UserId,
    /// Whether the page was shown to that person: somebody else may have signed in in the same
    /// browser since.
    pub shown_to_user: bool,
    /// What that person agreed to before.
    pub before: Option<&'a Consent>,
}

/// Whether an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was given by the person to whom the page was shown, and is recorded.
    Recorded,
    /// It was somebody else's: nothing is recorded, and whoever is signed in now is asked.
    AskAgain,
}

/// The person agreed to all that was shown of the request; what was agreed to before stays.
pub fn agree(facts: ConsentFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<Answered> {
    if !facts.shown_to_user {
        return Decision::done(Answered::AskAgain);
    }
    let (client, shown) = (&facts.request.client, facts.request.disclosed());
    let (consent, event) = given(facts.user, (client, &shown), facts.before, deciding);
    Decision::done(Answered::Recorded)
        .with_change(consent)
        .with_event(event)
}

/// Records that a person agreed to what a client asks for, besides what was agreed to before.
pub(super) fn given(
    user: UserId,
    (client, shown): (&ClientId, &Disclosed),
    before: Option<&Consent>,
    deciding: &mut Deciding<'_>,
) -> (Change, Event) {
    let both = |earlier: &[String], now: &[String]| {
        let mut all = [earlier, now].concat();
        all.sort_unstable();
        all.dedup();
        all
    };
    let earlier = |part: fn(&Consent) -> &[String]| before.map(part).unwrap_or_default();
    let scope = both(earlier(|c| &c.scope), &shown.scope);
    let claims = both(earlier(|c| &c.claims), &shown.claims);
    let consent = Consent {
        issuer: deciding.policy.issuer_key.clone(),
        user,
        client: client.clone(),
        version: before.map_or(Version::NEW, |c| c.version),
        scope: scope.clone(),
        claims: claims.clone(),
        at: deciding.now(),
    };
    let what = What::ConsentGiven {
        user,
        client: client.clone(),
        scope,
        claims,
    };
    let event = deciding.event(Actor::User(user), what);
    (Change::Consent(Write::Put(consent)), event)
}

/// The person refused. What was agreed to before stays.
pub fn refuse(facts: ConsentFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<Answered> {
    if !facts.shown_to_user {
        return Decision::done(Answered::AskAgain);
    }
    let what = What::ConsentRefused {
        user: facts.user,
        client: facts.request.client.clone(),
    };
    let event = deciding.event(Actor::User(facts.user), what);
    Decision::done(Answered::Recorded).with_event(event)
}

/// The person takes back what they agreed to: the application is asked about anew, and nothing more
/// is given under any of `grants`, those that outlive their sessions included. Grants to others are
/// left alone.
pub fn withdraw(consent: &Consent, grants: &[Grant], deciding: &mut Deciding<'_>) -> Decision<()> {
    let actor = Actor::User(consent.user);
    let what = What::ConsentWithdrawn {
        user: consent.user,
        client: consent.client.clone(),
    };
    let mut decision = Decision::done(())
        .with_change(Change::Consent(Write::Remove(consent.clone())))
        .with_event(deciding.event(actor.clone(), what));
    let concerned = |g: &&Grant| {
        (&g.issuer, g.user, &g.client) == (&consent.issuer, consent.user, &consent.client)
            && g.state != GrantState::Revoked
    };
    for grant in grants.iter().filter(concerned) {
        let what = What::GrantRevoked {
            client: grant.client.clone(),
            grant: grant.id,
            reason: "consent_withdrawn".to_owned(),
        };
        decision.changes.push(Change::RevokeGrant(grant.id));
        decision.events.push(deciding.event(actor.clone(), what));
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::base::issuer::IssuerKey;
    use crate::oauth::authorize::check;
    use crate::oauth::sample::{CHALLENGE, NOW, REDIRECT, Stage, after, named, parameters, web};
    use crate::store::decision::Outcome;

    fn scopes(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    fn asking(scope: &[&str]) -> AuthorizationRequest {
        let parameters = parameters(&[
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let (request, _) = check(&parameters, Some(&web()), Ok(None), NOW).unwrap();
        AuthorizationRequest {
            scope: scopes(scope),
            ..request
        }
    }

    fn earlier(scope: &[&str]) -> Consent {
        Consent {
            issuer: IssuerKey::main(),
            user: sample::user("an").id,
            client: web().id,
            version: Version(4),
            scope: scopes(scope),
            claims: Vec::new(),
            at: after(-100),
        }
    }

    fn facts<'a>(
        request: &'a AuthorizationRequest,
        before: Option<&'a Consent>,
    ) -> ConsentFacts<'a> {
        ConsentFacts {
            request,
            user: sample::user("an").id,
            shown_to_user: true,
            before,
        }
    }

    #[test]
    fn agreeing_adds_to_what_was_agreed_to_before() {
        for (before, asked, after) in [
            (None, &["email", "openid"][..], &["email", "openid"][..]),
            (
                Some(earlier(&["openid", "profile"])),
                &["email", "openid"],
                &["email", "openid", "profile"],
            ),
            (
                Some(earlier(&["openid", "profile"])),
                &["openid"],
                &["openid", "profile"],
            ),
        ] {
            let request = asking(asked);
            let decision = agree(
                facts(&request, before.as_ref()),
                &mut Stage::at(NOW).deciding(),
            );
            let [Change::Consent(Write::Put(written))] = &decision.changes[..] else {
                panic!("{decision:?}")
            };
            assert_eq!(written.scope, scopes(after));
            assert_eq!(written.at, NOW);
            let version = before.map_or(Version::NEW, |c| c.version);
            assert_eq!(written.version, version);
            let what = What::ConsentGiven {
                user: written.user,
                client: written.client.clone(),
                scope: scopes(after),
                claims: Vec::new(),
            };
            assert_eq!(decision.events[0].what, what);
        }
    }

    #[test]
    fn a_single_claim_is_agreed_to_by_name_and_covers_nothing_else() {
        let mut request = asking(&["openid"]);
        request.claims.userinfo = scopes(&["name"]);
        let before = earlier(&["openid"]);
        let decision = agree(
            facts(&request, Some(&before)),
            &mut Stage::at(NOW).deciding(),
        );
        let [Change::Consent(Write::Put(written))] = &decision.changes[..] else {
            panic!("{decision:?}")
        };
        assert_eq!(
            (&written.scope, &written.claims),
            (&scopes(&["openid"]), &scopes(&["name"]))
        );
        let whole = earlier(&["openid", "profile"]);
        for (consent, scope, claims, covered) in [
            (&before, &["openid"][..], &[][..], true),
            (&before, &["openid"], &["name"], false),
            (written, &["openid"], &["name"], true),
            (written, &["openid"], &["birthdate", "name"], false),
            (written, &["openid"], &["email"], false),
            (written, &["openid", "profile"], &[], false),
            (&whole, &["openid"], &["birthdate", "name"], true),
            (&whole, &["openid"], &["email"], false),
        ] {
            let shown = Disclosed {
                scope: scopes(scope),
                claims: scopes(claims),
            };
            assert_eq!(covers(consent, &shown), covered, "{shown:?}");
        }
    }

    #[test]
    fn an_answer_to_somebody_elses_page_is_no_answer() {
        let request = asking(&["openid"]);
        let theirs = ConsentFacts {
            shown_to_user: false,
            ..facts(&request, None)
        };
        for answer in [agree, refuse] {
            let decision = answer(theirs, &mut Stage::at(NOW).deciding());
            assert!(matches!(
                decision.outcome,
                Outcome::Done(Answered::AskAgain)
            ));
            assert!(decision.changes.is_empty() && decision.events.is_empty());
        }
    }

    #[test]
    fn refusing_is_recorded_and_takes_nothing_back() {
        let (request, before) = (asking(&["openid"]), earlier(&["openid"]));
        let decision = refuse(
            facts(&request, Some(&before)),
            &mut Stage::at(NOW).deciding(),
        );
        assert!(decision.changes.is_empty());
        let what = What::ConsentRefused {
            user: sample::user("an").id,
            client: web().id,
        };
        assert_eq!(decision.events[0].what, what);
    }

    #[test]
    fn taking_back_ends_every_grant_to_that_client_and_no_other() {
        let consent = earlier(&["openid", "offline_access"]);
        let session = sample::session(consent.user);
        let grant = |number, client: &str| Grant {
            id: crate::model::GrantId::from_u128(number),
            ..sample::grant(&session, &named(client))
        };
        let mut offline = grant(2, "app");
        offline.offline = true;
        let mut over = grant(4, "app");
        over.state = GrantState::Revoked;
        let grants = [grant(1, "app"), offline, grant(3, "other"), over];
        let decision = withdraw(&consent, &grants, &mut Stage::at(NOW).deciding());
        let revoked = [1, 2].map(|n| Change::RevokeGrant(crate::model::GrantId::from_u128(n)));
        assert_eq!(decision.changes[0], Change::Consent(Write::Remove(consent)));
        assert_eq!(decision.changes[1..], revoked);
        let names: Vec<_> = decision.events.iter().map(|e| &e.what).collect();
        assert!(matches!(
            names[..],
            [
                What::ConsentWithdrawn { .. },
                What::GrantRevoked { .. },
                What::GrantRevoked { .. }
            ]
        ));
    }
}
