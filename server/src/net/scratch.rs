//! What a thread writes its connections' frames in, one after the other.

/// Buffers that a thread lends to the connection that it writes.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) frames: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

impl Scratch {
    /// Bytes that all connections moved since the last call.
    pub(super) fn take_counts(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.bytes_in), std::mem::take(&mut self.bytes_out))
    }
}
