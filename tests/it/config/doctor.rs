//! `doctor` against what is there and what is not.

use crate::support::{binary, free_port, tokens};
use serde_json::Value;
use std::net::TcpListener;

/// The findings of `doctor --json`, and its exit code.
fn doctor(roles: &str, variables: &[(&str, &str)]) -> (Vec<Value>, Option<i32>) {
    let folder = tempfile::tempdir().expect("folder");
    let output = binary()
        .args(["doctor", "--json", "--role", roles])
        .env("CIVIC_OS_DATA_DIR", folder.path())
        .env("CIVIC_OS_WEB__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_ADMIN__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .expect("run the binary");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report["findings"].as_array().expect("findings").clone(), output.status.code())
}

#[track_caller]
fn found(findings: &[Value], check: &str, verdict: &str, message: &str) -> String {
    let hit = findings.iter().find(|finding| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && finding["message"].as_str().is_some_and(|text| text.contains(message))
    });
    let hit = hit.unwrap_or_else(|| panic!("no {verdict} of {check} with '{message}' in {findings:#?}"));
    hit["remedy"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn ports_folders_and_issuers_that_cannot_work_are_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("listener");
    let address = taken.local_addr().expect("address").to_string();
    let issuer = format!("http://127.0.0.1:{}/realms/town", free_port());
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").expect("write");
    let variables = [
        ("CIVIC_OS_WEB__LISTEN", address.as_str()),
        ("CIVIC_OS_AUTH__JWT_SECRET", ""),
        ("CIVIC_OS_AUTH__ISSUER", &issuer),
        ("CIVIC_OS_DATA_DIR", file.to_str().expect("path")),
    ];
    let (findings, code) = doctor("api", &variables);
    let remedy = found(&findings, "ports", "fail", "taken by another process");
    assert!(remedy.contains("web.listen"), "{remedy}");
    found(&findings, "data folder", "fail", "is not a folder");
    let remedy = found(&findings, "issuer", "fail", "cannot reach");
    assert!(remedy.contains(".well-known/openid-configuration"), "{remedy}");
    found(&findings, "configuration", "fail", "database.url is not set");
    assert_eq!(code, Some(2));
}
