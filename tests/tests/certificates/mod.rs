//! Digital-signature certificates: who is trusted, whose they are, what is said of them. The
//! authorities are OpenSSL's.

mod accounts;
mod sign_in;
mod trust;
mod verification;

use std::process::Output;

use idp_tests::Installation;
use idp_tests::openssl::ThreeLevels;
use serde_json::Value;

/// Everything that a command said.
fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The JSON that a command answered.
fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Trusts the root as `goc`, a public authority, with the authority below it.
fn trusting(installation: &Installation, authorities: &ThreeLevels) -> Output {
    let (root, between) = (authorities.at("root.pem"), authorities.at("between.pem"));
    installation.administer(&[
        "trust",
        "add",
        "goc",
        &root,
        "--purpose",
        "public",
        "--personal-id",
        "yes",
        "--tax-code",
        "yes",
        "--intermediate",
        &between,
    ])
}
