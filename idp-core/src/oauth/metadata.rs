//! What the provider says of itself (OpenID Connect Discovery §3, RFC 8414): nothing that does
//! not work.

use serde_json::{Value, json};

use super::dpop;
use super::response::ResponseMode;
use super::scope::STANDARD;
use crate::jose::{ContentEncryption, KeyManagement, MacAlgorithm, SigningAlgorithm};
use crate::model::client::{ClientAuthenticationMethod as Method, GrantType, ResponseType};
use crate::policy::{MutualTls, Policy, RegistrationMode};

/// The metadata document of an issuer; `signing` are the algorithms of its published keys.
pub fn document(policy: &Policy, signing: &[&str]) -> Value {
    let at = |path: &str| policy.issuer.endpoint(path);
    let mut document = json!({
        "issuer": policy.issuer.as_str(),
        "authorization_endpoint": at("/authorize"),
        "pushed_authorization_request_endpoint": at("/par"),
        "require_pushed_authorization_requests": policy.require_pushed,
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "introspection_endpoint": at("/introspect"),
        "revocation_endpoint": at("/revoke"),
        "device_authorization_endpoint": at("/device_authorization"),
        "end_session_endpoint": at("/sign-out"),
        "scopes_supported": STANDARD,
        "grant_types_supported": GrantType::OFFERED.iter().map(|g| g.as_str()).collect::<Vec<_>>(),
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": signing,
        "introspection_signing_alg_values_supported": signing,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        "acr_values_supported": policy.levels.iter().map(|l| l.acr()).collect::<Vec<_>>(),
        "ui_locales_supported": ["vi", "en"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
    });
    let mutual = policy.mutual_tls.as_ref().map(mutual_tls);
    let parts = [
        authentication(policy),
        claims(),
        requests(),
        answers(signing),
        logout(policy),
    ];
    let optional = mutual.into_iter().chain(registration(policy));
    for more in parts.into_iter().chain(optional) {
        if let (Value::Object(all), Value::Object(more)) = (&mut document, more) {
            all.extend(more);
        }
    }
    document
}

/// How clients authenticate, and with which algorithms they sign where they sign.
fn authentication(policy: &Policy) -> Value {
    let offered = methods(policy);
    let confidential = offered.iter().filter(|method| **method != Method::None);
    let confidential: Vec<_> = confidential.map(|method| method.as_str()).collect();
    let methods: Vec<_> = offered.iter().map(|method| method.as_str()).collect();
    let authenticated = MacAlgorithm::ALL.iter().map(|one| one.name());
    let algorithms: Vec<_> = signed().chain(authenticated).collect();
    json!({
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
    })
}

fn signed() -> impl Iterator<Item = &'static str> {
    SigningAlgorithm::ALL.iter().map(|one| one.name())
}

/// What people's claims may be.
fn claims() -> Value {
    json!({
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "azp", "exp", "iat", "nonce", "auth_time", "acr", "amr", "sid", "at_hash", "c_hash",
            "name", "given_name", "middle_name", "family_name", "nickname", "preferred_username",
            "profile", "picture", "website", "gender", "birthdate", "locale",
            "zoneinfo", "updated_at", "email", "email_verified", "phone_number",
            "phone_number_verified", "address", "roles", "unit", "positions", "unit_codes",
        ],
        "claims_locales_supported": ["vi"],
    })
}

/// What a request may carry (OpenID Connect Core §5.5, §6).
fn requests() -> Value {
    let object_algs: Vec<_> = signed().chain(["none"]).collect();
    json!({
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "request_object_signing_alg_values_supported": object_algs,
    })
}

/// Where clients register themselves, if they may (RFC 8414 §2).
fn registration(policy: &Policy) -> Option<Value> {
    let offered = policy.registration.mode != RegistrationMode::Off;
    offered.then(|| json!({ "registration_endpoint": policy.issuer.endpoint("/register") }))
}

/// How applications hear that somebody signed out.
fn logout(policy: &Policy) -> Value {
    json!({
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "check_session_iframe": policy.issuer.endpoint("/check-session"),
    })
}

/// What answers may look like; what a client gets is what it is registered for.
fn answers(signing: &[&str]) -> Value {
    json!({
        "response_types_supported": ResponseType::ALL,
        "response_modes_supported": ResponseMode::NAMES,
        "id_token_encryption_alg_values_supported": KeyManagement::ALL,
        "id_token_encryption_enc_values_supported": ContentEncryption::ALL,
        "userinfo_signing_alg_values_supported": signing,
        "userinfo_encryption_alg_values_supported": KeyManagement::ALL,
        "userinfo_encryption_enc_values_supported": ContentEncryption::ALL,
        "authorization_signing_alg_values_supported": signing,
        "authorization_encryption_alg_values_supported": KeyManagement::ALL,
        "authorization_encryption_enc_values_supported": ContentEncryption::ALL,
        "introspection_encryption_alg_values_supported": KeyManagement::ALL,
        "introspection_encryption_enc_values_supported": ContentEncryption::ALL,
    })
}

/// RFC 8705 §3.3, §5: tokens may be bound to certificates, and where a client may show one.
fn mutual_tls(mutual: &MutualTls) -> Value {
    json!({
        "tls_client_certificate_bound_access_tokens": true,
        "mtls_endpoint_aliases": {
            "token_endpoint": mutual.url.endpoint("/token"),
            "userinfo_endpoint": mutual.url.endpoint("/userinfo"),
            "introspection_endpoint": mutual.url.endpoint("/introspect"),
            "revocation_endpoint": mutual.url.endpoint("/revoke"),
            "pushed_authorization_request_endpoint": mutual.url.endpoint("/par"),
        },
    })
}

/// Adds what the provider can open: nothing unless it publishes keys for encryption, whose
/// algorithms are given.
pub fn add_decryption(document: &mut Value, keys: &[&str]) {
    let published = || keys.iter().filter_map(|name| KeyManagement::parse(name));
    let opened: Vec<_> = KeyManagement::ALL
        .iter()
        .filter(|alg| published().any(|key| key.is_agreement() == alg.is_agreement()))
        .map(|alg| alg.name())
        .collect();
    if let (Some(members), false) = (document.as_object_mut(), opened.is_empty()) {
        let contents: Vec<_> = ContentEncryption::ALL.iter().map(|e| e.name()).collect();
        let name = |part: &str| format!("request_object_encryption_{part}_values_supported");
        members.insert(name("alg"), opened.into());
        members.insert(name("enc"), contents.into());
    }
}

/// The methods that work in this installation: by certificate only where one can be shown.
fn methods(policy: &Policy) -> Vec<Method> {
    let works = |method: &Method| match (&policy.mutual_tls, method) {
        (None, method) => !method.is_by_certificate(),
        (Some(mutual), Method::TlsClientAuth) => !mutual.authorities.is_empty(),
        (Some(_), _) => true,
    };
    Method::OFFERED.iter().copied().filter(works).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{ISSUER, policy};

    #[test]
    fn encryption_is_offered_with_the_keys_for_it() {
        let offered = |keys: &[&str]| {
            let mut document = document(&policy(), &[]);
            add_decryption(&mut document, keys);
            document["request_object_encryption_alg_values_supported"].clone()
        };
        assert_eq!(offered(&[]), Value::Null);
        assert_eq!(offered(&["RSA-OAEP-256"]), json!(["RSA-OAEP-256"]));
        let agreement = offered(&["ECDH-ES"]);
        assert!(agreement.as_array().unwrap().contains(&json!("ECDH-ES")));
        assert!(
            !agreement
                .as_array()
                .unwrap()
                .contains(&json!("RSA-OAEP-256"))
        );
    }

    #[test]
    fn certificates_are_offered_where_they_can_be_shown() {
        let methods = |policy: &Policy| {
            let document = document(policy, &[]);
            document["token_endpoint_auth_methods_supported"].to_string()
        };
        let mut policy = policy();
        assert!(!methods(&policy).contains("tls"));
        assert!(
            document(&policy, &[])
                .get("mtls_endpoint_aliases")
                .is_none()
        );
        policy.mutual_tls = Some(MutualTls {
            url: crate::base::issuer::Issuer::parse("https://mtls.tinh.example").unwrap(),
            authorities: Vec::new(),
        });
        assert!(methods(&policy).contains("self_signed_tls_client_auth"));
        assert!(!methods(&policy).contains("\"tls_client_auth"));
        let told = document(&policy, &[]);
        let alias = &told["mtls_endpoint_aliases"]["token_endpoint"];
        assert_eq!(alias, "https://mtls.tinh.example/token");
        assert_eq!(told["tls_client_certificate_bound_access_tokens"], true);
    }

    #[test]
    fn the_document_is_of_the_issuer_and_offers_what_exists() {
        let document = document(&policy(), &["ES256", "RS256"]);
        assert_eq!(document["issuer"], ISSUER);
        let members = document.as_object().unwrap();
        for (name, value) in members {
            if name.ends_with("_endpoint") || name.ends_with("_uri") {
                let address = value.as_str().unwrap();
                assert!(
                    address.starts_with(&format!("{ISSUER}/")),
                    "{name}: {address}"
                );
            }
        }
        assert_eq!(
            document["id_token_signing_alg_values_supported"],
            json!(["ES256", "RS256"])
        );
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(
            document["dpop_signing_alg_values_supported"],
            json!(["ES256", "EdDSA", "PS256"])
        );
        assert_eq!(document["require_pushed_authorization_requests"], false);
        let offered = document["response_types_supported"].as_array().unwrap();
        assert!(offered.contains(&json!("code id_token token")));
        assert!(!offered.contains(&json!("token")) && !offered.contains(&json!("none")));
        let confidential = &document["introspection_endpoint_auth_methods_supported"];
        assert!(!confidential.as_array().unwrap().contains(&json!("none")));
        for name in ["scopes_supported", "claims_supported"] {
            let offered = document[name].as_array().unwrap();
            assert!(offered.contains(&json!("address")), "{name}");
        }
        assert_eq!(document["claims_parameter_supported"], true);
        for offered in [
            "request_parameter_supported",
            "request_uri_parameter_supported",
            "require_request_uri_registration",
        ] {
            assert_eq!(document[offered], true, "{offered}");
        }
    }
}
