//! The identity provider as a product: HTTP, pages, command line, workers.

pub mod config;
pub mod demo;
pub mod founding;
pub mod http;
pub mod listen;
pub mod outside;
pub mod refusals;
pub mod telemetry;
pub mod ui;
pub mod wiring;
pub mod worker;
pub mod cli;
pub mod program;
