//! The front door: accepts connections, serves pages, and hands sockets whose handshake
//! is done to the network threads. Under load it lets fewer in, and then none.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER, STRICT_TRANSPORT_SECURITY};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::desk::{Desk, PageRequest};
use super::fresh::Fresh;
use super::lane::Peer;
use super::origin::Origin;
use super::places::PeerRates;
use super::proxies::Proxies;
use super::tally::Tally;
use super::thread::Handover;
use super::tls::Tls;
use super::watched::Watched;
use crate::config::Limits;
use crate::link::Gauge;

/// Bytes that wait between a house bot and the server.
const MEMORY_PIPE_BYTES: usize = 64 << 10;
/// House bots that knock at once.
const KNOCKS: usize = 64;

/// Where tickets are given, and where rooms are made.
const TICKET_PATH: &str = "/api/ticket";
const ROOMS_PATH: &str = "/api/rooms";
/// A year, as is usual.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whatever is not the WebSocket endpoint.
pub type Page = Router;

/// What the front needs to know.
#[derive(Debug)]
pub struct FrontOptions {
    /// Origins that are allowed besides the server's own.
    pub origins: Vec<Origin>,
    pub limits: Limits,
    /// Proxies that say for whom they speak.
    pub proxies: Proxies,
    /// Without it the door speaks plainly.
    pub tls: Option<Arc<Tls>>,
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
        let serving = Serving::new(&options);
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
                    desk.arrive(Instant::now(), stream);
                }
                accepted = anybody => {
                    let now = Instant::now();
                    match accepted.and_then(|it| it.map(first).transpose()) {
                        Ok(Some((stream, from))) => desk.greet(now, from, stream),
                        // The others are found by looking.
                        Ok(None) => {}
                        Err(error) => desk.note_failed(now, &error),
                    }
                }
            }
            for request in desk.turn(Instant::now()) {
                tokio::spawn(serve_page(request, serving.clone()));
            }
        }
    }
}

/// The first to come while nobody was at the door.
fn first((stream, from): (TcpStream, SocketAddr)) -> io::Result<(std::net::TcpStream, IpAddr)> {
    Ok((stream.into_std()?, from.ip()))
}

/// What a page is served with.
#[derive(Clone, Debug)]
struct Serving {
    page: Page,
    is_tls: bool,
    /// How long the head of a request may take, and how many bytes.
    head_time: Duration,
    head_bytes: usize,
    /// How long all of it may take.
    time: Duration,
    /// How long a reader may take no byte.
    stall: Duration,
    /// How often each address may have a ticket; none for as often as it likes.
    tickets: Option<Arc<Mutex<PeerRates>>>,
    /// The same for rooms.
    rooms: Option<Arc<Mutex<PeerRates>>>,
}

/// The address for which something is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller(Option<Peer>);

impl Serving {
    fn new(options: &FrontOptions) -> Self {
        let limits = &options.limits;
        let rates = |per_s, burst_s| {
            let is_capped = !limits.switched_off.address_caps;
            is_capped.then(|| Arc::new(Mutex::new(PeerRates::new(per_s, burst_s))))
        };
        Self {
            page: options.page.clone(),
            is_tls: options.tls.is_some(),
            head_time: Duration::from_millis(limits.head_timeout_ms.into()),
            head_bytes: limits.head_bytes as usize,
            time: Duration::from_millis(limits.page_timeout_ms.into()),
            stall: Duration::from_millis(limits.stall_timeout_ms.into()),
            tickets: rates(limits.address_tickets_per_s, limits.address_tickets_burst_s),
            rooms: rates(1, limits.address_rooms_burst),
        }
    }

    /// Why this is one ticket or one room more than an address may have.
    fn too_often(&self, peer: Peer, request: &Request<Incoming>) -> Option<&'static str> {
        if request.method() != Method::POST {
            return None;
        }
        let (rates, why) = match request.uri().path() {
            TICKET_PATH => (&self.tickets, "Too many tickets were asked for from your address.\n"),
            ROOMS_PATH => (&self.rooms, "Too many rooms were asked for from your address.\n"),
            _ => return None,
        };
        let mut rates = rates.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        (!rates.try_take(Instant::now(), peer)).then_some(why)
    }

    async fn answer(&mut self, peer: Peer, mut request: Request<Incoming>) -> Response {
        request.extensions_mut().insert(Caller(Some(peer)));
        let mut response = if let Some(why) = self.too_often(peer, &request) {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "5")], why).into_response()
        } else {
            let Ok(response) = self.page.call(request.map(Body::new)).await;
            response
        };
        if self.is_tls {
            // Who has been here by TLS comes by it again.
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }
}

/// Serves one page. A connection carries one only: the next request on it might be for
/// the WebSocket, which is not to be had here.
async fn serve_page(request: PageRequest, serving: Serving) {
    let PageRequest { caller, peer, head, is_stream, places: _places } = request;
    let _presence = caller.presence;
    match caller.fresh {
        Fresh::Tcp(stream) => {
            if let Ok(stream) = TcpStream::from_std(stream) {
                serve_on(stream, (head, is_stream), peer, serving).await;
            }
        }
        Fresh::Tls(stream) => {
            if let Ok(stream) = stream.into_stream() {
                serve_on(stream, (head, is_stream), peer, serving).await;
            }
        }
        // Nobody in this process asks for pages.
        Fresh::Memory(_) => {}
    }
}

async fn serve_on<S>(stream: S, (head, is_stream): (Vec<u8>, bool), peer: Peer, serving: Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A stream has no end to wait for, but its reader has to read.
    let stream = Watched::new(stream, serving.stall);
    let (reader, writer) = tokio::io::split(stream);
    let whole = tokio::io::join(io::Cursor::new(head).chain(reader), writer);
    let Serving { head_time, head_bytes, time, .. } = serving;
    let service = service_fn(move |request: Request<Incoming>| {
        let mut serving = serving.clone();
        async move { Ok::<_, Infallible>(serving.answer(peer, request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(head_bytes)
        .keep_alive(false)
        .serve_connection(TokioIo::new(whole), service);
    let served = async {
        if is_stream {
            return Ok(served.await);
        }
        timeout(time, served).await
    };
    match served.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("An HTTP connection ended early: {error}."),
        Err(_) => tracing::debug!("An HTTP connection took too long."),
    }
}
