//! The same messages as JSON: what the subprotocol `throng.json.1` speaks.
//!
//! The shape follows from the types alone. A struct is an object, with its fields as they
//! are called in Rust. An enum is an object that says its variant in `type`, beside the
//! fields of the variant; enums of names only, [`PLAIN`], are strings. An id is a number,
//! a longer array of bytes is text in hexadecimal, and what is packed into bits for the
//! binary form is an object.

mod read;
mod tell;
mod tree;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use read::BadJson;
pub use tell::Teller;

use super::messages::{ClientMessage, Input};
use crate::limits::{JSON_MESSAGE_BYTES, THRUST_MAX};
use tree::Tree;

/// Enums whose variants have no fields.
pub const PLAIN: [&str; 2] = ["Problem", "Priority"];

/// Longest array of bytes that is a number, little-endian.
const NUMBER_BYTES: usize = 4;

/// Bits of one axis of a place.
const PLACE_BITS: u32 = 12;

/// The JSON of a wire value.
#[must_use]
pub fn to_json<T: Serialize>(value: &T) -> String {
    tree_of(value).text()
}

/// The wire value of a JSON text.
///
/// # Errors
/// When the text is no JSON, with the position; or is not of that shape, with the field.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, BadJson> {
    read::read(text)
}

/// Decodes what a client sent as text. What has a natural value may be left out:
/// [`defaulted`].
///
/// # Errors
/// As [`from_json`], and when a number has no meaning.
pub fn read_client(text: &str) -> Result<ClientMessage, BadJson> {
    if text.len() > JSON_MESSAGE_BYTES {
        return Err(BadJson::new(format!("a message has at most {JSON_MESSAGE_BYTES} bytes")));
    }
    let message = from_json(text)?;
    if let ClientMessage::Input(Input { thrust, .. }) = message
        && thrust > THRUST_MAX
    {
        return Err(BadJson::new(format!("{thrust} is not from 0 to {THRUST_MAX}")).at("thrust"));
    }
    Ok(message)
}

/// Whether a text begins as a message of this type: enough to tell what is dropped unread.
#[must_use]
pub fn begins_as(text: &str, kind: &str) -> bool {
    let mut rest = text;
    let quoted = ["{", "\"type\"", ":", "\"", kind, "\""];
    for (nth, word) in quoted.iter().enumerate() {
        // Within the quotes nothing may stand before the word.
        let before = if nth < 4 { rest.trim_start_matches([' ', '\t', '\r', '\n']) } else { rest };
        let Some(behind) = before.strip_prefix(word) else { return false };
        rest = behind;
    }
    true
}

/// What a field of a client's message is when it is not there, as JSON.
#[must_use]
pub fn defaulted(container: &str, field: &str) -> Option<serde_json::Value> {
    use crate::limits::PROTOCOL_VERSION;
    use crate::wire::SCHEMA_HASH;
    Some(match (container, field) {
        // JSON says what it means by name, so a client need not know the hash of the types.
        ("Hello", "version") => PROTOCOL_VERSION.into(),
        ("Hello", "schema") => SCHEMA_HASH.into(),
        ("Hello", "look") | ("Input", "aim" | "fire" | "dash") => 0.into(),
        ("Hello", "ticket" | "room") => "".into(),
        ("Hello", "watch") => false.into(),
        _ => return None,
    })
}

fn tree_of<T: Serialize>(value: &T) -> Tree {
    value.serialize(write::Writer).expect("the wire has only what JSON is written for here")
}

/// The name of the field that holds the content of a variant which has a `type` itself.
fn content_key(variant: &str) -> String {
    variant.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NetId;
    use crate::limits::SECRET_BYTES;
    use crate::wire::{
        Ask, Audience, CellEvent, Condition, GliderRecord, Hello, Motion, Order, Place, Resume,
        Secret, Trim,
    };
    use glam::IVec2;
    use proptest::prelude::*;

    fn wrong(text: &str) -> String {
        read_client(text).expect_err("it is no message").to_string()
    }

    #[test]
    fn a_message_is_an_object_with_its_type() {
        let input = Input { tick: 9, ahead: 3, heading: 64, thrust: 15, aim: 1, fire: 2, dash: 0 };
        let text = to_json(&ClientMessage::Input(input));
        assert_eq!(
            text,
            r#"{"type":"Input","tick":9,"ahead":3,"heading":64,"thrust":15,"aim":1,"fire":2,"dash":0}"#
        );
        assert_eq!(read_client(&text), Ok(ClientMessage::Input(input)));
        assert_eq!(to_json(&ClientMessage::Bye), r#"{"type":"Bye"}"#);
    }

    #[test]
    fn enums_within_messages_have_a_type_too() {
        let say = Ask::Say { to: Audience::Player { who: NetId(513) }, text: "hi".to_owned() };
        let order = Ask::Order(Order::Pardon { player: 7 });
        for (ask, expected) in [
            (say, r#"{"type":"Say","to":{"type":"Player","who":513},"text":"hi"}"#),
            (order, r#"{"type":"Order","order":{"type":"Pardon","player":7}}"#),
        ] {
            let message = ClientMessage::Ask { call: 1, ask };
            let text = to_json(&message);
            assert_eq!(text, format!(r#"{{"type":"Ask","call":1,"ask":{expected}}}"#));
            assert_eq!(read_client(&text), Ok(message));
        }
    }

    #[test]
    fn what_is_packed_is_spelled_out() {
        let glider = GliderRecord {
            id: NetId(700),
            place: Place::new(IVec2::new(2047, 3), IVec2::ZERO),
            heading: 3,
            trim: Trim::new(15, 2),
            motion: Motion::Free { vx: -3, vy: 200 },
            condition: Condition::new(75, true),
            name: "Ada".to_owned(),
        };
        let event = CellEvent::Enter(glider);
        let text = to_json(&event);
        assert_eq!(
            text,
            r#"{"type":"Enter","id":700,"place":{"x":2047,"y":3},"heading":3,"trim":{"thrust":15,"look":2},"motion":{"type":"Free","vx":-3,"vy":200},"condition":{"hp":75,"link_dead":true},"name":"Ada"}"#
        );
        assert_eq!(from_json(&text), Ok(event));
    }

    #[test]
    fn a_hello_may_be_just_a_name() {
        let hello = read_client(r#"{"type": "Hello", "name": "Ada"}"#);
        assert_eq!(hello, Ok(ClientMessage::Hello(Hello::guest("Ada", 0))));
        let resume = Resume { secret: Secret([0xA7; SECRET_BYTES]), received: 9 };
        let back = Hello { resume: Some(resume), watch: true, ..Hello::guest("Ada", 3) };
        let text = to_json(&ClientMessage::Hello(back.clone()));
        assert!(text.contains(&"a7".repeat(SECRET_BYTES)), "because bytes are hexadecimal: {text}");
        assert_eq!(read_client(&text), Ok(ClientMessage::Hello(back)));
    }

    #[test]
    fn malformed_json_is_told_where_it_went_wrong() {
        assert_eq!(
            wrong("{\"type\": \"Bye\",\n oops}"),
            "no JSON, at line 2, column 2: key must be a string"
        );
        assert_eq!(wrong(""), "no JSON, at line 1, column 0: EOF while parsing a value");
        let deep = "[".repeat(JSON_MESSAGE_BYTES);
        assert!(wrong(&deep).contains("recursion limit"), "because depth is bounded");
        let two = r#"{"type":"Bye"} {"type":"Bye"}"#;
        assert_eq!(wrong(two), "no JSON, at line 1, column 16: trailing characters");
    }

    #[test]
    fn a_wrong_shape_is_named_by_its_field() {
        let ask = |to: &str| {
            format!(r#"{{"type":"Ask","call":1,"ask":{{"type":"Say","to":{to},"text":"x"}}}}"#)
        };
        for (text, expected) in [
            ("[]", "a list is no object with a `type`"),
            ("{}", "`type` is missing: one of Input, Hello, Pong, Resync, Bye, Ask"),
            (
                r#"{"type":"Inptu"}"#,
                "type: \"Inptu\" is none of Input, Hello, Pong, Resync, Bye, Ask",
            ),
            (
                r#"{"type":"Hello","name":"Ada","loook":3}"#,
                "loook: unknown; Hello has version, schema, name, look, ticket, resume, identity, room, watch",
            ),
            (r#"{"type":"Hello"}"#, "missing field `name`"),
            (r#"{"type":"Bye","now":1}"#, "now: unknown; Bye has no fields"),
            (r#"{"type":"Hello","name":5}"#, "name: 5 is no text"),
            (
                r#"{"type":"Pong","nonce":70000,"received":0}"#,
                "nonce: 70000 is no whole number from 0 to 65535",
            ),
            (
                r#"{"type":"Pong","nonce":1.5,"received":0}"#,
                "nonce: 1.5 is no whole number from 0 to 65535",
            ),
            (
                r#"{"type":"Input","tick":9,"ahead":3,"heading":0,"thrust":16}"#,
                "thrust: 16 is not from 0 to 15",
            ),
            (&ask(r#"{"type":"Player"}"#), "ask.to: missing field `who`"),
            (
                &ask(r#"{"type":"Player","who":-1}"#),
                "ask.to.who: -1 is no whole number from 0 to 65535",
            ),
            (&ask(r#"{"type":"All"}"#), "ask.to.type: \"All\" is none of Room, Player, Everyone"),
            (
                r#"{"type":"Hello","name":"A","resume":{"secret":"zz","received":0}}"#,
                "resume.secret: \"zz\" is not 32 hexadecimal digits",
            ),
        ] {
            assert_eq!(wrong(text), expected, "because of {text}");
        }
    }

    #[test]
    fn the_type_of_a_message_shows_in_its_beginning() {
        for text in
            [r#"{"type":"Input","tick":1}"#, "{ \"type\" :\n\"Input\"", r#"{"type":"Input""#]
        {
            assert!(begins_as(text, "Input"), "{text}");
        }
        for text in ["", "{", r#"{"tick":1,"type":"Input"}"#, r#"{"type":"Inputs"}"#, "\u{e9}"] {
            assert!(!begins_as(text, "Input"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in ".{0,200}") {
            let _ = read_client(&text);
        }

        #[test]
        fn what_is_nearly_a_message_never_panics(
            kind in "Input|Hello|Ask|Pong|X",
            field in "tick|name|resume|ask|type|nonce",
            value in r#"[0-9]{1,20}|"[a-z]{0,3}"|null|\[\]|\{"type":"Say"\}|1e999|-0"#,
        ) {
            let _ = read_client(&format!(r#"{{"type":"{kind}","{field}":{value}}}"#));
        }

        #[test]
        fn every_number_round_trips(
            tick in any::<u32>(), ahead in any::<u16>(), call in any::<u32>(),
            who in any::<u16>(), text in ".{0,60}",
            rest in (any::<u8>(), 0..=THRUST_MAX, any::<u8>(), any::<u8>(), any::<u8>()),
        ) {
            let (heading, thrust, aim, fire, dash) = rest;
            let input = Input { tick, ahead, heading, thrust, aim, fire, dash };
            let ask = Ask::Say { to: Audience::Player { who: NetId(who) }, text };
            for message in [ClientMessage::Input(input), ClientMessage::Ask { call, ask }] {
                prop_assert_eq!(read_client(&to_json(&message)), Ok(message));
            }
        }

        #[test]
        fn every_glider_round_trips(
            bytes in any::<[u8; 3]>(), trim in any::<(u8, u8)>(),
            condition in (0..128_u8, any::<bool>()), speed in any::<(i16, i16)>(),
        ) {
            let place = IVec2::new(i32::from(bytes[0]) * 8, i32::from(bytes[1]) * 8 + 7);
            let glider = GliderRecord {
                id: NetId(u16::from(bytes[2])),
                place: Place::new(place, IVec2::ZERO),
                heading: bytes[0],
                trim: Trim::new(trim.0, trim.1),
                motion: Motion::Free { vx: speed.0, vy: speed.1 },
                condition: Condition::new(condition.0, condition.1),
                name: "n".to_owned(),
            };
            prop_assert_eq!(from_json(&to_json(&glider)), Ok(glider));
        }
    }
}
