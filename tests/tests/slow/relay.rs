//! A link between one client and its server: it delays both directions, and passes only
//! so many bytes a second towards the client. Beyond what is on its way it holds nothing:
//! the rest waits in the server's socket, as behind a real link that is slow.
//!
//! It stands on a thread of its own, which ends with the connection.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

/// Time between two looks at the two sockets.
const GLANCE: Duration = Duration::from_millis(1);
/// Receive buffer towards the server. Loopback would hide megabytes in a larger one.
const RECEIVE_BUFFER_BYTES: usize = 8 << 10;
/// Bytes that are taken at once.
const PORTION_BYTES: usize = 16 << 10;
/// Time that a link saves up while nothing waits.
const SAVED: Duration = Duration::from_millis(5);
/// No limit.
const OPEN: u32 = u32::MAX;

/// What the link does, to be changed while it runs.
#[derive(Debug)]
struct Dial {
    bytes_per_s: AtomicU32,
    passed: AtomicU64,
}

/// A hold on a running link.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    dial: Arc<Dial>,
}

impl Relay {
    /// Opens a link to `server` that takes `way` in each direction and is not limited
    /// yet. The stream is the client's end.
    ///
    /// # Errors
    /// When the server does not take the connection, or the system gives no sockets.
    pub(crate) fn open(server: SocketAddr, way: Duration) -> io::Result<(Self, TcpStream)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (near, _) = listener.accept()?;
        let far = connect(server, RECEIVE_BUFFER_BYTES)?;
        for stream in [&client, &near, &far] {
            stream.set_nodelay(true)?;
        }
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let dial = Arc::new(Dial { bytes_per_s: AtomicU32::new(OPEN), passed: AtomicU64::new(0) });
        let shared = Arc::clone(&dial);
        std::thread::Builder::new().name("relay".to_owned()).spawn(move || {
            // Either end may hang up, which is the end of the link.
            drop(run(near, far, way, &shared));
        })?;
        Ok((Self { dial }, client))
    }

    /// From now on, so many bytes a second pass towards the client.
    pub(crate) fn narrow(&self, bytes_per_s: u32) {
        self.dial.bytes_per_s.store(bytes_per_s, Ordering::Relaxed);
    }

    /// Bytes that passed towards the client.
    #[must_use]
    pub(crate) fn passed(&self) -> u64 {
        self.dial.passed.load(Ordering::Relaxed)
    }
}

/// A connection with a receive buffer so small that a reader who is slow shows.
fn connect(server: SocketAddr, receive_buffer_bytes: usize) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    // Before the handshake, which is when windows are agreed upon.
    socket.set_recv_buffer_size(receive_buffer_bytes)?;
    socket.connect(&SockAddr::from(server))?;
    Ok(socket.into())
}

/// Bytes on their way, each portion with the moment at which it arrives.
#[derive(Debug, Default)]
struct OnTheWay(VecDeque<(Instant, Vec<u8>)>);

impl OnTheWay {
    fn take(&mut self, from: &mut TcpStream, most: usize, arrives: Instant) -> io::Result<usize> {
        let mut buffer = vec![0; most.min(PORTION_BYTES)];
        if buffer.is_empty() {
            return Ok(0);
        }
        match from.read(&mut buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                buffer.truncate(count);
                self.0.push_back((arrives, buffer));
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn give(&mut self, to: &mut TcpStream, now: Instant) -> io::Result<()> {
        while let Some((_, bytes)) = self.0.front_mut().filter(|(arrives, _)| *arrives <= now) {
            match to.write(bytes) {
                Ok(count) if count == bytes.len() => drop(self.0.pop_front()),
                Ok(count) => drop(bytes.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn run(mut client: TcpStream, mut server: TcpStream, way: Duration, dial: &Dial) -> io::Result<()> {
    let (mut up, mut down) = (OnTheWay::default(), OnTheWay::default());
    let (mut credit, mut before, mut ended) = (0.0_f64, Instant::now(), false);
    loop {
        let now = Instant::now();
        up.take(&mut client, usize::MAX, now + way)?;
        let rate = dial.bytes_per_s.load(Ordering::Relaxed);
        // A thread that slept too long makes up for it: the link did not stop.
        let earned = f64::from(rate) * (now - before).as_secs_f64();
        credit = credit.min(f64::from(rate) * SAVED.as_secs_f64()) + earned;
        before = now;
        let most = if rate == OPEN { usize::MAX } else { credit as usize };
        match down.take(&mut server, most, now + way) {
            Ok(taken) => {
                credit -= taken as f64;
                dial.passed.fetch_add(taken as u64, Ordering::Relaxed);
            }
            // What is on its way still arrives.
            Err(_) => ended = true,
        }
        if ended && down.0.is_empty() {
            return client.shutdown(Shutdown::Both);
        }
        ended = up.give(&mut server, now).is_err() || ended;
        down.give(&mut client, now)?;
        std::thread::sleep(GLANCE);
    }
}
