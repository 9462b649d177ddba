//! The harness of the end-to-end tests: it starts the real binary, walks the protocol as a relying
//! party would, drives a real Chromium, and reads the source tree for the architecture test.
//!
//! Nothing here knows the product's types: a [`World`] is a process and its printed addresses, an
//! [`Agent`] is an HTTP client with a cookie jar of its own, a [`RelyingParty`] is written from the
//! specifications alone. So a mistake shared by product and client library cannot hide.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "test code: the first surprise ends the test with its message"
)]

pub mod agent;
pub mod browser;
pub mod certificates;
pub mod device;
pub mod dpop;
pub mod form;
pub mod front_channel;
pub mod installation;
pub mod jwt;
pub mod line;
pub mod nginx;
pub mod openssl;
pub mod people;
pub mod ports;
pub mod postgres;
pub mod province;
pub mod raw;
pub mod receiver;
pub mod redis;
pub mod relying_party;
pub mod request;
pub mod request_object;
pub mod small_disk;
pub mod source;
pub mod world;

pub use agent::{Agent, Answer};
pub use browser::Browser;
pub use installation::Installation;
pub use relying_party::{Callback, RelyingParty, Tokens};
pub use request::Request;
pub use world::{Application, User, World};
