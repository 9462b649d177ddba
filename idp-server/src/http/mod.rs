//! HTTP: thin adapters between axum and the flows. The URL map is [`routes`].

pub mod access;
pub mod account;
pub mod admin;
pub mod back;
pub mod browser_clients;
pub mod certificate;
pub mod certificates;
pub mod challenge;
pub mod check_session;
pub mod context;
pub mod cookies;
pub mod device;
pub mod guard;
pub mod health;
pub mod oauth;
pub mod questions;
pub mod register;
pub mod routes;
pub mod sign_in;
pub mod sign_out;
pub mod site;
mod spent;
pub mod verdict;
pub mod well_known;
pub mod wire;
