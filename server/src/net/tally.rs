//! Counters of the whole edge.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counts connections and how they ended.
#[derive(Debug, Default)]
pub struct Tally {
    open: AtomicUsize,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    closed: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn gone(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn moved(&self, bytes_in: u64, bytes_out: u64) {
        self.bytes_in.fetch_add(bytes_in, Ordering::Relaxed);
        self.bytes_out.fetch_add(bytes_out, Ordering::Relaxed);
    }

    /// Counts an end under its reason.
    pub(super) fn closed(&self, reason: String) {
        let mut closed = self.closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *closed.entry(reason).or_default() += 1;
    }

    /// WebSocket connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// WebSocket bytes read and written since the start.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed))
    }

    /// How many connections ended for which reason.
    #[must_use]
    pub fn ends(&self) -> BTreeMap<String, u64> {
        self.closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
