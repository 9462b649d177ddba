//! Room of oauth decisions.
