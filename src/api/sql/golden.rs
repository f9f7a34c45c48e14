//! Every shape of generated SQL as a golden file in `tests/golden/sql`: a request line in, text and parameters out.
//!
//! Review changes with `cargo insta review`; a reviewer sees SQL, not builders.

use super::statement_for;
use crate::api::plan::{Plan, plan};
use crate::api::request::{ApiRequest, RawRequest};
use crate::api::settings::ApiSettings;
use crate::schema_cache::{
    Cardinality, Column, ComputedRelationship, ForeignKeyRelationship, Junction, PgType, QualifiedIdentifier,
    Relationship, ReturnType, Routine, RoutineParam, SchemaCache, Table, Text, Volatility,
};
use bytes::Bytes;
use std::fmt::Write as _;

fn name(name: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::new("town", name)
}

fn table(table: &str, columns: &[(&str, &str, Option<&str>)]) -> Table {
    let column = |(name, data_type, default): &(&str, &str, Option<&str>)| {
        let column = Column {
            name: (*name).into(),
            description: None,
            nullable: true,
            data_type: (*data_type).into(),
            nominal_type: (*data_type).into(),
            max_length: None,
            default: default.map(Into::into),
            generated_always: false,
            enum_values: std::sync::Arc::default(),
        };
        ((*name).into(), column)
    };
    Table {
        schema: "town".into(),
        name: table.into(),
        description: None,
        is_view: false,
        insertable: true,
        updatable: true,
        deletable: true,
        pk_columns: vec!["id".into()],
        columns: columns.iter().map(column).collect(),
    }
}

fn foreign_key(from: &str, to: &str, cardinality: Cardinality) -> Relationship {
    Relationship::ForeignKey(ForeignKeyRelationship {
        table: name(from),
        foreign_table: name(to),
        is_self: from == to,
        cardinality,
        table_is_view: false,
        foreign_table_is_view: false,
    })
}

fn pair(own: &str, other: &str) -> Vec<(Text, Text)> {
    vec![(own.into(), other.into())]
}

fn routine(function: &str, params: &[(&str, &str, bool)], returns: ReturnType) -> Routine {
    let params = params.iter().map(|(name, type_name, variadic)| RoutineParam {
        name: (*name).into(),
        type_name: (*type_name).into(),
        type_max_length: (*type_name).into(),
        required: true,
        variadic: *variadic,
    });
    Routine {
        schema: "town".into(),
        name: function.into(),
        description: None,
        params: params.collect(),
        returns,
        volatility: Volatility::Stable,
        has_variadic: false,
        isolation_level: None,
        settings: Vec::new(),
    }
}

fn cache() -> SchemaCache {
    let mut cache = SchemaCache::default();
    for table in [
        table(
            "requests",
            &[
                ("id", "bigint", Some("nextval('town.requests_id_seq'::regclass)")),
                ("title", "text", None),
                ("status_id", "integer", Some("1")),
                ("data", "jsonb", None),
                ("search", "tsvector", None),
            ],
        ),
        table("statuses", &[("id", "integer", None), ("name", "character varying(20)", None)]),
        table("tags", &[("id", "integer", None), ("label", "text", None)]),
        table("request_tags", &[("request_id", "bigint", None), ("tag_id", "integer", None)]),
    ] {
        cache.tables.insert(table.identifier(), table);
    }
    let status = pair("status_id", "id");
    let junction = Junction {
        table: name("request_tags"),
        constraint_source: "request_tags_request_id_fkey".into(),
        constraint_target: "request_tags_tag_id_fkey".into(),
        columns_source: pair("id", "request_id"),
        columns_target: pair("id", "tag_id"),
    };
    cache.relationships.insert(
        name("requests"),
        vec![
            foreign_key(
                "requests",
                "statuses",
                Cardinality::ManyToOne { constraint: "requests_status_id_fkey".into(), columns: status },
            ),
            foreign_key("requests", "tags", Cardinality::ManyToMany(Box::new(junction))),
            Relationship::Computed(ComputedRelationship {
                function: name("similar"),
                table: name("requests"),
                foreign_table: name("requests"),
                single: false,
                is_self: true,
            }),
        ],
    );
    let requests =
        Cardinality::OneToMany { constraint: "requests_status_id_fkey".into(), columns: pair("id", "status_id") };
    cache.relationships.insert(name("statuses"), vec![foreign_key("statuses", "requests", requests)]);
    for routine in [
        routine(
            "open_requests",
            &[("since", "date", false)],
            ReturnType::SetOf(PgType::Composite { name: name("requests"), is_alias: false }),
        ),
        routine(
            "total",
            &[("factors", "integer[]", true)],
            ReturnType::Single(PgType::Scalar(QualifiedIdentifier::new("pg_catalog", "int4"))),
        ),
        routine(
            "echo",
            &[("", "text", false)],
            ReturnType::Single(PgType::Scalar(QualifiedIdentifier::new("pg_catalog", "text"))),
        ),
    ] {
        cache.routines.insert(routine.identifier(), vec![routine]);
    }
    cache
}

/// One request: method, path with query, headers, body.
struct Shape(&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const READS: &[Shape] = &[
    Shape("GET", "/requests", &[], ""),
    Shape("HEAD", "/requests?id=eq.1", &[], ""),
    Shape(
        "GET",
        "/requests?select=id,t:title::text,data->a->>1&limit=25&offset=50&order=id.desc.nullslast,data->>b",
        &[],
        "",
    ),
    Shape(
        "GET",
        "/requests?id=gte.1&title=not.like.*x*&id=in.(1,2)&title=is.not_null&title=isdistinct.x&id=lt(any).{1,2}&search=wfts(simple).pot+hole&title=plfts.pot",
        &[],
        "",
    ),
    Shape("GET", "/requests?or=(id.eq.1,not.and(title.eq.a,data->>k.in.(\"x,y\",z)))", &[], ""),
    Shape("GET", "/requests?select=title,status:statuses(name)&statuses.name=eq.x&order=status(id)", &[], ""),
    Shape("GET", "/requests?select=title,statuses(name)&statuses.name=eq.x&order=statuses(id)", &[], ""),
    Shape(
        "GET",
        "/statuses?select=*,requests!inner(id)&requests.title=eq.x&requests.limit=3&requests.order=id",
        &[("prefer", "count=exact")],
        "",
    ),
    Shape("GET", "/requests?select=id,tags(label),similar(id)", &[], ""),
    Shape(
        "GET",
        "/requests?select=id,statuses()&statuses=not.is.null&or=(statuses.is.null,id.eq.1)",
        &[("prefer", "count=exact")],
        "",
    ),
    Shape("GET", "/requests?select=id,...statuses(name),...tags(label)", &[], ""),
    // Pages are chosen before anything is embedded in their rows,
    Shape(
        "GET",
        "/requests?select=t:title,data->a,statuses(name),tags(label)&statuses.name=eq.x&id=gt.9&order=data->>b.desc,id&limit=25&offset=50",
        &[("prefer", "count=exact")],
        "",
    ),
    Shape("GET", "/requests?select=id,...statuses(name)&order=title&offset=3", &[], ""),
    // but not where embedded rows choose or order them, or take the whole row.
    Shape("GET", "/requests?select=id,statuses!inner(name)&order=title&limit=5", &[], ""),
    Shape("GET", "/requests?select=id,statuses(name)&order=statuses(name)&limit=5", &[], ""),
    Shape("GET", "/requests?select=id,statuses()&or=(statuses.is.null,id.eq.1)&order=id&limit=5", &[], ""),
    Shape("GET", "/requests?select=id,similar(id)&order=id&limit=5", &[], ""),
    Shape("GET", "/requests?select=*,statuses(name)&order=id&limit=5", &[], ""),
    Shape("GET", "/requests?select=status_id,id.sum(),n:count(),...statuses(name,id.max())", &[], ""),
    Shape("GET", "/requests?id=eq.1", &[("accept", "application/vnd.pgrst.object+json")], ""),
    Shape("GET", "/requests?select=id", &[("accept", "text/csv")], ""),
    Shape("GET", "/requests", &[("accept", "application/vnd.pgrst.array+json;nulls=stripped")], ""),
];

const WRITES: &[Shape] = &[
    Shape("POST", "/requests", &[], r#"{"title":"a","status_id":2}"#),
    Shape("POST", "/requests", &[("prefer", "return=representation")], r#"[{"title":"a"}]"#),
    Shape("POST", "/requests?select=id,statuses(name)", &[("prefer", "return=representation")], r#"{"title":"a"}"#),
    Shape("POST", "/requests", &[("prefer", "return=headers-only")], "{}"),
    Shape("POST", "/requests?columns=id,title,status_id", &[("prefer", "missing=default")], r#"[{"title":"a"}]"#),
    Shape("POST", "/requests", &[("prefer", "resolution=merge-duplicates")], r#"{"id":1,"title":"a"}"#),
    Shape("POST", "/requests?on_conflict=title", &[("prefer", "resolution=ignore-duplicates")], r#"{"title":"a"}"#),
    Shape("PATCH", "/requests?id=eq.1", &[], r#"{"title":"a"}"#),
    Shape(
        "PATCH",
        "/requests?id=eq.1",
        &[("if-match", "W/\"7\""), ("prefer", "return=representation")],
        r#"{"title":"a"}"#,
    ),
    Shape("PATCH", "/requests", &[], "{}"),
    Shape("PUT", "/requests?id=eq.1", &[], r#"{"id":1,"title":"a"}"#),
    Shape("DELETE", "/requests?id=eq.1", &[("prefer", "return=representation")], ""),
];

const CALLS: &[Shape] = &[
    Shape(
        "GET",
        "/rpc/open_requests?since=2025-01-01&select=id,statuses(name)&id=gt.3",
        &[("prefer", "count=exact")],
        "",
    ),
    Shape("POST", "/rpc/open_requests", &[], r#"{"since":"2025-01-01"}"#),
    Shape("GET", "/rpc/total?factors=1&factors=2", &[], ""),
    Shape("POST", "/rpc/echo", &[("content-type", "text/plain")], "hello"),
];

/// Text in every position of the grammar that is client's text.
const FRAGMENTS: &[Shape] = &[
    Shape("GET", "/requests?title=eq.'%3Bdrop table x--&id=in.(\"'--\",1)&limit=1", &[], ""),
    Shape("GET", "/requests?select=\"a\\\"b';--\",x:data->\"k'\\\\\"->>'q'&order=\"c\\\"'\".desc", &[], ""),
    Shape("GET", "/requests?select=\"al\\\"ias\":title::int x&search=fts('cfg').q", &[], ""),
    Shape("POST", "/requests?select=title&columns=title", &[], r#"{"title":"'; drop table x; --"}"#),
];

fn print(shapes: &[Shape]) -> String {
    let settings = ApiSettings {
        schemas: vec!["town".into()],
        aggregates_enabled: true,
        etags_enabled: true,
        ..ApiSettings::default()
    };
    let cache = cache();
    let mut text = String::new();
    for Shape(method, path, headers, body) in shapes {
        let (path_only, query) = path.split_once('?').unwrap_or((path, ""));
        let raw = RawRequest { method, path: path_only, query, headers, body: Bytes::from_static(body.as_bytes()) };
        let _ = writeln!(text, "# {method} {path} {headers:?} {body}");
        let request = match ApiRequest::parse(&raw, &settings, |_| false) {
            Ok(request) => request,
            Err(error) => {
                let _ = writeln!(text, "refused: {error}\n");
                continue;
            }
        };
        match plan(&request, &cache, &settings) {
            Ok(Plan::Db(plan)) => {
                let statement = statement_for(&plan);
                let _ = writeln!(
                    text,
                    "{}",
                    statement.text().replace(" FROM ", "\n  FROM ").replace(" WHERE ", "\n  WHERE ")
                );
                for (at, param) in statement.params().iter().enumerate() {
                    let value = String::from_utf8_lossy(param.value.as_deref().unwrap_or_default());
                    let _ = writeln!(text, "${} {:?} {value}", at + 1, param.param_type);
                }
                text.push('\n');
            }
            Ok(_) => text.push_str("no statement\n\n"),
            Err(error) => {
                let _ = writeln!(text, "refused: {error}\n");
            }
        }
    }
    text
}

fn check(name: &str, shapes: &[Shape]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/golden/sql");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, print(shapes)));
}

#[test]
fn reads() {
    check("reads", READS);
}

#[test]
fn writes() {
    check("writes", WRITES);
}

#[test]
fn calls() {
    check("calls", CALLS);
}

#[test]
fn fragments_stay_values_and_names() {
    check("fragments", FRAGMENTS);
}
