//! Client metadata on the wire (RFC 7591 §2, OpenID Connect Registration §2): from JSON to a client.
//!
//! Unknown metadata are ignored and not echoed, and so are this project's own, which only
//! administrators set.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::admin::client::is_secret_of;
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::jose::json::object_without_duplicates;
use crate::model::LocalText;
use crate::model::client::{
    Client, ClientAuthenticationMethod as Method, ClientFeatures, ClientKind, GrantType,
    ResponseType,
};
use crate::policy::RegistrationRules;

/// The longest body, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// The features that a client may set by itself: those of the IANA registry. The others are this
/// project's own.
pub(super) const REGISTRABLE: &[&str] = &[
    "response_types",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "request_uris",
    "default_max_age",
    "require_auth_time",
    "default_acr_values",
    "subject_type",
    "sector_identifier_uri",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "introspection_signed_response_alg",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "token_endpoint_auth_signing_alg",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "initiate_login_uri",
    "logo_uri",
    "contacts",
    "software_id",
    "software_version",
];

/// What the answer adds and a client must not send back (RFC 7592 §2.2).
const ANSWERED_ONLY: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// `application_type` (OpenID Connect Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ApplicationType {
    #[default]
    Web,
    Native,
}

/// The metadata that are not features. Algorithms and methods keep their registered names until a
/// client is made of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    token_endpoint_auth_method: Option<Method>,
    grant_types: Option<Vec<GrantType>>,
    application_type: ApplicationType,
    scope: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
    id_token_signed_response_alg: Option<String>,
    client_uri: Option<String>,
    policy_uri: Option<String>,
    tos_uri: Option<String>,
}

/// A request to register, or to replace what is registered.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistrationRequest {
    members: Map<String, Value>,
    /// Whether the name is that of a software statement.
    states_name: bool,
}

impl RegistrationRequest {
    /// Reads a body of at most 64 KiB: one JSON object without duplicate members. Members that are
    /// `null` count as absent (RFC 7592 §2.2).
    ///
    /// # Errors
    /// [`Reason::RegistrationBodyMalformed`].
    pub fn parse(body: &[u8]) -> Result<Self, Reason> {
        let malformed = Reason::RegistrationBodyMalformed;
        if body.len() > MOST_BYTES {
            return Err(malformed);
        }
        let mut members = object_without_duplicates(body).map_err(|_| malformed)?;
        members.retain(|_, value| !value.is_null());
        Ok(Self {
            members,
            states_name: false,
        })
    }

    /// The `software_statement`, if one was sent.
    ///
    /// # Errors
    /// [`Reason::RegistrationBodyMalformed`] when it is no text.
    pub fn software_statement(&self) -> Result<Option<&str>, Reason> {
        self.text("software_statement")
    }

    /// The same request with the claims of a verified software statement, which count before what
    /// was sent beside it (RFC 7591 §2.3). A stated name counts in every language: another one
    /// beside it would be the client's own word under the statement's.
    #[must_use]
    pub fn stated(&self, claims: Map<String, Value>) -> Self {
        let mut members = self.members.clone();
        let is_name = |name: &str| name.split('#').next() == Some("client_name");
        let states_name = claims.keys().any(|name| is_name(name));
        if states_name {
            members.retain(|name, _| !is_name(name));
        }
        // A statement may be read out of the software and sent by others: a name that people are to
        // trust comes with the addresses that it belongs to.
        let states_addresses = claims.contains_key("redirect_uris");
        members.extend(claims);
        Self {
            members,
            states_name: states_name && states_addresses,
        }
    }

    /// Checks what a replacement says about itself (RFC 7592 §2.2).
    ///
    /// # Errors
    /// [`Reason::RegistrationFieldForbidden`] for members that only answers hold;
    /// [`Reason::RegistrationClientIdChanged`] unless `client_id` is there and the client's;
    /// [`Reason::RegistrationSecretMismatch`] for a secret that is not one of the client's.
    pub fn check_replacement(&self, client: &Client, sealing: &SealingKey) -> Result<(), Reason> {
        if ANSWERED_ONLY
            .iter()
            .any(|name| self.members.contains_key(*name))
        {
            return Err(Reason::RegistrationFieldForbidden);
        }
        if self.text("client_id")? != Some(client.id.as_str()) {
            return Err(Reason::RegistrationClientIdChanged);
        }
        let Some(secret) = self.text("client_secret")? else {
            return Ok(());
        };
        let secret = SecretText::new(secret.to_owned());
        is_secret_of(client, &secret, sealing)
            .then_some(())
            .ok_or(Reason::RegistrationSecretMismatch)
    }

    /// The client that is described, on top of `base`, which brings what clients cannot say of
    /// themselves: identity, secrets, responsible unit, this project's own features. What is absent
    /// gets the specification's default, not the former value.
    ///
    /// # Errors
    /// [`Reason::RegistrationBodyMalformed`] for a member of a wrong type;
    /// [`Reason::ClientFeatureInvalid`] for a value that is none of a feature's;
    /// [`Reason::RegistrationScopeForbidden`], [`Reason::RegistrationGrantForbidden`]. The rules of
    /// all clients are checked afterwards.
    pub fn client(&self, base: Client, rules: &RegistrationRules) -> Result<Client, Reason> {
        let plain: Plain = serde_json::from_value(Value::Object(self.members.clone()))
            .map_err(|_| Reason::RegistrationBodyMalformed)?;
        let mut features = self.features(&base.features)?;
        // Nobody looked at who registers openly: a picture would lend such a client the look of
        // another. RFC 7591 §3.2.1 lets us leave metadata out, and the answer says so.
        let vouched = base
            .registration
            .as_ref()
            .is_some_and(|r| r.initial.is_some());
        if !vouched && !rules.certifies {
            features.logo_uri = None;
        }
        let types = match features.response_types.as_slice() {
            [] => vec![ResponseType::Code],
            types => types.to_vec(),
        };
        let grant_types = grant_types(plain.grant_types, &types)?;
        permitted(rules, (&grant_types, &types))?;
        let native = plain.application_type == ApplicationType::Native;
        let authentication = plain.token_endpoint_auth_method.unwrap_or(if native {
            Method::None
        } else {
            Method::ClientSecretBasic
        });
        let kind = match (native, authentication) {
            (true, _) => ClientKind::Native,
            (false, Method::None) => ClientKind::Spa,
            (false, _) => ClientKind::Web,
        };
        let name = self.name(&plain.redirect_uris)?;
        let mut registration = base.registration.clone();
        if let Some(registration) = &mut registration {
            let kept = registration.name_checked && name == base.name;
            registration.name_checked = self.states_name || kept;
        }
        Ok(Client {
            name,
            registration,
            kind,
            authentication,
            jwks: plain.jwks,
            jwks_uri: plain.jwks_uri,
            post_logout_redirect_uris: plain.post_logout_redirect_uris,
            backchannel_logout_uri: plain.backchannel_logout_uri,
            grant_types,
            scopes: scopes(plain.scope.as_deref(), &base.scopes, rules)?,
            // What a client that says nothing expects (OpenID Connect Registration §2), also when
            // it replaces what it said before.
            id_token_alg: plain
                .id_token_signed_response_alg
                .unwrap_or_else(|| "RS256".to_owned()),
            client_uri: plain.client_uri,
            policy_uri: plain.policy_uri,
            tos_uri: plain.tos_uri,
            redirect_uris: plain.redirect_uris,
            features: Box::new(features),
            ..base
        })
    }

    /// The features: those of the registry as sent, this project's own as they were.
    fn features(&self, present: &ClientFeatures) -> Result<ClientFeatures, Reason> {
        let invalid = Reason::ClientFeatureInvalid;
        let Ok(Value::Object(mut features)) = serde_json::to_value(present) else {
            return Err(invalid);
        };
        for name in REGISTRABLE {
            match self.members.get(*name) {
                Some(value) => features.insert((*name).to_owned(), value.clone()),
                None => features.remove(*name),
            };
        }
        serde_json::from_value(Value::Object(features)).map_err(|_| invalid)
    }

    /// `client_name`, with `client_name#vi` and `client_name#en` where they are given (RFC 7591
    /// §2.2); the host of the first redirect address for a client without a name.
    fn name(&self, redirect_uris: &[String]) -> Result<LocalText, Reason> {
        let plain = self.text("client_name")?;
        let vi = self.text("client_name#vi")?.or(plain);
        let en = self.text("client_name#en")?;
        let host = || {
            let first = url::Url::parse(redirect_uris.first()?).ok()?;
            first.host_str().map(str::to_owned)
        };
        let vi = vi.or(en).map(str::to_owned).or_else(host);
        Ok(LocalText {
            vi: vi.ok_or(Reason::ClientNameMalformed)?,
            en: en.map(str::to_owned),
        })
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Reason> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Reason::RegistrationBodyMalformed),
        }
    }
}

/// The grant types named, or those that the response types need (OpenID Connect Registration §2).
/// Named ones must include them.
fn grant_types(
    named: Option<Vec<GrantType>>,
    types: &[ResponseType],
) -> Result<Vec<GrantType>, Reason> {
    let mut needed = Vec::new();
    if types.iter().any(|t| t.has_code()) {
        needed.push(GrantType::AuthorizationCode);
    }
    if types.iter().any(|t| *t != ResponseType::Code) {
        needed.push(GrantType::Implicit);
    }
    let Some(named) = named else {
        return Ok(needed);
    };
    let complete = needed.iter().all(|grant| named.contains(grant));
    complete
        .then_some(named)
        .ok_or(Reason::ClientGrantTypeUnfit)
}

/// Clients that register themselves act for people who signed in, by codes; by other response types
/// only where the operator certifies.
fn permitted(
    rules: &RegistrationRules,
    (grants, types): (&[GrantType], &[ResponseType]),
) -> Result<(), Reason> {
    let plain = |grant: &GrantType| {
        matches!(
            grant,
            GrantType::AuthorizationCode | GrantType::RefreshToken
        ) || rules.certifies && *grant == GrantType::Implicit
    };
    let fits = grants.iter().all(plain)
        && (rules.certifies || types.iter().all(|t| *t == ResponseType::Code));
    fits.then_some(()).ok_or(Reason::RegistrationGrantForbidden)
}

/// The scopes asked for, all of which must be offered to such clients or have been given to this one
/// by an administrator; the offered ones for a client that names none.
fn scopes(
    asked: Option<&str>,
    given: &[String],
    rules: &RegistrationRules,
) -> Result<Vec<String>, Reason> {
    let Some(asked) = asked else {
        return Ok(rules.scopes.clone());
    };
    let asked: Vec<String> = asked.split_ascii_whitespace().map(str::to_owned).collect();
    let offered = |scope: &String| rules.scopes.contains(scope) || given.contains(scope);
    asked
        .iter()
        .all(offered)
        .then_some(asked)
        .ok_or(Reason::RegistrationScopeForbidden)
}
