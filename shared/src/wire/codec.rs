//! Values to bytes and back. Decoding is total: a value, or an error with a reason.

use bincode::config::{self, Config};
use bincode::error::DecodeError as Cause;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::messages::{ClientMessage, Input, ServerMessage};
use crate::limits::{CLIENT_MESSAGE_BYTES, SERVER_MESSAGE_BYTES, THRUST_MAX};

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// They end before the message does.
    Truncated,
    /// They go on after it.
    Trailing,
    /// The message, or a length in it, is over the limit.
    TooLong,
    /// A tag that no message or variant has.
    UnknownTag,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A number outside its range.
    OutOfRange,
    /// Anything else that the format forbids.
    Malformed,
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub reason: Reason,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.reason {
            Reason::Truncated => "the message ends too early",
            Reason::Trailing => "bytes follow the message",
            Reason::TooLong => "the message or a length in it is over the limit",
            Reason::UnknownTag => "the message has an unknown tag",
            Reason::NotUtf8 => "a text is not UTF-8",
            Reason::OutOfRange => "a number is out of range",
            Reason::Malformed => "the message is malformed",
        })
    }
}

impl std::error::Error for DecodeError {}

/// First byte of a number that has more than one. No enum of messages is so large that a
/// tag needs one, and what a message is can be told by its first byte.
const LONG_NUMBER: u8 = 251;

/// The bytes of a message.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(&mut out, value);
    out
}

/// Appends the bytes of a value.
pub fn encode_into<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    bincode::serde::encode_into_std_write(value, out, config::standard())
        .expect("writing our own types into memory cannot fail");
}

/// Decodes what a client sent.
///
/// # Errors
/// When the bytes are not exactly one message, or a number in it has no meaning.
pub fn decode_client(bytes: &[u8]) -> Result<ClientMessage, DecodeError> {
    if bytes.len() > CLIENT_MESSAGE_BYTES {
        return Err(DecodeError { reason: Reason::TooLong });
    }
    let message = decode(bytes, config::standard().with_limit::<CLIENT_MESSAGE_BYTES>())?;
    if let ClientMessage::Input(Input { thrust, .. }) = message
        && thrust > THRUST_MAX
    {
        return Err(DecodeError { reason: Reason::OutOfRange });
    }
    Ok(message)
}

/// Decodes what a server sent.
///
/// # Errors
/// When the bytes are not exactly one message.
pub fn decode_server(bytes: &[u8]) -> Result<ServerMessage, DecodeError> {
    if bytes.len() > SERVER_MESSAGE_BYTES {
        return Err(DecodeError { reason: Reason::TooLong });
    }
    decode(bytes, config::standard().with_limit::<SERVER_MESSAGE_BYTES>())
}

/// Decodes a value from the begin of a server's message, whatever follows it.
///
/// # Errors
/// When the bytes end or mean nothing before the value does.
pub(super) fn decode_front<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let config = config::standard().with_limit::<SERVER_MESSAGE_BYTES>();
    let (value, _) = bincode::serde::decode_from_slice(bytes, config)
        .map_err(|cause| DecodeError { reason: reason(&cause) })?;
    Ok(value)
}

fn decode<T: DeserializeOwned, C: Config>(bytes: &[u8], config: C) -> Result<T, DecodeError> {
    if bytes.first().is_some_and(|&tag| tag >= LONG_NUMBER) {
        return Err(DecodeError { reason: Reason::UnknownTag });
    }
    let (value, used) = bincode::serde::decode_from_slice(bytes, config)
        .map_err(|cause| DecodeError { reason: reason(&cause) })?;
    if used != bytes.len() {
        return Err(DecodeError { reason: Reason::Trailing });
    }
    Ok(value)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum with two dozen variants")]
fn reason(cause: &Cause) -> Reason {
    match cause {
        Cause::UnexpectedEnd { .. } => Reason::Truncated,
        Cause::LimitExceeded => Reason::TooLong,
        Cause::UnexpectedVariant { .. } => Reason::UnknownTag,
        Cause::Utf8 { .. } => Reason::NotUtf8,
        // A tag beyond the enum reaches us through serde as a message.
        Cause::OtherString(text) if text.contains("variant index") => Reason::UnknownTag,
        _ => Reason::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reason_of(bytes: &[u8]) -> Reason {
        decode_client(bytes).expect_err("the bytes are no message").reason
    }

    #[test]
    fn every_fault_has_its_reason() {
        let pong = encode(&ClientMessage::Pong { nonce: 7, received: 2 });
        assert_eq!(decode_client(&pong), Ok(ClientMessage::Pong { nonce: 7, received: 2 }));
        assert_eq!(reason_of(&[]), Reason::Truncated);
        assert_eq!(reason_of(&pong[..1]), Reason::Truncated);
        assert_eq!(reason_of(&[2, 7, 2, 0]), Reason::Trailing);
        assert_eq!(reason_of(&[99]), Reason::UnknownTag);
        let long = [&[LONG_NUMBER, 2, 0], &pong[1..]].concat();
        assert_eq!(reason_of(&long), Reason::UnknownTag, "because a tag has one byte");
        assert_eq!(reason_of(&[0; CLIENT_MESSAGE_BYTES + 1]), Reason::TooLong);
        let input = Input { thrust: THRUST_MAX + 1, ..Input::default() };
        assert_eq!(reason_of(&encode(&ClientMessage::Input(input))), Reason::OutOfRange);
        // Hello, version 1, schema 0, a name of one byte that is not UTF-8.
        assert_eq!(reason_of(&[1, 1, 0, 1, 0xFF, 0]), Reason::NotUtf8);
    }

    #[test]
    fn ten_bytes_that_claim_a_long_name_are_refused() {
        for forged in [[251, 255, 255, 0, 0, 0, 0], [252, 255, 255, 255, 255, 0, 0]] {
            let mut bytes = vec![1, 1, 0];
            bytes.extend(forged);
            let reason = reason_of(&bytes);
            assert!(
                matches!(reason, Reason::TooLong | Reason::Truncated),
                "because a length is checked before memory is taken: {reason:?}"
            );
        }
        let mut bytes = vec![1, 1, 0, 253];
        bytes.extend(u64::MAX.to_le_bytes());
        assert!(decode_client(&bytes).is_err(), "because no name has 2^64 bytes");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode_client(&bytes);
            let _ = decode_server(&bytes);
        }
    }
}
