//! Socket activation as systemd does it: descriptor 3 on, and variables that say for whom. `systemd/civic-os.socket` is such a unit.

use crate::support::{ServerProcess, TestDatabase, binary_path, free_port, http_client, tokens};
use nix::sys::signal::Signal;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What systemd sets, for the process that the shell becomes; its standard input becomes descriptor 3.
const FOR_US: &str = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec \"$0\" \"$@\" 3<&0 0</dev/null";
const FOR_ANOTHER: &str = "LISTEN_PID=1 LISTEN_FDS=1 LISTEN_FDNAMES=web exec \"$0\" \"$@\" 3<&0 0</dev/null";

fn command(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(binary_path()).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// An API on this database; `listen` is what it would bind by itself.
fn serve(script: &str, database: &TestDatabase, listen: &str, socket: impl Into<OwnedFd>) -> ServerProcess {
    let folder = tempfile::tempdir().expect("folder");
    let mut command = command(script, &["serve", "--role", "api"]);
    command
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .env("CIVIC_OS_WEB__LISTEN", listen)
        .env("CIVIC_OS_ADMIN__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_DATA_DIR", folder.path().join("data"));
    ServerProcess::spawn_with(command, folder, Stdio::from(socket.into()))
}

/// A whole answer over a connection of its own.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: town\r\nConnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_load_refuses_no_connection() {
    let database = TestDatabase::create().await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    // What the process would bind if it did not take the socket over is taken: it could not start.
    let start = || serve(FOR_US, &database, &address.to_string(), listener.try_clone().expect("cloned"));
    let mut first = start();
    first.says("Serving").await;
    assert!(first.log().contains("web.listen: the service manager's socket is taken over"), "{}", first.log());

    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (stop, answered) = (stop.clone(), answered.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let text = ask(address).await.map_err(|error| error.to_string())?;
                    if !text.starts_with("HTTP/1.1 200") {
                        return Err(format!("{text:?}"));
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            })
        })
        .collect();
    // Until so many more were answered, or one was not.
    let more = async |number: usize| {
        let (wanted, limit) = (answered.load(Ordering::SeqCst) + number, Instant::now() + Duration::from_secs(60));
        while answered.load(Ordering::SeqCst) < wanted && clients.iter().all(|client| !client.is_finished()) {
            assert!(Instant::now() < limit, "nobody answers");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        clients.iter().all(|client| !client.is_finished())
    };
    let mut processes = vec![first];
    while processes.len() < 4 && more(200).await {
        let old = processes.last_mut().expect("one");
        old.signal(Signal::SIGTERM);
        assert!(old.ended().await.success(), "{}", old.log());
        // Between the two nobody accepts; who comes now waits.
        processes.push(start());
    }
    more(200).await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("a client").expect("no request was refused or cut off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_passed_to_another_process_is_none_of_ours() {
    let database = TestDatabase::create().await;
    let foreign = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("127.0.0.1:{}", free_port());
    let mut process = serve(FOR_ANOTHER, &database, &listen, foreign.try_clone().expect("cloned"));
    process.says("Serving").await;
    let health = http_client().get(format!("http://{listen}/health")).send().await.expect("an answer");
    assert_eq!(health.status(), 200);
    foreign.set_nonblocking(true).expect("a socket");
    assert!(foreign.accept().is_err(), "nobody was sent there");
}

#[test]
fn what_is_no_listener_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("folder");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let connected = TcpStream::connect(other.local_addr().expect("an address")).expect("connected");
    let unix = UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let file = std::fs::File::open("/dev/null").expect("a file");
    let is_none = "the socket \"web\" of the service manager is no TCP socket that listens";
    let changed = |from, to| FOR_US.replace(from, to);
    let cases: [(OwnedFd, String, &str); 6] = [
        (connected.into(), FOR_US.into(), is_none),
        (unix.into(), FOR_US.into(), is_none),
        (file.into(), FOR_US.into(), is_none),
        (other.try_clone().expect("cloned").into(), changed("=web", "=wbe"), "a socket \"wbe\""),
        (other.try_clone().expect("cloned").into(), changed("_FDS=1", "_FDS=2"), "a descriptor is missing"),
        (other.into(), changed("_FDS=1", "_FDS=many"), "cannot be understood"),
    ];
    for (descriptor, script, expected) in cases {
        let mut command = command(&script, &["serve", "--role", "api"]);
        command.env("CIVIC_OS_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none");
        let output = command.stdin(Stdio::from(descriptor)).output().expect("run");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && error.contains(expected), "{script}: {:?} {error}", output.status);
    }
}

#[test]
fn programs_that_we_start_get_neither_sockets_nor_variables() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("folder");
    // A backup asks each pg_dump for its version.
    let (program, seen) = (folder.path().join("pg_dump"), folder.path().join("seen"));
    let script = format!(
        "#!/bin/sh\n{{ env; ls -l /proc/self/fd; }} > '{}'\necho 'pg_dump (PostgreSQL) 99.1'\n",
        seen.display()
    );
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut command = command(FOR_US, &["backup", "create"]);
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    command
        .env("PATH", path)
        .env("CIVIC_OS_DATA_DIR", folder.path().join("data"))
        .env("CIVIC_OS_DATABASE__OWNER_URL", "postgres://nobody@127.0.0.1:1/none");
    let output = command.stdin(Stdio::from(OwnedFd::from(listener))).output().expect("run");
    let text = std::fs::read_to_string(&seen);
    let text = text.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert!(text.contains("PATH=") && text.contains("/dev/null"), "{text}");
    assert!(!text.contains("LISTEN_") && !text.contains("socket:["), "{text}");
}
