//! Room of flow decisions.
