//! Who somebody is: evidence in, authentication out.

pub mod activation;
pub mod certificate;
pub mod certificate_session;
pub mod known_browser;
pub mod password;
pub mod password_rules;
pub mod session_begin;
pub mod session_end;
pub mod sign_in;
pub mod throttle;
