//! The menu of what goes wrong, and what a seed takes from it.

use std::time::Duration;

use throng_shared::prng::Prng;

use super::link::Way;
use super::transition::TabId;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Nothing moves on a link for a while, either way.
    Stall {
        tab: TabId,
        ms: u32,
    },
    /// A link takes so many bytes a second.
    Throttle {
        tab: TabId,
        bytes_per_s: u32,
        ms: u32,
    },
    Cut {
        tab: TabId,
    },
    /// A reset after so many bytes of a direction: in the middle of whatever that is.
    Reset {
        tab: TabId,
        way: Way,
        bytes: usize,
    },
    /// Bytes vanish in one direction, and nobody is told.
    HalfOpen {
        tab: TabId,
        way: Way,
    },
    /// Every byte is a segment.
    Crumble {
        tab: TabId,
        ms: u32,
    },
    /// The client reads nothing for a while.
    SlowReader {
        tab: TabId,
        ms: u32,
    },
    /// A second connection goes on with the same session.
    Twin {
        tab: TabId,
    },
    /// The player leaves.
    Leave {
        tab: TabId,
    },
    /// The client's link is cut, and does not come back for so long.
    Away {
        tab: TabId,
        ms: u32,
    },
    /// So many notices at once.
    Burst {
        tab: TabId,
        notices: u32,
    },
    /// A network thread is not run for a while; then its clock jumps.
    ClockJump {
        thread: u16,
        ms: u32,
    },
    /// A room is not run for a while.
    TickStall {
        hall: usize,
        ms: u32,
    },
    /// A room panics, and is opened anew after a while.
    Panic {
        hall: usize,
        ms: u32,
    },
    /// A room has so much to do that it takes in nobody for a while.
    Shut {
        hall: usize,
        ms: u32,
    },
    /// The server is killed, and is there again after a while.
    Restart {
        ms: u32,
    },
    /// The server is told to stop: it lets everybody go, ends, and is there again after a
    /// while.
    Drain {
        ms: u32,
    },
    /// A player wants to go to another room, or to any.
    Go {
        tab: TabId,
        to: Option<usize>,
    },
    /// Somebody comes with a ticket that must let nobody in.
    Intruder {
        with: Fake,
    },
}

/// What somebody brings for a ticket that must not let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fake {
    /// None at all.
    Missing,
    Forged,
    LongAgo,
    /// The one that a player of this tab brought at its newest line.
    Used(TabId),
}

/// What there is to strike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets<'a> {
    pub(crate) tabs: &'a [TabId],
    pub(crate) threads: u16,
    pub(crate) halls: usize,
    pub(crate) has_tickets: bool,
}

/// When the next thing goes wrong, and what.
#[derive(Debug)]
pub(crate) struct Plan {
    chance: Prng,
    next: Duration,
    /// Mean time between two faults, in milliseconds.
    every_ms: u32,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Prng::stream(seed, 1);
        let every_ms = 150 + chance.below(1500);
        Self { chance, next: Duration::from_millis(500), every_ms }
    }

    /// What goes wrong now, if anything.
    pub(crate) fn next(&mut self, now: Duration, targets: Targets<'_>) -> Option<Fault> {
        let Targets { tabs, threads, halls, has_tickets } = targets;
        if now < self.next || tabs.is_empty() {
            return None;
        }
        self.next = now + Duration::from_millis(self.chance.below(2 * self.every_ms).into());
        let Self { chance, .. } = self;
        let tab = tabs[chance.below(tabs.len() as u32) as usize];
        let hall = chance.below(halls as u32) as usize;
        let way = if chance.one_in(2) { Way::Up } else { Way::Down };
        // Most are short; some are longer than every patience.
        let ms = match chance.below(10) {
            0..7 => 20 + chance.below(1500),
            7..9 => 1500 + chance.below(5000),
            _ => 6500 + chance.below(8000),
        };
        Some(match chance.below(133) {
            0..14 => Fault::Stall { tab, ms },
            14..26 => Fault::Throttle { tab, bytes_per_s: 300 + chance.below(30_000), ms },
            26..38 => Fault::Cut { tab },
            38..58 => Fault::Reset { tab, way, bytes: chance.below(3000) as usize },
            58..65 => Fault::HalfOpen { tab, way },
            65..74 => Fault::Crumble { tab, ms: ms.min(3000) },
            74..80 => Fault::SlowReader { tab, ms },
            80..87 => Fault::Twin { tab },
            87..88 => Fault::Leave { tab },
            88..91 => Fault::Away { tab, ms: 1000 + chance.below(30_000) },
            91..94 => Fault::Burst { tab, notices: 1 + chance.below(700) },
            94..97 => Fault::ClockJump { thread: chance.below(threads.into()) as u16, ms },
            97..100 => Fault::TickStall { hall, ms },
            100..102 if !has_tickets => Fault::Panic { hall, ms: ms.min(4000) },
            102..104 => Fault::Shut { hall, ms: ms.min(4000) },
            104..106 => Fault::Restart { ms: ms.min(4000) },
            106..112 if has_tickets => Fault::Intruder {
                with: match chance.below(7) {
                    0 => Fake::Missing,
                    1 => Fake::Forged,
                    2 => Fake::LongAgo,
                    _ => Fake::Used(tab),
                },
            },
            130..133 => Fault::Drain { ms: ms.min(4000) },
            _ => Fault::Go { tab, to: (!chance.one_in(4)).then_some(hall) },
        })
    }
}
