//! Instants as people in Vietnam read them.

use chrono::{DateTime, TimeDelta, Utc};

/// An instant as `dd/MM/yyyy HH:mm` at UTC+7, which Vietnam keeps all year.
/// An instant too far in the future to be moved by seven hours is shown in UTC.
#[must_use]
pub fn local_time(at: DateTime<Utc>) -> String {
    let moved = at.checked_add_signed(TimeDelta::hours(7)).unwrap_or(at);
    moved.format("%d/%m/%Y %H:%M").to_string()
}

/// An instant in both notations, as a page shows it.
pub(super) struct ShownTime {
    /// For people: [`local_time`].
    pub(super) people: String,
    /// For machines: [`machine_time`].
    pub(super) machines: String,
}

impl From<DateTime<Utc>> for ShownTime {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            people: local_time(at),
            machines: machine_time(at),
        }
    }
}

/// The same instant for machines: the `datetime` attribute of `<time>`, in UTC.
#[must_use]
pub(super) fn machine_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::{local_time, machine_time};
    use chrono::{DateTime, Utc};

    #[test]
    fn late_in_the_day_in_utc_is_the_next_day_in_vietnam() {
        let at: DateTime<Utc> = "2026-12-31T17:05:59Z".parse().unwrap();
        assert_eq!(local_time(at), "01/01/2027 00:05");
        assert_eq!(machine_time(at), "2026-12-31T17:05:59Z");
    }

    #[test]
    fn the_last_instant_is_shown_rather_than_refused() {
        assert!(local_time(DateTime::<Utc>::MAX_UTC).ends_with("23:59"));
    }
}
