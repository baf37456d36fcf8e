//! The front door: accepts connections, serves pages, and hands upgraded sockets
//! to the network threads. Under load it lets fewer in, and then none.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use throng_shared::limits::{
    ACCEPTS_PER_S, ACCEPTS_PER_S_MIN, CLOSING_MS, CONNECTIONS_MAX, HTTP_HEAD_BYTES, HTTP_HEAD_MS,
    HTTP_MS, JOINS_PER_S, JOINS_PER_S_MIN, RETRY_MS, RETRY_SPREAD_MS, SEND_BUFFER_BYTES, SHUT_LOAD,
    TURN_MS, UNSENT_BYTES,
};
use throng_shared::prng::Prng;
use throng_shared::session::CloseCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::frames::put_goodbye;
use super::tally::Tally;
use super::thread::{Fresh, Handover, Newborn};
use super::turnstile::Turnstile;
use super::upgrade;
use crate::link::{Gauge, Step};

/// Bytes that wait between a house bot and the server.
const MEMORY_PIPE_BYTES: usize = 64 << 10;
/// House bots that knock at once.
const KNOCKS: usize = 64;
/// What a connection beyond `CONNECTIONS_MAX` gets.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";
/// Why a newcomer is sent away while there are places.
const OVERLOADED: &str = "the server is at its limit";
/// Pause after the operating system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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

struct Shared {
    options: FrontOptions,
    places: Arc<Semaphore>,
    /// Newcomers wait for it in the order in which they came.
    turnstile: Mutex<Turnstile>,
    next: AtomicUsize,
}

/// The front, ready to run.
pub struct Front {
    listener: std::net::TcpListener,
    knocks: mpsc::Receiver<DuplexStream>,
    shared: Arc<Shared>,
    stop: Arc<Notify>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").field("listener", &self.listener).finish_non_exhaustive()
    }
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
        let shared = Arc::new(Shared {
            options,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            turnstile: Mutex::new(Turnstile::new(Instant::now())),
            next: AtomicUsize::new(0),
        });
        (Self { listener, knocks, shared, stop: Arc::clone(&stop) }, Door(knock), stop)
    }

    /// Runs until stopped, on this thread.
    ///
    /// # Errors
    /// When the operating system gives no event queue or takes the listener back.
    pub fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(mut self) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        let mut failing = false;
        let mut turnstile = Turnstile::new(Instant::now());
        loop {
            // Whoever comes faster waits in the kernel.
            let per_s = rate(&self.shared.options.gauge, ACCEPTS_PER_S, ACCEPTS_PER_S_MIN);
            let pause = turnstile.pass(Instant::now(), per_s);
            if !pause.is_zero() {
                tokio::select! {
                    () = self.stop.notified() => return Ok(()),
                    () = sleep(pause) => {}
                }
            }
            tokio::select! {
                () = self.stop.notified() => return Ok(()),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        failing = false;
                        self.welcome(stream);
                    }
                    Err(error) => {
                        if !failing {
                            tracing::warn!("Connections cannot be accepted: {error}.");
                        }
                        failing = true;
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(stream) = self.knocks.recv() => {
                    if let Ok(place) = Arc::clone(&self.shared.places).try_acquire_owned() {
                        tokio::spawn(serve_one(stream, Arc::clone(&self.shared), place));
                    }
                }
            }
        }
    }
}

impl Shared {
    /// Waits for a newcomer's turn. False when it shall not come in: newcomers are
    /// refused, or too many wait.
    async fn is_let_in(&self) -> bool {
        let turn = async {
            let mut turnstile = self.turnstile.lock().await;
            let per_s = rate(&self.options.gauge, JOINS_PER_S, JOINS_PER_S_MIN);
            let pause = turnstile.pass(Instant::now(), per_s);
            if !pause.is_zero() && self.is_open() {
                sleep(pause).await;
            }
        };
        self.is_open()
            && timeout(Duration::from_millis(TURN_MS), turn).await.is_ok()
            && self.is_open()
    }

    fn is_open(&self) -> bool {
        self.options.gauge.step() == Step::Open
    }
}

impl Front {
    /// Serves a connection, or tells it that there is no place.
    fn welcome(&self, stream: TcpStream) {
        if let Err(error) = tune(&stream) {
            tracing::debug!("A connection was gone before it began: {error}.");
            return;
        }
        match Arc::clone(&self.shared.places).try_acquire_owned() {
            Ok(place) => {
                tokio::spawn(serve_one(stream, Arc::clone(&self.shared), place));
            }
            // One try: a fresh socket takes so few bytes, and the peer may not matter.
            Err(_) => drop(stream.try_write(NO_PLACE)),
        }
    }
}

/// A rate that falls from `most` to `least` as the load comes near its limit, and
/// stays there while newcomers are refused.
fn rate(gauge: &Gauge, most: u32, least: u32) -> u32 {
    if gauge.step() != Step::Open {
        return least;
    }
    let left = 1.0 - (gauge.load() / SHUT_LOAD).min(1.0);
    ((f64::from(most) * left) as u32).max(least)
}

/// Small kernel buffers: what the kernel holds for a slow reader is old by the time
/// it is read, and a full socket is how we learn that a reader is slow.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

/// A stream that can leave the HTTP server after an upgrade.
trait Upgradable: AsyncRead + AsyncWrite + Unpin + Send + Sized + 'static {
    fn freshen(self) -> io::Result<Fresh>;
}

impl Upgradable for TcpStream {
    fn freshen(self) -> io::Result<Fresh> {
        self.into_std().map(Fresh::Tcp)
    }
}

impl Upgradable for DuplexStream {
    fn freshen(self) -> io::Result<Fresh> {
        Ok(Fresh::Memory(self))
    }
}

async fn serve_one<S: Upgradable>(stream: S, shared: Arc<Shared>, permit: OwnedSemaphorePermit) {
    // The permit moves to the network thread with an upgrade, else it ends here.
    let permit = Arc::new(std::sync::Mutex::new(Some(permit)));
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        let permit = Arc::clone(&permit);
        async move { Ok::<_, Infallible>(answer::<S>(request, &shared, permit).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HTTP_HEAD_MS))
        .max_buf_size(HTTP_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // An upgrade ends it at once; pages do not take so long.
    match timeout(Duration::from_millis(HTTP_MS), served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("An HTTP connection ended early: {error}."),
        Err(_) => tracing::debug!("An HTTP connection took too long."),
    }
}

type Place = Arc<std::sync::Mutex<Option<OwnedSemaphorePermit>>>;

async fn answer<S: Upgradable>(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: Place,
) -> Response<Body> {
    if request.uri().path() != "/ws" {
        let Ok(response) = shared.options.page.clone().call(request.map(Body::new)).await;
        return response;
    }
    match upgrade::accept(&request, &shared.options.origins) {
        Ok(response) => {
            tokio::spawn(hand_over::<S>(request, Arc::clone(shared), place));
            response
        }
        Err(denied) => {
            let mut response = Response::new(Body::from(denied.why));
            *response.status_mut() = denied.status;
            let headers = response.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_VERSION, header::HeaderValue::from_static("13"));
            response
        }
    }
}

async fn hand_over<S: Upgradable>(request: Request<Incoming>, shared: Arc<Shared>, place: Place) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<S>>() else {
        unreachable!("the stream was wrapped by `serve_one`");
    };
    let stream = parts.io.into_inner();
    let permit = place.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(permit) = permit else { return };
    let turn = shared.next.fetch_add(1, Ordering::Relaxed);
    if !shared.is_let_in().await {
        shared.options.gauge.note_refused();
        shared.options.tally.closed(format!("{} overload", CloseCode::Full.number()));
        let retry_after_ms = RETRY_MS + Prng::stream(0, turn as u64).below(RETRY_SPREAD_MS);
        // A peer that does not listen is let go all the same.
        let _ = timeout(Duration::from_millis(CLOSING_MS), refuse(stream, retry_after_ms)).await;
        return;
    }
    let Ok(fresh) = stream.freshen() else { return };
    let newborn = Newborn { fresh, leftover: parts.read_buf.to_vec(), permit };
    let handovers = &shared.options.handovers;
    let thread = turn % handovers.len();
    if !handovers[thread].give(newborn) {
        tracing::warn!("A connection was dropped: network thread {thread} takes none.");
    }
}

/// Says when to come back, and waits until the peer has hung up: a socket that is closed
/// with something unread in it takes back what was written.
async fn refuse<S: Upgradable>(mut stream: S, retry_after_ms: u32) -> io::Result<()> {
    let mut frames = Vec::new();
    put_goodbye(&mut frames, CloseCode::Full, OVERLOADED, retry_after_ms);
    stream.write_all(&frames).await?;
    stream.shutdown().await?;
    let mut sink = [0; 512];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_come_in_as_the_load_grows() {
        let gauge = Gauge::new(1);
        let at = |load: f64| {
            gauge.set_load(load);
            rate(&gauge, 1000, 50)
        };
        assert_eq!([at(0.0), at(0.45), at(0.89), at(7.0)], [1000, 500, 50, 50]);
        gauge.set_load(0.0);
        gauge.set_step(Step::Shut, 1);
        assert_eq!(rate(&gauge, 1000, 50), 50, "because refusals cost those inside something");
    }
}
