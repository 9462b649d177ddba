//! The device authorization grant (RFC 8628): what a device asks for, the code that a person types
//! on a page of ours, and what the person's answer means.
//!
//! A device holds the device code, 256 bits; a person reads the user code from its screen. The
//! person sees which application asks, from where and since when, and confirms that the code is the
//! one on the device in front of them: whoever sends people a code by mail asks for their account.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::assurance;
use super::client_auth::AuthenticatedClient;
use super::params::Parameters;
use super::resource;
use super::scope::{self, Scope};
use crate::base::entropy::Entropy;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::{Digest, SecretText};
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::model::GrantId;
use crate::model::authorization_details::{AuthorizationDetails, PARAMETER};
use crate::model::client::{Client, ClientId, GrantType};
use crate::oauth::consent::{Disclosed, given};
use crate::oauth::interaction::SignedIn;
use crate::oauth::issue_code::{Authorized, granted, written};
use crate::store::decision::{Deciding, Decision};
use crate::store::tickets::{TicketKey, TicketKind};

/// Codes can be answered and redeemed this long.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// A device asks at most so often.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// No device is told to wait longer than this between two polls.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A request is remembered beyond its lifetime, so that its device is told what happened.
pub const REMEMBERED: Duration = Duration::from_secs(1200);

/// Consonants that are told apart when read aloud or in poor light (RFC 8628 §6.1); no word can be
/// spelt with them.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;

/// A code that a person types: 8 of 20 letters, 34 bits. Written with a hyphen in the middle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UserCode(String);

impl UserCode {
    /// A fresh code; every letter is equally likely.
    pub fn generate(entropy: &mut Entropy) -> Self {
        let mut letters = String::with_capacity(LETTERS);
        while letters.len() < LETTERS {
            let [byte] = entropy.bytes::<1>();
            // 240 is the largest multiple of 20 in a byte: what lies above would prefer some.
            let letter = ALPHABET.get(usize::from(byte) % ALPHABET.len());
            letters.extend(letter.filter(|_| byte < 240).map(|l| char::from(*l)));
        }
        Self(letters)
    }

    /// What a person typed: case, spaces, hyphens and dots do not matter (RFC 8628 §6.1). `None`
    /// when it cannot be a code.
    pub fn typed(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let meant = |c: &char| !matches!(c, ' ' | '-' | '.' | '\u{2010}' | '\u{2013}');
        let code: String = text
            .chars()
            .filter(meant)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let fits = code.len() == LETTERS && code.bytes().all(|b| ALPHABET.contains(&b));
        fits.then_some(Self(code))
    }

    /// The key of the ticket that leads to the request.
    pub fn key(&self) -> TicketKey {
        TicketKey::of(TicketKind::UserCode, &self.0)
    }
}

impl std::fmt::Display for UserCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.split_at_checked(LETTERS / 2) {
            Some((first, second)) => write!(f, "{first}-{second}"),
            None => f.write_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for UserCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::typed(&String::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("not a user code"))
    }
}

/// What a device asked for. It rests sealed under the digest of the device code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTicket {
    /// The application on the device.
    pub client: ClientId,
    /// What is asked for.
    pub scope: Vec<String>,
    /// The APIs that tokens shall be for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// What exactly (RFC 9396).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// The network it asked from, as [`network`] writes it.
    pub network: String,
    /// When it asked.
    pub requested_at: Timestamp,
    /// Answered and redeemed until.
    pub expires_at: Timestamp,
    /// The digest of what it is counted under while it waits.
    pub counted: Digest,
}

/// What the person answered. It rests sealed under the digest of the device code, and is taken by
/// the poll that redeems it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAnswer {
    /// Yes: the grant that the redemption activates and a replay revokes.
    Approved(GrantId),
    /// No.
    Refused,
}

/// A device's request that was accepted.
#[derive(Debug)]
pub struct DeviceRequest {
    /// The secret of the device.
    pub device_code: SecretText,
    /// What the person types.
    pub user_code: UserCode,
    /// The scope that is asked for.
    pub scope: Vec<String>,
    /// The APIs that tokens shall be for.
    pub resources: Vec<String>,
    /// What exactly.
    pub details: AuthorizationDetails,
}

/// Checks a device's request (RFC 8628 §3.1) and makes its codes. Without a scope, everything
/// registered is asked for, but no access beyond the person's session.
///
/// # Errors
/// [`Reason::GrantTypeNotAllowed`], [`Reason::ScopeMalformed`], [`Reason::ScopeNotAllowed`], and
/// those of [`resource::at_authorization`] and [`AuthorizationDetails::at_authorization`].
pub fn request(
    client: &AuthenticatedClient,
    body: &Parameters,
    entropy: &mut Entropy,
) -> Result<DeviceRequest, Refusal> {
    let client = client.client();
    if !client.may_use(GrantType::DeviceCode) {
        return Err(Reason::GrantTypeNotAllowed.into());
    }
    let mut registered = client.scopes.clone();
    registered.retain(|s| s != scope::OFFLINE_ACCESS);
    let scope = match body.find("scope") {
        None => Scope::of(&registered),
        Some(text) => Scope::parse(text)?,
    };
    if !scope.within(&client.scopes) {
        return Err(Reason::ScopeNotAllowed.into());
    }
    let resources = resource::at_authorization(body, client, &scope)?;
    Ok(DeviceRequest {
        device_code: SecretText::generate(entropy),
        user_code: UserCode::generate(entropy),
        scope: scope.into_vec(),
        resources,
        details: AuthorizationDetails::at_authorization(body.find(PARAMETER), client)?,
    })
}

/// The network of a source, as people are shown it: of an IPv4 address the first three numbers, of
/// an IPv6 one the first half. It tells an office from a stranger and no more.
pub fn network(source: &str) -> String {
    if let Ok(address) = source.parse::<Ipv4Addr>() {
        let [a, b, c, _] = address.octets();
        return format!("{a}.{b}.{c}.0/24");
    }
    let bare = source.split('/').next().unwrap_or(source);
    match bare.parse::<Ipv6Addr>() {
        Ok(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Err(_) => source.to_owned(),
    }
}

/// What the person's answer is judged by.
#[derive(Clone, Copy, Debug)]
pub struct AnswerFacts<'a> {
    /// What the device asked for.
    pub ticket: &'a DeviceTicket,
    /// Its application, as it is registered now.
    pub client: &'a Client,
    /// Who answers.
    pub signed_in: &'a SignedIn,
    /// Whether the page was shown to that person.
    pub shown_to_user: bool,
}

impl AnswerFacts<'_> {
    /// Whether the question can be put to this person now.
    ///
    /// # Errors
    /// [`Reason::UserCodeUnknown`] when the request is over or its client no longer may ask;
    /// [`Reason::DeviceSignInNeeded`]; [`Reason::PasswordChangeNeeded`].
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let may_ask = !self.client.disabled && self.client.may_use(GrantType::DeviceCode);
        if now >= self.ticket.expires_at || !may_ask {
            return Err(Reason::UserCodeUnknown.into());
        }
        if !self.is_signed_in_well_enough() {
            return Err(Reason::DeviceSignInNeeded.into());
        }
        if self.signed_in.session.password_change_needed {
            return Err(Reason::PasswordChangeNeeded.into());
        }
        Ok(())
    }

    /// What the client registered about sign-ins (OpenID Connect Registration §2) holds here as it
    /// does at the authorization endpoint; a device would be the way around it. The age counts from
    /// when the device asked, so that a fresh sign-in always suffices.
    fn is_signed_in_well_enough(&self) -> bool {
        let signed_in = &self.signed_in.session.authentication;
        let max_age = self.client.features.default_max_age;
        let oldest = max_age.map(|age| self.ticket.requested_at - Duration::from_secs(age.into()));
        oldest.is_none_or(|oldest| signed_in.at >= oldest)
            && assurance::registered(self.client).is_none_or(|level| signed_in.level >= level)
    }
}

/// Decides an answer. Approval writes a grant in state `authorized`, as an authorization code
/// does; the device's next poll activates it. The page is the consent, recorded so that the person
/// can withdraw it: it names everything that is asked for, offline access included. The position
/// told is the main one.
pub fn answer(
    facts: AnswerFacts<'_>,
    approved: bool,
    deciding: &mut Deciding<'_>,
) -> Decision<DeviceAnswer> {
    if let Err(refusal) = facts.check(deciding.now()) {
        return Decision::refused(refusal);
    }
    if !facts.shown_to_user {
        return Decision::refused(Reason::PageOfAnother);
    }
    if approved {
        return approve(facts, deciding);
    }
    let user = facts.signed_in.user.id;
    let what = What::ConsentRefused {
        user,
        client: facts.client.id.clone(),
    };
    let event = deciding.event(Actor::User(user), what);
    Decision::done(DeviceAnswer::Refused).with_event(event)
}

fn approve(facts: AnswerFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<DeviceAnswer> {
    let held = facts.signed_in.user.positions_at(deciding.now());
    let asked = Authorized {
        scope: &facts.ticket.scope,
        resources: &facts.ticket.resources,
        details: facts.ticket.authorization_details.clone(),
        position: held.first().map(|position| position.id),
        nonce: None,
    };
    let user = facts.signed_in.user.id;
    let before = facts.signed_in.consent.as_ref();
    let shown = Disclosed {
        scope: facts.ticket.scope.clone(),
        claims: Vec::new(),
    };
    let (consent, event) = given(user, (&facts.client.id, &shown), before, deciding);
    let (grant, assigned) = granted(facts.client, facts.signed_in, asked, deciding);
    let id = grant.id;
    written(grant, assigned, facts.signed_in, deciding)
        .map(|()| DeviceAnswer::Approved(id))
        .with_change(consent)
        .with_event(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, done};
    use crate::model::authentication::Level;
    use crate::model::client::{ClientAuthenticationMethod, ClientKind};
    use crate::oauth::sample::written_grant;
    use crate::oauth::sample::{NOW, Stage, after, authenticated, parameters, reason, web};
    use crate::store::change::{Change, Write};

    /// An application on a screen in a hall.
    fn screen() -> Client {
        Client {
            kind: ClientKind::Device,
            authentication: ClientAuthenticationMethod::None,
            secrets: Vec::new(),
            grant_types: vec![GrantType::DeviceCode, GrantType::RefreshToken],
            redirect_uris: Vec::new(),
            ..web()
        }
    }

    fn ticket() -> DeviceTicket {
        DeviceTicket {
            client: screen().id,
            scope: vec!["openid".into(), "profile".into()],
            resources: Vec::new(),
            authorization_details: AuthorizationDetails::NONE,
            network: "203.0.113.0/24".into(),
            requested_at: NOW,
            expires_at: NOW + LIFETIME,
            counted: Digest::of(b"source"),
        }
    }

    fn signed_in() -> SignedIn {
        let user = sample::with_position(sample::user("an"), sample::HEALTH);
        SignedIn {
            session: sample::session(user.id),
            user,
            sub: None,
            consent: None,
            unit: None,
            paths: Vec::new(),
        }
    }

    fn asked(client: &Client, pairs: &[(&str, &str)]) -> Result<DeviceRequest, Reason> {
        let mut stage = Stage::at(NOW);
        let body = parameters(pairs);
        request(&authenticated(client), &body, &mut stage.entropy).map_err(|r| r.reason)
    }

    #[test]
    fn a_request_gets_codes_that_nobody_guesses() {
        let first = asked(&screen(), &[("scope", "openid profile")]).unwrap();
        assert_eq!(first.device_code.expose().len(), 43, "256 bits");
        assert_eq!(first.scope, ["openid", "profile"]);
        let whole = asked(&screen(), &[]).unwrap().scope;
        assert!(whole.contains(&"roles".to_owned()));
        assert!(!whole.contains(&scope::OFFLINE_ACCESS.to_owned()));
    }

    #[test]
    fn each_rule_of_a_request_has_its_refusal() {
        let other = Client {
            grant_types: vec![GrantType::AuthorizationCode],
            ..screen()
        };
        let refused = asked(&other, &[]).unwrap_err();
        assert_eq!(refused, Reason::GrantTypeNotAllowed);
        for (pair, expected) in [
            (("scope", "\"x\""), Reason::ScopeMalformed),
            (("scope", "openid payroll"), Reason::ScopeNotAllowed),
            (
                ("resource", "https://a.example/"),
                Reason::ResourceNotAllowed,
            ),
        ] {
            assert_eq!(asked(&screen(), &[pair]).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_code_is_typed_as_people_type() {
        let mut entropy = Stage::at(NOW).entropy;
        for _ in 0..200 {
            let code = UserCode::generate(&mut entropy);
            let shown = code.to_string();
            assert_eq!((shown.len(), shown.as_bytes()[4]), (9, b'-'));
            let sloppy = format!(" {} ", shown.to_lowercase().replace('-', " . "));
            for typed in [&shown, &sloppy, &shown.replace('-', "")] {
                assert_eq!(UserCode::typed(typed).as_ref(), Some(&code), "{typed}");
            }
        }
        let long = "-".repeat(80);
        for wrong in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "BCDF-GHJA",
            "BCDF_GHJK",
            "ＢCDFGHJK",
            &long,
        ] {
            assert_eq!(UserCode::typed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_letter_comes_up_and_none_is_preferred() {
        let mut entropy = Stage::at(NOW).entropy;
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..2_000 {
            for letter in UserCode::generate(&mut entropy).0.chars() {
                *seen.entry(letter).or_insert(0) += 1;
            }
        }
        assert_eq!(seen.len(), 20);
        // 800 expected of each; five standard deviations are 140.
        assert!(seen.values().all(|n| (660..=940).contains(n)), "{seen:?}");
    }

    #[test]
    fn a_network_tells_an_office_and_not_a_desk() {
        for (source, shown) in [
            ("203.0.113.7", "203.0.113.0/24"),
            ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("local", "local"),
        ] {
            assert_eq!(network(source), shown);
        }
    }

    fn judged(change: impl FnOnce(&mut Judged), approved: bool) -> Decision<DeviceAnswer> {
        let mut judged = Judged {
            ticket: ticket(),
            client: screen(),
            signed_in: signed_in(),
            shown: true,
            now: after(60),
        };
        change(&mut judged);
        let facts = AnswerFacts {
            ticket: &judged.ticket,
            client: &judged.client,
            signed_in: &judged.signed_in,
            shown_to_user: judged.shown,
        };
        answer(facts, approved, &mut Stage::at(judged.now).deciding())
    }

    struct Judged {
        ticket: DeviceTicket,
        client: Client,
        signed_in: SignedIn,
        shown: bool,
        now: Timestamp,
    }

    #[test]
    fn approval_writes_a_grant_in_the_persons_session_and_their_consent() {
        let decision = judged(|_| (), true);
        let grant = written_grant(&decision).unwrap().clone();
        let person = signed_in();
        assert_eq!(
            (grant.user, grant.session),
            (person.user.id, person.session.id)
        );
        assert_eq!(grant.state, crate::model::grant::GrantState::Authorized);
        assert_eq!(grant.scope, ticket().scope);
        assert_eq!(grant.position, Some(person.user.positions[0].id));
        assert!(!grant.offline);
        let agreed = decision.changes.iter().any(
            |change| matches!(change, Change::Consent(Write::Put(c)) if c.scope == ticket().scope),
        );
        assert!(agreed, "the person can take it back");
        assert_eq!(done(decision), DeviceAnswer::Approved(grant.id));
    }

    #[test]
    fn refusal_writes_nothing_but_what_happened() {
        let decision = judged(|_| (), false);
        assert!(decision.changes.is_empty());
        assert!(matches!(
            decision.events[0].what,
            What::ConsentRefused { .. }
        ));
        assert_eq!(done(decision), DeviceAnswer::Refused);
    }

    #[test]
    fn whoever_signed_in_after_the_device_asked_signed_in_freshly() {
        let fresh = |j: &mut Judged| {
            j.client.features.default_max_age = Some(0);
            j.client.features.default_acr_values = vec![Level::One.acr().into()];
            j.signed_in.session.authentication.at = j.ticket.requested_at;
        };
        assert!(matches!(
            done(judged(fresh, true)),
            DeviceAnswer::Approved(_)
        ));
    }

    #[test]
    fn each_rule_of_an_answer_has_its_refusal() {
        type Set = fn(&mut Judged);
        let cases: [(Set, Reason); 7] = [
            (
                |j| {
                    j.client.features.default_max_age = Some(300);
                    j.signed_in.session.authentication.at = NOW - Duration::from_secs(301);
                },
                Reason::DeviceSignInNeeded,
            ),
            (
                |j| j.client.features.default_acr_values = vec![Level::Three.acr().into()],
                Reason::DeviceSignInNeeded,
            ),
            (|j| j.now = NOW + LIFETIME, Reason::UserCodeUnknown),
            (|j| j.client.disabled = true, Reason::UserCodeUnknown),
            (|j| j.client.grant_types.clear(), Reason::UserCodeUnknown),
            (
                |j| j.signed_in.session.password_change_needed = true,
                Reason::PasswordChangeNeeded,
            ),
            (|j| j.shown = false, Reason::PageOfAnother),
        ];
        for (set, expected) in cases {
            for approved in [true, false] {
                let decision = judged(set, approved);
                assert_eq!(reason(&decision), expected);
                assert!(decision.changes.is_empty());
            }
        }
    }
}
