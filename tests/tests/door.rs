//! Who stands at the door, and how many of one address: those who say nothing, or little,
//! or too much, keep nobody else out.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use throng::config::{LimitSettings, Settings, SwitchedOff};
use throng::serve::Server;
use throng_bot::client::Client;
use throng_shared::limits::HTTP_HEAD_BYTES;
use throng_shared::wire::{ClientMessage, Hello, ServerMessage, decode_server, encode, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::sockets::{empty, server};

/// Long, because a busy machine is no fault of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a connection from one of this machine's addresses.
async fn from(source: [u8; 4], server: &Server) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((source, 0).into()).expect("all of 127 is this machine");
    socket.connect(server.address()).await.expect("the server listens")
}

async fn open(stream: TcpStream, forwarded: Option<&str>) -> WebSocketStream<TcpStream> {
    let address = stream.peer_addr().expect("it is connected");
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a url");
    if let Some(forwarded) = forwarded {
        let value = forwarded.parse().expect("a value");
        request.headers_mut().insert("x-forwarded-for", value);
    }
    tokio_tungstenite::client_async(request, stream).await.expect("the server shakes hands").0
}

/// The code and the reason that a connection is closed with, if it is by then.
async fn end(mut socket: WebSocketStream<TcpStream>, within: Duration) -> Option<(u16, String)> {
    let close = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                return Some((frame.code.into(), frame.reason.to_string()));
            }
        }
        None
    };
    timeout(within, close).await.ok().flatten()
}

async fn joins(server: &Server, source: [u8; 4]) {
    let url = format!("ws://{}/ws", server.address());
    let stream = from(source, server).await;
    let joined = timeout(PATIENCE, Client::join(stream, &url, "Ada", 3)).await;
    joined.expect("within the test").expect("there is room").leave().await;
}

fn limited(limits: LimitSettings) -> Server {
    server(Settings { limits, ..empty() })
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_who_is_too_many_is_told() {
    let few = LimitSettings { connections_per_address: Some(3), ..LimitSettings::default() };
    let server = limited(few);
    let mut inside = Vec::new();
    for _ in 0..3 {
        inside.push(open(from([127, 0, 3, 1], &server).await, None).await);
    }
    let fourth = open(from([127, 0, 3, 1], &server).await, None).await;
    let (code, reason) = end(fourth, PATIENCE).await.expect("it is closed");
    assert_eq!(code, 1013, "because it may come back later");
    assert!(reason.contains("too many connections from your address"), "{reason}");
    assert!(reason.contains("retry_after_ms="), "because it must know when: {reason}");
    let mut page = from([127, 0, 3, 1], &server).await;
    page.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("the server reads");
    let mut answer = String::new();
    page.read_to_string(&mut answer).await.expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 429 "), "because pages are connections: {answer}");
    joins(&server, [127, 0, 3, 2]).await;
    drop(inside);
    // The server notices a little later.
    let began = Instant::now();
    while server.tally().open() > 0 {
        assert!(began.elapsed() < PATIENCE, "because a connection that is gone is let go");
        sleep(Duration::from_millis(10)).await;
    }
    joins(&server, [127, 0, 3, 1]).await;
    assert_eq!(server.tally().ends()["1013 address"], 1);
    server.stop();
}

#[tokio::test]
async fn who_knocks_too_often_is_dropped_and_others_come_in() {
    let slow = LimitSettings { address_accepts_per_s: Some(2), ..LimitSettings::default() };
    let server = limited(slow);
    for _ in 0..100 {
        drop(from([127, 0, 3, 1], &server).await);
    }
    joins(&server, [127, 0, 3, 2]).await;
    let began = Instant::now();
    let dropped = "dropped: its address knocks too often";
    while server.tally().ends().get(dropped).is_none_or(|&count| count < 50) {
        assert!(began.elapsed() < PATIENCE, "{:?}", server.tally().ends());
        sleep(Duration::from_millis(10)).await;
    }
    server.stop();
}

#[tokio::test]
async fn silent_and_slow_ones_end_in_time_and_keep_nobody_out() {
    throng_bot::load::allow_open_files(6_000).expect("so many files may be open");
    let server = limited(LimitSettings { head_timeout_ms: Some(3_000), ..Default::default() });
    let mut silent = Vec::new();
    for number in 0..2_000_u32 {
        let mut stream = from([127, 0, 4, 1 + (number / 200) as u8], &server).await;
        // Half of them say a byte now and then.
        if number % 2 == 0 {
            stream.write_all(b"G").await.expect("the server reads");
        }
        silent.push(stream);
    }
    joins(&server, [127, 0, 3, 2]).await;
    let ended = silent.into_iter().map(|mut stream| async move {
        let mut buf = [0; 64];
        let drip = async {
            loop {
                tokio::select! {
                    read = stream.read(&mut buf) => return matches!(read, Ok(0) | Err(_)),
                    () = sleep(Duration::from_millis(900)) => {
                        if stream.try_write(b"x").is_err() {
                            return true;
                        }
                    }
                }
            }
        };
        timeout(PATIENCE, drip).await.unwrap_or(false)
    });
    let ended = futures_util::future::join_all(ended).await;
    assert!(ended.into_iter().all(|is_ended| is_ended), "because a whole head is due in time");
    server.stop();
}

#[tokio::test]
async fn a_head_of_twenty_megabytes_is_cut_off_at_once() {
    let server = server(empty());
    let mut stream = from([127, 0, 3, 1], &server).await;
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: here\r\nX: ").await.expect("it is read");
    let piece = [b'x'; 4096];
    let mut sent = 0;
    while sent < 20 << 20 {
        let Ok(count) = stream.write(&piece).await else { break };
        sent += count;
    }
    let (bytes_in, _) = server.tally().bytes();
    assert_eq!(bytes_in, 0, "because it never came in");
    // What the kernel and the last word's second take in is all that was taken.
    assert!(sent < 20 << 20, "because nobody reads on after {HTTP_HEAD_BYTES} bytes");
    let mut short = from([127, 0, 3, 1], &server).await;
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(HTTP_HEAD_BYTES));
    short.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    short.read_to_string(&mut answer).await.expect("the server answers");
    assert!(answer.starts_with("HTTP/1.1 431 "), "because it is too long: {answer}");
    server.stop();
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_cap_is_of_those_it_speaks_for() {
    let networks = vec!["127.0.9.0/24".parse().expect("a network")];
    let limits = LimitSettings { connections_per_address: Some(1), ..LimitSettings::default() };
    let server = server(Settings { limits, trust_proxy: Some(networks), ..empty() });
    let proxy = [127, 0, 9, 1];
    let _ada = open(from(proxy, &server).await, Some("192.0.2.1")).await;
    let _bob = open(from(proxy, &server).await, Some("192.0.2.1, 192.0.2.2")).await;
    let again = open(from(proxy, &server).await, Some("192.0.2.2")).await;
    let (code, reason) = end(again, PATIENCE).await.expect("it is closed");
    assert!(code == 1013 && reason.contains("your address"), "{code} {reason}");
    // Nobody else is believed.
    let _eve = open(from([127, 0, 3, 1], &server).await, Some("192.0.2.3")).await;
    let again = open(from([127, 0, 3, 1], &server).await, Some("192.0.2.4")).await;
    assert_eq!(end(again, PATIENCE).await.map(|(code, _)| code), Some(1013));
    server.stop();
}

#[tokio::test]
async fn what_is_switched_off_is_told() {
    let switched_off = SwitchedOff { address_caps: true, ..SwitchedOff::default() };
    let limits = LimitSettings { connections_per_address: Some(1), ..LimitSettings::default() };
    let server = server(Settings { limits, switched_off, ..empty() });
    let _first = open(from([127, 0, 3, 1], &server).await, None).await;
    let mut page = from([127, 0, 3, 1], &server).await;
    let request = b"GET /api/rooms HTTP/1.1\r\nHost: here\r\n\r\n";
    page.write_all(request).await.expect("the server reads");
    let mut answer = String::new();
    page.read_to_string(&mut answer).await.expect("the server answers");
    assert!(answer.contains("\"unsafe\":[\"unsafe-no-address-caps\"]"), "{answer}");
    server.stop();
}

/// The first line of the answer to a request for a ticket that begins like this.
async fn asked(server: &Server, source: [u8; 4], begins: &str) -> String {
    let mut stream = from(source, server).await;
    let body = r#"{"name":"Ada","room":"arena"}"#;
    let request = format!(
        "{begins} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_address_gets_so_many_tickets_however_it_asks() {
    let slow = LimitSettings { address_tickets_per_s: Some(1), ..LimitSettings::default() };
    let server = limited(slow);
    let ways = ["POST /api/ticket", "POST http://here/api/ticket", "\r\nPOST /api/ticket"];
    let mut refused = [0; 3];
    for number in 0..60 {
        let way = number % ways.len();
        let line = asked(&server, [127, 0, 3, 1], ways[way]).await;
        let is_given = line == "HTTP/1.1 200 OK";
        assert!(is_given || line.starts_with("HTTP/1.1 429 "), "{line}");
        refused[way] += usize::from(!is_given);
    }
    assert!(refused.iter().all(|&count| count > 0), "because all of them count: {refused:?}");
    let other = asked(&server, [127, 0, 3, 2], ways[0]).await;
    assert_eq!(other, "HTTP/1.1 200 OK", "because others have their own");
    server.stop();
}

#[tokio::test]
async fn who_may_come_back_keeps_a_place_of_its_address() {
    let few = LimitSettings { connections_per_address: Some(3), ..LimitSettings::default() };
    let settings = Settings { session_s: Some(3600), link_hold_s: Some(3600), ..empty() };
    let server = server(Settings { limits: few, ..settings });
    let url = format!("ws://{}/ws", server.address());
    for _ in 0..3 {
        let stream = from([127, 0, 3, 1], &server).await;
        let client = Client::join(stream, &url, "Ada", 3).await.expect("there is room");
        // Lost without a word.
        drop(client);
    }
    let began = Instant::now();
    while server.tally().open() > 0 {
        assert!(began.elapsed() < PATIENCE, "because a connection that is gone is let go");
        sleep(Duration::from_millis(10)).await;
    }
    let fourth = open(from([127, 0, 3, 1], &server).await, None).await;
    let (_, reason) = end(fourth, PATIENCE).await.expect("it is closed");
    assert!(reason.contains("too many connections from your address"), "{reason}");
    joins(&server, [127, 0, 3, 2]).await;
    server.stop();
}

#[tokio::test]
async fn requests_that_never_end_do_not_make_a_server_look_dead() {
    let server = server(empty());
    let mut held = Vec::new();
    for source in 0..17_u8 {
        for _ in 0..64 {
            let mut stream = from([127, 0, 4, source + 1], &server).await;
            let request = "POST /api/ticket HTTP/1.1\r\nHost: here\r\nContent-Length: 900\r\n\r\n";
            stream.write_all(request.as_bytes()).await.expect("the server reads");
            held.push(stream);
        }
    }
    for probe in ["/healthz", "/readyz"] {
        let mut page = from([127, 0, 3, 1], &server).await;
        let request = format!("GET {probe} HTTP/1.1\r\nHost: here\r\n\r\n");
        page.write_all(request.as_bytes()).await.expect("the server reads");
        let mut answer = String::new();
        page.read_to_string(&mut answer).await.expect("the server answers");
        assert!(answer.starts_with("HTTP/1.1 200 "), "because it lives: {answer}");
    }
    drop(held);
    server.stop();
}

/// A player who shows once that it reads, and never again.
async fn stops_reading(server: &Server) -> (u16, String) {
    let mut socket = open(from([127, 0, 0, 1], server).await, None).await;
    let hello = ClientMessage::Hello(Hello::guest("Ada", 3));
    socket.send(Message::Binary(encode(&hello).into())).await.expect("it is heard");
    let answered = async {
        loop {
            let message = socket.next().await.expect("it goes on").expect("it is whole");
            if let Ok(ServerMessage::Ping { nonce, .. }) = decode_server(&message.into_data()) {
                let pong = ClientMessage::Pong { nonce, received: 0 };
                return socket.send(Message::Binary(encode(&pong).into())).await;
            }
        }
    };
    timeout(PATIENCE, answered).await.expect("a heartbeat comes").expect("it is heard");
    end(socket, PATIENCE).await.expect("it is let go")
}

#[tokio::test]
async fn an_operator_says_how_long_nothing_may_be_read() {
    let short = LimitSettings { stall_timeout_ms: Some(1_500), ..LimitSettings::default() };
    let long = LimitSettings { stall_timeout_ms: Some(120_000), ..LimitSettings::default() };
    let (strict, patient) = (limited(short), limited(long));
    tokio::select! {
        (code, _) = stops_reading(&strict) => assert_eq!(code, 4013),
        end = stops_reading(&patient) => panic!("because that one waits longer: {end:?}"),
    }
    strict.stop();
    patient.stop();
}

/// What becomes of a first message of so many bytes: it has a ticket that is no good, if it is
/// looked at.
async fn long_hello(server: &Server, tongue: &str, bytes: usize) -> u16 {
    let stream = from([127, 0, 0, 1], server).await;
    let mut request = format!("ws://{}/ws", server.address()).into_client_request().expect("a url");
    let tongue_of = tongue.parse().expect("a value");
    request.headers_mut().insert("sec-websocket-protocol", tongue_of);
    let (mut socket, _) =
        tokio_tungstenite::client_async(request, stream).await.expect("the server shakes hands");
    let message = |ticket: usize| {
        let hello = Hello { ticket: "x".repeat(ticket), ..Hello::guest("Ada", 3) };
        let hello = ClientMessage::Hello(hello);
        if tongue == "throng.json.1" {
            Message::text(json::to_json(&hello))
        } else {
            Message::binary(encode(&hello))
        }
    };
    let message = message(bytes - message(300).len() + 300);
    assert_eq!(message.len(), bytes);
    socket.send(message).await.expect("it is heard");
    end(socket, PATIENCE).await.expect("it is let go").0
}

#[tokio::test]
async fn an_operator_says_how_long_a_message_may_be() {
    let short = LimitSettings {
        message_bytes: Some(950),
        json_message_bytes: Some(1_700),
        ..LimitSettings::default()
    };
    let (strict, usual) = (limited(short), limited(LimitSettings::default()));
    for (tongue, bytes) in [("throng.bin.1", 950), ("throng.json.1", 1_700)] {
        assert_eq!(long_hello(&strict, tongue, bytes).await, 4004, "because it is looked at");
        assert_eq!(long_hello(&strict, tongue, bytes + 1).await, 1009);
        assert_eq!(long_hello(&usual, tongue, bytes + 1).await, 4004);
    }
    strict.stop();
    usual.stop();
}

/// A connection that says this, and then nothing more, not even the answer to a heartbeat.
async fn falls_silent(server: &Server, first: Option<ClientMessage>) -> (u16, String) {
    let mut socket = open(from([127, 0, 0, 1], server).await, None).await;
    if let Some(message) = first {
        socket.send(Message::Binary(encode(&message).into())).await.expect("it is heard");
    }
    end(socket, PATIENCE).await.expect("it is let go")
}

#[tokio::test]
async fn an_operator_says_how_long_silence_may_last() {
    let short = LimitSettings {
        hello_timeout_ms: Some(200),
        silence_timeout_ms: Some(5_000),
        ..LimitSettings::default()
    };
    let (strict, usual) = (limited(short), limited(LimitSettings::default()));
    let hello = ClientMessage::Hello(Hello::guest("Ada", 3));
    for (first, why) in [(None, "no Hello came in time"), (Some(hello), "no heartbeat")] {
        tokio::select! {
            end = falls_silent(&strict, first.clone()) => assert_eq!(end, (4009, why.to_owned())),
            end = falls_silent(&usual, first) => panic!("four times as patient, but {end:?}"),
        }
    }
    strict.stop();
    usual.stop();
}
