//! What is registered about a client's authentication goes together.

use crate::base::refusal::Reason;
use crate::jose::SigningAlgorithm;
use crate::model::client::{
    AssertionAlgorithm, Client, ClientAuthenticationMethod as Method, ClientFeatures,
};
use crate::oauth::client_auth::FAPI_ALGORITHMS;

/// OpenID Connect Registration §2: `token_endpoint_auth_signing_alg` fits the method; a FAPI 2.0
/// client signs with one of its profile's algorithms (FAPI 2.0 Security Profile §5.4.1).
///
/// # Errors
/// [`Reason::ClientAssertionAlgorithmUnfit`].
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    let Some(algorithm) = client.features.token_endpoint_auth_signing_alg else {
        return Ok(());
    };
    let fits = match (client.authentication, algorithm) {
        (Method::PrivateKeyJwt, AssertionAlgorithm::Signed(algorithm)) => {
            is_allowed(&client.features, algorithm)
        }
        (Method::ClientSecretJwt, AssertionAlgorithm::Signed(_)) => false,
        (Method::ClientSecretJwt, _) => true,
        _ => false,
    };
    fits.then_some(())
        .ok_or(Reason::ClientAssertionAlgorithmUnfit)
}

fn is_allowed(features: &ClientFeatures, algorithm: SigningAlgorithm) -> bool {
    !features.is_fapi() || FAPI_ALGORITHMS.contains(&algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::{ClientKind, ClientProfile};

    #[test]
    fn an_assertions_algorithm_belongs_to_the_method() {
        use AssertionAlgorithm as A;
        let (rs, es) = (
            A::Signed(SigningAlgorithm::RS256),
            A::Signed(SigningAlgorithm::ES256),
        );
        for (method, algorithm, fapi, fits) in [
            (Method::PrivateKeyJwt, rs, false, true),
            (Method::PrivateKeyJwt, rs, true, false),
            (Method::PrivateKeyJwt, es, true, true),
            (Method::PrivateKeyJwt, A::HS256, false, false),
            (Method::ClientSecretJwt, A::HS512, false, true),
            (Method::ClientSecretJwt, es, false, false),
            (Method::ClientSecretBasic, A::HS256, false, false),
        ] {
            let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
            client.authentication = method;
            client.features.token_endpoint_auth_signing_alg = Some(algorithm);
            client.features.profile = fapi.then_some(ClientProfile::Fapi2Security);
            assert_eq!(
                check(&client).is_ok(),
                fits,
                "{method:?} {algorithm:?} {fapi}"
            );
        }
    }
}
