//! What is registered about a client beyond the plain code flow.

use serde_json::{Map, Value};

use crate::base::refusal::Reason;
use crate::model::client::{Client, ClientFeatures};

/// The features that work here, by name. One that does not is refused when it is registered:
/// ignored, it would promise what nobody keeps.
const OFFERED: &[&str] = &[
    "profile",
    "contacts",
    "logo_uri",
    "software_id",
    "software_version",
    "dpop_bound_access_tokens",
    "resources",
    "resource_scopes",
    "audiences",
    "require_pushed_authorization_requests",
    "subject_type",
    "sector",
    "sector_identifier_uri",
    "require_signed_request_object",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "request_uris",
    "response_types",
    "pkce_optional",
    "default_max_age",
    "require_auth_time",
    "default_acr_values",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "initiate_login_uri",
    "token_endpoint_auth_signing_alg",
    "assertion_audience",
    "tls_client_certificate_bound_access_tokens",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "token_exchange",
    "assertion_issuers",
    "responsible_person",
    "authorization_details_types",
    "access_token_format",
    "introspection_signed_response_alg",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
];

/// Whether a feature works here.
pub fn offers(name: &str) -> bool {
    OFFERED.contains(&name)
}

/// Features after a JSON merge patch (RFC 7396): `null` takes a feature back to its default.
///
/// # Errors
/// [`Reason::ClientFeatureInvalid`] for an unknown name or a value that is not one of the feature's.
pub(super) fn patched(
    present: &ClientFeatures,
    patch: &Map<String, Value>,
) -> Result<ClientFeatures, Reason> {
    let Ok(Value::Object(mut features)) = serde_json::to_value(present) else {
        return Err(Reason::ClientFeatureInvalid);
    };
    for (name, value) in patch {
        match value {
            Value::Null => features.remove(name),
            value => features.insert(name.clone(), value.clone()),
        };
    }
    serde_json::from_value(Value::Object(features)).map_err(|_| Reason::ClientFeatureInvalid)
}

/// Every feature that a client uses works here.
///
/// # Errors
/// [`Reason::ClientFeatureUnsupported`].
pub(super) fn check(client: &Client) -> Result<(), Reason> {
    let unsupported = Err(Reason::ClientFeatureUnsupported);
    let Ok(Value::Object(used)) = serde_json::to_value(&client.features) else {
        return unsupported;
    };
    if used.keys().all(|name| OFFERED.contains(&name.as_str())) {
        Ok(())
    } else {
        unsupported
    }
}

/// The names of the features that differ.
pub(super) fn changed(before: &ClientFeatures, after: &ClientFeatures) -> Vec<String> {
    let members = |features| match serde_json::to_value(features) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let (before, after) = (members(before), members(after));
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;
    use crate::model::client::ClientKind;
    use serde_json::json;

    fn patch(value: &Value) -> Result<ClientFeatures, Reason> {
        let present = ClientFeatures {
            software_id: Some("hoso".into()),
            ..ClientFeatures::default()
        };
        patched(&present, value.as_object().unwrap())
    }

    #[test]
    fn a_patch_sets_what_it_names_and_takes_back_what_is_null() {
        let set = patch(&json!({"contacts": ["it@tinh.example"]})).unwrap();
        assert_eq!(set.software_id.as_deref(), Some("hoso"));
        assert_eq!(set.contacts, ["it@tinh.example"]);
        assert!(patch(&json!({"software_id": null})).unwrap().are_plain());
        for wrong in [json!({"unheard_of": 1}), json!({"default_max_age": "soon"})] {
            assert_eq!(patch(&wrong).unwrap_err(), Reason::ClientFeatureInvalid);
        }
        let after = patch(&json!({"software_id": null, "contacts": ["a@tinh.example"]})).unwrap();
        assert_eq!(changed(&set, &after), ["contacts", "software_id"]);
    }

    #[test]
    fn every_offered_name_is_a_feature_and_no_other_is_taken() {
        for name in OFFERED {
            // A value of a wrong kind tells a known name from an unknown one.
            let refused = serde_json::from_value::<ClientFeatures>(json!({*name: {"not": "it"}}));
            let told = refused.unwrap_err().to_string();
            let unknown = format!("unknown field `{name}`");
            assert!(!told.contains(&unknown), "{name}: {told}");
        }
        let mut client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        assert_eq!(check(&client), Ok(()));
        client.features.software_id = Some("hoso".into());
        assert_eq!(check(&client), Ok(()));
    }
}
