//! Our JOSE against vectors and libraries that others wrote.

mod jsonwebtoken;
mod wycheproof;
