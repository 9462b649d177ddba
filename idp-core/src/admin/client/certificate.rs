//! What is registered about a client's certificates (RFC 8705 §2, §3.4).

use crate::base::refusal::Reason;
use crate::model::client::{Client, ClientAuthenticationMethod as Method};
use crate::oauth::certificate::RegisteredName;
use crate::policy::Policy;

/// Certificates are used only where clients can show them; a client of `tls_client_auth` is known
/// by exactly one well-formed name, and no other client has any.
///
/// # Errors
/// [`Reason::MutualTlsAbsent`], [`Reason::ClientCertificateNameInvalid`].
pub(super) fn check(policy: &Policy, client: &Client) -> Result<(), Reason> {
    let features = &client.features;
    let named = [
        &features.tls_client_auth_subject_dn,
        &features.tls_client_auth_san_dns,
        &features.tls_client_auth_san_uri,
        &features.tls_client_auth_san_ip,
        &features.tls_client_auth_san_email,
    ];
    let named = named.into_iter().any(Option::is_some);
    let bound = features.tls_client_certificate_bound_access_tokens;
    let by_authority = client.authentication == Method::TlsClientAuth;
    let needed = bound || client.authentication.is_by_certificate();
    let fits = match &policy.mutual_tls {
        None => !needed,
        Some(mutual) => !by_authority || !mutual.authorities.is_empty(),
    };
    if !fits {
        return Err(Reason::MutualTlsAbsent);
    }
    let well_named = match by_authority {
        true => RegisteredName::of(features).is_some(),
        false => !named,
    };
    well_named
        .then_some(())
        .ok_or(Reason::ClientCertificateNameInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::base::issuer::Issuer;
    use crate::model::client::ClientKind;
    use crate::oauth::sample::policy;
    use crate::policy::MutualTls;

    fn with_authority(authorities: &[Vec<u8>]) -> Policy {
        Policy {
            mutual_tls: Some(MutualTls {
                url: Issuer::parse("https://mtls.tinh.example").unwrap(),
                authorities: authorities.to_vec(),
            }),
            ..policy()
        }
    }

    #[test]
    fn certificates_are_registered_where_they_can_be_shown_and_named_once() {
        type Change = fn(&mut Client);
        let (none, bare) = (policy(), with_authority(&[]));
        let full = with_authority(&[vec![1]]);
        let absent = Err(Reason::MutualTlsAbsent);
        let invalid = Err(Reason::ClientCertificateNameInvalid);
        let dn = |c: &mut Client, text: &str| {
            c.features.tls_client_auth_subject_dn = Some(text.to_owned());
        };
        let by = |c: &mut Client| c.authentication = Method::TlsClientAuth;
        let plain: Change = |_| {};
        let bound: Change = |c| c.features.tls_client_certificate_bound_access_tokens = true;
        let own: Change = |c| c.authentication = Method::SelfSignedTlsClientAuth;
        let mut cases: Vec<(&Policy, Client, Result<(), Reason>)> = Vec::new();
        let client = |change: &dyn Fn(&mut Client)| {
            let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
            change(&mut client);
            client
        };
        cases.push((&none, client(&plain), Ok(())));
        cases.push((&none, client(&bound), absent));
        cases.push((&none, client(&own), absent));
        cases.push((&bare, client(&bound), Ok(())));
        cases.push((&bare, client(&own), Ok(())));
        let named = |c: &mut Client| {
            by(c);
            dn(c, "CN=his,C=VN");
        };
        cases.push((&bare, client(&named), absent));
        cases.push((&full, client(&named), Ok(())));
        cases.push((&full, client(&by), invalid));
        cases.push((&full, client(&|c| dn(c, "CN=his")), invalid));
        let twice = |c: &mut Client| {
            named(c);
            c.features.tls_client_auth_san_dns = Some("his.tinh.example".into());
        };
        cases.push((&full, client(&twice), invalid));
        let malformed = |c: &mut Client| {
            by(c);
            c.features.tls_client_auth_san_ip = Some("không".into());
        };
        cases.push((&full, client(&malformed), invalid));
        for (policy, client, expected) in cases {
            assert_eq!(check(policy, &client), expected, "{client:?}");
        }
    }
}
