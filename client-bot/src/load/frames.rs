//! Frames of one bot of thousands: cut from a buffer that all of them share, so that
//! a bot has bytes of its own only while a frame is under way.

use std::io::{self, Cursor, ErrorKind, Write};

use throng_shared::limits::{CLIENT_MESSAGE_BYTES, SERVER_MESSAGE_BYTES};
use throng_shared::wire::{ClientMessage, encode_into};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Unsent bytes of a bot whose server does not read.
const UNSENT_BYTES_MAX: usize = 64 * CLIENT_MESSAGE_BYTES;

/// What a server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Binary(&'a [u8]),
    Close(&'a [u8]),
    /// A ping and what is to be given back.
    Ping(&'a [u8]),
    Pong,
}

/// The first frame of `bytes` and its length, if it is whole.
///
/// # Errors
/// Says what is wrong with it: it is none, or none that a server of ours sends.
pub(crate) fn cut(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, String> {
    let mut cursor = Cursor::new(bytes);
    let parsed = FrameHeader::parse(&mut cursor).map_err(|error| error.to_string())?;
    let Some((header, len)) = parsed else { return Ok(None) };
    if len > SERVER_MESSAGE_BYTES as u64 {
        return Err(format!("a frame of {len} bytes, more than {SERVER_MESSAGE_BYTES}"));
    }
    if !header.is_final || header.mask.is_some() || header.rsv1 || header.rsv2 || header.rsv3 {
        return Err("a frame that is masked, extended or in parts".to_owned());
    }
    let begin = cursor.position() as usize;
    let end = begin + len as usize;
    let Some(payload) = bytes.get(begin..end) else { return Ok(None) };
    let frame = match header.opcode {
        OpCode::Data(Data::Binary) => Frame::Binary(payload),
        OpCode::Control(Control::Close) => Frame::Close(payload),
        OpCode::Control(Control::Ping) => Frame::Ping(payload),
        OpCode::Control(Control::Pong) => Frame::Pong,
        opcode @ (OpCode::Data(_) | OpCode::Control(_)) => {
            return Err(format!("a frame of kind {opcode}"));
        }
    };
    Ok(Some((frame, end)))
}

/// Code and reason of a close frame.
pub(crate) fn farewell(payload: &[u8]) -> Option<(u16, String)> {
    let (code, reason) = payload.split_first_chunk()?;
    Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()))
}

/// What waits on its way in or out, for as long as it does.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The begin of a frame that is not whole yet.
    pub(super) partial: Vec<u8>,
    unsent: Vec<u8>,
}

impl Pending {
    /// Writes a message, behind those that wait. What the socket does not take waits
    /// for the next.
    ///
    /// # Errors
    /// When the socket broke, or too much waits.
    pub(super) fn send(
        &mut self,
        socket: &mut impl Write,
        message: &ClientMessage,
        mask: [u8; 4],
    ) -> io::Result<()> {
        let mut payload = Vec::new();
        encode_into(&mut payload, message);
        self.put(socket, OpCode::Data(Data::Binary), payload, mask)
    }

    /// Writes what waits, as far as the socket takes it; whether nothing is left.
    ///
    /// # Errors
    /// When the socket broke.
    pub(super) fn flush(&mut self, socket: &mut impl Write) -> io::Result<bool> {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            self.write(socket, unsent)?;
        }
        Ok(self.unsent.is_empty())
    }

    /// Writes a control frame.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(super) fn control(
        &mut self,
        socket: &mut impl Write,
        control: Control,
        payload: &[u8],
        mask: [u8; 4],
    ) -> io::Result<()> {
        self.put(socket, OpCode::Control(control), payload.to_vec(), mask)
    }

    fn put(
        &mut self,
        socket: &mut impl Write,
        opcode: OpCode,
        mut payload: Vec<u8>,
        mask: [u8; 4],
    ) -> io::Result<()> {
        let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
        let len = payload.len();
        for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
        let mut frame = std::mem::take(&mut self.unsent);
        header.format(len as u64, &mut frame).map_err(io::Error::other)?;
        frame.extend_from_slice(&payload);
        self.write(socket, frame)
    }

    fn write(&mut self, socket: &mut impl Write, mut frame: Vec<u8>) -> io::Result<()> {
        let mut sent = 0;
        while sent < frame.len() {
            match socket.write(&frame[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        frame.drain(..sent);
        if frame.len() > UNSENT_BYTES_MAX {
            return Err(io::Error::other("the server reads nothing"));
        }
        if !frame.is_empty() {
            self.unsent = frame;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use throng_shared::wire::encode;
    use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket};

    use super::*;

    /// What the library writes as a server.
    fn written(messages: &[Message]) -> Vec<u8> {
        let mut socket = WebSocket::from_raw_socket(Cursor::new(Vec::new()), Role::Server, None);
        for message in messages {
            socket.send(message.clone()).expect("memory takes all");
        }
        socket.into_inner().into_inner()
    }

    #[test]
    fn what_the_library_writes_is_cut_wherever_it_was_split() {
        let long = vec![7; 70_000];
        let bytes = written(&[
            Message::binary(vec![1, 2, 3]),
            Message::Ping(vec![9].into()),
            Message::binary(long.clone()),
        ]);
        let (first, len) = cut(&bytes).expect("a frame").expect("a whole one");
        assert_eq!((first, len), (Frame::Binary(&[1, 2, 3]), 5));
        for end in 0..len {
            assert_eq!(cut(&bytes[..end]), Ok(None), "because {end} bytes are not all");
        }
        let rest = &bytes[len..];
        let (second, len) = cut(rest).expect("a frame").expect("a whole one");
        assert_eq!(second, Frame::Ping(&[9]));
        let rest = &rest[len..];
        assert_eq!(cut(rest), Ok(Some((Frame::Binary(&long), rest.len()))));
        assert_eq!(cut(&rest[..rest.len() - 1]), Ok(None));
    }

    #[test]
    fn what_no_server_of_ours_sends_is_refused() {
        for (bytes, what) in [
            (&[0x81, 0][..], "text"),
            (&[0x02, 1, 0][..], "the begin of a message in parts"),
            (&[0x82, 0x81, 0, 0, 0, 0, 0][..], "a masked frame"),
            (&[0xC2, 0][..], "an extension"),
            (&[0x82, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255][..], "an endless frame"),
            (&[0x83, 0][..], "a kind that does not exist"),
        ] {
            assert!(cut(bytes).is_err(), "because it is {what}");
        }
    }

    #[test]
    fn the_library_reads_what_is_sent() {
        let mut wire = Vec::new();
        let mut pending = Pending::default();
        let pong = ClientMessage::Pong { nonce: 77, received: 9 };
        pending.send(&mut wire, &pong, [1, 2, 3, 4]).expect("memory takes all");
        pending.control(&mut wire, Control::Pong, b"hi", [5, 6, 7, 8]).expect("memory takes all");
        let mut server = WebSocket::from_raw_socket(Cursor::new(wire), Role::Server, None);
        assert_eq!(server.read().expect("a message"), Message::binary(encode(&pong)));
        assert_eq!(server.read().expect("a message"), Message::Pong(b"hi".to_vec().into()));
    }

    /// A socket that takes `room` bytes.
    struct Narrow {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room - self.taken.len());
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_socket_does_not_take_goes_before_the_next_and_is_bounded() {
        let mut narrow = Narrow { taken: Vec::new(), room: 3 };
        let mut pending = Pending::default();
        let bye = ClientMessage::Bye;
        pending.send(&mut narrow, &bye, [0; 4]).expect("it waits");
        assert_eq!(narrow.taken.len(), 3);
        narrow.room = 1000;
        pending.send(&mut narrow, &bye, [0; 4]).expect("there is room");
        let mut whole = Vec::new();
        for _ in 0..2 {
            Pending::default().send(&mut whole, &bye, [0; 4]).expect("memory takes all");
        }
        assert_eq!(narrow.taken, whole);
        narrow.room = narrow.taken.len();
        let broke =
            (0..UNSENT_BYTES_MAX).find(|_| pending.send(&mut narrow, &bye, [0; 4]).is_err());
        assert!(broke.is_some(), "because what waits is bounded");
    }

    #[test]
    fn what_waits_can_be_flushed_without_saying_more() {
        let mut narrow = Narrow { taken: Vec::new(), room: 3 };
        let mut pending = Pending::default();
        assert!(matches!(pending.flush(&mut narrow), Ok(true)), "because nothing waits");
        pending.send(&mut narrow, &ClientMessage::Bye, [0; 4]).expect("it waits");
        assert!(matches!(pending.flush(&mut narrow), Ok(false)), "because the socket is full");
        narrow.room = 1000;
        assert!(matches!(pending.flush(&mut narrow), Ok(true)));
        let mut whole = Vec::new();
        let sent = Pending::default().send(&mut whole, &ClientMessage::Bye, [0; 4]);
        sent.expect("memory takes all");
        assert_eq!(narrow.taken, whole);
    }
}
