//! The audit as administrators read it: filtered, counted as read, verified.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::event::seal::{Block, BlockHead, ChainBreak};
use crate::event::{Actor, EventBody, What};
use crate::jose::{Jwk, SigningAlgorithm, base64url};
use crate::model::UserId;
use crate::model::client::ClientId;
use crate::model::key::{Key, KeyPurpose};
use crate::store::decision::Decision;

/// Readings of one reader within this long of a recorded one are the same reading: whoever
/// follows the audit would otherwise feed it, and whoever reads it page by page would fill it.
pub const READING: Duration = Duration::from_secs(60);

/// What somebody does with the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Reads or verifies it.
    Read,
    /// Copies it, which takes it out of the province's hands.
    Export,
}

impl Use {
    fn what(self) -> What {
        match self {
            Self::Read => What::AuditRead,
            Self::Export => What::AuditExported,
        }
    }
}

/// Under which name a reader's last reading is remembered: who has read it is not known to have
/// copied it.
pub fn reader(act: &Act<'_>, how: Use) -> String {
    let uid = act.here.local_uid.map(|uid| uid.to_string());
    let uid = uid.unwrap_or_default();
    format!("{}|{uid}|{how:?}", act.by.signature())
}

/// Lets somebody use the audit, which is itself an event.
///
/// Refuses with `outside_scope`: the audit is the whole province's.
pub fn admit(act: &Act<'_>, how: Use, entropy: &mut Entropy) -> Decision<()> {
    match act.by.needs_everything() {
        Ok(()) => Decision::done(()).with_event(act.event(how.what(), entropy)),
        Err(reason) => Decision::refused(reason),
    }
}

/// Which events are asked for. All given conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this name (`signed_in`).
    pub event: Option<String>,
    /// Caused by this user, or about them.
    pub user: Option<UserId>,
    /// Caused by this client, or about it.
    pub client: Option<ClientId>,
}

impl AuditFilter {
    /// Whether everything is asked for.
    pub fn is_empty(&self) -> bool {
        self.event.is_none() && self.user.is_none() && self.client.is_none()
    }

    /// Whether an event is one of those asked for.
    pub fn matches(&self, body: &EventBody) -> bool {
        let (name, fields) = described(&body.what);
        let about = |field: &str, id: &str| fields.get(field).and_then(Value::as_str) == Some(id);
        self.event.as_ref().is_none_or(|wanted| *wanted == name)
            && self
                .user
                .is_none_or(|id| body.actor == Actor::User(id) || about("user", &id.to_string()))
            && self.client.as_ref().is_none_or(|id| {
                body.actor == Actor::Client(id.clone()) || about("client", id.as_str())
            })
    }
}

/// The name of an event and its own fields.
pub fn described(what: &What) -> (String, Map<String, Value>) {
    // A plain enum of texts and numbers: writing it cannot fail.
    let mut fields = match serde_json::to_value(what) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let name = match fields.remove("event") {
        Some(Value::String(name)) => name,
        _ => String::new(),
    };
    (name, fields)
}

/// The public keys that sign audit blocks, past ones included.
#[derive(Clone, Debug, Default)]
pub struct AuditKeys(Vec<(String, SigningAlgorithm, Jwk)>);

impl AuditKeys {
    /// Takes the audit keys among all keys; one that cannot be read verifies nothing.
    pub fn of(keys: &[Key]) -> Self {
        let read = |key: &Key| {
            let jwk = Jwk::from_object(key.public_jwk.as_ref()?.as_object()?).ok()?;
            Some((
                key.kid.clone(),
                SigningAlgorithm::parse(&key.algorithm).ok()?,
                jwk,
            ))
        };
        let audit = keys.iter().filter(|k| k.purpose == KeyPurpose::Audit);
        Self(audit.filter_map(read).collect())
    }

    /// Whether the key called `kid` made the signature (base64url) over the bytes.
    pub fn verify(&self, kid: &str, bytes: &[u8], signature: &str) -> bool {
        let Some(signature) = base64url::decode(signature.as_bytes()) else {
            return false;
        };
        let mut own = self.0.iter().filter(|(known, _, _)| known == kid);
        own.any(|(_, algorithm, jwk)| jwk.key().verify(*algorithm, bytes, &signature).is_ok())
    }

    /// The keys as a JWK set, for those who verify elsewhere.
    pub fn to_jwks(&self) -> Value {
        let keys = self
            .0
            .iter()
            .map(|(_, _, jwk)| Value::Object(jwk.to_object()));
        serde_json::json!({ "keys": keys.collect::<Vec<_>>() })
    }
}

/// What a verification found. A broken chain is an answer, not a refusal.
#[derive(Clone, Debug, Default)]
pub struct AuditReport {
    /// Blocks that hold.
    pub blocks: u64,
    /// Events in them.
    pub events: u64,
    /// Events after the last block, which nothing protects yet.
    pub unsealed: u64,
    /// Heads kept elsewhere that are in the chain.
    pub heads_found: u64,
    /// The last block.
    pub last: Option<Block>,
    /// The first thing that is wrong.
    pub broken: Option<ChainBreak>,
}

/// Compares heads that were kept elsewhere with those of the verified chain. Answers how many
/// are there, and the first that is not: the chain was cut off or rewritten.
pub fn compare_heads(kept: &[BlockHead], chain: &[BlockHead]) -> (u64, Option<ChainBreak>) {
    let chain: BTreeMap<i64, &BlockHead> = chain.iter().map(|h| (h.number, h)).collect();
    let found = |head: &&BlockHead| chain.get(&head.number) == Some(head);
    let missing = kept.iter().find(|head| !found(head));
    let count = kept.iter().filter(found).count() as u64;
    (
        count,
        missing.map(|head| ChainBreak::Truncated(head.number)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, reason};
    use crate::base::issuer::IssuerKey;
    use crate::base::refusal::Reason;
    use crate::base::secret::Digest;

    fn body(actor: Actor, what: What) -> EventBody {
        EventBody {
            at: sample::NOW,
            issuer: IssuerKey::main(),
            actor,
            request: None,
            local_uid: None,
            what,
            personal: None,
        }
    }

    #[test]
    fn reading_is_the_province_s_and_leaves_a_trace() {
        for (how, what) in [
            (Use::Read, What::AuditRead),
            (Use::Export, What::AuditExported),
        ] {
            let decision = admit(&Stage::province().act(), how, &mut sample::entropy());
            assert_eq!(decision.events[0].what, what);
        }
        let refused = admit(&Stage::health().act(), Use::Read, &mut sample::entropy());
        assert_eq!(reason(&refused), Some(Reason::OutsideScope));
        assert!(refused.events.is_empty());
    }

    #[test]
    fn filters_look_at_who_caused_and_whom_it_concerns() {
        let (an, binh) = (sample::user("an").id, sample::user("binh").id);
        let app = sample::client_id("app");
        let caused = body(Actor::User(an), What::UserDisabled { user: binh });
        let issued = What::TokenIssued {
            client: app.clone(),
            grant: None,
            grant_type: "x".into(),
        };
        let issued = body(Actor::Client(app.clone()), issued);
        let user = |id| AuditFilter {
            user: Some(id),
            ..AuditFilter::default()
        };
        let named = |n: &str| AuditFilter {
            event: Some(n.into()),
            ..AuditFilter::default()
        };
        let client = |id| AuditFilter {
            client: Some(id),
            ..AuditFilter::default()
        };
        for (filter, event, found) in [
            (AuditFilter::default(), &caused, true),
            (user(an), &caused, true),
            (user(binh), &caused, true),
            (user(sample::user("chi").id), &caused, false),
            (user(an), &issued, false),
            (named("user_disabled"), &caused, true),
            (named("user_disabled"), &issued, false),
            (client(app), &issued, true),
            (client(sample::client_id("other")), &issued, false),
        ] {
            assert_eq!(filter.matches(event), found, "{filter:?} {event:?}");
        }
    }

    #[test]
    fn a_head_that_left_the_machine_must_be_in_the_chain() {
        let head = |number| BlockHead {
            number,
            first: 1,
            last: 2,
            count: 2,
            events: Digest::of(b"e"),
            previous: Digest::of(b"p"),
            sealed_at: sample::NOW,
        };
        let mut rewritten = head(1);
        rewritten.events = Digest::of(b"other");
        let chain = [head(1), head(2)];
        assert_eq!(compare_heads(&[head(1), head(2)], &chain), (2, None));
        assert_eq!(
            compare_heads(&[head(3)], &chain),
            (0, Some(ChainBreak::Truncated(3)))
        );
        assert_eq!(
            compare_heads(&[rewritten], &chain),
            (0, Some(ChainBreak::Truncated(1)))
        );
    }
}
