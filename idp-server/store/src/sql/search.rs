//! Listing accounts: filters, search by words, pages by name.
//!
//! Two plans. The *sparse* one collects the accounts that the rarest condition names and sorts
//! them; the *dense* one walks the accounts in the order of the listing and stops when the page
//! is full. Which is better depends on how many accounts the rarest condition names: below
//! [`SPARSE`] sorting all of them is cheap; above it the walk soon finds a page, because matches
//! are never far apart. So a common beginning such as `ng` never sorts half the province.

use idp_core::base::fault::Fault;
use idp_core::base::text::search_key;
use idp_core::model::UserId;
use idp_core::store::page::PageRequest;
use idp_core::store::records::UserFilter;

use super::dialect::Dialect;
use super::value::{Row, Statement, Value, values, word};

/// At most so many accounts are collected and sorted.
pub(crate) const SPARSE: i64 = 3_000;

/// More words than this narrow nothing down; the rest are left out of the search.
const MOST_WORDS: usize = 8;

/// Whether the account `u` can sign in by something of its own, as 0 or 1.
const ACTIVATED: &str = "CASE WHEN EXISTS \
    (SELECT 1 FROM credentials WHERE user_id = u.id AND lookup IS NULL) OR EXISTS \
    (SELECT 1 FROM user_external_identities WHERE user_id = u.id) THEN 1 ELSE 0 END";

/// Those of the users that can sign in by something of their own.
pub(crate) fn activated(users: &[UserId]) -> Statement {
    let markers = vec!["?"; users.len()].join(", ");
    let users: Vec<Value> = users.iter().map(|id| Value::from(*id)).collect();
    let mut builder = Builder::default();
    builder.push("SELECT u.id FROM users u WHERE ");
    builder.push(ACTIVATED);
    builder.push_with(&format!(" = 1 AND u.id IN ({markers})"), &users);
    builder.finish()
}

/// A condition that an index answers by itself with a set of accounts.
#[derive(Debug)]
struct Source {
    /// `FROM … WHERE …` of the index table, with `?` for each value.
    from: String,
    values: Vec<Value>,
}

/// A listing, ready to be planned.
#[derive(Debug)]
pub(crate) struct Search {
    sources: Vec<Source>,
    /// Conditions on `u`, each with `?` for each value.
    conditions: Vec<(String, Vec<Value>)>,
    limit: i64,
}

impl Search {
    /// Reads the filter.
    pub(crate) fn new(
        filter: &UserFilter,
        page: &PageRequest,
        dialect: Dialect,
    ) -> Result<Self, Fault> {
        let mut search = Self {
            sources: Vec::new(),
            conditions: Vec::new(),
            limit: i64::from(page.limit.clamp(1, 500)) + 1,
        };
        search.add_words(filter.text.as_deref().unwrap_or_default(), dialect);
        if let Some(units) = &filter.units {
            let markers = vec!["?"; units.len()].join(", ");
            let units: Vec<Value> = units.iter().map(|u| Value::from(*u)).collect();
            search.add_index("user_positions", &format!("unit_id IN ({markers})"), units);
        }
        if let Some(role) = &filter.role {
            search.add_index("user_roles", "role = ?", values![role.as_str()]);
        }
        if let Some(kind) = &filter.kind {
            search.add_condition("u.kind = ?", values![word(kind)?]);
        }
        if let Some(active) = filter.active {
            search.add_condition("u.active = ?", values![active]);
        }
        if let Some(activated) = filter.activated {
            search.add_condition(&format!("{ACTIVATED} = ?"), values![activated]);
        }
        if let Some(after) = &page.after {
            search.add_condition(
                "(u.sort_key, u.id) > ((SELECT a.sort_key FROM users a WHERE a.id = ?), ?)",
                values![after.as_str(), after.as_str()],
            );
        }
        Ok(search)
    }

    fn add_words(&mut self, text: &str, dialect: Dialect) {
        let key = search_key(text);
        for word in key.split(' ').filter(|w| !w.is_empty()).take(MOST_WORDS) {
            self.add_condition(
                &format!("{}(u.search, ?) > 0", dialect.position),
                values![format!(" {word}")],
            );
            self.sources.push(Source {
                from: "FROM user_words WHERE word >= ? AND word < ?".to_owned(),
                values: values![word, format!("{word}\u{10ffff}")],
            });
        }
    }

    fn add_index(&mut self, table: &str, condition: &str, values: Vec<Value>) {
        self.add_condition(
            &format!("EXISTS (SELECT 1 FROM {table} WHERE user_id = u.id AND {condition})"),
            values.clone(),
        );
        self.sources.push(Source {
            from: format!("FROM {table} WHERE {condition}"),
            values,
        });
    }

    fn add_condition(&mut self, text: &str, values: Vec<Value>) {
        self.conditions.push((text.to_owned(), values));
    }

    /// The question which source is the rarest; `None` when there is nothing to choose from.
    pub(crate) fn sizes(&self) -> Option<Statement> {
        if self.sources.is_empty() {
            return None;
        }
        let mut builder = Builder::default();
        for (number, source) in self.sources.iter().enumerate() {
            builder.push(if number == 0 { "SELECT " } else { ", " });
            builder.push("(SELECT COUNT(*) FROM (SELECT 1 ");
            builder.push_with(&source.from, &source.values);
            builder.push_with(" LIMIT ?) counted)", &[Value::from(SPARSE)]);
        }
        Some(builder.finish())
    }

    /// The page's statement, given the answer to [`Search::sizes`].
    pub(crate) fn statement(&self, sizes: Option<&Row>) -> Statement {
        let rarest = self
            .sources
            .iter()
            .enumerate()
            .filter_map(|(number, source)| Some((sizes?.int(number).ok()?, source)))
            .min_by_key(|(size, _)| *size)
            .filter(|(size, _)| *size < SPARSE);
        let mut builder = Builder::default();
        builder.push("SELECT u.id, u.body FROM ");
        if let Some((_, source)) = rarest {
            builder.push("(SELECT DISTINCT user_id ");
            builder.push_with(&source.from, &source.values);
            // CROSS JOIN: SQLite keeps the order in which the tables are named.
            builder.push(") d CROSS JOIN users u WHERE u.id = d.user_id");
        } else {
            builder.push("users u WHERE 1 = 1");
        }
        for (text, values) in &self.conditions {
            builder.push(" AND ");
            builder.push_with(text, values);
        }
        builder.push_with(
            " ORDER BY u.sort_key, u.id LIMIT ?",
            &[Value::from(self.limit)],
        );
        builder.finish()
    }
}

/// Puts a statement together from fixed texts, numbering the markers.
#[derive(Default)]
struct Builder {
    text: String,
    values: Vec<Value>,
}

impl Builder {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn push_with(&mut self, text: &str, values: &[Value]) {
        for (number, part) in text.split('?').enumerate() {
            if number > 0 {
                let place = self.values.len() + number;
                self.text.push_str(&format!("${place}"));
            }
            self.text.push_str(part);
        }
        self.values.extend_from_slice(values);
    }

    fn finish(self) -> Statement {
        Statement {
            text: self.text.into(),
            values: self.values,
        }
    }
}
