//! Session Management (OpenID Connect Session Management 1.0): by what an application notices,
//! without asking the server, that the person signed out or somebody else signed in.
//!
//! The browser keeps the *browser state* in a cookie that script may read; each authorization
//! response carries a salted digest of it. The page behind `check_session_iframe` computes the same
//! digest in the browser; `check_session.js` of the server is its other half.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use url::Url;

use crate::base::entropy::Entropy;
use crate::base::secret::Digest;
use crate::jose::base64url;
use crate::model::client::{Client, ClientId};
use crate::oauth::interaction::InteractionFacts;
use crate::oauth::redirect_uri::ValidRedirect;
use crate::oauth::scope;

/// The browser state of a session: 43 base64url characters that say nothing about person or
/// session and sign nobody in. It is derived from the digest of the session's secret, so it changes
/// whenever somebody signs in, the same person included, and every node computes the same.
pub fn browser_state(session_secret: &Digest) -> String {
    let mut told = b"idp browser state v1|".to_vec();
    told.extend(session_secret.as_bytes());
    Digest::of(&told).to_base64url()
}

/// The `session_state` of the response to a request that was granted. `None` for a request without
/// `openid`: the parameter belongs to OpenID Connect (§2).
pub fn of_response(
    facts: &InteractionFacts<'_>,
    to: &ValidRedirect,
    entropy: &mut Entropy,
) -> Option<String> {
    let openid = facts.request.scope.iter().any(|s| s == scope::OPENID);
    let session = &facts.signed_in.filter(|_| openid)?.session;
    let state = browser_state(&session.secret);
    session_state(&facts.client.id, to.as_str(), &state, entropy)
}

/// `session_state` of an authorization response (§2): hexadecimal SHA-256 over client, origin of
/// the redirect address, browser state and a fresh 128-bit salt, a dot, and that salt.
///
/// `None` for a redirect address without a web origin (a native application's private scheme):
/// no page of it could ask.
pub fn session_state(
    client: &ClientId,
    redirect_uri: &str,
    browser_state: &str,
    entropy: &mut Entropy,
) -> Option<String> {
    let origin = web_origin(redirect_uri)?;
    let salt = base64url::encode(&entropy.bytes::<16>());
    Some(written(client, &origin, browser_state, &salt))
}

fn written(client: &ClientId, origin: &str, browser_state: &str, salt: &str) -> String {
    let told = format!("{client} {origin} {browser_state} {salt}");
    let mut state = String::new();
    for byte in Digest::of(told.as_bytes()).as_bytes() {
        // Writing to a string cannot fail.
        let _ = write!(state, "{byte:02x}");
    }
    format!("{state}.{salt}")
}

/// The origins whose pages may hold the frame: those of the redirect addresses of all clients that
/// are in use. Does not ask which client a page belongs to: the frame answers only whoever holds a
/// `session_state` that was made for that very origin.
pub fn framing_origins(clients: &[Client]) -> BTreeSet<String> {
    let enabled = clients.iter().filter(|client| !client.disabled);
    enabled
        .flat_map(|client| &client.redirect_uris)
        .filter_map(|uri| web_origin(uri))
        .collect()
}

/// Scheme, host and port as browsers write an `Origin`; `None` unless http or https.
pub fn web_origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;

    #[test]
    fn the_browser_state_is_of_one_secret_and_does_not_tell_it() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_eq!(browser_state(&one), browser_state(&one));
        assert_ne!(browser_state(&one), browser_state(&other));
        assert_eq!(browser_state(&one).len(), 43);
        assert_ne!(browser_state(&one), one.to_base64url());
    }

    #[test]
    fn the_state_is_the_digest_that_the_page_computes() {
        let state = written(
            &sample::client_id("app"),
            "https://rp.example",
            "browser",
            "salt",
        );
        // SHA-256 of "app https://rp.example browser salt", by coreutils.
        let digest = "04a4bdce65aac69633bcd72618d9b6db9cd3f27496b4b5701a900f80f52b95cb";
        assert_eq!(state, format!("{digest}.salt"));
    }

    #[test]
    fn each_state_has_its_own_salt_and_holds_neither_space_nor_second_dot() {
        let mut entropy = Entropy::from_seed(&[3; 32]);
        let mut made = |uri| session_state(&sample::client_id("app"), uri, "b", &mut entropy);
        let states = ["https://rp.example/cb?x=1", "https://rp.example/cb?x=1"].map(&mut made);
        assert_ne!(states[0], states[1]);
        for state in states {
            let state = state.unwrap();
            let (digest, salt) = state.split_once('.').unwrap();
            assert_eq!((digest.len(), salt.len()), (64, 22));
            assert!(!state.contains(' ') && !salt.contains('.'), "{state}");
        }
        assert_eq!(made("vn.tinh.app:/cb"), None);
    }

    #[test]
    fn only_web_origins_of_clients_in_use_may_frame() {
        let client = |uris: &[&str]| {
            let mut client = sample::client(ClientKind::Web, &[]);
            client.redirect_uris = uris.iter().map(|&uri| uri.to_owned()).collect();
            client
        };
        let mut disabled = client(&["https://gone.example/cb"]);
        disabled.disabled = true;
        let clients = [
            client(&["https://rp.example/cb", "https://rp.example/other?x=1"]),
            client(&["http://localhost:8081/cb", "vn.tinh.app:/cb"]),
            disabled,
        ];
        let origins: Vec<_> = framing_origins(&clients).into_iter().collect();
        assert_eq!(origins, ["http://localhost:8081", "https://rp.example"]);
    }
}
