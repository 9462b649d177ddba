//! What a failed call means: whether it was done, whether it may be done again, and the operator's
//! words for it.

use idp_core::base::fault::{Fault, Trouble};
use redis::{ErrorKind, RedisError};

use super::settings::Address;

/// Why a server did not answer what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Surely not done; the same server, or the one that took over, may do it soon.
    NotDone(Fault),
    /// Surely not done: another server holds the slot, for good or (`asking`) for this once.
    Elsewhere {
        /// That server.
        address: Address,
        /// Whether the slot is on its way, so that it must be asked for.
        asking: bool,
    },
    /// Surely not done: the server has not seen the script yet.
    NoScript,
    /// Nobody knows whether it was done. Only what merely reads may be repeated.
    Unknown(Fault),
    /// Surely not done, and asking again at once is useless.
    Refused(Fault),
}

/// Reads an error of the client library.
pub(super) fn of(error: RedisError, address: &Address) -> Failure {
    let told = |detail: &str| format!("Redis at {address} {detail}");
    if error.kind() == ErrorKind::AuthenticationFailed {
        return Failure::Refused(
            Fault::lasting(
                "tickets",
                told(
                    "refuses the user or the password: compare the secret file with the ACL there",
                ),
            )
            .with(Trouble::Refused),
        );
    }
    let unanswered = Fault::transient("tickets", told(&format!("did not answer: {error}")))
        .with(Trouble::Unreachable);
    let Some(errors) = error.into_server_errors() else {
        return Failure::Unknown(unanswered);
    };
    let Some((_, error)) = errors.first() else {
        return Failure::Unknown(unanswered);
    };
    of_server(error.code(), error.details().unwrap_or_default(), address)
}

/// Reads what a server said: a code and its details.
fn of_server(code: &str, details: &str, address: &Address) -> Failure {
    let lasting = |detail: &str| {
        Failure::Refused(Fault::lasting(
            "tickets",
            format!("Redis at {address} {detail}"),
        ))
    };
    let refused = |detail: &str| Failure::Refused(lasting(detail).fault().with(Trouble::Refused));
    let transient = |trouble: Trouble, detail: &str| {
        let detail = format!("Redis at {address} {detail}");
        Fault::transient("tickets", detail).with(trouble)
    };
    match code {
        "NOSCRIPT" => Failure::NoScript,
        "MOVED" | "ASK" => elsewhere(code, details, address).unwrap_or_else(|| {
            Failure::NotDone(transient(Trouble::Other, "names no other server"))
        }),
        "READONLY" => Failure::NotDone(transient(
            Trouble::ReadOnly,
            "cannot write at the moment (READONLY)",
        )),
        "TRYAGAIN" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" => Failure::NotDone(transient(
            Trouble::Unreachable,
            &format!("cannot write at the moment ({code})"),
        )),
        "OOM" => Failure::Refused(transient(Trouble::Full, "is full: raise maxmemory there")),
        "MISCONF" => Failure::Refused(transient(
            Trouble::ReadOnly,
            "cannot save to its disk and refuses to write: look at its log and its disk",
        )),
        "NOREPLICAS" => Failure::Refused(transient(
            Trouble::ReadOnly,
            "has too few replicas to write safely (min-replicas-to-write): start them",
        )),
        "BUSY" => Failure::Refused(transient(
            Trouble::Unreachable,
            "is busy with somebody's script",
        )),
        "NOAUTH" => refused("asks for a password and none is set"),
        "WRONGPASS" => {
            refused("refuses the user or the password: compare the secret file with its ACL")
        }
        "NOPERM" => refused(&format!(
            "does not let the user do what is needed: {details}"
        )),
        // Redis repeats the arguments of what it does not understand.
        _ => {
            let plain = details.split(", with args").next().unwrap_or_default();
            lasting(&format!("answers {code} {plain}"))
        }
    }
}

/// `SLOT HOST:PORT` (Redis Cluster specification, "MOVED Redirection").
fn elsewhere(code: &str, details: &str, address: &Address) -> Option<Failure> {
    let (host, port) = details.split_whitespace().nth(1)?.rsplit_once(':')?;
    let address = address.neighbour(host, port.parse().ok()?);
    let asking = code == "ASK";
    Some(Failure::Elsewhere { address, asking })
}

impl Failure {
    /// The operator's words when it is not tried again.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::NotDone(fault) | Self::Unknown(fault) | Self::Refused(fault) => fault,
            Self::Elsewhere { address, .. } => Fault::transient(
                "tickets",
                format!("the slot is moving to Redis at {address}"),
            ),
            Self::NoScript => Fault::transient("tickets", "Redis keeps no scripts"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, details: &str) -> Failure {
        of_server(
            code,
            details,
            &Address::parse("rediss://10.0.0.1:7000").unwrap(),
        )
    }

    #[test]
    fn a_redirection_is_followed_in_the_same_way() {
        let there = |address: &str| Address::parse(address).unwrap();
        for (details, wanted) in [
            ("3999 10.0.0.2:7001", "rediss://10.0.0.2:7001"),
            ("3999 :7001", "rediss://10.0.0.1:7001"),
            ("3999 ::1:7001", "rediss://[::1]:7001"),
        ] {
            match read("ASK", details) {
                Failure::Elsewhere { address, asking } => {
                    assert!(asking && address == there(wanted), "{address}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(read("MOVED", "3999"), Failure::NotDone(_)));
    }

    #[test]
    fn only_what_was_not_done_may_be_repeated() {
        for code in ["READONLY", "LOADING", "CLUSTERDOWN", "TRYAGAIN"] {
            assert!(matches!(read(code, ""), Failure::NotDone(fault) if fault.transient));
        }
        for code in ["OOM", "MISCONF", "NOREPLICAS", "BUSY"] {
            assert!(matches!(read(code, ""), Failure::Refused(fault) if fault.transient));
        }
        for code in ["NOAUTH", "WRONGPASS", "NOPERM", "ERR"] {
            assert!(matches!(read(code, ""), Failure::Refused(fault) if !fault.transient));
        }
        let fault = read(
            "ERR",
            "unknown command 'X', with args beginning with: 'secret'",
        )
        .fault();
        assert!(!fault.detail.contains("secret"));
    }
}
