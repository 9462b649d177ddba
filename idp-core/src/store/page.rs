//! Long lists, a page at a time.

/// Which page: at most `limit` entries after `after`, in the listing's own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The cursor that the page before ended with.
    pub after: Option<String>,
    /// 1–500.
    pub limit: u32,
}

impl PageRequest {
    /// The first page with at most `limit` entries, brought into 1–500.
    pub fn first(limit: u32) -> Self {
        Self {
            after: None,
            limit: limit.clamp(1, 500),
        }
    }

    /// The page after a cursor that somebody sent; none when no listing made that cursor, since it
    /// holds control characters, which stores need not take. Whether anything has it is not looked
    /// at: listings go on behind where it would stand.
    pub fn sent(after: Option<String>, limit: u32) -> Option<Self> {
        let is_sound = |after: &str| !after.chars().any(char::is_control);
        let first = Self::first(limit);
        after
            .as_deref()
            .is_none_or(is_sound)
            .then_some(Self { after, ..first })
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// The cursor for the page after; absent on the last.
    pub next: Option<String>,
}
