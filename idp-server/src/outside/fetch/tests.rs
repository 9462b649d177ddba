//! The fetcher against servers on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use idp_core::base::secret::SecretText;
use idp_core::ports::{Fetch, Incoming, Outgoing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Exceptions, FetchRules, GuardedFetch};

/// Answers every connection with the same octets; `None` never answers.
async fn server(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                match answer {
                    Some("echo") => {
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {read}\r\n\r\n");
                        let _ = stream.write_all(head.as_bytes()).await;
                        let _ = stream.write_all(&request[..read]).await;
                    }
                    Some(answer) => {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    None => tokio::time::sleep(Duration::from_secs(30)).await,
                }
            });
        }
    });
    address
}

fn fetcher(loopback: bool) -> GuardedFetch {
    GuardedFetch::new(FetchRules {
        exceptions: Exceptions {
            loopback,
            ..Exceptions::default()
        },
        connect: Duration::from_millis(500),
        total: Duration::from_millis(500),
        ca_file: None,
    })
}

async fn get(fetcher: &GuardedFetch, url: String) -> Result<Incoming, String> {
    let request = Outgoing {
        url,
        form: None,
        most_bytes: 64,
    };
    fetcher.fetch(request).await.map_err(|fault| {
        assert!(fault.transient, "{fault}");
        fault.detail
    })
}

#[tokio::test]
async fn an_answer_within_its_bounds_arrives() {
    let at = server(Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")).await;
    let answer = get(&fetcher(true), format!("http://{at}/")).await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"ok".as_slice())
    );
}

#[tokio::test]
async fn forms_are_posted_encoded() {
    let at = server(Some("echo")).await;
    let form = vec![(
        "logout_token".to_owned(),
        SecretText::new("a b&c".to_owned()),
    )];
    let url = format!("http://{at}/backchannel");
    let request = Outgoing {
        url,
        form: Some(form),
        most_bytes: 4096,
    };
    let answer = fetcher(true).fetch(request).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap().to_ascii_lowercase();
    assert!(text.starts_with("post /backchannel"), "{text}");
    assert!(
        text.contains("content-type: application/x-www-form-urlencoded"),
        "{text}"
    );
    assert!(text.ends_with("logout_token=a+b%26c"), "{text}");
}

#[tokio::test]
async fn redirects_are_answers_and_are_not_followed() {
    let at = server(Some(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    ))
    .await;
    assert_eq!(
        get(&fetcher(true), format!("http://{at}/"))
            .await
            .unwrap()
            .status,
        302
    );
}

#[tokio::test]
async fn private_addresses_are_refused_literally_and_behind_names() {
    let strict = fetcher(false);
    let literal = get(&strict, "https://127.0.0.1:9/".to_owned()).await;
    assert_eq!(literal.unwrap_err(), "private_address");
    let named = get(&strict, "https://localhost:9/".to_owned()).await;
    assert_eq!(named.unwrap_err(), "private_address");
}

#[tokio::test]
async fn each_failure_has_its_word() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        28\r\n0123456789012345678901234567890123456789\r\n\
        28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\n";
    let open = fetcher(true);
    for (answer, word) in [
        (
            Some("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n"),
            "too_large",
        ),
        (Some(chunked), "too_large"),
        (
            Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
            "broken_off",
        ),
        (Some("SSH-2.0-x\r\n"), "broken_off"),
        (None, "timed_out"),
    ] {
        let at = server(answer).await;
        let refused = get(&open, format!("http://{at}/")).await;
        assert_eq!(refused.unwrap_err(), word, "{answer:?}");
    }
    let at = server(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
    let refused = get(&open, format!("https://{at}/")).await;
    assert_eq!(refused.unwrap_err(), "tls_failed");
    let nobody = get(&open, "http://127.0.0.1:1/".to_owned()).await;
    assert_eq!(nobody.unwrap_err(), "connect_failed");
    let nowhere = get(&open, "https://name.invalid/".to_owned()).await;
    assert_eq!(nowhere.unwrap_err(), "name_unresolved");
    for (url, word) in [
        ("not a url", "malformed_url"),
        ("http://app.tinh.example/", "not_https"),
    ] {
        assert_eq!(get(&open, url.to_owned()).await.unwrap_err(), word);
    }
}
