//! What a client keeps that follows FAPI 2.0, by its own profile or by the installation's preset
//! (FAPI 2.0 Security Profile §5.3, Message Signing §5).

use crate::base::refusal::Reason;
use crate::model::client::{
    Client, ClientAuthenticationMethod as Method, ClientProfile, GrantType, ResponseType,
};
use crate::policy::Preset;

/// The algorithms of FAPI 2.0 Security Profile §5.4.1.
const ALGORITHMS: [&str; 3] = ["PS256", "ES256", "EdDSA"];

/// Which of the two a client follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Security,
    MessageSigning,
}

fn level(preset: Preset, client: &Client) -> Option<Level> {
    match (preset, client.features.profile) {
        (Preset::Fapi2MessageSigning, _) | (_, Some(ClientProfile::Fapi2MessageSigning)) => {
            Some(Level::MessageSigning)
        }
        (Preset::Fapi2Security, _) | (_, Some(ClientProfile::Fapi2Security)) => {
            Some(Level::Security)
        }
        _ => None,
    }
}

/// What a client does not keep of the profile that holds for it; nothing for one that follows none:
/// [`Reason::FapiAuthenticationWeak`], [`Reason::FapiTokensUnbound`],
/// [`Reason::FapiRequestsNotPushed`], [`Reason::FapiResponseTypeForbidden`],
/// [`Reason::FapiPkceOptional`], [`Reason::FapiAlgorithmWeak`], [`Reason::FapiRequestsUnsigned`],
/// [`Reason::FapiAnswersUnsigned`].
pub(super) fn violations(preset: Preset, client: &Client) -> Vec<Reason> {
    let Some(level) = level(preset, client) else {
        return Vec::new();
    };
    let features = &client.features;
    let strong = matches!(
        client.authentication,
        Method::PrivateKeyJwt | Method::TlsClientAuth | Method::SelfSignedTlsClientAuth
    );
    let bound =
        features.dpop_bound_access_tokens || features.tls_client_certificate_bound_access_tokens;
    let by_code = client.may_use(GrantType::AuthorizationCode);
    let only_code = features
        .response_types
        .iter()
        .all(|t| *t == ResponseType::Code)
        && !client.may_use(GrantType::Implicit);
    let signs = level == Level::MessageSigning && by_code;
    let rules = [
        (strong, Reason::FapiAuthenticationWeak),
        (bound, Reason::FapiTokensUnbound),
        (only_code, Reason::FapiResponseTypeForbidden),
        (!features.pkce_optional, Reason::FapiPkceOptional),
        (
            !by_code || features.require_pushed_authorization_requests,
            Reason::FapiRequestsNotPushed,
        ),
        (
            ALGORITHMS.contains(&client.id_token_alg.as_str()),
            Reason::FapiAlgorithmWeak,
        ),
        (
            !signs || features.require_signed_request_object,
            Reason::FapiRequestsUnsigned,
        ),
        (
            !signs || features.authorization_signed_response_alg.is_some(),
            Reason::FapiAnswersUnsigned,
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, reason)| reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::jose::SigningAlgorithm;
    use crate::model::client::ClientKind;

    fn check(preset: Preset, client: &Client) -> Result<(), Reason> {
        match violations(preset, client).as_slice() {
            [] => Ok(()),
            [first, ..] => Err(*first),
        }
    }

    fn client() -> Client {
        let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        client.authentication = Method::PrivateKeyJwt;
        let features = &mut client.features;
        features.dpop_bound_access_tokens = true;
        features.require_pushed_authorization_requests = true;
        features.require_signed_request_object = true;
        features.authorization_signed_response_alg = Some(SigningAlgorithm::ES256);
        client
    }

    #[test]
    fn a_client_of_the_profile_keeps_all_of_it() {
        type Change = fn(&mut Client);
        let table: [(Change, Reason); 8] = [
            (
                |c| c.authentication = Method::ClientSecretBasic,
                Reason::FapiAuthenticationWeak,
            ),
            (
                |c| c.features.dpop_bound_access_tokens = false,
                Reason::FapiTokensUnbound,
            ),
            (
                |c| c.features.response_types = vec![ResponseType::CodeIdToken],
                Reason::FapiResponseTypeForbidden,
            ),
            (
                |c| c.features.pkce_optional = true,
                Reason::FapiPkceOptional,
            ),
            (
                |c| c.features.require_pushed_authorization_requests = false,
                Reason::FapiRequestsNotPushed,
            ),
            (
                |c| c.id_token_alg = "RS256".into(),
                Reason::FapiAlgorithmWeak,
            ),
            (
                |c| c.features.require_signed_request_object = false,
                Reason::FapiRequestsUnsigned,
            ),
            (
                |c| c.features.authorization_signed_response_alg = None,
                Reason::FapiAnswersUnsigned,
            ),
        ];
        for (change, reason) in table {
            let mut weak = client();
            change(&mut weak);
            assert_eq!(check(Preset::Fapi2MessageSigning, &weak), Err(reason));
            assert_eq!(check(Preset::Default, &weak), Ok(()), "no profile, no rule");
            weak.features.profile = Some(ClientProfile::Fapi2MessageSigning);
            assert_eq!(check(Preset::Default, &weak), Err(reason));
        }
        for preset in [Preset::Fapi2Security, Preset::Fapi2MessageSigning] {
            assert_eq!(check(preset, &client()), Ok(()));
        }
        let mut unsigned = client();
        unsigned.features.require_signed_request_object = false;
        unsigned.features.authorization_signed_response_alg = None;
        assert_eq!(check(Preset::Fapi2Security, &unsigned), Ok(()));
    }

    #[test]
    fn a_system_pushes_nothing_and_is_bound_all_the_same() {
        let mut service = client();
        service.kind = ClientKind::Service;
        service.grant_types = vec![GrantType::ClientCredentials];
        service.features.require_pushed_authorization_requests = false;
        service.features.require_signed_request_object = false;
        service.features.authorization_signed_response_alg = None;
        assert_eq!(check(Preset::Fapi2MessageSigning, &service), Ok(()));
        service.features.dpop_bound_access_tokens = false;
        let refused = Err(Reason::FapiTokensUnbound);
        assert_eq!(check(Preset::Fapi2Security, &service), refused);
    }
}
