//! The work at the front door, a turn at a time: who has arrived, what they ask for, and
//! who is next. No turn waits for anything, and each does a bounded amount, so that those
//! who play hardly notice how many stand outside.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;
use throng_shared::limits::{
    CLIENT_SILENCE_MS, HANDSHAKES_PER_S_MIN, JOINS_PER_S_MIN, PAGES_PER_S_MIN, SEND_BUFFER_BYTES,
    SHUT_LOAD, UNSENT_BYTES,
};
use throng_shared::session::CloseCode;
use tokio::io::DuplexStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::admission::{Admission, Standing};
use super::budget::Rates;
use super::candidate::Ticket;
use super::doorstep::{Arrival, Caller, Doorstep, Said};
use super::frames::put_goodbye;
use super::fresh::Fresh;
use super::front::FrontOptions;
use super::lane::{Lane, Peer};
use super::origin::{Origins, Via};
use super::places::{Addresses, Place, Presence};
use super::returns::Returns;
use super::thread::Newborn;
use super::tongue::Tongue;
use super::turnstile::Turnstile;
use super::upgrade::{Asked, PageKind};
use crate::link::{Gauge, Step};

/// Between two turns while somebody is at the door; and while nobody comes in anyway,
/// when a few larger turns disturb those who play less.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_SHUT: Duration = Duration::from_millis(20);
/// After the operating system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a page gets for which there is no place.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";
/// Why a newcomer is sent away while there are places.
const OVERLOADED: &str = "the server is at its limit";

/// Why one is sent away whose address has too many here already.
const CROWDED: &str = "too many connections from your address";
/// The same for a page.
const CROWDED_PAGE: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";

/// A newcomer with a valid handshake that has not been answered.
#[derive(Debug)]
struct Newcomer {
    caller: Caller,
    /// The answer that makes it a WebSocket.
    answer: Vec<u8>,
    /// What came behind the handshake.
    leftover: Vec<u8>,
    ticket: Ticket,
    tongue: Tongue,
}

/// Somebody who has to go.
#[derive(Debug)]
enum Leaver {
    Newcomer(Newcomer),
    /// A newcomer whose address has too many here.
    Crowded(Newcomer),
    /// No newcomer, and what it is told.
    Other(Caller, Vec<u8>),
}

/// A request for the server of HTTP.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub(super) caller: Caller,
    pub(super) peer: Peer,
    /// What was read of it.
    pub(super) head: Vec<u8>,
    /// Whether the answer goes on for as long as the reader likes.
    pub(super) is_stream: bool,
    /// Its place among the pages, and among those of its address.
    pub(super) places: (OwnedSemaphorePermit, Presence),
}

/// The front door, and all who are at it.
#[derive(Debug)]
pub(super) struct Desk {
    listener: TcpListener,
    options: FrontOptions,
    origins: Origins,
    /// Of those inside, and of pages on their way.
    places: Arc<Semaphore>,
    page_places: Arc<Semaphore>,
    probe_places: Arc<Semaphore>,
    stream_places: Arc<Semaphore>,
    /// Pages on their way of each address.
    page_addresses: Arc<Addresses>,
    /// And their streams.
    stream_addresses: Arc<Addresses>,
    admission: Admission,
    accepts: Turnstile,
    /// Those who have begun to speak TLS, until it is their handshake's turn.
    handshakes: Lane<Arrival>,
    /// Until then nobody is accepted, because the operating system refused to.
    accept_after: Option<Instant>,
    doorstep: Doorstep,
    joining: Lane<Newcomer>,
    leaving: Lane<Leaver>,
    pages: Lane<(Caller, Vec<u8>, PageKind)>,
    /// When those who were sent away may be back.
    returns: Returns,
    /// Connections that were handed over; network threads get them in turn.
    number: u64,
}

impl Desk {
    pub(super) fn new(now: Instant, listener: TcpListener, options: FrontOptions) -> Self {
        let limits = &options.limits;
        let origins = Origins { listed: options.origins.clone(), is_tls: options.tls.is_some() };
        Self {
            listener,
            origins,
            places: Arc::new(Semaphore::new(limits.connections_max as usize)),
            page_places: Arc::new(Semaphore::new(limits.pages_max as usize)),
            probe_places: Arc::new(Semaphore::new(limits.probes_max as usize)),
            stream_places: Arc::new(Semaphore::new(limits.streams_max as usize)),
            page_addresses: Arc::default(),
            stream_addresses: Arc::default(),
            admission: Admission::new(limits, Arc::clone(&options.tally)),
            accepts: Turnstile::new(now),
            handshakes: Lane::new(now, limits.lane_max as usize),
            accept_after: None,
            doorstep: Doorstep::new(limits),
            joining: Lane::new(now, limits.lane_max as usize),
            leaving: Lane::new(now, limits.lane_max as usize),
            pages: Lane::new(now, limits.pages_max as usize),
            options,
            returns: Returns::new(now),
            number: 0,
        }
    }

    /// Whether a turn has nothing to do until somebody comes.
    pub(super) fn is_idle(&self) -> bool {
        self.doorstep.is_empty()
            && self.handshakes.is_empty()
            && self.joining.is_empty()
            && self.leaving.is_empty()
            && self.pages.is_empty()
            && self.accept_after.is_none()
    }

    /// How long to wait before the next turn.
    pub(super) fn pause(&self) -> Duration {
        if self.is_open() { PAUSE } else { PAUSE_SHUT }
    }

    /// A client of this process is at the door.
    pub(super) fn arrive(&mut self, now: Instant, stream: DuplexStream) {
        let caller = Caller { fresh: Fresh::Memory(stream), presence: None };
        let (standing, via) = (Standing::Welcome, Via::Loopback);
        let (peer, is_sealed) = (Peer::House, false);
        let arrival = Arrival { caller, peer, standing, via, is_sealed, head: Vec::new() };
        self.doorstep.arrive(now, arrival);
    }

    /// Somebody is at the door, if its address may have one more there. Who is dropped is
    /// counted, and costs no more than that.
    pub(super) fn greet(&mut self, now: Instant, from: IpAddr, stream: std::net::TcpStream) {
        let peer = Peer::of(from);
        let (standing, via, presence) = if self.options.proxies.trusts(from) {
            (Standing::Proxy(from), Via::Proxy, None)
        } else {
            let Some((standing, presence)) = self.admission.admit(now, peer) else { return };
            let is_local = from.to_canonical().is_loopback();
            (standing, if is_local { Via::Loopback } else { Via::Network }, presence)
        };
        // One that is gone already is found so when it is read.
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        let caller = Caller { fresh: Fresh::Tcp(stream), presence };
        let is_sealed = self.options.tls.is_some();
        let arrival = Arrival { caller, peer, standing, via, is_sealed, head: Vec::new() };
        self.doorstep.arrive(now, arrival);
    }

    /// Does what can be done now; gives the pages that are to be served.
    pub(super) fn turn(&mut self, now: Instant) -> Vec<PageRequest> {
        self.accept(now);
        self.begin_handshakes(now);
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
        let most = self.options.limits.accepts_per_s;
        while self.accepts.try_pass(now, most) {
            match self.listener.accept() {
                Ok((stream, from)) => {
                    self.accept_after = None;
                    self.greet(now, from.ip(), stream);
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

    /// Begins the handshakes whose turn it is: with those who have said something, so that
    /// no crowd of silent ones takes the turns of others. Who waits for longer than for
    /// the head of a request is hung up on.
    fn begin_handshakes(&mut self, now: Instant) {
        let Some(tls) = &self.options.tls else { return };
        let limits = &self.options.limits;
        let patience = Duration::from_millis(limits.head_timeout_ms.into());
        if let Some(patience) = now.checked_sub(patience) {
            while self.handshakes.pop_older(patience).is_some() {}
        }
        let per_s = rate(&self.options.gauge, limits.handshakes_per_s, HANDSHAKES_PER_S_MIN);
        while let Some((_, _, mut arrival)) = self.handshakes.pass(now, per_s) {
            let Fresh::Tcp(stream) = arrival.caller.fresh else { continue };
            match tls.accept(stream) {
                Ok(stream) => {
                    arrival.caller.fresh = Fresh::Tls(Box::new(stream));
                    arrival.is_sealed = false;
                    self.doorstep.arrive(now, arrival);
                }
                Err(error) => tracing::warn!("No handshake of TLS can begin: {error}."),
            }
        }
    }

    /// Reads what those at the door want, and lines them up for it.
    fn hear(&mut self, now: Instant) {
        let mut heard = Vec::new();
        self.doorstep.hear(now, &self.origins, |arrival, said| heard.push((arrival, said)));
        for (arrival, said) in heard {
            match said {
                // Who finds no place here is hung up on.
                Said::Hello => drop(self.handshakes.push(now, arrival.peer, arrival)),
                Said::Asked(asked) => self.line_up(now, arrival, asked),
            }
        }
    }

    fn line_up(&mut self, now: Instant, arrival: Arrival, asked: Asked) {
        let Arrival { mut caller, mut peer, mut standing, via: _, is_sealed: _, head } = arrival;
        if let Standing::Proxy(from) = standing {
            // Now that it is known who speaks, that one has to be let in.
            peer = Peer::of(self.options.proxies.client(from, &head));
            let Some((own, presence)) = self.admission.admit(now, peer) else { return };
            caller.presence = presence;
            standing = own;
        }
        let is_crowded = standing == Standing::Crowded;
        let leaver = match asked {
            Asked::Socket { answer, head_len, ticket, tongue } => {
                let leftover = head[head_len..].to_vec();
                let newcomer = Newcomer { caller, answer, leftover, ticket, tongue };
                let wait = self.joining.wait(peer, self.joins_per_s());
                if is_crowded {
                    Some(Leaver::Crowded(newcomer))
                } else if self.is_open() && wait <= self.patience() {
                    self.joining.push(now, peer, newcomer).map(Leaver::Newcomer)
                } else {
                    Some(Leaver::Newcomer(newcomer))
                }
            }
            Asked::Denied(denied) => Some(Leaver::Other(caller, denied.answer())),
            // Nobody in this process asks for pages.
            Asked::Page(_) if peer == Peer::House => None,
            Asked::Page(_) if is_crowded => Some(Leaver::Other(caller, CROWDED_PAGE.to_vec())),
            Asked::Page(kind) => {
                drop(self.pages.push(now, peer, (caller, head, kind)));
                None
            }
        };
        if let Some(leaver) = leaver {
            // Who finds no place here either is hung up on.
            drop(self.leaving.push(now, peer, leaver));
        }
    }

    /// Lets newcomers in whose turn it is. The others wait, but not too long.
    fn let_in(&mut self, now: Instant) {
        let patience = now.checked_sub(self.patience());
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
        let Newcomer { caller, answer, leftover, ticket, tongue } = newcomer;
        let Caller { mut fresh, presence } = caller;
        let tuned = fresh.tcp().map_or(Ok(()), tune);
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
        let place = Place { _permit: permit, presence };
        let rates = Rates::of(&self.options.limits);
        let is_house = matches!(fresh, Fresh::Memory(_));
        let newborn = Newborn { fresh, leftover, number, ticket, tongue, place, rates, is_house };
        if !handovers[thread].give(newborn) {
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
        let per_s = self.options.limits.refusals_per_s;
        while let Some((_, _, leaver)) = self.leaving.pass(now, per_s) {
            let (caller, last) = match leaver {
                Leaver::Other(caller, said) => (caller, said),
                Leaver::Newcomer(Newcomer { caller, answer: mut said, tongue, .. }) => {
                    self.refuse(now, tongue, &mut said);
                    (caller, said)
                }
                Leaver::Crowded(Newcomer { caller, answer: mut said, tongue, .. }) => {
                    self.options.tally.closed(format!("{} address", CloseCode::Full.number()));
                    let told = (CROWDED, self.returns.book(now));
                    put_goodbye(&mut said, tongue, CloseCode::Full, told);
                    (caller, said)
                }
            };
            self.doorstep.see_off(now, caller, &last);
        }
    }

    fn refuse(&mut self, now: Instant, tongue: Tongue, said: &mut Vec<u8>) {
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
        put_goodbye(said, tongue, code, (reason, self.returns.book(now)));
    }

    fn give_pages(&mut self, now: Instant) -> Vec<PageRequest> {
        let per_s = rate(&self.options.gauge, self.options.limits.pages_per_s, PAGES_PER_S_MIN);
        let mut given = Vec::new();
        while let Some((peer, _, (caller, head, kind))) = self.pages.pass(now, per_s) {
            let limits = &self.options.limits;
            let is_stream = kind == PageKind::Stream;
            let (pages, of_pages) = (&self.page_addresses, limits.pages_per_address);
            let (places, addresses, most) = match kind {
                PageKind::Stream => {
                    (&self.stream_places, &self.stream_addresses, limits.streams_per_address)
                }
                PageKind::Probe => (&self.probe_places, pages, of_pages),
                PageKind::Plain => (&self.page_places, pages, of_pages),
            };
            let permit = Arc::clone(places).try_acquire_owned();
            let (presence, count) = addresses.enter(peer);
            let has_share = count <= most || limits.switched_off.address_caps;
            match permit {
                Ok(permit) if has_share => {
                    let places = (permit, presence);
                    given.push(PageRequest { caller, peer, head, is_stream, places });
                }
                Ok(_) | Err(_) => {
                    let leaver = Leaver::Other(caller, NO_PLACE.to_vec());
                    drop(self.leaving.push(now, peer, leaver));
                }
            }
        }
        given
    }

    /// How long a newcomer waits for its turn.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.options.limits.turn_ms.into())
    }

    fn joins_per_s(&self) -> u32 {
        rate(&self.options.gauge, self.options.limits.joins_per_s, JOINS_PER_S_MIN)
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
    let least = least.min(most);
    if gauge.step() != Step::Open {
        return least;
    }
    let left = 1.0 - (gauge.load() / SHUT_LOAD).min(1.0);
    ((f64::from(most) * left) as u32).max(least)
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

    #[test]
    fn fewer_come_in_as_the_load_grows() {
        let gauge = Gauge::new(1);
        gauge.room(0).set_open(true);
        let at = |load: f64| {
            gauge.room(0).set_load(load);
            rate(&gauge, 1000, 50)
        };
        assert_eq!([at(0.0), at(SHUT_LOAD / 2.0), at(0.84), at(7.0)], [1000, 500, 50, 50]);
        gauge.room(0).set_load(0.0);
        gauge.room(0).set_step(Step::Shut, 1);
        assert_eq!(rate(&gauge, 1000, 50), 50, "because those inside come first");
        assert_eq!(rate(&gauge, 20, 50), 20, "because an operator may want fewer than that");
    }
}
