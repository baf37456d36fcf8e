//! What the room says of itself to whoever asks, without being stopped.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::timing::{TickTime, TickTimes, Timing};

/// Counters that the room writes and everybody reads.
#[derive(Debug)]
pub struct RoomStatus {
    pub name: String,
    pub tick_hz: u32,
    pub players_max: usize,
    tick: AtomicU32,
    players: AtomicUsize,
    spectators: AtomicUsize,
    overruns: AtomicU64,
    skipped: AtomicU64,
    late_inputs: AtomicU64,
    mail_dropped: AtomicU64,
    times: TickTimes,
}

impl RoomStatus {
    #[must_use]
    pub fn new(name: String, tick_hz: u32, players_max: usize) -> Self {
        Self {
            name,
            tick_hz,
            players_max,
            tick: AtomicU32::new(0),
            players: AtomicUsize::new(0),
            spectators: AtomicUsize::new(0),
            overruns: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            late_inputs: AtomicU64::new(0),
            mail_dropped: AtomicU64::new(0),
            times: TickTimes::new(),
        }
    }

    /// Notes a tick that was published. Only the room does.
    pub fn note_tick(&self, tick: u32, players: usize, time: TickTime) {
        self.tick.store(tick, Ordering::Relaxed);
        self.players.store(players, Ordering::Relaxed);
        self.overruns.fetch_add(u64::from(time.overran), Ordering::Relaxed);
        self.times.note(time);
    }

    /// Notes how many look on.
    pub fn note_spectators(&self, spectators: usize) {
        self.spectators.store(spectators, Ordering::Relaxed);
    }

    #[must_use]
    pub fn spectators(&self) -> usize {
        self.spectators.load(Ordering::Relaxed)
    }

    /// Deadlines skipped since the start.
    pub fn note_skipped(&self, skipped: u64) {
        self.skipped.store(skipped, Ordering::Relaxed);
    }

    /// Ticks that were published late or skipped.
    #[must_use]
    pub fn late_ticks(&self) -> u32 {
        u32::try_from(self.overruns() + self.skipped()).unwrap_or(u32::MAX)
    }

    /// Inputs that came after their tick.
    pub fn note_late_inputs(&self, late: u64) {
        self.late_inputs.fetch_add(late, Ordering::Relaxed);
    }

    /// Ordered messages that a network thread at a standstill never got.
    pub fn note_mail_dropped(&self, dropped: u64) {
        self.mail_dropped.store(dropped, Ordering::Relaxed);
    }

    #[must_use]
    pub fn mail_dropped(&self) -> u64 {
        self.mail_dropped.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn tick(&self) -> u32 {
        self.tick.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn players(&self) -> usize {
        self.players.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.overruns.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn late_inputs(&self) -> u64 {
        self.late_inputs.load(Ordering::Relaxed)
    }

    /// What the last `ticks` ticks were like, `TICKS_TOLD_MAX` at most.
    #[must_use]
    pub fn timing(&self, ticks: usize) -> Timing {
        Timing::of(&self.times.last(ticks), Duration::from_secs(1) / self.tick_hz)
    }
}
