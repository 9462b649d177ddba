//! OAuth 2.0: parse and decide, one file per endpoint or rule.

pub mod access_token;
pub mod assurance;
pub mod authorize;
pub mod certificate;
pub mod certificate_api;
pub mod claims_request;
pub mod client_auth;
pub mod client_keys;
pub mod code;
pub mod consent;
pub mod demands;
pub mod device;
pub mod dpop;
pub mod front_channel;
pub mod interaction;
pub mod introspect;
pub mod issue_code;
pub mod metadata;
pub mod opaque_token;
pub mod par;
pub mod params;
pub mod pkce;
pub mod presented_token;
pub mod redirect_uri;
pub mod register;
pub mod request_object;
pub mod resource;
pub mod response;
pub mod revoke;
pub mod scope;
pub mod sender;
pub mod subject;
pub mod token;

#[cfg(test)]
pub(crate) mod sample;
