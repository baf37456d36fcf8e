//! What a connection speaks: the binary form of the messages, or JSON. Which one is agreed
//! in the handshake; the session behind it sees no difference.

use throng_shared::session::{Refusal, Why};
use throng_shared::wire::json::{self, BadJson, Teller};
use throng_shared::wire::{ClientMessage, decode_client, decode_server};
use tokio_tungstenite::tungstenite::protocol::Message;

use super::frames::{put_binary_of, put_text};

/// Tag of an Input: over budget, only these may be dropped.
const INPUT_TAG: u8 = 0;
const PONG_TAG: u8 = 2;

/// The subprotocols, of which whoever offers none means the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tongue {
    #[default]
    Binary,
    Json,
}

impl Tongue {
    pub(super) const ALL: [Self; 2] = [Self::Binary, Self::Json];

    /// As it is called in `Sec-WebSocket-Protocol`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Binary => "throng.bin.1",
            Self::Json => "throng.json.1",
        }
    }

    /// The first that is known of those that a client offers, in its order.
    pub(super) fn choose<'a>(offered: impl Iterator<Item = &'a str>) -> Option<Self> {
        let of = |name: &str| Self::ALL.into_iter().find(|tongue| tongue.name() == name);
        offered.flat_map(|value| value.split(',')).find_map(|name| of(name.trim()))
    }
}

/// What a message is, as far as that shows in how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Input,
    Pong,
    Other,
}

/// Why a frame is no message.
#[derive(Debug)]
pub(super) enum Misheard {
    Refused(Refusal),
    BadJson(BadJson),
}

/// One connection's way to hear and to speak.
#[derive(Debug, Default)]
pub(super) struct Speaker {
    tongue: Tongue,
    teller: Teller,
}

impl Speaker {
    pub(super) fn new(tongue: Tongue) -> Self {
        Self { tongue, teller: Teller::default() }
    }

    pub(super) fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// What a frame is, without reading it.
    pub(super) fn kind(&self, frame: &Message) -> Kind {
        match (self.tongue, frame) {
            (Tongue::Binary, Message::Binary(bytes)) => match bytes.first() {
                Some(&INPUT_TAG) => Kind::Input,
                Some(&PONG_TAG) => Kind::Pong,
                Some(_) | None => Kind::Other,
            },
            (Tongue::Json, Message::Text(text)) if json::begins_as(text, "Input") => Kind::Input,
            (Tongue::Json, Message::Text(text)) if json::begins_as(text, "Pong") => Kind::Pong,
            (Tongue::Binary | Tongue::Json, _) => Kind::Other,
        }
    }

    /// The message in a frame; nothing in those that only keep the link.
    pub(super) fn hear(&self, frame: &Message) -> Option<Result<ClientMessage, Misheard>> {
        let refused = |why| Misheard::Refused(Refusal { why });
        Some(match (self.tongue, frame) {
            (Tongue::Binary, Message::Binary(bytes)) => {
                decode_client(bytes).map_err(|error| refused(Why::Undecodable(error.reason)))
            }
            (Tongue::Json, Message::Text(text)) => {
                json::read_client(text).map_err(Misheard::BadJson)
            }
            (Tongue::Binary, Message::Text(_)) => Err(refused(Why::TextFrame)),
            (Tongue::Json, Message::Binary(_)) => Err(refused(Why::BinaryFrame)),
            (_, Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_)) => {
                return None;
            }
        })
    }

    /// Appends a frame of a message, encoded in parts. To say it in JSON it is decoded
    /// again, which costs those alone who want JSON.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, parts: &[&[u8]]) {
        match self.tongue {
            Tongue::Binary => put_binary_of(out, parts),
            Tongue::Json => {
                let message = decode_server(&parts.concat());
                let message = message.expect("what this server encodes is a message");
                put_text(out, &self.teller.tell(&message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use throng_shared::session::CloseCode;
    use throng_shared::wire::{Input, encode};

    #[test]
    fn the_first_known_of_the_offered_is_spoken() {
        let (binary, json) = (Some(Tongue::Binary), Some(Tongue::Json));
        for (offered, expected) in [
            (&[][..], None),
            (&["throng.json.1"], json),
            (&["throng.bin.1"], binary),
            (&["throng.json.1, throng.bin.1"], json),
            (&["throng.bin.1,throng.json.1"], binary),
            (&["chat, throng.json.2 ,\tthrong.json.1"], json),
            (&["chat", "throng.json.1"], json),
            (&["chat"], None),
            (&["THRONG.JSON.1"], None),
            (&["throng.json.1x, "], None),
        ] {
            assert_eq!(Tongue::choose(offered.iter().copied()), expected, "{offered:?}");
        }
    }

    #[test]
    fn inputs_and_pongs_are_known_by_how_they_begin() {
        let input = ClientMessage::Input(Input::default());
        let pong = ClientMessage::Pong { nonce: 1, received: 0 };
        for (message, kind) in
            [(input, Kind::Input), (pong, Kind::Pong), (ClientMessage::Bye, Kind::Other)]
        {
            let bytes = Message::binary(encode(&message));
            let text = Message::text(json::to_json(&message));
            assert_eq!(Speaker::new(Tongue::Binary).kind(&bytes), kind);
            assert_eq!(Speaker::new(Tongue::Json).kind(&text), kind);
            assert_eq!(Speaker::new(Tongue::Binary).kind(&text), Kind::Other);
            assert_eq!(Speaker::new(Tongue::Json).kind(&bytes), Kind::Other);
        }
    }

    #[test]
    fn the_wrong_kind_of_frame_is_refused_in_a_sentence() {
        for (tongue, frame) in
            [(Tongue::Binary, Message::text("{}")), (Tongue::Json, Message::binary(vec![4]))]
        {
            let Some(Err(Misheard::Refused(refusal))) = Speaker::new(tongue).hear(&frame) else {
                panic!("because {tongue:?} has no such frames")
            };
            let (code, sentence) = refusal.why.close();
            assert_eq!(code, CloseCode::TextFrame);
            assert!(sentence.contains("JSON"), "because it says what would be right: {sentence}");
        }
    }
}
