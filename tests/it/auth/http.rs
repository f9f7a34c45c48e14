//! A real HTTP server on loopback whose answers a test changes while it runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    requests: Vec<String>,
}

/// The server; it stops with the value.
pub(crate) struct TestServer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_at(TcpListener::bind("127.0.0.1:0").await.expect("bind"))
    }

    pub(crate) fn start_at(listener: TcpListener) -> Self {
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    let mut byte = [0; 1024];
                    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                        match stream.read(&mut byte).await {
                            Ok(0) | Err(_) => return,
                            Ok(n) => head.extend_from_slice(&byte[..n]),
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let answer = {
                        let mut state = state.lock().expect("lock");
                        state.requests.push(path.clone());
                        state.answers.get(&path).cloned()
                    };
                    let answer = answer.unwrap_or(Answer { status: 404, body: b"{}".to_vec() });
                    let start = format!(
                        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        answer.status,
                        answer.body.len()
                    );
                    let _ = stream.write_all(start.as_bytes()).await;
                    let _ = stream.write_all(&answer.body).await;
                });
            }
        });
        Self { url, state, task }
    }

    pub(crate) fn answer(&self, path: &str, status: u16, body: impl Into<Vec<u8>>) {
        let answer = Answer { status, body: body.into() };
        self.state.lock().expect("lock").answers.insert(path.into(), answer);
    }

    /// Number of requests for a path so far.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.state.lock().expect("lock").requests.iter().filter(|seen| *seen == path).count()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
