//! The floor under every server's cost: a bare epoll loop that writes as many
//! bytes a tick to as many sockets and reads the same inputs. No protocol, no
//! simulation, no allocation: what is left is what the kernel asks for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::outcome::Reads;

/// Marks the listener among the events.
const LISTENER: u64 = u64::MAX;
/// Events taken at once.
const EVENTS: usize = 1024;
/// Largest input that is read at once.
const INPUT_BYTES: usize = 4096;

/// Runs until the process is ended: reads what comes, and at every tick writes `bytes`
/// bytes to every socket.
///
/// # Errors
/// When the system gives no epoll or takes the listener back.
pub fn serve(listener: &TcpListener, tick_hz: u32, bytes: usize, reads: Reads) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let frame = vec![0x7E; bytes];
    let mut sockets: Vec<Option<TcpStream>> = Vec::new();
    let mut events = vec![EpollEvent::empty(); EVENTS];
    let mut input = [0; INPUT_BYTES];
    let period = Duration::from_secs(1) / tick_hz;
    let mut deadline = Instant::now() + period;
    loop {
        if reads == Reads::OnceATick {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let ready = match epoll.wait(&mut events, timeout(left)?) {
                Ok(ready) => ready,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..ready] {
                if event.data() == LISTENER {
                    accept(listener, &epoll, &mut sockets)?;
                } else {
                    read(&mut sockets, event.data(), &mut input);
                }
            }
            if ready < EVENTS && Instant::now() >= deadline {
                break;
            }
        }
        deadline += period;
        for socket in &mut sockets {
            let written = socket.as_mut().map(|stream| stream.write(&frame));
            if written.is_some_and(|result| is_dead(&result)) {
                *socket = None;
            }
        }
    }
}

/// In whole milliseconds, as `epoll_wait` takes it, and never too short: the loop must
/// not spin before a tick.
fn timeout(left: Duration) -> io::Result<EpollTimeout> {
    let ms = left.as_nanos().div_ceil(1_000_000);
    u16::try_from(ms).map(EpollTimeout::from).map_err(io::Error::other)
}

fn accept(
    listener: &TcpListener,
    epoll: &Epoll,
    sockets: &mut Vec<Option<TcpStream>>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, sockets.len() as u64))?;
                sockets.push(Some(stream));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn read(sockets: &mut [Option<TcpStream>], index: u64, input: &mut [u8]) {
    let Some(socket) = usize::try_from(index).ok().and_then(|index| sockets.get_mut(index)) else {
        return;
    };
    let read = socket.as_mut().map(|stream| stream.read(input));
    if read.is_some_and(|result| is_dead(&result)) {
        *socket = None;
    }
}

/// Whether the peer has gone; a socket that is merely full or empty is not dead.
fn is_dead(result: &io::Result<usize>) -> bool {
    match result {
        Ok(count) => *count == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}
