//! What a client may register about the answers that it gets: response types, signed and encrypted
//! answers, and how people must sign in.

use crate::admin::key::is_offered;
use crate::base::refusal::Reason;
use crate::jose::SigningAlgorithm;
use crate::model::client::{
    Client, ClientAuthenticationMethod as Method, ClientKind, GrantType, ResponseType,
};

/// The most `acr` values, and the most bytes of one.
const ACR_VALUES: (usize, usize) = (8, 200);

/// Checks response types, PKCE, algorithms and default levels.
///
/// # Errors
/// [`Reason::ClientResponseTypesUnfit`], [`Reason::ClientPkceNeeded`],
/// [`Reason::ClientAlgorithmUnsupported`], [`Reason::ClientEncryptionUnfit`],
/// [`Reason::ClientAcrValuesMalformed`].
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    response_types(client)?;
    pkce(client)?;
    signed(client)?;
    encrypted(client)?;
    let acr = &client.features.default_acr_values;
    let well_formed = |value: &String| {
        (1..=ACR_VALUES.1).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic())
    };
    let fits = acr.len() <= ACR_VALUES.0 && acr.iter().all(well_formed);
    fits.then_some(()).ok_or(Reason::ClientAcrValuesMalformed)
}

/// OpenID Connect Registration §2: a code needs the grant that redeems it, a kind of client without
/// a browser has no response type at all, and an access token of the authorization endpoint is bound
/// to nothing.
fn response_types(client: &Client) -> Result<(), Reason> {
    let registered = &client.features.response_types;
    let browser = matches!(
        client.kind,
        ClientKind::Web | ClientKind::Spa | ClientKind::Native
    );
    let redeems = client.may_use(GrantType::AuthorizationCode);
    let bound = client.features.bind_access_tokens();
    let fits = |one: &ResponseType| (!one.has_code() || redeems) && !(one.has_token() && bound);
    let once = |one: &ResponseType| registered.iter().filter(|other| *other == one).count() == 1;
    let fits =
        (browser || registered.is_empty()) && registered.iter().all(|one| fits(one) && once(one));
    fits.then_some(()).ok_or(Reason::ClientResponseTypesUnfit)
}

/// RFC 9700 §2.1.1: a public client without PKCE has nothing that binds its code to it.
fn pkce(client: &Client) -> Result<(), Reason> {
    let without = client.features.pkce_optional;
    let fits = !without || client.authentication != Method::None;
    fits.then_some(()).ok_or(Reason::ClientPkceNeeded)
}

/// The algorithms that this client's JWTs are signed with besides those of its ID Tokens.
pub(super) fn signing_algorithms(client: &Client) -> impl Iterator<Item = SigningAlgorithm> {
    let features = &client.features;
    [
        features.userinfo_signed_response_alg,
        features.authorization_signed_response_alg,
        features.introspection_signed_response_alg,
    ]
    .into_iter()
    .flatten()
}

fn signed(client: &Client) -> Result<(), Reason> {
    let fits = signing_algorithms(client).all(|algorithm| is_offered(algorithm.name()));
    fits.then_some(()).ok_or(Reason::ClientAlgorithmUnsupported)
}

/// Whether anything is encrypted for this client, so that it must have keys.
pub(super) fn is_encrypted_for(client: &Client) -> bool {
    let features = &client.features;
    let how = [
        features.id_token_encryption(),
        features.userinfo_encryption(),
        features.authorization_encryption(),
        features.introspection_encryption(),
    ];
    how.iter().any(Option::is_some)
}

/// OpenID Connect Registration §2: the content's algorithm only with the key's, and only where there
/// is a key to encrypt to.
fn encrypted(client: &Client) -> Result<(), Reason> {
    let features = &client.features;
    let pairs = [
        (
            features.id_token_encrypted_response_alg,
            features.id_token_encrypted_response_enc,
        ),
        (
            features.userinfo_encrypted_response_alg,
            features.userinfo_encrypted_response_enc,
        ),
        (
            features.authorization_encrypted_response_alg,
            features.authorization_encrypted_response_enc,
        ),
        (
            features.introspection_encrypted_response_alg,
            features.introspection_encrypted_response_enc,
        ),
    ];
    let whole = pairs
        .iter()
        .all(|(alg, enc)| alg.is_some() || enc.is_none());
    let keys = client.jwks.is_some() || client.jwks_uri.is_some();
    let fits = whole && (keys || !is_encrypted_for(client));
    fits.then_some(()).ok_or(Reason::ClientEncryptionUnfit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::jose::{ContentEncryption, KeyManagement};

    #[test]
    fn each_rule_has_its_reason() {
        type Change = fn(&mut Client);
        let cases: [(Change, Option<Reason>); 13] = [
            (|_| (), None),
            (
                |c| c.features.response_types = vec![ResponseType::Code, ResponseType::IdToken],
                None,
            ),
            (
                |c| c.features.response_types = vec![ResponseType::Code, ResponseType::Code],
                Some(Reason::ClientResponseTypesUnfit),
            ),
            (
                |c| {
                    c.features.response_types = vec![ResponseType::CodeIdToken];
                    c.grant_types = vec![GrantType::Implicit];
                },
                Some(Reason::ClientResponseTypesUnfit),
            ),
            (
                |c| {
                    c.kind = ClientKind::Service;
                    c.features.response_types = vec![ResponseType::IdToken];
                },
                Some(Reason::ClientResponseTypesUnfit),
            ),
            (
                |c| {
                    c.features.dpop_bound_access_tokens = true;
                    c.features.response_types = vec![ResponseType::CodeToken];
                },
                Some(Reason::ClientResponseTypesUnfit),
            ),
            (|c| c.features.pkce_optional = true, None),
            (
                |c| {
                    c.features.pkce_optional = true;
                    c.authentication = Method::None;
                },
                Some(Reason::ClientPkceNeeded),
            ),
            (
                |c| c.features.userinfo_signed_response_alg = Some(SigningAlgorithm::ES384),
                Some(Reason::ClientAlgorithmUnsupported),
            ),
            (
                |c| {
                    let enc = ContentEncryption::A256Gcm;
                    c.features.id_token_encrypted_response_enc = Some(enc);
                },
                Some(Reason::ClientEncryptionUnfit),
            ),
            (
                |c| c.features.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs),
                Some(Reason::ClientEncryptionUnfit),
            ),
            (
                |c| {
                    c.features.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
                    c.jwks_uri = Some("https://rp.example/jwks".into());
                },
                None,
            ),
            (
                |c| c.features.default_acr_values = vec!["a b".into()],
                Some(Reason::ClientAcrValuesMalformed),
            ),
        ];
        for (place, (change, expected)) in cases.into_iter().enumerate() {
            let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
            client.authentication = Method::ClientSecretBasic;
            change(&mut client);
            assert_eq!(check(&client).err(), expected, "case {place}");
        }
    }
}
