//! Connections at the door: those whose request has not been read, and those who were
//! told to go and may still be reading. They are looked at now and then, each more
//! rarely the longer nothing comes, so that silent ones cost next to nothing.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use throng_shared::limits::{CLOSING_MS, DOORSTEP_MAX, HTTP_HEAD_BYTES, HTTP_HEAD_MS};

use super::fresh::Fresh;
use super::lane::Peer;
use super::upgrade::{Asked, read_head};

/// Between the first two looks at a connection; doubled from look to look.
const LOOK: Duration = Duration::from_millis(2);
/// And the longest.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// Bytes taken in one read.
const READ_BYTES: usize = 4 << 10;
/// Reads of one connection in one look.
const READS: usize = 4;

/// Who said what it wants.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) fresh: Fresh,
    pub(super) peer: Peer,
    /// What was read: the head of the request, and what stood behind it.
    pub(super) head: Vec<u8>,
}

/// When to look at a connection, and until when.
#[derive(Clone, Copy, Debug)]
struct Looks {
    next: Instant,
    pause: Duration,
    end: Instant,
}

impl Looks {
    fn new(now: Instant, ms: u64) -> Self {
        Self { next: now, pause: LOOK, end: now + Duration::from_millis(ms) }
    }

    /// Whether to look now.
    fn is_due(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + self.pause;
        self.pause = (self.pause * 2).min(LOOK_MAX);
        true
    }
}

#[derive(Debug, Default)]
pub(super) struct Doorstep {
    silent: Vec<(Looks, Arrival)>,
    leaving: Vec<(Looks, Fresh)>,
}

impl Doorstep {
    pub(super) fn is_empty(&self) -> bool {
        self.silent.is_empty() && self.leaving.is_empty()
    }

    /// Takes a connection. When too many say nothing, one of the peer that has most of
    /// them is dropped.
    pub(super) fn arrive(&mut self, now: Instant, peer: Peer, fresh: Fresh) {
        if self.silent.len() >= DOORSTEP_MAX {
            let mut counts = BTreeMap::new();
            for (_, it) in &self.silent {
                *counts.entry(it.peer).or_insert(0_usize) += 1;
            }
            let most = counts.into_iter().max_by_key(|&(_, count)| count).map(|(peer, _)| peer);
            if let Some(at) = self.silent.iter().position(|(_, it)| Some(it.peer) == most) {
                self.silent.remove(at);
            }
        }
        let arrival = Arrival { fresh, peer, head: Vec::new() };
        self.silent.push((Looks::new(now, HTTP_HEAD_MS), arrival));
    }

    /// Gives away everybody whose request is there.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        origins: &[String],
        mut on_asked: impl FnMut(Arrival, Asked),
    ) {
        let mut index = 0;
        while let Some((looks, arrival)) = self.silent.get_mut(index) {
            let heard = looks.is_due(now).then(|| arrival.hear(origins));
            match heard {
                None | Some(Ok(None)) if now < looks.end => index += 1,
                Some(Ok(Some(asked))) => on_asked(self.silent.remove(index).1, asked),
                None | Some(Ok(None) | Err(_)) => drop(self.silent.remove(index)),
            }
        }
    }

    /// Says the last word to a connection, with one try, and waits a while until the peer
    /// has hung up: a socket that is closed with something unread in it takes back what
    /// was written.
    pub(super) fn see_off(&mut self, now: Instant, mut fresh: Fresh, last: &[u8]) {
        if fresh.try_write(last).is_ok_and(|count| count == last.len()) {
            fresh.finish();
            if self.leaving.len() >= DOORSTEP_MAX {
                self.leaving.remove(0);
            }
            let mut looks = Looks::new(now, CLOSING_MS);
            looks.next += LOOK;
            self.leaving.push((looks, fresh));
        }
    }

    /// Forgets those who have hung up, or should have.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.leaving
            .retain_mut(|(looks, fresh)| now < looks.end && !(looks.is_due(now) && is_over(fresh)));
    }
}

impl Arrival {
    /// Reads on, and tells what is asked for, if that is known.
    fn hear(&mut self, origins: &[String]) -> io::Result<Option<Asked>> {
        let mut buf = [0; READ_BYTES];
        for _ in 0..READS {
            match self.fresh.try_read(&mut buf) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.head.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            if let Some(asked) = read_head(&self.head, origins) {
                return Ok(Some(asked));
            }
            if self.head.len() >= HTTP_HEAD_BYTES {
                // The server of HTTP says that it is too much.
                return Ok(Some(Asked::Page));
            }
        }
        Ok(None)
    }
}

/// Reads and forgets; true when the peer has ended.
fn is_over(fresh: &mut Fresh) -> bool {
    let mut buf = [0; 512];
    for _ in 0..READS {
        match fresh.try_read(&mut buf) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Ok(0) | Err(_) => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    fn pair() -> (Fresh, Fresh) {
        let (near, far) = tokio::io::duplex(1 << 15);
        (Fresh::Memory(near), Fresh::Memory(far))
    }

    fn heard(doorstep: &mut Doorstep, now: Instant) -> Vec<Peer> {
        let mut heard = Vec::new();
        doorstep.hear(now, &[], |arrival, _| heard.push(arrival.peer));
        heard
    }

    #[test]
    fn a_request_in_pieces_is_heard_when_it_is_whole() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = Doorstep::default();
        doorstep.arrive(now, Peer::House, near);
        for (n, piece) in (0..).zip(["GET / HT", "TP/1.1\r\nHost: here\r\n", "\r\n"]) {
            assert_eq!(heard(&mut doorstep, now + Duration::from_millis(100 * n)), []);
            far.try_write(piece.as_bytes()).expect("there is room");
        }
        assert_eq!(heard(&mut doorstep, now + Duration::from_millis(1_000)), [Peer::House]);
        assert!(doorstep.is_empty());
    }

    #[test]
    fn a_head_without_end_is_left_to_the_server_of_http() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = Doorstep::default();
        doorstep.arrive(now, Peer::House, near);
        let endless = format!("GET /ws HTTP/1.1\r\nX: {}", "x".repeat(HTTP_HEAD_BYTES));
        assert_eq!(far.try_write(endless.as_bytes()).ok(), Some(endless.len()));
        let mut asked = Vec::new();
        doorstep.hear(now, &[], |_, it| asked.push(it));
        assert_eq!(asked, [Asked::Page], "because it answers that this is too much");
    }

    #[test]
    fn the_silent_are_let_go_and_looked_at_rarely() {
        let now = Instant::now();
        let (_far, near) = pair();
        let mut doorstep = Doorstep::default();
        doorstep.arrive(now, Peer::House, near);
        let looks = |ms: u64, of: &mut Looks| of.is_due(now + Duration::from_millis(ms));
        let mut of = Looks::new(now, HTTP_HEAD_MS);
        let count = (0..HTTP_HEAD_MS).filter(|&ms| looks(ms, &mut of)).count();
        assert!(count < 20, "because a thousand silent ones must not cost much: {count}");
        assert_eq!(heard(&mut doorstep, now + Duration::from_millis(HTTP_HEAD_MS - 1)), []);
        assert!(!doorstep.is_empty());
        assert_eq!(heard(&mut doorstep, now + Duration::from_millis(HTTP_HEAD_MS)), []);
        assert!(doorstep.is_empty());
    }

    #[test]
    fn a_crowd_of_silent_ones_keeps_nobody_else_out() {
        let now = Instant::now();
        let mut doorstep = Doorstep::default();
        let mut fars = Vec::new();
        let (mut honest, near) = pair();
        doorstep.arrive(now, Peer::V4(2), near);
        for _ in 0..DOORSTEP_MAX * 2 {
            let (far, near) = pair();
            fars.push(far);
            doorstep.arrive(now, Peer::V4(1), near);
        }
        assert_eq!(doorstep.silent.len(), DOORSTEP_MAX);
        honest.try_write(GREETING.as_bytes()).expect("there is room");
        assert_eq!(heard(&mut doorstep, now), [Peer::V4(2)]);
    }

    #[test]
    fn who_was_told_to_go_can_still_read_it() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = Doorstep::default();
        doorstep.see_off(now, near, b"go");
        far.try_write(b"what?").expect("the far end may still speak");
        doorstep.sweep(now + Duration::from_millis(10));
        assert!(!doorstep.is_empty(), "because the peer has not hung up");
        let mut buf = [0; 8];
        assert_eq!(far.try_read(&mut buf).ok(), Some(2));
        assert_eq!(far.try_read(&mut buf).ok(), Some(0), "because that was the last word");
        far.finish();
        doorstep.sweep(now + Duration::from_millis(500));
        assert!(doorstep.is_empty());
        let (_far, near) = pair();
        doorstep.see_off(now, near, b"go");
        doorstep.sweep(now + Duration::from_millis(CLOSING_MS));
        assert!(doorstep.is_empty(), "because a peer that stays is let go all the same");
    }
}
