//! Connections at the door: those whose request has not been read, and those who were
//! told to go and may still be reading. They are looked at now and then, each more
//! rarely the longer nothing comes, so that silent ones cost next to nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use throng_shared::limits::CLOSING_MS;

use super::admission::Standing;
use super::fresh::Fresh;
use super::lane::Peer;
use super::origin::{Origins, Via};
use super::places::Presence;
use super::upgrade::{Asked, HEAD_TOO_LONG, read_head};
use crate::config::Limits;

/// Between the first two looks at a connection; doubled from look to look.
const LOOK: Duration = Duration::from_millis(2);
/// And the longest.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// Bytes taken in one read.
const READ_BYTES: usize = 4 << 10;
/// Reads of one connection in one look.
const READS: usize = 4;

/// A stream, and its place among those of its address.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) fresh: Fresh,
    pub(super) presence: Option<Presence>,
}

/// Who said what it wants.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) caller: Caller,
    pub(super) peer: Peer,
    pub(super) standing: Standing,
    pub(super) via: Via,
    /// Whether it is to speak TLS, and its handshake has not begun.
    pub(super) is_sealed: bool,
    /// What was read: the head of the request, and what stood behind it.
    pub(super) head: Vec<u8>,
}

/// What somebody said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The first bytes of a handshake of TLS, which are still unread.
    Hello,
    /// What it wants.
    Asked(Asked),
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
        self.next = (now + self.pause).min(self.end);
        self.pause = (self.pause * 2).min(LOOK_MAX);
        true
    }
}

/// Where a connection stands, and whose it was when.
type Key = (usize, u64);

/// Those who have said nothing, in the order in which they are looked at. Whoever comes,
/// speaks or goes costs the same however many there are.
#[derive(Debug, Default)]
struct Silent {
    slots: Vec<(u64, Option<(Looks, Arrival)>)>,
    free: Vec<usize>,
    /// When to look at whom; some of them are gone.
    due: BinaryHeap<Reverse<(Instant, Key)>>,
    /// Of each peer, and the peers by how many they have.
    of: BTreeMap<Peer, BTreeSet<usize>>,
    by_count: BTreeSet<(usize, Peer)>,
}

impl Silent {
    fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn push(&mut self, looks: Looks, arrival: Arrival) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() - 1
        });
        let own = self.of.entry(arrival.peer).or_default();
        self.by_count.remove(&(own.len(), arrival.peer));
        own.insert(slot);
        self.by_count.insert((own.len(), arrival.peer));
        let (turn, place) = &mut self.slots[slot];
        *turn += 1;
        self.due.push(Reverse((looks.next, (slot, *turn))));
        *place = Some((looks, arrival));
    }

    fn remove(&mut self, slot: usize) -> Option<Arrival> {
        let (_, arrival) = self.slots[slot].1.take()?;
        self.free.push(slot);
        let peer = arrival.peer;
        if let Some(own) = self.of.get_mut(&peer) {
            self.by_count.remove(&(own.len(), peer));
            own.remove(&slot);
            if own.is_empty() {
                self.of.remove(&peer);
            } else {
                self.by_count.insert((own.len(), peer));
            }
        }
        Some(arrival)
    }

    /// One of the peer that has most.
    fn drop_one(&mut self) {
        let most = self.by_count.last().and_then(|(_, peer)| self.of.get(peer)?.first().copied());
        if let Some(slot) = most {
            drop(self.remove(slot));
        }
    }

    /// The next one to look at, if its time has come.
    fn pop_due(&mut self, now: Instant) -> Option<usize> {
        while let Some(&Reverse((at, (slot, turn)))) = self.due.peek() {
            if at > now {
                return None;
            }
            self.due.pop();
            let (of, place) = &self.slots[slot];
            if *of == turn && place.is_some() {
                return Some(slot);
            }
        }
        None
    }
}

#[derive(Debug)]
pub(super) struct Doorstep {
    /// How many may be there, and as many that were told to go.
    most: usize,
    /// How long the head of a request may take, in milliseconds, and how many bytes.
    head_ms: u64,
    head_bytes: usize,
    silent: Silent,
    leaving: VecDeque<(Looks, Caller)>,
}

impl Doorstep {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.doorstep_max as usize,
            head_ms: limits.head_timeout_ms.into(),
            head_bytes: limits.head_bytes as usize,
            silent: Silent::default(),
            leaving: VecDeque::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.silent.len() == 0 && self.leaving.is_empty()
    }

    /// Takes a connection, until its request has to be there. When too many say nothing, one of the peer
    /// that has most of them is dropped.
    pub(super) fn arrive(&mut self, now: Instant, arrival: Arrival) {
        if self.silent.len() >= self.most {
            self.silent.drop_one();
        }
        self.silent.push(Looks::new(now, self.head_ms), arrival);
    }

    /// Gives away everybody whose request is there, or who has begun to speak TLS.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        origins: &Origins,
        mut on_said: impl FnMut(Arrival, Said),
    ) {
        while let Some(slot) = self.silent.pop_due(now) {
            let (turn, place) = &mut self.silent.slots[slot];
            let Some((looks, arrival)) = place else { continue };
            let is_due = looks.is_due(now);
            match arrival.hear(origins, self.head_bytes) {
                Ok(None) if is_due && now < looks.end => {
                    let next = Reverse((looks.next, (slot, *turn)));
                    self.silent.due.push(next);
                }
                Ok(Some(said)) => {
                    if let Some(arrival) = self.silent.remove(slot) {
                        on_said(arrival, said);
                    }
                }
                Ok(None) | Err(_) => drop(self.silent.remove(slot)),
            }
        }
    }

    /// Says the last word to a connection, with one try, and waits a while until the peer
    /// has hung up: a socket that is closed with something unread in it takes back what
    /// was written.
    pub(super) fn see_off(&mut self, now: Instant, mut caller: Caller, last: &[u8]) {
        if caller.fresh.try_write(last).is_ok_and(|count| count == last.len()) {
            caller.fresh.finish();
            if self.leaving.len() >= self.most {
                self.leaving.pop_front();
            }
            let mut looks = Looks::new(now, CLOSING_MS);
            looks.next += LOOK;
            self.leaving.push_back((looks, caller));
        }
    }

    /// Forgets those who have hung up, or should have.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.leaving.retain_mut(|(looks, caller)| {
            now < looks.end && !(looks.is_due(now) && is_over(&mut caller.fresh))
        });
    }
}

impl Arrival {
    /// Reads on, and tells what is asked for, if that is known. Of one whose handshake has
    /// not begun nothing is read, because that costs what silent ones must not.
    fn hear(&mut self, origins: &Origins, head_bytes: usize) -> io::Result<Option<Said>> {
        if self.is_sealed {
            return self.caller.fresh.has_begun().map(|begun| begun.then_some(Said::Hello));
        }
        let mut buf = [0; READ_BYTES];
        for _ in 0..READS {
            match self.caller.fresh.try_read(&mut buf) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.head.extend_from_slice(&buf[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
            if let Some(asked) = read_head(&self.head, origins, self.via) {
                return Ok(Some(Said::Asked(asked)));
            }
            if self.head.len() >= head_bytes {
                return Ok(Some(Said::Asked(Asked::Denied(HEAD_TOO_LONG))));
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
    use throng_shared::limits::{DOORSTEP_MAX, HTTP_HEAD_BYTES, HTTP_HEAD_MS};

    const GREETING: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

    fn doorstep() -> Doorstep {
        Doorstep::new(&Limits::default())
    }

    fn origins() -> Origins {
        Origins { listed: Vec::new(), is_tls: false }
    }

    fn arrival(peer: Peer, fresh: Fresh) -> Arrival {
        let caller = Caller { fresh, presence: None };
        let standing = Standing::Welcome;
        let (via, is_sealed) = (Via::Network, false);
        Arrival { caller, peer, standing, via, is_sealed, head: Vec::new() }
    }

    fn pair() -> (Fresh, Fresh) {
        let (near, far) = tokio::io::duplex(1 << 15);
        (Fresh::Memory(near), Fresh::Memory(far))
    }

    fn heard(doorstep: &mut Doorstep, now: Instant) -> Vec<Peer> {
        let mut heard = Vec::new();
        doorstep.hear(now, &origins(), |arrival, _| heard.push(arrival.peer));
        heard
    }

    #[test]
    fn a_request_in_pieces_is_heard_when_it_is_whole() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = doorstep();
        doorstep.arrive(now, arrival(Peer::House, near));
        for (n, piece) in (0..).zip(["GET / HT", "TP/1.1\r\nHost: here\r\n", "\r\n"]) {
            assert_eq!(heard(&mut doorstep, now + Duration::from_millis(100 * n)), []);
            far.try_write(piece.as_bytes()).expect("there is room");
        }
        assert_eq!(heard(&mut doorstep, now + Duration::from_millis(1_000)), [Peer::House]);
        assert!(doorstep.is_empty());
    }

    #[test]
    fn a_head_without_end_is_cut_off() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = doorstep();
        doorstep.arrive(now, arrival(Peer::House, near));
        let endless = format!("GET /ws HTTP/1.1\r\nX: {}", "x".repeat(HTTP_HEAD_BYTES));
        assert_eq!(far.try_write(endless.as_bytes()).ok(), Some(endless.len()));
        let mut asked = Vec::new();
        doorstep.hear(now, &origins(), |_, it| asked.push(it));
        assert_eq!(
            asked,
            [Said::Asked(Asked::Denied(HEAD_TOO_LONG))],
            "because nobody needs so much"
        );
    }

    #[test]
    fn the_silent_are_let_go_and_looked_at_rarely() {
        let now = Instant::now();
        let (_far, near) = pair();
        let mut doorstep = doorstep();
        doorstep.arrive(now, arrival(Peer::House, near));
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
        let mut doorstep = doorstep();
        let mut fars = Vec::new();
        let (mut honest, near) = pair();
        doorstep.arrive(now, arrival(Peer::V4(2), near));
        for _ in 0..DOORSTEP_MAX * 2 {
            let (far, near) = pair();
            fars.push(far);
            doorstep.arrive(now, arrival(Peer::V4(1), near));
        }
        assert_eq!(doorstep.silent.len(), DOORSTEP_MAX);
        assert_eq!(doorstep.silent.of.len(), 2);
        assert_eq!(doorstep.silent.by_count.len(), 2);
        honest.try_write(GREETING.as_bytes()).expect("there is room");
        assert_eq!(heard(&mut doorstep, now), [Peer::V4(2)]);
    }

    #[test]
    fn a_handshake_of_tls_is_due_when_its_first_bytes_are_there_and_not_before() {
        let now = Instant::now();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (mut doorstep, mut nears) = (doorstep(), Vec::new());
        let mut connect = |number| {
            let far = std::net::TcpStream::connect(address).expect("it listens");
            let (near, _) = listener.accept().expect("one has connected");
            near.set_nonblocking(true).expect("a socket can be so");
            nears.push(near.try_clone().expect("there are descriptors"));
            let sealed = arrival(Peer::V4(number), Fresh::Tcp(near));
            doorstep.arrive(now, Arrival { is_sealed: true, ..sealed });
            far
        };
        let _silent: Vec<_> = (0..20).map(|_| connect(1)).collect();
        let (mut speaks, gone) = (connect(2), connect(3));
        let mut said = Vec::new();
        doorstep.hear(now, &origins(), |arrival, it| said.push((arrival.peer, it)));
        assert_eq!(said, [], "because nobody has said anything");
        io::Write::write_all(&mut speaks, &[0x16, 3, 1]).expect("it is open");
        drop(gone);
        // The kernel tells the other side when it gets round to it.
        let came = nears.split_off(20);
        while came.iter().any(|near| near.peek(&mut [0]).is_err()) {
            std::thread::yield_now();
        }
        let mut heard = None;
        for ms in 0..HTTP_HEAD_MS {
            let later = now + Duration::from_millis(ms);
            doorstep.hear(later, &origins(), |arrival, it| said.push((arrival.peer, it)));
            if let Some((peer, it)) = said.pop() {
                assert_eq!((peer, it, heard.replace(ms)), (Peer::V4(2), Said::Hello, None));
            }
        }
        assert!(heard.is_some(), "because its first bytes are there");
        assert_eq!(doorstep.silent.len(), 20, "because one is gone, and one is somewhere else");
        doorstep.hear(now + Duration::from_millis(HTTP_HEAD_MS), &origins(), |_, _| {});
        assert!(doorstep.is_empty(), "because silent ones are let go");
    }

    #[test]
    fn a_doorstep_is_as_wide_as_it_was_set_to_be() {
        let now = Instant::now();
        let limits = Limits { doorstep_max: 3, head_timeout_ms: 100, ..Limits::default() };
        let mut doorstep = Doorstep::new(&Limits { head_bytes: 8 << 10, ..limits });
        let mut fars: Vec<Fresh> = Vec::new();
        for _ in 0..5 {
            let (far, near) = pair();
            fars.push(far);
            doorstep.arrive(now, arrival(Peer::V4(1), near));
        }
        assert_eq!(doorstep.silent.len(), 3);
        let endless = format!("GET /ws HTTP/1.1\r\nX: {}", "x".repeat(9 << 10));
        for far in &mut fars {
            // Two have been hung up on.
            drop(far.try_write(endless.as_bytes()));
        }
        let mut asked = Vec::new();
        doorstep.hear(now, &origins(), |_, it| asked.push(it));
        assert_eq!(asked, [const { Said::Asked(Asked::Denied(HEAD_TOO_LONG)) }; 3]);
        let (_far, near) = pair();
        doorstep.arrive(now, arrival(Peer::V4(1), near));
        assert_eq!(heard(&mut doorstep, now + Duration::from_millis(100)), []);
        assert!(doorstep.is_empty());
    }

    #[test]
    fn who_was_told_to_go_can_still_read_it() {
        let now = Instant::now();
        let (mut far, near) = pair();
        let mut doorstep = doorstep();
        doorstep.see_off(now, Caller { fresh: near, presence: None }, b"go");
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
        doorstep.see_off(now, Caller { fresh: near, presence: None }, b"go");
        doorstep.sweep(now + Duration::from_millis(CLOSING_MS));
        assert!(doorstep.is_empty(), "because a peer that stays is let go all the same");
    }
}
