//! The agency tree: what lies below what.

pub mod tree;

pub use tree::UnitTree;
