//! A connection of an attacker: bytes made by hand, and just enough of an ear to learn
//! how the server ended it.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::rc::Rc;
use std::time::Duration;

use throng_shared::limits::SERVER_MESSAGE_BYTES;
use throng_shared::wire::{ClientMessage, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

use super::told::End;
use crate::load::{Frame, cut, farewell};

/// Opcodes that attackers use, without and with the bit that ends a message.
pub(super) const CONTINUATION: u8 = 0x00;
pub(super) const BINARY_BEGIN: u8 = 0x02;
pub(super) const BINARY: u8 = 0x82;
pub(super) const PING: u8 = 0x89;
pub(super) const PONG: u8 = 0x8A;
pub(super) const CONTINUATION_END: u8 = 0x80;

/// Most that is read at once.
const PORTION_BYTES: usize = 4 << 10;
/// How often one that does not read looks whether it was reset.
const GLANCE: Duration = Duration::from_millis(50);
/// Longest that is held of what the server said.
const HELD_BYTES_MAX: usize = SERVER_MESSAGE_BYTES + 16;
/// Source addresses of an attacker, apart from those of honest bots.
const SOURCES: usize = 250;
/// Key of every mask. The protocol asks for keys that cannot be foreseen, and servers
/// cannot tell.
const MASK: [u8; 4] = [0x5A, 0xC3, 0x17, 0x88];

/// A frame of a client, with less than 126 bytes.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).ok().filter(|len| *len < 126);
    let mut bytes = vec![first, 0x80 | len.expect("attackers' messages are short")];
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// A message of a client, in one frame.
pub(super) fn message(message: &ClientMessage) -> Vec<u8> {
    frame(BINARY, &encode(message))
}

/// The same in frames of one byte.
pub(super) fn crumbs(message: &ClientMessage) -> Vec<u8> {
    let payload = encode(message);
    let last = payload.len().saturating_sub(1);
    let mut bytes = Vec::new();
    for (n, byte) in payload.iter().enumerate() {
        let first = match (n == 0, n == last) {
            (true, true) => BINARY,
            (true, false) => BINARY_BEGIN,
            (false, true) => CONTINUATION_END,
            (false, false) => CONTINUATION,
        };
        bytes.extend(frame(first, &[*byte]));
    }
    bytes
}

/// The begin of a frame that declares so many bytes.
pub(super) fn header_of(len: u64) -> Vec<u8> {
    let mut bytes = vec![BINARY, 0x80 | 127];
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(&MASK);
    bytes
}

/// The request that makes a WebSocket.
pub(super) fn handshake(target: SocketAddr) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: {target}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Where an attacker's connection comes from: the `number`-th of its addresses, where
/// the system has more than one.
pub(super) fn source(number: usize) -> Option<SocketAddr> {
    let low = u8::try_from(1 + number % SOURCES).ok()?;
    cfg!(target_os = "linux").then(|| SocketAddrV4::new(Ipv4Addr::new(127, 0, 2, low), 0).into())
}

/// A connection.
#[derive(Debug)]
pub(super) struct Raw {
    stream: TcpStream,
    /// What was read and not taken.
    held: Vec<u8>,
    is_socket: bool,
    sent: Rc<Cell<u64>>,
}

impl Raw {
    /// Connects. `receive_buffer` makes it one whose stillness shows.
    pub(super) async fn connect(
        target: SocketAddr,
        source: Option<SocketAddr>,
        receive_buffer: Option<u32>,
        sent: &Rc<Cell<u64>>,
    ) -> Result<Self, End> {
        let open = async {
            let socket = TcpSocket::new_v4()?;
            if let Some(bytes) = receive_buffer {
                socket.set_recv_buffer_size(bytes)?;
            }
            if let Some(source) = source {
                socket.bind(source)?;
            }
            socket.connect(target).await
        };
        let stream = open.await.map_err(|_| End::NoConnection)?;
        Ok(Self { stream, held: Vec::new(), is_socket: false, sent: Rc::clone(sent) })
    }

    /// Makes a WebSocket of it.
    pub(super) async fn upgrade(&mut self, target: SocketAddr) -> Result<(), End> {
        self.say(handshake(target).as_bytes()).await?;
        loop {
            if let Some(end) = self.held.windows(4).position(|it| it == b"\r\n\r\n") {
                match status(&self.held) {
                    Some(101) => {
                        self.held.drain(..end + 4);
                        self.is_socket = true;
                        return Ok(());
                    }
                    Some(other) => return Err(End::Http(other)),
                    None => return Err(End::HungUp),
                }
            }
            self.read().await?;
        }
    }

    /// Sends bytes, all of them.
    pub(super) async fn say(&mut self, bytes: &[u8]) -> Result<(), End> {
        match self.stream.write_all(bytes).await {
            Ok(()) => {
                self.sent.set(self.sent.get() + bytes.len() as u64);
                Ok(())
            }
            Err(_) => Err(self.last_words().await),
        }
    }

    /// The next message.
    pub(super) async fn hear(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(message);
            }
            self.read().await?;
        }
    }

    /// Waits for the end, without a word.
    pub(super) async fn await_end(&mut self) -> End {
        loop {
            if let Err(end) = self.hear().await {
                return end;
            }
        }
    }

    /// Sends `portion` over and over, as fast as it is taken, `most` bytes in all, until
    /// the server ends it.
    pub(super) async fn flood(&mut self, portion: &[u8], most: u64) -> End {
        let (mut at, mut flooded) = (0, 0);
        while flooded < most {
            let Self { stream, held, sent, .. } = self;
            let (mut reader, mut writer) = stream.split();
            let mut came = [0; PORTION_BYTES];
            tokio::select! {
                biased;
                read = reader.read(&mut came) => {
                    match read {
                        Ok(count @ 1..) => held.extend_from_slice(&came[..count]),
                        Ok(0) => return self.unsaid(End::HungUp),
                        Err(error) => return self.unsaid(ended(&error)),
                    }
                    if let Err(end) = self.take_all() {
                        return end;
                    }
                }
                written = writer.write(&portion[at..]) => match written {
                    Ok(count) => {
                        at = (at + count) % portion.len();
                        flooded += count as u64;
                        sent.set(sent.get() + count as u64);
                    }
                    Err(_) => return self.last_words().await,
                }
            }
        }
        self.await_end().await
    }

    /// Reads nothing for so long, unless it hears of the end before.
    pub(super) async fn stand_still(&mut self, length: Duration) {
        let until = Instant::now() + length;
        // Whoever does not read learns of a reset only.
        while Instant::now() < until && matches!(self.stream.take_error(), Ok(None)) {
            sleep(GLANCE).await;
        }
    }

    /// Leaves: in order, or with a reset, which leaves no port behind.
    pub(super) fn leave(self, with_reset: bool) {
        if with_reset {
            // Without it the port rests for a minute, and nothing else changes.
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let mut came = [0; PORTION_BYTES];
        match self.stream.read(&mut came).await {
            Ok(0) => Err(self.unsaid(End::HungUp)),
            Ok(_) if self.held.len() > HELD_BYTES_MAX => Err(End::HungUp),
            Ok(count) => {
                self.held.extend_from_slice(&came[..count]);
                Ok(())
            }
            Err(error) => Err(self.unsaid(ended(&error))),
        }
    }

    /// What the server said before the link broke.
    async fn last_words(&mut self) -> End {
        loop {
            if let Err(end) = self.take_all() {
                return end;
            }
            if let Err(end) = self.read().await {
                return if end == End::HungUp { End::Reset } else { end };
            }
        }
    }

    /// Takes what is held, for who does not care.
    fn take_all(&mut self) -> Result<(), End> {
        while self.take()?.is_some() {}
        Ok(())
    }

    /// A message that is whole; an error is a close frame.
    fn take(&mut self) -> Result<Option<Vec<u8>>, End> {
        if !self.is_socket {
            return Ok(None);
        }
        loop {
            let Ok(Some((frame, len))) = cut(&self.held) else { return Ok(None) };
            let message = match frame {
                Frame::Binary(message) => Some(message.to_vec()),
                Frame::Close(payload) => {
                    let code = farewell(payload).map_or(1005, |(code, _)| code);
                    return Err(End::Closed(code));
                }
                Frame::Ping(_) | Frame::Pong => None,
            };
            self.held.drain(..len);
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// The end of a stream: an answer of HTTP may stand before it.
    fn unsaid(&self, end: End) -> End {
        match status(&self.held) {
            Some(status) if !self.is_socket => End::Http(status),
            Some(_) | None => end,
        }
    }
}

fn ended(error: &io::Error) -> End {
    let is_reset = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    if is_reset.contains(&error.kind()) { End::Reset } else { End::HungUp }
}

/// The status of an answer.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket};

    use super::*;

    #[test]
    fn bytes_made_by_hand_are_what_they_claim() {
        let pong = ClientMessage::Pong { nonce: 7, received: 3 };
        let mut bytes = message(&pong);
        bytes.extend(crumbs(&pong));
        bytes.extend(frame(PING, b""));
        let mut server = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Server, None);
        assert_eq!(server.read().expect("a message"), Message::binary(encode(&pong)));
        assert_eq!(server.read().expect("crumbs make one too"), Message::binary(encode(&pong)));
        assert_eq!(server.read().expect("a ping"), Message::Ping(Vec::new().into()));
        assert_eq!(header_of(1 << 63)[2..10], (1_u64 << 63).to_be_bytes());
    }

    #[test]
    fn an_answer_is_known_by_its_status() {
        assert_eq!(status(b"HTTP/1.1 431 Too much\r\n"), Some(431));
        assert_eq!(status(b"HTTP/1.1 4"), None);
        assert_eq!(status(b"\x88\x02\x0f\xa8"), None);
    }
}
