//! A connection for statements of any kind, in a place of the pool.

use super::slots::Checkout;
use std::time::Duration;
use tokio::runtime::Handle;

/// A connection from the pool with tokio-postgres' interface.
pub struct PooledClient {
    client: Option<tokio_postgres::Client>,
    driver: Option<tokio::task::JoinHandle<()>>,
    checkout: Option<Checkout>,
    runtime: Handle,
}

impl std::fmt::Debug for PooledClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PooledClient")
    }
}

impl PooledClient {
    pub(super) fn new(client: tokio_postgres::Client, driver: tokio::task::JoinHandle<()>, checkout: Checkout) -> Self {
        let runtime = checkout.runtime().clone();
        Self { client: Some(client), driver: Some(driver), checkout: Some(checkout), runtime }
    }
}

impl std::ops::Deref for PooledClient {
    type Target = tokio_postgres::Client;
    fn deref(&self) -> &Self::Target {
        match &self.client {
            Some(client) => client,
            None => unreachable!("the client is only taken by drop"),
        }
    }
}

impl std::ops::DerefMut for PooledClient {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match &mut self.client {
            Some(client) => client,
            None => unreachable!("the client is only taken by drop"),
        }
    }
}

impl Drop for PooledClient {
    fn drop(&mut self) {
        drop(self.client.take());
        let (driver, checkout) = (self.driver.take(), self.checkout.take());
        self.runtime.spawn(async move {
            // The slot is free once the connection is closed.
            if let Some(driver) = driver {
                let _ = tokio::time::timeout(Duration::from_secs(5), driver).await;
            }
            drop(checkout);
        });
    }
}
