//! What a fresh cluster needs before migrations: the database, and the pool's login.

use super::{AUTHENTICATOR_ROLE, Cluster, ClusterError, DATABASE, OWNER_ROLE};
use tokio_postgres::{Client, NoTls};

/// Creates what is missing; a second run changes nothing but the login's password to the one in the data directory.
pub(super) async fn prepare(cluster: &Cluster, require_postgis: bool) -> Result<(), ClusterError> {
    let url = cluster.url(OWNER_ROLE, &cluster.owner_password, "postgres");
    let step = |operation| move |source| ClusterError::Prepare { operation, source };
    let (client, connection) =
        tokio_postgres::connect(url.expose().unwrap_or_default(), NoTls).await.map_err(step("connect"))?;
    let driver = tokio::spawn(connection);
    let result = create_missing(&client, cluster, require_postgis).await;
    drop(client);
    let _ = driver.await;
    result
}

async fn create_missing(client: &Client, cluster: &Cluster, require_postgis: bool) -> Result<(), ClusterError> {
    let step = |operation| move |source| ClusterError::Prepare { operation, source };
    let state = client
        .query_one(include_str!("../sql/cluster/state.sql"), &[&DATABASE, &AUTHENTICATOR_ROLE])
        .await
        .map_err(step("read the catalogue"))?;
    let (has_database, has_login, has_postgis): (bool, bool, bool) = (state.get(0), state.get(1), state.get(2));
    if require_postgis && !has_postgis {
        return Err(ClusterError::NoPostgis { major: cluster.major(), directory: cluster.binary_dir.clone() });
    }
    if !has_login {
        client
            .batch_execute(include_str!("../sql/cluster/create_login.sql"))
            .await
            .map_err(step("create the login"))?;
    }
    let keep = include_str!("../sql/cluster/keep_password.sql");
    client.query_one(keep, &[&cluster.authenticator_password]).await.map_err(step("set the login's password"))?;
    let set = include_str!("../sql/cluster/set_login_password.sql");
    client.batch_execute(set).await.map_err(step("set the login's password"))?;
    if !has_database {
        client
            .batch_execute(include_str!("../sql/cluster/create_database.sql"))
            .await
            .map_err(step("create the database"))?;
    }
    Ok(())
}
