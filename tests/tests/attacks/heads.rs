//! Heads of requests that are larger than anybody needs.

use std::time::Duration;

use idp_tests::{World, raw};

const PATIENCE: Duration = Duration::from_secs(5);

/// A request for the sign-in page with these header lines.
fn asking(world: &World, lines: &str) -> Vec<u8> {
    let host = world.host();
    format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n")
        .into_bytes()
}

#[tokio::test]
async fn a_head_beyond_the_bound_is_refused_as_too_large() {
    let world = World::demo();
    let small = format!("Cookie: a={}\r\n", "x".repeat(8_000));
    let answer = raw::exchange(world.port, &asking(&world, &small), PATIENCE);
    assert_eq!(answer.status(), 200, "8 KB are welcome: {}", answer.text);

    let cookies = format!("Cookie: {}\r\n", "name=value; ".repeat(40 * 1024 / 12));
    let one = format!("X-Large: {}\r\n", "x".repeat(40 * 1024));
    let many: String = (0..90)
        .map(|number| format!("X-{number}: {}\r\n", "x".repeat(450)))
        .collect();
    let target = format!(
        "GET /sign-in?x={} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "x".repeat(40 * 1024)
    );
    for (what, octets) in [
        ("a 40 KB Cookie field", asking(&world, &cookies)),
        ("a 40 KB field", asking(&world, &one)),
        ("ninety fields of 450 octets", asking(&world, &many)),
        ("a 40 KB target", target.into_bytes()),
    ] {
        let answer = raw::exchange(world.port, &octets, PATIENCE);
        let expected = if what.ends_with("target") {
            [414, 431]
        } else {
            [431, 431]
        };
        let status = answer.status();
        assert!(
            expected.contains(&status),
            "RFC 6585 §5, {what}: {status} {}",
            answer.text
        );
        assert!(answer.ended, "{what}: the connection stays open");
        assert!(!answer.text.contains("name=value"), "{what} is sent back");
    }
    let answer = raw::exchange(world.port, &asking(&world, ""), PATIENCE);
    assert_eq!(answer.status(), 200, "the next visitor is served");
    world.stop();
}
