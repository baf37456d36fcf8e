//! A stream whose owner is still to be found: at the door it is only tried, without an
//! event queue that would have to be told of it.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A stream on its way to its thread.
#[derive(Debug)]
pub enum Fresh {
    /// A socket that never blocks.
    Tcp(std::net::TcpStream),
    /// A house bot in this process.
    Memory(DuplexStream),
}

impl Fresh {
    /// Reads what is there; an error of the kind `WouldBlock` when nothing is.
    pub(super) fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buf),
            Self::Memory(stream) => {
                let mut buf = ReadBuf::new(buf);
                let polled = Pin::new(stream).poll_read(&mut noop(), &mut buf);
                now(polled.map_ok(|()| buf.filled().len()))
            }
        }
    }

    /// Writes as much as is taken at once.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Memory(stream) => now(Pin::new(stream).poll_write(&mut noop(), bytes)),
        }
    }

    /// Says that nothing more will be written. A dead stream need not be told.
    pub(super) fn finish(&mut self) {
        match self {
            Self::Tcp(stream) => drop(stream.shutdown(std::net::Shutdown::Write)),
            Self::Memory(stream) => drop(now(Pin::new(stream).poll_shutdown(&mut noop()))),
        }
    }
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn now<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
