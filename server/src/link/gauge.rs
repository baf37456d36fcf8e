//! How busy everybody is, and which step of the ladder that led to: told by network
//! threads and the room, read by all.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// No step is held.
const FREE: u8 = u8::MAX;
/// Parts of a whole in which a share is stored.
const PARTS: f64 = 1000.0;

/// What is given up under load, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nothing.
    #[default]
    Open,
    /// Newcomers are refused.
    Shut,
    /// And each client gets a snapshot at every second tick.
    Second,
    /// At every third.
    Third,
    /// At every fourth.
    Fourth,
}

impl Step {
    pub const ALL: [Self; 5] = [Self::Open, Self::Shut, Self::Second, Self::Third, Self::Fourth];

    /// Its place on the ladder, from 0.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Ticks from one snapshot of a client to its next.
    #[must_use]
    pub fn rhythm(self) -> u32 {
        match self {
            Self::Open | Self::Shut => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
        }
    }

    /// The step that gives up more, if there is one.
    #[must_use]
    pub fn harder(self) -> Option<Self> {
        Self::of(self.number() + 1)
    }

    /// The step that gives up less, if there is one.
    #[must_use]
    pub fn easier(self) -> Option<Self> {
        Self::of(self.number().checked_sub(1)?)
    }
}

/// What a network thread does with its time, in shares of a tick's period, smoothed
/// over about a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThreadLoad {
    /// Not waiting for anything.
    pub busy: f64,
    /// From a tick's deadline until its last snapshot is written.
    pub spread: f64,
    /// Writing snapshots: what a slower rhythm saves.
    pub writing: f64,
}

/// The common board. Numbers on it are read apart from each other, so one may be a
/// tick older than the next.
#[derive(Debug)]
pub struct Gauge {
    threads: Box<[AtomicU64]>,
    step: AtomicU8,
    held: AtomicU8,
    since_tick: AtomicU32,
    load: AtomicU32,
    refused: AtomicU64,
    full: AtomicBool,
    draining: AtomicBool,
}

impl Gauge {
    #[must_use]
    pub fn new(net_threads: usize) -> Self {
        Self {
            threads: (0..net_threads).map(|_| AtomicU64::new(0)).collect(),
            step: AtomicU8::new(Step::Open.number()),
            held: AtomicU8::new(FREE),
            since_tick: AtomicU32::new(0),
            load: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            full: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        }
    }

    /// A network thread tells what it does.
    pub fn tell(&self, thread: u16, load: ThreadLoad) {
        let Some(place) = self.threads.get(usize::from(thread)) else { return };
        let part = |share: f64| u64::from((share * PARTS) as u16);
        let ThreadLoad { busy, spread, writing } = load;
        place.store(part(busy) << 32 | part(spread) << 16 | part(writing), Ordering::Relaxed);
    }

    /// What the network threads told last.
    pub fn threads(&self) -> impl Iterator<Item = ThreadLoad> {
        self.threads.iter().map(|place| {
            let packed = place.load(Ordering::Relaxed);
            let share = |shift: u32| f64::from((packed >> shift) as u16) / PARTS;
            ThreadLoad { busy: share(32), spread: share(16), writing: share(0) }
        })
    }

    /// The server lets everybody go, and takes nobody.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The room took a step at a tick.
    pub fn set_step(&self, step: Step, tick: u32) {
        self.step.store(step.number(), Ordering::Relaxed);
        self.since_tick.store(tick, Ordering::Relaxed);
    }

    /// The step that is in force.
    #[must_use]
    pub fn step(&self) -> Step {
        Step::of(self.step.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// The tick at which it came into force.
    #[must_use]
    pub fn since_tick(&self) -> u32 {
        self.since_tick.load(Ordering::Relaxed)
    }

    /// The room found how loaded the server is: 1 is all that it can do.
    pub fn set_load(&self, load: f64) {
        self.load.store((load * PARTS) as u32, Ordering::Relaxed);
    }

    #[must_use]
    pub fn load(&self) -> f64 {
        f64::from(self.load.load(Ordering::Relaxed)) / PARTS
    }

    /// Keeps the ladder at a step whatever the load is, or lets go of it: for
    /// rehearsals, which must not depend on how fast a machine is.
    pub fn hold(&self, step: Option<Step>) {
        self.held.store(step.map_or(FREE, Step::number), Ordering::Relaxed);
    }

    /// The step that is held.
    #[must_use]
    pub fn held(&self) -> Option<Step> {
        Step::of(self.held.load(Ordering::Relaxed))
    }

    /// The room tells whether it has a place for one more player.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// A newcomer was sent away because of the load.
    pub fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Newcomers sent away because of the load since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_ends_and_each_step_a_number() {
        for (number, step) in (0..).zip(Step::ALL) {
            assert_eq!((step.number(), Step::of(number)), (number, Some(step)));
            assert_eq!(step.easier().and_then(Step::harder), step.easier().map(|_| step));
        }
        assert_eq!((Step::Open.easier(), Step::Fourth.harder()), (None, None));
    }

    #[test]
    fn what_is_told_is_read_and_saturates() {
        let gauge = Gauge::new(2);
        gauge.tell(1, ThreadLoad { busy: 0.25, spread: 900.0, writing: 0.125 });
        gauge.tell(7, ThreadLoad { busy: 1.0, ..ThreadLoad::default() });
        let told: Vec<_> = gauge.threads().collect();
        assert_eq!(told[0], ThreadLoad::default());
        assert_eq!(told[1], ThreadLoad { busy: 0.25, spread: 65.535, writing: 0.125 });
        assert_eq!(gauge.held(), None);
        gauge.hold(Some(Step::Shut));
        assert_eq!(gauge.held(), Some(Step::Shut));
    }
}
