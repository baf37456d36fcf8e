//! What is wrong with what a client said: what ends its session, and what it is only told of.

use super::close::CloseCode;
use crate::wire::{Problem, Reason};

/// Why a session was refused: the label under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    Undecodable(Reason),
    /// A frame that is longer than any message.
    TooBig,
    /// Text where binary messages are spoken.
    TextFrame,
    /// And the other way round.
    BinaryFrame,
    BeforeHello,
    SecondHello,
    BeforeWelcome,
    WrongVersion,
    WrongSchema,
    BadName,
    BadLook,
    InputFromThePast,
    InputFromTheFuture,
    SeenTheFuture,
    UnknownPong,
    ReceivedTheFuture,
    NoTicket,
    BadTicket,
    NoHello,
    Silent,
}

impl Why {
    /// The close code, and a sentence for the peer.
    #[must_use]
    pub fn close(self) -> (CloseCode, &'static str) {
        use CloseCode::{
            AuthFailed, Decode, NotAuthenticated, Policy, Silent, TextFrame, TooBig, WrongProtocol,
        };
        match self {
            Self::TooBig => (TooBig, "the message is over the limit"),
            // A length in it that is too long is a message that is none.
            Self::Undecodable(_) => (Decode, "the message could not be decoded"),
            Self::TextFrame => {
                (TextFrame, "binary messages are spoken here: offer throng.json.1 to speak JSON")
            }
            Self::BinaryFrame => (TextFrame, "JSON is spoken here, in text messages only"),
            Self::BeforeHello => (NotAuthenticated, "the first message must be Hello"),
            Self::SecondHello => (Policy, "Hello was said already"),
            Self::BeforeWelcome => (Policy, "the client has to wait for Welcome"),
            Self::WrongVersion => {
                (WrongProtocol, "another version of the protocol: update the client")
            }
            Self::WrongSchema => (WrongProtocol, "other message types: rebuild the client"),
            Self::BadName => {
                (Policy, "a name has 1 to 16 characters, at most 64 bytes, none hidden or control")
            }
            Self::BadLook => (Policy, "a look is a number below 16"),
            Self::InputFromThePast => {
                (Policy, "what an input has seen must not fall, and its tick must be recent")
            }
            Self::InputFromTheFuture => (Policy, "an input is for a tick too far ahead"),
            Self::SeenTheFuture => (Policy, "an input claims a snapshot that was not sent"),
            Self::UnknownPong => (Policy, "a Pong without its Ping"),
            Self::ReceivedTheFuture => (Policy, "a Pong claims an event that was not sent"),
            Self::NoTicket => (NotAuthenticated, "a ticket is needed"),
            Self::BadTicket => (AuthFailed, AuthFailed.text()),
            // A slow link is no reason to stay away.
            Self::NoHello => (Silent, "no Hello came in time"),
            Self::Silent => (Silent, Silent.text()),
        }
    }
}

/// What a client said that has no place where its session stands. Who plays is answered, and
/// goes on playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    SecondHello,
    /// An input of a spectator.
    LooksOn,
    UnknownPong,
    /// A call under the number that no call has.
    NoCallNumber,
    /// A message that has a place in another state alone.
    Elsewhere,
}

impl Misplaced {
    /// What the client is answered: for programs, and in a sentence.
    #[must_use]
    pub fn problem(self) -> (Problem, &'static str) {
        match self {
            Self::SecondHello => (
                Problem::OutOfPlace,
                "Hello was said already, and you play: say it once, on a new connection.",
            ),
            Self::LooksOn => (
                Problem::NotAllowed,
                "Who looks on has no glider to steer: send no Input, or join without watch.",
            ),
            Self::UnknownPong => {
                (Problem::OutOfPlace, "No Ping waits for this Pong: answer each Ping once.")
            }
            Self::NoCallNumber => (
                Problem::OutOfPlace,
                "No Ask has the call 0: number the calls of a session from 1.",
            ),
            Self::Elsewhere => (Problem::OutOfPlace, "This message has no place while you play."),
        }
    }
}

/// The peer's fault: the session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
}
