//! `POST /register` (RFC 7591 §3).

use super::initial::InitialTokens;
use super::metadata::RegistrationRequest;
use super::statement::{self, Stated};
use crate::admin::client::{self, Outside, Settled};
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::client::{Client, ClientId, ClientKind, ConsentRule};
use crate::model::key::Key;
use crate::model::registration::{InitialTokenId, Registration};
use crate::organisation::UnitTree;
use crate::policy::{RegistrationMode, RegistrationRules};
use crate::store::change::{Change, Write};
use crate::store::decision::{Asks, Deciding, Decision};

/// What a registration is decided by.
#[derive(Clone, Copy, Debug)]
pub struct CreateFacts<'a> {
    /// What was sent.
    pub request: &'a RegistrationRequest,
    /// The initial access token that was presented.
    pub presented: Option<&'a SecretText>,
    /// Those that were given out.
    pub tokens: &'a InitialTokens,
    /// The provider's keys.
    pub keys: &'a [Key],
    /// Seals the secrets that are keys.
    pub sealing: &'a SealingKey,
    /// What was fetched for it.
    pub outside: &'a Outside,
}

/// A client that registered itself, with the secrets that are told this once.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// The client secret, if one was made.
    pub secret: Option<SecretText>,
    /// The registration access token, if one was made.
    pub token: Option<SecretText>,
    /// The software statement, repeated unmodified (RFC 7591 §3.2.1).
    pub statement: Option<String>,
}

impl Registered {
    /// A client that is only read: its secrets are not told again.
    pub fn of(client: Client) -> Self {
        Self {
            client,
            secret: None,
            token: None,
            statement: None,
        }
    }
}

/// Why a decision stops before its end.
pub(super) enum Stop {
    Refused(Reason),
    Ask(Asks),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl Stop {
    pub(super) fn decision<T>(self) -> Decision<T> {
        match self {
            Self::Refused(reason) => Decision::refused(reason),
            Self::Ask(asks) => Decision::need(asks),
        }
    }
}

/// Registers a client. It asks for consent always, and where anybody may register it is removed
/// unless somebody signs in with it in time.
///
/// Refuses with `registration_off`, `registration_token_missing`, `registration_token_wrong`, the
/// reasons of metadata and software statements, and those of every client
/// ([`crate::admin::client`]).
pub fn create(facts: &CreateFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<Registered> {
    let rules = &deciding.policy.registration;
    let admitted = match admitted(facts, rules, deciding) {
        Ok(admitted) => admitted,
        Err(reason) => return Decision::refused(reason),
    };
    let (initial, used) = admitted.unzip();
    let token = SecretText::generate(deciding.entropy);
    let registration = Registration {
        token: token.digest(),
        initial,
        name_checked: false,
        expires_at: initial.is_none().then(|| deciding.now() + rules.unused),
    };
    let base = blank(registration, deciding);
    let described = match described(facts, base, deciding) {
        Ok(described) => described,
        Err(stop) => return stop.decision(),
    };
    let (mut client, statement) = described;
    let secret = client::first_secret(&mut client, facts.sealing, deciding.now(), deciding.entropy);
    let what = What::ClientRegistered {
        client: client.id.clone(),
        initial,
    };
    let event = deciding.event(Actor::Anonymous, what);
    let mut decision = Decision::done(Registered {
        client: client.clone(),
        secret,
        token: Some(token),
        statement,
    })
    .with_change(Change::Client(Write::Put(client)))
    .with_event(event);
    decision.changes.extend(used);
    decision
}

/// Whether the caller may register: by an initial access token, or because anybody may. One that
/// is presented is always used.
fn admitted(
    facts: &CreateFacts<'_>,
    rules: &RegistrationRules,
    deciding: &Deciding<'_>,
) -> Result<Option<(InitialTokenId, Change)>, Reason> {
    let issuer = &deciding.policy.issuer_key;
    match (rules.mode, facts.presented) {
        (RegistrationMode::Off, _) => Err(Reason::RegistrationOff),
        (_, Some(token)) => facts.tokens.used((issuer, token), deciding.now()).map(Some),
        (RegistrationMode::InitialAccessToken, None) => Err(Reason::RegistrationTokenMissing),
        (RegistrationMode::Open, None) => Ok(None),
    }
}

fn blank(registration: Registration, deciding: &mut Deciding<'_>) -> Client {
    let now = deciding.now();
    let id = ClientId::generate(now, deciding.entropy);
    let rules = &deciding.policy.registration;
    let mut client = client::blank((deciding.policy, now), id, ClientKind::Web);
    client.consent = ConsentRule::Ask;
    client.features.pkce_optional = rules.certifies && client::offers("pkce_optional");
    client.scopes.clone_from(&rules.scopes);
    client.registration = Some(Box::new(registration));
    client
}

/// The client that the request and its statement describe, checked as every client is.
fn described(
    facts: &CreateFacts<'_>,
    base: Client,
    deciding: &Deciding<'_>,
) -> Result<(Client, Option<String>), Stop> {
    let judged = (deciding.now(), deciding.policy);
    let (request, statement) = with_statement(facts.request, facts.outside, judged)?;
    let client = request.client(base, &deciding.policy.registration)?;
    client::check(deciding.policy, &client, facts.keys, deciding.now())?;
    // A client cannot name a unit, so no tree is needed to find its sector.
    let tree = UnitTree::default();
    match client::settle(&tree, (None, client), facts.outside, false)? {
        Settled::Client(client) => Ok((*client, statement)),
        Settled::Ask(asks) => Err(Stop::Ask(asks)),
    }
}

/// The request with the metadata that its software statement vouches for, and the statement.
pub(super) fn with_statement(
    request: &RegistrationRequest,
    outside: &Outside,
    judged: (crate::base::time::Timestamp, &crate::policy::Policy),
) -> Result<(RegistrationRequest, Option<String>), Stop> {
    let Some(statement) = request.software_statement()? else {
        return Ok((request.clone(), None));
    };
    match statement::verify(statement, outside.statement_keys.as_ref(), judged)? {
        Stated::Claims(claims) => Ok((request.stated(claims), Some(statement.to_owned()))),
        Stated::Ask(asks) => Err(Stop::Ask(asks)),
    }
}
