//! Against aiosmtpd: STARTTLS, TLS, login, refusals, and the message as Python's email package and dkimpy read it. Run by `tests/parts/smtp.sh`.

use super::{ANNA, Office};
use civic_os::cluster::end_with_parent;
use civic_os::config::SmtpSecurity;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

struct Server {
    child: Child,
    commands: ChildStdin,
    lines: BufReader<std::process::ChildStdout>,
    port: u16,
    certificate: String,
    signing_key: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(name: &str) -> Self {
        Self::start_with(name, "starttls")
    }

    fn start_with(name: &str, encryption: &str) -> Self {
        let python = std::env::var_os("CIVIC_OS_TEST_SMTP_PYTHON")
            .expect("CIVIC_OS_TEST_SMTP_PYTHON names a Python with aiosmtpd");
        let folder = tempfile::tempdir().expect("folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parts/smtp_sink.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder.path()).args([name, encryption]).stdin(Stdio::piped()).stdout(Stdio::piped());
        end_with_parent(&mut command, Signal::SIGKILL);
        let mut child = command.spawn().expect("aiosmtpd");
        let commands = child.stdin.take().expect("input");
        let mut lines = BufReader::new(child.stdout.take().expect("output"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a first line");
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        let port = u16::try_from(ready["port"].as_u64().expect("port")).expect("port");
        let path = |name: &str| ready[name].as_str().expect("a path").to_owned();
        let (certificate, signing_key) = (path("certificate"), path("signing_key"));
        Self { child, commands, lines, port, certificate, signing_key, _folder: folder }
    }

    /// The next thing that the server has to tell.
    fn heard(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next message.
    fn message(&mut self) -> Value {
        let message = self.heard();
        assert!(message["sender"].is_string(), "{message:#}");
        message
    }

    fn tell(&mut self, command: &Value) {
        writeln!(self.commands, "{command}").expect("a command");
        assert_eq!(self.heard(), json!({"understood": true}), "nothing else was said before");
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
    settings.smtp_reply_to = Some("buro@town.example".into());
    office.with_password(password);
    office
}

fn signs(office: &mut Office, server: &Server) {
    let settings = &mut office.config.notifications;
    settings.dkim_domain = Some("town.example".into());
    settings.dkim_selector = Some("mail".into());
    settings.dkim_key_file = Some(server.signing_key.clone().into());
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
    assert_eq!(message["defects"], json!([]), "{message:#}");
    assert_eq!((message["encrypted"].as_bool(), message["user"].as_str()), (Some(true), Some("town")));
    assert_eq!(
        (message["sender"].as_str(), &message["recipients"]),
        (Some("rathaus@town.example"), &json!(["anna@town.example"]))
    );
    assert_eq!(
        (message["from_name"].as_str(), message["to_name"].as_str()),
        (Some("Rathaus Müllheim"), Some("Anna Exämple"))
    );
    let headers = &message["headers"];
    assert_eq!(headers["Subject"], "Änderung: Straße 日本 — “x” Bcc: evil@example.org . ..dot");
    assert!(
        message["raw_subject"].as_str().is_some_and(|raw| raw.starts_with("Subject: =?utf-8?")),
        "encoded: {message:#}"
    );
    assert_eq!(headers["Reply-To"], "buro@town.example");
    assert!(headers.get("Bcc").is_none());
    let token = office.text("select token::text from metadata.notification_unsubscribe_tokens").await;
    assert_eq!(headers["List-Unsubscribe"], format!("<https://town.example/notifications/unsubscribe?token={token}>"));
    assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let recorded = office.text("select message_id from metadata.notification_deliveries").await;
    assert_eq!(headers["Message-ID"], format!("<{recorded}>"));
    assert!(message["date"].is_string() && message["is_ascii"] == true, "{message:#}");
    assert!(message["longest_line"].as_u64().is_some_and(|length| length <= 998), "{message:#}");
    assert_eq!(message["structure"], "multipart/alternative");
    assert_eq!(message["containers"], json!(["multipart/alternative", "multipart/related"]));
    let parts = message["parts"].as_array().expect("parts");
    let text = parts[0]["content"].as_str().expect("text").replace("\r\n", "\n");
    assert_eq!(
        (parts[0]["type"].as_str(), text.trim_end()),
        (Some("text/plain"), "Neu: Straße 日本 — “x”\nBcc: evil@example.org\n.\n..dot")
    );
    for part in &parts[..2] {
        let encoding = part["encoding"].as_str().unwrap_or_default();
        assert!(["quoted-printable", "base64"].contains(&encoding) && part["charset"] == "utf-8", "{part}");
    }
    assert_eq!(parts[1]["type"], "text/html");
    let html = parts[1]["content"].as_str().expect("html");
    assert!(html.contains("<p>Straße 日本 — “x”") && html.contains("src=\"cid:picture1\""), "{html}");
    assert_eq!(
        (parts[2]["type"].as_str(), parts[2]["id"].as_str(), parts[2]["disposition"].as_str()),
        (Some("image/png"), Some("<picture1>"), Some("inline"))
    );
    assert_eq!((parts[2]["bytes"].as_u64(), parts[2]["encoding"].as_str()), (Some(8), Some("base64")));
}

#[tokio::test]
#[ignore = "smtp"]
async fn signatures_hold_and_data_makes_no_headers() {
    let mut server = Server::start("localhost");
    let mut office = office(&server, "localhost", "sesame").await;
    signs(&mut office, &server);
    let _worker = office.worker();
    // Short and long, with and without letters beyond ASCII, blanks where canonical forms differ, dots at the start of lines.
    let long = "A line that is longer than a header may be without a fold, and goes on. ".repeat(5);
    let titles = [
        "plain",
        "Straße 日本",
        "trailing blanks  \t \n\n\n",
        ".\n..\n.",
        &long,
        "a\tb  c\u{b}d\r\nX-Evil: 1\r\n\r\nbody",
    ];
    for title in titles {
        let id = office.notify(title).await;
        office.until(id, "sent").await;
        let message = server.message();
        assert_eq!(message["dkim"], true, "{title:?}: {message:#}");
        for changed in ["dkim_of_another_subject", "dkim_of_another_body"] {
            assert_ne!(message[changed], true, "{title:?}: {changed}");
        }
        assert_eq!(message["defects"], json!([]), "{title:?}: {message:#}");
    }
    // Names and addresses of people are data too.
    let odd = "update metadata.civic_os_users_private set display_name = E'Eve\\r\\nBcc: evil@example.org\\r\\n\\r\\nbody, \"quoted\" <x@y.example>'";
    office.admin.batch_execute(odd).await.expect("an odd name");
    let id = office.notify("name").await;
    office.until(id, "sent").await;
    let message = server.message();
    assert_eq!((&message["dkim"], &message["defects"]), (&json!(true), &json!([])), "{message:#}");
    assert_eq!(message["recipients"], json!(["anna@town.example"]));
    // Where a quoted name is folded a blank may appear.
    let shown = message["to_name"].as_str().unwrap_or_default().replace(' ', "");
    assert_eq!(shown, "EveBcc:evil@example.orgbody,\"quoted\"<x@y.example>");
    assert_eq!(message["to"], "anna@town.example");
    let names: Vec<&str> = message["names"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    let known = [
        "DKIM-Signature",
        "From",
        "To",
        "Subject",
        "Date",
        "Reply-To",
        "Message-ID",
        "Auto-Submitted",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "MIME-Version",
        "Content-Type",
    ];
    let foreign: Vec<&&str> = names.iter().filter(|name| !known.contains(name)).collect();
    assert!(foreign.is_empty() && names.len() == known.len(), "each header once, no other: {names:?}");
    // An address that is none reaches no server.
    let injected = format!(
        "update metadata.notification_preferences set enabled = true where user_id = '{ANNA}'; \
         delete from metadata.notification_preferences where user_id = '{ANNA}'; \
         update metadata.civic_os_users_private set email = E'a@b.example>\\r\\nRCPT TO:<evil@example.org'"
    );
    office.admin.batch_execute(&injected).await.expect("an odd address");
    let id = office.notify("address").await;
    assert!(office.until(id, "failed").await.contains("invalid address"));
    server.tell(&json!({}));
}

#[tokio::test]
#[ignore = "smtp"]
async fn what_a_real_server_says_decides() {
    let mut server = Server::start("localhost");
    let office = office(&server, "localhost", "sesame").await;
    let _worker = office.worker();
    // Greylisting: refused at first, taken when it comes back; one message.
    server.tell(&json!({"greylist": 0.5}));
    let id = office.notify("grey").await;
    office.until(id, "sent").await;
    assert_eq!(server.heard(), json!({"greylisted": "anna@town.example"}));
    assert!(server.message()["headers"]["Subject"].as_str().is_some_and(|subject| subject.contains("grey")));
    assert!(office.job(id).await.1 >= 2, "a second attempt");
    server.tell(&json!({"greylist": null}));
    // "Later" at the recipient and at the content: again, and it arrives once.
    for step in [json!({"rcpt": "450 4.2.1 mailbox busy"}), json!({"data": "452 4.3.1 no space"})] {
        server.tell(&json!({"script": [step]}));
        let id = office.notify(&format!("later {step}")).await;
        office.until(id, "sent").await;
        assert_eq!(office.job(id).await.1, 2, "{step}");
        assert!(office.status(id).await.1.contains("transient error (45"), "{step}");
        server.message();
    }
    // Connections that break before anything could be taken.
    for at in ["mail", "data"] {
        server.tell(&json!({"script": [{"drop": at}, {"drop": at}]}));
        let id = office.notify(&format!("dropped at {at}")).await;
        office.until(id, "sent").await;
        server.message();
        server.tell(&json!({}));
    }
    // Broken after the last byte, before the answer: the one unknown. The same message again, under the same id.
    server.tell(&json!({"script": [{"drop": "answer"}]}));
    let id = office.notify("unknown").await;
    office.until(id, "sent").await;
    let (first, second) = (server.message(), server.message());
    assert_eq!(first["headers"]["Message-ID"], second["headers"]["Message-ID"]);
    // Refused for good: one attempt, the server's words, no message.
    for (step, words, is_suppressed) in [
        (json!({"data": "554 5.7.1 content refused"}), "554", false),
        (json!({"rcpt": "550 5.7.1 policy"}), "5.7.1 policy", false),
        (json!({"rcpt": "552 5.2.2 mailbox full"}), "5.2.2 mailbox full", false),
        (json!({"rcpt": "550 5.1.1 no such user"}), "5.1.1 no such user", true),
    ] {
        server.tell(&json!({"script": [step]}));
        let id = office.notify(words).await;
        let error = office.until(id, "failed").await;
        assert!(error.starts_with("All channels failed: the SMTP server refused") && error.contains(words), "{error}");
        office.until_text("select state::text from metadata.river_job order by id desc limit 1", "completed").await;
        let count = office.text("select count(*)::text from metadata.notification_suppressions").await;
        assert_eq!(count == "1", is_suppressed, "{words}");
    }
    server.tell(&json!({}));
}

#[tokio::test]
#[ignore = "smtp"]
async fn a_wrong_password_waits_and_a_foreign_certificate_gets_nothing() {
    let mut server = Server::start("localhost");
    let refused = office(&server, "localhost", "wrong").await;
    let _worker = refused.worker();
    let id = refused.notify("waits").await;
    let error = refused.until(id, "failed").await;
    assert!(error.contains("the SMTP server refused user or password") && error.contains("535"), "{error}");
    // Somebody mends it at the server: what waited arrives, once.
    server.tell(&json!({"password": "wrong"}));
    refused.until(id, "sent").await;
    server.message();
    server.tell(&json!({"password": "sesame"}));

    let foreign = Server::start("mail.elsewhere.example");
    let mismatch = office(&foreign, "localhost", "sesame").await;
    let _worker = mismatch.worker();
    let id = mismatch.notify("x").await;
    let error = mismatch.until(id, "failed").await;
    assert!(error.contains("failed to connect to SMTP server") && error.contains("certificate"), "{error}");
    // It waits for somebody to mend that.
    mismatch
        .until_text("select (state in ('retryable', 'available', 'scheduled'))::text from metadata.river_job", "true")
        .await;
    let mut untrusted = office(&server, "localhost", "sesame").await;
    untrusted.config.notifications.smtp_ca_file = None;
    let _worker = untrusted.worker();
    let id = untrusted.notify("x").await;
    assert!(untrusted.until(id, "failed").await.contains("certificate"));
    server.tell(&json!({}));
}

#[tokio::test]
#[ignore = "smtp"]
async fn the_doctor_signs_in_and_sends_nothing() {
    let mut server = Server::start("localhost");
    let folder = tempfile::tempdir().expect("folder");
    let doctor = |password: &str, name: &str| {
        let output = crate::support::binary()
            .args(["doctor", "--json", "--role", "worker"])
            .env("CIVIC_OS_DATA_DIR", folder.path())
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_HOST", name)
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_PORT", server.port.to_string())
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_FROM", "town@town.example")
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_CA_FILE", &server.certificate)
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_USERNAME", "town")
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_PASSWORD", password)
            .current_dir(folder.path())
            .output()
            .expect("run the binary");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = report["findings"].as_array().expect("findings");
        findings.iter().find(|finding| finding["check"] == "mail").expect("about mail").clone()
    };
    let good = doctor("sesame", "localhost");
    assert_eq!(good["verdict"], "ok", "{good}");
    let message = good["message"].as_str().expect("text");
    assert!(message.contains("STARTTLS, signed in as town, sender town@town.example"), "{message}");
    let wrong = doctor("guessed", "localhost");
    assert_eq!(wrong["verdict"], "fail", "{wrong}");
    assert!(wrong["remedy"].as_str().is_some_and(|remedy| remedy.contains("smtp_password")), "{wrong}");
    let mismatch = doctor("sesame", "127.0.0.1");
    assert!(mismatch["remedy"].as_str().is_some_and(|remedy| remedy.contains("name in the certificate")), "{mismatch}");
    server.tell(&json!({}));
}

#[tokio::test]
#[ignore = "smtp"]
async fn tls_from_the_first_byte_works_too() {
    let mut server = Server::start_with("localhost", "tls");
    let mut office = office(&server, "localhost", "sesame").await;
    office.config.notifications.smtp_security = Some(SmtpSecurity::Tls);
    let _worker = office.worker();
    let id = office.notify("implicit").await;
    office.until(id, "sent").await;
    let message = server.message();
    assert_eq!((message["encrypted"].as_bool(), message["user"].as_str()), (Some(true), Some("town")));
    assert_eq!(message["defects"], json!([]), "{message:#}");
}
