//! Something wrong with a declared client: whose, where, what, and what to do.

use idp_core::base::refusal::Reason;

use crate::cli::language::{Language, Said};
use crate::cli::reason_text;
use crate::http::admin::field;

/// Something that is wrong with the file, or with one of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The client, by its id or its place; empty when the file itself is wrong.
    client: String,
    /// The member, empty when it is about several.
    field: String,
    wrong: Said,
    right: Said,
}

impl Trouble {
    /// Something wrong with a client.
    pub(super) fn new(client: &str, wrong: Said, right: Said) -> Self {
        Self {
            client: client.to_owned(),
            field: String::new(),
            wrong,
            right,
        }
    }

    /// Something wrong with the file itself.
    pub(super) fn of_file(wrong: Said, right: Said) -> Self {
        Self::new("", wrong, right)
    }

    /// A rule that a client breaks, with the reason's own remedy.
    pub(super) fn of_rule(client: &str, reason: Reason) -> Self {
        let [vi, en] = [Language::Vi, Language::En].map(|language| reason_text(reason, language));
        let wrong = |rule: &str| format!("{rule} ({})", reason.name());
        let trouble = Self::new(
            client,
            Said::new(wrong(&vi.rule), wrong(&en.rule)),
            Said::new(vi.remedy, en.remedy),
        );
        trouble.at(field(reason).unwrap_or_default())
    }

    /// The same about a member.
    #[must_use]
    pub(super) fn at(self, field: &str) -> Self {
        let field = field.to_owned();
        Self { field, ..self }
    }

    /// Whose it is, where, and what is wrong.
    pub(crate) fn wrong(&self, language: Language) -> String {
        let place = [self.client.as_str(), self.field.as_str()];
        let wrong = [self.wrong.pick(language)];
        let said = place.into_iter().chain(wrong);
        let said: Vec<&str> = said.filter(|part| !part.is_empty()).collect();
        said.join(": ")
    }

    /// What would be right.
    pub(crate) fn right(&self, language: Language) -> &str {
        self.right.pick(language)
    }

    /// All of it on one line.
    pub(crate) fn line(&self, language: Language) -> String {
        format!("{}; {}", self.wrong(language), self.right(language))
    }
}
