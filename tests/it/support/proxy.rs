//! A TCP proxy in front of PostgreSQL or another server that can be cut or held, for tests of outages.

use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// Forwards a port of 127.0.0.1; ends with this value.
pub(crate) struct Proxy {
    port: u16,
    target: String,
    held: Mutex<Option<std::net::TcpListener>>,
    running: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Proxy {
    /// A proxy that refuses connections until [`Proxy::resume`].
    pub(crate) fn cut_in_front_of(url: &str) -> Self {
        let url = Url::parse(url).expect("URL");
        let target = format!("{}:{}", url.host_str().expect("host"), url.port().expect("port"));
        Self { port: super::free_port(), target, held: Mutex::default(), running: Arc::default() }
    }

    /// Takes connections from now on and says nothing on them until [`Proxy::resume`].
    pub(crate) fn hold(&self) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", self.port)).expect("the proxy's port");
        listener.set_nonblocking(true).expect("set up");
        *self.held.lock().expect("proxy") = Some(listener);
    }

    /// The URL that leads through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let mut url = Url::parse(url).expect("URL");
        url.set_host(Some("127.0.0.1")).expect("host");
        url.set_port(Some(self.port)).expect("port");
        url.to_string()
    }

    /// Accepts connections from now on.
    pub(crate) async fn resume(&self) {
        let held = self.held.lock().expect("proxy").take();
        let listener = match held {
            Some(held) => TcpListener::from_std(held).expect("the proxy's port"),
            None => TcpListener::bind(("127.0.0.1", self.port)).await.expect("the proxy's port"),
        };
        let target = self.target.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        *self.running.lock().expect("proxy") = Some(tasks);
    }

    /// Ends all connections and refuses new ones.
    pub(crate) async fn cut(&self) {
        let tasks = self.running.lock().expect("proxy").take();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
    }
}
