//! The front door: accepts connections, serves pages, and hands sockets whose handshake
//! is done to the network threads. Under load it lets fewer in, and then none.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use throng_shared::limits::{HTTP_HEAD_BYTES, HTTP_HEAD_MS, HTTP_MS};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::desk::{Desk, PageRequest};
use super::fresh::Fresh;
use super::lane::Peer;
use super::tally::Tally;
use super::thread::Handover;
use crate::link::Gauge;

/// Bytes that wait between a house bot and the server.
const MEMORY_PIPE_BYTES: usize = 64 << 10;
/// House bots that knock at once.
const KNOCKS: usize = 64;

/// Whatever is not the WebSocket endpoint.
pub type Page = Router;

/// What the front needs to know.
#[derive(Debug)]
pub struct FrontOptions {
    /// Origins that are allowed besides the server's own.
    pub origins: Vec<String>,
    pub page: Page,
    pub handovers: Vec<Handover>,
    pub gauge: Arc<Gauge>,
    pub tally: Arc<Tally>,
}

/// A way in for clients of this process, without a socket.
#[derive(Clone, Debug)]
pub struct Door(mpsc::Sender<DuplexStream>);

impl Door {
    /// A stream whose other end the server serves like any connection.
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn knock(&self) -> io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(MEMORY_PIPE_BYTES);
        self.0.send(far).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(near)
    }
}

/// The front, ready to run.
#[derive(Debug)]
pub struct Front {
    listener: std::net::TcpListener,
    knocks: mpsc::Receiver<DuplexStream>,
    options: FrontOptions,
    stop: Arc<Notify>,
}

impl Front {
    /// A front on a listener; the returned notify stops it.
    #[must_use]
    pub fn new(
        listener: std::net::TcpListener,
        options: FrontOptions,
    ) -> (Self, Door, Arc<Notify>) {
        let (knock, knocks) = mpsc::channel(KNOCKS);
        let stop = Arc::new(Notify::new());
        (Self { listener, knocks, options, stop: Arc::clone(&stop) }, Door(knock), stop)
    }

    /// Runs until stopped, on this thread.
    ///
    /// # Errors
    /// When the operating system gives no event queue or takes the listener back.
    pub fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> io::Result<()> {
        let Self { listener, mut knocks, options, stop } = self;
        listener.set_nonblocking(true)?;
        let bell = listener.try_clone()?;
        let page = options.page.clone();
        let mut desk = Desk::new(Instant::now(), listener, options);
        loop {
            let is_idle = desk.is_idle();
            let pause = desk.pause();
            let anybody = async {
                if is_idle {
                    // Only now: an event for each who comes would wake us each time.
                    TcpListener::from_std(bell.try_clone()?)?.accept().await.map(Some)
                } else {
                    sleep(pause).await;
                    Ok(None)
                }
            };
            tokio::select! {
                () = stop.notified() => return Ok(()),
                Some(stream) = knocks.recv() => {
                    desk.arrive(Instant::now(), Peer::House, Fresh::Memory(stream));
                }
                accepted = anybody => {
                    let now = Instant::now();
                    match accepted.and_then(|it| it.map(first).transpose()) {
                        Ok(Some((stream, peer))) => desk.arrive(now, peer, Fresh::Tcp(stream)),
                        // The others are found by looking.
                        Ok(None) => {}
                        Err(error) => desk.note_failed(now, &error),
                    }
                }
            }
            for request in desk.turn(Instant::now()) {
                tokio::spawn(serve_page(request, page.clone()));
            }
        }
    }
}

/// The first to come while nobody was at the door.
fn first((stream, from): (TcpStream, SocketAddr)) -> io::Result<(std::net::TcpStream, Peer)> {
    Ok((stream.into_std()?, Peer::of(from.ip())))
}

/// Serves one page. A connection carries one only: the next request on it might be for
/// the WebSocket, which is not to be had here.
async fn serve_page(request: PageRequest, page: Page) {
    let PageRequest { stream, head, permit: _permit } = request;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let (reader, writer) = stream.into_split();
    let whole = tokio::io::join(io::Cursor::new(head).chain(reader), writer);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut page = page.clone();
        async move { page.call(request.map(Body::new)).await }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HTTP_HEAD_MS))
        .max_buf_size(HTTP_HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(whole), service);
    match timeout(Duration::from_millis(HTTP_MS), served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("An HTTP connection ended early: {error}."),
        Err(_) => tracing::debug!("An HTTP connection took too long."),
    }
}
