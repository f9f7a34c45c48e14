//! Facts of the database contract that the other files of this folder do not come across; which test shows which fact is
//! listed in `tests/contract/behaviour.md`.

use super::caller::{ANNA, BERT, Door, Who, anna, bert, carla, heard};
use super::{deploy_all, deploy_to};
use crate::support::TestDatabase;
use civic_os::migrate::{RevertOptions, Silent, dump_interface, revert};
use serde_json::{Value, json};

#[tokio::test]
async fn every_change_tells_the_api_to_read_the_schema_again() {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "02-domains").await.unwrap();
    let mut told = heard(&database, "pgrst").await;
    deploy_to(&database, "04-request-identity").await.unwrap();
    for change in ["03", "04"] {
        assert_eq!(told.recv().await.unwrap(), "reload schema", "{change}");
    }
    let back = RevertOptions { to: "@HEAD^".into(), ..RevertOptions::default() };
    revert(&database.owner_url(), &back, &Silent).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "reload schema");
}

#[tokio::test]
async fn deploying_again_changes_nothing() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let all = "select max(xmin::text::bigint) || ' ' || count(*) from pg_class";
    let (before, rows) = (dump_interface(&database.owner_url()).await.unwrap(), door.value(&Who::Owner, all).await);
    assert_eq!(deploy_all(&database).await.unwrap().deployed.len(), 0);
    assert_eq!(dump_interface(&database.owner_url()).await.unwrap(), before);
    assert_eq!(door.value(&Who::Owner, all).await, rows);
}

#[tokio::test]
async fn role_names_are_matched_letter_by_letter() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let shouting = Who::Person { id: ANNA, name: "Anna", roles: &["Admin", "EDITOR"], more: json!({}) };
    assert_eq!(door.value(&shouting, "select is_admin()").await, "f");
    assert_eq!(door.value(&shouting, "select has_permission('civic_os_users_private', 'read')").await, "f");
    // The table allows a name twice; only create_role does not.
    door.run_as(&Who::Owner, "insert into metadata.roles (display_name) values ('twin'), ('twin')").await;
    let seeds = "select string_agg(id || ' ' || display_name, ',' order by id) from metadata.roles where id < 5 and description <> ''";
    assert_eq!(door.value(&Who::Owner, seeds).await, "1 anonymous,2 user,3 editor,4 admin");
    let held = "select string_agg(distinct r.display_name, ',') from metadata.permission_roles pr join metadata.roles r on r.id = pr.role_id";
    assert_eq!(door.value(&Who::Owner, held).await, "admin,editor", "nothing for user and anonymous");
}

#[tokio::test]
async fn titles_and_numerals_are_no_names() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let dropped = "MR MRS MS MISS DR PROF PROFESSOR REV REVEREND SIR MADAM LORD LADY CAPT CAPTAIN LT LIEUTENANT COL COLONEL \
        GEN GENERAL MAJ MAJOR SGT SERGEANT JR JUNIOR SR SENIOR II III IV V VI VII VIII IX X PHD MD DDS ESQ MBA JD DVM RN LPN \
        1ST 2ND 3RD 4TH 5TH 6TH 7TH 8TH 9TH";
    let words: Vec<String> = dropped.split_whitespace().map(|word| format!("'{word}'")).collect();
    assert_eq!(words.len(), 56);
    let wrong = format!(
        "select word from unnest(array[{}]) word where format_public_display_name('ann ' || lower(word) || '. lee') <> 'Ann L.'
           or format_public_display_name(word || ' ann') <> 'Ann'",
        words.join(", ")
    );
    assert_eq!(door.values(&Who::Owner, &wrong).await, Vec::<String>::new());
}

#[tokio::test]
async fn staff_see_payments_without_seeing_private_names() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.roles (display_name) values ('cashier');
             insert into metadata.permission_roles (permission_id, role_id)
               select p.id, r.id from metadata.permissions p, metadata.roles r
               where p.table_name = 'payment_transactions' and p.permission = 'read' and r.display_name = 'cashier';
             insert into metadata.entities (table_name, display_name) values ('permits', 'Permits');
             insert into payments.transactions (user_id, amount, entity_type, entity_id) values ('{ANNA}', 5, 'permits', '1')"
        ),
    )
    .await;
    let cashier = Who::Person { id: BERT, name: "Bert Other", roles: &["cashier"], more: json!({}) };
    let seen = "select concat_ws('|', user_display_name, coalesce(user_full_name, '-'), coalesce(user_email, '-'), entity_display_name) from payment_transactions";
    assert_eq!(
        door.value(&cashier, seen).await,
        "Anna E.|-|-|Permits",
        "the caller's row security, in an owner's view"
    );
    assert_eq!(door.value(&anna(), seen).await, "Anna E.|Anna Example|anna@example.org|Permits");
}

#[tokio::test]
async fn configuration_has_the_documented_defaults() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(
        &Who::Owner,
        "create table t (id int primary key, \"Zed\" int, a_b int); grant select on t to web_anon, authenticated",
    )
    .await;
    let shown = async |who: &Who, column: &str| {
        door.value(who, &format!("select concat_ws('|', display_name, sort_order, coalesce(column_width, 0), show_on_list, show_on_create, show_on_edit, show_on_detail, coalesce(status_entity_type, '-')) from schema_properties where column_name = '{column}'")).await
    };
    assert_eq!(shown(&Who::Anonymous, "id").await, "Id|1|0|f|f|f|f|-");
    assert_eq!(shown(&Who::Anonymous, "a_b").await, "A B|3|0|t|t|t|t|-");
    // A row that names no flags makes even a system column visible.
    door.run_as(&Who::Owner, "insert into metadata.properties (table_name, column_name, column_width, sort_order, status_entity_type) values ('t', 'id', 2, 9, 's')").await;
    assert_eq!(shown(&Who::Anonymous, "id").await, "Id|9|2|t|t|t|t|s");
    assert_ne!(door.value(&Who::Anonymous, "select count(*) from metadata.properties").await, "0", "everybody reads");
    for domain in ["hex_color", "email_address", "phone_number", "time_slot"] {
        assert_eq!(door.value(&Who::Owner, &format!("select null::{domain}")).await, "", "{domain}");
    }
    assert_eq!(door.value(&Who::Owner, "select 'A@B.ORG'::email_address").await, "A@B.ORG", "case-insensitive");
}

/// What the information schema says is the measure, as the caller sees it.
#[tokio::test]
async fn schema_views_agree_with_the_information_schema() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(
        &Who::Owner,
        "create domain percent as numeric(5, 2) not null check (value >= 0);
         create domain codes as text[];
         create type mood as enum ('a', 'b');
         create type pair as (a int, b int);
         create table \"Kinds\" (
           id int generated by default as identity, n1 smallint, n2 bigint default 7, n3 numeric(10, 2), n4 double precision,
           v1 varchar, v2 varchar(9), c1 char, c2 char(4), b1 bit(3), b2 bit varying(5), x xml, j json, jb jsonb, u uuid default gen_random_uuid(),
           d date default current_date, ts timestamp(3), tz timestamptz not null, i interval, m money, bo boolean default false, by bytea,
           a1 int[], a2 varchar(3)[], o oid, n name, ip inet, r tstzrange, mo mood default 'a', pa pair, pe percent default 1, co codes,
           h hex_color, e email_address, p phone_number, t time_slot, g int generated always as (n1 * 2) stored, primary key (id)
         );
         create table parts (id int, at date) partition by range (at);
         create table parts_1 partition of parts for values from ('2026-01-01') to ('2027-01-01');
         create table mine (id int); create table only_insert (id int, secret text); create table nothing (id int);
         create view v as select 1 as one; create unlogged table fast (id int);
         grant select on \"Kinds\", parts, v, fast to authenticated; grant insert (id) on only_insert to authenticated; grant truncate on mine to authenticated",
    )
    .await;
    for who in [Who::Anonymous, anna()] {
        let tables = "select coalesce(a.table_name, b.table_name) from schema_entities a
            full join (select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE') b using (table_name)
            where a.table_name is null or b.table_name is null";
        assert_eq!(door.values(&who, tables).await, Vec::<String>::new(), "{who:?}");
        let columns = "select concat_ws(' ', table_name, column_name, p.data_type, c.data_type, p.column_default, c.column_default, p.character_maximum_length, c.character_maximum_length)
            from schema_properties p
            full join (
              select c.* from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
              where table_schema = 'public' and table_type = 'BASE TABLE'
            ) c using (table_name, column_name)
            where (p.table_catalog, p.table_schema, p.column_default, p.is_nullable, p.data_type, p.character_maximum_length, p.udt_schema,
                p.udt_name, p.is_self_referencing, p.is_identity, p.is_generated, p.is_updatable, p.sort_order)
              is distinct from (c.table_catalog, c.table_schema, c.column_default, c.is_nullable = 'YES', c.data_type, c.character_maximum_length, c.udt_schema,
                coalesce(c.domain_name, c.udt_name), c.is_self_referencing = 'YES', c.is_identity = 'YES', c.is_generated <> 'NEVER', c.is_updatable = 'YES', c.ordinal_position)";
        assert_eq!(door.values(&who, columns).await, Vec::<String>::new(), "{who:?}");
    }
    assert_eq!(
        door.value(&anna(), "select string_agg(table_name, ',') from schema_entities").await,
        "Kinds,fast,mine,only_insert,parts",
        "capitals first: byte order"
    );
    assert_eq!(door.value(&anna(), "select count(*) from schema_properties where table_name = 'Kinds'").await, "37");
    assert_eq!(
        door.values(&anna(), "select column_name from schema_properties where table_name = 'only_insert'").await,
        ["id"]
    );
}

/// D-27: names that repeat, keys on a bare index, a column with two keys.
#[tokio::test]
async fn relations_are_exact_rows() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(
        &Who::Owner,
        "create schema elsewhere;
         create table elsewhere.projects (id int constraint projects_pkey primary key);
         create table public.projects (id int constraint projects_pkey primary key, code text);
         create unique index projects_code on public.projects (code);
         create table public.tags (id int constraint tags_pkey primary key);
         create table public.uses (
           a int constraint same references public.projects,
           b int constraint other references elsewhere.projects,
           c text constraint bare references public.projects (code),
           d int constraint first references public.projects constraint second references public.tags
         );
         create table public.more_uses (a int constraint same references public.tags);
         grant select on public.uses to web_anon",
    )
    .await;
    let relations = "select concat_ws(' ', src_table, src_column, constraint_schema, constraint_name, join_schema, join_table, join_column)
        from schema_relations_func() where src_table in ('uses', 'more_uses') order by 1";
    assert_eq!(
        door.values(&Who::Anonymous, relations).await,
        [
            "more_uses a public tags_pkey public tags id",
            "uses a public projects_pkey public projects id",
            "uses b elsewhere projects_pkey elsewhere projects id",
            "uses c public projects_code public projects code",
            "uses d public projects_pkey public projects id",
            "uses d public tags_pkey public tags id",
        ]
    );
    let joins = "select concat_ws(' ', column_name, join_schema, join_table) from schema_properties where table_name = 'uses' order by 1";
    assert_eq!(
        door.values(&Who::Anonymous, joins).await,
        ["a public projects", "b elsewhere projects", "c public projects", "d public projects", "d public tags"],
        "a column with two relations appears twice"
    );
}

#[tokio::test]
async fn files_keep_to_their_rules() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let mut told = heard(&database, "upload_url_request").await;
    let id = door.value(&anna(), "select request_upload_url('requests', '7', 'a.jpg', 'image/jpeg')").await;
    let payload: Value = serde_json::from_str(&told.recv().await.unwrap()).unwrap();
    assert_eq!(
        payload,
        json!({"requestId": id, "fileName": "a.jpg", "fileType": "image/jpeg", "entityType": "requests", "entityId": "7"})
    );
    let file = door
        .value(
            &Who::Owner,
            &format!("update metadata.file_upload_requests set status = 'completed', file_id = uuid_generate_v7(), s3_key = 'k', presigned_url = 'http://s/civic-os-files/k?x' where id = '{id}' returning file_id"),
        )
        .await;
    let insert = format!(
        "insert into metadata.files (id, entity_type, entity_id, file_name, file_type, file_size, s3_original_key, thumbnail_status)
         values ('{file}', 'requests', '7', 'a.jpg', 'image/jpeg', 1, 'k', 'pending')"
    );
    // The policy looks at the claim `role`, not at the role.
    assert!(door.refusal(&anna(), &insert).await.message.contains("row-level security"));
    let with_role = Who::Person { id: ANNA, name: "Anna", roles: &["user"], more: json!({"role": "authenticated"}) };
    door.run_as(&with_role, &insert).await;
    let jobs = "select count(*) from metadata.river_job where kind <> 's3_presign'";
    assert_eq!(door.value(&Who::Owner, jobs).await, "1");
    door.run_as(
        &Who::Owner,
        "update metadata.files set thumbnail_status = 'failed'; update metadata.files set thumbnail_status = 'pending'",
    )
    .await;
    assert_eq!(door.value(&Who::Owner, jobs).await, "1", "updates fire nothing");
    let direct = "with t as (update metadata.files set file_name = 'b' returning 1) select count(*) from t";
    assert_eq!(door.value(&anna(), direct).await, "1");
    door.run_as(&Who::Owner, "update metadata.files set created_at = now() - interval '6 minutes'").await;
    assert_eq!(door.value(&anna(), direct).await, "0", "five minutes");
    let stranger =
        Who::Person { id: "00000000-0000-4000-8000-0000000000ee", name: "X", roles: &["user"], more: json!({}) };
    let claims = "select set_config('request.jwt.claims', '{\"sub\": \"00000000-0000-4000-8000-0000000000ee\"}', true)";
    let refusal =
        door.refusal(&Who::Owner, &format!("{claims}; {}", insert.replace(&file, &file.replace('7', "6")))).await;
    assert!(refusal.code == "23503" && refusal.message.contains("files_created_by_fkey"), "{refusal:?}");
    assert_eq!(door.value(&stranger, "select count(*) from metadata.file_upload_requests").await, "0");
}

#[tokio::test]
async fn preferences_are_not_touched_by_later_sign_ins() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select refresh_current_user()").await;
    let moved = Who::Person {
        id: ANNA,
        name: "Anna",
        roles: &[],
        more: json!({"email": "new@example.org", "phone_number": "5550100123"}),
    };
    door.run_as(&moved, "select refresh_current_user()").await;
    let all = "select string_agg(concat_ws('|', channel, email_address), ',') from metadata.notification_preferences";
    assert_eq!(door.value(&Who::Owner, all).await, "email|anna@example.org");
    assert_eq!(door.value(&Who::Owner, "select email from metadata.civic_os_users_private").await, "new@example.org");
    // Existing ones are kept where the profile is new.
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.civic_os_users (id, display_name) values ('{BERT}', 'B');
             insert into metadata.notification_preferences (user_id, channel, enabled) values ('{BERT}', 'email', false)"
        ),
    )
    .await;
    door.run_as(&bert(), "select refresh_current_user()").await;
    assert_eq!(door.value(&bert(), "select enabled from notification_preferences").await, "f");
}

#[tokio::test]
async fn every_state_has_its_bit() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    // From the right: available, cancelled, completed, discarded, pending, retryable, running, scheduled.
    let wrong = "select mask::text || ' ' || state from unnest(enum_range(null::metadata.river_job_state)) with ordinality s (state, n),
        (select i, ('x' || lpad(to_hex(1 << i), 2, '0'))::bit(8) as mask from generate_series(0, 7) i) m
        where metadata.river_job_state_in_bitmask(mask, state) <> (m.i = s.n - 1)";
    assert_eq!(door.values(&Who::Owner, wrong).await, Vec::<String>::new());
    assert_eq!(
        door.value(&anna(), "select string_agg(line || version, ',' order by version) from metadata.river_migration")
            .await,
        "main1,main2,main3,main4,main5,main6"
    );
}

#[tokio::test]
async fn templates_of_the_core_use_the_documented_placeholders() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (name, entity, needed) in [
        ("payment_succeeded", "payments.transactions", &[".Entity.description", ".Entity.display_name"][..]),
        (
            "payment_refunded",
            "payments.refunds",
            &[
                ".Entity.payment.description",
                ".Entity.payment.display_name",
                "range .Entity.refunds",
                ".amount",
                ".status",
                ".reason",
                ".Entity.total_refunded",
                ".Entity.remaining",
            ],
        ),
    ] {
        let row = format!("from metadata.notification_templates where name = '{name}'");
        assert_eq!(
            door.value(&Who::Owner, &format!("select entity_type || coalesce(sms_template, '') {row}")).await,
            entity
        );
        for part in ["html_template", "text_template"] {
            let text = door.value(&Who::Owner, &format!("select {part} {row}")).await;
            for placeholder in needed {
                assert!(text.contains(placeholder), "{name} {part}: {placeholder}");
            }
        }
        let subject = door.value(&Who::Owner, &format!("select subject_template {row}")).await;
        assert!(subject.contains(needed[0]), "{subject}");
    }
}

#[tokio::test]
async fn payments_answer_in_the_documented_words() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let pay = async |status: &str| {
        let sql = format!(
            "insert into payments.transactions (user_id, amount, status, description) values ('{ANNA}', 1234.50, '{status}', 'Hall') returning id"
        );
        door.value(&Who::Owner, &sql).await
    };
    for (status, words) in [
        ("pending_intent", "Creating..."),
        ("pending", "Pending"),
        ("succeeded", "Paid"),
        ("failed", "Failed"),
        ("canceled", "Canceled"),
    ] {
        let id = pay(status).await;
        let name = format!("select display_name from payments.transactions where id = '{id}'");
        assert_eq!(door.value(&Who::Owner, &name).await, format!("$1234.50 - {words}"));
        let effective = format!("select effective_status from payment_transactions where id = '{id}'");
        assert_eq!(door.value(&anna(), &effective).await, status);
    }
    let refusal = door.refusal(&anna(), "select create_payment_intent_sync(null)").await;
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str(), refusal.hint.as_deref()),
        ("P0001", "Invalid payment amount: <NULL>", Some("Amount must be greater than zero"))
    );
    let paid = pay("succeeded").await;
    let nothing = format!("select initiate_payment_refund('{paid}', null, 'a good reason')");
    assert_eq!(door.refused_with(&carla(), &nothing).await, "Invalid refund amount: <NULL>");
    // The computed column is the owner's; a row without a status is unpaid.
    let null_row = "select payments.effective_status(null::payments.transactions)";
    assert_eq!(door.value(&Who::Owner, null_row).await, "unpaid");
    assert_eq!(door.refused(&anna(), null_row).await, "42501");
    // A status that a later release might add.
    door.run_as(
        &Who::Owner,
        "alter table payments.transactions drop constraint valid_status, disable trigger guard_transaction",
    )
    .await;
    door.run_as(&Who::Owner, &format!("update payments.transactions set status = 'disputed' where id = '{paid}'"))
        .await;
    assert_eq!(
        door.refused_with(&Who::Owner, &format!("select payments.check_existing_payment('{paid}')")).await,
        "Unexpected payment status: disputed"
    );
}

#[tokio::test]
async fn a_notice_of_a_payment_carries_its_facts() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let id = door
        .value(&Who::Owner, &format!("insert into payments.transactions (user_id, amount, status, description) values ('{ANNA}', 20, 'pending', 'Hall') returning id"))
        .await;
    door.run_as(&Who::Owner, "update payments.transactions set status = 'succeeded'").await;
    let notice = door.value(&Who::Owner, "select jsonb_build_object('type', entity_type, 'id', entity_id, 'data', entity_data, 'channels', channels) from metadata.notifications").await;
    assert_eq!(
        serde_json::from_str::<Value>(&notice).unwrap(),
        json!({"type": "payments.transactions", "id": id, "channels": ["email"],
            "data": {"id": id, "amount": 20.00, "currency": "USD", "description": "Hall", "display_name": "$20.00 - Paid"}})
    );
}

#[tokio::test]
async fn dashboards_without_widgets_and_hidden_defaults() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let hidden = format!(
        "insert into metadata.dashboards (display_name, is_public, created_by) values ('Bert''s', false, '{BERT}') returning id"
    );
    let id = door.value(&Who::Owner, &hidden).await;
    assert_eq!(door.value(&bert(), &format!("select get_dashboard({id}) ->> 'widgets'")).await, "[]");
    // A choice is returned without asking whether it may be seen.
    door.run_as(&anna(), &format!("insert into metadata.user_dashboard_preferences values ('{ANNA}', {id})")).await;
    assert_eq!(door.value(&anna(), "select get_user_default_dashboard()").await, id);
    assert_eq!(door.value(&anna(), &format!("select get_dashboard({id})")).await, "");
    door.run_as(&Who::Owner, "update metadata.dashboards set is_public = false where is_default").await;
    assert_eq!(
        door.value(&carla(), "select get_user_default_dashboard()").await,
        "",
        "only a public one is anybody's default"
    );
    door.run_as(&Who::Owner, &format!("delete from metadata.civic_os_users where id = '{BERT}'")).await;
    assert_eq!(
        door.value(&Who::Owner, &format!("select created_by from metadata.dashboards where id = {id}")).await,
        ""
    );
}
