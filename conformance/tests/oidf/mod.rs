//! The runner of the OpenID Foundation's suite, against a stand-in and the real binary.

mod calls;
mod stand_in;
mod walks;
mod whole;
