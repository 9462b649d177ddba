//! The one integration binary. Module names are the areas of `./test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests end at the first surprise with its message"
)]

mod attacks;
mod certificates;
mod devices;
mod house;
mod journeys;
mod nodes;
mod openid;
mod races;
mod strangers;
