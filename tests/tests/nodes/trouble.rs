//! What may fail while something is lost, and what must be there afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use idp_tests::province::{Node, verify_audit};
use idp_tests::{Callback, RelyingParty};

use super::province::Province;
use super::traffic::{Acknowledged, Seen, Traffic};

/// No answer takes longer, whatever is lost: the balancer's patience with one node, and the next
/// node's answer.
const LIMIT: Duration = Duration::from_secs(15);
/// A request that was on its way when something was lost has its answer by then.
const IN_FLIGHT: Duration = Duration::from_millis(800);
/// After what was lost is back, the nodes are ready within this long, without hands.
const RECOVERY: Duration = Duration::from_secs(15);
/// What Sentinels say within this long of each other is about one fail-over.
const TURN: Duration = Duration::from_secs(3);

/// A span in which requests may fail.
struct Span {
    what: String,
    from: Instant,
    until: Instant,
    /// Whether the balancer's own errors are answers then.
    at_balancer: bool,
}

/// All spans of one test.
pub(super) struct Troubles {
    spans: Vec<Span>,
}

impl Troubles {
    pub(super) fn new() -> Self {
        Self { spans: Vec::new() }
    }

    /// A node was lost at `from`: what was on its way there fails, and nothing later.
    pub(super) fn node_lost(&mut self, what: &str, from: Instant) {
        self.span(what, from, from + IN_FLIGHT, true);
    }

    /// A node did not answer from then until now.
    pub(super) fn node_silent(&mut self, what: &str, from: Instant) {
        self.span(what, from, Instant::now() + IN_FLIGHT, true);
    }

    /// Something that all nodes need was lost at `from` and is back now: waits until all are ready.
    pub(super) async fn recovered(&mut self, what: &str, from: Instant, nodes: &[Node]) {
        let back = Instant::now();
        for node in nodes {
            node.until(200).await;
        }
        let took = back.elapsed();
        println!(
            "{what}: ready {:.1} s after it was back",
            took.as_secs_f32()
        );
        assert!(took < RECOVERY, "{what}: {took:?}");
        self.span(what, from, Instant::now() + IN_FLIGHT, false);
    }

    /// The Sentinels said these words of fail-overs. They change masters that were only slow, too,
    /// and then what the former master took until the nodes followed is forgotten.
    pub(super) fn turned(&mut self, said: &[(Instant, String)]) {
        for one in said.chunk_by(|(before, _), (next, _)| *next < *before + TURN) {
            if let (Some((from, words)), Some((until, _))) = (one.first(), one.last()) {
                println!("{} words of one fail-over: {words}", one.len());
                self.span(words, *from, *until + IN_FLIGHT, false);
            }
        }
    }

    fn span(&mut self, what: &str, from: Instant, until: Instant, at_balancer: bool) {
        let what = what.to_owned();
        self.spans.push(Span {
            what,
            from,
            until,
            at_balancer,
        });
    }

    /// Holds every answer against the spans, and prints how many of which kind there were.
    pub(super) fn judge(&self, seen: &[Seen]) {
        let mut counts: BTreeMap<(&str, u16), usize> = BTreeMap::new();
        for answer in seen {
            *counts.entry((answer.kind, answer.status)).or_default() += 1;
            let took = answer.ended - answer.began;
            assert!(took < LIMIT, "{took:?}: {answer:?}");
            if !answer.good {
                self.judge_failure(answer);
            }
        }
        println!("answers by kind and status: {counts:?}");
    }

    fn judge_failure(&self, answer: &Seen) {
        // Only what a journey lost on its way may be refused; a fault is of its own moment.
        let since = if matches!(answer.status, 400 | 403) {
            answer.journey
        } else {
            answer.began
        };
        let overlaps = |span: &&Span| since <= span.until && answer.ended >= span.from;
        let Some(span) = self.spans.iter().find(overlaps) else {
            panic!("nothing is lost, and {answer:?}; {}", self.nearest(since));
        };
        let clear = match answer.status {
            // The code or the page was lost, or an exchange whose answer was lost is repeated.
            400 => answer.why == "invalid_grant" || answer.why.starts_with("page"),
            // The waiting request came back as it was before its browser got a new cookie.
            403 => answer.why == "page at /authorize/resume",
            503 => answer.why == "temporarily_unavailable" || answer.why.starts_with("page"),
            502 | 504 => span.at_balancer,
            _ => false,
        };
        assert!(clear, "{}: no clear answer: {answer:?}", span.what);
    }

    fn nearest(&self, moment: Instant) -> String {
        let before = self.spans.iter().rev().find(|span| span.from <= moment);
        before.map_or_else(String::new, |span| {
            let after = moment.saturating_duration_since(span.until);
            format!("{after:?} after {}", span.what)
        })
    }
}

/// Ends the stream, judges it, and looks for everything that was acknowledged.
pub(super) async fn conclude(province: &Province, traffic: Traffic, troubles: &Troubles) {
    let (seen, told) = traffic.end().await;
    println!("the balancer's own: {:?}", province.balancer.own_answers());
    troubles.judge(&seen);
    nothing_is_lost(province, told).await;
    nothing_is_issued_twice(province);
    verify_audit(&province.nodes[0]);
}

async fn nothing_is_lost(province: &Province, told: Acknowledged) {
    let postgres = &province.founded.postgres;
    let lines = |text: &str| -> BTreeSet<String> {
        let answer = postgres.ask(text);
        answer.lines().map(str::to_owned).collect()
    };
    let recorded = lines(
        "SELECT body::json->>'request' FROM events \
         WHERE body::json->>'event' IN ('token_issued', 'signed_in')",
    );
    let lost: Vec<_> = told.requests.difference(&recorded).collect();
    assert!(lost.is_empty(), "answers without their event: {lost:?}");
    let grants = lines("SELECT id FROM grants");
    let lost: Vec<_> = told.grants.difference(&grants).collect();
    assert!(lost.is_empty(), "grants that are nowhere: {lost:?}");
    let party = province.founded.party(0).await;
    let sessions = told.sessions.len();
    for mut agent in told.sessions {
        let silent = party.request().with("prompt", "none");
        let answer = party.open(&mut agent, &silent).await;
        let callback = Callback {
            url: answer.location().expect("a redirect"),
        };
        assert!(!callback.parameter("code").is_empty(), "{}", callback.url);
    }
    println!(
        "nothing is lost of {} acknowledged requests, {} grants, {sessions} sessions",
        told.requests.len(),
        told.grants.len()
    );
}

/// Of every code one redemption at most carried tokens.
fn nothing_is_issued_twice(province: &Province) {
    let twice = province.founded.postgres.ask(
        "SELECT count(*) FROM (SELECT body::json->>'grant' FROM events \
         WHERE body::json->>'event' = 'token_issued' \
         AND body::json->>'grant_type' = 'authorization_code' \
         GROUP BY 1 HAVING count(*) > 1) AS twice",
    );
    assert_eq!(twice, "0", "codes that gave tokens twice");
}

/// The access token is good nowhere any more, and the refresh token neither.
pub(super) async fn assert_dead(party: &RelyingParty, access: &str, refresh: &str) {
    assert_eq!(party.introspect(access).await["active"], false);
    let refused = party.refresh(refresh).await;
    assert_eq!(refused.oauth_error(), "invalid_grant", "{}", refused.body);
}
