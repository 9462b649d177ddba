//! Whether a server may hold tickets, from what it says about itself.

use idp_core::base::fault::Fault;

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
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value.trim())
    };
    let lasting = |detail: &str| {
        Err(Fault::lasting(
            "tickets",
            format!("Redis at {address} {detail}"),
        ))
    };
    let transient = |detail: &str| {
        Err(Fault::transient(
            "tickets",
            format!("Redis at {address} {detail}"),
        ))
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
        return transient("still loads its data");
    }
    match (field("role"), role) {
        ("master", _) => {}
        (_, Role::Single) => {
            return lasting(
                "is a read-only replica: name its master, or let Sentinels say who that is",
            );
        }
        _ => return transient("is a replica at the moment: a fail-over is under way"),
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
