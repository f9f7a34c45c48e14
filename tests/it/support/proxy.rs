//! A TCP proxy in front of PostgreSQL or another server that can be cut or held, for tests of outages.

use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// Forwards a port of 127.0.0.1; ends with this value.
pub(crate) struct Proxy {
    port: u16,
    held: Mutex<Option<std::net::TcpListener>>,
    target: Arc<Mutex<String>>,
    running: Arc<Mutex<Option<JoinSet<()>>>>,
    frozen: tokio::sync::watch::Sender<u32>,
}

impl Proxy {
    /// A proxy that refuses connections until [`Proxy::resume`].
    pub(crate) fn cut_in_front_of(url: &str) -> Self {
        let url = Url::parse(url).expect("URL");
        let target = format!("{}:{}", url.host_str().expect("host"), url.port().expect("port"));
        let (frozen, _) = tokio::sync::watch::channel(0);
        let target = Arc::new(Mutex::new(target));
        Self { port: super::free_port(), held: Mutex::default(), target, running: Arc::default(), frozen }
    }

    /// Takes connections from now on and says nothing on them until [`Proxy::resume`].
    pub(crate) fn hold(&self) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", self.port)).expect("the proxy's port");
        listener.set_nonblocking(true).expect("set up");
        *self.held.lock().expect("proxy") = Some(listener);
    }

    /// New connections lead to this port of 127.0.0.1.
    pub(crate) fn lead_to(&self, port: u16) {
        *self.target.lock().expect("proxy") = format!("127.0.0.1:{port}");
    }

    /// The connections of now stay open and carry nothing any more, as after a lost route; new ones work.
    pub(crate) fn freeze(&self) {
        self.frozen.send_modify(|times| *times += 1);
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
        let (target, frozen) = (self.target.clone(), self.frozen.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.lock().expect("proxy").clone();
                let mut frozen = frozen.subscribe();
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        tokio::select! {
                            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                            _ = frozen.changed() => std::future::pending().await,
                        }
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
