//! Against aiosmtpd: STARTTLS, login, and the message as Python's email package reads it. Run by `tests/parts/smtp.sh`.

use super::Office;
use civic_os::cluster::end_with_parent;
use civic_os::config::SmtpSecurity;
use nix::sys::signal::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

struct Server {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    port: u16,
    certificate: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(name: &str) -> Self {
        let python = std::env::var_os("CIVIC_OS_TEST_SMTP_PYTHON")
            .expect("CIVIC_OS_TEST_SMTP_PYTHON names a Python with aiosmtpd");
        let folder = tempfile::tempdir().expect("folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parts/smtp_sink.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.path()).arg(name).stdin(Stdio::null()).stdout(Stdio::piped());
        end_with_parent(&mut command, Signal::SIGKILL);
        let mut child = command.spawn().expect("aiosmtpd");
        let mut lines = BufReader::new(child.stdout.take().expect("output"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a first line");
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        let port = u16::try_from(ready["port"].as_u64().expect("port")).expect("port");
        let certificate = ready["certificate"].as_str().expect("certificate").to_owned();
        Self { child, lines, port, certificate, _folder: folder }
    }

    fn message(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn office(server: &Server, host: &str, password: &str) -> Office {
    let mut office = Office::new(None).await;
    let settings = &mut office.config.notifications;
    settings.smtp_host = Some(host.into());
    settings.smtp_port = server.port;
    settings.smtp_security = Some(SmtpSecurity::Starttls);
    settings.smtp_ca_file = Some(server.certificate.clone().into());
    settings.smtp_reply_to = Some("büro@town.example".replace('ü', "u"));
    office.with_password(password);
    office
}

#[tokio::test]
#[ignore = "smtp"]
async fn an_independent_reader_finds_what_was_meant() {
    let mut server = Server::start("localhost");
    let office = office(&server, "localhost", "sesame").await;
    let picture = "<img src=\"data:image/png;base64,iVBORw0KGgo=\">";
    office
        .admin
        .execute("update metadata.notification_templates set html_template = html_template || $1", &[&picture])
        .await
        .expect("picture");
    let _worker = office.worker();
    let id = office.notify("Straße 日本 — “x”\r\nBcc: evil@example.org\n.\n..dot").await;
    office.until(id, "sent").await;
    let message = server.message();
    assert_eq!(message["defects"], serde_json::json!([]), "{message:#}");
    assert_eq!((message["encrypted"].as_bool(), message["user"].as_str()), (Some(true), Some("town")));
    assert_eq!(
        (message["sender"].as_str(), &message["recipients"]),
        (Some("rathaus@town.example"), &serde_json::json!(["anna@town.example"]))
    );
    assert_eq!(
        (message["from_name"].as_str(), message["to_name"].as_str()),
        (Some("Rathaus Müllheim"), Some("Anna Exämple"))
    );
    let headers = &message["headers"];
    assert_eq!(headers["Subject"], "Änderung: Straße 日本 — “x” Bcc: evil@example.org . ..dot");
    assert_eq!(headers["Reply-To"], "buro@town.example");
    assert!(headers.get("Bcc").is_none());
    assert_eq!(message["structure"], "multipart/alternative");
    let parts = message["parts"].as_array().expect("parts");
    let text = parts[0]["content"].as_str().expect("text").replace("\r\n", "\n");
    assert_eq!(
        (parts[0]["type"].as_str(), text.trim_end()),
        (Some("text/plain"), "Neu: Straße 日本 — “x”\nBcc: evil@example.org\n.\n..dot")
    );
    assert_eq!(parts[1]["type"], "text/html");
    assert!(parts[1]["content"].as_str().expect("html").contains("<p>Straße 日本 — “x”"));
    assert_eq!((parts[2]["type"].as_str(), parts[2]["id"].as_str()), (Some("image/png"), Some("<picture1>")));
}

#[tokio::test]
#[ignore = "smtp"]
async fn a_wrong_password_and_a_foreign_certificate_send_nothing() {
    let server = Server::start("localhost");
    let refused = office(&server, "localhost", "wrong").await;
    let _worker = refused.worker();
    let id = refused.notify("x").await;
    assert!(refused.until(id, "failed").await.contains("the SMTP server refused user or password"));
    let foreign = Server::start("mail.elsewhere.example");
    let mismatch = office(&foreign, "localhost", "sesame").await;
    let _worker = mismatch.worker();
    let id = mismatch.notify("x").await;
    let error = mismatch.until(id, "failed").await;
    assert!(error.contains("failed to connect to SMTP server") && error.contains("certificate"), "{error}");
    let mut untrusted = office(&server, "localhost", "sesame").await;
    untrusted.config.notifications.smtp_ca_file = None;
    let _worker = untrusted.worker();
    let id = untrusted.notify("x").await;
    assert!(untrusted.until(id, "failed").await.contains("certificate"));
}
