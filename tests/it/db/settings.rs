//! Settings kept in the database. Roles belong to the server, so these tests have logins of their own.

use super::open;
use crate::support::TestDatabase;
use civic_os::db::{in_database_settings, role_settings};

#[tokio::test]
async fn settings_of_impersonated_roles() {
    let database = TestDatabase::empty().await;
    let name = database.name();
    let (login, role, other) = (format!("{name}_login"), format!("{name}_role"), format!("{name}_other"));
    database
        .execute(&format!(
            "create role {login} login noinherit password '{}'; create role {role}; create role {other};
             grant {role} to {login};
             alter role {role} set statement_timeout = '5s';
             alter role {role} set default_transaction_isolation = 'REPEATABLE READ';
             alter role {role} set log_statement = 'all'; alter role {role} set application_name = 'Loud';
             alter role {other} set statement_timeout = '1s'",
            database.password()
        ))
        .await;
    let settings = role_settings(&open(database.login_url(&login), |_| {})).await.unwrap();
    assert_eq!(settings.keys().collect::<Vec<_>>(), [&role], "direct memberships only");
    let pairs: Vec<_> = settings[&role].settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("application_name", "loud"), ("statement_timeout", "5s")], "no superuser settings");
    assert_eq!(settings[&role].isolation.as_deref(), Some("repeatable read"));
    database.execute(&format!("drop role {login}; drop role {role}; drop role {other}")).await;
}

#[tokio::test]
async fn in_database_configuration() {
    let database = TestDatabase::empty().await;
    let name = database.name();
    let login = format!("{name}_login");
    database
        .execute(&format!(
            "create role {login} login password '{}';
             alter role {login} set pgrst.db_schemas = 'everywhere';
             alter role {login} in database {name} set pgrst.db_schemas = 'here';
             alter role {login} set pgrst.jwt_aud = 'aud';
             alter role {login} set statement_timeout = '1min';
             create schema conf; grant usage on schema conf to {login};
             create function conf.pre() returns void language sql as $$
               select set_config('pgrst.jwt_aud', 'from function', true), set_config('pgrst.db_max_rows', '7', true) $$",
            database.password()
        ))
        .await;
    let db = open(database.login_url(&login), |_| {});
    let plain = in_database_settings(&db, None).await.unwrap();
    assert_eq!(plain.len(), 2);
    assert_eq!((plain["db_schemas"].as_str(), plain["jwt_aud"].as_str()), ("here", "aud"));
    let with_function = in_database_settings(&db, Some("conf.pre")).await.unwrap();
    assert_eq!(with_function["db_max_rows"], "7");
    assert_eq!(with_function["jwt_aud"], "aud", "settings of the role are stronger");
    assert!(in_database_settings(&db, Some("conf.missing")).await.is_err());
    drop(db);
    database.execute(&format!("drop owned by {login}; drop role {login}")).await;
}
