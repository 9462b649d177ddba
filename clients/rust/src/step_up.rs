//! Signing in more strongly or more recently (RFC 9470): what is demanded, and reading it from a
//! resource server's challenge.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use serde::{Deserialize, Serialize};

use crate::session::Authentication;

/// Longest challenge read, in bytes.
const CHALLENGE_MAX: usize = 4096;
/// `acr` values taken from a challenge at most.
const ACR_MAX: usize = 16;

/// How strongly and how recently a person must have signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Acceptable `acr` values, the preferred one first; empty when any will do.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// Longest time since the person signed in, in whole seconds.
    #[serde(default)]
    pub max_age: Option<Duration>,
}

impl Demand {
    /// One of these `acr` values.
    pub fn acr<I, S>(values: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self {
            acr_values: values.into_iter().map(Into::into).collect(),
            max_age: None,
        }
    }

    /// A sign-in no older than this. Under a minute the person may be sent back and forth, since
    /// the way through the provider takes its time.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// True when nothing is demanded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.acr_values.is_empty() && self.max_age.is_none()
    }

    /// True when this sign-in was strong enough, and recent enough at `now` with `tolerance` for
    /// the clocks. A sign-in that states no `acr` or no `auth_time` does not meet a demand for it.
    #[must_use]
    pub fn is_met_by(
        &self,
        authentication: &Authentication,
        now: DateTime<Utc>,
        tolerance: TimeDelta,
    ) -> bool {
        let strong = self.acr_values.is_empty()
            || authentication
                .acr
                .as_ref()
                .is_some_and(|acr| self.acr_values.contains(acr));
        let recent = self.max_age.is_none_or(|age| {
            authentication
                .auth_time
                .is_some_and(|at| is_recent(at, age, now, tolerance))
        });
        strong && recent
    }
}

/// True when `auth_time` lies no longer than `age` and the tolerance before `now`.
pub(crate) fn is_recent(
    auth_time: DateTime<Utc>,
    age: Duration,
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> bool {
    let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
    now - auth_time <= age.checked_add(&tolerance).unwrap_or(TimeDelta::MAX)
}

/// A resource server's "sign in more strongly first" (RFC 9470 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge(Demand);

impl Challenge {
    /// Reads the challenge of a 401 answer, or nothing when its error is another one.
    ///
    /// At most 4 KiB and sixteen `acr` values are read; a `max_age` that is no number of seconds is
    /// ignored. The values are the resource server's: they are sent to the provider, which decides
    /// what they mean.
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Option<Self> {
        let parameters = parameters(headers, "insufficient_user_authentication")?;
        let find = |name: &str| {
            let mut found = parameters.iter().filter(|(n, _)| n == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let acr_values = find("acr_values").unwrap_or_default().split(' ');
        Some(Self(Demand {
            acr_values: acr_values
                .filter(|v| !v.is_empty())
                .take(ACR_MAX)
                .map(str::to_owned)
                .collect(),
            max_age: find("max_age")
                .and_then(|v| v.parse().ok())
                .map(Duration::from_secs),
        }))
    }

    /// What the resource server demands.
    #[must_use]
    pub fn demand(&self) -> &Demand {
        &self.0
    }
}

/// The `error` of the first challenge that states one.
pub(crate) fn challenge_error(headers: &HeaderMap) -> Option<String> {
    challenges(headers)
        .find_map(|list| list.into_iter().find(|(name, _)| name == "error"))
        .map(|(_, error)| error)
}

fn parameters(headers: &HeaderMap, error: &str) -> Option<Vec<(String, String)>> {
    challenges(headers).find(|list| list.iter().any(|(n, v)| n == "error" && v == error))
}

/// The parameters of each challenge header (RFC 9110 §11.6.1). Several challenges in one header
/// are read as one: their schemes are skipped, and no parameter here is told apart by scheme.
fn challenges(headers: &HeaderMap) -> impl Iterator<Item = Vec<(String, String)>> + '_ {
    headers
        .get_all(WWW_AUTHENTICATE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|text| text.len() <= CHALLENGE_MAX)
        .map(parse_parameters)
}

fn parse_parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before
            .rsplit([',', ' '])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = after.find([',', ' ']).unwrap_or(after.len());
                let (value, next) = after.split_at(end);
                (value.to_owned(), next)
            }
        };
        found.push((name, value));
        rest = next;
    }
    found
}

/// The text up to the closing quotation mark, and what follows it (RFC 9110 §5.6.4).
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn a_challenge_is_read_wherever_it_stands() {
        let stands = [
            r#"Bearer error="insufficient_user_authentication", acr_values="loa:3 loa:4", max_age="300""#,
            r#"DPoP algs="ES256", error="insufficient_user_authentication",max_age=300, acr_values="loa:3 loa:4""#,
        ];
        for line in stands {
            let read = Challenge::parse(&headers(&["Basic realm=\"x, error=y\"", line]));
            let demand = Demand::acr(["loa:3", "loa:4"]).max_age(Duration::from_secs(300));
            assert_eq!(read.unwrap().demand(), &demand, "{line}");
        }
    }

    #[test]
    fn other_answers_are_no_challenge() {
        for line in [
            "Bearer",
            r#"Bearer error="invalid_token""#,
            r#"Bearer realm="error=insufficient_user_authentication""#,
            r#"Bearer error="insufficient_user_authentication"#,
        ] {
            let unfinished = line.ends_with("authentication");
            assert_eq!(
                Challenge::parse(&headers(&[line])).is_some(),
                unfinished,
                "{line}"
            );
        }
        let long = format!(
            r#"Bearer error="insufficient_user_authentication", x="{}""#,
            "x".repeat(5000)
        );
        assert_eq!(Challenge::parse(&headers(&[&long])), None);
        assert_eq!(
            challenge_error(&headers(&[r#"DPoP error="use_dpop_nonce", algs="ES256""#])).as_deref(),
            Some("use_dpop_nonce")
        );
    }

    #[test]
    fn demands_are_met_or_not() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let signed_in = Authentication {
            acr: Some("loa:2".to_owned()),
            auth_time: Some(at(1000)),
            ..Authentication::default()
        };
        let met =
            |demand: &Demand, now| demand.is_met_by(&signed_in, at(now), TimeDelta::seconds(30));
        assert!(met(&Demand::default(), 9999));
        assert!(met(&Demand::acr(["loa:3", "loa:2"]), 9999));
        assert!(!met(&Demand::acr(["loa:3"]), 1000));
        let recent = Demand::default().max_age(Duration::from_secs(60));
        assert!(met(&recent, 1090));
        assert!(!met(&recent, 1091));
        assert!(met(
            &Demand::default().max_age(Duration::MAX),
            i64::from(u32::MAX)
        ));
        let silent = Authentication::default();
        assert!(!recent.is_met_by(&silent, at(0), TimeDelta::zero()));
    }
}
