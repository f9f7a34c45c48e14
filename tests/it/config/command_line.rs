//! The verbs as a stranger meets them: help, exit codes, what is printed where.

use crate::support::{TestDatabase, binary, free_port};
use std::process::Output;
use std::time::{Duration, Instant};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("folder");
    binary()
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .expect("run the binary")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_names_every_verb() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for verb in [
        "serve",
        "demo",
        "migrate",
        "app",
        "backup",
        "config",
        "doctor",
        "health",
        "jobs",
        "users",
        "support",
        "completions",
        "man",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{verb} "))), "{verb}: {help}");
    }
}

#[test]
fn usage_and_configuration_are_1_and_a_failed_operation_is_2() {
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&[], 1),
        (&["--no-such-flag"], 1),
        (&["frobnicate"], 1),
        (&["serve", "--role", "wroker"], 1),
        (&["--role", "api", "config", "check"], 1),
        (&["serve", "--config", "/nowhere.toml"], 1),
        (&["serve", "--role", "api"], 1),
        (&["--role", "migrate"], 1),
        (&["migrate", "status"], 1),
        (&["config", "check"], 1),
        (&["config", "print"], 0),
        (&["health"], 2),
        (&["doctor"], 2),
    ] {
        let output = run(arguments, &[("CIVIC_OS_ADMIN__LISTEN", "127.0.0.1:1")]);
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}{complained}");
        assert!(!said.is_empty() || !complained.is_empty(), "{arguments:?} says nothing");
    }
}

#[test]
fn a_wrong_level_of_logging_is_a_wrong_configuration() {
    let variables = [
        ("CIVIC_OS_LOG__LEVEL", "loud"),
        ("PGRST_DB_URI", "postgres://a@127.0.0.1:1/x"),
        ("CIVIC_OS_AUTH__ISSUER", "http://127.0.0.1:1/realms/x"),
    ];
    let output = run(&["--role", "api"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("log.level must be"), "{}", text(&output.stderr));
    let output = run(&["config", "check", "--role", "api"], &variables);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("log.level (CIVIC_OS_LOG__LEVEL) must be"), "{}", text(&output.stdout));
}

#[test]
fn check_reports_conflicts_and_connections() {
    let variables = [
        ("PGRST_DB_URI", "postgres://authenticator:hunter2@db/civic"),
        ("CIVIC_OS_DATABASE__URL", "postgres://authenticator:hunter3@db/civic"),
        ("KEYCLOAK_URL", "https://auth.example.org"),
        ("KEYCLOAK_REALM", "town"),
    ];
    let output = run(&["config", "check", "--role", "api,worker", "--replicas", "3"], &variables);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("14 in the pool + 1 listening = 15 per process"), "{said}");
    assert!(said.contains("45 with 3 processes"), "{said}");
    assert!(said.contains("database.url: CIVIC_OS_DATABASE__URL holds; PGRST_DB_URI says something else"), "{said}");
    assert!(!said.contains("hunter"), "{said}");

    let output = run(&["config", "check", "--role", "api,worker", "--json"], &variables);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], true);
    assert_eq!(report["disagreements"][0]["ignored"][0], "PGRST_DB_URI");
    assert_eq!(report["connections"]["sum"], 15);
}

#[test]
fn check_reports_errors_with_key_and_source_as_json_too() {
    let output = run(&["config", "check", "--json"], &[("SMTP_PORT", "x")]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], false);
    assert_eq!(report["errors"][0]["key"], "notifications.smtp_port");
    assert_eq!(report["errors"][0]["source"], "SMTP_PORT");
}

#[test]
fn what_is_printed_can_be_loaded_again() {
    let folder = tempfile::tempdir().expect("folder");
    let block = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/config/fixtures/compose.env");
    let printed = run(&["config", "print", "--env-file", block], &[]);
    let path = folder.path().join("printed.toml");
    std::fs::write(&path, &printed.stdout).expect("write");
    let path = path.to_str().expect("path");
    let values = |output: &Output| -> serde_json::Value {
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        document.as_object().expect("object").iter().map(|(key, entry)| (key.clone(), entry["value"].clone())).collect()
    };
    let before = values(&run(&["config", "print", "--json", "--env-file", block], &[]));
    let after = values(&run(&["config", "print", "--json", "--config", path], &[]));
    for (key, value) in before.as_object().expect("object") {
        let expected = if *value == "********" { &serde_json::Value::Null } else { value };
        assert_eq!(&after[key], expected, "{key}");
    }
    let plain = run(&["config", "print", "--postgrest", "--role", "api"], &[]);
    std::fs::write(path, &plain.stdout).expect("write");
    let again = run(&["config", "print", "--json", "--role", "api", "--config", path], &[]);
    assert_eq!(values(&again), values(&run(&["config", "print", "--json", "--postgrest", "--role", "api"], &[])));
}

#[test]
fn shells_complete_and_the_manual_page_is_one() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell], &[]);
        assert_eq!(output.status.code(), Some(0));
        let script = text(&output.stdout);
        assert!(script.contains("env-file"), "{shell}");
        assert!(!script.contains("draw-page"), "{shell} offers a verb that is nobody's");
    }
    let bash = run(&["completions", "bash"], &[]);
    let folder = tempfile::tempdir().expect("folder");
    let script = folder.path().join("civic-os.bash");
    std::fs::write(&script, &bash.stdout).expect("write");
    // As the shell does it: load the script, ask the function that it names for the word at hand.
    let ask = |words: &str| {
        let asked = format!(
            "set -u; source \"$0\"; words=({words}); COMP_WORDS=(\"${{words[@]}}\"); COMP_CWORD=$((${{#words[@]}} - 1)); COMPREPLY=()
             \"$(complete -p civic-os | sed 's/.*-F \\([^ ]*\\) .*/\\1/')\" civic-os \"${{words[-1]}}\" \"${{words[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let answer = std::process::Command::new("bash").args(["-c", &asked]).arg(&script).output().expect("bash");
        assert!(answer.status.success() && answer.stderr.is_empty(), "{}", text(&answer.stderr));
        text(&answer.stdout).trim().to_owned()
    };
    assert_eq!(ask("civic-os mig"), "migrate");
    assert_eq!(ask("civic-os migrate rev"), "revert");
    assert_eq!(ask("civic-os serve --postg"), "--postgrest");
    assert_eq!(ask("civic-os --env-f"), "--env-file");
    assert_eq!(ask("civic-os dr"), "");
    let page = text(&run(&["man"], &[]).stdout);
    assert!(page.starts_with(".ie") || page.contains(".TH civic-os"), "{page}");
    for word in ["EXAMPLES", "migrate", "doctor", "health"] {
        assert!(page.contains(word), "{word} is missing in the manual page");
    }
    assert!(!page.replace('\\', "").contains("draw-page"), "a verb that is nobody's");
}

#[test]
fn health_asks_a_listener_that_does_not_answer_for_less_than_a_second() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listener");
    let address = listener.local_addr().expect("address").to_string();
    let start = Instant::now();
    let output = run(&["health"], &[("CIVIC_OS_ADMIN__LISTEN", &address)]);
    let elapsed = start.elapsed();
    assert_eq!(output.status.code(), Some(2));
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
    assert!(text(&output.stderr).contains("does not answer"), "{}", text(&output.stderr));
}

/// What a process with two different URLs says while it finds its port taken.
fn log_of_a_failed_start(variables: &[(&str, &str)]) -> Vec<String> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("listener");
    let address = taken.local_addr().expect("address").to_string();
    let mut all = vec![
        ("PGRST_DB_URI", "postgres://a:hunter2@127.0.0.1:1/x"),
        ("CIVIC_OS_DATABASE__URL", "postgres://a:hunter3@127.0.0.1:1/x"),
        ("CIVIC_OS_AUTH__ISSUER", "http://127.0.0.1:1/realms/x"),
        ("CIVIC_OS_ADMIN__LISTEN", "off"),
        ("CIVIC_OS_WEB__LISTEN", address.as_str()),
    ];
    all.extend_from_slice(variables);
    let output = run(&["--role", "api"], &all);
    let log = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{log}");
    assert!(output.stdout.is_empty(), "logs belong on standard error");
    assert!(log.contains("web.listen") && !log.contains("hunter"), "{log}");
    log.lines().map(str::to_owned).collect()
}

#[test]
fn logs_are_lines_for_people_or_json_for_machines_from_the_level_that_is_wanted() {
    let pretty = log_of_a_failed_start(&[]);
    assert!(
        pretty[0].contains("WARN") && pretty[0].contains("database.url: CIVIC_OS_DATABASE__URL holds"),
        "{pretty:?}"
    );
    let json = log_of_a_failed_start(&[("CIVIC_OS_LOG__FORMAT", "json")]);
    let line: serde_json::Value = serde_json::from_str(&json[0]).unwrap_or_else(|error| panic!("{error}: {json:?}"));
    assert_eq!(line["level"], "WARN");
    assert!(line["message"].as_str().is_some_and(|text| text.contains("PGRST_DB_URI")), "{line}");
    assert!(line["timestamp"].is_string());
    for silent in ["error", "crit", "off", "warn,civic_os=error"] {
        let lines = log_of_a_failed_start(&[("PGRST_LOG_LEVEL", silent)]);
        assert!(!lines[0].contains("holds"), "{silent}: {lines:?}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let mut child = binary()
        .args(["config", "print"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("run the binary");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("wait");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_comes_with_what_to_do() {
    let database = TestDatabase::empty().await;
    let (owner, pool) = (database.owner_url(), database.authenticator_url());
    let (owner, pool) = (owner.expose().expect("url"), pool.expose().expect("url"));
    let nobody = format!("postgres://somebody:hunter2@127.0.0.1:{}/x", free_port());
    let elsewhere = |url: &str| url.replace(database.name(), "no_such_database");
    let guessed = |url: &str| url.replace(database.password(), "hunter2");
    for (owner, pool, told) in [
        (nobody.clone(), nobody.clone(), "are host and port in KEY right? `pg_isready` asks it"),
        (elsewhere(owner), elsewhere(pool), "create the database, or correct its name in KEY"),
        (guessed(owner), guessed(pool), "check user and password in KEY"),
    ] {
        for (verb, key, variable, url) in [
            (&["migrate", "status"][..], "database.owner_url", "CIVIC_OS_DATABASE__OWNER_URL", &owner),
            (&["jobs"], "database.url", "CIVIC_OS_DATABASE__URL", &pool),
            (&["payments"], "database.url", "CIVIC_OS_DATABASE__URL", &pool),
            (&["users", "list"], "database.url", "CIVIC_OS_DATABASE__URL", &pool),
            (&["serve", "--role", "api"], "database.url", "CIVIC_OS_DATABASE__URL", &pool),
        ] {
            // A process waits for a server that is not there yet.
            if verb[0] == "serve" && told.contains("pg_isready") {
                continue;
            }
            let mut variables = vec![(variable, url.as_str()), ("CIVIC_OS_IDENTITY__ENABLED", "true")];
            variables.extend([("CIVIC_OS_WEB__LISTEN", "127.0.0.1:0"), ("CIVIC_OS_ADMIN__LISTEN", "off")]);
            let output = run(verb, &variables);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{verb:?}: {said}");
            assert!(said.contains(&told.replace("KEY", key)), "{verb:?}: {said}");
            assert!(!said.contains("hunter2"), "{verb:?}: {said}");
        }
    }
    for verb in [&["jobs"][..], &["payments"], &["users", "list"]] {
        let output = run(verb, &[("CIVIC_OS_DATABASE__URL", pool), ("CIVIC_OS_IDENTITY__ENABLED", "true")]);
        let said = text(&output.stderr);
        assert!(said.contains("is the core schema deployed there"), "{verb:?}: {said}");
    }
}
