//! Traces by OTLP: a request, its statement, the job that it caused and the job's statements are one trace at a collector.

use crate::support::{TestApp, TestDatabase};
use civic_os::config::Secret;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a collector was sent: heads and documents.
#[derive(Clone, Default)]
struct Collector {
    received: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Collector {
    /// Listens; every request is answered with `status`.
    async fn start(status: &'static str) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let collector = Self::default();
        let shared = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream, status));
            }
        });
        (collector, endpoint)
    }

    async fn serve(self, mut stream: TcpStream, status: &'static str) {
        let mut bytes = Vec::new();
        loop {
            let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = head_end {
                let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
                let length = length.expect("a length");
                if bytes.len() >= end + 4 + length {
                    let body = serde_json::from_slice(&bytes[end + 4..end + 4 + length]).expect("JSON");
                    bytes.drain(..end + 4 + length);
                    self.received.lock().expect("collector").push((head, body));
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                    stream.write_all(answer.as_bytes()).await.expect("answer");
                    continue;
                }
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
    }

    fn spans(&self) -> Vec<Value> {
        let received = self.received.lock().expect("collector");
        let of = |document: &Value| document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned();
        received.iter().filter_map(|(_, document)| of(document)).flatten().collect()
    }

    async fn until(&self, what: &str, found: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let started = Instant::now();
        loop {
            let spans = self.spans();
            if found(&spans) {
                return spans;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no {what} in {spans:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().expect("attributes");
    attributes.iter().find(|one| one["key"] == name).map_or(&Value::Null, |one| &one["value"])
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_its_statement_and_its_job_are_one_trace() {
    let (collector, endpoint) = Collector::start("200 OK").await;
    let database = TestDatabase::create().await;
    database
        .execute(
            "create table public.wishes (id int primary key, wish text);
             alter table public.wishes enable row level security;
             create policy anybody on public.wishes for all to web_anon using (true) with check (true);
             grant select, insert on public.wishes to web_anon;
             create function public.on_wish() returns trigger language plpgsql security definer as $$
             begin
               insert into metadata.river_job (kind, args, queue, priority, max_attempts)
               values ('validate_template_parts', '{\"validation_id\": \"00000000-0000-4000-8000-000000000001\"}', 'notifications', 1, 1);
               return new;
             end $$;
             create trigger on_wish after insert on public.wishes for each row execute function public.on_wish()",
        )
        .await;
    let app = TestApp::spawn_roles(database, &["api", "worker"], |config| {
        config.web.trusted_proxies = vec!["127.0.0.1/32".into()];
        config.telemetry.otlp_endpoint = Some(endpoint);
        config.telemetry.otlp_headers = Secret::new("x-api-key=the key");
        config.telemetry.service_name = "town".into();
    })
    .await;
    let post = app
        .request(reqwest::Method::POST, "/api/wishes?columns=id,wish")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let answer = post.json(&serde_json::json!({"id": 1, "wish": "a private wish"})).send().await.expect("an answer");
    assert_eq!(answer.status(), 201, "{}", app.log());
    let request_id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();

    let job =
        |span: &Value| span["name"].as_str().is_some_and(|name| name.starts_with("job ")) && span["traceId"] == TRACE;
    let spans = collector.until("job of the request", |spans| spans.iter().any(job)).await;
    let ours: Vec<&Value> = spans.iter().filter(|span| span["traceId"] == TRACE).collect();
    let server = ours.iter().find(|span| span["kind"] == 2).expect("the request");
    assert_eq!((&server["name"], &server["parentSpanId"]), (&"POST /api/wishes".into(), &"00f067aa0ba902b7".into()));
    assert_eq!(attribute(server, "http.response.status_code")["intValue"], "201");
    assert_eq!(attribute(server, "civic_os.request_id")["stringValue"], request_id);
    assert_eq!(attribute(server, "url.path")["stringValue"], "/api/wishes");
    let statement =
        ours.iter().find(|span| span["kind"] == 3 && span["parentSpanId"] == server["spanId"]).expect("its statement");
    let text = attribute(statement, "db.query.text")["stringValue"].as_str().expect("text");
    assert!(text.contains("wishes") && !text.contains("private"), "{text}");
    let job = ours.iter().find(|span| job(span)).expect("the job");
    assert_eq!((&job["kind"], &job["parentSpanId"]), (&5.into(), &statement["spanId"]));
    assert_eq!(attribute(job, "messaging.destination.name")["stringValue"], "notifications");
    for span in &ours {
        let time = |name: &str| span[name].as_str().expect("text").parse::<u128>().expect("nanoseconds");
        assert!(
            time("startTimeUnixNano") > 1_700_000_000_000_000_000
                && time("endTimeUnixNano") >= time("startTimeUnixNano")
        );
    }

    // The trigger keep_job_trace wrote the trace into the job's row; where nothing is traced it writes nothing.
    let admin = app.database().connect().await;
    let metadata =
        "select metadata::text from metadata.river_job where kind = 'validate_template_parts' order by id desc limit 1";
    let text: String = admin.query_one(metadata, &[]).await.expect("the job").get(0);
    assert!(text.contains(TRACE), "{text}");
    admin.batch_execute("insert into public.wishes values (2, 'untraced')").await.expect("a wish");
    let text: String = admin.query_one(metadata, &[]).await.expect("the job").get(0);
    assert!(!text.contains("traceparent"), "{text}");

    // The job's own statements are below it; they end after it has, or before.
    collector
        .until("statement of the job", |spans| {
            spans.iter().any(|span| span["kind"] == 3 && span["parentSpanId"] == job["spanId"])
        })
        .await;
    let received = collector.received.lock().expect("collector");
    let (head, document) = &received[0];
    assert!(head.starts_with("post /v1/traces http/1.1") && head.contains("x-api-key: the key"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let resource = &document["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name")["stringValue"], "town");
    drop(received);
    assert!(!app.log().contains("the key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_choice_and_the_share_decide_what_is_traced_and_strangers_do_not() {
    let (collector, endpoint) = Collector::start("200 OK").await;
    let mut app = TestApp::spawn(TestDatabase::create().await, |config| {
        config.telemetry.otlp_endpoint = Some(endpoint);
        config.telemetry.sample_ratio = 0.0;
    })
    .await;
    let ask = async |flag: &str| {
        let request =
            app.get("/api/schema_entities").header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-{flag}"));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    };
    // Nobody vouches for this address.
    ask("01").await;
    ask("00").await;
    app.signal(nix::sys::signal::Signal::SIGTERM);
    // What is left is sent before the end.
    assert!(app.ended().await.success(), "{}", app.log());
    assert_eq!(collector.spans(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_no_request() {
    let (_, endpoint) = Collector::start("503 Service Unavailable").await;
    let app =
        TestApp::spawn(TestDatabase::create().await, |config| config.telemetry.otlp_endpoint = Some(endpoint)).await;
    let started = Instant::now();
    loop {
        assert_eq!(app.get("/api/schema_entities").send().await.expect("an answer").status(), 200);
        let metrics = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("metrics");
        let text = metrics.text().await.expect("text");
        if text.lines().any(|line| line.starts_with("civic_os_traces_spans_total{outcome=\"lost\"}")) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(app.log().matches("Traces are lost").count(), 1, "{}", app.log());
}
