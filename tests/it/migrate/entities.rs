//! Domains, timestamps, configuration of entities and properties, schema views, statuses, dashboards, settings.

use super::caller::{ANNA, Door, Who, anna, bert, carla};
use crate::support::TestDatabase;

#[tokio::test]
async fn domains_check_their_texts() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (value, domain) in [("#12ab", "hex_color"), ("x@y", "email_address"), ("555-0100", "phone_number")] {
        let refusal = door.refusal(&Who::Owner, &format!("select '{value}'::{domain}")).await;
        assert_eq!(refusal.code, "23514", "{domain}");
        assert_eq!(refusal.message, format!("value for domain {domain} violates check constraint \"{domain}_check\""));
    }
    for (value, domain) in
        [("#A1b2C3", "hex_color"), ("A.b+c@d-e.Org", "email_address"), ("5550100123", "phone_number")]
    {
        assert_eq!(door.value(&Who::Owner, &format!("select '{value}'::{domain}")).await, value);
    }
    assert_eq!(door.refused(&Who::Owner, "select '[2030-01-02,2030-01-01)'::time_slot").await, "22000");
    door.run_as(&Who::Owner, "create table t (id int, c hex_color, e email_address); insert into t (id) values (1)")
        .await;
    assert_eq!(
        door.value(&Who::Owner, "select c || coalesce(e, '-') from t").await,
        "#3B82F6-",
        "a default of the domain"
    );
}

#[tokio::test]
async fn timestamps_and_identifiers_are_the_servers() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(
        &Who::Owner,
        "create table t (id int, created_at timestamptz, updated_at timestamptz);
         create trigger set_created_at_trigger before insert on t for each row execute function set_created_at();
         create trigger set_updated_at_trigger before insert or update on t for each row execute function set_updated_at();
         insert into t values (1, '2000-01-01', '2000-01-01')",
    )
    .await;
    assert_eq!(
        door.value(&Who::Owner, "select created_at = updated_at and created_at > now() - interval '1 minute' from t")
            .await,
        "t"
    );
    door.run_as(&Who::Owner, "update t set created_at = '2000-01-01', updated_at = '2000-01-01'").await;
    assert_eq!(
        door.value(&Who::Owner, "select created_at < updated_at from t").await,
        "t",
        "only updated_at is forced"
    );

    let id = door.value(&Who::Owner, "select uuid_generate_v7()").await;
    assert_eq!((id.as_bytes()[14], "89ab".contains(id.as_bytes()[19] as char)), (b'7', true), "{id}");
    let milliseconds = i64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
    let now: i64 =
        door.value(&Who::Owner, "select floor(extract(epoch from clock_timestamp()) * 1000)").await.parse().unwrap();
    assert!((now - milliseconds).abs() < 60_000, "{id}");
    let sorted = "select bool_and(a < b) from (select uuid_generate_v7() a, pg_sleep(0.002), uuid_generate_v7() b from generate_series(1, 5)) t";
    assert_eq!(door.value(&Who::Owner, sorted).await, "t", "wall clock, not transaction time");
}

#[tokio::test]
async fn entities_and_properties_are_configured_by_admins() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let calls = [
        "select upsert_entity_metadata('t', 'T', 'A table', 3)",
        "select update_entity_sort_order('t', 4)",
        "select upsert_property_metadata('t', 'c', 'C', null, 1, 2, true, true, null, null, false, true)",
        "select update_property_sort_order('t', 'id', 7)",
    ];
    for call in calls {
        assert_eq!(door.refused_with(&anna(), call).await, "Admin access required", "{call}");
        assert_eq!(door.refused(&Who::Anonymous, call).await, "42501", "{call}");
    }
    for call in calls {
        door.run_as(&carla(), call).await;
    }
    assert_eq!(
        door.value(&Who::Anonymous, "select concat_ws('|', display_name, description, sort_order, show_map, payment_capture_mode) from metadata.entities").await,
        "T|A table|4|f|immediate"
    );
    door.run_as(&carla(), "select upsert_entity_metadata('t', 'T', null, 4, array['a'])").await;
    door.run_as(&carla(), "select upsert_entity_metadata('t', null, null, 4)").await;
    assert_eq!(
        door.value(&Who::Owner, "select concat_ws('|', display_name, search_fields) from metadata.entities").await,
        "{a}",
        "everything is overwritten, search fields are kept"
    );
    let both = "select upsert_entity_metadata('t', 'T', null, 1, null, true, 'p', true, 's')";
    assert_eq!(
        door.refused_with(&carla(), both).await,
        "new row for relation \"entities\" violates check constraint \"calendar_or_map_not_both\""
    );
    assert_eq!(
        door.value(&Who::Owner, "select concat_ws('|', sort_order, filterable, show_on_list, show_on_create, show_on_edit, show_on_detail) from metadata.properties where column_name = 'id'").await,
        "7|f|f|f|f|f",
        "ordering does not reveal a system column"
    );
    door.run_as(&Who::Owner, "update metadata.properties set status_entity_type = 'x' where column_name = 'c'").await;
    door.run_as(
        &carla(),
        "select upsert_property_metadata('t', 'c', 'D', null, 1, 2, null, null, null, null, null, null)",
    )
    .await;
    door.run_as(&carla(), "select update_property_sort_order('t', 'c', 9)").await;
    assert_eq!(
        door.value(&Who::Owner, "select concat_ws('|', display_name, sort_order, status_entity_type, show_on_list) from metadata.properties where column_name = 'c'").await,
        "D|9|x"
    );

    // "Everyone can read entities", "Admins can insert entities", "Admins can update entities", "Admins can delete entities"
    door.run_as(&carla(), "insert into metadata.entities (table_name) values ('u')").await;
    door.run_as(&carla(), "update metadata.entities set display_name = 'U' where table_name = 'u'").await;
    assert_eq!(door.refused(&carla(), "delete from metadata.entities").await, "42501", "no privilege");
    assert_eq!(door.refused(&anna(), "insert into metadata.entities (table_name) values ('v')").await, "42501");
    let nothing =
        "with changed as (update metadata.entities set display_name = 'x' returning 1) select count(*) from changed";
    assert_eq!(door.value(&anna(), nothing).await, "0");
    for table in ["properties", "validations", "constraint_messages"] {
        assert_eq!(door.refused(&carla(), &format!("delete from metadata.{table}")).await, "42501", "{table}");
    }
    door.run_as(&Who::Owner, "insert into metadata.constraint_messages (constraint_name, table_name, error_message) values ('k', 't', 'No.')").await;
    assert_eq!(
        door.value(
            &Who::Anonymous,
            "select concat_ws('|', constraint_name, table_name, error_message) from constraint_messages"
        )
        .await,
        "k|t|No."
    );
    assert_eq!(door.refused(&carla(), "insert into constraint_messages values ('a', 'b', 'c', 'd')").await, "42501");
}

const SHOP: &str = "
    create table shops (id serial primary key, code text unique);
    create table items (
      id bigint generated always as identity primary key,
      civic_os_text_search tsvector generated always as (to_tsvector('simple', name)) stored,
      name varchar(40) not null default 'x',
      color hex_color,
      \"straße_name\" text,
      price money,
      slot time_slot,
      tags text[],
      state metadata.permission,
      shop_id int constraint items_shop references shops,
      owner_id uuid references metadata.civic_os_users (id),
      place postgis.geography(Point, 4326),
      area postgis.geometry,
      created_at timestamptz not null default now()
    );
    create table pairs (a int, b int, primary key (a, b));
    create table pair_uses (a int, b int, shop_code text constraint items_shop references shops (code),
      foreign key (a, b) references pairs (a, b));
    create table hidden (id int);
    create table logs (id int, at date, primary key (id, at)) partition by range (at);
    create view shown as select 1 as one;
    grant select on shops, items, shown, pair_uses, pairs, logs to web_anon, authenticated;
    grant insert (name) on hidden to authenticated;
    insert into metadata.entities (table_name, display_name, sort_order, plural_name) values ('shops', 'Shop', -1, 'Shops');
    insert into metadata.properties (table_name, column_name, display_name, form_group) values ('items', 'name', 'Title', 'Main');
    insert into metadata.validations (table_name, column_name, validation_type, validation_value, error_message, sort_order)
      values ('items', 'name', 'maxLength', '40', 'Too long', 2), ('items', 'name', 'required', null, 'Needed', 1);
    insert into metadata.permissions (table_name, permission) values ('items', 'read'), ('items', 'create');
    insert into metadata.permission_roles select p.id, r.id from metadata.permissions p, metadata.roles r
      where p.table_name = 'items' and r.display_name = 'user';";

#[tokio::test]
async fn schema_views_show_what_the_caller_may_see() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let mut shop = SHOP.replace("grant insert (name) on hidden", "grant insert (id) on hidden");
    let has_postgis = door.value(&Who::Owner, "select to_regtype('postgis.geography') is not null").await == "t";
    if !has_postgis {
        shop = shop.replace("place postgis.geography(Point, 4326),", "").replace("area postgis.geometry,", "");
    }
    door.run_as(&Who::Owner, &shop).await;
    let tables = "select string_agg(table_name, ',') from schema_entities";
    assert_eq!(
        door.value(&Who::Anonymous, tables).await,
        "shops,items,logs,pair_uses,pairs",
        "base tables with a privilege, in menu order"
    );
    assert_eq!(
        door.value(&anna(), tables).await,
        "shops,hidden,items,logs,pair_uses,pairs",
        "a column privilege is one"
    );
    assert_eq!(
        door.value(&anna(), "select concat_ws('|', display_name, sort_order, show_map, insert, \"select\", update, delete, payment_capture_mode, plural_name) from schema_entities where table_name = 'items'").await,
        "items|0|f|t|t|f|f"
    );
    assert_eq!(
        door.value(&Who::Anonymous, "select concat_ws('|', display_name, sort_order, insert, payment_capture_mode, plural_name) from schema_entities where table_name = 'shops'").await,
        "Shop|-1|f|immediate|Shops"
    );
    let column = async |name: &str, what: &str| {
        door.value(&anna(), &format!("select concat_ws('|', {what}) from schema_properties where table_name = 'items' and column_name = '{name}'")).await
    };
    let shape = "display_name, data_type, udt_schema, udt_name, character_maximum_length, is_nullable, column_default, is_identity, is_generated";
    assert_eq!(column("id", shape).await, "Id|bigint|pg_catalog|int8|f|t|f");
    assert_eq!(
        column("name", shape).await,
        "Title|character varying|pg_catalog|varchar|40|f|'x'::character varying|f|f"
    );
    assert_eq!(
        column("color", shape).await,
        "Color|character varying|pg_catalog|hex_color|7|t|f|f",
        "the domain's name"
    );
    assert_eq!(column("straße_name", "display_name").await, "Straße Name");
    assert_eq!(column("slot", shape).await, "Slot|tstzrange|pg_catalog|time_slot|t|f|f");
    assert_eq!(column("tags", "data_type, udt_name").await, "ARRAY|_text");
    assert_eq!(column("state", "data_type, udt_schema, udt_name").await, "USER-DEFINED|metadata|permission");
    assert_eq!(
        column("civic_os_text_search", "is_generated, show_on_list, show_on_detail, column_default").await,
        "t|f|f"
    );
    assert_eq!(column("created_at", "show_on_list, show_on_create, show_on_edit, show_on_detail").await, "f|f|f|t");
    assert_eq!(
        column("price", "sortable, filterable, show_on_list, is_self_referencing, is_updatable").await,
        "t|f|t|f|t"
    );
    assert_eq!(column("shop_id", "join_schema, join_table, join_column").await, "public|shops|id");
    assert_eq!(column("owner_id", "join_schema, join_table, join_column").await, "metadata|civic_os_users|id");
    if has_postgis {
        assert_eq!(column("place", "geography_type, udt_schema, udt_name").await, "Point|postgis|geography");
        assert_eq!(column("area", "coalesce(geography_type, '-')").await, "-");
    }
    assert_eq!(
        column("name", "validation_rules, form_group").await,
        r#"[{"type": "required", "value": null, "message": "Needed"}, {"type": "maxLength", "value": "40", "message": "Too long"}]|Main"#
    );
    assert_eq!(column("color", "validation_rules").await, "[]");
    assert_eq!(
        door.value(&Who::Anonymous, "select count(*) from schema_properties where table_name = 'hidden'").await,
        "0"
    );
    assert_eq!(
        door.value(&anna(), "select count(*) from schema_properties where table_name = 'shown'").await,
        "0",
        "views are no entities"
    );

    // D-27
    let relations = "select string_agg(concat_ws(' ', src_table, src_column, constraint_name, join_table, join_column), ', ' order by src_table, src_column) from schema_relations_func() where src_schema = 'public'";
    assert_eq!(
        door.value(&Who::Anonymous, relations).await,
        "items owner_id civic_os_users_pkey civic_os_users id, items shop_id shops_pkey shops id, \
         pair_uses a pairs_pkey pairs a, pair_uses b pairs_pkey pairs b, pair_uses shop_code shops_code_key shops code"
    );
}

#[tokio::test]
async fn cache_versions_change_with_what_they_stand_for() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let all =
        async || door.values(&Who::Anonymous, "select cache_name || ' ' || version from schema_cache_versions").await;
    let changed = async |sql: &str| {
        let before = all().await;
        door.run_as(&Who::Owner, sql).await;
        let after = all().await;
        before
            .iter()
            .zip(&after)
            .filter(|(a, b)| a != b)
            .map(|(a, _)| a.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        door.values(&Who::Anonymous, "select cache_name from schema_cache_versions").await,
        ["entities", "properties", "constraint_messages", "statuses"],
        "D-07"
    );
    assert_eq!(
        door.value(
            &Who::Anonymous,
            "select last_updated = '1970-01-01 00:00+00' from schema_cache_versions where cache_name = 'statuses'"
        )
        .await,
        "t"
    );
    assert_eq!(changed("insert into metadata.entities (table_name) values ('t')").await, ["entities"]);
    assert_eq!(changed("insert into metadata.validations (table_name, column_name, validation_type, error_message) values ('t', 'c', 'min', 'm')").await, ["entities", "properties"]);
    assert_eq!(changed("delete from metadata.validations").await, ["entities", "properties"], "a deletion shows");
    assert_eq!(changed("insert into metadata.constraint_messages (constraint_name, table_name, error_message) values ('k', 't', 'm')").await, ["constraint_messages"]);
    assert_eq!(changed("insert into metadata.status_types (entity_type) values ('s')").await, ["statuses"]);
    assert_eq!(
        changed("update metadata.permission_roles set role_id = role_id").await,
        ["entities"],
        "rights are part of entities"
    );
}

#[tokio::test]
async fn statuses_belong_to_categories() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    // status_types_insert, statuses_insert
    let insert = "insert into metadata.status_types (entity_type, description) values ('request', 'R'), ('order', 'O');
        insert into metadata.statuses (entity_type, display_name, sort_order, is_initial) values
          ('request', 'Open', 1, true), ('request', 'Done', 2, false), ('order', 'New', 1, false)";
    assert_eq!(door.refused(&anna(), insert).await, "42501");
    assert_eq!(door.refused(&Who::Anonymous, insert).await, "42501");
    door.run_as(&carla(), insert).await;
    assert_eq!(
        door.value(&Who::Owner, "select id || color from metadata.statuses where display_name = 'Open'").await,
        "1#3B82F6",
        "ids start at 1"
    );
    assert_eq!(door.value(&Who::Anonymous, "select get_initial_status('request')").await, "1");
    assert_eq!(door.value(&Who::Anonymous, "select get_initial_status('order')").await, "");
    assert_eq!(
        door.values(&Who::Anonymous, "select display_name from get_statuses_for_entity('request')").await,
        ["Open", "Done"]
    );
    assert_eq!(
        door.values(
            &anna(),
            "select concat_ws('|', entity_type, description, status_count) from get_status_entity_types()"
        )
        .await,
        ["order|O|1", "request|R|2"]
    );
    assert_eq!(door.refused(&Who::Anonymous, "select get_status_entity_types()").await, "42501");
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from statuses").await, "3");
    // status_types_select, statuses_select
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.status_types").await, "2");
    assert_eq!(door.refused(&carla(), "delete from statuses").await, "42501", "the view is for reading");
    let second = "insert into metadata.statuses (entity_type, display_name, is_initial) values ('request', 'X', true)";
    assert_eq!(door.refused(&carla(), second).await, "23505", "one initial status");
    // statuses_update, statuses_delete, status_types_update, status_types_delete
    let touched = |table: &str| {
        format!("with t as (update metadata.{table} set description = 'x' returning 1) select count(*) from t")
    };
    for table in ["statuses", "status_types"] {
        assert_eq!(door.value(&anna(), &touched(table)).await, "0", "{table}");
        assert_ne!(door.value(&carla(), &touched(table)).await, "0", "{table}");
        let deleted = format!("with t as (delete from metadata.{table} returning 1) select count(*) from t");
        assert_eq!(door.value(&anna(), &deleted).await, "0", "{table}");
    }
    // set_statuses_updated_at, set_status_types_updated_at
    assert_eq!(door.value(&Who::Owner, "select bool_and(updated_at > created_at) from metadata.statuses").await, "t");
    assert_eq!(
        door.value(&Who::Owner, "select bool_and(updated_at > created_at) from metadata.status_types").await,
        "t"
    );

    door.run_as(
        &Who::Owner,
        "create table requests (id int, status_id int default get_initial_status('request') references metadata.statuses);
         create trigger check_status before insert or update on requests for each row execute function validate_status_entity_type();
         insert into metadata.properties (table_name, column_name, status_entity_type) values ('requests', 'status_id', 'request');
         insert into requests (id) values (1);
         insert into requests values (2, null)",
    )
    .await;
    assert_eq!(
        door.refused_with(&Who::Owner, "insert into requests values (3, 3)").await,
        "Invalid status for column status_id: expected entity_type request, got order"
    );
    assert_eq!(
        door.refused_with(&Who::Owner, "update requests set status_id = 99").await,
        "Invalid status for column status_id: expected entity_type request, got NULL (status not found)"
    );
    door.run_as(&Who::Owner, "drop table requests").await;
    door.run_as(&carla(), "delete from metadata.statuses where display_name = 'Done'").await;
    door.run_as(&carla(), "delete from metadata.status_types").await;
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from metadata.statuses").await,
        "0",
        "deleted with the category"
    );
}

#[tokio::test]
async fn dashboards_are_public_or_ones_own() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    // "Admins can insert dashboards"
    let insert = format!(
        "insert into metadata.dashboards (display_name, is_public, created_by) values ('Anna''s', false, '{ANNA}') returning id"
    );
    assert_eq!(door.refused(&anna(), &insert).await, "42501");
    assert_eq!(door.refused(&Who::Anonymous, &insert).await, "42501");
    // Not 2: the refused attempts took numbers from the sequence.
    let id = door.value(&Who::Owner, &insert).await;
    // "Admins can manage widgets"
    let widget = format!(
        "insert into metadata.dashboard_widgets (dashboard_id, widget_type, config) values ({id}, 'map', '{{}}')"
    );
    let widget = widget.as_str();
    assert_eq!(door.refused(&anna(), widget).await, "42501");
    door.run_as(&carla(), widget).await;
    for bad in
        ["width) values (1, 'map', 3", "height) values (1, 'map', 4", "refresh_interval_seconds) values (1, 'map', -1"]
    {
        let sql = format!("insert into metadata.dashboard_widgets (dashboard_id, widget_type, {bad})");
        assert_eq!(door.refused(&carla(), &sql).await, "23514", "{bad}");
    }
    // "Everyone can read public dashboards", "Users can read own private dashboards"
    let names = "select string_agg(display_name, ',' order by id) from metadata.dashboards";
    assert_eq!(door.value(&Who::Anonymous, names).await, "Welcome");
    assert_eq!(door.value(&anna(), names).await, "Welcome,Anna's");
    assert_eq!(door.value(&carla(), names).await, "Welcome", "not even admins");
    assert_eq!(door.values(&anna(), "select display_name from get_dashboards()").await, ["Anna's", "Welcome"]);
    assert_eq!(door.values(&bert(), "select display_name from get_dashboards()").await, ["Welcome"]);
    // "Everyone can read public dashboard widgets", "Users can read own dashboard widgets"
    let widgets = "select count(*) from metadata.dashboard_widgets";
    assert_eq!(door.value(&Who::Anonymous, widgets).await, "1");
    assert_eq!(door.value(&anna(), widgets).await, "2");

    assert_eq!(door.value(&bert(), &format!("select get_dashboard({id})")).await, "");
    assert_eq!(door.value(&bert(), "select get_dashboard(99)").await, "");
    let own: serde_json::Value =
        serde_json::from_str(&door.value(&anna(), &format!("select get_dashboard({id})")).await).unwrap();
    assert_eq!(
        (own["display_name"].as_str(), own["widgets"][0]["widget_type"].as_str()),
        (Some("Anna's"), Some("map"))
    );
    assert!(own["created_at"].as_str().unwrap().contains('T'), "{own}");
    let keys: Vec<&str> = own.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "display_name",
            "description",
            "is_default",
            "is_public",
            "sort_order",
            "created_by",
            "created_at",
            "updated_at",
            "widgets"
        ]
    );

    // "Users can manage own preferences"
    let prefer = |person: &str| format!("insert into metadata.user_dashboard_preferences values ('{person}', {id})");
    assert_eq!(door.refused(&bert(), &prefer(ANNA)).await, "42501");
    assert_eq!(door.value(&anna(), "select get_user_default_dashboard()").await, "1");
    door.run_as(&anna(), &prefer(ANNA)).await;
    assert_eq!(door.value(&anna(), "select get_user_default_dashboard()").await, id);
    assert_eq!(door.value(&Who::Anonymous, "select get_user_default_dashboard()").await, "1");
    assert_eq!(door.refused(&Who::Anonymous, "select * from metadata.user_dashboard_preferences").await, "42501");
    assert_eq!(door.refused(&anna(), "delete from metadata.user_dashboard_preferences").await, "42501");

    // "Admins can update dashboards", "Admins can delete dashboards"
    let update =
        "with t as (update metadata.dashboards set description = 'x' where id > 0 returning 1) select count(*) from t";
    assert_eq!(door.value(&anna(), update).await, "0");
    assert_eq!(door.value(&carla(), update).await, "1");
    assert_eq!(
        door.refused(&carla(), "insert into metadata.dashboards (display_name, is_default) values ('x', true)").await,
        "23505",
        "one default"
    );
    door.run_as(&carla(), "delete from metadata.dashboards where id = 1").await;
    assert_eq!(door.value(&Who::Owner, widgets).await, "1", "widgets go with it");
    assert_eq!(door.value(&bert(), "select get_user_default_dashboard()").await, "");
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.widget_types where is_active").await, "9");
    assert_eq!(door.refused(&carla(), "delete from metadata.widget_types").await, "42501");
}

#[tokio::test]
async fn settings_and_views_are_personal() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(&anna(), "insert into metadata.user_settings (key, value) values ('theme', '\"dark\"')").await;
    door.run_as(&anna(), "insert into metadata.saved_views (entity, name, query) values ('items', 'Mine', '?a=1')")
        .await;
    door.run_as(
        &anna(),
        "insert into metadata.saved_views (entity, name, query, shared) values ('items', 'Ours', '?b=1', true)",
    )
    .await;
    // "Users manage own settings"
    assert_eq!(door.value(&bert(), "select count(*) from metadata.user_settings").await, "0");
    let foreign = format!("insert into metadata.user_settings (user_id, key, value) values ('{ANNA}', 'x', '1')");
    assert_eq!(door.refused(&bert(), &foreign).await, "42501");
    // "Signed-in people see shared views", "Users manage own views", "Admins can delete shared views"
    assert_eq!(door.values(&bert(), "select name from metadata.saved_views").await, ["Ours"]);
    let delete = "with t as (delete from metadata.saved_views returning 1) select count(*) from t";
    assert_eq!(door.value(&bert(), delete).await, "0");
    assert_eq!(door.value(&carla(), delete).await, "1", "the shared one");
    assert_eq!(door.value(&anna(), delete).await, "1");
    assert_eq!(door.refused(&Who::Anonymous, "select * from metadata.user_settings").await, "42501");
    assert_eq!(door.refused(&Who::Anonymous, "select * from metadata.saved_views").await, "42501");
}
