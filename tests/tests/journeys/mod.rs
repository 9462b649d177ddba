//! Whole ways through the product, as people and relying parties walk them.

mod access;
mod audit;
mod audit_heads;
mod browser;
mod certificates;
mod devices;
mod impatience;
mod installation;
mod keys;
mod languages;
mod pages;
mod people;
mod protocol;
mod questions;
