//! A socket that knows when there is nothing to read, so that nobody asks the kernel
//! in vain.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::client::Traffic;

/// A non-blocking stream under an edge-triggered event queue.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    /// Something may wait: an event came since the last read that fell short.
    may_read: bool,
    /// The peer has ended: then a short read does not mean that nothing waits.
    is_ending: bool,
    /// The answer to the handshake is still to come. What follows it stays where it is,
    /// for whoever reads after the handshake.
    in_head: bool,
    traffic: Traffic,
}

/// End of the head of an HTTP answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

impl Socket {
    /// Begins to connect; the first event tells that it is done.
    pub(super) fn connect(
        address: SocketAddr,
        source: Option<SocketAddr>,
        receive_buffer: Option<usize>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(address),
            socket2::Type::STREAM,
            None,
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(source) = source {
            // Where the system has but one loopback address, it chooses the source.
            let _ = socket.bind(&source.into());
        }
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if is_under_way(&error) => {}
            Err(error) => return Err(error),
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            may_read: false,
            is_ending: false,
            in_head: false,
            traffic: Traffic::default(),
        })
    }

    /// The next thing to be read is the answer to a handshake.
    pub(super) fn expect_head(&mut self) {
        self.in_head = true;
    }

    /// Whether the connection is there.
    ///
    /// # Errors
    /// When there will be none.
    pub(super) fn poll_connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Notes what an event tells.
    pub(super) fn wake(&mut self, event: &Event) {
        self.may_read |= event.is_readable() || event.is_read_closed();
        self.is_ending |= event.is_read_closed() || event.is_error();
    }

    /// Forgets the bytes so far: those of the handshake.
    pub(super) fn reset_traffic(&mut self) {
        self.traffic = Traffic::default();
    }

    /// How much of `buf` may be read without going beyond the answer's head.
    fn head_len(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.peek(buf)?;
        let end = buf[..count].windows(HEAD_END.len()).position(|it| it == HEAD_END);
        self.in_head = end.is_none();
        Ok(end.map_or(count, |end| end + HEAD_END.len()))
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.may_read {
            return Err(ErrorKind::WouldBlock.into());
        }
        let was_head = self.in_head;
        let len = if was_head { self.head_len(buf) } else { Ok(buf.len()) };
        let count = match len.and_then(|len| self.stream.read(&mut buf[..len])) {
            Ok(count) => count,
            Err(error) => {
                self.may_read &= error.kind() != ErrorKind::WouldBlock;
                return Err(error);
            }
        };
        self.traffic.bytes_in += count as u64;
        if count < buf.len() && !self.is_ending && !was_head {
            self.may_read = false;
        }
        Ok(count)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(bytes)?;
        self.traffic.bytes_out += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
