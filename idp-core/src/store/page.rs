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
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// The cursor for the page after; absent on the last.
    pub next: Option<String>,
}
