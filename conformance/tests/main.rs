//! The one test binary of this crate: a module per subject, a file per stranger.

#[cfg(test)]
mod jose;
#[cfg(test)]
mod limbo;
#[cfg(test)]
mod oidf;
#[cfg(test)]
mod pkits;
#[cfg(test)]
mod signatures;
