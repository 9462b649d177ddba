//! The one script: operations as its arguments, and their answers.

use std::sync::LazyLock;
use std::time::Duration;

use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketOp};
use redis::{Cmd, Value};

use super::slot::slot;

const TEXT: &str = include_str!("script.lua");

/// The digest by which a server that has seen the script knows it.
static DIGEST: LazyLock<String> = LazyLock::new(|| redis::Script::new(TEXT).get_hash().to_owned());

/// How long a key outlives its ticket, so that a replica whose clock runs ahead of its master's
/// forgets nothing early. What is over is never answered meanwhile: the script compares.
const GRACE: Duration = Duration::from_secs(60);

/// The longest end that the script's numbers hold exactly: 2^53 - 1 ms.
const LATEST: i64 = 9_007_199_254_740_991;

/// Operations of one call that belong to one slot.
pub(super) struct Part {
    /// Their keys' slot.
    pub(super) slot: u16,
    /// Which operations of the call these are.
    pub(super) places: Vec<usize>,
    /// Whether none of them writes, so that the part may be sent twice.
    pub(super) reads_only: bool,
    /// Whether one of them writes what must outlive a crash.
    pub(super) durable: bool,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

/// The key of a ticket: prefix, kind, digest. All that is kept of a ticket is under this one.
fn name(prefix: &str, key: &TicketKey) -> String {
    format!("{prefix}{}:{}", key.kind.name(), key.digest.to_base64url())
}

/// Cuts a call by slot; without slots (one server holds all) it stays whole.
pub(super) fn parts(ops: Vec<TicketOp>, prefix: &str, is_cluster: bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (place, op) in ops.into_iter().enumerate() {
        let key = name(prefix, op.key());
        let slot = if is_cluster { slot(&key) } else { 0 };
        let found = parts.iter().position(|part| part.slot == slot);
        let found = found.unwrap_or_else(|| {
            parts.push(Part::of(slot));
            parts.len() - 1
        });
        if let Some(part) = parts.get_mut(found) {
            part.add(place, key, op);
        }
    }
    parts
}

impl Part {
    const fn of(slot: u16) -> Self {
        Self {
            slot,
            places: Vec::new(),
            reads_only: true,
            durable: false,
            keys: Vec::new(),
            arguments: Vec::new(),
        }
    }

    fn add(&mut self, place: usize, key: String, op: TicketOp) {
        let reads = matches!(op, TicketOp::Peek { .. });
        self.reads_only &= reads;
        self.durable |= !reads && op.key().kind.durable();
        self.places.push(place);
        self.keys.push(key);
        self.arguments.extend(fields(op));
    }

    /// The command, with the script's digest or, for a server that has not seen it, its text.
    pub(super) fn command(&self, now: Timestamp, with_text: bool) -> Cmd {
        let mut command = if with_text {
            let mut command = redis::cmd("EVAL");
            command.arg(TEXT);
            command
        } else {
            let mut command = redis::cmd("EVALSHA");
            command.arg(DIGEST.as_str());
            command
        };
        let grace = u64::try_from(GRACE.as_millis()).unwrap_or(u64::MAX);
        command.arg(self.keys.len()).arg(&self.keys);
        command.arg(now.millis()).arg(grace).arg(&self.arguments);
        command
    }
}

fn fields(op: TicketOp) -> Vec<Vec<u8>> {
    let moment = |until: Timestamp| until.millis().min(LATEST).to_string().into_bytes();
    match op {
        TicketOp::Put { value, until, .. } => vec![b"P".to_vec(), moment(until), value],
        TicketOp::Peek { .. } => vec![b"K".to_vec()],
        TicketOp::Take { .. } => vec![b"T".to_vec()],
        TicketOp::Count { by, until, .. } => {
            let by = by.clamp(-LATEST, LATEST).to_string();
            vec![b"C".to_vec(), by.into_bytes(), moment(until)]
        }
        TicketOp::Forget { .. } => vec![b"F".to_vec()],
    }
}

/// The answers of a part, in its order.
///
/// # Errors
/// A lasting fault when this is no answer of the script.
pub(super) fn answers(reply: Value, part: &Part) -> Result<Vec<TicketAnswer>, Fault> {
    let Value::Array(rows) = reply else {
        return Err(unexpected());
    };
    if rows.len() != part.places.len() {
        return Err(unexpected());
    }
    rows.into_iter().map(answer).collect()
}

fn answer(row: Value) -> Result<TicketAnswer, Fault> {
    let Value::Array(fields) = row else {
        return Err(unexpected());
    };
    let mut fields = fields.into_iter().map(|field| match field {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(unexpected()),
    });
    let mut next = || fields.next().unwrap_or_else(|| Err(unexpected()));
    Ok(match next()?.as_slice() {
        b"D" => TicketAnswer::Done,
        b"E" => TicketAnswer::Exists,
        b"U" => TicketAnswer::Unknown,
        b"V" => TicketAnswer::Value(next()?),
        b"A" => TicketAnswer::Again(next()?),
        b"C" => {
            let count = String::from_utf8(next()?).map_err(|_| unexpected())?;
            TicketAnswer::Counted(count.parse().map_err(|_| unexpected())?)
        }
        _ => return Err(unexpected()),
    })
}

fn unexpected() -> Fault {
    Fault::lasting("tickets", "Redis answered what the script never says")
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_core::store::tickets::TicketKind;

    fn peek(kind: TicketKind, secret: &str) -> TicketOp {
        let key = TicketKey::of(kind, secret);
        TicketOp::Peek { key }
    }

    #[test]
    fn a_call_is_cut_by_slot_and_keeps_its_places() {
        let op = |secret| peek(TicketKind::KnownBrowser, secret);
        let ops = vec![op("a"), op("b"), op("a")];
        let whole = parts(ops.clone(), "idp:", false);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].places, [0, 1, 2]);
        let cut = parts(ops, "idp:", true);
        assert_eq!(cut.len(), 2);
        assert_eq!(
            (&cut[0].places[..], &cut[1].places[..]),
            (&[0, 2][..], &[1][..])
        );
        assert!(cut.iter().all(|part| part.reads_only && !part.durable));
    }

    #[test]
    fn a_mark_that_is_written_is_durable() {
        let key = TicketKey::of(TicketKind::AssertionSeen, "a");
        let part = parts(vec![TicketOp::Take { key }], "idp:", false).remove(0);
        assert!(part.durable && !part.reads_only);
    }

    #[test]
    fn what_the_script_never_says_is_a_fault() {
        let part = parts(vec![peek(TicketKind::KnownBrowser, "a")], "", false).remove(0);
        let row = |letter: &str| Value::Array(vec![Value::BulkString(letter.into())]);
        assert!(answers(Value::Array(vec![row("U")]), &part).is_ok());
        let wrong = [
            Value::Nil,
            Value::Array(vec![]),
            Value::Array(vec![row("X")]),
        ];
        for reply in wrong.into_iter().chain([Value::Array(vec![row("V")])]) {
            assert!(!answers(reply, &part).unwrap_err().transient);
        }
    }
}
