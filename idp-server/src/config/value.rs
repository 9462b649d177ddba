//! How values are written.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a span of time: numbers with a unit (`d h m s ms`), largest unit first, each unit once.
pub(super) fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut millis: u64 = 0;
    let mut last_unit: Option<u64> = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if last_unit.is_some_and(|last| *size >= last) {
            return None;
        }
        last_unit = Some(*size);
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = tail.trim_start();
    }
    last_unit.map(|_| Duration::from_millis(millis))
}

/// Writes a span as [`span`] reads it.
pub(super) fn write_span(span: Duration) -> String {
    let mut rest = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, size) in UNITS {
        if rest >= size {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// Splits a list of the environment at its commas.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How many insertions, removals and exchanges of one character lie between two texts.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (right, above) in b.iter().zip(row.iter().skip(1)) {
            let exchanged = diagonal + usize::from(left != *right);
            before = exchanged.min(before + 1).min(above + 1);
            next.push(before);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{distance, span, words, write_span};

    #[test]
    fn spans_are_read_and_written() {
        for (text, seconds) in [
            ("60s", 60),
            ("10m", 600),
            ("8h", 28_800),
            ("1h30m", 5400),
            ("30d", 2_592_000),
        ] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
            assert_eq!(
                span(&write_span(Duration::from_secs(seconds))),
                span(text),
                "{text}"
            );
        }
        assert_eq!(span("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(write_span(Duration::ZERO), "0s");
        for text in [
            "",
            "10",
            "m",
            "10 minutes",
            "-5s",
            "1.5h",
            "5m5m",
            "5s1h",
            "10M",
            "99999999999999999d",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn lists_and_distances() {
        assert_eq!(words(" a, b ,,c"), ["a", "b", "c"]);
        assert_eq!(distance("listen.adress", "listen.address"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
