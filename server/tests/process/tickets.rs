//! What must stay secret is planted wherever it can come from, and then looked for; and
//! tickets of a login service, over restarts of the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use throng::tickets::{AuthSecret, Tickets};
use throng_shared::session::Name;
use throng_shared::wire::{ClientMessage, Hello, ServerMessage, decode_server, encode};
use tokio_tungstenite::tungstenite::client;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::{Serving, file, throng};

const SECRET: &str = "planted-secret-of-the-login-service";
const OPERATOR: &str = "planted-secret-of-who-runs-the-server";

/// What the server says to somebody who says a Hello with this ticket.
fn hear(address: &str, query: &str, ticket: &str) -> Vec<Message> {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time is allowed");
    let url = format!("ws://{address}/ws{query}");
    let (mut socket, _) = client(url, stream).expect("the server shakes hands");
    let hello = Hello { ticket: ticket.to_owned(), ..Hello::guest("Eve", 0) };
    let hello = encode(&ClientMessage::Hello(hello));
    socket.send(Message::binary(hello)).expect("the socket takes it");
    let heard = std::iter::from_fn(|| socket.read().ok()).take(2).collect();
    // Whoever never says a word as a player may come in with the ticket once more. One who
    // was refused says it to nobody.
    drop(socket.send(Message::binary(encode(&ClientMessage::Resync))));
    heard
}

/// The close that somebody heard, if one came.
fn end(heard: &[Message]) -> Option<(u16, String)> {
    heard.iter().find_map(|message| {
        let Message::Close(Some(frame)) = message else { return None };
        Some((frame.code.into(), frame.reason.to_string()))
    })
}

/// A ticket with which somebody has just come in, and what was heard then. A server that has
/// just started asks for another one until it knows that nobody used it before.
fn used(address: &str, service: &Tickets) -> (String, Vec<Message>) {
    let name = Name::parse("Ada").expect("it is a name");
    let began = Instant::now();
    loop {
        let ticket = service.issue(&name, "arena", now_s());
        let heard = hear(address, "", &ticket);
        match end(&heard) {
            None => return (ticket, heard),
            Some((code, reason)) => {
                let soon = "the server has just started: bring another ticket";
                assert!(code == 1013 && reason.starts_with(soon), "{code} {reason}");
            }
        }
        assert!(began.elapsed() < Duration::from_secs(60), "because that lasts two seconds");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

#[test]
fn a_used_ticket_stays_used_when_the_server_is_killed_and_starts_again() {
    let start = || {
        let mut command = throng();
        command.args(["--listen", "127.0.0.1:0", "--house-bots", "0"]);
        command.env("THRONG_AUTH_SECRET", SECRET).stdout(Stdio::piped()).stderr(Stdio::null());
        Serving::of(command)
    };
    let service = Tickets::new(Some(&AuthSecret::from(SECRET)));
    let serving = start();
    let (ticket, _) = used(&serving.address, &service);
    let refused = Some((4004, "the ticket was refused".to_owned()));
    assert_eq!(end(&hear(&serving.address, "", &ticket)), refused, "because it was used");
    drop(serving);
    let name = Name::parse("Ada").expect("it is a name");
    let old = service.valid_for(300).issue(&name, "arena", now_s() - 60);
    let service = Tickets::new(Some(&AuthSecret::from(SECRET)));
    let serving = start();
    // At first it is told to bring another one, and when no clock can be so far off, no more.
    let is_kept_out = || {
        let end = end(&hear(&serving.address, "", &ticket));
        assert!(matches!(end, Some((1013 | 4004, _))), "because it was used before: {end:?}");
    };
    is_kept_out();
    let (other, _) = used(&serving.address, &service);
    assert_ne!(other, ticket);
    is_kept_out();
    assert_eq!(end(&hear(&serving.address, "", &old)), refused, "because no clock is so far off");
    let rooms = serving.get("/api/rooms");
    assert!(rooms.contains("4004 TicketFromBefore"), "{rooms}");
}

#[test]
fn secrets_reach_neither_log_nor_page() {
    let log = file("secrets.log", "");
    let stderr = std::fs::File::create(&log).expect("the temporary folder can be written");
    let mut command = throng();
    command
        .args(["--listen", "127.0.0.1:0", "--house-bots", "1"])
        .env("THRONG_LOG", "trace")
        .env("THRONG_AUTH_SECRET", SECRET)
        .env("THRONG_OPERATOR_SECRET", OPERATOR)
        .stdout(Stdio::piped())
        .stderr(stderr);
    let serving = Serving::of(command);
    let address = serving.address.clone();
    let service = Tickets::new(Some(&AuthSecret::from(SECRET)));
    let name = Name::parse("Ada").expect("it is a name");
    let (good, heard) = used(&address, &service);
    let Some(Message::Binary(bytes)) = heard.first() else { panic!("it is let in: {heard:?}") };
    let Ok(ServerMessage::Welcome(welcome)) = decode_server(bytes) else {
        panic!("the first message is a Welcome")
    };
    for (secret, expected) in [(OPERATOR, " 200 "), ("planted-guess", " 403 ")] {
        let mut stream = TcpStream::connect(&address).expect("the server listens");
        let body = format!(r#"{{"name":"Ada","room":"arena","operator":"{secret}"}}"#);
        let request = format!(
            "POST /api/ticket HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.contains(expected) && !answer.contains("planted"), "{answer}");
    }
    let in_url = service.issue(&name, "arena", now_s());
    assert_eq!(hear(&address, &format!("?token={in_url}"), "").len(), 2);
    for bad in ["planted.wrong.ticket", &good] {
        let heard = hear(&address, "?token=planted-in-a-query", bad);
        assert_eq!(end(&heard), Some((4004, "the ticket was refused".to_owned())));
    }
    for path in ["/?token=planted-in-a-page", "/ws?token=planted-in-a-denial"] {
        assert!(!serving.get(path).contains("planted"), "because nothing is said back");
    }
    let mut stream = TcpStream::connect(&address).expect("the server listens");
    let request = "GET /planted-path?token=planted-in-nonsense HTTP/9.9\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("the server reads");
    // It may hang up without a word.
    drop(stream.read_to_end(&mut Vec::new()));
    let rooms = serving.get("/api/rooms");
    assert!(rooms.contains("4004 TicketUsed") && rooms.contains("4004 TicketMalformed"), "{rooms}");
    drop(serving);
    let said = std::fs::read_to_string(&log).expect("the log is text");
    std::fs::remove_file(log).expect("it was written");
    assert!(said.lines().count() > 10, "because a silent log proves nothing");
    let secret = welcome.secret.0;
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    let identity = format!("{:?}", welcome.identity.0);
    for text in [said, rooms] {
        let identity = identity.trim_matches(['[', ']']);
        let list = list.trim_matches(['[', ']']);
        for planted in ["planted", SECRET, &good, &in_url, &hex, list, identity] {
            assert!(!text.contains(planted), "because {planted:?} is secret");
        }
    }
}
