//! The loop of a generator: one thread, one event queue, all bots.
//!
//! It looks at its sockets a thousand times a second rather than being woken for
//! each: a snapshot for every bot comes within a few milliseconds, and a queue that
//! nobody waits at costs its senders nothing either.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Registry, Token};
use throng_shared::prng::Prng;
use throng_shared::session::CloseCode;
use throng_shared::wire::Resume;

use super::beat::Beat;
use super::cpu::own_s;
use super::open_files::open_files;
use super::player::{Common, Role, Turn};
use super::slow::{FirstSight, LinkKind};
use super::{LoadError, Plan, Step, Stop};
use crate::brain::THINK_EVERY;
use crate::client::Ended;
use crate::comeback::Patience;

/// Time between two looks at the sockets.
const GLANCE: Duration = Duration::from_micros(500);
/// Socket events taken before inputs that are due are sent.
const EVENTS_AT_ONCE: usize = 256;
/// Bots that begin to connect in one look, so that a steep ramp delays no input.
const CONNECTS_AT_ONCE: usize = 4;
/// Most bytes that are read of one socket at once.
const SCRATCH_BYTES: usize = 16 << 10;
/// Length of a beat.
const BEAT: Duration = Duration::from_secs(1);
/// How long all bots together may take to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
/// Beats after which a load gives up that nobody could join, though all tried again.
const HOPELESS_BEATS: u32 = 3;
/// Stream of the delays of those who come back.
const DELAY_STREAM: u64 = 0xBAC6;
/// And of who leaves for somebody new.
const CHURN_STREAM: u64 = 0xC402;

/// A connection that plays a part in a load.
pub(super) trait Guest: Sized {
    /// Begins to connect.
    fn connect(
        role: Role,
        resume: Option<Resume>,
        common: &Common,
        source: Option<SocketAddr>,
        registry: &Registry,
        token: Token,
    ) -> std::io::Result<Self>;
    /// Takes what an event tells; an error is the end.
    fn wake(&mut self, event: &mio::event::Event, turn: &mut Turn<'_>) -> Result<(), Ended>;
    /// Sends the input that was due.
    fn steer(&mut self, due: Instant, turn: &mut Turn<'_>) -> Result<(), Ended>;
    /// Whether it is where inputs and snapshots flow.
    fn is_playing(&self) -> bool;
    /// What its next connection may go on with.
    fn keep(&mut self) -> Option<Resume>;
    /// Since when it is where inputs and snapshots flow.
    fn welcomed_at(&self) -> Option<Instant>;
    /// Whether it was asked to leave.
    fn is_leaving(&self) -> bool;
    /// Seconds of the last `length` in which it was to be counted.
    fn settled_s(&self, now: Instant, length: Duration) -> f64;
    /// Whether it waits too long.
    fn poll_timeout(&mut self, turn: &Turn<'_>) -> Option<Ended>;
    /// Says goodbye. False when there is nobody to say it to.
    fn leave(&mut self) -> bool;
    /// Tells what it still waits for.
    fn tell_open(&self, turn: &mut Turn<'_>);
    /// Lets a slow link carry what it can by now.
    fn go_slowly(&mut self, turn: &mut Turn<'_>) -> Result<(), Ended>;
    /// Since when, or from when on, it reads nothing.
    fn stalled_since(&self) -> Option<Instant>;
}

/// A place for one bot.
#[derive(Debug)]
struct Seat<G> {
    number: usize,
    guest: Option<G>,
    /// It was lost, not asked to leave: it still counts as one that is to play.
    lost_at: Option<Instant>,
    patience: Patience,
    /// Since when it is away, once it has played.
    away_since: Option<Instant>,
    resume: Option<Resume>,
}

impl<G> Seat<G> {
    fn empty(number: usize) -> Self {
        Self {
            number,
            guest: None,
            lost_at: None,
            patience: Patience::default(),
            away_since: None,
            resume: None,
        }
    }
}

/// All bots of one generator process.
pub(super) struct Swarm<'a, G> {
    plan: &'a Plan,
    common: Common,
    poll: Poll,
    seats: Vec<Seat<G>>,
    /// Seats that were given to bots so far; the profile says how many are to be.
    filled: usize,
    /// Seats in the order in which their inputs are due, with their phase.
    order: Vec<(Duration, usize)>,
    /// Next of `order`, and the begin of its round.
    cursor: usize,
    round: Instant,
    /// Bots that were refused or lost their connection and come back, and such that take
    /// the place of one that left.
    returning: BinaryHeap<Reverse<(Instant, usize)>>,
    beat: Beat,
    ticks: FirstSight,
    /// Seats whose link is slow: what it carries depends on the time.
    slow: Vec<usize>,
    /// What sockets are read into.
    scratch: Vec<u8>,
    beat_began: Instant,
    joined: usize,
    /// Welcomes, first ones and others, until this beat.
    welcomed: usize,
    /// Joins that were begun, and those that came to nothing.
    begun: usize,
    failed: usize,
    failure: Option<String>,
    delays: Prng,
    /// Those who were told to leave for somebody new, and who is next.
    churned: u64,
    churn: Prng,
}

impl<'a, G: Guest> Swarm<'a, G> {
    pub(super) fn new(plan: &'a Plan, common: Common) -> Result<Self, LoadError> {
        let numbers = (0..plan.profile.players_max()).filter(|&number| plan.is_mine(number));
        let seats: Vec<Seat<G>> = numbers.map(Seat::empty).collect();
        let mut order: Vec<(Duration, usize)> =
            seats.iter().enumerate().map(|(seat, it)| (phase(it.number), seat)).collect();
        order.sort_unstable();
        let is_slow = |it: &Seat<G>| plan.link(it.number) == LinkKind::Slow;
        let slow = (0..seats.len()).filter(|&seat| is_slow(&seats[seat])).collect();
        let poll = Poll::new().map_err(|error| LoadError::Runtime(error.to_string()))?;
        Ok(Self {
            plan,
            round: common.origin,
            beat_began: common.origin,
            common,
            poll,
            seats,
            filled: 0,
            order,
            cursor: 0,
            returning: BinaryHeap::new(),
            beat: Beat::default(),
            ticks: FirstSight::default(),
            slow,
            scratch: vec![0; SCRATCH_BYTES],
            joined: 0,
            welcomed: 0,
            begun: 0,
            failed: 0,
            failure: None,
            delays: Prng::stream(plan.seed, DELAY_STREAM),
            churned: 0,
            churn: Prng::stream(plan.seed, CHURN_STREAM),
        })
    }

    /// Runs the whole profile; `on_beat` may end it early.
    ///
    /// # Errors
    /// When nobody could join, or the event queue breaks.
    pub(super) fn run(
        mut self,
        stop: &Stop,
        on_beat: &mut dyn FnMut(Beat) -> Step,
    ) -> Result<(), LoadError> {
        let origin = self.common.origin;
        let end = origin + self.plan.profile.length();
        let mut events = Events::with_capacity(EVENTS_AT_ONCE);
        let mut cpu_s = own_s();
        let mut number = 0;
        let mut checked = origin;
        loop {
            let now = Instant::now();
            if now >= origin {
                let wanted = self.plan.profile.players_at(now.min(end) - origin);
                self.seat(wanted, checked, now);
                self.bring_back(now);
                self.churn(now - origin);
                checked = now;
            }
            self.send_due();
            for place in 0..self.slow.len() {
                self.with(self.slow[place], now, |guest, turn| guest.go_slowly(turn));
            }
            // On a grid, so that beats of several processes are of the same time.
            if now >= origin + BEAT * (number + 1) {
                self.expire(now);
                if let Some(error) = self.hopeless(number + 1) {
                    return Err(error);
                }
                let beat = self.end_beat(now, number, &mut cpu_s);
                number += 1;
                if on_beat(beat) == Step::Stop || now >= end {
                    break;
                }
            }
            if stop.is_asked() {
                self.leave_all(&mut events)?;
                return Err(LoadError::Interrupted);
            }
            std::thread::sleep(GLANCE);
            self.poll_once(&mut events)?;
        }
        self.leave_all(&mut events)
    }

    /// Reads what came, a portion at a time, with the inputs that are due between.
    fn poll_once(&mut self, events: &mut Events) -> Result<(), LoadError> {
        // One pass over all, so that beats and stops have their turn under any load.
        for _ in 0..=self.seats.len() / EVENTS_AT_ONCE {
            match self.poll.poll(events, Some(Duration::ZERO)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
                Err(error) => return Err(LoadError::Runtime(error.to_string())),
            }
            let mut count = 0;
            for event in events.iter() {
                count += 1;
                let seat = event.token().0;
                let now = Instant::now();
                self.with(seat, now, |guest, turn| guest.wake(event, turn));
            }
            if count < EVENTS_AT_ONCE {
                break;
            }
            self.send_due();
        }
        Ok(())
    }

    /// Gives a bot the turn, and sees to its end.
    fn with(
        &mut self,
        seat: usize,
        now: Instant,
        play: impl FnOnce(&mut G, &mut Turn<'_>) -> Result<(), Ended>,
    ) {
        let Self { common, beat, ticks, scratch, seats, .. } = self;
        let Some(guest) = seats.get_mut(seat).and_then(|it| it.guest.as_mut()) else { return };
        let mut turn = Turn { now, common, beat, ticks, scratch };
        if let Err(ended) = play(guest, &mut turn) {
            self.end(seat, now, &ended);
        }
    }

    fn end(&mut self, seat: usize, now: Instant, ended: &Ended) {
        let it = &mut self.seats[seat];
        let Some(mut guest) = it.guest.take() else { return };
        self.failed += usize::from(!guest.is_playing());
        if guest.is_leaving() {
            if self.plan.churn_per_s > 0.0 && seat < self.filled {
                // Somebody new takes the place.
                *it = Seat::empty(it.number);
                self.returning.push(Reverse((now, seat)));
            }
            return;
        }
        if let Some(since) = guest.stalled_since().filter(|&since| since <= now) {
            self.beat.gone.add(now - since);
            return;
        }
        let (code, retry_after_ms) = match ended {
            Ended::Closed { code, retry_after_ms, .. } => (*code, *retry_after_ms),
            Ended::Handshake(_)
            | Ended::NoWelcome
            | Ended::Fault(_)
            | Ended::BadMap(_)
            | Ended::Silent
            | Ended::Broken(_) => (0, 0),
        };
        *self.beat.ends.entry(code).or_default() += 1;
        if code == CloseCode::Restart.number() {
            self.beat.retry.add(Duration::from_millis(retry_after_ms.into()));
        }
        let played = guest.welcomed_at().map(|at| now.saturating_duration_since(at));
        if played.is_some() {
            it.away_since = Some(now);
        }
        it.resume = guest.keep();
        self.failure.get_or_insert_with(|| ended.to_string());
        let refused = match ended {
            Ended::Closed { code: 1013, retry_after_ms, .. } if played.is_none() => {
                self.beat.refused += 1;
                Some(Duration::from_millis(u64::from(*retry_after_ms).max(1)))
            }
            Ended::Closed { .. }
            | Ended::Handshake(_)
            | Ended::NoWelcome
            | Ended::Fault(_)
            | Ended::BadMap(_)
            | Ended::Silent
            | Ended::Broken(_) => None,
        };
        match refused.filter(|_| !self.plan.comeback) {
            Some(after) => self.returning.push(Reverse((now + after, seat))),
            None => self.miss(seat, now, ended, played.unwrap_or_default()),
        }
    }

    /// A bot that had `played` has no connection any more: it comes back, or is lost.
    fn miss(&mut self, seat: usize, now: Instant, ended: &Ended, played: Duration) {
        let it = &mut self.seats[seat];
        let after = self
            .plan
            .comeback
            .then(|| it.patience.after(ended, played, &mut self.delays))
            .flatten();
        match after {
            Some(after) => self.returning.push(Reverse((now + after, seat))),
            None => {
                self.beat.lost += 1;
                it.lost_at = Some(now);
            }
        }
    }

    /// Lets bots come or go until as many are there as the profile wants.
    fn seat(&mut self, wanted: usize, since: Instant, now: Instant) {
        for _ in 0..CONNECTS_AT_ONCE {
            let welcomed = self.welcomed + self.beat.welcomed();
            let joining = self.begun - self.failed - welcomed;
            if joining >= self.plan.joining_max
                || self.seats.get(self.filled).is_none_or(|it| it.number >= wanted)
            {
                break;
            }
            self.connect(self.filled, since, now);
            self.filled += 1;
        }
        while let Some(seat) = self.filled.checked_sub(1)
            && self.seats[seat].number >= wanted
        {
            self.filled = seat;
            let it = &mut self.seats[seat];
            it.lost_at = None;
            it.away_since = None;
            let played = it.guest.as_ref().map(|it| it.settled_s(now, now - self.beat_began));
            self.beat.player_s += played.unwrap_or_default();
            if it.guest.as_mut().is_some_and(|guest| !guest.leave()) {
                it.guest = None;
                self.failed += 1;
            }
        }
    }

    /// Tells bots to leave, as many as should have by now.
    fn churn(&mut self, elapsed: Duration) {
        let due = (elapsed.as_secs_f64() * self.plan.churn_per_s) as u64;
        for _ in 0..CONNECTS_AT_ONCE {
            if self.churned >= due {
                return;
            }
            self.churned += 1;
            let among = u32::try_from(self.filled).unwrap_or(u32::MAX);
            let seat = self.churn.below(among) as usize;
            if let Some(guest) = self.seats.get_mut(seat).and_then(|it| it.guest.as_mut())
                && guest.is_playing()
            {
                // Whoever cannot say goodbye is about to be missed anyway.
                let _ = guest.leave();
            }
        }
    }

    fn bring_back(&mut self, now: Instant) {
        while let Some(&Reverse((due, seat))) = self.returning.peek()
            && due <= now
        {
            self.returning.pop();
            if seat < self.filled && self.seats[seat].guest.is_none() {
                self.connect(seat, due, now);
            }
        }
    }

    fn connect(&mut self, seat: usize, due: Instant, now: Instant) {
        let number = self.seats[seat].number;
        let role = Role {
            number,
            link: self.plan.link(number),
            brain: self.plan.mix.kind(number, self.plan.seed),
            decodes: self.plan.decodes(number),
            due,
            away_since: self.seats[seat].away_since,
        };
        let resume = self.seats[seat].resume.take();
        let (common, registry) = (&self.common, self.poll.registry());
        let source = common.target.source(number);
        match G::connect(role, resume, common, source, registry, Token(seat)) {
            Ok(guest) => {
                self.begun += 1;
                self.seats[seat].guest = Some(guest);
            }
            Err(error) => {
                self.failure.get_or_insert_with(|| error.to_string());
                self.miss(seat, now, &Ended::Handshake(error.to_string()), Duration::ZERO);
            }
        }
    }

    /// Sends every input whose moment has come. What was missed by more than a round
    /// stays missed, but counts as late.
    fn send_due(&mut self) {
        if self.order.is_empty() {
            return;
        }
        loop {
            let (phase, seat) = self.order[self.cursor];
            let due = self.round + phase;
            let now = Instant::now();
            if due > now {
                return;
            }
            if seat < self.filled {
                self.with(seat, now, |guest, turn| guest.steer(due, turn));
            }
            self.cursor += 1;
            if self.cursor == self.order.len() {
                self.cursor = 0;
                self.round += THINK_EVERY;
                while self.round + THINK_EVERY < now {
                    let playing = self.seats[..self.filled].iter().filter(|it| it.guest.is_some());
                    for _ in playing {
                        self.beat.lateness.add(now - self.round);
                    }
                    self.round += THINK_EVERY;
                }
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        for seat in 0..self.seats.len() {
            let Self { common, beat, ticks, scratch, seats, .. } = self;
            let turn = Turn { now, common, beat, ticks, scratch };
            let guest = seats[seat].guest.as_mut();
            if let Some(ended) = guest.and_then(|guest| guest.poll_timeout(&turn)) {
                self.end(seat, now, &ended);
            }
        }
    }

    /// Nobody plays, and the first that tried could not.
    fn hopeless(&self, beats: u32) -> Option<LoadError> {
        if self.plan.comeback && beats < HOPELESS_BEATS {
            return None;
        }
        let joined = self.joined + self.beat.joined;
        let why = self.failure.clone().filter(|_| joined == 0 && self.plan.is_whole())?;
        Some(LoadError::Unreachable { url: self.plan.url.clone(), why })
    }

    fn end_beat(&mut self, now: Instant, number: u32, cpu_s: &mut Option<f64>) -> Beat {
        let length = now - self.beat_began;
        let Self { common, beat, ticks, scratch, seats, .. } = self;
        let mut turn = Turn { now, common, beat, ticks, scratch };
        for guest in seats[..self.filled].iter().filter_map(|it| it.guest.as_ref()) {
            guest.tell_open(&mut turn);
        }
        let mut beat = std::mem::take(&mut self.beat);
        beat.failure.clone_from(&self.failure);
        self.beat.tick_hz = beat.tick_hz;
        self.joined += beat.joined;
        self.welcomed += beat.welcomed();
        beat.number = number;
        beat.seconds = length.as_secs_f64();
        for it in &self.seats[..self.filled] {
            let playing = it.guest.as_ref().filter(|guest| guest.is_playing());
            let is_away = it.lost_at.is_none() && it.away_since.is_some();
            beat.players += usize::from(playing.is_some());
            beat.away += usize::from(playing.is_none() && is_away);
            beat.player_s += match playing {
                Some(guest) => guest.settled_s(now, length),
                // One that was lost, or is on its way back, is missed for as long as it
                // should have played.
                None if it.lost_at.is_some() || is_away => beat.seconds,
                None => 0.0,
            };
        }
        let cpu = own_s();
        beat.own_cpu_s = cpu.zip(*cpu_s).map(|(now, before)| now - before);
        *cpu_s = cpu;
        beat.open_files = open_files();
        self.beat_began = now;
        beat
    }

    /// Says Bye for all, and waits for the answers, not for long.
    fn leave_all(&mut self, events: &mut Events) -> Result<(), LoadError> {
        for it in &mut self.seats {
            it.guest = it.guest.take().and_then(|mut guest| guest.leave().then_some(guest));
        }
        let end = Instant::now() + LEAVE_WITHIN;
        while Instant::now() < end && self.seats.iter().any(|it| it.guest.is_some()) {
            std::thread::sleep(GLANCE);
            self.poll_once(events)?;
        }
        Ok(())
    }
}

/// Spreads the inputs of bots over the interval in which each has one: evenly,
/// however many of them there are.
fn phase(number: usize) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    THINK_EVERY.mul_f64((number as f64 * GOLDEN).fract())
}
