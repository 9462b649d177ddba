//! Room of oidc decisions.
