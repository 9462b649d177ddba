//! Room of organisation decisions.
