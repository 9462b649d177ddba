//! A server that answers as it is told to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Answer = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// How it behaves.
#[derive(Clone)]
pub(super) enum Behaviour {
    /// Answers 200 with what this makes of the request's body.
    Answers(Answer),
    /// Answers this, head and all.
    Raw(String),
    /// Closes.
    Down,
    /// Never answers.
    Slow,
    /// Never ends.
    Endless,
}

/// See above.
pub(super) struct Server {
    at: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<AtomicU64>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            at: listener.local_addr().unwrap(),
            behaviour: Arc::new(Mutex::new(Behaviour::Down)),
            asked: Arc::default(),
        };
        let (behaviour, asked) = (server.behaviour.clone(), server.asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let behaviour = behaviour.lock().unwrap().clone();
                tokio::spawn(serve(stream, behaviour));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Gives this to everybody.
    pub(super) fn give(&self, body: Vec<u8>) {
        self.behave(Behaviour::Answers(Arc::new(move |_| body.clone())));
    }

    pub(super) fn answer(&self, answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) {
        self.behave(Behaviour::Answers(Arc::new(answer)));
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour) {
    if matches!(behaviour, Behaviour::Down) {
        return;
    }
    let request = read(&mut stream).await;
    match behaviour {
        Behaviour::Answers(answer) => {
            let body = answer(&request);
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
        }
        Behaviour::Raw(answer) => {
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        Behaviour::Endless => {
            let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(head).await;
            let piece = vec![0x30; 1024 * 1024];
            while stream.write_all(&piece).await.is_ok() {}
        }
        Behaviour::Slow => tokio::time::sleep(Duration::from_secs(60)).await,
        Behaviour::Down => {}
    }
}

/// The body of one request.
async fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let end = octets.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&octets[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |l| l.trim().parse().unwrap());
            if octets.len() >= end + 4 + length {
                return octets.split_off(end + 4);
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return Vec::new(),
            Ok(read) => octets.extend_from_slice(&piece[..read]),
        }
    }
}
