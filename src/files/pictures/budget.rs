//! Memory for decoding, shared by the whole process: what counts is what is decoded at the same time, not how many workers there are.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const MIB: u64 = 1024 * 1024;

/// So many bytes of decoded pixels at the same time; cheap to clone.
#[derive(Clone)]
pub struct Budget {
    semaphore: Arc<Semaphore>,
    total: u32,
}

/// A part of the budget, given back when dropped.
pub struct Share(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

impl Budget {
    /// A budget of this many bytes.
    pub fn new(bytes: u64) -> Self {
        let total = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX).max(1);
        Self { semaphore: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// Waits for a share. One picture may take everything, and then runs alone; nobody who holds a share waits for another.
    pub async fn take(&self, bytes: u64) -> Share {
        let wanted = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX).clamp(1, self.total);
        Share(self.semaphore.clone().acquire_many_owned(wanted).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn what_does_not_fit_waits() {
        let budget = Budget::new(10 * MIB);
        let first = budget.take(7 * MIB).await;
        assert!(budget.take(4 * MIB).now_or_never().is_none());
        let second = budget.take(3 * MIB).await;
        drop(first);
        drop(second);
        let everything = budget.take(500 * MIB).await;
        assert!(budget.take(1).now_or_never().is_none());
        drop(everything);
        assert!(budget.take(1).now_or_never().is_some());
    }
}
