//! The pool and the pipelined request transaction against a real server.

mod encryption;
mod hub;
mod outage;
mod pool;
pub(crate) mod pooler;
mod request;
mod settings;

use crate::support::TestDatabase;
use civic_os::config::Secret;
use civic_os::db::{
    AccessMode, Db, DbError, DbOptions, IsolationLevel, Lane, Param, RequestResult, RequestTransaction, Statement,
    TransactionEnd,
};

/// A database with a table that `web_anon` may use, and a pool on it.
pub(super) async fn prepared(change: impl FnOnce(&mut DbOptions)) -> (TestDatabase, Db) {
    let database = TestDatabase::empty().await;
    let roles = "do $$ begin
        perform pg_advisory_xact_lock(7);
        if not exists (select from pg_roles where rolname = 'web_anon') then create role web_anon nologin; end if;
        grant web_anon to authenticator;
    end $$";
    database.execute(roles).await;
    database
        .execute(
            "create schema test; grant usage on schema test to web_anon;
             create table test.notes (id int primary key, body text unique deferrable initially deferred);
             grant all on test.notes to web_anon;",
        )
        .await;
    let db = open(database.authenticator_url(), change);
    (database, db)
}

pub(super) fn open(url: Secret, change: impl FnOnce(&mut DbOptions)) -> Db {
    let mut options = DbOptions { url, ..DbOptions::default() };
    change(&mut options);
    Db::open(options).unwrap()
}

pub(super) const SETTINGS: &[(&str, &str)] =
    &[("search_path", "test, public"), ("role", "web_anon"), ("request.jwt.claims", r#"{"role":"web_anon"}"#)];

pub(super) fn transaction<'a>(sql: &'a str, params: &'a [Param<'a>]) -> RequestTransaction<'a> {
    RequestTransaction {
        role: "web_anon",
        settings: SETTINGS,
        access: AccessMode::ReadWrite,
        isolation: IsolationLevel::ReadCommitted,
        pre_request: None,
        statement: Statement { sql, params, reusable: true },
        end: TransactionEnd::Commit,
    }
}

pub(super) async fn run(db: &Db, sql: &str) -> Result<RequestResult, DbError> {
    db.request(Lane::Api, &transaction(sql, &[])).await
}

/// First column of the first row.
pub(super) async fn value(db: &Db, sql: &str) -> String {
    run(db, sql).await.unwrap().rows[0].text(0).unwrap_or("null").to_owned()
}

pub(super) async fn notes(database: &TestDatabase) -> i64 {
    database.connect().await.query_one("select count(*) from test.notes", &[]).await.unwrap().get(0)
}
