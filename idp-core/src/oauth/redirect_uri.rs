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
    /// Checks an address for a kind of client, rule by rule.
    ///
    /// # Errors
    /// [`Reason::ClientRedirectPattern`], [`Reason::ClientRedirectMalformed`],
    /// [`Reason::ClientRedirectFragment`], [`Reason::ClientRedirectUser`],
    /// [`Reason::ClientRedirectNotNormal`], and those of the scheme: [`Reason::ClientRedirectUnused`],
    /// [`Reason::ClientRedirectNotHttps`], [`Reason::ClientRedirectSchemeForbidden`],
    /// [`Reason::ClientRedirectSchemeNotPrivate`].
    pub fn parse(kind: ClientKind, text: &str) -> Result<Self, Reason> {
        if text.contains('*') {
            return Err(Reason::ClientRedirectPattern);
        }
        let url = Url::parse(text).ok().filter(|_| is_plain(text));
        let url = url.ok_or(Reason::ClientRedirectMalformed)?;
        if url.fragment().is_some() {
            return Err(Reason::ClientRedirectFragment);
        }
        if !has_no_user(&url) {
            return Err(Reason::ClientRedirectUser);
        }
        if !is_normal(&url, text) || !has_plain_host(&url) {
            return Err(Reason::ClientRedirectNotNormal);
        }
        scheme_fits(kind, &url)?;
        Ok(Self(text.to_owned()))
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
        && !text.contains(['\\', '"', '<', '>'])
}

/// Matching is by the letter, so an address is registered in the form that browsers send: lower
/// case host, no default port, no dot segments. An empty path may stay empty.
fn is_normal(url: &Url, text: &str) -> bool {
    url.as_str() == text || url.as_str().strip_suffix('/') == Some(text)
}

fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

/// What a kind of client may be reached by. A name that http cannot reach safely may still be meant
/// for development, so the remedy of each is another.
fn scheme_fits(kind: ClientKind, url: &Url) -> Result<(), Reason> {
    match (kind, url.scheme()) {
        (ClientKind::Service | ClientKind::Device, _) => Err(Reason::ClientRedirectUnused),
        (_, "https") => Ok(()),
        (_, "http") => is_loopback(url)
            .then_some(())
            .ok_or(Reason::ClientRedirectNotHttps),
        (ClientKind::Web | ClientKind::Spa, _) => Err(Reason::ClientRedirectSchemeForbidden),
        (ClientKind::Native, _) => is_private_use(url)
            .then_some(())
            .ok_or(Reason::ClientRedirectSchemeNotPrivate),
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
        for (kind, text) in [
            (Web, "https://rp.example/cb"),
            (Web, "https://rp.example/cb?tenant=1"),
            (Web, "https://rp.example"),
            (Web, "http://localhost:8081/cb"),
            (Web, "http://127.0.0.1:8081/cb"),
            (Spa, "https://app.example/"),
            (Native, "http://127.0.0.1/cb"),
            (Native, "http://[::1]/cb"),
            (Native, "com.example.app:/cb"),
            (Native, "https://app.example/cb"),
        ] {
            assert!(RegisteredRedirectUri::parse(kind, text).is_ok(), "{text}");
        }
    }

    #[test]
    fn each_rule_has_its_own_reason() {
        use Reason::*;
        for (kind, text, reason) in [
            (Web, "/cb", ClientRedirectMalformed),
            (Web, "rp.example/cb", ClientRedirectMalformed),
            (Web, "https:\\\\rp.example/cb", ClientRedirectMalformed),
            (Web, "https://rp.example/c b", ClientRedirectMalformed),
            (Web, "https://rp.example/\"cb", ClientRedirectMalformed),
            (Web, "https://*.rp.example/cb", ClientRedirectPattern),
            (Web, "https://rp.example/*", ClientRedirectPattern),
            (Web, "https://rp.example/cb#part", ClientRedirectFragment),
            (Web, "https://rp.example/cb#", ClientRedirectFragment),
            (Web, "https://user@rp.example/cb", ClientRedirectUser),
            (Web, "https://RP.example/cb", ClientRedirectNotNormal),
            (Web, "https://rp.example:443/cb", ClientRedirectNotNormal),
            (Web, "https://rp.example/a/../cb", ClientRedirectNotNormal),
            (Web, "https://rp;x.example/cb", ClientRedirectNotNormal),
            (Web, "http://rp.example/cb", ClientRedirectNotHttps),
            (Spa, "http://app.example/", ClientRedirectNotHttps),
            (Native, "http://app.example/", ClientRedirectNotHttps),
            (Web, "com.example.app:/cb", ClientRedirectSchemeForbidden),
            (Web, "javascript:alert(1)", ClientRedirectSchemeForbidden),
            (Native, "myapp:/cb", ClientRedirectSchemeNotPrivate),
            (Native, "com.example.app:cb", ClientRedirectSchemeNotPrivate),
            (
                Native,
                "com.example.app://host/cb",
                ClientRedirectSchemeNotPrivate,
            ),
            (Native, "data:text/html,x", ClientRedirectSchemeNotPrivate),
            (Service, "https://rp.example/cb", ClientRedirectUnused),
        ] {
            let refused = RegisteredRedirectUri::parse(kind, text);
            assert_eq!(refused, Err(reason), "{kind:?} {text}");
        }
        let long = format!("https://rp.example/{}", "a".repeat(MAX_BYTES));
        let refused = RegisteredRedirectUri::parse(Web, &long);
        assert_eq!(refused, Err(ClientRedirectMalformed));
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
