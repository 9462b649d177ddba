//! Listing accounts: filters, search by words, pages by name.
//!
//! Three plans. *Collect*: the accounts that the rarest condition names are read, filtered and
//! sorted. *Merge*: when the rarest condition is a beginning of words that many accounts have,
//! each of those words is read in the order of the listing until the page is full; `user_words`
//! carries that order and all words of the account. *Walk*: when the rarest condition is so wide
//! that it is no short list of words either, all accounts are walked in the order of the listing;
//! matches are then never far apart. So a common family name never sorts half the province.

mod builder;

use idp_core::base::fault::Fault;
use idp_core::base::text::search_key;
use idp_core::model::UserId;
use idp_core::store::page::PageRequest;
use idp_core::store::records::UserFilter;

use super::dialect::Dialect;
use super::value::{Row, Statement, Value, values, word};
use builder::Builder;

/// At most so many rows are collected and sorted.
pub(crate) const SPARSE: i64 = 3_000;

/// A source's size is counted up to here; what is larger is as good as everybody.
const COUNTED: i64 = 20_000;

/// At most so many words are merged.
const MERGED: i64 = 32;

/// More words than this narrow nothing down; the rest are left out of the search.
const MOST_WORDS: usize = 8;

/// Whether the account `u` can sign in by something of its own, as 0 or 1.
const ACTIVATED: &str = "CASE WHEN EXISTS \
    (SELECT 1 FROM credentials WHERE user_id = u.id AND expires_ms IS NULL) OR EXISTS \
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

/// A condition that an index answers by itself.
#[derive(Debug)]
enum Source {
    /// Accounts with a word that begins so: by its place among the words looked for.
    Word(usize),
    /// Accounts in an index table: `FROM … WHERE …` with `?` for each value.
    Index(String, Vec<Value>),
}

/// How a page is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// Read what the source at this place names, and sort.
    Collect(usize),
    /// Read each word that begins like the one at this place, in order.
    Merge(usize),
    /// Walk all accounts in order.
    Walk,
}

/// A listing, ready to be planned.
#[derive(Debug)]
pub(crate) struct Search {
    words: Vec<String>,
    sources: Vec<Source>,
    /// Conditions on `u`, each with `?` for each value; not those by words.
    conditions: Vec<(String, Vec<Value>)>,
    after: Option<String>,
    limit: i64,
    dialect: Dialect,
}

impl Search {
    /// Reads the filter.
    pub(crate) fn new(
        filter: &UserFilter,
        page: &PageRequest,
        dialect: Dialect,
    ) -> Result<Self, Fault> {
        let key = search_key(filter.text.as_deref().unwrap_or_default());
        let words = key.split(' ').filter(|w| !w.is_empty());
        let words: Vec<String> = words.take(MOST_WORDS).map(str::to_owned).collect();
        let mut search = Self {
            sources: (0..words.len()).map(Source::Word).collect(),
            words,
            conditions: Vec::new(),
            after: page.after.clone(),
            limit: i64::from(page.limit.clamp(1, 500)) + 1,
            dialect,
        };
        if let Some(units) = &filter.units {
            let markers = vec!["?"; units.len()].join(", ");
            let units: Vec<Value> = units.iter().map(|u| Value::from(*u)).collect();
            search.add_index("user_positions", &format!("unit_id IN ({markers})"), units);
        }
        if let Some(role) = &filter.role {
            search.add_index("user_roles", "role = ?", values![role.as_str()]);
        }
        if let Some(kind) = &filter.kind {
            let kind = values![word(kind)?];
            search.conditions.push(("u.kind = ?".to_owned(), kind));
        }
        if let Some(active) = filter.active {
            let active = values![active];
            search.conditions.push(("u.active = ?".to_owned(), active));
        }
        if let Some(activated) = filter.activated {
            let activated = values![activated];
            search
                .conditions
                .push((format!("{ACTIVATED} = ?"), activated));
        }
        Ok(search)
    }

    fn add_index(&mut self, table: &str, condition: &str, values: Vec<Value>) {
        self.conditions.push((
            format!("EXISTS (SELECT 1 FROM {table} WHERE user_id = u.id AND {condition})"),
            values.clone(),
        ));
        let from = format!("FROM {table} WHERE {condition}");
        self.sources.push(Source::Index(from, values));
    }

    fn word(&self, place: usize) -> &str {
        self.words.get(place).map_or("", String::as_str)
    }

    /// The question how large each source is; `None` when there is nothing to choose from.
    pub(crate) fn sizes(&self) -> Option<Statement> {
        if self.sources.is_empty() {
            return None;
        }
        let mut builder = Builder::default();
        for (number, source) in self.sources.iter().enumerate() {
            builder.push(if number == 0 { "SELECT " } else { ", " });
            builder.push("(SELECT COUNT(*) FROM (SELECT 1 ");
            match source {
                Source::Word(place) => builder.push_with(
                    "FROM user_words WHERE word >= ? AND word < ?",
                    &range(self.word(*place)),
                ),
                Source::Index(from, values) => builder.push_with(from, values),
            }
            builder.push_with(" LIMIT ?) counted)", &[COUNTED.into()]);
        }
        Some(builder.finish())
    }

    /// The plan, given the answer to [`Search::sizes`].
    pub(crate) fn plan(&self, sizes: Option<&Row>) -> Plan {
        let sizes = self
            .sources
            .iter()
            .enumerate()
            .filter_map(|(number, source)| Some((sizes?.int(number).ok()?, number, source)));
        match sizes.min_by_key(|(size, ..)| *size) {
            Some((size, place, _)) if size < SPARSE => Plan::Collect(place),
            Some((_, _, Source::Word(place))) => Plan::Merge(*place),
            _ => Plan::Walk,
        }
    }

    /// The question which words begin like the one at `place`; one more than can be merged.
    pub(crate) fn beginnings(&self, place: usize) -> Statement {
        let mut builder = Builder::default();
        let [from, to] = range(self.word(place));
        builder.push_with(
            "WITH RECURSIVE found (word, number) AS (\
             SELECT MIN(word), 0 FROM user_words WHERE word >= ? AND word < ? UNION ALL \
             SELECT (SELECT MIN(w.word) FROM user_words w WHERE w.word > found.word \
             AND w.word < ?), number + 1 FROM found WHERE found.word IS NOT NULL AND number < ?) \
             SELECT word FROM found WHERE word IS NOT NULL",
            &[from, to.clone(), to, Value::from(MERGED)],
        );
        builder.finish()
    }

    /// The statement that merges, given the answer to [`Search::beginnings`]; `None` when there
    /// are too many words.
    pub(crate) fn merge(
        &self,
        place: usize,
        beginnings: &[Row],
    ) -> Result<Option<Statement>, Fault> {
        if beginnings.is_empty() || beginnings.len() as i64 > MERGED {
            return Ok(None);
        }
        let mut builder = Builder::default();
        builder.push("SELECT u.id, u.body FROM (");
        for (number, row) in beginnings.iter().enumerate() {
            builder.push(if number == 0 { "" } else { " UNION ALL " });
            builder.push("SELECT * FROM (");
            self.part(&mut builder, place, "w.word = ?", &[row.text(0)?.into()]);
            builder.push(&format!(") part_{number}"));
        }
        builder.push_with(" ORDER BY sort_key, user_id LIMIT ?", &[self.limit.into()]);
        self.bodies(&mut builder);
        Ok(Some(builder.finish()))
    }

    /// The statement that collects from the source at `place`.
    pub(crate) fn collect(&self, place: usize) -> Statement {
        let mut builder = Builder::default();
        match self.sources.get(place) {
            Some(Source::Word(word)) => {
                builder.push("SELECT u.id, u.body FROM (");
                let words = range(self.word(*word));
                self.part(&mut builder, *word, "w.word >= ? AND w.word < ?", &words);
                self.bodies(&mut builder);
            }
            Some(Source::Index(from, values)) => {
                builder.push("SELECT u.id, u.body FROM (SELECT DISTINCT user_id ");
                builder.push_with(from, values);
                // CROSS JOIN: SQLite keeps the order in which the tables are named.
                builder.push(") d CROSS JOIN users u WHERE u.id = d.user_id");
                self.filter(&mut builder);
            }
            None => return self.walk(),
        }
        builder.finish()
    }

    /// The statement that walks all accounts.
    pub(crate) fn walk(&self) -> Statement {
        let mut builder = Builder::default();
        builder.push("SELECT u.id, u.body FROM users u WHERE 1 = 1");
        self.filter(&mut builder);
        builder.finish()
    }

    /// One page of accounts with words in a stretch of `user_words`, each account once: at the
    /// first of its words that begin so (`search` holds them in order).
    fn part(&self, builder: &mut Builder, place: usize, stretch: &str, values: &[Value]) {
        let position = self.dialect.position;
        builder.push("SELECT w.user_id, w.sort_key FROM user_words w");
        if !self.conditions.is_empty() {
            builder.push(" CROSS JOIN users u");
        }
        builder.push(" WHERE ");
        builder.push_with(stretch, values);
        builder.push_with(
            &format!(" AND {position}(w.search, ?) = {position}(w.search, ' ' || w.word || ' ')"),
            &[format!(" {}", self.word(place)).into()],
        );
        for (_, other) in self.words.iter().enumerate().filter(|(at, _)| *at != place) {
            let condition = format!(" AND {position}(w.search, ?) > 0");
            builder.push_with(&condition, &[format!(" {other}").into()]);
        }
        self.cursor(builder, "w.sort_key, w.user_id");
        if !self.conditions.is_empty() {
            builder.push(" AND u.id = w.user_id");
            self.conditions(builder);
        }
        let order = " ORDER BY w.sort_key, w.user_id LIMIT ?";
        builder.push_with(order, &[self.limit.into()]);
    }

    /// The accounts of the parts, in order.
    fn bodies(&self, builder: &mut Builder) {
        builder
            .push(") d CROSS JOIN users u WHERE u.id = d.user_id ORDER BY d.sort_key, d.user_id");
    }

    /// Every condition on `u`, the order and the page.
    fn filter(&self, builder: &mut Builder) {
        for word in &self.words {
            let condition = format!(" AND {}(u.search, ?) > 0", self.dialect.position);
            builder.push_with(&condition, &[format!(" {word}").into()]);
        }
        self.conditions(builder);
        self.cursor(builder, "u.sort_key, u.id");
        builder.push_with(" ORDER BY u.sort_key, u.id LIMIT ?", &[self.limit.into()]);
    }

    fn conditions(&self, builder: &mut Builder) {
        for (text, values) in &self.conditions {
            builder.push(" AND ");
            builder.push_with(text, values);
        }
    }

    fn cursor(&self, builder: &mut Builder, columns: &str) {
        if let Some(after) = &self.after {
            builder.push_with(
                &format!(" AND ({columns}) > ((SELECT a.sort_key FROM users a WHERE a.id = ?), ?)"),
                &[after.as_str().into(), after.as_str().into()],
            );
        }
    }
}

/// The stretch of all words that begin so.
fn range(word: &str) -> [Value; 2] {
    [word, &format!("{word}\u{10ffff}")].map(Value::from)
}
