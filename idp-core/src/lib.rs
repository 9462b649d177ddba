//! The identity crate: an OpenID Provider as pure decisions, and the flows that run them.
//!
//! The crate knows neither sockets nor clocks nor databases. Time and randomness are arguments;
//! stores and signers are traits ([`store`], [`ports`]). Each endpoint is parsed and decided in
//! the room of its specification ([`oauth`], [`oidc`], [`authn`]) and run by [`flow`], the only
//! room with `async` besides the traits themselves.
//!
//! Rooms may use only what stands to their left:
//! `base ◀ jose ◀ model ◀ {event, policy} ◀ {store, ports} ◀ {authn, oauth, oidc, organisation,
//! admin} ◀ flow`.

pub mod admin;
pub mod authn;
pub mod base;
pub mod event;
pub mod flow;
pub mod jose;
pub mod model;
pub mod oauth;
pub mod oidc;
pub mod organisation;
pub mod policy;
pub mod ports;
pub mod store;
pub mod trust;
