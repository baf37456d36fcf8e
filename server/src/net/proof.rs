//! What a proof needs of the edge and nobody who runs a server does: an endpoint that
//! echoes, made of the parts that serve players, and the reading of handshakes by itself.
//! Only the size of messages differs.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use throng_shared::session::CloseCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocket};

use super::frames::{put_binary, put_close, put_text};
use super::origin::{Origins, Via};
use super::pipe::{Flushed, Pipe, Stream};
use super::protocol;
use super::proxies::Proxies;
use super::upgrade::{Asked, read_head};

/// The largest message that the suite of conformance sends, and room for its pieces.
const ECHO_BYTES: usize = 32 << 20;

/// Proxies of two families.
static PROXIES: LazyLock<Proxies> = LazyLock::new(|| {
    let networks = ["10.0.0.0/8", "2001:db8:aa::/48"];
    Proxies::new(networks.map(|it| it.parse().expect("it is a network")).to_vec())
});

/// No origin but the endpoint's own.
fn none() -> Origins {
    Origins { listed: Vec::new(), is_tls: false }
}

/// A way on which a request can come to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    via: Via,
    is_tls: bool,
}

impl Door {
    pub const ALL: [Self; 6] = {
        let [open, tls] = [false, true];
        [
            Self { via: Via::Network, is_tls: open },
            Self { via: Via::Network, is_tls: tls },
            Self { via: Via::Proxy, is_tls: open },
            Self { via: Via::Proxy, is_tls: tls },
            Self { via: Via::Loopback, is_tls: open },
            Self { via: Via::Loopback, is_tls: tls },
        ]
    };
}

/// Reads a handshake. Length of the answer and of the head, when it is one, or is refused.
#[must_use]
pub fn handshake(head: &[u8], door: Door) -> Option<(usize, usize)> {
    let origins = Origins { is_tls: door.is_tls, ..none() };
    match read_head(head, &origins, door.via)? {
        Asked::Page(_) => Some((0, 0)),
        Asked::Denied(denied) => Some((denied.answer().len(), 0)),
        Asked::Socket { answer, head_len, .. } => Some((answer.len(), head_len)),
    }
}

/// Whom a trusted proxy that sends this head speaks for: its own address, and that one.
#[must_use]
pub fn spoken_for(head: &[u8]) -> (IpAddr, IpAddr) {
    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    (proxy, PROXIES.client(proxy, head))
}

/// Whether an address is one of those proxies'.
#[must_use]
pub fn is_proxy(address: IpAddr) -> bool {
    PROXIES.trusts(address)
}

/// Sends every message back to whoever sent it, until the listener fails.
///
/// # Errors
/// When nothing can be accepted any more.
pub async fn echo(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // What goes wrong on one connection is what the suite looks at from its end.
        tokio::spawn(async move { drop(serve(stream).await) });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let leftover = loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        match read_head(&head, &none(), Via::Network) {
            None => {}
            Some(Asked::Page(_)) => return Ok(()),
            Some(Asked::Denied(denied)) => return stream.write_all(&denied.answer()).await,
            Some(Asked::Socket { answer, head_len, .. }) => {
                stream.write_all(&answer).await?;
                break head.split_off(head_len);
            }
        }
    };
    let mut socket = protocol::open(Stream::Tcp(stream), leftover, ECHO_BYTES);
    let code = talk(&mut socket).await?;
    let pipe = socket.get_mut();
    if let Some(code) = code {
        let mut frame = Vec::new();
        put_close(&mut frame, code.number(), code.text());
        pipe.send(&frame)?;
    }
    // As for players: what waits goes out, and the peer ends.
    while pipe.flush_out()? != Flushed::All {
        yield_now().await;
    }
    pipe.finish();
    while !pipe.discard() {
        yield_now().await;
    }
    Ok(())
}

/// Echoes until the end, and tells the code to close with, if the peer did not close.
async fn talk(socket: &mut WebSocket<Pipe>) -> io::Result<Option<CloseCode>> {
    let mut frames = Vec::new();
    loop {
        frames.clear();
        socket.get_mut().begin_turn();
        match socket.read() {
            Ok(Message::Binary(bytes)) => put_binary(&mut frames, &bytes),
            Ok(Message::Text(text)) => put_text(&mut frames, &text),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Close(_)) => {
                // The machine has queued the answer.
                drop(socket.flush());
                return Ok(None);
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.get_mut().flush_out()?;
                yield_now().await;
            }
            Err(error) => return Ok(protocol::code(&error)),
        }
        if !frames.is_empty() {
            socket.get_mut().send(&frames)?;
        }
    }
}
