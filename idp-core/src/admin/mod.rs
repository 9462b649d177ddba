//! Room of admin decisions.
