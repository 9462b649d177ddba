//! Redirect addresses: what may be registered, and the proof that one may be used.

use url::Url;

use crate::base::issuer::is_loopback;
use crate::base::refusal::Reason;
use crate::model::client::{Client, ClientKind};

/// The longest address that may be registered, in bytes.
pub const MAX_BYTES: usize = 2000;

/// A redirect address that a client of some kind may register.
///
/// Web and browser clients: https, or http on loopback for development. Native clients
/// (RFC 8252): https (§7.2), http on loopback (§7.3), or a private-use scheme with a dot in it
/// and no authority (§7.1). Services have none. Always absolute, ASCII, in normal form, without
/// fragment (RFC 6749 §3.1.2), user, password or `*` (RFC 9700 §2.1: there are no patterns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRedirectUri(String);

impl RegisteredRedirectUri {
    /// Checks an address for a kind of client.
    ///
    /// # Errors
    /// [`Reason::ClientRedirectInvalid`].
    pub fn parse(kind: ClientKind, text: &str) -> Result<Self, Reason> {
        let refused = Reason::ClientRedirectInvalid;
        let url = Url::parse(text).map_err(|_| refused)?;
        let allowed = is_plain(text)
            && is_normal(&url, text)
            && url.fragment().is_none()
            && has_no_user(&url)
            && has_plain_host(&url)
            && scheme_fits(kind, &url);
        allowed.then(|| Self(text.to_owned())).ok_or(refused)
    }

    /// The text, letter by letter as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A host that is a name or an address and nothing else: it is written into a page's policy.
fn has_plain_host(url: &Url) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    url.host_str().is_none_or(|host| host.bytes().all(allowed))
}

/// Visible ASCII only, and no character that browsers and programs read differently.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_BYTES
        && text.bytes().all(|b| b.is_ascii_graphic())
        && !text.contains(['*', '\\', '"', '<', '>'])
}

/// Matching is by the letter, so an address is registered in the form that browsers send: lower
/// case host, no default port, no dot segments. An empty path may stay empty.
fn is_normal(url: &Url, text: &str) -> bool {
    url.as_str() == text || url.as_str().strip_suffix('/') == Some(text)
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn scheme_fits(kind: ClientKind, url: &Url) -> bool {
    let http = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    match kind {
        ClientKind::Web | ClientKind::Spa => http,
        ClientKind::Native => http || is_private_use(url),
        ClientKind::Service | ClientKind::Device => false,
    }
}

/// RFC 8252 §7.1: a reverse domain name as the scheme, and a path that begins with one slash.
fn is_private_use(url: &Url) -> bool {
    url.scheme().contains('.') && !url.has_authority() && url.path().starts_with('/')
}

/// The proof that a browser may be sent to an address: it is one that the client registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidRedirect {
    requested: String,
    origin: String,
}

impl ValidRedirect {
    /// Proves an address: exactly one of the registered ones (RFC 9700 §2.1), except that a
    /// native client on a loopback IP address chooses its port at run time (RFC 8252 §7.3; the
    /// name `localhost` is compared as a whole, §8.3). Does not check that the client is active.
    ///
    /// # Errors
    /// [`Reason::RedirectUriMismatch`].
    pub fn check(client: &Client, requested: &str) -> Result<Self, Reason> {
        let registered = client.redirect_uris.iter().any(|r| {
            r == requested || (client.kind == ClientKind::Native && differ_in_port(r, requested))
        });
        let url = Url::parse(requested).ok().filter(|_| registered);
        let url = url.ok_or(Reason::RedirectUriMismatch)?;
        Ok(Self {
            requested: requested.to_owned(),
            origin: form_action(&url),
        })
    }

    /// The address, letter by letter as requested.
    pub fn as_str(&self) -> &str {
        &self.requested
    }

    /// The source expression for the `form-action` of a page whose answer redirects here
    /// (Content Security Policy 3 §6.4.1): scheme, host and port, or the private-use scheme.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// The source expression for an address in `form-action` (Content Security Policy 3 §6.4.1).
pub fn form_action(url: &Url) -> String {
    if url.origin().is_tuple() {
        url.origin().ascii_serialization()
    } else {
        format!("{}:", url.scheme())
    }
}

/// Whether two http addresses on the same loopback IP address are equal apart from the port.
fn differ_in_port(registered: &str, requested: &str) -> bool {
    match (without_port(registered), without_port(requested)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Host part and everything behind the port; `None` when the text is not http on `127.0.0.1` or
/// `[::1]`. Works on the text, so that nothing is normalised before it is compared.
fn without_port(text: &str) -> Option<(&'static str, &str)> {
    let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|host| Some((host, text.strip_prefix(host)?)))?;
    let rest = match rest.strip_prefix(':') {
        Some(after) => {
            let end = after
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(after.len());
            let (port, rest) = after.split_at_checked(end)?;
            port.parse::<u16>().ok().filter(|p| *p > 0)?;
            rest
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClientKind::{Native, Service, Spa, Web};

    #[test]
    fn each_kind_registers_only_what_is_safe_for_it() {
        for (kind, text, accepted) in [
            (Web, "https://rp.example/cb", true),
            (Web, "https://rp.example/cb?tenant=1", true),
            (Web, "https://rp.example", true),
            (Web, "http://localhost:8081/cb", true),
            (Web, "http://127.0.0.1:8081/cb", true),
            (Web, "http://rp.example/cb", false),
            (Web, "https://rp.example/cb#part", false),
            (Web, "https://rp.example/cb#", false),
            (Web, "https://user@rp.example/cb", false),
            (Web, "https://*.rp.example/cb", false),
            (Web, "https://rp.example/*", false),
            (Web, "https://RP.example/cb", false),
            (Web, "https://rp.example:443/cb", false),
            (Web, "https://rp.example/a/../cb", false),
            (Web, "https:\\\\rp.example/cb", false),
            (Web, "https://rp.example/c b", false),
            (Web, "/cb", false),
            (Web, "com.example.app:/cb", false),
            (Web, "javascript:alert(1)", false),
            (Spa, "https://app.example/", true),
            (Spa, "http://app.example/", false),
            (Native, "http://127.0.0.1/cb", true),
            (Native, "http://[::1]/cb", true),
            (Native, "com.example.app:/cb", true),
            (Native, "https://app.example/cb", true),
            (Native, "myapp:/cb", false),
            (Native, "com.example.app://host/cb", false),
            (Native, "com.example.app:cb", false),
            (Native, "data:text/html,x", false),
            (Service, "https://rp.example/cb", false),
        ] {
            let result = RegisteredRedirectUri::parse(kind, text);
            assert_eq!(result.is_ok(), accepted, "{kind:?} {text}");
            if let Err(reason) = result {
                assert_eq!(reason, Reason::ClientRedirectInvalid);
            }
        }
    }

    #[test]
    fn only_what_is_registered_is_proved() {
        let web = crate::admin::sample::client(
            Web,
            &["https://rp.example/cb?a=1", "http://127.0.0.1/cb"],
        );
        let native = crate::admin::sample::client(
            Native,
            &[
                "http://127.0.0.1/cb",
                "http://[::1]:9/",
                "http://localhost:7/cb",
                "com.example.app:/cb",
            ],
        );
        for (client, text, proved) in [
            (&web, "https://rp.example/cb?a=1", true),
            (&web, "https://rp.example/cb", false),
            (&web, "https://rp.example/cb?a=1&b=2", false),
            (&web, "https://rp.example/cb?a=1#", false),
            (&web, "http://127.0.0.1:5000/cb", false),
            (&native, "http://127.0.0.1:5000/cb", true),
            (&native, "http://127.0.0.1/cb", true),
            (&native, "http://[::1]:65535/", true),
            (&native, "http://localhost:7/cb", true),
            (&native, "http://localhost:8/cb", false),
            (&native, "http://127.0.0.1:0/cb", false),
            (&native, "http://127.0.0.1:70000/cb", false),
            (&native, "http://127.0.0.1:80@evil.example/cb", false),
            (&native, "http://127.0.0.1.evil.example/cb", false),
            (&native, "http://127.0.0.1:5000/cb/../x", false),
            (&native, "com.example.app:/cb", true),
            (&native, "com.example.app:/other", false),
        ] {
            let result = ValidRedirect::check(client, text);
            assert_eq!(result.is_ok(), proved, "{text}");
            match result {
                Ok(valid) => assert_eq!(valid.as_str(), text),
                Err(reason) => assert_eq!(reason, Reason::RedirectUriMismatch),
            }
        }
    }

    #[test]
    fn pages_may_post_to_the_origin_of_the_address_alone() {
        let native =
            crate::admin::sample::client(Native, &["http://127.0.0.1/cb", "com.example.app:/cb"]);
        let origin = |text| ValidRedirect::check(&native, text).map(|v| v.origin().to_owned());
        assert_eq!(
            origin("http://127.0.0.1:81/cb").as_deref(),
            Ok("http://127.0.0.1:81")
        );
        assert_eq!(
            origin("com.example.app:/cb").as_deref(),
            Ok("com.example.app:")
        );
    }
}
