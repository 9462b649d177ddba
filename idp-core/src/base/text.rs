//! Vietnamese text: one normal form to store, one key to search by, and what is not text at all.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Normalisation form C with outer white space removed: how names are stored and compared.
pub fn nfc(text: &str) -> String {
    text.trim().nfc().collect()
}

/// The key by which people search: decomposed, marks dropped, `đ` → `d`, lower case, single
/// spaces. `Hòa` and `Hoà` get the same key.
pub fn search_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let mut space = false;
    for c in text
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        if c.is_whitespace() {
            space = !key.is_empty();
            continue;
        }
        if space {
            key.push(' ');
            space = false;
        }
        key.push(if c == 'đ' { 'd' } else { c });
    }
    key
}

/// The key by which people are listed: given name first, then family and middle names, as
/// Vietnamese lists are ordered. The given name is the last word.
pub fn sort_key(full_name: &str) -> String {
    let key = search_key(full_name);
    match key.rsplit_once(' ') {
        Some((rest, given)) => format!("{given} {rest}"),
        None => key,
    }
}

/// Why a text is refused as a label (name, title, description).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing remains after trimming.
    #[error("the text is empty")]
    Empty,
    /// More than the allowed number of characters.
    #[error("the text is too long")]
    TooLong,
    /// A control, bidirectional or zero-width character, which makes one name look like another.
    #[error("the text holds an invisible or direction-changing character")]
    Invisible,
}

/// Takes a person-readable label of at most `most` characters, normalised to NFC.
///
/// # Errors
/// See [`LabelError`].
pub fn label(text: &str, most: usize) -> Result<String, LabelError> {
    let text = nfc(text);
    if text.is_empty() {
        return Err(LabelError::Empty);
    }
    if text.chars().count() > most {
        return Err(LabelError::TooLong);
    }
    if text.chars().any(is_deceptive) {
        return Err(LabelError::Invisible);
    }
    Ok(text)
}

/// Whether a character is invisible or changes the direction of what follows (security rule:
/// confusable names).
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180e
                | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfeff
                | 0xffa0 | 0xfff0..=0xfffb | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_find_each_other_without_marks() {
        assert_eq!(search_key("  Đặng  Thị Ngọc Ánh "), "dang thi ngoc anh");
        assert_eq!(search_key("Hòa"), search_key("Hoà"));
        assert_eq!(search_key("Y Nguyên Niê"), "y nguyen nie");
        assert_eq!(search_key("K'Brôi"), "k'broi");
        assert_eq!(search_key("NGUYỄN"), search_key("Nguye\u{302}\u{303}n"));
    }

    #[test]
    fn lists_are_ordered_by_given_name() {
        let mut names = ["Trần Văn Bình", "Lê An", "Đặng Thị Ngọc Ánh", "Bình"];
        names.sort_by_key(|n| sort_key(n));
        assert_eq!(
            names,
            ["Lê An", "Đặng Thị Ngọc Ánh", "Bình", "Trần Văn Bình"]
        );
    }

    #[test]
    fn labels_are_refused_by_rule() {
        assert_eq!(label(" ", 10), Err(LabelError::Empty));
        assert_eq!(label("abcdef", 5), Err(LabelError::TooLong));
        assert_eq!(label("Nguyễn\u{202e}Văn", 50), Err(LabelError::Invisible));
        assert_eq!(label("An\u{200b}", 50), Err(LabelError::Invisible));
        assert_eq!(label("Nguye\u{302}\u{303}n", 50).as_deref(), Ok("Nguyễn"));
    }
}
