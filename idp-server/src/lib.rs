//! The identity provider as a product: HTTP, pages, command line, workers.

mod certification;
pub mod cli;
pub mod config;
mod declared_clients;
pub mod demo;
pub mod founding;
pub mod http;
pub mod listen;
mod mutual_tls;
pub mod outside;
pub mod program;
pub mod refusals;
pub mod serve;
pub mod serving;
pub mod telemetry;
pub mod ui;
pub mod wiring;
pub mod worker;
