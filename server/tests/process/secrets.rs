//! What peers say to a server that logs all that it can: no secret and no control
//! character of theirs is in its log or on its pages.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use throng_shared::wire::{ClientMessage, Hello, encode};

use super::throng;

const SECRET: &str = "s3cr3t-0f-th3-t3st";
/// Moves the cursor, paints, rings, and begins a line.
const EVIL: &str = "\u{1b}[2J\u{1b}[31mEVIL\u{7}";

/// Sends bytes, and reads until the server hangs up or has no more to say.
fn say(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let timeout = std::time::Duration::from_millis(500);
    stream.set_read_timeout(Some(timeout)).expect("a time above zero");
    stream.write_all(bytes).expect("the server reads");
    let mut answer = Vec::new();
    // A connection that goes on has said what it had to.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// A masked frame; the mask is of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | 126];
    frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn no_secret_and_no_control_character_reaches_the_log_or_a_page() {
    let mut child = throng()
        .env("THRONG_LOG", "trace")
        .args(["--listen", "127.0.0.1:0", "--house-bots", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    let mut log = child.stderr.take().expect("stderr is piped");
    let log = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).expect("the log can be read");
        bytes
    });
    let mut line = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut line).expect("stdout is text");
    let address = line.trim().strip_prefix("throng listening on http://");
    let address = address.expect("the first line tells the address").to_owned();

    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let upgrade = |target: &str, more: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{fields}{more}\r\n").into_bytes()
    };
    let hello = |name: &str, ticket: &str| {
        let greeting = Hello { ticket: ticket.into(), ..Hello::guest(name, 0) };
        frame(0x82, &encode(&ClientMessage::Hello(greeting)))
    };
    let refused = format!("Origin: https://{SECRET}.example/{EVIL}\r\n");
    let mut answers = Vec::new();
    for bytes in [
        upgrade(&format!("/ws?token={SECRET}"), ""),
        upgrade("/ws", &refused),
        upgrade("/ws", &format!("Authorization: Bearer {SECRET}\r\nCookie: {SECRET}\r\n")),
        format!("GET /{SECRET}{EVIL} HTTP/1.1\r\nHost: here\r\n\r\n").into_bytes(),
        format!("GET /{SECRET}?token={SECRET} HTTP/1.1\r\nHost: here\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {SECRET}\r\nX-{SECRET}: {EVIL}\r\n\r\n").into_bytes(),
        format!("{SECRET} {EVIL}\r\n\r\n").into_bytes(),
        [upgrade("/ws", ""), hello(EVIL, SECRET)].concat(),
        [upgrade("/ws", ""), hello(SECRET, SECRET)].concat(),
        [upgrade("/ws", ""), hello("Eve", &format!("{SECRET}{EVIL}"))].concat(),
        [upgrade("/ws", ""), frame(0x81, format!("{SECRET}{EVIL}").as_bytes())].concat(),
        // A close with a reason.
        [upgrade("/ws", ""), [&[0x88, 0x80 | 20, 0, 0, 0, 0, 3, 232], SECRET.as_bytes()].concat()]
            .concat(),
    ] {
        answers.push(say(&address, &bytes));
    }
    for page in ["/api/rooms", "/healthz", "/"] {
        let request = format!("GET {page} HTTP/1.1\r\nHost: here\r\n\r\n");
        let answer = say(&address, request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            !answer.contains(SECRET) && !answer.contains("EVIL"),
            "because of {page}: {answer}"
        );
    }
    for answer in &answers {
        let is_game = answer.starts_with("HTTP/1.1 101 ");
        assert!(is_game || !answer.contains(SECRET), "because nothing is echoed: {answer}");
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let log = log.join().expect("the log was read");
    let text = String::from_utf8(log).expect("the log is text");
    assert!(!text.contains(SECRET), "because a log is no place for secrets: {text}");
    assert!(!text.contains("EVIL"), "because nobody needs it there: {text}");
    let controls = text.chars().filter(|it| it.is_control() && *it != '\n');
    assert_eq!(controls.count(), 0, "because a log is text: {text:?}");
}
