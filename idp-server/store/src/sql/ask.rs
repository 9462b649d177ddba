//! Asking an engine: the shapes that answers come in.

use std::borrow::Cow;

use idp_core::base::fault::Fault;
use serde::de::DeserializeOwned;

use super::engine::Engine;
use super::search::{Plan, Search};
use super::value::{Row, Statement, Value};

/// Records in an SQL database.
#[derive(Debug)]
pub struct SqlRecords<E> {
    pub(crate) engine: E,
}

#[expect(
    private_bounds,
    reason = "engines are chosen here, not by users of the crate"
)]
impl<E: Engine> SqlRecords<E> {
    pub(super) async fn rows(
        &self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        self.engine.read(Statement::new(text, values)).await
    }

    /// The first row, read by `read`.
    pub(super) async fn first<T>(
        &self,
        text: &'static str,
        values: Vec<Value>,
        read: impl Fn(&Row) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let rows = self.rows(text, values).await?;
        rows.first().map(read).transpose()
    }

    /// The aggregate whose body is the answer's only column.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<T>, Fault> {
        self.first(text, values, |row| row.body(0)).await
    }

    /// The aggregates whose bodies are the answer's only column.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        text: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<T>, Fault> {
        let rows = self.rows(text, values).await?;
        rows.iter().map(|row| row.body(0)).collect()
    }

    /// The statement that finds a page of accounts with the least work.
    pub(super) async fn planned(&self, search: &Search) -> Result<Statement, Fault> {
        let sizes = match search.sizes() {
            Some(statement) => self.engine.read(statement).await?,
            None => Vec::new(),
        };
        match search.plan(sizes.first()) {
            Plan::Collect(source) => Ok(search.collect(source)),
            Plan::Merge(word) => {
                let words = self.engine.read(search.beginnings(word)).await?;
                Ok(search.merge(word, &words)?.unwrap_or_else(|| search.walk()))
            }
            Plan::Walk => Ok(search.walk()),
        }
    }

    /// Runs one writing statement and answers its rows.
    pub(super) async fn change(
        &self,
        text: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        let text = text.into();
        let answers = self.engine.change(vec![Statement { text, values }]).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }
}
