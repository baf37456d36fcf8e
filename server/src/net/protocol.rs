//! The protocol machine of a connection: how it is set up, and which close code its
//! errors have.

use throng_shared::limits::READ_BUFFER_BYTES;
use throng_shared::session::CloseCode;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

use super::pipe::{Pipe, Stream};

/// Bytes of replies that the machine keeps: a pong or two.
const REPLIES_BYTES_MAX: usize = 256;

/// The machine of an upgraded stream, of which `leftover` was read already. A message of
/// more than `message_bytes` is an error.
pub(super) fn open(stream: Stream, leftover: Vec<u8>, message_bytes: usize) -> WebSocket<Pipe> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(REPLIES_BYTES_MAX)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    let pipe = Pipe::new(stream, &leftover, message_bytes);
    WebSocket::from_partially_read(pipe, leftover, Role::Server, Some(config))
}

/// What a peer is told whose bytes gave this error; nothing when the link is dead.
pub(super) fn code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(CloseCode::TooBig),
        Error::Utf8(_) => Some(CloseCode::NotUtf8),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
        | Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::Capacity(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
    }
}
