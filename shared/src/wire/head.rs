//! The head of a server message: what a client needs that counts snapshots without
//! looking into them.

use serde::Deserialize;

use super::codec::{DecodeError, decode_front};
use super::messages::Feedback;

/// Tag of [`ServerMessage::Snapshot`](super::ServerMessage::Snapshot).
const SNAPSHOT: u8 = 0;
/// Tag of [`ServerMessage::Tick`](super::ServerMessage::Tick).
const TICK: u8 = 5;

/// The first fields of a [`Snapshot`](super::Snapshot).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    pub feedback: Option<Feedback>,
    /// Ticks since the last snapshot.
    pub ticks: usize,
    /// The tick of a restart. A snapshot that restarts has no ticks.
    pub restart: Option<u32>,
}

#[derive(Deserialize)]
struct Front {
    _tag: u8,
    feedback: Option<Feedback>,
    ticks: u64,
}

/// The list of ticks was empty, so the refocus comes next.
#[derive(Deserialize)]
struct FrontOfRestart {
    _front: Front,
    refocus: Option<Option<u32>>,
}

/// Reads the head of a snapshot; none when the message is another one. The rest
/// of the message may be anything.
///
/// # Errors
/// When the bytes end or mean nothing before the head is read.
pub fn decode_snapshot_head(message: &[u8]) -> Result<Option<SnapshotHead>, DecodeError> {
    match message.first() {
        Some(&SNAPSHOT) => {}
        Some(&TICK) => {
            return Ok(Some(SnapshotHead { feedback: None, ticks: 1, restart: None }));
        }
        Some(_) | None => return Ok(None),
    }
    let Front { feedback, ticks, .. } = decode_front(message)?;
    let restart = match ticks {
        0 => decode_front::<FrontOfRestart>(message)?.refocus.flatten(),
        _ => None,
    };
    let ticks = usize::try_from(ticks).unwrap_or(usize::MAX);
    Ok(Some(SnapshotHead { feedback, ticks, restart }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Focus;
    use crate::wire::{Refocus, ServerMessage, Snapshot, TickDelta, encode};

    fn head(snapshot: Snapshot) -> Option<SnapshotHead> {
        decode_snapshot_head(&encode(&ServerMessage::Snapshot(snapshot))).expect("a whole message")
    }

    #[test]
    fn a_head_tells_what_the_whole_message_tells() {
        let feedback = Some(Feedback { ack: -300, early: 12 });
        let ticks = vec![TickDelta::default(); 3];
        let refocus = |restart| {
            let focus = Focus { x: 0, y: 0, w: 1, h: 1 };
            Some(Refocus { restart, focus, keyframes: Vec::new() })
        };
        let two = Snapshot { feedback, ticks, refocus: refocus(Some(9)) };
        assert_eq!(head(two), Some(SnapshotHead { feedback, ticks: 3, restart: None }));
        for restart in [None, Some(70_000)] {
            let one = Snapshot { refocus: refocus(restart), ..Snapshot::default() };
            assert_eq!(head(one), Some(SnapshotHead { feedback: None, ticks: 0, restart }));
        }
        let none = SnapshotHead { feedback: None, ticks: 0, restart: None };
        assert_eq!(head(Snapshot::default()), Some(none));
        let tick = TickDelta::default();
        let bare = decode_snapshot_head(&encode(&ServerMessage::Tick(tick.clone())));
        assert_eq!(bare, Ok(head(tick.into())), "because a bare tick is a snapshot");
    }

    #[test]
    fn other_messages_have_no_head_and_cut_ones_are_errors() {
        let ping = encode(&ServerMessage::Ping { nonce: 1, rtt_ms: 2, jitter_ms: 0 });
        assert_eq!(decode_snapshot_head(&ping), Ok(None));
        assert!(decode_snapshot_head(&[0, 1]).is_err(), "because the feedback is cut off");
    }
}
