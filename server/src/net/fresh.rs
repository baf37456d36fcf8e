//! A stream whose owner is still to be found: at the door it is only tried, without an
//! event queue that would have to be told of it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::tls::FreshTls;

/// A stream on its way to its thread.
#[derive(Debug)]
pub enum Fresh {
    /// A socket that never blocks.
    Tcp(TcpStream),
    Tls(Box<FreshTls>),
    /// A house bot in this process.
    Memory(DuplexStream),
}

impl Fresh {
    /// Reads what is there; an error of the kind `WouldBlock` when nothing is.
    pub(super) fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buf),
            Self::Tls(stream) => stream.try_read(buf),
            Self::Memory(stream) => {
                let mut buf = ReadBuf::new(buf);
                let polled = Pin::new(stream).poll_read(&mut noop(), &mut buf);
                now(polled.map_ok(|()| buf.filled().len()))
            }
        }
    }

    /// Whether anything has come on a socket of which nothing was read.
    ///
    /// # Errors
    /// When it has ended, or is broken.
    pub(super) fn has_begun(&self) -> io::Result<bool> {
        match self.tcp().map(|tcp| tcp.peek(&mut [0])) {
            Some(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            Some(Err(_)) => Ok(false),
            Some(Ok(_)) | None => Ok(true),
        }
    }

    /// Writes as much as is taken at once.
    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.try_write(bytes),
            Self::Memory(stream) => now(Pin::new(stream).poll_write(&mut noop(), bytes)),
        }
    }

    /// Says that nothing more will be written. A dead stream need not be told.
    pub(super) fn finish(&mut self) {
        match self {
            Self::Tcp(stream) => drop(stream.shutdown(std::net::Shutdown::Write)),
            Self::Tls(stream) => stream.finish(),
            Self::Memory(stream) => drop(now(Pin::new(stream).poll_shutdown(&mut noop()))),
        }
    }

    /// The socket below, unless it is in this process.
    pub(super) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(stream) => Some(stream),
            Self::Tls(stream) => Some(&stream.tcp),
            Self::Memory(_) => None,
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
