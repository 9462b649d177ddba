//! The versions of the schema, and which programs may run on which.
//!
//! Nodes of the version before keep running while a newer one migrates: a migration first only
//! adds (expand), and a later one, in a later release, takes away what nobody uses any more
//! (contract). So each migration names the oldest schema version whose programs still work on it.

use idp_core::base::fault::{Fault, Trouble};

use super::value::Row;

/// One step of the schema.
#[derive(Debug)]
pub(crate) struct Migration {
    /// Counted from 1.
    pub(crate) version: i64,
    /// Programs that know this version, or a newer one, run on a schema that has taken this step.
    /// Never less than that of the step before.
    pub(crate) compatible_from: i64,
    /// The texts that lead there from the version before.
    pub(crate) texts: &'static [&'static str],
}

const RECORDS_FIRST: &str = include_str!("../../migrations/0001_first.sql");
const SEARCH_ORDER: &str = include_str!("../../migrations/0002_search_order.sql");
const CERTIFICATE_STATUS: &str = include_str!("../../migrations/0003_certificate_status.sql");
const TICKETS_FIRST: &str = include_str!("../../migrations/tickets_0001_first.sql");

/// Those of the records, with the tickets that rest beside them.
pub(crate) const RECORDS: &[Migration] = &[
    Migration {
        version: 1,
        compatible_from: 1,
        texts: &[RECORDS_FIRST, TICKETS_FIRST],
    },
    // Programs before would write words without their order.
    Migration {
        version: 2,
        compatible_from: 2,
        texts: &[SEARCH_ORDER],
    },
    // Programs before neither read nor write it.
    Migration {
        version: 3,
        compatible_from: 2,
        texts: &[CERTIFICATE_STATUS],
    },
];

/// Those of an embedded store's second file.
pub(crate) const TICKETS: &[Migration] = &[Migration {
    version: 1,
    compatible_from: 1,
    texts: &[TICKETS_FIRST],
}];

/// Where the steps taken are noted.
pub(crate) const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_versions \
     (version BIGINT PRIMARY KEY, compatible_from BIGINT NOT NULL)";

/// Notes a step.
pub(crate) const MARK: &str =
    "INSERT INTO schema_versions (version, compatible_from) VALUES ($1, $2)";

/// Asks for the last step taken.
pub(crate) const NEWEST: &str =
    "SELECT version, compatible_from FROM schema_versions ORDER BY version DESC LIMIT 1";

/// The last step that a database has taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newest {
    version: i64,
    compatible_from: i64,
}

impl Newest {
    /// Reads the answer to [`NEWEST`].
    pub(crate) fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            version: row.int(0)?,
            compatible_from: row.int(1)?,
        })
    }

    /// Refuses a schema that this program, which knows the steps in `known`, would damage: an
    /// older program writes rows that lack what a newer one relies on.
    pub(crate) fn check(&self, known: &[Migration], place: &str) -> Result<(), Fault> {
        let known = known.last().map_or(0, |migration| migration.version);
        if known >= self.compatible_from {
            return Ok(());
        }
        Err(Fault::lasting(
            "store",
            format!(
                "{place} has schema version {}, this program knows {known} and {} is needed: use \
                 the newer program that wrote it, or restore a backup from before the upgrade",
                self.version, self.compatible_from
            ),
        )
        .with(Trouble::Schema))
    }
}

/// The steps still to take.
pub(crate) fn missing(
    known: &'static [Migration],
    newest: Option<Newest>,
) -> impl Iterator<Item = &'static Migration> {
    let done = newest.map_or(0, |newest| newest.version);
    known.iter().filter(move |m| m.version > done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_and_their_bounds_never_fall() {
        for list in [RECORDS, TICKETS] {
            for (number, step) in (1..).zip(list) {
                assert_eq!(step.version, number);
                assert!((1..=number).contains(&step.compatible_from));
            }
            assert!(
                list.windows(2)
                    .all(|w| w[0].compatible_from <= w[1].compatible_from)
            );
        }
    }

    #[test]
    fn an_older_program_runs_on_what_only_grew() {
        let newest = |version, compatible_from| Newest {
            version,
            compatible_from,
        };
        let known = RECORDS.last().unwrap().version;
        newest(known + 1, known).check(RECORDS, "x").unwrap();
        assert_eq!(missing(RECORDS, Some(newest(known + 1, known))).count(), 0);
        let fault = newest(known + 2, known + 1)
            .check(RECORDS, "x")
            .unwrap_err();
        assert!(!fault.transient && fault.detail.contains(&format!("version {}", known + 2)));
        assert_eq!(missing(RECORDS, None).count(), RECORDS.len());
    }
}
