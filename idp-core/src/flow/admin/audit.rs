//! Flows about the audit: read, verified, copied. Each leaves its own event.

use std::collections::{BTreeMap, BTreeSet};

use super::Administration;
use crate::admin::audit::{self, AuditFilter, AuditKeys, AuditReport, READING, Use, compare_heads};
use crate::base::refusal::Reason;
use crate::event::seal::{Block, BlockHead, ChainBreak, ChainVerifier, StoredEvent};
use crate::event::{Actor, EventBody};
use crate::flow::{ATTEMPTS, Committed, Failure, contended};
use crate::model::UserId;
use crate::store::decision::Outcome;
use crate::store::records::Records;
use crate::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp};

/// At most so many events are looked at for one page of a filtered list.
const MOST_LOOKED_AT: usize = 10_000;
/// Events and blocks read at a time.
const CHUNK: u32 = 500;

/// From where the audit is read, and in which direction.
#[derive(Clone, Copy, Debug)]
pub enum Direction {
    /// Oldest first, after a place: how to follow it.
    After(i64),
    /// Newest first, before a place; from the newest of all when absent.
    Before(Option<i64>),
}

/// Some events.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The events with their parsed bodies.
    pub events: Vec<(StoredEvent, EventBody)>,
    /// Where to go on, in the same direction; absent at the end.
    pub next: Option<i64>,
    /// The present user names of those who caused them.
    pub names: BTreeMap<UserId, String>,
}

/// Lets the administrator in, and records it. A dry run reads like any other, so it is
/// recorded like any other.
async fn admit(desk: &mut Administration, how: Use) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let decision = audit::admit(&ground.act(), how, &mut desk.context.entropy);
        let (outcome, batch) = decision.into_parts();
        if let Outcome::Refused(refusal) = outcome {
            return Err(refusal.into());
        }
        if desk.provider.commit(batch).await? == Committed::Yes {
            return Ok(());
        }
    }
    Err(contended())
}

/// The same for a page, of which a reading has many: recorded unless this reader's reading is on
/// record since less than [`READING`]. Where the mark is lost, one event more is written.
async fn admit_once(desk: &mut Administration, how: Use) -> Result<(), Failure> {
    let ground = desk.ground().await?;
    ground.by.needs_everything()?;
    let key = TicketKey::of(TicketKind::AuditReader, &audit::reader(&ground.act(), how));
    let (tickets, now) = (desk.provider.tickets.clone(), desk.context.here.now);
    let seen = tickets.apply(vec![TicketOp::Peek { key }], now).await?;
    if matches!(seen.first(), Some(TicketAnswer::Value(_))) {
        return Ok(());
    }
    // The event is committed first: no page is read that no event stands for.
    admit(desk, how).await?;
    let mark = TicketOp::Put {
        key,
        value: Vec::new(),
        until: now + READING,
    };
    let (provider, context) = (&desk.provider, &desk.context);
    provider.apply_beside(vec![mark], context).await;
    Ok(())
}

/// The id of the user whom a filter names, by id or user name.
///
/// # Errors
/// `not_found_here`.
async fn user_id(desk: &Administration, named: &str) -> Result<UserId, Failure> {
    // An id that no account has any more may still be asked for: the audit outlives accounts.
    match (
        super::load::find_user(&desk.provider, named).await?,
        named.parse(),
    ) {
        (Some(user), _) => Ok(user.id),
        (None, Ok(id)) => Ok(id),
        (None, Err(_)) => Err(Reason::NotFoundHere.into()),
    }
}

/// Reads events, of the person named in `about` where one is. Whichever page is asked for, the
/// reading is recorded, once a minute for each reader.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`; then `not_found_here` when nobody is named so.
pub async fn list(
    desk: &mut Administration,
    filter: &AuditFilter,
    about: Option<&str>,
    direction: Direction,
    limit: u32,
) -> Result<AuditPage, Failure> {
    admit_once(desk, Use::Read).await?;
    // Whoever may not read the audit does not learn here who exists.
    let user = match about {
        Some(named) => Some(user_id(desk, named).await?),
        None => filter.user,
    };
    let filter = AuditFilter {
        user,
        ..filter.clone()
    };
    let mut page = AuditPage::default();
    let mut direction = direction;
    let (mut looked_at, wanted) = (0, usize::try_from(limit).unwrap_or(500));
    while page.events.len() < wanted && looked_at < MOST_LOOKED_AT {
        let chunk = if filter.is_empty() { limit } else { CHUNK };
        let stored = some_events(desk.provider.records.as_ref(), direction, chunk).await?;
        let ended = stored.len() < usize::try_from(chunk).unwrap_or(usize::MAX);
        looked_at += stored.len();
        for event in stored {
            page.next = Some(event.place);
            direction = onwards(direction, event.place);
            if let Ok(body) = serde_json::from_str::<EventBody>(&event.body)
                && filter.matches(&body)
            {
                page.events.push((event, body));
                if page.events.len() == wanted {
                    break;
                }
            }
        }
        if ended && page.events.len() < wanted {
            // Whoever follows goes on from here; whoever reads back has reached the beginning.
            page.next = page
                .next
                .filter(|_| matches!(direction, Direction::After(_)));
            break;
        }
    }
    page.names = names(desk, &page.events).await?;
    Ok(page)
}

const fn onwards(direction: Direction, place: i64) -> Direction {
    match direction {
        Direction::After(_) => Direction::After(place),
        Direction::Before(_) => Direction::Before(Some(place)),
    }
}

async fn some_events(
    records: &dyn Records,
    direction: Direction,
    limit: u32,
) -> Result<Vec<StoredEvent>, Failure> {
    Ok(match direction {
        Direction::After(place) => records.events_after(place, limit).await?,
        Direction::Before(place) => records.events_before(place, limit).await?,
    })
}

async fn names(
    desk: &Administration,
    events: &[(StoredEvent, EventBody)],
) -> Result<BTreeMap<UserId, String>, Failure> {
    let mut names = BTreeMap::new();
    for (_, body) in events {
        if let Actor::User(id) = body.actor
            && !names.contains_key(&id)
            && let Some(user) = desk.provider.records.user(id).await?
        {
            names.insert(id, user.user_name());
        }
    }
    Ok(names)
}

/// The events of a block: everything after the block before it, up to its own last place, so
/// that an event slipped in between two blocks is noticed.
async fn events_of(
    records: &dyn Records,
    after: i64,
    head: &BlockHead,
) -> Result<Vec<StoredEvent>, Failure> {
    let mut events: Vec<StoredEvent> = Vec::new();
    let mut from = after;
    while from < head.last {
        let some = records.events_after(from, CHUNK).await?;
        let Some(last) = some.last() else { break };
        from = last.place;
        events.extend(some.into_iter().filter(|e| e.place <= head.last));
    }
    Ok(events)
}

/// Verifies the whole chain: order, events, signatures, erasable parts, and that every head in
/// `kept` is still there. Stops at the first break.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`. A broken chain is an answer.
pub async fn verify(desk: &mut Administration, kept: &[BlockHead]) -> Result<AuditReport, Failure> {
    admit(desk, Use::Read).await?;
    let records = desk.provider.records.clone();
    // The signer refuses keys whose public halves are not those of the sealed private ones, so a
    // chain that was signed anew by a planted key never gets as far as verifying.
    desk.provider
        .signer
        .published(&desk.provider.policy.issuer_key)
        .await?;
    let keys = AuditKeys::of(&records.keys(&desk.provider.policy.issuer_key).await?);
    let mut chain = ChainVerifier::default();
    let mut report = AuditReport::default();
    let wanted: BTreeSet<i64> = kept.iter().map(|head| head.number).collect();
    let mut seen = Vec::new();
    let mut place = 0;
    'chain: loop {
        let next = chain.head().map_or(1, |h| h.number + 1);
        let blocks = records.blocks_from(next, CHUNK).await?;
        if blocks.is_empty() {
            break;
        }
        for block in blocks {
            let events = events_of(records.as_ref(), place, &block.head).await?;
            let verify =
                |kid: &str, bytes: &[u8], signature: &str| keys.verify(kid, bytes, signature);
            if let Err(broken) = chain.next(&block, &events, verify) {
                report.broken = Some(broken);
                break 'chain;
            }
            place = block.head.last;
            let is_wanted = wanted.contains(&block.head.number);
            seen.extend(is_wanted.then(|| block.head.clone()));
            report.last = Some(block);
        }
    }
    (report.blocks, report.events) = (chain.blocks, chain.events);
    let (found, missing): (u64, Option<ChainBreak>) = compare_heads(kept, &seen);
    report.heads_found = found;
    report.broken = report.broken.or(missing);
    report.unsealed = unsealed(records.as_ref(), place).await?;
    Ok(report)
}

async fn unsealed(records: &dyn Records, after: i64) -> Result<u64, Failure> {
    let (mut count, mut from) = (0, after);
    loop {
        let some = records.events_after(from, CHUNK).await?;
        let Some(last) = some.last() else {
            return Ok(count);
        };
        from = last.place;
        count += some.len() as u64;
    }
}

/// Some blocks with their events.
#[derive(Clone, Debug)]
pub struct AuditExport {
    /// Blocks, in order.
    pub blocks: Vec<(Block, Vec<StoredEvent>)>,
    /// The number to go on from; absent after the last.
    pub next: Option<i64>,
    /// The number of the last block there is.
    pub last: i64,
    /// The public keys that signed them, as a JWK set.
    pub keys: serde_json::Value,
}

/// Copies sealed blocks from a number on. The export is recorded, once a minute for each reader.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn export(
    desk: &mut Administration,
    from: i64,
    limit: u32,
) -> Result<AuditExport, Failure> {
    admit_once(desk, Use::Export).await?;
    let records = desk.provider.records.clone();
    let keys = AuditKeys::of(&records.keys(&desk.provider.policy.issuer_key).await?);
    let last = records.last_block().await?.map_or(0, |b| b.head.number);
    let mut blocks = Vec::new();
    for block in records.blocks_from(from, limit).await? {
        let events = events_of(records.as_ref(), block.head.first - 1, &block.head).await?;
        blocks.push((block, events));
    }
    let reached = blocks.last().map_or(last, |(block, _)| block.head.number);
    let next = (reached < last).then_some(reached + 1);
    Ok(AuditExport {
        blocks,
        next,
        last,
        keys: keys.to_jwks(),
    })
}
