//! Whole ways through the product, as people and relying parties walk them.

mod browser;
mod installation;
mod pages;
mod protocol;
