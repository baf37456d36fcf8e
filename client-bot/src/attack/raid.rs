//! The attacker, in a process of its own: it opens its connections, misbehaves on each,
//! and tells how the server ended them.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use throng_shared::limits::ACCEPTS_PER_S;
use throng_shared::prng::Prng;
use throng_shared::session::{ClientSession, Skimmed, Update};
use throng_shared::time::Millis;
use throng_shared::wire::{ClientMessage, Hello};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout_at};

use super::crowd;
use super::kind::{Attack, Flood, From, Means, Misdeed, Stranger};
use super::raw::{
    BINARY, BINARY_BEGIN, CONTINUATION, PING, PONG, Raw, crumbs, frame, handshake, header_of,
    message, source,
};
use super::told::{End, Told, Toll};
use crate::brain::BrainKind;
use crate::course::Course;
use crate::load::{LoadError, allow_open_files};

/// Connections begun at once, and between two such portions.
const BEGUN_AT_ONCE: usize = 50;
const BEGUN_EVERY: Duration = Duration::from_millis(10);
/// The same where the server's patience is measured: as fast as it accepts, nearly. The
/// clock of a connection begins when it is accepted, not while it waits in the kernel.
const WAITING_EVERY: Duration =
    Duration::from_micros(BEGUN_AT_ONCE as u64 * 1_200_000 / ACCEPTS_PER_S as u64);
/// Between two floods of one attack, so that each is met by itself.
const FLOODS_EVERY: Duration = Duration::from_millis(250);
/// A header that does not end.
const HEADER_BYTES: u64 = 20 << 20;
/// Bytes that a flood offers at once.
const PORTION_BYTES: usize = 16 << 10;
/// Most that one connection floods.
const FLOOD_BYTES_MAX: u64 = 256 << 20;
/// Between two bytes of a slow handshake.
const DRIP_EVERY: Duration = Duration::from_secs(1);
/// A player that will read no more reads so long, through such a buffer.
const READS_FOR: Duration = Duration::from_secs(1);
const NARROW_BYTES: u32 = 4 << 10;
/// And then reads nothing for so long: until the server must have given it up.
const STANDS_FOR: Duration = Duration::from_secs(15);
/// Inputs for each that a client may send.
const INPUTS_FOR_ONE: u32 = 10;
/// Connections that a flood of them makes at most, and one in so many that is closed in
/// order: the port of such a one rests for a minute.
const COMINGS_MAX: u64 = 100_000;
const IN_ORDER_ONE_IN: u64 = 8;
/// Lengths that no frame has.
const HUGE: [u64; 4] = [1 << 63, (1 << 63) - 1, u64::MAX, 1 << 44];

/// What an attacker is told to do.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    pub attack: Attack,
    /// On loopback, always.
    pub target: SocketAddr,
    pub connections: usize,
    /// The longest that it waits for the server.
    pub lasts: Duration,
    pub seed: u64,
}

/// Why there is no attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RaidError {
    /// Only servers of this machine are attacked.
    NotLoopback(SocketAddr),
    Load(LoadError),
    /// It is nothing that clients do.
    NotARaid(Attack),
}

impl std::fmt::Display for RaidError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotLoopback(target) => {
                write!(f, "{target} is not on loopback, and nothing else is ever attacked")
            }
            Self::Load(error) => error.fmt(f),
            Self::NotARaid(attack) => write!(f, "{attack} is not an attack of clients"),
        }
    }
}

impl std::error::Error for RaidError {}

/// Attacks on the calling thread until every connection has ended, or the time is up.
///
/// # Errors
/// When the target is not on loopback, or this process may not open so many files.
pub fn raid(orders: Orders) -> Result<Told, RaidError> {
    let SocketAddr::V4(target) = orders.target else {
        return Err(RaidError::NotLoopback(orders.target));
    };
    if !target.ip().is_loopback() {
        return Err(RaidError::NotLoopback(orders.target));
    }
    allow_open_files(orders.connections).map_err(RaidError::Load)?;
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| RaidError::Load(LoadError::Runtime(error.to_string())))
    };
    match orders.attack.means() {
        Means::Storm => Err(RaidError::NotARaid(orders.attack)),
        Means::Players => crowd::play(orders).map_err(RaidError::Load),
        Means::Comings(from) => Ok(runtime()?.block_on(come_and_go(orders, from))),
        Means::Stranger(it) => Ok(runtime()?.block_on(all(orders, Manner::Stranger(it)))),
        Means::Player(it) => Ok(runtime()?.block_on(all(orders, Manner::Player(it)))),
    }
}

/// What the connections of an attack share.
struct Field {
    orders: Orders,
    /// Nobody waits longer.
    end: Instant,
    sent: Rc<Cell<u64>>,
    /// Connections that a flood of them has made.
    comings: Cell<u64>,
}

impl Field {
    fn new(orders: Orders, began: Instant) -> Self {
        let end = began + orders.lasts;
        Self { orders, end, sent: Rc::default(), comings: Cell::new(0) }
    }
}

/// How connections misbehave that do so one by one.
#[derive(Clone, Copy)]
enum Manner {
    Stranger(Stranger),
    Player(Misdeed),
}

/// All connections of an attack.
async fn all(orders: Orders, manner: Manner) -> Told {
    let began = Instant::now();
    let field = Field::new(orders, began);
    let mut toll = Toll::default();
    let connections = (0..orders.connections).map(|number| one(&field, manner, number));
    let mut connections: FuturesUnordered<_> = connections.collect();
    while let Some((end, after)) = connections.next().await {
        toll.add(end, after);
    }
    toll.told(began.elapsed().as_secs_f64(), field.sent.get())
}

/// A flood of connections.
async fn come_and_go(orders: Orders, from: From) -> Told {
    let began = Instant::now();
    let field = Field::new(orders, began);
    let mut toll = Toll::default();
    let workers = (0..orders.connections).map(|number| {
        let address = match from {
            From::OneAddress => 0,
            From::ManyAddresses => number,
        };
        worker(&field, address)
    });
    let mut workers: FuturesUnordered<_> = workers.collect();
    while let Some(ends) = workers.next().await {
        ends.into_iter().for_each(|(end, after)| toll.add(end, after));
    }
    toll.told(began.elapsed().as_secs_f64(), field.sent.get())
}

/// One connection, from its turn to its end, and how long the server bore it.
async fn one(field: &Field, manner: Manner, number: usize) -> (End, Duration) {
    let turn = match manner {
        Manner::Player(Misdeed::Floods(_)) => {
            FLOODS_EVERY * u32::try_from(number).unwrap_or(u32::MAX)
        }
        Manner::Stranger(Stranger::SaysNothing | Stranger::Drips) => {
            WAITING_EVERY * u32::try_from(number / BEGUN_AT_ONCE).unwrap_or(u32::MAX)
        }
        Manner::Stranger(Stranger::SaysTooMuch)
        | Manner::Player(Misdeed::StopsReading | Misdeed::SteersTooMuch | Misdeed::Boasts) => {
            BEGUN_EVERY * u32::try_from(number / BEGUN_AT_ONCE).unwrap_or(u32::MAX)
        }
    };
    sleep(turn).await;
    let mut since = Instant::now();
    let end = timeout_at(field.end, misbehave(field, manner, number, &mut since)).await;
    (end.unwrap_or(Ok(End::StillOpen)).unwrap_or_else(|end| end), since.elapsed())
}

/// What one connection does; `since` is when it begins to.
async fn misbehave(
    field: &Field,
    manner: Manner,
    number: usize,
    since: &mut Instant,
) -> Result<End, End> {
    match manner {
        Manner::Stranger(stranger) => be_strange(field, stranger, number, since).await,
        Manner::Player(misdeed) => play_foul(field, misdeed, number, since).await,
    }
}

async fn be_strange(
    field: &Field,
    stranger: Stranger,
    number: usize,
    since: &mut Instant,
) -> Result<End, End> {
    let target = field.orders.target;
    let mut raw = Raw::connect(target, source(number), None, &field.sent).await?;
    *since = Instant::now();
    match stranger {
        Stranger::SaysNothing => Ok(raw.await_end().await),
        Stranger::Drips => Ok(drip(&mut raw, target).await),
        Stranger::SaysTooMuch => {
            let begin = format!("GET /ws HTTP/1.1\r\nHost: {target}\r\nX-Long: ");
            raw.say(begin.as_bytes()).await?;
            Ok(raw.flood(&[b'x'; PORTION_BYTES], HEADER_BYTES).await)
        }
    }
}

async fn play_foul(
    field: &Field,
    misdeed: Misdeed,
    number: usize,
    since: &mut Instant,
) -> Result<End, End> {
    let target = field.orders.target;
    let narrow = (misdeed == Misdeed::StopsReading).then_some(NARROW_BYTES);
    let mut raw = Raw::connect(target, source(number), narrow, &field.sent).await?;
    *since = Instant::now();
    raw.upgrade(target).await?;
    let (mut session, hello) = ClientSession::new(Millis(0), Hello::guest(&name(number), 0));
    raw.say(&message(&hello)).await?;
    let began = Instant::now();
    let now = || Millis(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    let (tick_hz, course) = loop {
        let bytes = raw.hear().await?;
        match session.handle_frame(now(), &bytes) {
            Ok(Update::Welcome(welcome)) => break (welcome.tick_hz, Course::new(0.0, &welcome)),
            Ok(_) => {}
            Err(_) => return Err(End::HungUp),
        }
    };
    *since = Instant::now();
    match misdeed {
        Misdeed::StopsReading => {
            let reads = async { while raw.hear().await.is_ok() {} };
            if timeout_at(*since + READS_FOR, reads).await.is_ok() {
                return Ok(raw.await_end().await);
            }
            *since = Instant::now();
            raw.stand_still(STANDS_FOR).await;
            // What the server gave up on ends with what waits; what it did not goes on.
            Ok(raw.await_end().await)
        }
        Misdeed::Floods(what) => Ok(flood(&mut raw, what, number).await),
        Misdeed::SteersTooMuch => {
            let rate = u32::from(tick_hz.max(1)) * INPUTS_FOR_ONE;
            let turns = interval(Duration::from_secs(1) / rate);
            Ok(steer_too_much(&mut raw, session, course, began, turns).await)
        }
        Misdeed::Boasts => {
            raw.say(&header_of(HUGE[number % HUGE.len()])).await?;
            Ok(raw.await_end().await)
        }
    }
}

fn name(number: usize) -> String {
    format!("raider {number}")
}

/// One frame over and over, behind a first one; of some kinds every second player has
/// another one.
async fn flood(raw: &mut Raw, what: Flood, number: usize) -> End {
    let is_even = number.is_multiple_of(2);
    let (one, first) = match (what, is_even) {
        (Flood::Pings, _) => (frame(PING, b""), Vec::new()),
        (Flood::Pongs, _) => (frame(PONG, b""), Vec::new()),
        (Flood::Empties, true) => (frame(BINARY, b""), Vec::new()),
        (Flood::Empties, false) => (frame(CONTINUATION, b""), frame(BINARY_BEGIN, b"")),
        (Flood::Fragments, true) => {
            (crumbs(&ClientMessage::Pong { nonce: 0, received: 0 }), Vec::new())
        }
        (Flood::Fragments, false) => (frame(CONTINUATION, b"x"), frame(BINARY_BEGIN, b"x")),
    };
    if let Err(end) = raw.say(&first).await {
        return end;
    }
    let portion = one.repeat(PORTION_BYTES / one.len());
    raw.flood(&portion, FLOOD_BYTES_MAX).await
}

/// A handshake, a byte a second.
async fn drip(raw: &mut Raw, target: SocketAddr) -> End {
    let request = handshake(target);
    let mut bytes = request.bytes();
    let mut drips = interval(DRIP_EVERY);
    loop {
        tokio::select! {
            end = raw.await_end() => return end,
            _ = drips.tick() => {}
        }
        let Some(byte) = bytes.next() else { return raw.await_end().await };
        if let Err(end) = raw.say(&[byte]).await {
            return end;
        }
    }
}

/// An honest player in everything but how often it steers.
async fn steer_too_much(
    raw: &mut Raw,
    mut session: ClientSession,
    mut course: Course,
    began: Instant,
    mut turns: Interval,
) -> End {
    let ms = || began.elapsed().as_secs_f64() * 1000.0;
    let Some(mut mind) = BrainKind::Walk.blind() else {
        unreachable!("a walker needs no view");
    };
    let mut rng = Prng::new(1);
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        tokio::select! {
            biased;
            heard = raw.hear() => {
                let bytes = match heard {
                    Ok(bytes) => bytes,
                    Err(end) => return end,
                };
                let now = Millis(ms() as u64);
                match session.skim_frame(now, &bytes) {
                    Ok(Skimmed::Snapshot(head)) => course.take(ms(), head),
                    Ok(Skimmed::Update(Update::Ping { answer, .. })) => {
                        if let Err(end) = raw.say(&message(&answer)).await {
                            return end;
                        }
                    }
                    Ok(Skimmed::Update(_)) => {}
                    Err(_) => return End::HungUp,
                }
            }
            _ = turns.tick() => {
                let intent = mind.act(&mut rng);
                let (_, input) = course.steer(ms(), &mut session, intent);
                if let Err(end) = raw.say(&message(&input)).await {
                    return end;
                }
            }
        }
    }
}

/// Comes and goes until the time is up. Every second one has asked for a WebSocket.
async fn worker(field: &Field, from: usize) -> Vec<(End, Duration)> {
    let target = field.orders.target;
    let mut ends = Vec::new();
    while Instant::now() < field.end && field.comings.get() < COMINGS_MAX {
        let coming = field.comings.get();
        field.comings.set(coming + 1);
        let since = Instant::now();
        let connect = Raw::connect(target, source(from), None, &field.sent);
        let end = match timeout_at(field.end, connect).await {
            Err(_) => break,
            Ok(Err(_)) => End::NoConnection,
            Ok(Ok(mut raw)) => {
                if coming.is_multiple_of(2) {
                    // Who was hung up on has left, too.
                    let _ = raw.say(handshake(target).as_bytes()).await;
                }
                raw.leave(!coming.is_multiple_of(IN_ORDER_ONE_IN));
                End::Left
            }
        };
        ends.push((end, since.elapsed()));
        if end == End::NoConnection {
            // Out of ports, or the system's queue is full.
            sleep(BEGUN_EVERY).await;
        }
        tokio::task::yield_now().await;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_loopback_is_ever_attacked() {
        for target in ["192.0.2.1:80", "0.0.0.0:80", "[::1]:80", "[2001:db8::1]:80"] {
            let target = target.parse().expect("an address");
            let orders = Orders {
                attack: Attack::Silent,
                target,
                connections: 1,
                lasts: Duration::from_secs(1),
                seed: 1,
            };
            assert_eq!(raid(orders), Err(RaidError::NotLoopback(target)));
        }
    }
}
