//! Tables, columns, functions and the rest of the snapshot.

use super::{loaded, open, options};
use crate::support::TestDatabase;
use civic_os::schema_cache::{
    MediaHandlerTarget, PgType, QualifiedIdentifier, ReturnType, SchemaCache, SchemaCacheError, Volatility,
};

#[tokio::test]
async fn tables_and_views() {
    let (_database, cache) = loaded().await;
    let customers = cache.table("test", "customers").unwrap();
    assert_eq!(customers.description.as_deref(), Some("Who pays"));
    assert!(customers.insertable && customers.updatable && customers.deletable && !customers.is_view);
    assert_eq!(customers.pk_columns, ["id"]);
    assert_eq!(customers.column("name").unwrap().description.as_deref(), Some("Full name"));
    assert_eq!(cache.table("test", "places").unwrap().pk_columns, ["code", "country"], "ordered by name");
    let documents = cache.table("test", "documents").unwrap();
    assert!(documents.is_view && documents.insertable && documents.updatable && documents.deletable);
    assert_eq!(documents.pk_columns, ["document"]);
    assert_eq!(cache.table("test", "documents_of_owner").unwrap().pk_columns, ["nr"]);
    let totals = cache.table("test", "order_totals").unwrap();
    assert!(totals.is_view && !totals.insertable && !totals.updatable && !totals.deletable);
    assert!(cache.table("test", "everything").unwrap().pk_columns.is_empty());
    assert!(cache.table("test", "events").is_some());
    assert!(cache.table("test", "events_2020").is_none());
    assert!(cache.table("test", "nothing").is_none());
    assert_eq!(cache.schema_comments["test"].as_deref(), Some("A test"));
}

#[tokio::test]
async fn columns() {
    let (_database, cache) = loaded().await;
    let orders = cache.table("test", "orders").unwrap();
    assert_eq!(orders.columns.keys().collect::<Vec<_>>(), ["id", "code", "customer_id", "total", "twice"]);
    let column = |table: &str, name: &str| cache.table("test", table).unwrap().column(name).unwrap().clone();
    assert_eq!(column("orders", "id").default.as_deref(), Some("nextval('test.orders_id_seq')"));
    assert_eq!((column("orders", "code").default, column("orders", "code").generated_always), (None, true));
    assert_eq!((column("orders", "twice").default, column("orders", "twice").generated_always), (None, true));
    let total = column("orders", "total");
    assert_eq!((&*total.data_type, &*total.nominal_type), ("numeric", "numeric(10,2)"));
    assert_eq!((total.default.as_deref(), total.nullable), (Some("0"), true));
    let body = column("order_notes", "body");
    assert_eq!(
        (&*body.data_type, &*body.nominal_type, body.max_length),
        ("character varying", "character varying(80)", Some(80))
    );
    let mood = column("typed", "mood");
    assert_eq!(
        (&*mood.data_type, mood.enum_values.to_vec()),
        ("test.mood", vec!["sad".to_owned(), "ok".into(), "happy".into()])
    );
    let short = column("typed", "short");
    assert_eq!((&*short.data_type, &*short.nominal_type), ("character varying", "test.short"));
    assert_eq!((short.max_length, short.nullable), (Some(5), false));
    assert_eq!(short.default.as_deref(), Some("'none'::character varying"));
    assert_eq!(&*column("typed", "list").data_type, "text[]");
    assert!(!column("orders", "customer_id").nullable);
}

#[tokio::test]
async fn functions() {
    let (_database, cache) = loaded().await;
    let [void, plain] = cache.routines_named("test", "plain") else { panic!("two overloads, fewest parameters first") };
    assert!(void.returns_void() && void.params.is_empty());
    assert_eq!(plain.description.as_deref(), Some("Plain one"));
    let params: Vec<_> = plain.params.iter().map(|p| (&*p.name, &*p.type_name, p.required, p.variadic)).collect();
    assert_eq!(
        params,
        [("a", "integer", true, false), ("b", "text", false, false), ("rest", "integer[]", false, true)]
    );
    assert!(plain.has_variadic && plain.returns_scalar() && plain.volatility == Volatility::Volatile);
    assert_eq!(plain.settings, [("statement_timeout".to_owned(), "5s".to_owned())]);
    let body = &cache.routines_named("test", "body")[0];
    assert_eq!((body.params[0].name.as_str(), body.volatility), ("", Volatility::Immutable));
    assert!(cache.routines_named("test", "not_callable").is_empty());
    assert!(cache.routines_named("test", "on_change").is_empty());
    // An OUT parameter before an IN parameter does not shift the names.
    let found = &cache.routines_named("test", "found")[0];
    assert_eq!(found.params.iter().map(|p| (&*p.name, &*p.type_name)).collect::<Vec<_>>(), [("term", "text")]);
    assert!(matches!(&found.returns, ReturnType::SetOf(PgType::Composite { .. })));
    let listed = &cache.routines_named("test", "listed")[0];
    assert_eq!(listed.isolation_level.as_deref(), Some("repeatable read"));
    let orders = &cache.routines_named("test", "big_orders")[0];
    assert_eq!(orders.composite(), Some(&QualifiedIdentifier::new("test", "orders")));
}

#[tokio::test]
async fn representations_handlers_and_time_zones() {
    let (_database, cache) = loaded().await;
    let color = &cache.representations[&("test.color".to_owned(), "json".to_owned())];
    assert_eq!(color.function, QualifiedIdentifier::new("test", "to_json"));
    let mut targets: Vec<_> = cache
        .media_handlers
        .iter()
        .filter(|handler| handler.function.name != "tags_done")
        .map(|handler| (handler.media_type.as_str(), handler.target.clone()))
        .collect();
    targets.sort_by_key(|(_, target)| format!("{target:?}"));
    assert_eq!(
        targets,
        [
            ("text/html", MediaHandlerTarget::Relation(QualifiedIdentifier::new("test", "tags"))),
            ("text/html", MediaHandlerTarget::Routine(QualifiedIdentifier::new("test", "page"))),
        ]
    );
    assert!(cache.timezones.contains("Europe/Berlin") && !cache.timezones.contains("Europe/Nowhere"));
    let dump = cache.dump();
    for key in ["dbTables", "dbRelationships", "dbRoutines", "dbRepresentations", "dbMediaHandlers", "dbTimezones"] {
        assert!(!dump[key].as_array().unwrap().is_empty(), "{key}");
    }
}

#[tokio::test]
async fn a_schema_that_does_not_exist_fails_the_load() {
    let database = TestDatabase::empty().await;
    let result = SchemaCache::load(&open(&database), &options(&["public", "missing"])).await;
    assert!(matches!(result, Err(SchemaCacheError::MissingSchema(name)) if name == "missing"));
}
