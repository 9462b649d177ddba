//! OpenID Connect: what is said about people, and how a sign-in ends everywhere.

pub mod backchannel;
pub mod claims;
pub mod delivery;
pub mod id_token;
pub mod logout;
pub mod userinfo;
