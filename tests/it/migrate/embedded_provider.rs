//! The embedded provider's schema: closed to everybody who asks through the API, and in step with the permissions page.

use super::caller::{ANNA, Door, Who, anna, carla};
use crate::support::TestDatabase;

const TABLES: [&str; 9] =
    ["people", "person_roles", "sessions", "token_families", "codes", "links", "signing_keys", "seal", "accounts"];

#[tokio::test]
async fn no_role_of_requests_or_workers_reaches_hashes_or_keys() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for table in TABLES {
        let read = format!("select * from civic_os_identity.{table}");
        for who in [Who::Anonymous, anna(), carla()] {
            assert_eq!(door.refused(&who, &read).await, "42501", "{who:?}: {table}");
        }
        for role in ["civic_os_worker", "civic_os_payments", "authenticator"] {
            let refused = door.refused(&Who::Owner, &format!("set local role {role}; {read}")).await;
            assert_eq!(refused, "42501", "{role}: {table}");
        }
        door.run_as(&Who::Owner, &format!("set local role civic_os_identity; {read}")).await;
    }
    for table in ["metadata.civic_os_users_private", "metadata.river_job", "payments.transactions"] {
        let refused =
            door.refused(&Who::Owner, &format!("set local role civic_os_identity; select * from {table}")).await;
        assert_eq!(refused, "42501", "the provider has no business in {table}");
    }
}

/// "user_roles_follow": functions that ask for somebody's roles believe a change at once.
#[tokio::test]
async fn roles_given_and_taken_show_before_the_next_sign_in() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select refresh_current_user()").await;
    let as_provider = |sql: &str| format!("set local role civic_os_identity; {sql}");
    let has = |role: &str| format!("select has_role('{ANNA}', '{role}')");
    door.run_as(
        &Who::Owner,
        &as_provider(&format!("insert into civic_os_identity.people (id, username) values ('{ANNA}', 'anna')")),
    )
    .await;
    let role = "(select id from metadata.roles where display_name = 'editor')";
    assert_eq!(door.value(&anna(), &has("editor")).await, "f");
    door.run_as(
        &Who::Owner,
        &as_provider(&format!("insert into civic_os_identity.person_roles values ('{ANNA}', {role})")),
    )
    .await;
    assert_eq!(door.value(&anna(), &has("editor")).await, "t");
    // Renamed on the permissions page, renamed in the next token.
    door.run_as(&Who::Owner, "update metadata.roles set display_name = 'clerk' where display_name = 'editor'").await;
    let roles = "select roles::text from civic_os_identity.accounts";
    assert_eq!(door.value(&Who::Owner, &as_provider(roles)).await, "{clerk}");
    door.run_as(
        &Who::Owner,
        &as_provider(&format!("delete from civic_os_identity.person_roles where person_id = '{ANNA}'")),
    )
    .await;
    assert_eq!(door.value(&anna(), &has("clerk")).await, "f");
    // Somebody who never signed in has no profile to keep in step.
    let nobody = "00000000-0000-4000-8000-0000000000ff";
    door.run_as(
        &Who::Owner,
        &as_provider(&format!(
            "insert into civic_os_identity.people (id, username) values ('{nobody}', 'new'); \
             insert into civic_os_identity.person_roles select '{nobody}', id from metadata.roles where display_name = 'user'"
        )),
    )
    .await;
    assert_eq!(
        door.value(&Who::Owner, &format!("select count(*) from metadata.user_roles where user_id = '{nobody}'")).await,
        "0"
    );
}
