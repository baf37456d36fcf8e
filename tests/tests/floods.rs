//! Floods of frames over real sockets: all of them count, whatever the protocol machine
//! does with them, and none makes the server keep anything.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use throng::config::{LimitSettings, Settings};
use throng::serve::Server;
use throng_shared::limits::{FRAMES_PER_S, PONGS_BYTES_MAX};
use throng_shared::wire::{ClientMessage, Hello, Input, encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sockets::{empty, server};

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FINAL: u8 = 0x80;
/// Longer than any of it takes on a machine that is busy.
const LONG: Duration = Duration::from_secs(60);

/// A masked frame; the mask is of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        0..=125 => frame.push(0x80 | payload.len() as u8),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A client that writes its frames itself.
struct Raw(TcpStream);

impl Raw {
    async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        let head = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("the server answers"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "because the handshake is whole");
        Self(stream)
    }

    /// One that plays: it has its Welcome.
    async fn playing(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        let hello = encode(&ClientMessage::Hello(Hello::guest("flood", 0)));
        raw.0.write_all(&frame(FINAL | BINARY, &hello)).await.expect("the server reads");
        assert_eq!(raw.next().await.map(|(first, _)| first), Some(FINAL | BINARY));
        raw
    }

    /// The next frame of the server: its first byte, and its payload.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        let len = match self.0.read_u8().await.ok()? {
            126 => usize::from(self.0.read_u16().await.ok()?),
            127 => self.0.read_u64().await.ok()? as usize,
            short => usize::from(short),
        };
        let mut payload = vec![0; len];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((first, payload))
    }

    /// Sends this again and again, pausing after each, until the server closes; gives the
    /// code, and the pongs that came before.
    async fn flood(self, bytes: Vec<u8>, pause: Duration) -> (u16, usize) {
        let (reader, mut writer) = self.0.into_split();
        let flood = tokio::spawn(async move {
            while writer.write_all(&bytes).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
        let code = tokio::time::timeout(LONG, code_of(reader)).await;
        flood.abort();
        code.expect("because a flood is closed")
    }
}

async fn code_of(mut reader: impl AsyncReadExt + Unpin) -> (u16, usize) {
    let mut bytes = Vec::new();
    let mut pongs = 0;
    loop {
        // Frames of a server are not masked.
        while let [first, short, rest @ ..] = &bytes[..] {
            let (len, rest) = match (*short, rest) {
                (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
                (0..126, rest) => (usize::from(*short), rest),
                (_, _) => break,
            };
            if rest.len() < len {
                break;
            }
            if *first == FINAL | 0x8 {
                return (u16::from_be_bytes([rest[0], rest[1]]), pongs);
            }
            pongs += usize::from(*first == FINAL | PONG);
            let used = bytes.len() - rest.len() + len;
            bytes.drain(..used);
        }
        if reader.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return (0, pongs);
        }
    }
}

/// Ends of the server with this code.
fn ends(server: &Server, code: &str) -> u64 {
    let ends = server.tally().ends();
    ends.iter().filter(|(end, _)| end.starts_with(code)).map(|(_, count)| count).sum()
}

#[tokio::test]
async fn pings_pongs_empty_frames_and_fragments_all_end_with_4008() {
    let server = server(empty());
    // Each is many frames in one write, and no message that would be refused for itself.
    for (name, one) in [
        ("pings", frame(FINAL | PING, &[])),
        ("long pings", frame(FINAL | PING, &[7; 125])),
        ("pongs", frame(FINAL | PONG, &[])),
        ("empty fragments", frame(0, &[])),
    ] {
        let mut raw = Raw::playing(server.address()).await;
        if name.contains("fragment") {
            raw.0.write_all(&frame(BINARY, &[])).await.expect("the server reads");
        }
        let (code, pongs) = raw.flood(one.repeat(50), Duration::from_millis(1)).await;
        assert_eq!(code, 4008, "because {name} are frames like all others");
        // As many as the budget covers, and what it gained until then.
        let most = FRAMES_PER_S as usize * 4;
        assert!(pongs <= most, "because {name} over budget have no answer: {pongs}");
    }
    assert_eq!(ends(&server, "4008"), 4);
    server.stop();
}

#[tokio::test]
async fn a_message_in_fragments_of_one_byte_is_one_message_and_pays_for_each() {
    let server = server(empty());
    let mut raw = Raw::connect(server.address()).await;
    let hello = encode(&ClientMessage::Hello(Hello::guest("pieces", 0)));
    for (n, byte) in hello.iter().enumerate() {
        let opcode = if n == 0 { BINARY } else { 0 };
        let last = if n + 1 == hello.len() { FINAL } else { 0 };
        raw.0.write_all(&frame(opcode | last, &[*byte])).await.expect("the server reads");
    }
    assert_eq!(raw.next().await.map(|(first, _)| first), Some(FINAL | BINARY), "the Welcome");

    // Never ending: the sum of the pieces is bounded, and so is their number.
    let raw = Raw::connect(server.address()).await;
    let (code, _) = raw.flood(frame(BINARY, &[1]), Duration::ZERO).await;
    assert_eq!(code, 1002, "because a message begins once");
    let mut raw = Raw::connect(server.address()).await;
    raw.0.write_all(&frame(BINARY, &[1])).await.expect("the server reads");
    let (code, _) = raw.flood(frame(0, &[1]).repeat(40), Duration::from_millis(1)).await;
    assert!([1009, 4008].contains(&code), "because pieces count: {code}");
    server.stop();
}

#[tokio::test]
async fn a_length_that_is_too_big_is_refused_before_its_payload() {
    let server = server(empty());
    for length in [1_025_u64, 1 << 16, (1 << 32) - 1, 1 << 44, 1 << 63, u64::MAX] {
        for opcode in [BINARY, TEXT] {
            let raw = Raw::connect(server.address()).await;
            let (mut reader, mut writer) = raw.0.into_split();
            let header = [&[FINAL | opcode, 0xFF], &length.to_be_bytes()[..]].concat();
            // The mask does not come, nor does the payload.
            writer.write_all(&header).await.expect("the server reads");
            let (code, _) = tokio::time::timeout(LONG, code_of(&mut reader))
                .await
                .expect("because nobody waits for the payload");
            assert_eq!(code, 1009, "because {length} bytes are declared");
        }
    }
    server.stop();
}

#[tokio::test]
async fn inputs_at_ten_times_the_rate_are_dropped_and_then_end_with_4008() {
    let server = server(empty());
    let raw = Raw::playing(server.address()).await;
    let tick = server.status().tick();
    let input = encode(&ClientMessage::Input(Input { tick, ..Input::default() }));
    let began = Instant::now();
    let burst = frame(FINAL | BINARY, &input).repeat(60);
    let (code, _) = raw.flood(burst, Duration::from_millis(20)).await;
    assert_eq!(code, 4008, "because that is ten times as much as may be");
    assert!(began.elapsed() >= Duration::from_secs(3), "because a burst is forgiven");
    server.stop();
}

#[tokio::test]
async fn inputs_over_budget_are_dropped_before_anybody_decodes_them() {
    let limits = LimitSettings { frames_per_s: Some(10), ..LimitSettings::default() };
    let server = server(Settings { limits, ..empty() });
    let mut raw = Raw::playing(server.address()).await;
    let tick = server.status().tick();
    let input = encode(&ClientMessage::Input(Input { tick, ..Input::default() }));
    // It begins as an input does, and no input goes on like that.
    let rubbish = frame(FINAL | BINARY, &[input[0], 0xFF, 0xFF]);
    // Twice what the bucket holds, and behind it what would be the end if it were looked at.
    // One write is read in one turn, so that no time passes between the two.
    let burst = [frame(FINAL | BINARY, &input).repeat(40), rubbish.repeat(20)].concat();
    let mut expected = server.tally().bytes().0;
    for _ in 0..8 {
        raw.0.write_all(&burst).await.expect("the server reads");
        expected += burst.len() as u64;
        let began = Instant::now();
        while server.tally().bytes().0 < expected {
            assert!(began.elapsed() < LONG, "because what comes is read");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    // What was read is dealt with by the next turn, of which there are several a tick.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(ends(&server, "4"), 0, "because nobody looked at it: {:?}", server.tally().ends());
    // The bucket has something again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    raw.0.write_all(&rubbish).await.expect("the server reads");
    let (code, _) = tokio::time::timeout(LONG, code_of(raw.0)).await.expect("it is closed");
    assert_eq!(code, 4001, "because what is paid for is decoded");
    server.stop();
}

#[tokio::test]
async fn who_pings_and_never_reads_grows_nothing() {
    let server = server(empty());
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("the system takes a small buffer");
    let stream = socket.connect(server.address()).await.expect("the server listens");
    let mut raw = Raw(stream);
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address()
    );
    raw.0.write_all(head.as_bytes()).await.expect("the server reads");
    let ping = frame(FINAL | PING, &[7; 125]);
    let began = Instant::now();
    // Below the budget, so that nothing but the pongs could be too much.
    while raw.0.write_all(&ping).await.is_ok() && ends(&server, "4").max(ends(&server, "c")) == 0 {
        assert!(began.elapsed() < LONG, "because silence without Hello ends");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    let (_, bytes_out) = server.tally().bytes();
    let most = (PONGS_BYTES_MAX + (1 << 20)) as u64;
    assert!(bytes_out <= most, "because pongs wait for nobody: {bytes_out}");
    server.stop();
}
