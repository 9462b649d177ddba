//! What a client may register about being told of a sign-out.

use super::metadata::is_web_address;
use crate::base::refusal::Reason;
use crate::model::client::{Client, ClientKind};
use crate::oidc::session_state::web_origin;

/// OpenID Connect Front-Channel Logout 1.0 §2: an address that a browser can load in a frame, with
/// scheme, host and port of a registered redirect address, so that nobody makes this provider's
/// page load somebody else's. Programs outside of a browser have no such page.
///
/// # Errors
/// [`Reason::ClientFrontchannelUnfit`]. `*_logout_session_required` needs no rule: `iss`, `sid` and
/// `sub` are always told.
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    let Some(uri) = client.features.frontchannel_logout_uri.as_deref() else {
        return Ok(());
    };
    let in_browser = matches!(client.kind, ClientKind::Web | ClientKind::Spa);
    let own = |redirect: &String| web_origin(redirect) == web_origin(uri);
    let fits = in_browser && is_web_address(uri) && client.redirect_uris.iter().any(own);
    fits.then_some(()).ok_or(Reason::ClientFrontchannelUnfit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use ClientKind::{Native, Service, Spa, Web};

    #[test]
    fn a_frame_is_a_web_page_of_the_application_itself() {
        let redirects = ["https://rp.example:8443/cb", "http://localhost:8081/cb"];
        for (kind, uri, accepted) in [
            (Web, "https://rp.example:8443/out?from=sso", true),
            (Spa, "https://rp.example:8443/out", true),
            (Web, "http://localhost:8081/out", true),
            (Native, "https://rp.example:8443/out", false),
            (Service, "https://rp.example:8443/out", false),
            (Web, "https://rp.example/out", false),
            (Web, "http://rp.example:8443/out", false),
            (Web, "https://other.example:8443/out", false),
            (Web, "https://a.rp.example:8443/out", false),
            (Web, "https://rp.example:8443/out#part", false),
            (Web, "https://u@rp.example:8443/out", false),
            (Web, "https://rp.example:8443/a b", false),
            (Web, "javascript:alert(1)", false),
            (Web, "/out", false),
        ] {
            let mut client = sample::client(kind, &redirects);
            client.features.frontchannel_logout_uri = Some(uri.to_owned());
            let expected = if accepted {
                Ok(())
            } else {
                Err(Reason::ClientFrontchannelUnfit)
            };
            assert_eq!(check(&client), expected, "{kind:?} {uri}");
        }
        assert_eq!(check(&sample::client(Native, &redirects)), Ok(()));
    }
}
