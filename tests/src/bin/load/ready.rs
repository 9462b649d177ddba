//! How long a start takes, seen from outside: the process begins, opens its store, binds, answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use idp_tests::Installation;

use crate::search::milliseconds;

/// Pause between two questions; the answer is known to this much.
const STEP: Duration = Duration::from_micros(500);
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the server so many times, after orderly stops and after kills in turn, and tells how long
/// it took until it was ready.
pub(crate) fn measure(installation: &Installation, starts: u16) {
    let mut stopped = Vec::new();
    let mut killed = Vec::new();
    for start in 0..starts {
        let begun = Instant::now();
        let serving = installation.spawn(installation.command(&["serve"]));
        while !is_ready(installation.port) {
            assert!(begun.elapsed() < PATIENCE, "not ready: {}", serving.log());
            std::thread::sleep(STEP);
        }
        // The stop before this start was the other kind.
        let of = if start % 2 == 0 {
            &mut stopped
        } else {
            &mut killed
        };
        of.push(begun.elapsed());
        if start % 2 == 0 {
            serving.kill();
        } else {
            serving.terminate();
        }
    }
    report("after an orderly stop", stopped);
    report("after kill -9", killed);
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let (Some(worst), median) = (times.last(), times.get(times.len() / 2)) else {
        return;
    };
    println!(
        "ready       {what}: median {:.0} ms, worst {:.0} ms of {} starts (the bound is 100)",
        milliseconds(*median.unwrap_or(worst)),
        milliseconds(*worst),
        times.len()
    );
}

fn is_ready(port: u16) -> bool {
    let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let asked = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = Vec::new();
    let received = socket
        .write_all(asked)
        .and_then(|()| socket.read_to_end(&mut answer));
    received.is_ok() && answer.starts_with(b"HTTP/1.1 200")
}
