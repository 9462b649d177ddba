//! The server's own cookies: prefixed, `__Host-` on https, and but for one never readable by script.

use axum::http::{HeaderMap, HeaderValue, header};
use idp_core::base::issuer::Issuer;
use idp_core::base::secret::SecretText;
use idp_core::oidc::session_state::browser_state;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The session's secret; gone when the browser closes.
    Session,
    /// The browser's secret, set before anybody signs in.
    Browser,
    /// A known browser, 180 days.
    Device,
    /// The chosen language, one year.
    Language,
    /// The browser state of Session Management, which script reads and this server never does: it
    /// says whether the session is still the same, and signs nobody in.
    State,
}

impl Name {
    const fn base(self) -> &'static str {
        match self {
            Self::Session => "idp-session",
            Self::Browser => "idp-browser",
            Self::Device => "idp-device",
            Self::Language => "idp-language",
            Self::State => "idp-state",
        }
    }

    const fn max_age(self) -> Option<u32> {
        match self {
            Self::Session | Self::Browser | Self::State => None,
            Self::Device => Some(180 * 86_400),
            Self::Language => Some(365 * 86_400),
        }
    }

    /// Who reads the cookie, and from where. A relying party's link must bring the session along,
    /// hence `Lax`. The state is read by a frame in a page of another site, and browsers take
    /// `None` from https only.
    fn reach(self, issuer: &Issuer) -> &'static str {
        match self {
            Self::State if issuer.is_https() => "SameSite=None",
            Self::State => "SameSite=Lax",
            _ => "HttpOnly; SameSite=Lax",
        }
    }

    fn full(self, issuer: &Issuer) -> String {
        let prefix = if issuer.is_https() { "__Host-" } else { "" };
        format!("{prefix}{}", self.base())
    }
}

/// The cookies of a request.
pub struct Jar<'a> {
    headers: &'a HeaderMap,
    issuer: &'a Issuer,
}

impl<'a> Jar<'a> {
    /// The cookies in these headers.
    pub fn of(headers: &'a HeaderMap, issuer: &'a Issuer) -> Self {
        Self { headers, issuer }
    }

    /// The value of a cookie; `None` when it is absent, sent twice with different values, or not
    /// plain text of at most 128 characters.
    pub fn find(&self, name: Name) -> Option<String> {
        let full = name.full(self.issuer);
        let mut found: Option<&str> = None;
        let lines = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok());
        for pair in lines.flat_map(|line| line.split(';')) {
            let Some((key, value)) = pair.trim().split_once('=') else {
                continue;
            };
            if key != full {
                continue;
            }
            if found.is_some_and(|before| before != value) {
                return None;
            }
            found = Some(value);
        }
        let plain = |value: &&str| (1..=128).contains(&value.len()) && value.is_ascii();
        found.filter(plain).map(str::to_owned)
    }
}

/// The cookies of a session that begins or goes on under this secret: the secret, and the browser
/// state that belongs to it.
pub fn of_session(secret: &SecretText, issuer: &Issuer) -> [Option<HeaderValue>; 2] {
    [set(Name::Session, secret, issuer), state_of(secret, issuer)]
}

/// The browser state of the session with this secret.
pub fn state_of(secret: &SecretText, issuer: &Issuer) -> Option<HeaderValue> {
    let state = SecretText::new(browser_state(&secret.digest()));
    set(Name::State, &state, issuer)
}

/// The end of a session, secret and browser state alike.
pub fn without_session(issuer: &Issuer) -> [Option<HeaderValue>; 2] {
    [Name::Session, Name::State].map(|name| remove(name, issuer))
}

/// A `Set-Cookie` value.
pub fn set(name: Name, value: &SecretText, issuer: &Issuer) -> Option<HeaderValue> {
    let age = name
        .max_age()
        .map_or_else(String::new, |age| format!("; Max-Age={age}"));
    written(name, value.expose(), &age, issuer)
}

fn remove(name: Name, issuer: &Issuer) -> Option<HeaderValue> {
    written(name, "", "; Max-Age=0", issuer)
}

fn written(name: Name, value: &str, age: &str, issuer: &Issuer) -> Option<HeaderValue> {
    let secure = if issuer.is_https() { "; Secure" } else { "" };
    let full = name.full(issuer);
    let reach = name.reach(issuer);
    format!("{full}={value}; Path=/; {reach}{secure}{age}")
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(cookies: &[&str], issuer: &str) -> Option<String> {
        let issuer = Issuer::parse(issuer).unwrap();
        let mut headers = HeaderMap::new();
        for line in cookies {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        Jar::of(&headers, &issuer).find(Name::Session)
    }

    #[test]
    fn a_cookie_is_found_once_or_not_at_all() {
        let local = "http://localhost:8080";
        assert_eq!(find(&["a=b; idp-session=x"], local).as_deref(), Some("x"));
        assert_eq!(find(&["idp-session=x; idp-session=y"], local), None);
        assert_eq!(
            find(&["idp-session=x", "idp-session=x"], local).as_deref(),
            Some("x")
        );
        assert_eq!(find(&["idp-session="], local), None);
        let https = "https://sso.tinh.example";
        assert_eq!(find(&["idp-session=x"], https), None);
        assert_eq!(find(&["__Host-idp-session=x"], https).as_deref(), Some("x"));
    }

    #[test]
    fn attributes_are_strict() {
        let issuer = Issuer::parse("https://sso.tinh.example").unwrap();
        let value = set(Name::Session, &SecretText::new("s".into()), &issuer).unwrap();
        assert_eq!(
            value,
            "__Host-idp-session=s; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn the_state_is_for_frames_and_is_not_the_secret() {
        let secret = SecretText::new("s".into());
        for (issuer, begins, ends) in [
            (
                "https://sso.tinh.example",
                "__Host-idp-state=",
                "; Path=/; SameSite=None; Secure",
            ),
            (
                "http://localhost:8080",
                "idp-state=",
                "; Path=/; SameSite=Lax",
            ),
        ] {
            let issuer = Issuer::parse(issuer).unwrap();
            let [_, state] = of_session(&secret, &issuer).map(Option::unwrap);
            let state = state.to_str().unwrap();
            let value = state
                .strip_prefix(begins)
                .and_then(|s| s.strip_suffix(ends));
            assert_eq!(value, Some(&*browser_state(&secret.digest())), "{state}");
            let [_, removed] = without_session(&issuer).map(Option::unwrap);
            let removed = removed.to_str().unwrap();
            assert_eq!(removed, format!("{begins}{ends}; Max-Age=0"));
        }
    }
}
