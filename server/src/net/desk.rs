//! The work at the front door, a turn at a time: who has arrived, what they ask for, and
//! who is next. No turn waits for anything, and each does a bounded amount, so that those
//! who play hardly notice how many stand outside.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;
use throng_shared::limits::{
    ACCEPTS_PER_S, CLIENT_SILENCE_MS, CONNECTIONS_MAX, JOINS_PER_S, JOINS_PER_S_MIN, LANE_MAX,
    PAGES_MAX, PAGES_PER_S, PAGES_PER_S_MIN, REFUSALS_PER_S, RETRY_MAX_MS, RETRY_MS,
    RETRY_SPREAD_MS, RETURNS_PER_S, SEND_BUFFER_BYTES, SHUT_LOAD, TURN_MS, UNSENT_BYTES,
};
use throng_shared::prng::Prng;
use throng_shared::session::CloseCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conn::Ticket;
use super::doorstep::{Arrival, Doorstep};
use super::frames::put_goodbye;
use super::fresh::Fresh;
use super::front::FrontOptions;
use super::lane::{Lane, Peer};
use super::thread::Newborn;
use super::turnstile::Turnstile;
use super::upgrade::Asked;
use crate::link::{Gauge, Step};

/// Between two turns while somebody is at the door; and while nobody comes in anyway,
/// when a few larger turns disturb those who play less.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_SHUT: Duration = Duration::from_millis(20);
/// After the operating system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a page beyond `PAGES_MAX` gets.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";
/// Why a newcomer is sent away while there are places.
const OVERLOADED: &str = "the server is at its limit";

/// A newcomer with a valid handshake that has not been answered.
#[derive(Debug)]
struct Newcomer {
    fresh: Fresh,
    /// The answer that makes it a WebSocket.
    answer: Vec<u8>,
    /// What came behind the handshake.
    leftover: Vec<u8>,
    ticket: Ticket,
}

/// Somebody who has to go.
#[derive(Debug)]
enum Leaver {
    Newcomer(Newcomer),
    /// No newcomer, and what it is told.
    Other(Fresh, Vec<u8>),
}

/// A request for the server of HTTP.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub(super) stream: std::net::TcpStream,
    /// What was read of it.
    pub(super) head: Vec<u8>,
    /// Its place among the pages.
    pub(super) permit: OwnedSemaphorePermit,
}

/// The front door, and all who are at it.
#[derive(Debug)]
pub(super) struct Desk {
    listener: TcpListener,
    options: FrontOptions,
    /// Of those inside, and of pages on their way.
    places: Arc<Semaphore>,
    page_places: Arc<Semaphore>,
    accepts: Turnstile,
    /// Until then nobody is accepted, because the operating system refused to.
    accept_after: Option<Instant>,
    doorstep: Doorstep,
    joining: Lane<Newcomer>,
    leaving: Lane<Leaver>,
    pages: Lane<(std::net::TcpStream, Vec<u8>)>,
    /// When those who were sent away may be back.
    returns: Turnstile,
    chance: Prng,
    /// Connections that were handed over; network threads get them in turn.
    number: u64,
}

impl Desk {
    pub(super) fn new(now: Instant, listener: TcpListener, options: FrontOptions) -> Self {
        Self {
            listener,
            options,
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            page_places: Arc::new(Semaphore::new(PAGES_MAX)),
            accepts: Turnstile::new(now),
            accept_after: None,
            doorstep: Doorstep::default(),
            joining: Lane::new(now, LANE_MAX),
            leaving: Lane::new(now, LANE_MAX),
            pages: Lane::new(now, PAGES_MAX),
            returns: Turnstile::new(now),
            chance: Prng::new(0),
            number: 0,
        }
    }

    /// Whether a turn has nothing to do until somebody comes.
    pub(super) fn is_idle(&self) -> bool {
        self.doorstep.is_empty()
            && self.joining.is_empty()
            && self.leaving.is_empty()
            && self.pages.is_empty()
            && self.accept_after.is_none()
    }

    /// How long to wait before the next turn.
    pub(super) fn pause(&self) -> Duration {
        if self.is_open() { PAUSE } else { PAUSE_SHUT }
    }

    /// Somebody is at the door.
    pub(super) fn arrive(&mut self, now: Instant, peer: Peer, fresh: Fresh) {
        self.doorstep.arrive(now, peer, fresh);
    }

    /// Does what can be done now; gives the pages that are to be served.
    pub(super) fn turn(&mut self, now: Instant) -> Vec<PageRequest> {
        self.accept(now);
        self.hear(now);
        self.let_in(now);
        self.send_away(now);
        self.doorstep.sweep(now);
        self.give_pages(now)
    }

    /// Accepts whoever waits in the kernel, within the rate.
    fn accept(&mut self, now: Instant) {
        if self.accept_after.is_some_and(|after| now < after) {
            return;
        }
        while self.accepts.try_pass(now, ACCEPTS_PER_S) {
            match self.listener.accept() {
                Ok((stream, from)) => {
                    self.accept_after = None;
                    // One that is gone already is found so when it is read.
                    if stream.set_nonblocking(true).is_ok() {
                        self.arrive(now, Peer::of(from.ip()), Fresh::Tcp(stream));
                    }
                }
                Err(error) if is_passing(&error) => {
                    self.accept_after = None;
                    return;
                }
                Err(error) => {
                    self.note_failed(now, &error);
                    return;
                }
            }
        }
    }

    /// The operating system accepts nobody just now.
    pub(super) fn note_failed(&mut self, now: Instant, error: &io::Error) {
        if self.accept_after.is_none() {
            tracing::warn!("Connections cannot be accepted: {error}.");
        }
        self.accept_after = Some(now + ACCEPT_PAUSE);
    }

    /// Reads what those at the door want, and lines them up for it.
    fn hear(&mut self, now: Instant) {
        let joins_per_s = self.joins_per_s();
        let is_open = self.is_open();
        let Self { doorstep, joining, leaving, pages, options, .. } = self;
        doorstep.hear(now, &options.origins, |arrival, asked| {
            let Arrival { fresh, peer, head } = arrival;
            match (asked, fresh) {
                (Asked::Socket { answer, head_len, ticket }, fresh) => {
                    let leftover = head[head_len..].to_vec();
                    let newcomer = Newcomer { fresh, answer, leftover, ticket };
                    let is_hopeless =
                        joining.wait(peer, joins_per_s) > Duration::from_millis(TURN_MS);
                    let sent_away = if is_open && !is_hopeless {
                        joining.push(now, peer, newcomer)
                    } else {
                        Some(newcomer)
                    };
                    if let Some(newcomer) = sent_away {
                        // Who finds no place here either is hung up on.
                        drop(leaving.push(now, peer, Leaver::Newcomer(newcomer)));
                    }
                }
                (Asked::Denied(denied), fresh) => {
                    drop(leaving.push(now, peer, Leaver::Other(fresh, denied.answer())));
                }
                (Asked::Page, Fresh::Tcp(stream)) => {
                    drop(pages.push(now, peer, (stream, head)));
                }
                // Nobody in this process asks for pages.
                (Asked::Page, Fresh::Memory(_)) => {}
            }
        });
    }

    /// Lets newcomers in whose turn it is. The others wait, but not too long.
    fn let_in(&mut self, now: Instant) {
        let patience = now.checked_sub(Duration::from_millis(TURN_MS));
        loop {
            let sent_away = if self.is_open() {
                patience.and_then(|patience| self.joining.pop_older(patience))
            } else {
                self.joining.pop().map(|(peer, _, newcomer)| (peer, newcomer))
            };
            let Some((peer, newcomer)) = sent_away else { break };
            drop(self.leaving.push(now, peer, Leaver::Newcomer(newcomer)));
        }
        let per_s = self.joins_per_s();
        while let Some((peer, _, newcomer)) = self.joining.pass(now, per_s) {
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(permit) => self.hand_over(newcomer, permit),
                Err(_) => drop(self.leaving.push(now, peer, Leaver::Newcomer(newcomer))),
            }
        }
    }

    /// Answers a handshake, and gives the connection to a network thread.
    fn hand_over(&mut self, newcomer: Newcomer, permit: OwnedSemaphorePermit) {
        let Newcomer { mut fresh, answer, leftover, ticket } = newcomer;
        let tuned = match &fresh {
            Fresh::Tcp(stream) => tune(stream),
            Fresh::Memory(_) => Ok(()),
        };
        // One try: a fresh socket takes so few bytes.
        let answered = tuned.and_then(|()| fresh.try_write(&answer));
        if !answered.is_ok_and(|count| count == answer.len()) {
            tracing::debug!("A connection was gone before it began.");
            return;
        }
        let handovers = &self.options.handovers;
        self.number += 1;
        let number = self.number;
        let thread = (number % handovers.len() as u64) as usize;
        if !handovers[thread].give(Newborn { fresh, leftover, number, ticket, permit }) {
            tracing::warn!("A connection was dropped: network thread {thread} takes none.");
        }
    }

    /// Tells those who have to go why, and when to come back: the handshake is completed
    /// for that, because a page cannot read anything else.
    fn send_away(&mut self, now: Instant) {
        // A client that waited so long has hung up.
        if let Some(patience) = now.checked_sub(Duration::from_millis(CLIENT_SILENCE_MS)) {
            while self.leaving.pop_older(patience).is_some() {}
        }
        while let Some((_, _, leaver)) = self.leaving.pass(now, REFUSALS_PER_S) {
            let (fresh, last) = match leaver {
                Leaver::Other(fresh, said) => (fresh, said),
                Leaver::Newcomer(Newcomer { fresh, answer: mut said, .. }) => {
                    self.refuse(now, &mut said);
                    (fresh, said)
                }
            };
            self.doorstep.see_off(now, fresh, &last);
        }
    }

    fn refuse(&mut self, now: Instant, said: &mut Vec<u8>) {
        let FrontOptions { gauge, tally, .. } = &self.options;
        let (code, reason) = if gauge.is_draining() {
            tally.closed(format!("{} restart", CloseCode::Restart.number()));
            (CloseCode::Restart, CloseCode::Restart.text())
        } else if gauge.is_full() {
            tally.closed(format!("{} full", CloseCode::Full.number()));
            (CloseCode::Full, CloseCode::Full.text())
        } else {
            gauge.note_refused();
            tally.closed(format!("{} overload", CloseCode::Full.number()));
            (CloseCode::Full, OVERLOADED)
        };
        let retry_after_ms = retry_after_ms(now, &mut self.returns, &mut self.chance);
        put_goodbye(said, code, reason, retry_after_ms);
    }

    fn give_pages(&mut self, now: Instant) -> Vec<PageRequest> {
        let per_s = rate(&self.options.gauge, PAGES_PER_S, PAGES_PER_S_MIN);
        let mut given = Vec::new();
        while let Some((peer, _, (stream, head))) = self.pages.pass(now, per_s) {
            match Arc::clone(&self.page_places).try_acquire_owned() {
                Ok(permit) => given.push(PageRequest { stream, head, permit }),
                Err(_) => {
                    let leaver = Leaver::Other(Fresh::Tcp(stream), NO_PLACE.to_vec());
                    drop(self.leaving.push(now, peer, leaver));
                }
            }
        }
        given
    }

    fn joins_per_s(&self) -> u32 {
        rate(&self.options.gauge, JOINS_PER_S, JOINS_PER_S_MIN)
    }

    /// Whether newcomers come in.
    fn is_open(&self) -> bool {
        let gauge = &self.options.gauge;
        gauge.step() == Step::Open && !gauge.is_full() && !gauge.is_draining()
    }
}

/// Nobody waits, or one who waited is gone.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | Interrupted | WouldBlock)
}

/// A rate that falls from `most` to `least` as the load comes near its limit, and
/// stays there while newcomers are refused.
fn rate(gauge: &Gauge, most: u32, least: u32) -> u32 {
    if gauge.step() != Step::Open {
        return least;
    }
    let left = 1.0 - (gauge.load() / SHUT_LOAD).min(1.0);
    ((f64::from(most) * left) as u32).max(least)
}

/// When to come back: after the time that is usual, spread; and later the more were sent
/// away before, so that however many are outside, only so many knock in a second.
fn retry_after_ms(now: Instant, returns: &mut Turnstile, chance: &mut Prng) -> u32 {
    let soonest = RETRY_MS + chance.below(RETRY_SPREAD_MS);
    let most = Duration::from_millis(u64::from(RETRY_MAX_MS - RETRY_MS - RETRY_SPREAD_MS));
    let booked = returns.book(now, RETURNS_PER_S, most).unwrap_or(most);
    soonest + booked.as_millis() as u32
}

/// Small kernel buffers: what the kernel holds for a slow reader is old by the time
/// it is read, and a full socket is how we learn that a reader is slow.
fn tune(stream: &std::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    #[test]
    fn fewer_come_in_as_the_load_grows() {
        let gauge = Gauge::new(1);
        let at = |load: f64| {
            gauge.set_load(load);
            rate(&gauge, 1000, 50)
        };
        assert_eq!([at(0.0), at(SHUT_LOAD / 2.0), at(0.84), at(7.0)], [1000, 500, 50, 50]);
        gauge.set_load(0.0);
        gauge.set_step(Step::Shut, 1);
        assert_eq!(rate(&gauge, 1000, 50), 50, "because those inside come first");
    }

    /// Knocks a second of so many who all come within half a minute, are refused and
    /// obey, after two minutes.
    fn knocks_per_s(crowd: u64) -> usize {
        let began = Instant::now();
        let (mut returns, mut chance) = (Turnstile::new(began), Prng::new(1));
        let mut due: BinaryHeap<_> = (0..crowd).map(|n| Reverse(n * 30_000 / crowd)).collect();
        let mut knocks = 0;
        while let Some(Reverse(ms)) = due.pop().filter(|&Reverse(ms)| ms < 180_000) {
            knocks += usize::from(ms >= 120_000);
            let now = began + Duration::from_millis(ms);
            let after = retry_after_ms(now, &mut returns, &mut chance);
            assert!((RETRY_MS..=RETRY_MAX_MS).contains(&after), "{after}");
            due.push(Reverse(ms + u64::from(after)));
        }
        knocks / 60
    }

    #[test]
    fn however_many_are_outside_only_so_many_knock() {
        assert!(knocks_per_s(10) <= 1, "because a few come back soon, and cost nothing");
        let few = knocks_per_s(500);
        assert!((30..=50).contains(&few), "because 500 come back within 12.5 s: {few}");
        for crowd in [2_000, 3_500, 5_000] {
            let many = knocks_per_s(crowd);
            let most = RETURNS_PER_S as usize * 11 / 10;
            assert!(many <= most, "because a place is booked for each: {many} of {crowd}");
        }
        let all = knocks_per_s(20_000);
        assert!(all <= 420, "because nobody waits for more than a minute: {all}");
    }
}
