//! How busy everybody is, and which step of the ladder that led to: told by network
//! threads and the rooms, read by all.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use throng_shared::limits::ROOMS_MAX;

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
    rooms: Box<[RoomGauge]>,
    held: AtomicU8,
    refused: AtomicU64,
    draining: AtomicBool,
}

/// What one room tells of itself.
#[derive(Debug, Default)]
pub struct RoomGauge {
    open: AtomicBool,
    step: AtomicU8,
    since_tick: AtomicU32,
    load: AtomicU32,
    work: AtomicU32,
    full: AtomicBool,
    crowded: AtomicBool,
    people: AtomicU32,
    onlookers: AtomicU32,
}

impl RoomGauge {
    /// A room begins or ends here.
    pub fn set_open(&self, open: bool) {
        self.set_step(Step::Open, 0);
        self.load.store(0, Ordering::Relaxed);
        self.work.store(0, Ordering::Relaxed);
        self.full.store(false, Ordering::Relaxed);
        self.crowded.store(false, Ordering::Relaxed);
        self.set_people(0);
        self.set_onlookers(0);
        self.open.store(open, Ordering::Release);
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
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

    /// The room found how loaded it is: 1 is all that it can do.
    pub fn set_load(&self, load: f64) {
        self.load.store((load * PARTS) as u32, Ordering::Relaxed);
    }

    #[must_use]
    pub fn load(&self) -> f64 {
        f64::from(self.load.load(Ordering::Relaxed)) / PARTS
    }

    /// What the room's own work takes of a core.
    pub fn set_work(&self, work: f64) {
        self.work.store((work * PARTS) as u32, Ordering::Relaxed);
    }

    /// The room tells whether it has a place for one more player.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// The room tells whether it has no place for one more spectator either.
    pub fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// The room tells how many play, or may go on to, who are no house bots.
    pub fn set_people(&self, people: usize) {
        self.people.store(u32::try_from(people).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    #[must_use]
    pub fn people(&self) -> usize {
        self.people.load(Ordering::Relaxed) as usize
    }

    /// The room tells how many look on.
    pub fn set_onlookers(&self, onlookers: usize) {
        self.onlookers.store(u32::try_from(onlookers).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// All who are there and are no house bots, whether they play or look on.
    #[must_use]
    pub fn company(&self) -> usize {
        self.people() + self.onlookers.load(Ordering::Relaxed) as usize
    }
}

impl Gauge {
    #[must_use]
    pub fn new(net_threads: usize) -> Self {
        Self {
            threads: (0..net_threads).map(|_| AtomicU64::new(0)).collect(),
            rooms: (0..ROOMS_MAX).map(|_| RoomGauge::default()).collect(),
            held: AtomicU8::new(FREE),
            refused: AtomicU64::new(0),
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

    /// What the room at a place tells of itself.
    #[must_use]
    pub fn room(&self, place: u16) -> &RoomGauge {
        &self.rooms[usize::from(place) % ROOMS_MAX]
    }

    fn open_rooms(&self) -> impl Iterator<Item = &RoomGauge> {
        self.rooms.iter().filter(|room| room.is_open())
    }

    /// The step that is in force in every room: what all share is in each one's load, and
    /// what is one's own is no reason to keep anybody from the others.
    #[must_use]
    pub fn step(&self) -> Step {
        self.open_rooms().map(RoomGauge::step).min().unwrap_or_default()
    }

    /// The load of the room that has least, in which that of all threads is.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.open_rooms().map(RoomGauge::load).reduce(f64::min).unwrap_or_default()
    }

    /// What the work of all rooms takes of a core.
    #[must_use]
    pub fn work(&self) -> f64 {
        self.open_rooms().map(|room| f64::from(room.work.load(Ordering::Relaxed)) / PARTS).sum()
    }

    /// Whether no room has a place, be it to play or to look on.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let takes_none = |room: &RoomGauge| room.is_full() && room.crowded.load(Ordering::Relaxed);
        let mut rooms = self.open_rooms().peekable();
        rooms.peek().is_some() && rooms.all(takes_none)
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

    #[test]
    fn the_door_is_shut_only_when_every_room_shuts() {
        let gauge = Gauge::new(1);
        assert_eq!((gauge.step(), gauge.is_full()), (Step::Open, false));
        gauge.room(0).set_open(true);
        gauge.room(3).set_open(true);
        gauge.room(0).set_step(Step::Second, 9);
        gauge.room(0).set_load(2.0);
        gauge.room(0).set_full(true);
        assert_eq!(
            (gauge.step(), gauge.is_full()),
            (Step::Open, false),
            "because room 3 has places"
        );
        gauge.room(3).set_step(Step::Shut, 9);
        gauge.room(3).set_load(0.5);
        assert_eq!(gauge.step(), Step::Shut);
        assert!((gauge.load() - 0.5).abs() < 1e-9);
        gauge.room(3).set_open(false);
        assert_eq!(
            (gauge.step(), gauge.is_full()),
            (Step::Second, false),
            "because a full room has places for spectators"
        );
        gauge.room(0).set_crowded(true);
        assert!(gauge.is_full());
    }
}
