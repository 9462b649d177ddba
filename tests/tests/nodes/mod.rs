//! Several equal nodes on one PostgreSQL, their tickets there or in Redis.
//!
//! Counts come from the environment, so that a longer run tries harder: `IDP_TEST_LOSSES` (of each
//! part in each way), `IDP_TEST_ROLLS`, `IDP_TEST_FAIL_OVER_CODES`.

mod clocks;
mod configuration;
mod declared;
mod failover;
mod health;
mod journey;
mod keys;
mod losses;
mod province;
mod rolling;
mod traffic;
mod trouble;

use crate::races::count;
