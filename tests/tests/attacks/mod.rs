//! Each test is named for the attack that it tries.

mod authorization;
mod clients;
mod installation;
mod pages;
mod sessions;
mod tokens;
mod wire;
