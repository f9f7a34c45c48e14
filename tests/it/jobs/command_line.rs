//! `civic-os jobs` as an operator uses it.

use super::*;
use crate::support::binary;
use serde_json::{Value, json};
use std::process::Output;

impl Bench {
    fn jobs(&self, arguments: &[&str]) -> Output {
        let url = self.database.authenticator_url();
        let folder = tempfile::tempdir().expect("a folder");
        binary()
            .arg("jobs")
            .args(arguments)
            .env("CIVIC_OS_DATABASE__URL", url.expose().expect("a URL"))
            .current_dir(folder.path())
            .output()
            .expect("run the binary")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_enqueued_listed_shown_cancelled_and_retried() {
    let bench = Bench::new().await;
    let empty = bench.jobs(&[]);
    assert!(text(&empty.stdout).starts_with("No jobs."), "{empty:?}");

    let enqueued = bench.jobs(&["enqueue", "send_postcard", "--queue", "post", "--args", r#"{"to":"Ana"}"#, "--json"]);
    assert_eq!(enqueued.status.code(), Some(0), "{}", text(&enqueued.stderr));
    let id =
        serde_json::from_slice::<Value>(&enqueued.stdout).expect("JSON")["id"].as_i64().expect("an id").to_string();

    let listed = text(&bench.jobs(&["list", "--queue", "post"]).stdout);
    assert!(listed.contains("send_postcard") && listed.contains("available") && listed.contains("0/25"), "{listed}");
    let shown: Value = serde_json::from_slice(&bench.jobs(&["show", &id, "--json"]).stdout).expect("JSON");
    assert_eq!((&shown["args"], &shown["state"]), (&json!({"to": "Ana"}), &json!("available")));

    assert_eq!(text(&bench.jobs(&["cancel", &id]).stdout), format!("Job {id} is cancelled.\n"));
    let again = bench.jobs(&["cancel", &id, "424242"]);
    assert_eq!(again.status.code(), Some(2), "what was not done is a failure");
    assert!(text(&again.stdout).contains("there is no job 424242"), "{}", text(&again.stdout));
    assert_eq!(text(&bench.jobs(&["retry", &id]).stdout), format!("Job {id} is available.\n"));

    let counted = text(&bench.jobs(&[]).stdout);
    assert!(counted.lines().count() == 2 && counted.contains("post"), "{counted}");
    assert_eq!(bench.jobs(&["pause", "post"]).status.code(), Some(0));
    assert!(text(&bench.jobs(&[]).stdout).contains("post (paused)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_answers_in_json() {
    let bench = Bench::new().await;
    let json = |arguments: &[&str], code: i32| -> Value {
        let output = bench.jobs(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"))
    };
    let at = "2099-12-24T18:00:00Z";
    let id =
        json(&["enqueue", "send_postcard", "--queue", "post", "--priority", "3", "--max-attempts", "2", "--at", at], 0);
    let id = id["id"].as_i64().expect("an id").to_string();
    let listed =
        json(&["list", "--kind", "send_postcard", "--state", "scheduled", "--queue", "post", "--limit", "5"], 0);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(
        (&listed[0]["priority"], &listed[0]["max_attempts"], &listed[0]["scheduled_at"], &listed[0]["attempt"]),
        (&json!(3), &json!(2), &json!(at), &json!(0))
    );
    assert_eq!(json(&["list", "--state", "running"], 0), json!([]));
    let shown = json(&["show", &id], 0);
    assert_eq!((&shown["state"], &shown["errors"]), (&json!("scheduled"), &json!([])));
    let number = shown["id"].clone();
    assert_eq!(json(&["cancel", &id], 0), json!([{"id": number, "done": true}]));
    let refused = json(&["cancel", &id], 2);
    assert_eq!((&refused[0]["done"], refused[0]["why_not"].is_string()), (&json!(false), true), "{refused}");
    assert_eq!(json(&["retry", &id], 0), json!([{"id": number, "done": true}]));
    assert_eq!(json(&["pause", "post"], 0), json!({"queue": "post", "paused": true}));
    let counted = json(&[], 0);
    assert_eq!(
        (&counted[0]["queue"], &counted[0]["state"], &counted[0]["count"], &counted[0]["paused"]),
        (&json!("post"), &json!("available"), &json!(1), &json!(true))
    );
    assert_eq!(json(&["resume", "post"], 0), json!({"queue": "post", "paused": false}));
    assert_eq!(json(&["count"], 0)[0]["paused"], false);
    assert_eq!(json(&["periodic", "list"], 0), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_are_usage_errors_with_the_right_ones() {
    let bench = Bench::new().await;
    for (arguments, code, word) in [
        (&["list", "--state", "done"][..], 1, "completed"),
        (&["enqueue", "x"], 2, "kind"),
        (&["enqueue", "good_kind", "--args", "{"], 2, "--args is no JSON"),
        (&["enqueue", "good_kind", "--at", "tomorrow"], 2, "2026-12-24T18:00:00Z"),
        (&["show", "1"], 2, "there is no job 1"),
    ] {
        let output = bench.jobs(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(text(&output.stderr).contains(word), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_by_the_clock_are_listed_made_changed_and_switched() {
    let bench = Bench::new().await;
    assert!(text(&bench.jobs(&["periodic"]).stdout).starts_with("No periodic jobs."));
    let made = bench.jobs(&["periodic", "set", "reminders", "--cron", "0 7 * * 1-5", "--kind", "send_reminders"]);
    assert_eq!(text(&made.stdout), "reminders is due at 0 7 * * 1-5 (UTC).\n", "{made:?}");
    let changed =
        bench.jobs(&["periodic", "set", "reminders", "--time-zone", "Europe/Berlin", "--missed", "skip", "--json"]);
    let changed: Value = serde_json::from_slice(&changed.stdout).expect("JSON");
    assert_eq!((&changed["time_zone"], &changed["missed"]), (&json!("Europe/Berlin"), &json!("skip")));
    assert_eq!(changed["cron"], "0 7 * * 1-5", "what was not named stays");
    assert_eq!(text(&bench.jobs(&["periodic", "disable", "reminders"]).stdout), "reminders is off.\n");
    let listed: Value = serde_json::from_slice(&bench.jobs(&["periodic", "list", "--json"]).stdout).expect("JSON");
    assert_eq!((&listed[0]["name"], &listed[0]["enabled"]), (&json!("reminders"), &json!(false)));
    assert!(text(&bench.jobs(&["periodic"]).stdout).contains("off"));
    assert_eq!(text(&bench.jobs(&["periodic", "enable", "reminders"]).stdout), "reminders is on.\n");

    let refused = bench.jobs(&["periodic", "enable", "nobody"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("nobody"), "{refused:?}");
    let refused = bench.jobs(&["periodic", "set", "reminders", "--cron", "at noon"]);
    assert!(refused.status.code() == Some(2) && text(&refused.stderr).contains("30 3 * * *"), "{refused:?}");
}
