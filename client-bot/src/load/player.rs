//! One bot of a load, and what all of them share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use glam::IVec2;
use throng_shared::ids::Tick;
use throng_shared::limits::LOOKS;
use throng_shared::prng::Prng;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::brain::{Brain, BrainKind, THINK_EVERY};
use crate::client::{Arrival, Client, Ended, News, Traffic};
use crate::names;
use crate::report::Tally;
use crate::target::Target;
use crate::view::Atlas;

/// Inputs whose acknowledgement is awaited, per bot: three seconds of them.
const AWAITED_MAX: usize = 32;
/// A gap that is still open when the window ends counts from this many ticks on.
const OPEN_GAP_TICKS: u32 = 2;

const RAMP: u8 = 0;
const MEASURE: u8 = 1;
const LEAVE: u8 = 2;

/// What the bots of a load have in common.
pub(super) struct Shared {
    target: Target,
    phase: AtomicU8,
    ended: OnceLock<Instant>,
    began: OnceLock<Instant>,
    pub(super) joined: AtomicUsize,
    /// Joined or failed to.
    pub(super) settled: AtomicUsize,
    pub(super) lost: AtomicUsize,
    pub(super) desyncs: AtomicU64,
    pub(super) checks: AtomicU64,
    pub(super) tick_hz: AtomicU8,
    pub(super) tally: Mutex<Tally>,
    failure: OnceLock<String>,
    atlas: Atlas,
}

impl Shared {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            phase: AtomicU8::new(RAMP),
            ended: OnceLock::new(),
            began: OnceLock::new(),
            joined: AtomicUsize::new(0),
            settled: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            desyncs: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            tick_hz: AtomicU8::new(0),
            tally: Mutex::new(Tally::new()),
            failure: OnceLock::new(),
            atlas: Atlas::default(),
        }
    }

    /// Begins the window.
    pub(super) fn measure(&self, now: Instant) {
        let _ = self.began.set(now);
        self.phase.store(MEASURE, Ordering::Relaxed);
    }

    /// Ends the window and lets the bots go.
    pub(super) fn leave(&self) {
        let _ = self.ended.set(Instant::now());
        self.phase.store(LEAVE, Ordering::Relaxed);
    }

    /// Why the first bot that could not join could not.
    pub(super) fn first_failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    fn measures(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == MEASURE
    }

    fn leaves(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == LEAVE
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One bot to be.
pub(super) struct Player {
    pub(super) number: usize,
    pub(super) brain: BrainKind,
    pub(super) seed: u64,
    /// A moment of the grid of its inputs.
    pub(super) first_input: Instant,
}

impl Player {
    /// Joins, plays until the load leaves, and leaves.
    pub(super) async fn play(self, shared: Arc<Shared>) {
        let mut rng = Prng::stream(self.seed, self.number as u64);
        let joined = self.join(&shared, &mut rng).await;
        let client = match joined {
            Ok(client) => client,
            Err(why) => {
                let _ = shared.failure.set(why);
                shared.settled.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        let tick_hz = client.view().rules().tick_hz;
        shared.tick_hz.store(u8::try_from(tick_hz).unwrap_or(u8::MAX), Ordering::Relaxed);
        shared.joined.fetch_add(1, Ordering::Relaxed);
        shared.settled.fetch_add(1, Ordering::Relaxed);
        let mut game = Game {
            brain: self.brain.brain(),
            rng,
            counted: Traffic::default(),
            last_snapshot: None,
            awaited: VecDeque::with_capacity(AWAITED_MAX),
            arrived: None,
            client,
            shared: &shared,
        };
        let ended = game.run(self.first_input).await;
        shared.desyncs.fetch_add(game.client.desyncs(), Ordering::Relaxed);
        shared.checks.fetch_add(game.client.view().checks(), Ordering::Relaxed);
        match ended {
            Ok(()) => {
                game.client.leave().await;
            }
            Err(_) => {
                shared.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn join(&self, shared: &Shared, rng: &mut Prng) -> Result<Client<TcpStream>, String> {
        let target = &shared.target;
        let stream = target.connect(self.number).await.map_err(|error| error.to_string())?;
        let look = rng.below(LOOKS.into()) as u8;
        let name = names::load_bot(self.brain.name(), self.number);
        Client::join_sharing(stream, target.url(), &name, look, &shared.atlas)
            .await
            .map_err(|ended| ended.to_string())
    }
}

struct Game<'a> {
    client: Client<TcpStream>,
    shared: &'a Shared,
    brain: Box<dyn Brain>,
    rng: Prng,
    /// Traffic that is in the tally, or came before the window.
    counted: Traffic,
    last_snapshot: Option<Instant>,
    /// Inputs by their tick, and when they were sent.
    awaited: VecDeque<(Tick, Instant)>,
    /// Tick of the newest input that the server has.
    arrived: Option<Tick>,
}

impl Game<'_> {
    /// Plays until the load leaves.
    async fn run(&mut self, first_input: Instant) -> Result<(), Ended> {
        let mut due = next_on_grid(first_input, Instant::now());
        let timer = sleep_until(due);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                biased;
                () = &mut timer => {
                    if self.shared.leaves() {
                        self.close_gap();
                        return Ok(());
                    }
                    let now = Instant::now();
                    self.steer(now, due)?;
                    due = next_on_grid(due, now);
                    timer.as_mut().reset(due);
                }
                news = self.client.next() => match news? {
                    News::Snapshot(arrival) => self.count(arrival),
                    News::Event(_) => {}
                },
            }
        }
    }

    fn steer(&mut self, now: Instant, due: Instant) -> Result<(), Ended> {
        if self.shared.measures() {
            self.shared.tally().lateness(now - due);
        }
        let intent = self.brain.think(self.client.view(), &mut self.rng);
        let tick = self.client.steer(intent)?;
        if self.awaited.len() == AWAITED_MAX {
            self.awaited.pop_front();
        }
        self.awaited.push_back((tick, now));
        Ok(())
    }

    fn count(&mut self, arrival: Arrival) {
        let now = Instant::now();
        let before = self.last_snapshot.replace(now);
        let traffic = self.client.traffic();
        let new = Traffic {
            bytes_in: traffic.bytes_in - self.counted.bytes_in,
            bytes_out: traffic.bytes_out - self.counted.bytes_out,
        };
        self.counted = traffic;
        self.arrived = arrival.acked().or(self.arrived);
        let acked =
            self.arrived.map(|tick| if tick.since(arrival.tick) > 0 { arrival.tick } else { tick });
        if !self.shared.measures() {
            self.drop_acked(acked, |_| {});
            return;
        }
        let mut tally = self.shared.tally();
        tally.snapshots += 1;
        tally.bytes_in += new.bytes_in;
        tally.bytes_out += new.bytes_out;
        let (mut others, mut moving) = (0, 0);
        for other in self.client.view().others_in_view() {
            others += 1;
            moving += u64::from(other.body.vel != IVec2::ZERO);
        }
        tally.others += others;
        tally.entity_ticks += moving;
        if let (Some(before), Some(&began)) = (before, self.shared.began.get())
            && before >= began
        {
            tally.gap(now - before);
        }
        self.drop_acked(acked, |sent| tally.input_ack(now - sent));
    }

    /// Takes the inputs up to `acked`, that is those in force, off the list.
    fn drop_acked(&mut self, acked: Option<Tick>, mut each: impl FnMut(Instant)) {
        let Some(acked) = acked else { return };
        while let Some(&(tick, sent)) = self.awaited.front()
            && acked.since(tick) >= 0
        {
            self.awaited.pop_front();
            each(sent);
        }
    }

    /// A bot that hears nothing any more has a gap too.
    fn close_gap(&self) {
        let tick_hz = self.client.view().rules().tick_hz.cast_unsigned();
        let ended = self.shared.ended.get();
        if let (Some(before), Some(&ended)) = (self.last_snapshot, ended) {
            let open = ended.saturating_duration_since(before);
            if open > Duration::from_secs(1) * OPEN_GAP_TICKS / tick_hz.max(1) {
                self.shared.tally().gap(open);
            }
        }
    }
}

/// The first moment after `now` of the grid through `anchor`.
fn next_on_grid(anchor: Instant, now: Instant) -> Instant {
    let passed = now.saturating_duration_since(anchor).as_nanos();
    let steps = passed / THINK_EVERY.as_nanos() + 1;
    anchor + THINK_EVERY * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_inputs_stay_on_their_grid() {
        let anchor = Instant::now();
        let after = |ms| next_on_grid(anchor, anchor + Duration::from_millis(ms)) - anchor;
        assert_eq!(after(0), Duration::from_millis(100));
        assert_eq!(after(99), Duration::from_millis(100));
        assert_eq!(after(103), Duration::from_millis(200), "because 100 is over");
        assert_eq!(after(350), Duration::from_millis(400), "because what was missed stays so");
    }
}
