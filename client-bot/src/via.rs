//! A bad link between clients and a server: `throng bots --via` and `throng via`.
//!
//! What becomes of each connection is decided in [`fate`] without a clock; here are the
//! sockets. It is a proxy of streams and knows nothing of what they carry, so nothing is
//! lost or reordered, as TCP would not: bytes are late, stand still, trickle, or end.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

use self::fate::{Direction, Fate, Way};
pub use self::spec::{Cuts, Spec, SpecError, Stalls};

pub mod fate;
mod spec;

/// Connections through one link; more wait until others have ended.
const CONNECTIONS_MAX: usize = 8192;
/// Bytes that are read at once.
const PORTION_BYTES: usize = 4 << 10;
/// Receive buffer of both ends where the link has a rate: the system's own would hide
/// seconds of it.
const RECEIVE_BUFFER_BYTES: u32 = 8 << 10;
/// After a connection that could not be accepted: the system is out of files.
const BREATH: Duration = Duration::from_millis(50);

/// A running link on a thread of its own; it ends, with all its connections, when this is
/// dropped.
#[derive(Debug)]
pub struct Via {
    address: SocketAddr,
    counts: Arc<Counts>,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// What went through a link.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    cuts: AtomicU64,
}

impl Via {
    /// Listens on `listen` and passes what comes on to `to`. Equal seeds give the
    /// connections equal fates, in the order in which they come.
    ///
    /// # Errors
    /// When the address is taken, or the system gives no event loop.
    pub fn start(spec: Spec, seed: u64, listen: SocketAddr, to: SocketAddr) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(listen))?;
        let address = listener.local_addr()?;
        if spec.rate.is_some() {
            // Inherited by what is accepted, before windows are agreed upon.
            SockRef::from(&listener).set_recv_buffer_size(RECEIVE_BUFFER_BYTES as usize)?;
        }
        let counts = Arc::new(Counts::default());
        let end = Arc::new(Notify::new());
        let (shared, ended) = (Arc::clone(&counts), Arc::clone(&end));
        let thread = std::thread::Builder::new().name("via".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, spec, seed, to, shared) => {}
                    () = ended.notified() => {}
                }
            });
        })?;
        Ok(Self { address, counts, end, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Those of them that were cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.counts.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Via {
    fn drop(&mut self) {
        self.end.notify_one();
        // A thread that panicked has nothing more to say.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: TcpListener, spec: Spec, seed: u64, to: SocketAddr, counts: Arc<Counts>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((client, peer)) = listener.accept().await else {
            sleep(BREATH).await;
            continue;
        };
        let number = counts.connections.fetch_add(1, Ordering::Relaxed);
        let (fate, counts) = (Fate::new(spec, seed, number), Arc::clone(&counts));
        let is_narrow = spec.rate.is_some();
        tokio::spawn(async move {
            // Either end may hang up, which is the end of both.
            if let Ok(server) = connect(to, peer.ip(), is_narrow).await {
                let cut = carry_both(client, server, fate).await;
                counts.cuts.fetch_add(u64::from(cut), Ordering::Relaxed);
            }
            drop(place);
        });
    }
}

/// Connects to the server from the address that the client has, where that is possible:
/// the server counts connections by address.
async fn connect(to: SocketAddr, from: IpAddr, is_narrow: bool) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if is_narrow {
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    }
    if from.is_loopback() && to.ip().is_loopback() && from.is_ipv4() == to.is_ipv4() {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    socket.connect(to).await
}

/// Carries both ways until both have ended, or the link is cut; whether it was.
async fn carry_both(mut client: TcpStream, mut server: TcpStream, fate: Fate) -> bool {
    let began = Instant::now();
    for stream in [&client, &server] {
        // What is late is late by plan.
        let _ = stream.set_nodelay(true);
    }
    let cut = async {
        match fate.cut_at() {
            Some(at) => sleep_until(began + at).await,
            None => pending().await,
        }
    };
    let is_cut = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = carry(&mut from_client, &mut to_server, fate.way(Direction::Up), began);
        let down = carry(&mut from_server, &mut to_client, fate.way(Direction::Down), began);
        tokio::select! {
            _ = async { tokio::try_join!(up, down) } => false,
            () = cut => true,
        }
    };
    if is_cut {
        for stream in [&client, &server] {
            // Nothing of what was on its way arrives.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
    is_cut
}

/// Carries one way to its end.
async fn carry(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    mut way: Way,
    began: Instant,
) -> io::Result<()> {
    let mut portion = vec![0; PORTION_BYTES];
    let mut has_ended = false;
    loop {
        while let Some(bytes) = way.poll(began.elapsed()) {
            to.write_all(&bytes).await?;
        }
        let next = way.next_at();
        if has_ended && next.is_none() {
            return to.shutdown().await;
        }
        let room = way.room().min(PORTION_BYTES);
        let arrival = async {
            match next {
                Some(at) => sleep_until(began + at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            read = from.read(&mut portion[..room]), if !has_ended && room > 0 => match read {
                Ok(0) => has_ended = true,
                Ok(count) => way.put(began.elapsed(), &portion[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            },
            () = arrival => {}
        }
    }
}
