//! What the pages of the web client add to the core: editors, jobs, health, aggregates.

use super::caller::{Door, Who, anna, carla};
use crate::support::TestDatabase;

#[tokio::test]
async fn administrators_edit_rules_texts_and_roles_and_nobody_else() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(&Who::Owner, "create table items (id int primary key, n int constraint n_positive check (n > 0))")
        .await;

    let save = "select save_validation('items', 'n', 'min', '1', 'At least one.', 2)";
    door.run_as(&carla(), save).await;
    door.run_as(&carla(), "select save_validation('items', 'n', 'min', '5', 'At least five.')").await;
    let rules = "select validation_value || ' ' || error_message from metadata.validations where table_name = 'items'";
    assert_eq!(door.values(&anna(), rules).await, ["5 At least five."]);
    assert_eq!(door.value(&carla(), "select delete_validation('items', 'n', 'min')").await, "t");
    assert_eq!(door.value(&carla(), "select delete_validation('items', 'n', 'min')").await, "f");

    let constraints = "select constraint_name || ' ' || kind || ' ' || coalesce(error_message, '-')
                       from get_table_constraints() where table_name = 'items'";
    assert_eq!(door.values(&carla(), constraints).await, ["n_positive check -"]);
    door.run_as(&carla(), "select save_constraint_message('n_positive', 'items', 'n', ' More, please. ')").await;
    assert_eq!(door.values(&carla(), constraints).await, ["n_positive check More, please."]);
    door.run_as(&carla(), "select save_constraint_message('n_positive', 'items', 'n', '')").await;
    assert_eq!(door.values(&carla(), constraints).await, ["n_positive check -"]);

    door.run_as(&carla(), "select create_role('inspector', 'x')").await;
    let role = "(select id from metadata.roles where display_name = 'inspector')";
    assert_eq!(door.value(&carla(), &format!("select update_role({role}, 'Looks at things')")).await, "t");
    assert_eq!(
        door.value(&anna(), "select description from metadata.roles where display_name = 'inspector'").await,
        "Looks at things"
    );
    assert_eq!(door.value(&carla(), &format!("select delete_role({role})")).await, "t");
    let admin = "select delete_role((select id from metadata.roles where display_name = 'admin'))";
    assert_eq!(door.refused(&carla(), admin).await, "P0001");

    for call in [
        save,
        "select delete_validation('items', 'n', 'min')",
        "select save_constraint_message('n_positive', 'items', 'n', 'x')",
        "select * from get_table_constraints()",
        "select update_role(1::smallint, 'x')",
        "select delete_role(1::smallint)",
        "select retry_job(1)",
        "select cancel_job(1)",
        "select system_health()",
    ] {
        assert_eq!(door.refused(&anna(), call).await, "42501", "{call}");
        assert_eq!(door.refused(&Who::Anonymous, call).await, "42501", "{call}");
    }
}

#[tokio::test]
async fn administrators_retry_and_cancel_jobs() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(
        &Who::Owner,
        "insert into metadata.river_job (id, state, attempt, max_attempts, args, kind, finalized_at) values
           (901, 'discarded', 3, 3, '{}', 'x', now()), (902, 'running', 1, 3, '{}', 'x', null),
           (903, 'available', 0, 3, '{}', 'x', null)",
    )
    .await;
    assert_eq!(door.value(&carla(), "select retry_job(901)").await, "t");
    let job = "select state::text || ' ' || max_attempts || ' ' || (finalized_at is null)::text
               from metadata.river_job where id = 901";
    assert_eq!(door.value(&carla(), job).await, "available 4 true");
    assert_eq!(door.value(&carla(), "select retry_job(902)").await, "f", "somebody works on it");
    assert_eq!(door.value(&carla(), "select retry_job(999)").await, "f");
    assert_eq!(door.value(&carla(), "select cancel_job(902)").await, "f");
    assert_eq!(door.value(&carla(), "select cancel_job(903)").await, "t");
    assert_eq!(door.value(&carla(), "select system_health() -> 'jobs' ->> 'cancelled'").await, "1");
    assert_eq!(door.value(&carla(), "select (system_health() -> 'database' ->> 'size_bytes')::bigint > 0").await, "t");
}

#[tokio::test]
async fn aggregates_follow_the_callers_rights() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(
        &Who::Owner,
        "create table sales (id int primary key, kind text, amount money, day date, secret boolean);
         insert into sales values (1, 'a', 10, '2026-01-05', false), (2, 'b', 5, '2026-01-20', false),
           (3, 'a', 2.5, '2026-02-01', false), (4, 'a', 100, '2026-02-02', true);
         alter table sales enable row level security;
         create policy open_ones on sales for select to authenticated using (not secret);
         grant select on sales to authenticated",
    )
    .await;
    let of = async |call: &str| door.value(&anna(), &format!("select aggregate_rows({call})")).await;
    assert_eq!(of("'sales', 'kind'").await, r#"[{"key": "a", "value": 2}, {"key": "b", "value": 1}]"#);
    assert_eq!(
        of("'sales', 'kind', 'sum', 'amount'").await,
        r#"[{"key": "a", "value": 12.50}, {"key": "b", "value": 5.00}]"#
    );
    assert_eq!(
        of("'sales', 'day', 'count', null, 'month'").await,
        r#"[{"key": "2026-01-01", "value": 2}, {"key": "2026-02-01", "value": 1}]"#
    );
    let filters = |list: &str| format!("'sales', 'kind', p_filters => '{list}'");
    for (list, expected) in [
        (r#"[{"column":"id","operator":"gte","value":2}]"#, "2"),
        (r#"[{"column":"kind","operator":"in","value":["b"]}]"#, "1"),
        (r#"[{"column":"id","operator":"in","value":"(1,3)"}]"#, "1"),
        (r#"[{"column":"kind","operator":"ilike","value":"A*"}]"#, "1"),
        (r#"[{"column":"secret","operator":"is","value":"true"}]"#, "0"),
        (r#"[{"column":"kind","operator":"neq","value":"a''; drop table sales --"}]"#, "2"),
    ] {
        let call = format!("select jsonb_array_length(aggregate_rows({}))", filters(list));
        assert_eq!(door.value(&anna(), &call).await, expected, "{list}");
    }
    let refused = async |call: &str| door.refused(&anna(), &format!("select aggregate_rows({call})")).await;
    assert_eq!(refused("'sales', 'nothing'").await, "42703");
    assert_eq!(refused("'sales', 'kind', 'string_agg', 'kind'").await, "22023");
    assert_eq!(refused(&filters(r#"[{"column":"kind","operator":"or","value":"1"}]"#)).await, "22023");
    assert_eq!(refused("'sales', 'day', 'count', null, 'minute'").await, "22023");
    assert_eq!(door.refused(&Who::Anonymous, "select aggregate_rows('sales', 'kind')").await, "42501");
}

#[tokio::test]
async fn many_records_change_together_or_not_at_all() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(
        &Who::Owner,
        "create table things (id int primary key, name varchar(9) not null constraint short check (length(name) < 6),
           price numeric, kept boolean default false, made timestamptz default '2026-01-01');
         insert into things (id, name, kept) values (1, 'a', false), (2, 'b', false), (3, 'c', true);
         alter table things enable row level security;
         create policy all_are_seen on things for select to authenticated using (true);
         create policy kept_ones_stay on things for update to authenticated using (not kept);
         grant select, update (id, name, price) on things to authenticated",
    )
    .await;
    let call = |rows: &str| format!("select update_rows('things', 'id', '{rows}')");
    let state = "select string_agg(concat_ws(' ', id, name, price), ', ' order by id) from things";
    let rows = r#"[{"id": 1, "name": "one"}, {"id": "2", "price": 1.50, "name": "two"}]"#;
    assert_eq!(door.value(&anna(), &call(rows)).await, "2");
    assert_eq!(door.value(&anna(), state).await, "1 one, 2 two 1.50, 3 c");

    for (rows, code, row) in [
        (r#"[{"id": 1, "name": "x"}, {"id": 2, "name": "too long"}]"#, "23514", 2),
        (r#"[{"id": 1, "name": "x"}, {"id": 2, "name": null}]"#, "23502", 2),
        (r#"[{"id": 1, "name": "x"}, {"id": 9, "name": "y"}]"#, "PT404", 2),
        // What row security keeps from being changed is no record to be changed.
        (r#"[{"id": 3, "name": "x"}]"#, "PT404", 1),
        (r#"[{"id": 1, "name": "x"}, {"id": 2, "kept": true}]"#, "42501", 2),
        (r#"[{"id": 1, "nothing": 1}]"#, "42703", 1),
        (r#"[{"name": "x"}]"#, "42703", 1),
        (r#"[{"id": "x", "name": "x"}]"#, "22P02", 1),
    ] {
        let refusal = door.refusal(&anna(), &call(rows)).await;
        assert_eq!((refusal.code.as_str(), refusal.hint), (code, Some(format!("row {row}"))), "{rows}");
        assert_eq!(door.value(&anna(), state).await, "1 one, 2 two 1.50, 3 c", "{rows}");
    }
    let injected = r#"[{"id": 1, "name = 1 --": "x"}]"#;
    assert_eq!(door.refused(&anna(), &call(injected)).await, "42703");
    let elsewhere = r#"select update_rows('pg_class', 'oid', '[{"oid": 1}]')"#;
    assert_eq!(door.refused(&anna(), elsewhere).await, "42703");
    assert_eq!(door.refused(&Who::Anonymous, &call("[]")).await, "42501");
}
