//! The provider's protocol features, a file each, asserted against the running binary.

pub(crate) mod answers;
mod assertion_grants;
mod declared;
pub(crate) mod device;
mod dpop;
pub(crate) mod exchange;
mod form_post;
mod front_channel;
pub(crate) mod logo;
mod logout;
mod metadata;
mod mutual_tls;
mod own_client;
mod pairwise;
pub(crate) mod par;
mod presets;
mod profiles;
mod registration;
mod request_object;
pub(crate) mod resources;
mod third_party_login;
