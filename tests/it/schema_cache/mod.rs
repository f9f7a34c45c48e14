//! The snapshot of a schema with every kind of relationship, and its replacement.

mod fixture;
mod relationships;
mod reload;
mod saved;
mod shapes;

use crate::support::TestDatabase;
use civic_os::db::{Db, DbOptions};
use civic_os::schema_cache::{SchemaCache, SchemaCacheOptions};

pub(super) fn options(schemas: &[&str]) -> SchemaCacheOptions {
    SchemaCacheOptions {
        schemas: schemas.iter().map(|&name| name.to_owned()).collect(),
        extra_search_path: vec!["public".into()],
        channel: "pgrst".into(),
        file: None,
    }
}

pub(super) fn open(database: &TestDatabase) -> Db {
    Db::open(DbOptions { url: database.authenticator_url(), ..DbOptions::default() }).unwrap()
}

/// A database with the fixture, and its snapshot.
pub(super) async fn loaded() -> (TestDatabase, SchemaCache) {
    let database = TestDatabase::empty().await;
    database.execute(fixture::SQL).await;
    let cache = SchemaCache::load(&open(&database), &options(&["test"])).await.unwrap();
    (database, cache)
}
