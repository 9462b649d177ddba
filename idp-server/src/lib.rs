//! The identity provider as a product: HTTP, pages, command line, workers.

pub mod config;
pub mod demo;
pub mod http;
pub mod listen;
pub mod outside;
pub mod refusals;
pub mod ui;
pub mod wiring;
pub mod worker;
