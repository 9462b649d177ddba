//! Whether a server may hold tickets, from what it says about itself.

use idp_core::base::fault::{Fault, Trouble};

use super::settings::Address;

/// The first version whose scripts tell the code of what failed inside them.
const LEAST: (u32, u32) = (7, 0);

/// What a server is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Asked about others; nothing is kept there.
    Informant,
    /// The one server of [`super::Arrangement::Single`].
    Single,
    /// The master that the Sentinels name.
    Watched,
    /// A master of a cluster.
    Cluster,
}

/// Judges the text that `INFO` answers.
///
/// # Errors
/// A lasting fault with the remedy: an old version, an eviction policy that drops live keys, a
/// server of another arrangement, a read-only replica. Transient are a server that still loads its
/// data, and a replica where a fail-over explains it.
pub(super) fn judge(info: &str, role: Role, address: &Address) -> Result<(), Fault> {
    let field = |name| field(info, name);
    let told = |detail: &str| format!("Redis at {address} {detail}");
    let lasting =
        |detail: &str| Err(Fault::lasting("tickets", told(detail)).with(Trouble::Unsuitable));
    let transient = |trouble: Trouble, detail: &str| {
        Err(Fault::transient("tickets", told(detail)).with(trouble))
    };
    if version(field("redis_version")) < LEAST {
        return lasting("is older than 7.0: install Redis 7.0 or newer, or Valkey");
    }
    match (field("redis_mode"), role) {
        ("sentinel", _) => return lasting("is a Sentinel: set the mode to sentinel"),
        ("cluster", Role::Single | Role::Watched) => {
            return lasting("belongs to a cluster: set the mode to cluster");
        }
        ("standalone", Role::Cluster) => {
            return lasting("belongs to no cluster: set the mode to single or sentinel");
        }
        _ => {}
    }
    if field("loading") == "1" {
        return transient(Trouble::Unreachable, "still loads its data");
    }
    match (field("role"), role) {
        ("master", _) => {}
        (_, Role::Single) => {
            let detail =
                "is a read-only replica: name its master, or let Sentinels say who that is";
            return lasting(detail).map_err(|fault| fault.with(Trouble::ReadOnly));
        }
        _ => {
            let detail = "is a replica at the moment: a fail-over is under way";
            return transient(Trouble::ReadOnly, detail);
        }
    }
    match field("maxmemory_policy") {
        "noeviction" => Ok(()),
        policy => lasting(&format!(
            "drops live keys when memory is short (maxmemory-policy {policy}), and with them marks \
             of used tokens and wrong passwords: set maxmemory-policy noeviction, and share the \
             server with no cache"
        )),
    }
}

/// What an operator should change on a server that may hold tickets as it is. Not refused: marks that
/// replicas have confirmed (`tickets.replicas`) outlive a server that keeps nothing by itself.
pub(super) fn advice(info: &str, role: Role, address: &Address) -> Vec<String> {
    let mut advice = Vec::new();
    if field(info, "aof_enabled") != "1" {
        advice.push(format!(
            "Redis at {address} keeps no log of its writes: its restart forgets marks of used \
             assertions, of revoked tokens and of wrong passwords; set appendonly yes there"
        ));
    }
    // Redis tells how many replicas follow closely only when it is to count them.
    let has_replicas = matches!(role, Role::Watched | Role::Cluster);
    if has_replicas && field(info, "min_slaves_good_slaves").is_empty() {
        advice.push(format!(
            "Redis at {address} goes on writing when it is cut off from its replicas, and what it \
             writes then is lost with the fail-over; set min-replicas-to-write 1 there"
        ));
    }
    advice
}

/// What `INFO` says under a name; empty when it says nothing.
fn field<'a>(info: &'a str, name: &str) -> &'a str {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| *key == name)
        .map_or("", |(_, value)| value.trim())
}

fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\
        # Memory\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\nloading:0\r\nrole:master\r\n";

    fn verdict(from: &str, to: &str, role: Role) -> Option<(bool, String)> {
        let address = Address::parse("redis://127.0.0.1").unwrap();
        let fault = judge(&GOOD.replace(from, to), role, &address).err()?;
        Some((fault.transient, fault.detail))
    }

    #[test]
    fn what_a_restart_or_a_partition_would_lose_is_told() {
        let address = Address::parse("redis://127.0.0.1").unwrap();
        let said = |more: &str, role| advice(&format!("{GOOD}{more}"), role, &address);
        let log = "aof_enabled:1\r\n";
        let counted = "min_slaves_good_slaves:2\r\n";
        assert!(said("aof_enabled:0\r\n", Role::Single)[0].contains("appendonly yes"));
        assert!(said(log, Role::Single).is_empty());
        assert!(said(log, Role::Watched)[0].contains("min-replicas-to-write 1"));
        assert!(said(&format!("{log}{counted}"), Role::Cluster).is_empty());
        assert_eq!(said("", Role::Cluster).len(), 2);
    }

    #[test]
    fn each_rule_has_its_remedy() {
        assert_eq!(verdict("", "", Role::Single), None);
        assert_eq!(verdict("7.0.15", "8.2.1", Role::Watched), None);
        assert_eq!(verdict("standalone", "cluster", Role::Cluster), None);
        let policies = [
            "allkeys-lru",
            "volatile-ttl",
            "volatile-lru",
            "allkeys-random",
            "",
        ];
        for policy in policies {
            let (transient, said) = verdict("noeviction", policy, Role::Single).unwrap();
            assert!(!transient && said.contains("noeviction"), "{said}");
        }
        for (from, to, role, transient, remedy) in [
            ("7.0.15", "6.2.14", Role::Single, false, "7.0"),
            ("7.0.15", "", Role::Single, false, "7.0"),
            (
                "standalone",
                "cluster",
                Role::Single,
                false,
                "mode to cluster",
            ),
            (
                "standalone",
                "sentinel",
                Role::Single,
                false,
                "mode to sentinel",
            ),
            (
                "standalone",
                "standalone",
                Role::Cluster,
                false,
                "single or sentinel",
            ),
            (
                "role:master",
                "role:slave",
                Role::Single,
                false,
                "name its master",
            ),
            (
                "role:master",
                "role:slave",
                Role::Watched,
                true,
                "fail-over",
            ),
            ("loading:0", "loading:1", Role::Single, true, "loads"),
        ] {
            let (passes, said) = verdict(from, to, role).unwrap();
            assert!(passes == transient && said.contains(remedy), "{said}");
        }
    }
}
