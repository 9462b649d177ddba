//! What every command works with: the API, the output, and the options.

use std::io::IsTerminal;

use idp_admin_api::text::Clearable;
use idp_admin_api::{LocalText, Page, PageQuery};
use serde::Serialize;

use super::api::{Answer, Api};
use super::args::{Format, Globals, Paging};
use super::failure::Failure;
use super::language::{Text, text};
use super::output::{Column, Output};

/// The most entries that one page of the API holds.
const LARGEST_PAGE: u32 = 500;

/// What every command works with.
pub struct Context<'a> {
    /// The API.
    pub api: Api,
    /// Where answers go.
    pub output: &'a mut Output,
    /// The options of every command.
    pub globals: &'a Globals,
}

impl Context<'_> {
    /// The text in the chosen language.
    pub fn say(&self, text: Text) -> &'static str {
        self.output.style.language.pick(text)
    }

    /// Writes what a change made, and reminds that a dry run made nothing.
    ///
    /// # Errors
    /// Those of the output.
    pub fn changed<T: Serialize>(
        &mut self,
        thing: &T,
        columns: &[Column<T>],
    ) -> Result<(), Failure> {
        self.output.one(thing, columns)?;
        self.remind();
        Ok(())
    }

    /// Reminds that a dry run made nothing.
    pub fn remind(&mut self) {
        if self.globals.dry_run {
            self.output.note(self.say(NOTHING_CHANGED));
        }
    }

    /// Asks before something that cannot be taken back; `--yes` and dry runs are not asked.
    ///
    /// # Errors
    /// A usage failure when nobody can be asked; [`Failure::Reported`] when the answer is no.
    pub fn confirm(&mut self, what: &str) -> Result<(), Failure> {
        if self.globals.yes || self.globals.dry_run {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::usage(self.say(ADD_YES).to_owned()));
        }
        let agreed = dialoguer::Confirm::new()
            .with_prompt(format!("{what} {}", self.say(SURE)))
            .default(false)
            .interact()
            .map_err(|e| Failure::failed(e.to_string()))?;
        if agreed {
            return Ok(());
        }
        self.output.note(self.say(LEFT_ALONE));
        Err(Failure::Reported)
    }

    /// Writes a page of a list, or all of it, and says how to go on.
    ///
    /// # Errors
    /// The server's refusal, or those of the output.
    pub async fn list<T: Serialize>(
        &mut self,
        paging: &Paging,
        columns: &[Column<T>],
        fetch: impl AsyncFn(PageQuery) -> Answer<Page<T>>,
    ) -> Result<(), Failure> {
        let page = if paging.all {
            Page {
                entries: all(fetch).await?,
                next: None,
            }
        } else {
            let query = PageQuery {
                after: paging.after.clone(),
                limit: Some(paging.limit),
            };
            fetch(query).await?
        };
        self.output.list(&page, &page.entries, columns)?;
        if let (Format::Table, Some(next)) = (self.globals.output, &page.next) {
            let more = self.say(MORE);
            self.output.note(&format!("{more} --after '{next}'"));
        }
        Ok(())
    }
}

/// All entries of a list, page by page.
///
/// # Errors
/// The server's refusal.
pub async fn all<T>(fetch: impl AsyncFn(PageQuery) -> Answer<Page<T>>) -> Answer<Vec<T>> {
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let query = PageQuery {
            after,
            limit: Some(LARGEST_PAGE),
        };
        let page = fetch(query).await?;
        entries.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}

/// An option whose empty value takes the field back.
pub fn clearable(option: Option<String>) -> Clearable<String> {
    option.map(|text| (!text.is_empty()).then_some(text))
}

/// A text with some of its languages replaced; `None` when neither was given.
pub fn retold(present: &LocalText, vi: Option<String>, en: Option<String>) -> Option<LocalText> {
    if vi.is_none() && en.is_none() {
        return None;
    }
    Some(LocalText {
        vi: vi.unwrap_or_else(|| present.vi.clone()),
        en: clearable(en).unwrap_or_else(|| present.en.clone()),
    })
}

const NOTHING_CHANGED: Text = text(
    "chạy thử: chưa có gì thay đổi",
    "dry run: nothing was changed",
);
const ADD_YES: Text = text(
    "không có ai để hỏi lại; thêm --yes nếu chắc chắn",
    "nobody is there to be asked; add --yes if you are sure",
);
const SURE: Text = text("Chắc chắn?", "Are you sure?");
const LEFT_ALONE: Text = text("không thay đổi gì", "nothing was changed");
const MORE: Text = text("còn nữa; trang sau:", "there is more; next page:");

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_pages_are_read_in_order() {
        let entries = all(async |query: PageQuery| {
            let from: u32 = query.after.map_or(0, |after| after.parse().unwrap());
            Ok(Page {
                entries: vec![from, from + 1],
                next: (from < 4).then(|| (from + 2).to_string()),
            })
        })
        .await
        .unwrap();
        assert_eq!(entries, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn one_language_is_replaced_without_the_other() {
        let present = LocalText {
            vi: "Sở Nội vụ".to_owned(),
            en: Some("Home Affairs".to_owned()),
        };
        assert_eq!(retold(&present, None, None), None);
        let renamed = retold(&present, Some("Sở Mới".to_owned()), None).unwrap();
        assert_eq!(renamed.en, present.en);
        assert_eq!(
            retold(&present, None, Some(String::new())).unwrap().en,
            None
        );
    }
}
