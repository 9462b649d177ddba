//! The administration API as others see it: wire types, paths and the OpenAPI description.
//!
//! A leaf crate: it knows nothing of the server, so that the server, the command line and
//! programs of others share one set of types. Conventions that hold everywhere:
//!
//! - Identities are strings. A `{unit}` in a path takes the unit's id or its agency code, a
//!   `{user}` the account's id or its user name.
//! - Points in time are RFC 3339 in UTC (`2026-01-05T01:00:00Z`). Where a date may be sent,
//!   `2026-01-05` means its first moment in Vietnam (UTC+7).
//! - Things that can be edited carry a `version`, which is also their `ETag`. A `PATCH` names it
//!   in `If-Match`; absent fields stay as they are, `null` clears a field that may be empty.
//! - Every change takes `?dry_run=true`: the answer is the one that the change would get, and
//!   nothing is written.
//! - Every "no" is a [`Problem`] (RFC 9457).
//! - Over the local socket the header [`headers::ACTING_AS`] names the acting administrator.

pub mod address;
pub mod audit;
pub mod certificate;
pub mod change_set;
pub mod client;
pub mod client_features;
pub mod client_origin;
pub mod headers;
pub mod key;
pub mod node;
mod openapi;
pub mod operations;
pub mod outbox;
pub mod page;
pub mod paths;
pub mod problem;
pub mod registration;
pub mod role;
pub mod session;
pub mod text;
pub mod trust;
pub mod unit;
pub mod user;
pub mod user_certificate;
pub mod user_import;
mod user_request;

pub use openapi::openapi;
pub use page::{DryRun, Page, PageQuery};
pub use problem::Problem;
pub use text::LocalText;
