//! OpenID Connect: what is said about people, and how a sign-in ends everywhere.

pub mod backchannel;
pub mod claims;
pub mod delivery;
pub mod frontchannel;
pub mod id_token;
pub mod logout;
pub mod session_state;
pub mod third_party_login;
pub mod userinfo;
