//! Claims, roles, permissions and people.

use super::caller::{ANNA, BERT, CARLA, Door, Who, anna, bert, carla};
use crate::support::TestDatabase;
use serde_json::json;

#[tokio::test]
async fn claims_are_the_only_source_of_identity() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let all =
        "select concat_ws('|', current_user_id(), current_user_email(), current_user_name(), current_user_phone())";
    let read =
        async |claims: &str| door.with_claims(claims, all).await.map(|rows| rows[0][0].clone().unwrap_or_default());

    assert_eq!(door.value(&Who::Owner, all).await, "", "never set");
    assert_eq!(read("").await.unwrap(), "", "W1: an empty setting counts as absent");
    let claims =
        json!({"sub": ANNA, "email": "a@b.org", "name": "Anna", "preferred_username": "x", "phone_number": "1"});
    assert_eq!(read(&claims.to_string()).await.unwrap(), format!("{ANNA}|a@b.org|Anna|1"));
    assert_eq!(read(r#"{"preferred_username":"anna"}"#).await.unwrap(), "anna");
    assert_eq!(read(r#"{"name":"","preferred_username":"anna"}"#).await.unwrap(), "", "an empty name is a name");
    assert_eq!(read(r#"{"sub":""}"#).await.unwrap(), "");
    assert_eq!(read(r#"{"sub":"7"}"#).await.unwrap_err().code, "22P02");
    assert_eq!(read("nonsense").await.unwrap_err().code, "22P02");
}

#[tokio::test]
async fn check_jwt_chooses_the_role_by_who_is_signed_in() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let role = async |claims: &str| {
        let rows = door.with_claims(claims, "select check_jwt(); select current_user").await.unwrap();
        rows[1][0].clone().unwrap()
    };
    assert_eq!(role("").await, "web_anon");
    assert_eq!(role(r#"{"role":"authenticated"}"#).await, "web_anon", "D-25: a role claim decides nothing");
    assert_eq!(role(&json!({"sub": ANNA, "role": "web_anon"}).to_string()).await, "authenticated");
    assert_eq!(role(r#"{"sub":""}"#).await, "authenticated");
    assert_eq!(role(r#"{"sub":null}"#).await, "web_anon");
}

#[tokio::test]
async fn roles_come_from_the_first_place_that_exists_in_the_token() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let roles =
        async |claims: &str| door.with_claims(claims, "select get_user_roles()").await.unwrap()[0][0].clone().unwrap();
    for nobody in ["", "nonsense", "{}", r#"{"sub":"","roles":["admin"]}"#] {
        assert_eq!(roles(nobody).await, "{anonymous}", "{nobody}");
    }
    let of = |more: serde_json::Value| {
        let mut claims = json!({"sub": ANNA});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims.to_string()
    };
    let everywhere = json!({"realm_access": {"roles": ["b", "a", "b"]}, "resource_access": {"myclient": {"roles": ["c"]}}, "roles": ["d"]});
    assert_eq!(roles(&of(everywhere)).await, "{b,a,b}", "in order, duplicates kept");
    assert_eq!(roles(&of(json!({"realm_access": {"roles": []}, "roles": ["d"]}))).await, "{}", "an empty list wins");
    assert_eq!(roles(&of(json!({"resource_access": {"myclient": {"roles": ["c"]}}, "roles": ["d"]}))).await, "{c}");
    assert_eq!(roles(&of(json!({"roles": ["d"]}))).await, "{d}");
    assert_eq!(roles(&of(json!({"roles": "admin"}))).await, "{}", "no list");
    assert_eq!(roles(&of(json!({}))).await, "{}", "signed in without roles is not anonymous");

    // D-18
    let hall = of(json!({"resource_access": {"town.hall": {"roles": ["clerk"]}}}));
    door.client.batch_execute("set civic_os.client_id to 'town.hall'").await.unwrap();
    assert_eq!(roles(&hall).await, "{clerk}");
    door.client
        .batch_execute("set civic_os.role_claim_paths to 'groups, resource_access.<client>.roles'")
        .await
        .unwrap();
    assert_eq!(roles(&hall).await, "{clerk}");
    assert_eq!(roles(&of(json!({"groups": ["g"], "roles": ["admin"]}))).await, "{g}");
}

#[tokio::test]
async fn permissions_are_rows_and_admins_have_no_bypass() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let has = async |who: &Who, table: &str, what: &str| {
        door.value(who, &format!("select has_permission('{table}', '{what}')")).await
    };
    assert_eq!(has(&carla(), "roles", "read").await, "t");
    assert_eq!(has(&carla(), "requests", "read").await, "f");
    assert_eq!(has(&carla(), "roles", "fly").await, "f", "an unknown word is no error");
    assert_eq!(has(&anna(), "roles", "read").await, "f");
    assert_eq!(has(&Who::Anonymous, "roles", "read").await, "f");
    assert_eq!(door.value(&carla(), "select is_admin()").await, "t");
    assert_eq!(door.value(&anna(), "select is_admin()").await, "f");
    assert_eq!(door.value(&Who::Anonymous, "select is_admin()").await, "f");
    let editor = Who::Person { id: BERT, name: "B", roles: &["editor"], more: json!({}) };
    assert_eq!(has(&editor, "civic_os_users_private", "read").await, "t");

    door.run_as(&Who::Owner, "insert into metadata.permissions (table_name, permission) values ('requests', 'read')")
        .await;
    let set = |enabled: bool| format!("select set_role_permission(2::smallint, 'requests', 'read', {enabled})");
    assert_eq!(door.value(&carla(), &set(true)).await, r#"{"success" : true}"#);
    assert_eq!(door.value(&carla(), &set(true)).await, r#"{"success" : true}"#, "twice is once");
    assert_eq!(has(&anna(), "requests", "read").await, "t");
    assert_eq!(has(&Who::Anonymous, "requests", "read").await, "f", "people's rights are not visitors' rights");
    assert_eq!(door.value(&carla(), &set(false)).await, r#"{"success" : true}"#);
    assert_eq!(has(&anna(), "requests", "read").await, "f");
    assert_eq!(door.value(&anna(), &set(true)).await, r#"{"success" : false, "error" : "Admin access required"}"#);
    assert_eq!(
        door.value(&carla(), "select set_role_permission(2::smallint, 'nothing', 'read', true)").await,
        r#"{"success" : false, "error" : "Permission not found"}"#
    );
    let unknown_role = "select set_role_permission(99::smallint, 'requests', 'read', true)";
    assert_eq!(door.refused(&carla(), unknown_role).await, "23503");
    assert_eq!(door.refused(&Who::Anonymous, &set(true)).await, "42501", "D-03");
}

#[tokio::test]
async fn roles_are_listed_and_created_by_admins() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    assert_eq!(
        door.values(&carla(), "select display_name from get_roles()").await,
        ["anonymous", "user", "editor", "admin"]
    );
    assert_eq!(door.refused_with(&anna(), "select get_roles()").await, "Admin access required");
    assert_eq!(door.refused_with(&anna(), "select get_role_permissions()").await, "Admin access required");
    assert_eq!(door.refused(&Who::Anonymous, "select get_roles()").await, "42501");
    assert_eq!(door.value(&carla(), "select count(*) from get_role_permissions()").await, "68", "4 roles × 17 rows");
    assert_eq!(
        door.values(
            &carla(),
            "select permission_type || ' ' || has_permission from get_role_permissions(4::smallint) where table_name = 'roles'"
        )
        .await,
        ["create true", "read true", "update true", "delete true"],
        "in the order of the enum"
    );
    let error = |text: &str| format!(r#"{{"success" : false, "error" : "{text}"}}"#);
    assert_eq!(door.value(&anna(), "select create_role('x')").await, error("Admin access required"));
    assert_eq!(door.value(&carla(), "select create_role('  ')").await, error("Role name cannot be empty"));
    assert_eq!(door.value(&carla(), "select create_role(null)").await, error("Role name cannot be empty"));
    assert_eq!(door.value(&carla(), "select create_role(' user ')").await, error("Role with this name already exists"));
    assert_eq!(
        door.value(&carla(), "select create_role(' clerk ', ' Town hall ')").await,
        r#"{"success" : true, "role_id" : 5}"#
    );
    assert_eq!(
        door.value(&Who::Owner, "select display_name || '/' || description from metadata.roles where id = 5").await,
        "clerk/Town hall"
    );
    // "Admins can insert roles", "Admins can update roles", "Admins can delete roles" have no privilege to act on.
    for sql in [
        "insert into metadata.roles (display_name) values ('x')",
        "update metadata.roles set description = ''",
        "delete from metadata.roles",
    ] {
        assert_eq!(door.refused(&carla(), sql).await, "42501", "{sql}");
    }
    for table in ["permissions", "permission_roles"] {
        assert_eq!(door.refused(&carla(), &format!("delete from metadata.{table}")).await, "42501");
        // "Everyone can read roles"
        assert_ne!(door.value(&Who::Anonymous, &format!("select count(*) from metadata.{table}")).await, "0");
    }
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.roles").await, "5");
}

#[tokio::test]
async fn signing_in_keeps_profile_and_roles_in_step_with_the_token() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    assert_eq!(door.refused(&Who::Anonymous, "select refresh_current_user()").await, "42501", "D-03");
    let nameless = Who::Person { id: ANNA, name: "", roles: &[], more: json!({}) };
    assert_eq!(
        door.refused_with(&nameless, "select refresh_current_user()").await,
        "No display name found in JWT (name or preferred_username claim required)"
    );
    assert_eq!(
        door.with_claims(r#"{"name":"A"}"#, "select refresh_current_user()").await.unwrap_err().message,
        "No authenticated user found in JWT"
    );

    let first = Who::Person {
        id: ANNA,
        name: "Dr. Anna Maria Example",
        roles: &["user", "user", "offline_access"],
        more: json!({"email": "anna@example.org", "phone_number": "+1 (555) 010-9999"}),
    };
    let row = door.rows(&first, "select id, display_name from refresh_current_user()").await.unwrap();
    assert_eq!(row, [[Some(ANNA.to_owned()), Some("Anna E.".to_owned())]]);
    let private = format!(
        "select concat_ws('|', display_name, email, phone) from metadata.civic_os_users_private where id = '{ANNA}'"
    );
    assert_eq!(door.value(&Who::Owner, &private).await, "Dr. Anna Maria Example|anna@example.org|+1 (555) 010-9999");
    let stored = "select string_agg(r.display_name, ',' order by r.display_name) from metadata.user_roles u join metadata.roles r on r.id = u.role_id";
    assert_eq!(door.value(&Who::Owner, stored).await, "offline_access,user");
    assert_eq!(
        door.value(&Who::Owner, "select description from metadata.roles where display_name = 'offline_access'").await,
        "Auto-created from JWT claim"
    );
    assert_eq!(door.value(&Who::Owner, &format!("select has_role('{ANNA}', 'user')")).await, "t");
    assert_eq!(door.value(&Who::Owner, &format!("select has_role('{ANNA}', 'admin')")).await, "f");
    assert_eq!(door.value(&Who::Owner, "select has_role(null, 'user')").await, "f");

    let created = format!("select created_at from metadata.civic_os_users where id = '{ANNA}'");
    let at = door.value(&Who::Owner, &created).await;
    let second = Who::Person { id: ANNA, name: "Anna Married", roles: &["editor"], more: json!({}) };
    door.run_as(&second, "select refresh_current_user()").await;
    assert_eq!(door.value(&Who::Owner, &private).await, "Anna Married", "absent claims overwrite too");
    assert_eq!(door.value(&Who::Owner, stored).await, "editor");
    assert_eq!(door.value(&Who::Owner, &created).await, at, "created_at stays");
}

#[tokio::test]
async fn public_names_are_short() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (full, public) in [
        ("Mr. John Doe Jr.", "John D."),
        ("madonna", "Madonna"),
        ("mary-jane o'neil", "Mary-Jane O."),
        ("X Æ", "Æ"),
        ("", "User"),
        ("   ", "User"),
        ("Dr. PhD", "User"),
        ("john  smith iii", "John S."),
        ("lord peter death bredon wimsey", "Peter W."),
    ] {
        let sql = format!("select format_public_display_name('{}')", full.replace('\'', "''"));
        assert_eq!(door.value(&Who::Owner, &sql).await, public, "{full}");
    }
    assert_eq!(door.value(&Who::Owner, "select format_public_display_name(null)").await, "User");
}

#[tokio::test]
async fn private_data_is_for_oneself_and_permitted_roles() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let names =
        "select string_agg(coalesce(full_name, '-') || coalesce(email, '-'), ',' order by id) from civic_os_users";
    assert_eq!(door.value(&Who::Anonymous, names).await, "--,--,--");
    assert_eq!(door.value(&anna(), names).await, "Anna Exampleanna@example.org,--,--");
    assert_eq!(
        door.value(&carla(), names).await,
        "Anna Exampleanna@example.org,Bert Otherbert@example.org,Carla Admin-"
    );
    // "Everyone can read users"
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.civic_os_users").await, "3");
    // "Anonymous users see no private data", "Users can read own private info", "Permitted roles see all private data"
    let private = "select count(*) from metadata.civic_os_users_private";
    assert_eq!(door.value(&Who::Anonymous, private).await, "0");
    assert_eq!(door.value(&bert(), private).await, "1");
    assert_eq!(door.value(&carla(), private).await, "3");
    // "Users see own roles"
    assert_eq!(door.value(&anna(), "select count(*) from metadata.user_roles").await, "1");
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.user_roles").await, "0");

    let insert = format!("insert into metadata.civic_os_users (id, display_name) values ('{CARLA}', 'x')");
    assert_eq!(door.refused(&anna(), &insert).await, "42501");
    let update = "with changed as (update metadata.civic_os_users set display_name = 'x' returning 1) select count(*) from changed";
    assert_eq!(door.value(&anna(), update).await, "0", "granted, but no row may be updated");
    assert_eq!(door.refused(&anna(), "delete from metadata.civic_os_users").await, "42501");
}
