//! What systemd hears from the units of `systemd/`: ready when it serves and not before, alive while it does, stopping when it stops.

use crate::support::{ServerProcess, TestDatabase, binary_path, free_port, http_client, tokens};
use nix::sys::signal::Signal;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

/// The next message; waits for it in vain for a minute.
fn heard(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 512];
    let size = socket.recv(&mut buffer).expect("a message within a minute");
    String::from_utf8_lossy(&buffer[..size]).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("socket");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("time-out");
    let listen = format!("127.0.0.1:{}", free_port());
    // As systemd does: the watchdog's variables name the process that they are for.
    let mut command = Command::new("sh");
    command
        .args(["-c", "WATCHDOG_PID=$$ exec \"$0\" serve --role api"])
        .arg(binary_path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "500000")
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .env("CIVIC_OS_WEB__LISTEN", &listen)
        .env("CIVIC_OS_ADMIN__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_SHUTDOWN__GRACE", "0")
        .env("CIVIC_OS_DATA_DIR", folder.path().join("data"));
    let mut process = ServerProcess::spawn(command, folder);
    assert_eq!(heard(&socket), "READY=1");
    let health = http_client().get(format!("http://{listen}/health")).send().await.expect("it serves by then");
    assert_eq!(health.status(), 200);
    for _ in 0..3 {
        assert_eq!(heard(&socket), "WATCHDOG=1");
    }
    process.signal(Signal::SIGTERM);
    let last = loop {
        match heard(&socket) {
            text if text == "WATCHDOG=1" => {}
            text => break text,
        }
    };
    assert_eq!(last, "STOPPING=1");
    assert!(process.ended().await.success());
}
