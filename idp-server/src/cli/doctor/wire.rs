//! The running server, seen as an application sees it.

use std::collections::BTreeSet;

use idp_core::ports::{Fetch, Outgoing};
use url::Url;

use super::Finding;
use crate::config::Settings;
use crate::outside::fetch::{Exceptions, GuardedFetch};

const REMEDY: &str = "check DNS, proxy and firewall between this machine and the issuer's address";

/// Whether the issuer's own document is found at its address and names the issuer.
pub(super) async fn reachable(settings: &Settings) -> Finding {
    let issuer = &settings.issuer.url;
    let host = Url::parse(issuer.as_str())
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let mut rules = settings.outgoing.clone();
    // Our own address may well be a private one.
    let hosts: BTreeSet<String> = host.into_iter().collect();
    rules.exceptions = Exceptions {
        hosts,
        loopback: issuer.is_loopback(),
        ..Exceptions::default()
    };
    let url = issuer.endpoint("/.well-known/openid-configuration");
    let request = Outgoing {
        url,
        form: None,
        most_bytes: 64 * 1024,
    };
    let answer = match GuardedFetch::new(rules).fetch(request).await {
        Ok(answer) => answer,
        Err(fault) => {
            return Finding::warn("issuer", format!("not reachable: {}", fault.detail), REMEDY);
        }
    };
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let named = document.get("issuer").and_then(serde_json::Value::as_str);
    if answer.status == 200 && named == Some(issuer.as_str()) {
        return Finding::ok("issuer", format!("{} answers", issuer.as_str()));
    }
    let detail = format!("something else answers there (status {})", answer.status);
    Finding::fail("issuer", detail, REMEDY)
}
