//! One transaction per request: settings, errors, ends.

use super::{SETTINGS, notes, prepared, run, transaction, value};
use civic_os::db::{
    AccessMode, Decision, IsolationLevel, Lane, LargeValue, Param, ParamType, RequestResult, RequestTransaction,
    TransactionEnd,
};
use std::borrow::Cow;
use std::time::Duration;

#[tokio::test]
async fn settings_hold_for_the_transaction_only() {
    let (_database, db) = prepared(|options| options.pool_max = 1).await;
    assert_eq!(value(&db, "select current_user").await, "web_anon");
    assert_eq!(value(&db, "select current_setting('request.jwt.claims')").await, r#"{"role":"web_anon"}"#);
    let bare = RequestTransaction {
        settings: &[],
        ..transaction("select current_user, current_setting('request.jwt.claims', true)", &[])
    };
    let rows = db.request(Lane::Api, &bare).await.unwrap().rows;
    assert_eq!((rows[0].text(0), rows[0].text(1)), (Some("authenticator"), Some("")));
}

#[tokio::test]
async fn values_of_every_kind_travel() {
    let (_database, db) = prepared(|_| {}).await;
    let params = [
        Param::unknown("42"),
        Param::null(ParamType::Text),
        Param::typed(ParamType::Json, r#"{"a":[1,"ü"]}"#),
        Param { param_type: ParamType::Bytea, value: Some(Cow::Borrowed(br"\x00ff")) },
        Param::typed(ParamType::Text, "'; drop table test.notes; --"),
    ];
    let sql = "select $1::int + 1, $2, $3 -> 'a' ->> 1, encode($4, 'hex'), $5";
    let rows = db.request(Lane::Api, &transaction(sql, &params)).await.unwrap().rows;
    let row: Vec<_> = (0..5).map(|column| rows[0].text(column)).collect();
    assert_eq!(row, [Some("43"), None, Some("ü"), Some("00ff"), Some("'; drop table test.notes; --")]);
    assert_eq!(rows[0].int(0), Some(43));
    assert_eq!(rows[0].text(99), None);
}

#[tokio::test]
async fn a_large_answer_and_a_large_value_arrive_whole() {
    let (_database, db) = prepared(|options| options.pool_max = 1).await;
    let text = "x".repeat(5_000_000);
    let params = [Param::typed(ParamType::Text, text.as_str())];
    let rows = db.request(Lane::Api, &transaction("select $1 || $1", &params)).await.unwrap().rows;
    assert_eq!(rows[0].bytes(0).unwrap().len(), 10_000_000);
    assert_eq!(value(&db, "select 1").await, "1");
}

/// Reads all of a value; its length.
async fn read(mut value: LargeValue) -> usize {
    let mut length = 0;
    while let Some(chunk) = std::future::poll_fn(|context| value.poll_next(context)).await {
        length += chunk.expect("a chunk").len();
    }
    length
}

#[tokio::test]
async fn large_values_come_in_parts_to_half_of_the_lane_and_whole_beyond() {
    const SIZE: usize = 3_000_000;
    let (_database, db) = prepared(|options| options.pool_max = 4).await;
    let sql = format!("select 1, null, 'x', repeat('a', {SIZE})");
    for round in 0..3 {
        let ask = async || db.request_in_parts(Lane::Api, &transaction(&sql, &[])).await.unwrap();
        let ((before, first), (_, second), (after, third)) = (ask().await, ask().await, ask().await);
        let row = &before.rows[0];
        assert_eq!((row.int(0), row.text(1), row.text(2), row.bytes(3)), (Some(1), None, Some("x"), None));
        let (first, second) = (first.expect("in parts"), second.expect("in parts"));
        assert_eq!(first.len(), SIZE);
        assert!(third.is_none(), "two read already");
        assert_eq!(after.rows[0].bytes(3).map(|bytes| bytes.len()), Some(SIZE));
        assert_eq!(read(first).await, SIZE);
        if round == 1 {
            // Whoever stops reading gives the connection back.
            drop(second);
        } else {
            assert_eq!(read(second).await, SIZE);
        }
        while db.stats().available < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let (small, value) = db.request_in_parts(Lane::Api, &transaction("select 1, 'small'", &[])).await.unwrap();
    assert!(value.is_none() && small.rows[0].text(1) == Some("small"));
}

#[tokio::test]
async fn the_first_error_wins_and_nothing_is_kept() {
    let (database, db) = prepared(|_| {}).await;
    let wrong_role = [("role", "nobody_knows_me")];
    let transaction_ = RequestTransaction {
        role: "nobody_knows_me",
        settings: &wrong_role,
        ..transaction("insert into test.notes values (1, 'a')", &[])
    };
    let error = db.request(Lane::Api, &transaction_).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("22023"), "{error}");
    let failing_pre_request = RequestTransaction {
        pre_request: Some("do $$ begin raise exception 'no' using errcode = 'PT418'; end $$"),
        ..transaction("insert into test.notes values (1, 'a')", &[])
    };
    let error = db.request(Lane::Api, &failing_pre_request).await.unwrap_err();
    assert_eq!((error.sqlstate(), error.server().unwrap().message.as_str()), (Some("PT418"), "no"));
    assert_eq!(run(&db, "select 1/0").await.unwrap_err().sqlstate(), Some("22012"));
    assert_eq!(notes(&database).await, 0);
    assert_eq!(value(&db, "select 1").await, "1");
}

#[tokio::test]
async fn error_fields_are_the_servers() {
    let (_database, db) = prepared(|_| {}).await;
    let sql = "insert into test.notes values (1, 'a'), (1, 'b')";
    let error = run(&db, sql).await.unwrap_err();
    let error = error.server().unwrap();
    assert_eq!(error.code, "23505");
    assert_eq!(error.detail.as_deref(), Some("Key (id)=(1) already exists."));
    assert_eq!(error.constraint.as_deref(), Some("notes_pkey"));
    assert_eq!((error.schema.as_deref(), error.table.as_deref()), (Some("test"), Some("notes")));
}

#[tokio::test]
async fn deferred_constraints_show_at_every_end() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    let sql = "insert into test.notes values (1, 'same'), (2, 'same')";
    let ends: [TransactionEnd<'_>; 4] = [
        TransactionEnd::Commit,
        TransactionEnd::Rollback,
        TransactionEnd::Decide(&|_| Decision::Commit),
        TransactionEnd::Decide(&|_| Decision::Rollback),
    ];
    for end in ends {
        let error = db.request(Lane::Api, &RequestTransaction { end, ..transaction(sql, &[]) }).await.unwrap_err();
        assert_eq!(error.sqlstate(), Some("23505"));
        assert_eq!(value(&db, "select 1").await, "1");
    }
    assert_eq!(notes(&database).await, 0);
}

#[tokio::test]
async fn the_result_may_decide() {
    let (database, db) = prepared(|_| {}).await;
    let insert = |id: i32| format!("insert into test.notes values ({id}, '{id}') returning id");
    let keep_even = |result: &RequestResult| match result.rows[0].int(0) {
        Some(id) if id % 2 == 0 => Decision::Commit,
        _ => Decision::Abort,
    };
    for id in 1..=4 {
        let sql = insert(id);
        let transaction = RequestTransaction { end: TransactionEnd::Decide(&keep_even), ..transaction(&sql, &[]) };
        assert_eq!(db.request(Lane::Api, &transaction).await.unwrap().rows[0].int(0), Some(i64::from(id)));
    }
    assert_eq!(notes(&database).await, 2);
    let sql = insert(9);
    let rolled_back = RequestTransaction { end: TransactionEnd::Rollback, ..transaction(&sql, &[]) };
    assert_eq!(db.request(Lane::Api, &rolled_back).await.unwrap().rows[0].int(0), Some(9));
    assert_eq!(notes(&database).await, 2);
}

#[tokio::test]
async fn access_and_isolation_are_as_asked() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    let sql = "select current_setting('transaction_read_only') || ' ' || current_setting('transaction_isolation')";
    for (access, isolation, expected) in [
        (AccessMode::ReadOnly, IsolationLevel::ReadCommitted, "on read committed"),
        (AccessMode::ReadWrite, IsolationLevel::ReadCommitted, "off read committed"),
        (AccessMode::ReadOnly, IsolationLevel::RepeatableRead, "on repeatable read"),
        (AccessMode::ReadWrite, IsolationLevel::Serializable, "off serializable"),
    ] {
        let transaction = RequestTransaction { access, isolation, ..transaction(sql, &[]) };
        assert_eq!(db.request(Lane::Api, &transaction).await.unwrap().rows[0].text(0), Some(expected));
    }
    let write = RequestTransaction {
        access: AccessMode::ReadOnly,
        ..transaction("insert into test.notes values (1, 'a')", &[])
    };
    assert_eq!(db.request(Lane::Api, &write).await.unwrap_err().sqlstate(), Some("25006"));
    assert_eq!(notes(&database).await, 0);
}

#[tokio::test]
async fn session_defaults_do_not_leak_in() {
    let (database, _) = prepared(|_| {}).await;
    let name = database.name();
    database
        .execute(&format!(
            "alter database {name} set default_transaction_isolation = 'serializable';
             alter database {name} set default_transaction_read_only = on"
        ))
        .await;
    let db = super::open(database.authenticator_url(), |_| {});
    assert_eq!(value(&db, "select current_setting('transaction_isolation')").await, "read committed");
    assert_eq!(value(&db, "select current_setting('transaction_read_only')").await, "off");
}

#[tokio::test]
async fn a_dropped_future_leaks_no_transaction() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    for round in 0..20 {
        let sql = format!("insert into test.notes values ({round}, '{round}') returning pg_sleep(0.01)");
        let decide: TransactionEnd<'_> = TransactionEnd::Decide(&|_| Decision::Commit);
        let end = if round % 2 == 0 { TransactionEnd::Commit } else { decide };
        let transaction = RequestTransaction { end, ..transaction(&sql, &[]) };
        let future = db.request(Lane::Api, &transaction);
        let polled = tokio::time::timeout(std::time::Duration::from_millis(round), future).await;
        drop(polled);
        // The single connection comes back in a clean state.
        assert_eq!(value(&db, "select current_setting('transaction_isolation')").await, "read committed");
    }
    let client = database.connect().await;
    let open = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'";
    assert_eq!(client.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn statements_are_named_at_second_sight_per_role_and_bounded() {
    let (_database, db) = prepared(|options| {
        options.pool_max = 1;
        options.statement_cache_size = 8;
    })
    .await;
    let count = "select count(*) from pg_prepared_statements where statement like '%/* mine */%'";
    let mine = "select 1 /* mine */";
    let mut seen = Vec::new();
    for _ in 0..3 {
        run(&db, mine).await.unwrap();
        seen.push(value(&db, count).await);
    }
    // The counting statement has the marker in its own text once it is named itself, at its second use.
    assert_eq!(seen, ["0", "2", "2"]);
    for number in 0..50 {
        let sql = format!("select {number} /* many */");
        run(&db, &sql).await.unwrap();
        run(&db, &sql).await.unwrap();
    }
    let all: i64 = value(&db, "select count(*) from pg_prepared_statements").await.parse().unwrap();
    assert!((3..=8 + 4).contains(&all), "{all} statements");
    db.stop_naming_statements();
    let left: i64 = value(&db, "select count(*) from pg_prepared_statements").await.parse().unwrap();
    assert!(left <= 4, "{left} statements after forgetting");
}

#[tokio::test]
async fn named_statements_live_through_changes_of_the_schema() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    let all = "select * from test.notes where id = 1";
    database.execute("insert into test.notes values (1, 'a')").await;
    let columns = async || run(&db, all).await.unwrap().rows[0].len();
    for _ in 0..3 {
        assert_eq!(columns().await, 2);
    }
    // Other columns: the server refuses the plan, in whatever language it speaks.
    database.execute("alter table test.notes add column more int").await;
    assert_eq!((columns().await, columns().await, columns().await), (3, 3, 3));
    database.execute("alter table test.notes alter column more type text, drop column body").await;
    assert_eq!(columns().await, 2);
    // Another table of the same name.
    let again = "drop table test.notes; create table test.notes as select 1 as id, 2 as a, 3 as b, 4 as c;
                 grant select on test.notes to web_anon";
    database.execute(again).await;
    assert_eq!(columns().await, 4);
    let error = run(&db, "select 1 from test.nowhere").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("42P01"));
}

#[tokio::test]
async fn lost_statements_are_prepared_again() {
    let (_database, db) = prepared(|options| options.pool_max = 1).await;
    for _ in 0..3 {
        assert_eq!(value(&db, "select 7").await, "7");
    }
    run(&db, "deallocate all").await.unwrap();
    assert_eq!(value(&db, "select 7").await, "7");
}

#[tokio::test]
async fn text_that_cannot_be_sent_is_refused_and_the_connection_lives() {
    let (_database, db) = prepared(|options| options.pool_max = 1).await;
    let error = run(&db, "select 'a\0b'").await.unwrap_err();
    assert!(matches!(error, civic_os::db::DbError::Encode(_)), "{error}");
    let params = [Param::unknown("a\0b")];
    let error = db.request(Lane::Api, &transaction("select $1::text", &params)).await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("22021"));
    assert_eq!(value(&db, "select 1").await, "1");
}

#[tokio::test]
async fn warnings_are_handed_over() {
    let (_database, db) = prepared(|_| {}).await;
    let sql = "do $$ begin raise warning 'look'; raise notice 'do not'; end $$";
    let result = run(&db, sql).await.unwrap();
    let messages: Vec<_> = result.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(messages, ["look"]);
    assert_eq!(SETTINGS.len(), 3);
}
