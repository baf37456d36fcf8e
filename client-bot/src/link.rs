//! A WebSocket and the session on it: frames in, what the server said out.
//!
//! Heartbeats are answered and farewells remembered here; what a snapshot means
//! is the client's business.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream};
use throng_shared::limits::{CLIENT_MESSAGE_BYTES, READ_BUFFER_BYTES, SERVER_MESSAGE_BYTES};
use throng_shared::session::{ClientSession, CloseCode, Fault, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{ClientMessage, Event, Hello, Snapshot, Welcome, encode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WsCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::client::Ended;
use crate::counted::{Counted, Traffic};

/// Unsent messages of a client whose server does not read, in messages.
const UNSENT_MAX: usize = 16;

/// What the server said.
#[derive(Debug)]
pub(crate) enum Said {
    Welcome(Welcome),
    Snapshot(Snapshot),
    Event(Event),
}

#[derive(Debug)]
struct Farewell {
    code: u16,
    reason: String,
    retry_after_ms: u32,
}

#[derive(Debug)]
pub(crate) struct Link<S> {
    socket: WebSocketStream<Counted<S>>,
    pub(crate) session: ClientSession,
    origin: Instant,
    farewell: Option<Farewell>,
    unflushed: bool,
    /// The last try to flush left something.
    is_full: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Shakes hands as a client of `url` and says this Hello.
    pub(crate) async fn open(stream: S, url: &str, hello: Hello) -> Result<Self, Ended> {
        // An eager write buffer: a message is in the socket when `send` returns.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(UNSENT_MAX * CLIENT_MESSAGE_BYTES)
            .max_message_size(Some(SERVER_MESSAGE_BYTES))
            .max_frame_size(Some(SERVER_MESSAGE_BYTES));
        let (mut socket, _) = client_async_with_config(url, Counted::new(stream), Some(config))
            .await
            .map_err(|error| Ended::Handshake(error.to_string()))?;
        socket.get_mut().reset();
        let (session, hello) = ClientSession::new(Millis(0), hello);
        let origin = Instant::now();
        let mut link =
            Self { socket, session, origin, farewell: None, unflushed: false, is_full: false };
        link.send(&hello)?;
        Ok(link)
    }

    /// Waits for the next thing that the server says. Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Said, Ended> {
        loop {
            match poll_fn(|cx| self.poll_message(cx)).await {
                Some(Ok(Message::Binary(frame))) => {
                    if let Some(said) = self.take(&frame)? {
                        return Ok(said);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    if let (Some(frame), None) = (frame, &self.farewell) {
                        let (code, reason) = (frame.code.into(), frame.reason.to_string());
                        self.farewell = Some(Farewell { code, reason, retry_after_ms: 0 });
                    }
                    // The library has its answer ready. Whether the server takes it
                    // and hangs up in turn is not worth waiting for.
                    self.unflushed = true;
                    poll_fn(|cx| {
                        self.poll_flush(cx);
                        Poll::Ready(())
                    })
                    .await;
                    return Err(self.closed());
                }
                Some(Ok(Message::Text(_))) => return Err(self.give_up(Fault::Unexpected)),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(self.ended(&error)),
                None => return Err(self.closed()),
            }
        }
    }

    /// Takes a message for sending, without waiting.
    pub(crate) fn send(&mut self, message: &ClientMessage) -> Result<(), Ended> {
        self.start(Message::binary(encode(message)))
    }

    /// Begins the closing handshake, unless it has begun.
    pub(crate) fn close(&mut self, code: CloseCode) {
        let frame =
            CloseFrame { code: WsCode::from(code.number()), reason: Utf8Bytes::from_static("") };
        // A socket that is closing already needs no second frame.
        let _ = self.start(Message::Close(Some(frame)));
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The same clock with its fraction.
    pub(crate) fn now_ms(&self) -> f64 {
        self.origin.elapsed().as_secs_f64() * 1000.0
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.socket.get_ref().traffic()
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, WsError>>> {
        self.poll_flush(cx);
        Pin::new(&mut self.socket).poll_next(cx)
    }

    /// Whether messages wait because the socket did not take them.
    pub(crate) fn is_clogged(&self) -> bool {
        self.is_full
    }

    /// Gets rid of what the socket did not take at once. An error shows in the
    /// next read too, behind what the server said before it.
    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        if self.unflushed {
            self.is_full = Pin::new(&mut self.socket).poll_flush(cx).is_pending();
            self.unflushed = self.is_full;
        }
    }

    fn start(&mut self, message: Message) -> Result<(), Ended> {
        self.unflushed = true;
        Pin::new(&mut self.socket).start_send(message).map_err(|error| self.ended(&error))
    }

    fn take(&mut self, frame: &[u8]) -> Result<Option<Said>, Ended> {
        let now = self.now();
        let update = self.session.handle_frame(now, frame).map_err(|fault| self.give_up(fault))?;
        match update {
            Update::Welcome(welcome) => Ok(Some(Said::Welcome(welcome))),
            Update::Snapshot(snapshot) => Ok(Some(Said::Snapshot(snapshot))),
            Update::Duplicate => Ok(None),
            Update::Event(event) => Ok(Some(Said::Event(event))),
            Update::Ping { answer, .. } => self.send(&answer).map(|()| None),
            Update::Goodbye { code, reason, retry_after_ms } => {
                self.farewell = Some(Farewell { code, reason, retry_after_ms });
                Ok(None)
            }
        }
    }

    fn give_up(&mut self, fault: Fault) -> Ended {
        self.close(match fault {
            Fault::Undecodable(_) => CloseCode::Decode,
            Fault::Unexpected => CloseCode::Policy,
        });
        Ended::Fault(fault)
    }

    fn ended(&mut self, error: &WsError) -> Ended {
        if self.farewell.is_some() { self.closed() } else { Ended::Broken(error.to_string()) }
    }

    fn closed(&mut self) -> Ended {
        match self.farewell.take() {
            Some(Farewell { code, reason, retry_after_ms }) => {
                Ended::Closed { code, reason, retry_after_ms }
            }
            None => Ended::Broken(CloseCode::Lost.text().to_owned()),
        }
    }
}
