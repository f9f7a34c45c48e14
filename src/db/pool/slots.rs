//! The places of the pool: opening, lending and taking back a connection.

use super::{ABANDONED_LIMIT, Shared};
use crate::db::DbError;
use crate::db::wire::Wire;
use deadpool::managed::{Manager, Metrics, Object, RecycleResult};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Slots of the pool; each opens its connection itself.
pub(super) struct Slots;

/// A place for a connection, which may not be open yet.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) connection: Option<Connection>,
}

/// An open connection; counted until it is gone.
pub(super) struct Connection {
    wire: Box<Wire>,
    open: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    pub(super) fn new(wire: Wire, open: Arc<AtomicUsize>) -> Self {
        Self { wire: Box::new(wire), open }
    }

    pub(super) async fn close(mut self) {
        // The wire needs to be taken out of a type that has a destructor.
        let placeholder = std::mem::replace(&mut self.wire, Box::new(Wire::gone()));
        placeholder.close().await;
    }
}

impl Manager for Slots {
    type Type = Slot;
    type Error = Infallible;

    async fn create(&self) -> Result<Slot, Infallible> {
        Ok(Slot::default())
    }

    async fn recycle(&self, _slot: &mut Slot, _metrics: &Metrics) -> RecycleResult<Infallible> {
        Ok(())
    }
}

/// A slot in use. When it is dropped in the middle of a transaction, the transaction is ended in the background before
/// the slot goes back.
pub(super) struct Checkout {
    object: Option<Object<Slots>>,
    permit: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl Checkout {
    pub(super) fn new(object: Object<Slots>, permit: Option<OwnedSemaphorePermit>, shared: Arc<Shared>) -> Self {
        Self { object: Some(object), permit, shared }
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    /// The connection, opened or opened anew where that is needed.
    pub(super) async fn wire(&mut self, shared: &Shared) -> Result<&mut Wire, DbError> {
        let closed = || DbError::Protocol("slot without object".into());
        let slot = self.object.as_mut().ok_or_else(closed)?;
        let generation = shared.generation.load(Ordering::Acquire);
        let is_usable = match &mut slot.connection {
            Some(connection) => {
                let wire = &mut connection.wire;
                if wire.generation != generation {
                    wire.generation = generation;
                    wire.forget_statements();
                    if shared.unnamed.load(Ordering::Relaxed) {
                        wire.stop_naming();
                    }
                }
                Instant::now() < wire.expires && wire.is_usable()
            }
            None => false,
        };
        if !is_usable {
            if let Some(old) = slot.connection.take() {
                old.close().await;
            }
            slot.connection = Some(shared.connect().await?);
        }
        slot.connection.as_mut().map(|connection| &mut *connection.wire).ok_or_else(closed)
    }

    /// The connection that [`Self::wire`] gave.
    pub(super) fn open_wire(&mut self) -> Option<&mut Wire> {
        let slot = self.object.as_mut()?;
        slot.connection.as_mut().map(|connection| &mut *connection.wire)
    }

    pub(super) async fn close_wire(&mut self) {
        if let Some(connection) = self.object.as_mut().and_then(|slot| slot.connection.take()) {
            connection.close().await;
        }
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        let Some(mut connection) = object.connection.take() else { return };
        if !connection.wire.is_in_flight() {
            object.connection = Some(connection);
            return;
        }
        if !connection.wire.is_sent() {
            // Half a flight: without its Sync the server keeps nothing of it once the connection is closed.
            return;
        }
        let (permit, shared) = (self.permit.take(), Arc::clone(&self.shared));
        self.shared.runtime.spawn(async move {
            let landed = shared.land_or_cancel(&mut connection.wire).await;
            let settled = match landed {
                Err(DbError::Server(_)) | Ok(_) => match connection.wire.is_in_flight() {
                    true => {
                        matches!(tokio::time::timeout(ABANDONED_LIMIT, connection.wire.roll_back()).await, Ok(Ok(())))
                    }
                    false => true,
                },
                Err(_) => false,
            };
            if settled {
                object.connection = Some(connection);
            }
            drop((object, permit));
        });
    }
}
