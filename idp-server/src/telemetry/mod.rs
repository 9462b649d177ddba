//! What operators see of the running server: logs and metrics. Neither holds a password, a token,
//! a query string, a name or an identifier of a person.

pub mod access;
pub mod faults;
pub mod logs;
pub mod metrics;
