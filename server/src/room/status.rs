//! What the room says of itself to whoever asks, without being stopped.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Ticks over which work is summarised.
const WINDOW: usize = 512;

/// Counters that the room writes and everybody reads.
#[derive(Debug)]
pub struct RoomStatus {
    pub name: String,
    pub tick_hz: u32,
    pub players_max: usize,
    tick: AtomicU32,
    players: AtomicUsize,
    overruns: AtomicU64,
    skipped: AtomicU64,
    late_inputs: AtomicU64,
    mail_dropped: AtomicU64,
    work: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    micros: Vec<u32>,
    next: usize,
}

/// How long ticks took, drain to publish, over the last [`WINDOW`] of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub p50_us: u32,
    pub p99_us: u32,
    pub max_us: u32,
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
            overruns: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            late_inputs: AtomicU64::new(0),
            mail_dropped: AtomicU64::new(0),
            work: Mutex::new(Window { micros: Vec::with_capacity(WINDOW), next: 0 }),
        }
    }

    /// Notes a tick that was published.
    pub fn note_tick(&self, tick: u32, players: usize, work: Duration) {
        self.tick.store(tick, Ordering::Relaxed);
        self.players.store(players, Ordering::Relaxed);
        let micros = u32::try_from(work.as_micros()).unwrap_or(u32::MAX);
        // A reader that panicked leaves numbers that are still numbers.
        let mut window = self.work.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if window.micros.len() < WINDOW {
            window.micros.push(micros);
        } else {
            let next = window.next;
            window.micros[next] = micros;
        }
        window.next = (window.next + 1) % WINDOW;
    }

    /// A tick was published after the next deadline.
    pub fn note_overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Deadlines skipped since the start.
    pub fn note_skipped(&self, skipped: u64) {
        self.skipped.store(skipped, Ordering::Relaxed);
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

    /// How long the last ticks took.
    #[must_use]
    pub fn work(&self) -> Work {
        let mut micros = {
            let window = self.work.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            window.micros.clone()
        };
        micros.sort_unstable();
        let at = |percent: usize| {
            micros.get(micros.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
        };
        Work { p50_us: at(50), p99_us: at(99), max_us: at(100) }
    }
}
