//! A socket that is only ever tried, never waited for.
//!
//! The thread's loop decides when to read and write. What a socket does not take
//! stays in `out`, and whoever owns the pipe owns all outgoing bytes: snapshots,
//! and the pongs and closes that the protocol machine writes.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use throng_shared::limits::{PONGS_BYTES_MAX, TURN_BYTES};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::scan::{Passed, Scan};
use super::tls::TlsStream;

/// Reads that are thrown away before other connections get their turn.
const DISCARDS_PER_TURN: usize = 16;

/// Where the bytes go.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(TlsStream),
    /// A house bot in this process.
    Memory(DuplexStream),
}

impl Stream {
    /// Whether a read may bring something. It costs one look at a flag; asking with a
    /// read would give every quiet socket a waker, under a lock, at every turn.
    fn may_read(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, || Ok(())).is_ok(),
            Self::Tls(stream) => stream.may_read(),
            Self::Memory(_) => true,
        }
    }

    fn try_read(&mut self, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut buf = ReadBuf::new(buf);
        let polled = match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(&mut cx, &mut buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(&mut cx, &mut buf),
            Self::Memory(stream) => Pin::new(stream).poll_read(&mut cx, &mut buf),
        };
        polled.map_ok(|()| buf.filled().len())
    }

    fn try_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(Waker::noop());
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(&mut cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(&mut cx, bytes),
            Self::Memory(stream) => Pin::new(stream).poll_write(&mut cx, bytes),
        }
    }

    /// Bytes of ciphertext that came since the last call.
    fn take_ciphertext(&mut self) -> usize {
        match self {
            Self::Tls(stream) => stream.take_came(),
            Self::Tcp(_) | Self::Memory(_) => 0,
        }
    }

    /// Whether something was taken that is not with the kernel.
    fn holds_back(&self) -> bool {
        match self {
            Self::Tls(stream) => stream.wants_write(),
            Self::Tcp(_) | Self::Memory(_) => false,
        }
    }

    /// Whether something held back has moved since the last call.
    fn take_moved(&mut self) -> bool {
        match self {
            Self::Tls(stream) => stream.take_moved(),
            Self::Tcp(_) | Self::Memory(_) => false,
        }
    }

    /// Gives the kernel what was held back.
    fn try_flush(&mut self) -> Poll<io::Result<()>> {
        let mut cx = Context::from_waker(Waker::noop());
        match self {
            Self::Tls(stream) => Pin::new(stream).poll_flush(&mut cx),
            Self::Tcp(_) | Self::Memory(_) => Poll::Ready(Ok(())),
        }
    }

    fn try_shutdown(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        // A dead stream cannot be shut down, and need not be.
        let _ = match self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(&mut cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(&mut cx),
            Self::Memory(stream) => Pin::new(stream).poll_shutdown(&mut cx),
        };
    }
}

/// A stream with what could not be written yet.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: Stream,
    out: Vec<u8>,
    written: usize,
    scan: Scan,
    /// Bytes that may still be read in this turn.
    turn_bytes: usize,
    /// Bytes of ciphertext beyond the plaintext that they gave so far.
    overhead: usize,
    bytes_in: u64,
    bytes_out: u64,
}

/// How far a write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is with the kernel.
    All,
    /// Something was taken, something waits.
    Some,
    /// Nothing was taken.
    Nothing,
}

impl Pipe {
    /// A stream of which `leftover` was read already, with messages of so many bytes at most.
    pub(super) fn new(stream: Stream, leftover: &[u8], message_bytes: usize) -> Self {
        let mut scan = Scan::new(message_bytes);
        scan.pass(leftover);
        Self {
            stream,
            out: Vec::new(),
            written: 0,
            scan,
            turn_bytes: 0,
            overhead: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Lets so much be read as one turn may bring.
    pub(super) fn begin_turn(&mut self) {
        self.turn_bytes = TURN_BYTES;
    }

    /// What the frames that were read since the last call come to.
    pub(super) fn take_passed(&mut self) -> Passed {
        self.scan.take()
    }

    /// Tries to write what waits.
    ///
    /// # Errors
    /// When the connection is dead.
    pub(super) fn flush_out(&mut self) -> io::Result<Flushed> {
        let before = self.written;
        while self.written < self.out.len() {
            match self.stream.try_write(&self.out[self.written..]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.written += count;
                    self.bytes_out += count as u64;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    let moved = self.written > before || self.stream.take_moved();
                    return Ok(if moved { Flushed::Some } else { Flushed::Nothing });
                }
            }
        }
        let moved = self.written > before || self.stream.take_moved();
        // An emptied buffer gives its memory back: most connections never need one.
        self.out = Vec::new();
        self.written = 0;
        match self.stream.try_flush() {
            Poll::Ready(flushed) => flushed.map(|()| Flushed::All),
            Poll::Pending => {
                Ok(if moved || self.stream.take_moved() { Flushed::Some } else { Flushed::Nothing })
            }
        }
    }

    /// Writes bytes behind what waits; keeps what the socket does not take.
    ///
    /// # Errors
    /// When the connection is dead.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while self.out.is_empty() && !rest.is_empty() {
            match self.stream.try_write(rest) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    rest = &rest[count..];
                    self.bytes_out += count as u64;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        self.out.extend_from_slice(rest);
        Ok(())
    }

    /// Whether a turn has anything to do here: to read, or to write what waits.
    pub(super) fn has_news(&self) -> bool {
        !self.out.is_empty() || self.stream.holds_back() || self.stream.may_read()
    }

    /// Says that nothing more will be written, once nothing waits.
    pub(super) fn finish(&mut self) {
        if self.out.is_empty() {
            self.stream.try_shutdown();
        }
    }

    /// Reads and forgets. True when the peer has ended.
    pub(super) fn discard(&mut self) -> bool {
        let mut sink = [0; 1024];
        for _ in 0..DISCARDS_PER_TURN {
            match self.stream.try_read(&mut sink) {
                Poll::Ready(Ok(0) | Err(_)) => return true,
                Poll::Ready(Ok(count)) => self.bytes_in += count as u64,
                Poll::Pending => return false,
            }
        }
        false
    }

    /// Bytes read and written since the last call.
    pub(super) fn take_counts(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.bytes_in), std::mem::take(&mut self.bytes_out))
    }
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.turn_bytes == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let polled = self.stream.try_read(buf);
        let ciphertext = self.stream.take_ciphertext();
        self.overhead += ciphertext;
        match polled {
            Poll::Ready(Ok(count)) => {
                self.overhead = self.overhead.saturating_sub(count);
                self.turn_bytes = self.turn_bytes.saturating_sub(count.max(ciphertext));
                self.scan.pass(&buf[..count]);
                self.bytes_in += count as u64;
                Ok(count)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                // All plaintext is read. Records may be empty or mostly padding, so what
                // came beyond it is paid for, too.
                self.scan.charge(std::mem::take(&mut self.overhead));
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

/// For the protocol machine's own replies: they wait their turn in `out`, and wait with
/// the machine, which keeps the newest, while the peer does not read.
impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() - self.written > PONGS_BYTES_MAX {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
