//! What a client may register about its request objects (RFC 9101 §10.5, OpenID Connect
//! Registration §2).

use super::metadata::is_web_address;
use crate::base::refusal::Reason;
use crate::jose::SigningAlgorithm;
use crate::model::client::{Client, RequestObjectAlgorithm};
use crate::oauth::demands::Demands;

/// At most so many addresses, of so many bytes each (OpenID Connect Core §6.2).
const MOST_ADDRESSES: usize = 20;
const ADDRESS_BYTES: usize = 512;

/// Whether the client signs request objects, for which it needs keys.
pub(super) fn are_signed(client: &Client) -> bool {
    let features = &client.features;
    let signed = matches!(
        features.request_object_signing_alg,
        Some(RequestObjectAlgorithm::Signed(_))
    );
    signed || features.require_signed_request_object
}

/// Checks what is registered about request objects.
///
/// # Errors
/// [`Reason::ClientRequestUriInvalid`] for an address that is not https or too long, or too many;
/// [`Reason::ClientRequestObjectKeysMissing`] for a client that signs and has no keys;
/// [`Reason::ClientRequestObjectAlgorithmUnfit`] for `none` of a client that signs everything,
/// and for an algorithm that its profile does not allow.
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    let addresses = &client.features.request_uris;
    if addresses.len() > MOST_ADDRESSES || !addresses.iter().all(|uri| is_address(uri)) {
        return Err(Reason::ClientRequestUriInvalid);
    }
    let keyless = client.jwks.is_none() && client.jwks_uri.is_none();
    if are_signed(client) && keyless {
        return Err(Reason::ClientRequestObjectKeysMissing);
    }
    let demands = Demands::of(client);
    let fits = match client.features.request_object_signing_alg {
        None => true,
        Some(RequestObjectAlgorithm::Unsigned) => !demands.signed && !demands.strong,
        Some(RequestObjectAlgorithm::Signed(SigningAlgorithm::RS256)) => !demands.strong,
        Some(RequestObjectAlgorithm::Signed(_)) => true,
    };
    fits.then_some(())
        .ok_or(Reason::ClientRequestObjectAlgorithmUnfit)
}

/// An address as it may be fetched, perhaps with a fragment that tells its content.
fn is_address(text: &str) -> bool {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.len() <= ADDRESS_BYTES && is_web_address(address) && fragment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::{ClientKind, ClientProfile};

    fn client(change: impl FnOnce(&mut Client)) -> Client {
        let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        client.jwks_uri = Some("https://rp.example/jwks".into());
        change(&mut client);
        client
    }

    #[test]
    fn addresses_are_ones_that_may_be_fetched() {
        for (address, allowed) in [
            ("https://rp.example/r.jwt", true),
            (
                "https://rp.example/r.jwt#47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                true,
            ),
            ("http://localhost:8080/r.jwt", true),
            ("http://rp.example/r.jwt", false),
            ("urn:ietf:params:oauth:request_uri:x", false),
            ("file:///etc/passwd", false),
            ("https://user@rp.example/r", false),
            ("https://rp.example/r#a b", false),
            (&format!("https://rp.example/{}", "r".repeat(512)), false),
        ] {
            let client = client(|c| c.features.request_uris = vec![address.to_owned()]);
            let expected = if allowed {
                Ok(())
            } else {
                Err(Reason::ClientRequestUriInvalid)
            };
            assert_eq!(check(&client), expected, "{address}");
        }
        let many = client(|c| c.features.request_uris = vec!["https://rp.example/".into(); 21]);
        assert_eq!(check(&many), Err(Reason::ClientRequestUriInvalid));
    }

    #[test]
    fn who_signs_has_keys_and_a_fitting_algorithm() {
        use RequestObjectAlgorithm::{Signed, Unsigned};
        let unfit = Err(Reason::ClientRequestObjectAlgorithmUnfit);
        let fapi = Some(ClientProfile::Fapi2Security);
        for (algorithm, signs_all, profile, expected) in [
            (None, true, None, Ok(())),
            (Some(Unsigned), false, None, Ok(())),
            (Some(Unsigned), true, None, unfit),
            (Some(Unsigned), false, fapi, unfit),
            (Some(Signed(SigningAlgorithm::RS256)), true, None, Ok(())),
            (Some(Signed(SigningAlgorithm::RS256)), true, fapi, unfit),
            (Some(Signed(SigningAlgorithm::ES256)), true, fapi, Ok(())),
        ] {
            let client = client(|c| {
                c.features.request_object_signing_alg = algorithm;
                c.features.require_signed_request_object = signs_all;
                c.features.profile = profile;
            });
            assert_eq!(
                check(&client),
                expected,
                "{algorithm:?} {signs_all} {profile:?}"
            );
        }
        let keyless = client(|c| {
            c.jwks_uri = None;
            c.features.require_signed_request_object = true;
        });
        assert_eq!(check(&keyless), Err(Reason::ClientRequestObjectKeysMissing));
    }
}
