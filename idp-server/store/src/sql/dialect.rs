//! The few words in which engines differ.

/// An engine's own words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// A column that numbers rows upwards and never gives a number twice.
    pub(crate) identity: &'static str,
    /// The function that tells where a text holds another: `f(text, part)`, 0 when it does not.
    pub(crate) position: &'static str,
}

/// SQLite's.
pub(crate) const SQLITE: Dialect = Dialect {
    identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
    position: "instr",
};
