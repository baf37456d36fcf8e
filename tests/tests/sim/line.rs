//! One connection with both its ends, and what has come through it.

use std::time::Duration;

use super::link::{Leaving, Link, Splitter};
use super::tab::Socket;

/// Tags of server messages.
const SNAPSHOT: u8 = 0;
pub(crate) const WELCOME: u8 = 1;
const EVENT: u8 = 3;
pub(crate) const GOODBYE: u8 = 4;

pub(crate) struct Line {
    /// The tab that has it.
    pub(crate) owner: Option<usize>,
    pub(crate) link: Link,
    pub(crate) socket: Socket,
    splitter: Splitter,
    pub(crate) lags_until: Duration,
    /// It is to be reset.
    pub(crate) is_doomed: bool,
    left_bytes: usize,
    /// Bytes that left the server until the first keyframes had.
    pub(crate) opening_bytes: Option<usize>,
    /// Ordered events that left the server, and that came.
    events_left: u32,
    pub(crate) events_came: u32,
}

impl Line {
    pub(crate) fn new(
        (owner, is_doomed): (usize, bool),
        link: Link,
        socket: Socket,
        now: Duration,
    ) -> Self {
        Self {
            owner: Some(owner),
            link,
            socket,
            splitter: Splitter::default(),
            lags_until: now,
            is_doomed,
            left_bytes: 0,
            opening_bytes: None,
            events_left: 0,
            events_came: 0,
        }
    }

    /// Bytes have left the server: the frames that are whole by that.
    pub(crate) fn leave(&mut self, bytes: &[u8]) -> Vec<Leaving> {
        self.left_bytes += bytes.len();
        self.splitter.feed(bytes);
        let frames: Vec<Leaving> = std::iter::from_fn(|| self.splitter.next()).collect();
        for frame in &frames {
            match frame {
                Leaving::Message(message) if message.first() == Some(&EVENT) => {
                    self.events_left += 1;
                }
                Leaving::Message(message) if message.first() == Some(&SNAPSHOT) => {
                    self.opening_bytes.get_or_insert(self.left_bytes);
                }
                Leaving::Message(_) | Leaving::Close(_) | Leaving::Other => {}
            }
        }
        frames
    }

    /// Whether events left the server that have not come.
    pub(crate) fn has_lost_events(&self) -> bool {
        self.events_left > self.events_came
    }
}
