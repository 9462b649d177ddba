//! Request objects (RFC 9101, OpenID Connect Core §6): an authorization request as a JWT, sent
//! by value or fetched from an address that the client registered.
//!
//! Whose values count: a request object *stands alone* where RFC 9101 §6.3 applies, and what
//! stands beside it is ignored; OpenID Connect Core §6.1 lets the values beside it *fill gaps*. The
//! rule that tells the two apart is `Merging::of`, with its reasons in decision 0024.

pub mod address;
pub mod encrypted;
mod form;
mod members;
mod rules;

use serde_json::{Map, Value};

use self::form::Form;
use self::rules::Accepted;
use super::client_keys::FetchedKeys;
use super::par;
use super::params::Parameters;
use super::scope;
use crate::base::refusal::{Reason, Refusal};
use crate::base::time::Timestamp;
use crate::model::client::Client;
use crate::policy::Policy;
use crate::store::decision::{Asks, Decision};

/// The most bytes of a request object. By value it is bound by the bound of every parameter too.
pub const MOST_BYTES: usize = 16 * 1024;
/// The parameters that carry a request object.
const CARRIERS: [&str; 2] = ["request", "request_uri"];

/// How the parameters that count reach the authorization endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier<'a> {
    /// As they are.
    Parameters,
    /// Behind a reference to what the client pushed (RFC 9126).
    Pushed(&'a str),
    /// In a request object by value.
    Object(&'a str),
    /// In a request object at an address.
    Address(&'a str),
}

impl<'a> Carrier<'a> {
    /// Tells how the parameters come.
    ///
    /// # Errors
    /// [`Reason::RequestObjectSentTwice`] for `request` and `request_uri` together
    /// (RFC 9101 §5).
    pub fn of(arrived: &'a Parameters) -> Result<Self, Refusal> {
        match (arrived.find("request"), arrived.find("request_uri")) {
            (None, None) => Ok(Self::Parameters),
            (Some(object), None) => Ok(Self::Object(object)),
            (None, Some(uri)) if par::reference(uri).is_some() => Ok(Self::Pushed(uri)),
            (None, Some(uri)) => Ok(Self::Address(uri)),
            (Some(_), Some(_)) => Err(Reason::RequestObjectSentTwice.into()),
        }
    }
}

/// Where a request object came, which decides whether anything may stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The authorization endpoint.
    Authorization,
    /// The endpoint of pushed requests, where nothing may (RFC 9126 §3).
    Push,
}

/// The facts for [`open`].
#[derive(Clone, Debug)]
pub struct ObjectFacts<'a> {
    /// Who says to have made it.
    pub client: &'a Client,
    /// The object.
    pub object: &'a str,
    /// What stands beside it.
    pub outer: &'a Parameters,
    /// Where it came.
    pub entrance: Entrance,
    /// The client's keys, as far as they were fetched.
    pub keys: &'a FetchedKeys,
}

/// The parameters of a request object that counts.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The parameters that count, among them the `client_id` of the client.
    pub parameters: Parameters,
    /// Whether the client signed them.
    pub signed: bool,
}

/// Opens a request object: its signature by the client's keys, its claims, and what of the
/// request beside it still counts.
///
/// Refuses, in this order: what is no JWT; an algorithm that is not the client's; a signature by
/// no key of the client; a wrong type, issuer, audience or time; a request object inside; another
/// client or another response type than the request beside it names. Does not check the
/// parameters themselves: that is [`check`](super::authorize::check)'s, as for every request.
pub fn open(facts: &ObjectFacts<'_>, now: Timestamp, policy: &Policy) -> Decision<Opened> {
    let accepted = match accept(facts, now, policy) {
        Ok(accepted) => accepted,
        Err(undecided) => return undecided.into(),
    };
    let signed = accepted.signed;
    Decision::from(effective(facts, &accepted).map(|parameters| Opened { parameters, signed }))
}

/// Why there is no answer yet, or none.
enum Undecided {
    Refused(Refusal),
    Asks(Asks),
}

impl From<Reason> for Undecided {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason.into())
    }
}

impl From<Undecided> for Decision<Opened> {
    fn from(undecided: Undecided) -> Self {
        match undecided {
            Undecided::Refused(refusal) => Self::refused(refusal),
            Undecided::Asks(asks) => Self::need(asks),
        }
    }
}

fn accept(facts: &ObjectFacts<'_>, now: Timestamp, policy: &Policy) -> Result<Accepted, Undecided> {
    match Form::parse(facts.object)? {
        Form::Unsigned(claims) => Ok(rules::unsigned(facts.client, claims)?),
        Form::Signed(jws) => rules::signed(facts, &jws, (now, policy)),
    }
}

/// Whether the values beside a request object count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    /// The object alone (RFC 9101 §6.3).
    StandsAlone,
    /// They fill its gaps (OpenID Connect Core §6.1).
    FillsGaps,
}

impl Merging {
    /// Gaps are filled only for a request that is OpenID Connect's by its own words, a `scope`
    /// with `openid` beside the object, and by nobody who asked for more: not in a push, not for
    /// a client that signs all its requests, not for an object that calls itself RFC 9101's.
    fn of(facts: &ObjectFacts<'_>, accepted: &Accepted) -> Self {
        let openid = facts.outer.words("scope").contains(&scope::OPENID);
        let alone = facts.entrance == Entrance::Push
            || rules::signs_all(facts.client)
            || accepted.says_rfc9101;
        if openid && !alone {
            Self::FillsGaps
        } else {
            Self::StandsAlone
        }
    }
}

/// The parameters that count.
fn effective(facts: &ObjectFacts<'_>, accepted: &Accepted) -> Result<Parameters, Refusal> {
    let claims = &accepted.claims;
    let merging = Merging::of(facts, accepted);
    if CARRIERS.iter().any(|name| claims.contains_key(*name)) {
        return Err(Reason::RequestObjectNested.into());
    }
    check_client(facts.client, claims, merging)?;
    check_response_type(facts.outer, claims)?;
    if accepted.signed {
        rules::check_sender(
            facts.client,
            &accepted.registered,
            merging == Merging::StandsAlone,
        )?;
    }
    let inside = members::parameters(claims)?;
    let effective = match merging {
        Merging::StandsAlone => Parameters::of_pairs(inside)?,
        Merging::FillsGaps => {
            let names: Vec<&str> = inside.iter().map(|(name, _)| name.as_str()).collect();
            let gaps = facts.outer.without(&CARRIERS).without(&names);
            Parameters::of_pairs(gaps.pairs().iter().cloned().chain(inside))?
        }
    };
    Ok(effective.with("client_id", facts.client.id.as_str()))
}

/// RFC 9101 §6.3: the `client_id` inside is the one outside. OpenID Connect lets it be absent.
fn check_client(
    client: &Client,
    claims: &Map<String, Value>,
    merging: Merging,
) -> Result<(), Refusal> {
    let same = match claims.get("client_id") {
        None => merging == Merging::FillsGaps,
        Some(inside) => inside.as_str() == Some(client.id.as_str()),
    };
    same.then_some(())
        .ok_or_else(|| Reason::RequestObjectClientMismatch.into())
}

/// OpenID Connect Core §6.1: where both name a response type, it is the same.
fn check_response_type(outer: &Parameters, claims: &Map<String, Value>) -> Result<(), Refusal> {
    let inside = claims.get("response_type").and_then(Value::as_str);
    let same = match (outer.find("response_type"), inside) {
        (Some(outer), Some(inside)) => outer == inside,
        _ => true,
    };
    same.then_some(())
        .ok_or_else(|| Reason::RequestObjectResponseTypeMismatch.into())
}

#[cfg(test)]
mod tests;
