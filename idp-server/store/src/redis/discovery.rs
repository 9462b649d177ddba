//! Who is the master: what Sentinels and cluster nodes say, and whom to believe.

use std::ops::RangeInclusive;
use std::sync::Arc;

use futures::future::join_all;
use idp_core::base::fault::{Fault, Trouble};
use redis::Value;
use tokio::time::Instant;

use super::node::Node;
use super::settings::Address;

/// The slots of one master.
pub(super) type Holding = (RangeInclusive<u16>, Address);

/// What a cluster node knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    /// How recent: fail-overs and moved slots raise it.
    epoch: u64,
    /// Which master holds which slots.
    pub(super) holdings: Vec<Holding>,
    /// Everybody who can be asked next time.
    pub(super) known: Vec<Address>,
}

/// The address that more than half of all Sentinels name: only so many can agree on a fail-over, and
/// fewer may have been cut off before one.
///
/// # Errors
/// A transient fault when too few answer or they disagree, unless one gave a reason that will not
/// pass; a lasting one when none of them knows the name.
pub(super) async fn watched_master(sentinels: &[Arc<Node>], name: &str) -> Result<Address, Fault> {
    let mut question = redis::pipe();
    question
        .cmd("SENTINEL")
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(name);
    let (mut trouble, mut answered, mut named) = (None, 0, Vec::new());
    for (sentinel, answer) in ask_all(sentinels, &question).await {
        match answer {
            Ok(answer) => {
                answered += 1;
                named.extend(named_master(answer, &sentinel.address));
            }
            Err(fault) if !fault.transient => trouble = Some(fault),
            Err(_) => {}
        }
    }
    if let Some(address) = agreed(&named, sentinels.len()) {
        return Ok(address);
    }
    if answered > 0 && named.is_empty() {
        let what =
            format!("the Sentinels watch no master of the name {name}: compare it with theirs");
        return Err(Fault::lasting("tickets", what).with(Trouble::Unsuitable));
    }
    Err(trouble.unwrap_or_else(|| {
        let what = format!(
            "{answered} of {} Redis Sentinels answer, and no master is named by more than half of \
             all",
            sentinels.len()
        );
        Fault::transient("tickets", what).with(Trouble::Unreachable)
    }))
}

/// Host and port; nothing of a Sentinel that does not know the name.
fn named_master(answer: Vec<Value>, asked: &Address) -> Option<Address> {
    let (host, port): (String, u16) = redis::from_redis_value(answer.into_iter().next()?).ok()?;
    Some(asked.neighbour(&host, port))
}

/// What more than half of `all` name.
fn agreed(named: &[Address], all: usize) -> Option<Address> {
    let votes = |address: &Address| named.iter().filter(|other| *other == address).count();
    named
        .iter()
        .find(|address| 2 * votes(address) > all)
        .cloned()
}

/// The most recent view that the cluster's nodes have.
///
/// # Errors
/// A fault when none answers: the lasting one, if any gave a reason that will not pass.
pub(super) async fn cluster(nodes: &[Arc<Node>]) -> Result<View, Fault> {
    let mut question = redis::pipe();
    question.cmd("CLUSTER").arg("INFO");
    question.cmd("CLUSTER").arg("SLOTS");
    let mut trouble = Fault::transient("tickets", "no node of the Redis Cluster answers");
    let mut views = Vec::new();
    for (node, answer) in ask_all(nodes, &question).await {
        match answer {
            Ok(answer) => views.extend(view(answer, &node.address)),
            Err(fault) if !fault.transient => trouble = fault,
            Err(_) => {}
        }
    }
    views
        .into_iter()
        .max_by_key(|view| view.epoch)
        .ok_or(trouble)
}

async fn ask_all<'a>(
    nodes: &'a [Arc<Node>],
    question: &redis::Pipeline,
) -> Vec<(&'a Arc<Node>, Result<Vec<Value>, Fault>)> {
    let asked = nodes.iter().map(async |node| {
        let deadline = Instant::now() + node.patience();
        let answer = node.ask(question.clone(), false, deadline).await;
        (node, answer.map_err(super::failure::Failure::fault))
    });
    join_all(asked).await
}

/// Reads the answers to `CLUSTER INFO` and `CLUSTER SLOTS`; none of a node that knows no slots.
fn view(answers: Vec<Value>, asked: &Address) -> Option<View> {
    let mut answers = answers.into_iter();
    let info: String = redis::from_redis_value(answers.next()?).ok()?;
    let epoch = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("cluster_current_epoch:"))
        .and_then(|epoch| epoch.parse().ok())?;
    let Value::Array(rows) = answers.next()? else {
        return None;
    };
    let mut view = View {
        epoch,
        holdings: Vec::new(),
        known: Vec::new(),
    };
    for row in rows {
        let Value::Array(fields) = row else {
            return None;
        };
        let mut fields = fields.into_iter();
        let first: u16 = redis::from_redis_value(fields.next()?).ok()?;
        let last: u16 = redis::from_redis_value(fields.next()?).ok()?;
        // The master comes first, then its replicas.
        let mut holders: Vec<_> = fields.filter_map(|node| member(node, asked)).collect();
        view.holdings.push((first..=last, holders.first()?.clone()));
        view.known.append(&mut holders);
    }
    view.known.dedup();
    (!view.holdings.is_empty()).then_some(view)
}

/// A node of `CLUSTER SLOTS`: address, port, and what we do not need.
fn member(node: Value, asked: &Address) -> Option<Address> {
    let Value::Array(fields) = node else {
        return None;
    };
    let mut fields = fields.into_iter();
    let host: Option<String> = redis::from_redis_value(fields.next()?).ok()?;
    let port: u16 = redis::from_redis_value(fields.next()?).ok()?;
    Some(asked.neighbour(&host.unwrap_or_default(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(port: u16) -> Address {
        Address::of("127.0.0.1".to_owned(), port, false)
    }

    #[test]
    fn more_than_half_of_all_sentinels_must_agree() {
        let named = [plain(1), plain(2), plain(2)];
        assert_eq!(agreed(&named, 3), Some(plain(2)));
        assert_eq!(agreed(&named[..2], 3), None);
        assert_eq!(agreed(&named[..1], 3), None);
        assert_eq!(agreed(&named, 4), None);
        assert_eq!(agreed(&named[..1], 1), Some(plain(1)));
        assert_eq!(agreed(&[], 1), None);
    }

    #[test]
    fn the_slots_of_a_cluster_are_read() {
        let text = |text: &str| Value::BulkString(text.into());
        let node = |host: Value, port| Value::Array(vec![host, Value::Int(port), text("id")]);
        let row = Value::Array(vec![
            Value::Int(0),
            Value::Int(16383),
            node(Value::Nil, 7000),
            node(text("127.0.0.1"), 7001),
        ]);
        let info = text("cluster_state:ok\r\ncluster_current_epoch:6\r\n");
        let answers = vec![info.clone(), Value::Array(vec![row])];
        let seen = view(answers, &plain(7009)).unwrap();
        assert_eq!(seen.epoch, 6);
        assert_eq!(seen.holdings, [(0..=16383, plain(7000))]);
        assert_eq!(seen.known, [plain(7000), plain(7001)]);
        assert_eq!(view(vec![info, Value::Array(Vec::new())], &plain(1)), None);
        assert_eq!(view(vec![text(""), Value::Nil], &plain(1)), None);
    }
}
