//! Against Go's own packages, run while the test runs (`tests/parts/go-templates.sh`): templates beyond the contract's vectors, and random ones.

use civic_os::notifications::templates::{Data, Engine, Limits, NumberFormat, RenderError, Renderer};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Random templates per engine.
const RANDOM: usize = 1500;

/// Templates of both engines; each is rendered with every entity.
const TEXT: &[&str] = &[
    "{{range $i, $v := .Entity.list}}{{if $i}}, {{end}}{{$i}}={{$v}}{{end}}",
    "{{range .Entity.list}}{{.}}{{break}}{{end}}|{{range .Entity.list}}{{continue}}{{.}}{{else}}none{{end}}",
    "{{range $k, $v := .Entity.map}}[{{$k}}:{{$v}}]{{else}}empty{{end}}",
    "{{range 3}}{{.}}{{end}}",
    "{{range $i := 4}}<{{$i}}>{{end}}",
    "{{with .Entity.map}}{{.a}}{{else with .Entity.list}}{{len .}}{{else}}neither{{end}}",
    "{{with $x := .Entity.text}}{{$x}}{{end}}",
    "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}",
    "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}",
    "{{define \"row\"}}<{{.}}>{{end}}{{range .Entity.list}}{{template \"row\" .}}{{end}}",
    "{{block \"b\" .Entity.text}}({{.}}){{end}}{{template \"b\" 7}}",
    "{{template \"late\" .Entity}}{{define \"late\"}}{{.text}}{{end}}",
    "{{printf \"%5s|%-5s|%q|%v|%T\" \"a\" \"b\" .Entity.text .Entity.list .Entity.number}}",
    "{{printf \"%T %T %T %T %T %T %T\" .Entity.list .Entity.map .Entity.none .Entity.yes .Entity.text 1 .Metadata}}",
    "{{range .Entity.list}}{{if .}}{{continue}}{{end}}{{break}}{{end}}",
    "{{range .Entity.list}}{{block \"inner\" .}}{{break}}{{end}}{{end}}",
    "{{print $.}}{{(print 1).}}",
    "{{.Entity.text | .}}",
    "{{define \"a\"}}x{{end}}\n {{define \"b\"}}y{{end}}\n",
    "\n",
    "{{printf \"%05.1f|%+.3e|%x|%X|%c|%U\" .Entity.number .Entity.number \"hi\" \"hi\" 65 8364}}",
    "{{printf \"%t %v %d %o %b\" true nil 42 8 5}}",
    "{{printf \"%[2]s %[1]s %%\" \"a\" \"b\"}}",
    "{{printf \"%s\"}}{{printf \"%d\" \"x\"}}{{printf \"%!\" 1}}{{printf \"a\" 1}}",
    "{{print 1 2 \"a\" \"b\" 3 true nil}}|{{println 1 \"a\"}}|",
    "{{len .Entity.text}} {{len .Entity.list}} {{len .Entity.map}}",
    "{{index .Entity.list 1}} {{index .Entity.map \"a\"}}",
    "{{index .Entity.list 99}}",
    "{{index .Entity.map \"missing\"}}|{{index .Entity.map \"inner\" \"deep\"}}",
    "{{slice \"abcdef\" 1 3}}{{slice .Entity.list 1}}",
    "{{slice \"abc\" 2 1}}",
    "{{and 1 0 \"x\"}}|{{and .Entity.text .Entity.list}}|{{or \"\" 0 \"z\"}}|{{not .Entity.none}}",
    "{{eq 1 2 3 1}} {{ne \"a\" \"b\"}} {{lt 1.5 2.5}} {{le \"a\" \"a\"}} {{gt 2 1}} {{ge .Entity.number 1.0}}",
    "{{eq .Entity.text \"x\"}} {{eq .Entity.none nil}}",
    "{{lt 1 \"a\"}}",
    "{{eq .Entity.list .Entity.list}}",
    "{{html \"<a href='x'>&\\\"\"}} {{js \"a'b\\n</script>\"}} {{urlquery \"a b&c=d/é\"}}",
    "{{.Entity.text | printf \"%s-%s\" \"p\" | len}}",
    "{{(index .Entity.list 0) | print}} {{(len .Entity.text) | printf \"%03d\"}}",
    "{{\"a\\tb\\u00e9\\x41\"}} {{`raw \\n`}} {{'a'}} {{'\\n'}} {{0x1F}} {{1_000}} {{0b11}} {{0o17}} {{1e3}} {{-7}} {{+7}}",
    "{{1.0}} {{2.50}} {{1e21}} {{0.000001}} {{123456789.0}} {{.Entity.number}} {{.Entity.big}}",
    "a {{- \" b \" -}} c {{- /* comment */ -}} d{{/* x */}} e\n\n{{- 1}}\n{{2 -}}\n f",
    "{{if .Entity.none}}a{{else if .Entity.text}}b{{else}}c{{end}}",
    "{{if and (eq (len .Entity.list) 3) (not .Entity.none)}}three{{end}}",
    "{{.Entity.none.deeper}}",
    "{{.Entity.text.deeper}}",
    "{{.Entity.map.inner.deep}} {{.Entity.map.inner}}",
    "{{.Metadata.site_url}}/{{.Metadata.missing}}|{{.Metadata}}",
    "{{$}}",
    "{{nil}}",
    "{{call .Entity.text}}",
    "{{formatDate \"2025-01-31\"}} {{formatDate .Entity.text}} {{formatMoney .Entity.number}} {{formatMoney 3}} {{formatPhone \"555-123-4567\"}}",
    "{{formatDate .Entity.number}}",
    "{{formatDate}}",
    "{{len 3}}",
    "{{.Entity.list.x}}",
    "{{range .Entity.number}}x{{end}}",
    "{{range .Entity.text}}x{{end}}",
    "{{template \"nope\"}}",
    "{{break}}",
    "{{range .Entity.list}}{{else}}{{break}}{{end}}",
    "{{$y}}",
    "{{1 | 2}}",
    "{{if}}x{{end}}",
    "{{end}}",
    "{{.Entity.}}",
    "{{\"unterminated}}",
    "{{/* unterminated",
    "{{define \"x\"}}{{define \"y\"}}{{end}}{{end}}",
    "{{ .Entity.text",
    "{{with}}{{end}}",
    "{{$x := }}",
    "{{print (}}",
    "{{. .}}",
    "{{true}} {{false}} {{.Entity.yes}} {{not true}}",
];

const HTML: &[&str] = &[
    "<p class=\"{{.Entity.text}}\" title='{{.Entity.text}}' data-x={{.Entity.text}}>{{.Entity.text}}</p>",
    "<a href=\"{{.Entity.url}}\">{{.Entity.url}}</a><a href=\"/x?q={{.Entity.text}}&n={{.Entity.number}}\">l</a>",
    "<a href=\"{{.Entity.bad}}\">x</a><img src=\"{{.Entity.bad}}\"><img srcset=\"{{.Entity.url}} 2x\">",
    "<a href=\"mailto:{{.Entity.text}}\">x</a><a href='tel:{{.Entity.text}}'>y</a>",
    "<script>var a = {{.Entity.text}}, b = {{.Entity.list}}, c = {{.Entity.map}}, d = \"{{.Entity.text}}\", e = {{.Entity.none}}, f = /{{.Entity.text}}/;</script>",
    "<script>var t = `a ${ {{.Entity.text}} } {{.Entity.text}}`</script>",
    "<button onclick=\"f({{.Entity.text}}, '{{.Entity.text}}')\">x</button>",
    "<style>p { color: {{.Entity.color}}; width: {{.Entity.number}}px; background: url('{{.Entity.url}}') }</style>",
    "<p style=\"color: {{.Entity.color}}; font-family: '{{.Entity.text}}'\">x</p>",
    "<p {{.Entity.text}}=\"x\">y</p>",
    "<{{.Entity.text}}>",
    "<!-- {{.Entity.text}} --><b>x</b><!--[if IE]>y<![endif]-->",
    "<textarea>{{.Entity.text}}</textarea><title>{{.Entity.text}}</title>",
    "<input value={{.Entity.text}}><input type=\"{{.Entity.text}}\" checked>",
    "{{if .Entity.text}}<b>{{.Entity.text}}</b>{{else}}<i>{{.Entity.none}}</i>{{end}}",
    "<ul>{{range .Entity.list}}<li>{{.}}</li>{{end}}</ul>",
    "{{define \"c\"}}<td>{{.}}</td>{{end}}<table>{{template \"c\" .Entity.text}}</table><p title=\"{{template \"c2\" .Entity.text}}\">{{define \"c2\"}}{{.}}{{end}}",
    "{{.Entity.text | html}} {{.Entity.text | print}} {{.Entity.text | urlquery}}",
    "<a href=\"{{if .Entity.yes}}https://x.example{{else}}/y{{end}}?a={{.Entity.text}}\">z</a>",
    "<a href=\"{{if .Entity.yes}}\">{{end}}",
    "<script>{{if .Entity.yes}}var x = {{.Entity.number}}{{end}}</script>",
    "<a href=\"x",
    "<p>a & b < c > d \" ' {{\"<i>\"}}</p>",
    "<meta content=\"0; url={{.Entity.url}}\"><iframe src=\"{{.Entity.url}}\" srcdoc=\"{{.Entity.text}}\"></iframe>",
    "<svg><a xlink:href=\"{{.Entity.bad}}\"></a></svg><form action=\"{{.Entity.bad}}\">",
    "<p data-url=\"{{.Entity.bad}}\" data-style=\"{{.Entity.text}}\" aria-label=\"{{.Entity.text}}\">",
    "<script type=\"application/json\">{{.Entity.map}}</script><script type=\"text/template\">{{.Entity.text}}</script>",
    "<script src=\"{{.Entity.url}}\"></script>",
    "{{html .Entity.text}}<p title=\"{{html .Entity.text}}\">",
    "\u{0}<p>{{\"\\x00\"}}</p>",
];

fn entities() -> Value {
    json!([
        {
            "text": "O'Reilly & <b>\"co\"</b> é ✓ a+b\n100%", "number": 42.5, "big": 1_234_567, "yes": true, "none": null,
            "list": ["x", 2, {"k": "v"}], "map": {"a": "one", "b": 2, "inner": {"deep": "d"}},
            "url": "https://x.example/a b?c=d&e=\"f\"#g", "bad": "javascript:alert(1)", "color": "#ff0000"
        },
        {
            "text": "", "number": 0, "big": 0, "yes": false, "none": null, "list": [], "map": {},
            "url": "/relative/é", "bad": "data:text/html,<script>", "color": "expression(alert(1))"
        }
    ])
}

/// Answers of Go, one per case.
fn go(entities: &Value, cases: &[Value]) -> Vec<Value> {
    let program = std::env::var_os("CIVIC_OS_TEST_GO_TEMPLATES").expect("CIVIC_OS_TEST_GO_TEMPLATES names the program");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the Go program");
    let mut input = child.stdin.take().expect("input");
    let document = json!({"entities": entities, "cases": cases}).to_string();
    let writer = std::thread::spawn(move || input.write_all(document.as_bytes()));
    let output = child.wait_with_output().expect("output");
    writer.join().expect("a thread").expect("written");
    assert!(output.status.success(), "the Go program failed");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The cases that differ: another output, or an error at another stage. What a bound ended is left out, and counted.
fn compare(cases: &[Value]) -> (Vec<String>, usize) {
    let entities = entities();
    let renderer = Renderer::new("America/New_York", NumberFormat::Go, Limits::default()).expect("a zone");
    let answers = go(&entities, cases);
    assert_eq!(answers.len(), cases.len());
    let (mut different, mut bounded) = (Vec::new(), 0);
    for (case, answer) in cases.iter().zip(answers) {
        let engine = if case["engine"] == "html" { Engine::Html } else { Engine::Text };
        let entity = &entities[usize::try_from(case["entity"].as_u64().expect("index")).expect("small")];
        let template = case["template"].as_str().expect("template");
        let data = Data::new(entity, &[("site_url", "https://app.example.org")]).expect("data");
        let ours = renderer.render(engine, template, &data);
        let same = match (&ours, answer["output"].as_str(), answer["stage"].as_str()) {
            (Ok(output), Some(theirs), _) => output == theirs,
            (Err(RenderError::Parse(_)), None, Some(stage)) => stage == "parse",
            (Err(RenderError::Execute(_)), None, Some(stage)) => stage == "execute",
            (Err(RenderError::Limit(_)), ..) => {
                bounded += 1;
                true
            }
            _ => false,
        };
        if !same {
            different.push(format!("{} {template:?}\n  ours: {ours:?}\n  Go's: {answer}", case["engine"]));
        }
    }
    (different, bounded)
}

fn case(engine: &str, entity: usize, template: &str) -> Value {
    json!({"engine": engine, "entity": entity, "template": template})
}

#[test]
#[ignore = "go-templates"]
fn further_templates_render_as_in_go() {
    let mut cases = Vec::new();
    for entity in 0..2 {
        cases.extend(TEXT.iter().map(|template| case("text", entity, template)));
        cases.extend(TEXT.iter().chain(HTML).map(|template| case("html", entity, template)));
    }
    let (different, bounded) = compare(&cases);
    println!("{} templates, {} differ, {bounded} reached a bound", cases.len(), different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(bounded, 0);
}

/// Pieces that fit together often enough.
fn random_template() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(".Entity.text"),
        Just(".Entity.number"),
        Just(".Entity.list"),
        Just(".Entity.map"),
        Just(".Entity.none"),
        Just(".Entity.url"),
        Just("7"),
        Just("\"s\""),
        Just("(len .Entity.list)"),
        Just("(print .Entity.text 1)"),
    ];
    let leaf = prop_oneof![
        4 => value.clone().prop_map(|value| format!("{{{{{value}}}}}")),
        2 => value.clone().prop_map(|value| format!("{{{{- {value} | printf \"%v\" -}}}}")),
        1 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{{{{or {a} {b}}}}}")),
        1 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{{{{eq {a} {b}}}}}")),
        2 => prop_oneof![
            Just("<p>"), Just("</p>"), Just("<a href=\""), Just("\">"), Just("</a>"), Just("<script>"), Just("</script>"), Just(" title='"),
            Just("'"), Just("<style>"), Just("</style>"), Just("<!-- "), Just(" -->"), Just(" & "), Just("?q="), Just("\n"),
        ].prop_map(str::to_owned),
        2 => "[ a-zé]{0,6}",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let body = prop::collection::vec(inner, 0..4).prop_map(|pieces| pieces.concat());
        prop_oneof![
            2 => body.clone(),
            1 => (value.clone(), body.clone(), body.clone()).prop_map(|(value, yes, no)| format!("{{{{if {value}}}}}{yes}{{{{else}}}}{no}{{{{end}}}}")),
            1 => (value.clone(), body.clone()).prop_map(|(value, body)| format!("{{{{with {value}}}}}{body}{{{{.}}}}{{{{end}}}}")),
            1 => (value.clone(), body.clone()).prop_map(|(value, body)| format!("{{{{range $i, $v := {value}}}}}{body}{{{{$i}}}}{{{{$v}}}}{{{{end}}}}")),
            1 => body.prop_map(|body| format!("{{{{block \"b\" .}}}}{body}{{{{end}}}}")),
        ]
    })
}

#[test]
#[ignore = "go-templates"]
fn random_templates_render_as_in_go() {
    let seed = *b"templates that nobody has writte";
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(random_template(), 1..4).prop_map(|pieces| pieces.concat());
    let mut cases = Vec::new();
    for number in 0..RANDOM {
        let template = strategy.new_tree(&mut runner).expect("a template").current();
        cases.push(case("text", number % 2, &template));
        cases.push(case("html", number % 2, &template));
    }
    let (different, bounded) = compare(&cases);
    println!("{} random templates, {} differ, {bounded} reached a bound", cases.len(), different.len());
    for shown in different.iter().take(40) {
        println!("{shown}");
    }
    assert!(different.is_empty(), "{} of {} differ", different.len(), cases.len());
}
