//! What every other room stands on: identifiers, time, entropy, secrets, text, refusals.

pub mod entropy;
pub mod fault;
pub mod id;
pub mod issuer;
pub mod refusal;
pub mod seal;
pub mod secret;
pub mod text;
pub mod time;
