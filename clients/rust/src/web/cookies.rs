//! The three cookies, and nothing in them but random secrets.

use axum::http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::error::{Error, Fault};
use crate::random;
use crate::settings::Settings;

/// Seconds that a browser may be away at the provider.
const AWAY_SECONDS: u32 = 600;

/// Names and attributes of this application's cookies.
///
/// Cookies know no ports: two applications on one host would overwrite each other's. The names
/// therefore carry a digest of base URL and client.
#[derive(Debug)]
pub(crate) struct Cookies {
    session: String,
    browser: String,
    signing_out: String,
    secure: bool,
    by_form: bool,
}

impl Cookies {
    pub(crate) fn new(settings: &Settings) -> Self {
        let secure = settings.base_url.scheme() == "https";
        let prefix = if secure { "__Host-" } else { "" };
        let digest = random::digest(&format!("{} {}", settings.base_url, settings.client_id));
        let own: String = digest
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect();
        let name = |what: &str| format!("{prefix}rp-{own}-{what}");
        Self {
            session: name("session"),
            browser: name("browser"),
            signing_out: name("signing-out"),
            secure,
            by_form: settings.response_mode.is_form(),
        }
    }

    /// The session's secret.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<String> {
        find(headers, &self.session)
    }

    /// The secret that ties sign-ins on their way to this browser.
    pub(crate) fn browser(&self, headers: &HeaderMap) -> Option<String> {
        find(headers, &self.browser)
    }

    /// The `state` of a logout on its way.
    pub(crate) fn signing_out(&self, headers: &HeaderMap) -> Option<String> {
        find(headers, &self.signing_out)
    }

    /// Sets the session cookie; it ends with the browser, the session itself by its own rules.
    pub(crate) fn set_session(&self, secret: &str) -> Result<HeaderValue, Error> {
        self.cookie(&self.session, secret, None)
    }

    /// Removes the session cookie.
    pub(crate) fn end_session(&self) -> Result<HeaderValue, Error> {
        self.cookie(&self.session, "", Some(0))
    }

    /// Sets the browser cookie for the time of a sign-in. Where the answer comes by form, that is a
    /// request from another site: `SameSite=None`, which browsers take with `Secure` only. The
    /// cookie opens nothing without the `state` of the same sign-in.
    pub(crate) fn set_browser(&self, secret: &str) -> Result<HeaderValue, Error> {
        if self.by_form {
            let name = &self.browser;
            let text = format!(
                "{name}={secret}; Path=/; HttpOnly; SameSite=None; Secure; Max-Age={AWAY_SECONDS}"
            );
            return HeaderValue::from_str(&text).map_err(|_| Fault::Request.into());
        }
        self.cookie(&self.browser, secret, Some(AWAY_SECONDS))
    }

    /// Sets the cookie of a logout on its way.
    pub(crate) fn set_signing_out(&self, state: &str) -> Result<HeaderValue, Error> {
        self.cookie(&self.signing_out, state, Some(AWAY_SECONDS))
    }

    fn cookie(&self, name: &str, value: &str, age: Option<u32>) -> Result<HeaderValue, Error> {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = age
            .map(|seconds| format!("; Max-Age={seconds}"))
            .unwrap_or_default();
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        HeaderValue::from_str(&text).map_err(|_| Fault::Request.into())
    }
}

/// The one cookie of this name, if it looks like a secret of ours. Two of one name are somebody
/// else's doing: neither is believed.
fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let mut values = pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(found, value)| (found == name).then_some(value));
    let value = values.next()?;
    let alone = values.next().is_none();
    let secret = value.len() == 43
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (alone && secret).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: &str) -> Cookies {
        Cookies::new(&Settings::new("https://id.example", "app", base).unwrap())
    }

    #[test]
    fn https_cookies_are_host_bound() {
        let cookies = of("https://app.example");
        let set = cookies.set_session("s").unwrap();
        let set = set.to_str().unwrap();
        assert!(set.starts_with("__Host-rp-"), "{set}");
        assert!(
            set.ends_with("-session=s; Path=/; HttpOnly; SameSite=Lax; Secure"),
            "{set}"
        );
        let plain = of("http://localhost:1").end_session().unwrap();
        let plain = plain.to_str().unwrap();
        assert!(
            plain.starts_with("rp-") && plain.ends_with("; SameSite=Lax; Max-Age=0"),
            "{plain}"
        );
    }

    #[test]
    fn applications_on_one_host_keep_apart() {
        assert_ne!(
            of("http://localhost:1").session,
            of("http://localhost:2").session
        );
    }

    #[test]
    fn only_one_well_formed_cookie_is_believed() {
        let cookies = of("http://localhost:1");
        let secret = "a".repeat(43);
        let with = |line: String| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&line).unwrap());
            cookies.session(&headers)
        };
        let name = &cookies.session;
        assert_eq!(with(format!("x=1; {name}={secret}")), Some(secret.clone()));
        assert_eq!(
            with(format!("{name}={secret}; {name}={}", "b".repeat(43))),
            None
        );
        assert_eq!(with(format!("{name}=short")), None);
        assert_eq!(with(format!("{name}={}", "%".repeat(43))), None);
    }
}
