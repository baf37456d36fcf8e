//! `throng.json.1` over real sockets: the same game and the same sessions, as text.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use throng::config::{ArenaSpec, Settings};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::sockets::{empty, hello, next, server};

/// No test fails because a machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<TcpStream>;

async fn offer(address: SocketAddr, offered: &'static str) -> Option<(Socket, Response)> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let mut request = format!("ws://{address}/ws").into_client_request().expect("it is an address");
    let value = offered.parse().expect("it is a value");
    request.headers_mut().insert("Sec-WebSocket-Protocol", value);
    client_async(request, stream).await.ok()
}

async fn open(address: SocketAddr) -> Socket {
    offer(address, "throng.json.1").await.expect("the server shakes hands").0
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.expect("the socket takes a message");
}

/// The next message of a type; heartbeats on the way are answered.
async fn hear(socket: &mut Socket, kind: &str) -> Value {
    let heard = async {
        loop {
            let message = socket.next().await.expect("it goes on").expect("the link holds");
            let Message::Text(text) = message else { panic!("because JSON is text: {message:?}") };
            let value: Value = serde_json::from_str(&text).expect("it is JSON");
            if value["type"] == kind {
                return value;
            }
            if value["type"] == "Ping" {
                let pong = json!({"type": "Pong", "nonce": value["nonce"], "received": 0});
                say(socket, pong).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("it comes in time")
}

/// Code and reason of the close.
async fn end(socket: &mut Socket) -> (u16, String) {
    let end = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                return (frame.code.into(), frame.reason.to_string());
            }
        }
        panic!("because the server closes with a code")
    };
    tokio::time::timeout(PATIENCE, end).await.expect("it comes in time")
}

fn disc() -> Settings {
    Settings { arena: Some(ArenaSpec::Disc(8)), ..empty() }
}

#[tokio::test]
async fn whoever_speaks_json_plays_with_those_who_speak_binary() {
    let server = server(disc());
    let mut binary = hello(server.address()).await;
    assert!(next(&mut binary).await.is_some(), "because it is welcomed");
    let mut socket = open(server.address()).await;
    say(&mut socket, json!({"type": "Hello", "name": "Ada"})).await;
    let welcome = hear(&mut socket, "Welcome").await;
    let first = hear(&mut socket, "Snapshot").await;
    let restart = &first["refocus"]["restart"];
    assert_eq!(&first["tick"], restart, "because the first snapshot begins anew");
    assert!(restart.as_u64() >= welcome["tick"].as_u64());
    let tick = hear(&mut socket, "Tick").await["tick"].as_u64().expect("it is numbered");
    let input = json!({"type": "Input", "tick": tick + 3, "ahead": 3, "heading": 0, "thrust": 15});
    say(&mut socket, input).await;
    let names = async {
        loop {
            say(&mut socket, json!({"type": "Resync"})).await;
            let snapshot = hear(&mut socket, "Snapshot").await;
            let keyframes = snapshot["refocus"]["keyframes"].to_string();
            if ["Ada", "tester"].iter().all(|name| keyframes.contains(name)) {
                assert!(keyframes.contains(r#""cell":{"x":"#), "because places are in cells");
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, names).await.expect("both are seen in time");
    server.stop();
}

#[tokio::test]
async fn whoever_speaks_json_may_look_on() {
    let server = server(disc());
    let mut socket = open(server.address()).await;
    say(&mut socket, json!({"type": "Hello", "name": "Eve", "watch": true})).await;
    let welcome = hear(&mut socket, "Welcome").await;
    assert_eq!((&welcome["watch"], &welcome["you"]), (&json!(true), &json!(65535)));
    let told = hear(&mut socket, "Event").await;
    assert_eq!(told["event"], json!({"type": "Watching", "who": 65535}));
    hear(&mut socket, "Snapshot").await;
    let mut binary = hello(server.address()).await;
    assert!(next(&mut binary).await.is_some(), "because it is welcomed");
    let seen = async {
        loop {
            let told = hear(&mut socket, "Event").await;
            if told["event"]["type"] == "Watching" {
                return told["event"]["who"].clone();
            }
        }
    };
    let who = tokio::time::timeout(PATIENCE, seen).await.expect("it comes in time");
    let ask = json!({"type": "Ask", "call": 1,
        "ask": {"type": "Watch", "whom": {"type": "Player", "who": who}}});
    say(&mut socket, ask).await;
    let answer = async {
        loop {
            let told = hear(&mut socket, "Event").await;
            if told["event"]["type"] == "Answer" {
                return told["event"]["outcome"].clone();
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, answer).await.expect("it comes in time");
    assert_eq!(outcome["type"], "Done");
    server.stop();
}

#[tokio::test]
async fn a_call_without_a_number_is_answered_and_the_session_goes_on() {
    let server = server(disc());
    let mut socket = open(server.address()).await;
    say(&mut socket, json!({"type": "Hello", "name": "Ada"})).await;
    hear(&mut socket, "Snapshot").await;
    for call in [0, 1] {
        let ask = json!({"type": "Subscribe", "topic": "rooms"});
        say(&mut socket, json!({"type": "Ask", "call": call, "ask": ask})).await;
        let answer = async {
            loop {
                let told = hear(&mut socket, "Event").await["event"].clone();
                if told["type"] == "Answer" {
                    return told;
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("it comes in time");
        assert_eq!(answer["call"], call);
        let problem = if call == 0 { json!("OutOfPlace") } else { Value::Null };
        assert_eq!(answer["outcome"]["problem"], problem, "{answer}");
    }
    server.stop();
}

#[tokio::test]
async fn the_first_known_subprotocol_is_agreed_and_others_are_not() {
    let server = server(empty());
    for (offered, agreed) in [
        ("throng.json.1", Some("throng.json.1")),
        ("throng.bin.1, throng.json.1", Some("throng.bin.1")),
        ("chat, throng.json.1, throng.bin.1", Some("throng.json.1")),
        ("chat", None),
    ] {
        let answered = offer(server.address(), offered).await.map(|(_, response)| {
            let value = &response.headers()["Sec-WebSocket-Protocol"];
            value.to_str().expect("it is ASCII").to_owned()
        });
        assert_eq!(answered.as_deref(), agreed, "because {offered} was offered");
    }
    server.stop();
}

#[tokio::test]
async fn what_is_not_json_of_that_shape_is_named_in_the_close() {
    let server = server(empty());
    for (said, code, reason) in [
        (Message::text("{\"type\": oops}"), 4001, "no JSON, at line 1, column 10: expected value"),
        (Message::text(r#"{"type":"Bye","x":1}"#), 4001, "x: unknown; Bye has no fields"),
        (Message::text(r#"{"type":"Bye"}"#), 4003, "the first message must be Hello"),
        (Message::binary(vec![4]), 1003, "JSON is spoken here, in text messages only"),
    ] {
        let mut socket = open(server.address()).await;
        socket.send(said.clone()).await.expect("the socket takes a message");
        assert_eq!(end(&mut socket).await, (code, reason.to_owned()), "because of {said:?}");
    }
    let mut binary = offer(server.address(), "throng.bin.1").await.expect("it is known").0;
    say(&mut binary, json!({"type": "Hello", "name": "Ada"})).await;
    let (code, reason) = end(&mut binary).await;
    assert_eq!(code, 1003);
    assert!(reason.contains("throng.json.1"), "because that would be right: {reason}");
    server.stop();
}

#[tokio::test]
async fn a_message_that_has_no_place_while_playing_is_answered_in_json_too() {
    let server = server(disc());
    let mut socket = open(server.address()).await;
    let greeting = json!({"type": "Hello", "name": "Ada"});
    say(&mut socket, greeting.clone()).await;
    hear(&mut socket, "Tick").await;
    say(&mut socket, greeting).await;
    let answer = async {
        loop {
            let told = hear(&mut socket, "Event").await;
            if told["event"]["type"] == "Answer" {
                return told["event"].clone();
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("it comes in time");
    assert_eq!((&answer["call"], &answer["outcome"]["problem"]), (&json!(0), &json!("OutOfPlace")));
    let text = answer["outcome"]["text"].as_str().expect("it is a sentence");
    assert!(text.contains("Hello was said already"), "{text}");
    hear(&mut socket, "Tick").await;
    socket.send(Message::text("{\"type\":\n oops}")).await.expect("the socket takes a message");
    let (code, reason) = end(&mut socket).await;
    assert_eq!(code, 4001, "because that is no message at all");
    assert!(reason.contains("line 2, column 2"), "because it says where: {reason}");
    server.stop();
}

#[tokio::test]
async fn a_json_session_goes_on_after_its_connection_was_lost() {
    let server = server(disc());
    let mut socket = open(server.address()).await;
    say(&mut socket, json!({"type": "Hello", "name": "Ada", "look": 3})).await;
    let welcome = hear(&mut socket, "Welcome").await;
    say(&mut socket, json!({"type": "Resync"})).await;
    hear(&mut socket, "Tick").await;
    drop(socket);
    let resume = json!({"secret": welcome["secret"], "received": 0});
    let mut socket = open(server.address()).await;
    say(&mut socket, json!({"type": "Hello", "name": "Ada", "resume": resume})).await;
    let again = hear(&mut socket, "Welcome").await;
    assert_eq!((&again["resumed"], &again["you"]), (&json!(true), &welcome["you"]));
    assert_eq!(hear(&mut socket, "Event").await["number"], 1, "because none was acknowledged");
    server.stop();
}
