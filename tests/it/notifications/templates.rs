//! The contract's vectors, measured with Go's own packages, and templates that try to stop a worker.

use civic_os::notifications::templates::{Data, Engine, Limits, NumberFormat, RenderError, Renderer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../contract/go-template-vectors.json")).expect("the vectors are JSON")
}

fn renderer(zone: &str, format: NumberFormat) -> Renderer {
    Renderer::new(zone, format, Limits::default()).expect("a zone")
}

fn stage(error: &RenderError) -> &'static str {
    match error {
        RenderError::Parse(_) => "parse",
        RenderError::Execute(_) => "execute",
        RenderError::Entity(_) => "entity",
        RenderError::Limit(_) => "limit",
    }
}

/// Runs all vectors; returns the ones that differ.
fn differing(format: NumberFormat) -> (usize, Vec<String>) {
    let vectors = vectors();
    let renderer = renderer(vectors["timezone"].as_str().expect("zone"), format);
    let site_url = vectors["site_url"].as_str().expect("site");
    let cases = vectors["cases"].as_array().expect("cases");
    let mut wrong = Vec::new();
    for case in cases {
        let engine = if case["engine"] == "html" { Engine::Html } else { Engine::Text };
        let entity = &vectors["entities"][usize::try_from(case["entity"].as_u64().expect("index")).expect("small")];
        let template = case["template"].as_str().expect("template");
        let result =
            Data::new(entity, &[("site_url", site_url)]).and_then(|data| renderer.render(engine, template, &data));
        let fits = match (&result, case["output"].as_str()) {
            (Ok(output), Some(expected)) => output == expected,
            (Err(error), None) => stage(error) == case["error_stage"],
            _ => false,
        };
        if !fits {
            wrong.push(format!("{} {template:?}: {result:?}", case["engine"]));
        }
    }
    (cases.len(), wrong)
}

#[test]
fn all_vectors_render_as_in_go() {
    let (count, wrong) = differing(NumberFormat::Go);
    assert_eq!(count, 327);
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn plain_numbers_differ_from_go_in_numbers_only() {
    let vectors = vectors();
    let (_, wrong) = differing(NumberFormat::Plain);
    assert!(!wrong.is_empty());
    for different in &wrong {
        assert!(different.contains("Ok("), "{different}");
        let has_big_number =
            ["big", "million", "small", "nums", ".Entity}}", "obj"].iter().any(|name| different.contains(name));
        assert!(has_big_number, "{different}");
    }
    let renderer = renderer("UTC", NumberFormat::Plain);
    let data = Data::new(&vectors["entities"][0], &[]).expect("data");
    let text = |template| renderer.render(Engine::Text, template, &data).expect(template);
    assert_eq!(
        text("{{.Entity.million}} {{.Entity.big}} {{.Entity.small}} {{.Entity.id}}"),
        "1000000 1234567 0.00001 42"
    );
    assert_eq!(
        text("{{print .Entity.million}} {{printf \"%v\" .Entity.big}} {{.Entity.nums}}"),
        "1000000 1234567 [1 2.5 1000000000000000000000]"
    );
    assert_eq!(text("{{eq .Entity.id 42.0}}"), "true", "comparing stays Go's");
    let html = renderer.render(
        Engine::Html,
        "<a href=\"/view/{{.Entity.big}}\"><script>var n = {{.Entity.big}}</script>",
        &data,
    );
    assert_eq!(html.expect("html"), "<a href=\"/view/1234567\"><script>var n =  1234567 </script>");
}

#[test]
fn numbers_in_scripts_stay_numbers_beside_numbers_in_text() {
    let renderer = renderer("UTC", NumberFormat::Go);
    let data = Data::new(&json!({"n": 1_234_567, "list": [1_000_000], "s": "\"1e+06"}), &[]).expect("data");
    let html = "<b>{{.Entity.n}}</b><script>var a = {{.Entity.n}}; var l = {{.Entity.list}}; var s = {{.Entity.s}}</script>\
                <i onclick=\"f({{.Entity.n}})\">{{.Entity.list}} {{.Entity.s}}</i>";
    assert_eq!(
        renderer.render(Engine::Html, html, &data).expect("html"),
        "<b>1.234567e&#43;06</b><script>var a =  1234567 ; var l = [1000000]; var s = \"\\\"1e+06\"</script>\
         <i onclick=\"f( 1234567 )\">[1e&#43;06] &#34;1e&#43;06</i>"
    );
}

#[test]
fn errors_name_the_line() {
    let renderer = renderer("UTC", NumberFormat::Go);
    let data = Data::new(&json!({"name": "x", "n": 1}), &[]).expect("data");
    let message = |engine, template: &str| renderer.render(engine, template, &data).expect_err(template).to_string();
    assert_eq!(
        message(Engine::Text, "a\nb {{.Entity.name | nofunc}}"),
        "template parse error: template: text:2: function \"nofunc\" not defined"
    );
    assert_eq!(
        message(Engine::Html, "<p>\n\n  {{.User.name}}</p>"),
        "template execution error: template: html:3:4: executing \"html\" at <.User.name>: nil pointer evaluating interface {}.name"
    );
    assert!(
        message(Engine::Text, "{{range .Entity.name}}{{end}}")
            .contains("text:1:8: executing \"text\" at <.Entity.name>: range can't iterate")
    );
    let check = |engine, template| renderer.check(engine, template).expect_err(template).reason().to_owned();
    assert_eq!(check(Engine::Text, "x\n{{if .Entity.a}}"), "template: validation:2: unexpected EOF");
    assert_eq!(check(Engine::Text, "{{\"abc}}"), "template: validation:1: unterminated quoted string");
    assert!(
        check(Engine::Html, "<a href=\"{{if .Entity.a}}\n\">{{end}}x").contains("branches end in different contexts"),
        "escaping is part of the check"
    );
    assert!(check(Engine::Html, "<a href=\"x>{{.Entity.s}}").contains("ends in a non-text context"));
    renderer.check(Engine::Html, "{{range .Entity.items}}{{.x.y.z}}{{end}}").expect("data may fit or not");
    renderer.check(Engine::Html, "").expect("an empty part is a template");
}

#[test]
fn nothing_stops_a_worker() {
    let renderer = renderer("UTC", NumberFormat::Go);
    let nested: Value = (0..60).fold(json!({}), |inner, _| json!({"c": inner}));
    let big = "x".repeat(50_000);
    let data = Data::new(&json!({"items": vec![1; 1000], "nested": nested, "big": big}), &[]).expect("data");
    let doubling = format!("{{{{$x := \"aaaaaaaaaaaaaaaa\"}}}}{}", "{{$x = print $x $x}}".repeat(40));
    let format_doubling = format!("{{{{$x := \"aaaaaaaaaaaaaaaa\"}}}}{}", "{{$x = printf \"%s%s\" $x $x}}".repeat(40));
    let chain: String = (0..40)
        .map(|n| {
            format!(
                "{{{{define \"t{n}\"}}}}{{{{template \"t{m}\" .}}}}{{{{template \"t{m}\" .}}}}{{{{end}}}}",
                m = n + 1
            )
        })
        .collect();
    let ranges = format!("{}x{}", "{{range $.Entity.items}}".repeat(7), "{{end}}".repeat(7));
    let deep_ranges = format!("{}x{}", "{{range $.Entity.items}}".repeat(30), "{{end}}".repeat(30));
    let parentheses = format!("{{{{{}1{}}}}}", "(".repeat(50_000), ")".repeat(50_000));
    let ifs = format!("{}x{}", "{{if true}}".repeat(20_000), "{{end}}".repeat(20_000));
    let bombs: Vec<(&str, String)> = vec![
        ("recursion", "{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}".into()),
        ("branching recursion over data", "{{define \"a\"}}{{with .c}}{{template \"a\" .}}{{template \"a\" .}}{{end}}{{end}}{{template \"a\" .Entity.nested}}".into()),
        ("doubling text", doubling),
        ("doubling text with printf", format_doubling),
        ("billion laughs", format!("{chain}{{{{define \"t40\"}}}}{{{{end}}}}{{{{template \"t0\" .}}}}")),
        ("loops in loops", ranges),
        ("loops in loops in loops", deep_ranges),
        ("a loop over a number", "{{range 2000000000}}{{end}}".into()),
        ("wide formats", format!("{{{{printf \"{}\"}}}}", "%65535d".repeat(20_000))),
        ("star widths", "{{range .Entity.items}}{{range $.Entity.items}}{{printf \"%*d\" 65535 1}}{{end}}{{end}}".into()),
        ("long output", "{{range .Entity.items}}{{$.Entity.big}}{{end}}".into()),
        ("escaping work", "{{range .Entity.items}}{{len (html $.Entity.big)}}{{end}}".into()),
        ("nesting of parentheses", parentheses),
        ("nesting of branches", ifs),
        ("long source", "x".repeat(1_000_000)),
    ];
    for (name, bomb) in &bombs {
        for engine in [Engine::Text, Engine::Html] {
            let started = Instant::now();
            let error = renderer.render(engine, bomb, &data).err();
            // Generous: a debug build on a busy machine.
            assert!(started.elapsed() < Duration::from_secs(10), "{name} took {:?}", started.elapsed());
            let error = error.unwrap_or_else(|| panic!("{name} ({engine:?}) rendered"));
            assert!(matches!(error, RenderError::Limit(_) | RenderError::Parse(_)), "{name}: {error:?}");
            let _ = renderer.check(engine, bomb);
        }
    }
    assert_eq!(renderer.render(Engine::Text, "still {{len .Entity.items}}", &data).expect("alive"), "still 1000");
}

#[test]
fn arbitrary_text_never_panics() {
    use proptest::prelude::*;
    let renderer = renderer("Europe/Berlin", NumberFormat::Go);
    let data =
        Data::new(&json!({"a": [1, {"b": "c"}], "s": "text", "n": 1e30}), &[("site_url", "https://x")]).expect("data");
    let piece = prop_oneof![
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{{-".to_owned()),
        Just("-}}".to_owned()),
        Just(" .Entity.a ".to_owned()),
        Just("{{if .Entity.s}}".to_owned()),
        Just("{{else}}".to_owned()),
        Just("{{end}}".to_owned()),
        Just("{{range $i, $v := .Entity.a}}".to_owned()),
        Just("{{$v}}".to_owned()),
        Just("{{template \"text\"}}".to_owned()),
        Just("{{define \"x\"}}".to_owned()),
        Just("{{printf \"%v %d\" .Entity.n .Entity.s}}".to_owned()),
        Just("<a href=\"".to_owned()),
        Just("\">".to_owned()),
        Just("<script>".to_owned()),
        Just("</script>".to_owned()),
        Just("<style>".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("`".to_owned()),
        Just("\"".to_owned()),
        Just("{{formatTimeSlot .Entity.s}}".to_owned()),
        Just("{{slice .Entity.s 1 2}}".to_owned()),
        Just("é✓\u{0}".to_owned()),
        "[ -~]{0,12}",
    ];
    proptest!(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }, |(pieces in prop::collection::vec(piece, 0..14))| {
        let source = pieces.concat();
        for engine in [Engine::Text, Engine::Html] {
            let _ = renderer.render(engine, &source, &data);
            let _ = renderer.check(engine, &source);
        }
    });
}

#[test]
fn times_are_printed_in_the_configured_zone() {
    let data = Data::new(&json!({"dt": "2025-03-15T19:00:00Z", "slot": "[\"2025-03-15 18:00:00+00\",\"2025-03-15 20:00:00+00\")", "no": "[2025"}), &[]).expect("data");
    let berlin = renderer("Europe/Berlin", NumberFormat::Go);
    assert_eq!(
        berlin.render(Engine::Text, "{{formatDateTime .Entity.dt}}", &data).expect("time"),
        "Mar 15, 2025 8:00 PM CET"
    );
    assert_eq!(
        berlin
            .render(Engine::Text, "{{formatTimeSlot .Entity.slot}}|{{formatTimeSlot .Entity.no}}", &data)
            .expect("slot"),
        "Mar 15, 2025 7:00 PM CET - 9:00 PM CET|[2025"
    );
    assert!(
        Renderer::new("Middle/Earth", NumberFormat::Go, Limits::default())
            .expect_err("no zone")
            .to_string()
            .contains("Middle/Earth")
    );
}

#[test]
fn each_bound_holds_by_itself() {
    let data = Data::new(&json!({"items": vec![1; 600], "text": "x".repeat(2000)}), &[]).expect("data");
    let loops = "{{range .Entity.items}}{{end}}";
    let wide = Limits::default();
    let bounds: [(&str, Limits, &str, &str); 5] = [
        ("source", Limits { source: 20, ..wide }, loops, "the template has 30 bytes, at most 20 are allowed"),
        ("output", Limits { output: 1999, ..wide }, "{{.Entity.text}}", "the output is longer than 1999 bytes"),
        ("steps", Limits { steps: 500, ..wide }, loops, "the template takes too many steps"),
        (
            "work",
            Limits { work: 3000, ..wide },
            "{{print .Entity.text}}{{print .Entity.text}}",
            "the template builds too much text",
        ),
        ("time", Limits { time: Duration::ZERO, ..wide }, loops, "the template takes too long"),
    ];
    for (name, limits, template, reason) in bounds {
        let narrow = Renderer::new("UTC", NumberFormat::Go, limits).expect("a zone");
        let free = renderer("UTC", NumberFormat::Go);
        for engine in [Engine::Text, Engine::Html] {
            free.render(engine, template, &data).unwrap_or_else(|error| panic!("{name}: {error}"));
            match narrow.render(engine, template, &data) {
                Err(RenderError::Limit(text)) => assert!(text.contains(reason), "{name}, {engine:?}: {text}"),
                other => panic!("{name}, {engine:?}: {other:?}"),
            }
        }
    }
}
