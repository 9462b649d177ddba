//! Two nodes against one: tokens a second.

use std::net::SocketAddr;

use idp_tests::province::Node;

use super::{Province, address};
use crate::drive::{Measured, Plan};
use crate::machine::Share;
use crate::report::{self, Table};
use crate::scenario::service_tokens;

/// Two nodes make at least so many times the tokens of one.
const LEAST_TIMES: f64 = 1.7;

/// How nodes are held.
#[derive(Clone, Copy)]
enum Held {
    /// Each to one core of its own.
    Core,
    /// Each to one core of its own, and to so many per cent of it.
    Share(u32),
}

/// Measures one node and two, each held to a core and then to a share of it.
///
/// On a machine of few cores PostgreSQL, Redis and this program work on the nodes' cores, so that
/// two nodes get less than twice of what one had. The share leaves the rest of the machine idle:
/// then the nodes are the bottleneck, as they are where each has a machine of its own.
pub(super) async fn measure(province: &Province, share: u32, plan: Plan, table: &mut Table) {
    for held in [Held::Core, Held::Share(share)] {
        let one = tokens(province, held, 1, plan).await;
        let two = tokens(province, held, 2, plan).await;
        let (Some(one), Some(two)) = (one, two) else {
            table.note("two nodes against one", "cgroups are not open to this user");
            continue;
        };
        let times = two.rate() / one.rate();
        let measured = format!(
            "{:.0}/s against {:.0}/s, {times:.2} ×",
            two.rate(),
            one.rate()
        );
        let what = match held {
            Held::Core => "tokens, two nodes against one, each on a core".to_owned(),
            Held::Share(percent) => {
                format!("tokens, two nodes against one, each on {percent} % of a core")
            }
        };
        table.row(&what, "≥ 1.7 ×", &measured, times >= LEAST_TIMES);
    }
}

async fn tokens(province: &Province, held: Held, count: usize, plan: Plan) -> Option<Measured> {
    let mut nodes = Vec::new();
    let mut shares = Vec::new();
    for core in 0..count {
        let mut node = province.node();
        let core = core.to_string();
        node.start_by(&["taskset", "-c", &core]).await;
        if let Held::Share(percent) = held {
            shares.push(Share::of_one_core(node.pid(), percent)?);
        }
        nodes.push(node);
    }
    let addresses: Vec<SocketAddr> = nodes.iter().map(address).collect();
    let pid = nodes.first().map_or(0, Node::pid);
    let measured = service_tokens(&province.service, &addresses, pid, plan).await;
    let what = match held {
        Held::Core => format!("{count} on cores"),
        Held::Share(percent) => format!("{count} on {percent} %"),
    };
    report::print_measured(&what, &measured);
    // First the processes, then the folders that held them.
    nodes.iter_mut().for_each(Node::kill);
    drop(shares);
    Some(measured)
}
