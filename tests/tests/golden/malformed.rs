//! `malformed.json`: bytes that are no message, and why.

use serde_json::{Value, json};
use throng_shared::limits::{CLIENT_MESSAGE_BYTES, THRUST_MAX};
use throng_shared::wire::{
    ClientMessage, Event, Input, Reason, ServerMessage, WelcomeHead, decode_client, decode_server,
    encode, splice_welcome,
};

use super::{hex, lines, settle, values};

#[test]
fn what_is_no_message_is_refused_with_a_reason() {
    let mut items = Vec::new();
    for (why, bytes) in client() {
        let error = decode_client(&bytes).expect_err("the bytes are no message");
        items.push(vector("ClientMessage", why, &bytes, error.reason));
    }
    for (why, bytes) in server() {
        let error = decode_server(&bytes).expect_err("the bytes are no message");
        items.push(vector("ServerMessage", &why, &bytes, error.reason));
    }
    settle("malformed.json", &lines(&items));
}

fn vector(kind: &str, why: &str, bytes: &[u8], reason: Reason) -> Value {
    json!({"type": kind, "why": why, "hex": hex(bytes), "reason": format!("{reason:?}")})
}

fn with(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, tail].concat()
}

fn client() -> Vec<(&'static str, Vec<u8>)> {
    let hello = [1, 1, 0];
    let far = Input { thrust: THRUST_MAX + 1, ..Input::default() };
    vec![
        ("nothing at all", vec![]),
        ("an unknown tag", vec![5]),
        ("the largest tag", vec![252, 255, 255, 255, 255]),
        ("a tag alone", vec![2]),
        ("a trailing byte", vec![3, 0]),
        ("a number cut off", vec![2, 251, 1]),
        ("a number wider than its type", vec![2, 252, 1, 0, 0, 0]),
        ("a marker that no number has", vec![2, 255]),
        ("a name that is not UTF-8", with(&hello, &[2, 0xC3, 0x28, 0])),
        ("a name with half a surrogate pair", with(&hello, &[3, 0xED, 0xA0, 0x80, 0])),
        ("a name longer than the bytes", with(&hello, &[200, 65, 65, 0])),
        ("a name that claims 65,535 bytes", with(&hello, &[251, 255, 255, 0, 0, 0, 0])),
        ("a name that claims four gigabytes", with(&hello, &[252, 255, 255, 255, 255, 0, 0])),
        (
            "a name that claims all bytes there can be",
            with(&hello, &[253, 255, 255, 255, 255, 255, 255, 255, 255]),
        ),
        ("a message over the limit", vec![0; CLIENT_MESSAGE_BYTES + 1]),
        ("a thrust out of range", encode(&ClientMessage::Input(far))),
    ]
}

/// A Welcome up to its `tick_hz`, and the rest.
fn welcome(rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    splice_welcome(&mut bytes, &WelcomeHead::default());
    // Whom it sees, its own number, whether it looks on, and the tick.
    bytes.extend([7, 0, 7, 0, 0, 0, 30]);
    [&bytes, rest].concat()
}

fn server() -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = [
        ("nothing at all", vec![]),
        ("an unknown tag", vec![6]),
        ("an option that is neither", vec![0, 2, 0, 0]),
        ("ticks that are not there", vec![0, 0, 3, 0, 0]),
        (
            "ticks that claim all there can be",
            vec![0, 0, 253, 255, 255, 255, 255, 255, 255, 255, 255],
        ),
        ("an unknown event of a cell", vec![0, 0, 1, 0, 1, 0, 1, 14, 0, 0]),
        ("an unknown event", vec![3, 1, 6]),
        ("a trailing byte", vec![2, 1, 0, 0, 0]),
        ("a marker that no number has", vec![2, 254, 0, 0]),
        ("a room that is not UTF-8", welcome(&[1, 0xFF, 8, 8, 0])),
        ("runs that claim four gigabytes", welcome(&[0, 8, 8, 252, 255, 255, 255, 255])),
    ]
    .map(|(why, bytes)| (why.to_owned(), bytes))
    .into();
    let kill = values::events().into_iter().find(|(name, _)| *name == "kill");
    if let Some((_, kill @ Event::Kill { .. })) = kill {
        let mut bytes = encode(&ServerMessage::Event { number: 1, event: kill });
        if let Some(last) = bytes.last_mut() {
            *last = 2;
        }
        out.push(("a bool that is neither".to_owned(), bytes));
    }
    for (name, message) in values::server_messages() {
        let bytes = encode(&message);
        out.push((format!("`{name}` without its last byte"), bytes[..bytes.len() - 1].to_vec()));
        out.push((format!("`{name}` and one byte more"), with(&bytes, &[0])));
    }
    out
}
