//! Whole ways through the product, as people and relying parties walk them.

mod browser;
mod pages;
mod protocol;
