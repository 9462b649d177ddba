//! The provider's protocol features, a file each, asserted against the running binary.

pub(crate) mod answers;
mod dpop;
mod metadata;
mod pairwise;
mod par;
mod request_object;
mod resources;
