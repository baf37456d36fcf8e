//! Where the room stands on the ladder: gathers what was seen, and tells everybody
//! when a step is taken.

use std::time::Duration;

use throng_shared::limits::{LOAD_EVERY_MS, NOTICE_MS};
use throng_shared::wire::{Event, encode};

use super::ladder::{Ladder, Observation};
use super::timing::TickTime;
use crate::link::{RoomLink, Step, ThreadLoad};

/// The ladder of a room, and the ticks since it was judged last.
#[derive(Debug)]
pub(super) struct Overload {
    name: String,
    cores: usize,
    ladder: Ladder,
    /// The step in force: the ladder's, unless another one is held.
    step: Step,
    threads: Vec<ThreadLoad>,
    /// Ticks between two judgements, and between two notices.
    judge_ticks: u32,
    notice_ticks: u32,
    ticks: u32,
    overran: u32,
    work: Duration,
    /// Whether those inside have not been told of the step yet.
    is_untold: bool,
    told_ago: u32,
}

impl Overload {
    /// For a room that shares so many cores with its network threads.
    pub(super) fn new(name: String, tick_hz: u32, cores: usize) -> Self {
        let ticks = |ms: u64| (u64::from(tick_hz) * ms / 1000).max(1) as u32;
        Self {
            name,
            cores,
            ladder: Ladder::default(),
            step: Step::default(),
            threads: Vec::new(),
            judge_ticks: ticks(LOAD_EVERY_MS),
            notice_ticks: ticks(NOTICE_MS),
            ticks: 0,
            overran: 0,
            work: Duration::ZERO,
            is_untold: false,
            told_ago: u32::MAX,
        }
    }

    /// The step in force.
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// Takes in a tick that was published, and takes a step if one is due.
    pub(super) fn note(
        &mut self,
        tick: u32,
        time: TickTime,
        period: Duration,
        link: &mut RoomLink,
    ) {
        self.ticks += 1;
        self.overran += u32::from(time.overran);
        self.work += Duration::from_micros(time.work_us.into());
        self.told_ago = self.told_ago.saturating_add(1);
        if self.ticks >= self.judge_ticks {
            self.judge(period, link);
        }
        let step = link.gauge().held().unwrap_or(self.ladder.step());
        if step != self.step {
            self.take(step, tick, link);
        }
        if self.is_untold && self.told_ago >= self.notice_ticks {
            self.is_untold = false;
            self.told_ago = 0;
            let text = notice(self.step).to_owned();
            link.broadcast(&encode(&Event::Notice { text }).into());
        }
    }

    fn judge(&mut self, period: Duration, link: &RoomLink) {
        let ticks = f64::from(self.ticks);
        self.threads.clear();
        self.threads.extend(link.gauge().threads());
        let work = self.work.as_secs_f64() / (period.as_secs_f64() * ticks);
        link.room_gauge().set_work(work);
        let seen = Observation {
            threads: &self.threads,
            work,
            works: link.gauge().work().max(work),
            cores: self.cores,
            overran: f64::from(self.overran) / ticks,
        };
        link.room_gauge().set_load(seen.load());
        self.ladder.observe(&seen);
        (self.ticks, self.overran, self.work) = (0, 0, Duration::ZERO);
    }

    fn take(&mut self, step: Step, tick: u32, link: &RoomLink) {
        let is_harder = step > self.step;
        self.step = step;
        self.is_untold = true;
        link.room_gauge().set_step(step, tick);
        let (name, what, load) = (&self.name, notice(step), link.room_gauge().load() * 100.0);
        if is_harder {
            tracing::warn!("The room {name} is loaded to {load:.0} %. {what}");
        } else {
            tracing::info!("The room {name} is loaded to {load:.0} %. {what}");
        }
    }
}

/// What those inside are told of a step, in no more words than the page has room for.
fn notice(step: Step) -> &'static str {
    match step {
        Step::Open => "Newcomers are let in again.",
        Step::Shut => "Server at its limit: newcomers wait.",
        Step::Second => "Server overloaded: every second tick is sent.",
        Step::Third => "Server overloaded: every third tick is sent.",
        Step::Fourth => "Server overloaded: every fourth tick is sent.",
    }
}
