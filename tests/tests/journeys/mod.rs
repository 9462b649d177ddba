//! Whole ways through the product, as people and relying parties walk them.

mod audit_heads;
mod browser;
mod installation;
mod pages;
mod people;
mod protocol;
