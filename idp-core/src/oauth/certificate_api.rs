//! Who may ask about certificates: services with a token of their own.

use super::access_token::AccessTokenClaims;
use super::scope::Scope;
use crate::base::refusal::{Reason, Refusal};
use crate::model::client::{Client, GrantType};

/// The scope by which certificates and signatures are verified.
pub const VERIFY: &str = "certificate:verify";

/// The scope by which the certificates of people are looked up.
pub const READ: &str = "certificate:read";

/// Checks a token that was verified: not revoked, for this server and with this scope (`asked` is the
/// pair of both), issued to a client that still is in use, holds the scope, and authenticates; and to
/// that client itself, not in somebody's name.
///
/// # Errors
/// [`Reason::TokenRevoked`], [`Reason::TokenAudienceWrong`], [`Reason::TokenOfPerson`],
/// [`Reason::TokenScopeMissing`].
pub fn check(
    claims: &AccessTokenClaims,
    revoked: bool,
    client: Option<&Client>,
    (issuer, scope): (&str, &str),
) -> Result<(), Refusal> {
    let client = client.filter(|client| !client.disabled && !revoked);
    let client = client.ok_or(Reason::TokenRevoked)?;
    claims.check_for(issuer)?;
    if claims.grant().is_some() || !client.grant_types.contains(&GrantType::ClientCredentials) {
        return Err(Reason::TokenOfPerson.into());
    }
    let named = Scope::parse(&claims.scope).is_ok_and(|told| told.holds(scope));
    let registered = client.scopes.iter().any(|own| own == scope);
    (named && registered)
        .then_some(())
        .ok_or_else(|| Reason::TokenScopeMissing.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use crate::oauth::access_token::Audience;

    const ISSUER: &str = "https://sso.tinh.example";

    fn service() -> Client {
        let mut client = sample::client(ClientKind::Service, &[]);
        client.grant_types = vec![GrantType::ClientCredentials];
        client.scopes = vec![VERIFY.to_owned(), "payroll:read".to_owned()];
        client
    }

    fn claims(scope: &str) -> AccessTokenClaims {
        AccessTokenClaims {
            aud: Audience::from(ISSUER),
            client_id: "app".to_owned(),
            jti: "x".to_owned(),
            scope: scope.to_owned(),
            ..AccessTokenClaims::default()
        }
    }

    #[test]
    fn only_a_service_with_the_scope_may_ask() {
        let good = claims(VERIFY);
        let elsewhere = AccessTokenClaims {
            aud: Audience::from("https://api.tinh.example"),
            ..good.clone()
        };
        let session = sample::session(sample::user("an").id);
        let grant = sample::grant(&session, &service()).id;
        let of_person = AccessTokenClaims {
            jti: format!("{grant}.x"),
            ..good.clone()
        };
        let mut disabled = service();
        disabled.disabled = true;
        let mut web = service();
        web.grant_types = vec![GrantType::AuthorizationCode];
        let mut withdrawn = service();
        withdrawn.scopes.remove(0);
        for (claims, revoked, client, expected) in [
            (&good, false, Some(&service()), None),
            (&good, true, Some(&service()), Some(Reason::TokenRevoked)),
            (&good, false, None, Some(Reason::TokenRevoked)),
            (&good, false, Some(&disabled), Some(Reason::TokenRevoked)),
            (
                &elsewhere,
                false,
                Some(&service()),
                Some(Reason::TokenAudienceWrong),
            ),
            (
                &of_person,
                false,
                Some(&service()),
                Some(Reason::TokenOfPerson),
            ),
            (&good, false, Some(&web), Some(Reason::TokenOfPerson)),
            (
                &good,
                false,
                Some(&withdrawn),
                Some(Reason::TokenScopeMissing),
            ),
            (
                &claims("payroll:read"),
                false,
                Some(&service()),
                Some(Reason::TokenScopeMissing),
            ),
        ] {
            let checked = check(claims, revoked, client, (ISSUER, VERIFY));
            assert_eq!(checked.err().map(|refusal| refusal.reason), expected);
        }
    }
}
