//! Clients that a test registers through the administrator's command line.

use serde_json::Value;
use url::Url;

use crate::world::{Application, World};

/// Where nobody listens: tests read the callback from the redirect itself.
pub const CALLBACK: &str = "http://localhost:9/callback";

/// Registers a client with these further arguments and returns it with its secret.
///
/// # Panics
/// When the command refuses.
pub fn client(world: &World, name: &str, further: &[&str]) -> Application {
    let mut arguments = vec!["client", "add", "--name", name];
    arguments.extend(further);
    let output = world.idp(&arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Application {
        name: name.to_owned(),
        url: Url::parse("http://localhost:9/").expect("an address"),
        client_id: text(&printed["client"]["client_id"]),
        client_secret: text(&printed["client_secret"]),
        redirect_uri: Url::parse(CALLBACK).expect("an address"),
    }
}

/// A client that signs people in at [`CALLBACK`].
pub fn application(world: &World, name: &str, further: &[&str]) -> Application {
    let mut arguments = vec!["--redirect-uri", CALLBACK];
    arguments.extend(further);
    client(world, name, &arguments)
}

/// A client for `client_credentials`.
pub fn service(world: &World, name: &str) -> Application {
    client(world, name, &["--kind", "service"])
}
