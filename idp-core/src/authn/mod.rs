//! Room of authn decisions.
