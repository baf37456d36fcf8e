//! WebSocket frames as a server writes them: whole, unmasked, in one piece. The
//! library reads and checks what clients send; what goes out is framed here, so
//! that a snapshot is copied once and written once.

use throng_shared::session::CloseCode;
use throng_shared::wire::{ServerMessage, encode, json};

use super::tongue::Tongue;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// Longest payload of a control frame.
const CONTROL_MAX: usize = 125;

/// Appends a binary frame.
#[cfg(any(feature = "proof", test))]
pub(super) fn put_binary(out: &mut Vec<u8>, payload: &[u8]) {
    put_binary_of(out, &[payload]);
}

/// Appends a binary frame of a message in parts.
pub(super) fn put_binary_of(out: &mut Vec<u8>, parts: &[&[u8]]) {
    put_header(out, BINARY, parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a text frame.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_header(out, TEXT, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Appends the end of a connection: Goodbye, and the close frame that says the same to
/// whoever reads only that.
pub(super) fn put_goodbye(
    out: &mut Vec<u8>,
    tongue: Tongue,
    code: CloseCode,
    (reason, retry_after_ms): (&str, u32),
) {
    let code = code.number();
    let goodbye = ServerMessage::Goodbye { code, reason: reason.to_owned(), retry_after_ms };
    match tongue {
        Tongue::Binary => put_binary_of(out, &[&encode(&goodbye)]),
        Tongue::Json => put_text(out, &json::to_json(&goodbye)),
    }
    if retry_after_ms > 0 {
        put_close(out, code, &format!("{reason}; retry_after_ms={retry_after_ms}"));
    } else {
        put_close(out, code, reason);
    }
}

/// Appends a close frame; a reason that is too long is cut at a character.
pub(super) fn put_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let mut end = reason.len().min(CONTROL_MAX - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    put_header(out, CLOSE, 2 + end);
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(&reason.as_bytes()[..end]);
}

fn put_header(out: &mut Vec<u8>, opcode: u8, len: usize) {
    out.push(opcode);
    match len {
        0..=125 => out.push(len as u8),
        126..=0xFFFF => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket};

    fn read_back(frames: Vec<u8>) -> Message {
        WebSocket::from_raw_socket(Cursor::new(frames), Role::Client, None)
            .read()
            .expect("the library reads what we write")
    }

    #[test]
    fn frames_of_every_length_are_read_back() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let payload = vec![7; len];
            let mut out = Vec::new();
            put_binary(&mut out, &payload);
            assert_eq!(read_back(out), Message::binary(payload), "because {len} bytes are allowed");
        }
    }

    #[test]
    fn a_message_in_parts_is_one_frame() {
        let mut out = Vec::new();
        put_binary_of(&mut out, &[&[1, 2], &[], &[3]]);
        assert_eq!(read_back(out), Message::binary(vec![1, 2, 3]));
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let mut out = Vec::new();
        put_close(&mut out, 1012, &"é".repeat(100));
        let Message::Close(Some(frame)) = read_back(out) else {
            panic!("a close frame was written")
        };
        assert_eq!(frame.reason.len(), 122, "because é has two bytes and 123 fit");
    }
}
