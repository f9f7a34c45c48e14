//! A mail server in the test's process: it takes what it is given unless its script says otherwise. The real one of Python's is a part of its own
//! (`tests/parts/smtp.sh`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does to one delivery.
#[derive(Clone, Debug)]
pub(crate) enum Script {
    /// Answers this to the recipient.
    Recipient(&'static str),
    /// Answers this to the content.
    Content(&'static str),
    /// Takes the content and closes without a word.
    Vanish,
    /// Closes at the sender.
    HangUp,
    /// Takes the content and answers only when told.
    Hold(Arc<tokio::sync::Notify>),
}

#[derive(Default)]
struct State {
    messages: Vec<String>,
    script: VecDeque<Script>,
    connections: usize,
    refuses_login: bool,
}

/// The server; it listens until the value is dropped.
pub(crate) struct Sink {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        Self::start_on(0).await
    }

    pub(crate) async fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("address").port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("lock").connections += 1;
                sessions.spawn(session(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn script(&self, steps: impl IntoIterator<Item = Script>) {
        self.state.lock().expect("lock").script.extend(steps);
    }

    pub(crate) fn refuse_logins(&self, refuses: bool) {
        self.state.lock().expect("lock").refuses_login = refuses;
    }

    /// Everything whose last byte arrived, oldest first.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.state.lock().expect("lock").messages.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().expect("lock").connections
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn session(stream: TcpStream, state: Arc<Mutex<State>>) {
    let _ = converse(stream, state).await;
}

async fn converse(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let mut step = None;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.split([' ', '\r']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            "AUTH" if state.lock().expect("lock").refuses_login => "535 5.7.8 authentication failed\r\n".to_owned(),
            "AUTH" => "235 2.7.0 welcome\r\n".to_owned(),
            "MAIL" => {
                step = state.lock().expect("lock").script.pop_front();
                if matches!(step, Some(Script::HangUp)) {
                    return Ok(());
                }
                "250 2.1.0 ok\r\n".to_owned()
            }
            "RCPT" => match &step {
                Some(Script::Recipient(reply)) => format!("{reply}\r\n"),
                _ => "250 2.1.5 ok\r\n".to_owned(),
            },
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await?;
                let mut message = String::new();
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').filter(|rest| rest.starts_with('.')).unwrap_or(&line));
                }
                if let Some(Script::Content(reply)) = &step {
                    format!("{reply}\r\n")
                } else {
                    state.lock().expect("lock").messages.push(message);
                    match &step {
                        Some(Script::Vanish) => return Ok(()),
                        Some(Script::Hold(notify)) => notify.notified().await,
                        _ => {}
                    }
                    "250 2.0.0 taken\r\n".to_owned()
                }
            }
            "RSET" | "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 5.5.1 what?\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
