//! How much one client is sent, by how its acknowledgements come.
//!
//! Kernel buffers hold bytes, not time: a minute of small snapshots fits into one. So
//! what counts is which snapshots the client says it has seen. Of a link on which they
//! queue up, the pacer learns how many bytes a tick it passes, and sends only what
//! arrives in time: leaving ticks out would not help, as what replication tells has to
//! be told sooner or later, so such a client is shown less of the world, exactly.
//!
//! Who plays acknowledges with its inputs. Who looks on sends none: there the answers to
//! heartbeats acknowledge the snapshots in front of these, a few times a second.
//!
//! It knows no socket and no clock. Its time is the ticks in which the client had its
//! turn, so a server that stands still, or comes late, blames nobody.

use std::collections::VecDeque;
use std::time::Duration;

use throng_shared::cells::Reach;
use throng_shared::ids::Tick;
use throng_shared::limits::{UNACKED_MS_MAX, UNSEEN_MAX};
use throng_shared::time::Millis;

use super::compose::compose;
use super::fit::Viewer;

/// What is sent arrives within this, beyond the way, on a link that is slow.
const BUDGET_MS: u64 = 215;
/// Time over which a link is judged, and the queue that has to stand all the while.
const WINDOW_MS: u64 = 300;
const QUEUE_MS: u64 = 60;
/// Acknowledgements of something new without which a link is not called slow.
const NEWS_MIN: u32 = 3;
/// Ticks between a snapshot and its acknowledgement that mean nothing, as inputs carry it.
const GRACE_TICKS: u32 = 2;
/// Largest round trip that is believed.
const WAY_MS_MAX: u32 = 1_000;
/// The least round trip is forgotten, a tick at once: routes change.
const FORGET_MS: u64 = 3_000;
/// A link that passes less than this part of what it is sent queues it up.
const KEEPS_UP: f32 = 0.8;
/// Part of the rate that a narrower reach is to take, so that the queue goes away, and
/// that a wider one may.
const NARROW_LOAD: f32 = 0.7;
const WIDE_LOAD: f32 = 0.85;
/// What a link that has had no queue for long may pass more than is known, with every
/// window; and what is more than can be by the chance of when acknowledgements come.
const HOPE: f32 = 1.04;
const SURPRISE: f32 = 1.3;
/// Time without a queue before more is shown; doubled each time that it was too much.
const PATIENCE_MS: u64 = 2_000;
const PATIENCE_MS_MAX: u64 = 32_000;
/// An acknowledgement of nothing new says that a link is late, for so long.
const SPOKEN_MS: u64 = 500;
/// The client has waited so long for a burst to pass that it is shown less instead.
const WAIT_MS: u64 = 150;

/// When a client is served.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// Of a tick.
    pub period: Duration,
    /// From one snapshot to the next.
    pub ticks: u32,
}

impl Rhythm {
    /// The ticks that begin within a time.
    fn ticks_in(self, ms: u64) -> u32 {
        let period_us = self.period.as_micros().max(1);
        u32::try_from(u128::from(ms) * 1000 / period_us).unwrap_or(u32::MAX)
    }
}

/// A snapshot that the client has not acknowledged.
#[derive(Clone, Copy, Debug)]
struct Unseen {
    tick: Tick,
    /// When it was sent, in turns and in real milliseconds.
    at: u32,
    at_ms: u32,
    /// Bytes sent up to its end.
    total: u32,
}

/// A span of time over which a link is judged.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: u32,
    sent: u32,
    seen: u32,
    /// Least ticks that something had waited for when an acknowledgement came.
    queue: u32,
    /// Acknowledgements of something new.
    news: u32,
    /// Whether a snapshot was left out.
    skipped: bool,
}

/// A link on which snapshots have queued up.
#[derive(Clone, Copy, Debug)]
struct Slow {
    reach: Reach,
    /// Bytes a tick that it passes, and that it is sent.
    rate: f32,
    load: f32,
    /// Bytes that wait on the way.
    queue: f32,
    /// Since when there is no queue, and for how long that has to last.
    calm: u32,
    patience_ms: u64,
    /// Whether the last change was to show more.
    tries: bool,
}

/// Paces one client.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// Ticks in which the client had its turn.
    now: u32,
    /// Bytes sent, and those that the client has seen.
    sent: u32,
    seen: u32,
    unseen: VecDeque<Unseen>,
    /// Least time from a snapshot to its acknowledgement, and when it was so little.
    way_ms: Option<u32>,
    way_at: u32,
    window: Option<Window>,
    slow: Option<Slow>,
    /// The snapshot that was sent last, and when.
    newest: Option<Tick>,
    served: u32,
    /// Since when the client shows no more that it reads, if it ever did.
    proven: Option<u32>,
    /// When it said last what it has seen.
    spoke: Option<u32>,
    /// Whether only some snapshots are acknowledged, each by itself; and whether the next one
    /// is such.
    is_probed: bool,
    has_probe: bool,
}

impl Default for Pacer {
    fn default() -> Self {
        Self {
            now: 0,
            sent: 0,
            seen: 0,
            unseen: VecDeque::with_capacity(UNSEEN_MAX),
            way_ms: None,
            way_at: 0,
            window: None,
            slow: None,
            newest: None,
            served: 0,
            proven: None,
            spoke: None,
            is_probed: false,
            has_probe: false,
        }
    }
}

impl Pacer {
    /// Of a client that acknowledges nothing but heartbeats, and with them what is in front.
    #[must_use]
    pub fn probed() -> Self {
        Self { is_probed: true, ..Self::default() }
    }

    /// The client has its turn.
    pub fn note_turn(&mut self, rhythm: Rhythm) {
        self.now = self.now.wrapping_add(rhythm.ticks);
        if self.unseen.is_empty() {
            self.proven = self.proven.map(|_| self.now);
        }
        if let Some(slow) = &mut self.slow {
            slow.queue = (slow.queue - slow.rate * rhythm.ticks as f32).max(0.0);
        }
    }

    /// The client answered a heartbeat, so it reads.
    pub fn note_pong(&mut self) {
        self.proven = Some(self.now);
    }

    /// A heartbeat is behind what is sent now.
    pub fn note_probe(&mut self) {
        self.has_probe = true;
    }

    /// Bytes were sent, and with them the snapshot of `tick`, if that is a new one.
    pub fn note_sent(&mut self, now: Millis, bytes: usize, tick: Option<Tick>) {
        self.sent = self.sent.wrapping_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if let Some(slow) = &mut self.slow {
            slow.queue += bytes as f32;
        }
        let is_told = std::mem::take(&mut self.has_probe) || !self.is_probed;
        let (Some(tick), true) = (tick, tick != self.newest) else { return };
        self.newest = Some(tick);
        self.served = self.now;
        if !is_told {
            return;
        }
        if self.unseen.len() == UNSEEN_MAX {
            self.unseen.pop_back();
        }
        self.unseen.push_back(Unseen { tick, at: self.now, at_ms: now.0 as u32, total: self.sent });
    }

    /// The newest input, or the answer to a heartbeat, says that the client has seen the
    /// snapshot of `tick`.
    pub fn note_seen(&mut self, now: Millis, tick: Tick, rhythm: Rhythm) {
        self.spoke = Some(self.now);
        let mut newest = None;
        while let Some(&unseen) = self.unseen.front().filter(|unseen| tick.since(unseen.tick) >= 0)
        {
            newest = Some(unseen);
            self.unseen.pop_front();
        }
        let way_ms = self.way_ms.get_or_insert(WAY_MS_MAX);
        if let Some(Unseen { at_ms, total, .. }) = newest {
            self.seen = total;
            self.proven = Some(self.now);
            // Real time: a server that stood still must not think that the way is short.
            let took_ms = (now.0 as u32).wrapping_sub(at_ms);
            if took_ms <= *way_ms {
                *way_ms = took_ms;
                self.way_at = self.now;
            } else if self.now.wrapping_sub(self.way_at) >= rhythm.ticks_in(FORGET_MS) {
                *way_ms += rhythm.period.as_millis() as u32;
                self.way_at = self.now;
            }
        }
        let way = rhythm.ticks_in(u64::from(*way_ms)) + 1;
        // How long one probe took is all that there is to know between two of them.
        let probe = newest.filter(|_| self.is_probed).map(|probe| probe.at);
        let waits = self.unseen.front().map(|oldest| oldest.at).or(probe);
        self.measure((way, waits), newest.is_some(), rhythm);
    }

    /// Whether the client, which has shown before that it reads, has not for `stall_ms`.
    #[must_use]
    pub fn is_stalled(&self, rhythm: Rhythm, stall_ms: u64) -> bool {
        // One snapshot may take seconds on a slow link, and is only seen at its end.
        let patience = if self.slow.is_some() { stall_ms * 2 } else { stall_ms };
        self.proven.is_some_and(|at| self.now.wrapping_sub(at) >= rhythm.ticks_in(patience))
    }

    /// Whether something has waited for the client lately, whose link is not known to be
    /// slow.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.window.is_some() && self.slow.is_none()
    }

    /// What was held against the link is forgotten: so many wait that it is not theirs.
    pub fn acquit(&mut self) {
        if self.slow.is_none() {
            self.window = None;
        }
    }

    /// What the client is shown at most.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.slow.map_or(Reach::FULL, |slow| slow.reach)
    }

    /// Appends to `out` what the client is to be sent at this turn behind `before` bytes:
    /// two messages, of which the first may be empty. Gives the length of the first;
    /// nothing when what would be sent now would only wait on its way.
    pub fn compose(
        &mut self,
        rhythm: Rhythm,
        mut viewer: Viewer<'_>,
        before: usize,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let composed = if self.is_behind(rhythm) {
            None
        } else if let Some(slow) = &mut self.slow {
            let room = slow.room(rhythm).saturating_sub(before);
            let waited = self.now.wrapping_sub(self.served) >= rhythm.ticks_in(WAIT_MS);
            slow.compose(self.now, &mut viewer, room, waited, out)
        } else {
            compose(viewer.history, viewer.cursor, viewer.id, out).then_some(0)
        };
        if let (None, Some(window)) = (composed, &mut self.window) {
            window.skipped = true;
        }
        composed
    }

    /// The socket takes nothing, so the client is sent nothing.
    pub fn note_full(&mut self) {
        if let Some(window) = &mut self.window {
            window.skipped = true;
        }
    }

    /// Whether the client itself shows that what it is sent comes late. One that says nothing
    /// may have nothing to say, and read all the same.
    #[must_use]
    pub fn is_late(&self, rhythm: Rhythm) -> bool {
        let most = rhythm.ticks_in(SPOKEN_MS);
        let speaks = self.spoke.is_some_and(|at| self.now.wrapping_sub(at) <= most);
        (speaks || self.is_probed) && self.is_behind(rhythm)
    }

    /// Whether more than the way there and back and some is unacknowledged.
    fn is_behind(&self, rhythm: Rhythm) -> bool {
        let (Some(oldest), Some(way_ms)) = (self.unseen.front(), self.way_ms) else {
            return false;
        };
        let most = rhythm.ticks_in(u64::from(way_ms) + UNACKED_MS_MAX);
        let most = most + GRACE_TICKS * rhythm.ticks;
        self.now.wrapping_sub(oldest.at) > most
    }

    /// Takes in what an acknowledgement tells of the link: the `way` there and back in ticks,
    /// and since when the oldest snapshot `waits` that counts.
    fn measure(&mut self, (way, waits): (u32, Option<u32>), advanced: bool, rhythm: Rhythm) {
        let Self { now, sent, seen, slow, window, unseen, .. } = self;
        // What was sent before it would have been seen by now, were there no queue.
        let due = now.wrapping_sub(way);
        let queue = waits.map_or(0, |at| due.wrapping_sub(at).cast_signed());
        let queue = queue.max(0).cast_unsigned();
        if let Some(slow) = slow {
            let late = unseen.iter().rev().find(|it| due.wrapping_sub(it.at).cast_signed() > 0);
            let least = late.map_or(0, |late| late.total.wrapping_sub(*seen));
            let most = sent.wrapping_sub(*seen);
            slow.queue = slow.queue.clamp(least.min(most) as f32, most as f32);
        }
        let begin = Window {
            since: *now,
            sent: *sent,
            seen: *seen,
            queue: u32::MAX,
            news: 0,
            skipped: false,
        };
        if slow.is_none() && !is_queue(queue, rhythm) {
            *window = None;
            return;
        }
        let judged = window.get_or_insert(begin);
        judged.queue = judged.queue.min(queue);
        judged.news += u32::from(advanced);
        let ticks = now.wrapping_sub(judged.since);
        if !advanced || ticks < rhythm.ticks_in(WINDOW_MS) {
            return;
        }
        let passed = seen.wrapping_sub(judged.seen) as f32 / ticks as f32;
        let load = sent.wrapping_sub(judged.sent) as f32 / ticks as f32;
        match slow {
            Some(known) => {
                known.judge(*now, passed, load, judged.queue, rhythm);
                if known.is_over(*now, rhythm) {
                    *slow = None;
                }
            }
            // A link that stood still and goes on tells of everything at once.
            None if judged.news < NEWS_MIN => return,
            None if judged.skipped || passed < load * KEEPS_UP => {
                *slow = Some(Slow::new(*now, passed, load, sent.wrapping_sub(*seen)));
            }
            None => {}
        }
        *window = slow.is_some().then_some(begin);
    }
}

/// Whether so many ticks are a queue.
fn is_queue(ticks: u32, rhythm: Rhythm) -> bool {
    ticks > rhythm.ticks && ticks > rhythm.ticks_in(QUEUE_MS)
}

impl Slow {
    fn new(now: u32, rate: f32, load: f32, queue: u32) -> Self {
        let mut slow = Self {
            reach: Reach::FULL,
            rate,
            load: load.max(rate),
            queue: queue as f32,
            calm: now,
            patience_ms: PATIENCE_MS,
            tries: false,
        };
        slow.narrow(now);
        slow
    }

    /// Shows more or less after a window in which so many bytes a tick were `passed` and
    /// sent, and something waited for `queue` ticks at least.
    fn judge(&mut self, now: u32, passed: f32, load: f32, queue: u32, rhythm: Rhythm) {
        self.load += (load - self.load) / 3.0;
        if queue > 0 {
            self.rate += (passed - self.rate) / 2.0;
            self.calm = now;
        } else {
            if passed > self.rate * SURPRISE {
                self.rate = passed;
                self.patience_ms = PATIENCE_MS;
            }
            let enough = self.load_at(self.reach.wider().unwrap_or(Reach::FULL)) / WIDE_LOAD;
            if self.rate < enough && self.is_calm(now, self.patience_ms, rhythm) {
                self.rate *= HOPE;
            }
        }
        let is_calm = self.is_calm(now, self.patience_ms, rhythm);
        if is_calm && self.tries {
            self.tries = false;
            self.patience_ms = (self.patience_ms / 2).max(PATIENCE_MS);
        }
        if is_queue(queue, rhythm) && self.load > self.rate * 0.8 {
            self.narrow(now);
        } else if let Some(wider) = self.reach.wider()
            && is_calm
            && self.load_at(wider) <= self.rate * WIDE_LOAD
        {
            self.settle(now, wider);
            self.tries = true;
        }
    }

    /// Shows so much less that a queue goes away.
    fn narrow(&mut self, now: u32) {
        let mut reach = self.reach;
        while let Some(narrower) = reach.narrower() {
            reach = narrower;
            if self.load_at(reach) <= self.rate * NARROW_LOAD {
                break;
            }
        }
        self.settle(now, reach);
    }

    fn settle(&mut self, now: u32, reach: Reach) {
        if reach == self.reach {
            return;
        }
        if reach < self.reach && self.tries {
            self.patience_ms = (self.patience_ms * 2).min(PATIENCE_MS_MAX);
        }
        self.load = self.load_at(reach);
        self.reach = reach;
        self.calm = now;
        self.tries = false;
    }

    /// Bytes a tick that another reach would take.
    fn load_at(&self, reach: Reach) -> f32 {
        self.load * reach.cells() / self.reach.cells()
    }

    fn is_calm(&self, now: u32, ms: u64, rhythm: Rhythm) -> bool {
        now.wrapping_sub(self.calm) >= rhythm.ticks_in(ms)
    }

    /// Whether the link has taken everything for so long that it is not slow any more.
    fn is_over(&self, now: u32, rhythm: Rhythm) -> bool {
        self.reach == Reach::FULL && self.is_calm(now, 2 * self.patience_ms, rhythm)
    }

    /// Bytes that would arrive in time.
    fn room(&self, rhythm: Rhythm) -> usize {
        let budget = self.rate * rhythm.ticks_in(BUDGET_MS) as f32;
        (budget - self.queue).max(0.0) as usize
    }

    /// The most that has `room`, and less than usual when the client has waited.
    fn compose(
        &mut self,
        now: u32,
        viewer: &mut Viewer<'_>,
        room: usize,
        waited: bool,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let mut reach = self.reach;
        loop {
            // Over an empty link, the least that there is cannot arrive any sooner.
            let is_least = reach == Reach::LEAST && self.queue <= 0.0;
            if let Some(fitted) = viewer.fit(reach, room, is_least, out) {
                if !fitted.is_whole || reach < self.reach {
                    self.calm = now;
                }
                return Some(fitted.split);
            }
            reach = reach.narrower().filter(|_| waited)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use throng_shared::limits::STALLED_MS;

    use super::*;

    const RHYTHM: Rhythm = Rhythm { period: Duration::from_micros(33_333), ticks: 1 };

    /// A client at the end of a link, without a world: frames of so many bytes, of which
    /// the link takes so many a tick, and an input at every third tick.
    #[derive(Default)]
    struct Link {
        pacer: Pacer,
        tick: u32,
        now_ms: u64,
        waits: VecDeque<(u32, usize)>,
        seen: u32,
        credit: usize,
    }

    impl Link {
        fn run(&mut self, ticks: u32, frame: usize, takes: usize) {
            for _ in 0..ticks {
                self.tick += 1;
                self.now_ms += 33;
                self.pacer.note_turn(RHYTHM);
                if !self.pacer.is_behind(RHYTHM) {
                    let part = self.pacer.reach().cells() / Reach::FULL.cells();
                    let bytes = (frame as f32 * part) as usize;
                    self.send(bytes);
                    self.waits.push_back((self.tick, bytes));
                }
                self.credit += takes;
                while let Some((tick, bytes)) = self.waits.pop_front_if(|it| it.1 <= self.credit) {
                    self.seen = tick;
                    self.credit -= bytes;
                }
                if self.waits.is_empty() {
                    self.credit = 0;
                }
                if self.tick.is_multiple_of(3) {
                    self.pacer.note_seen(Millis(self.now_ms + 20), Tick(self.seen), RHYTHM);
                }
            }
        }

        fn send(&mut self, bytes: usize) {
            self.pacer.note_sent(Millis(self.now_ms), bytes, Some(Tick(self.tick)));
        }
    }

    #[test]
    fn the_rate_of_a_slow_link_is_learnt_and_kept_to() {
        for frame in [80, 2000] {
            let mut link = Link::default();
            link.run(100, frame, frame * 2);
            assert_eq!(link.pacer.reach(), Reach::FULL, "because nothing waits");
            link.run(60, frame, frame * 2 / 3);
            let slow = link.pacer.slow.expect("two seconds are enough to see it");
            let rate = slow.rate / frame as f32;
            assert!((0.5..0.9).contains(&rate), "because two thirds pass, not {rate}");
            link.run(600, frame, frame * 2 / 3);
            assert!(link.pacer.reach() < Reach::FULL, "because all of it is too much");
            assert!(link.waits.len() < 5, "because little waits: {}", link.waits.len());
            link.run(1800, frame, frame * 2);
            assert!(link.pacer.slow.is_none(), "because the link has healed");
        }
    }

    #[test]
    fn a_longer_way_is_no_slow_link() {
        let mut link = Link::default();
        link.run(100, 80, 160);
        for _ in 0..100 {
            link.tick += 1;
            link.now_ms += 33;
            link.pacer.note_turn(RHYTHM);
            link.send(80);
            link.pacer.note_seen(Millis(link.now_ms), Tick(link.tick - 5), RHYTHM);
        }
        assert_eq!(link.pacer.reach(), Reach::FULL, "because everything comes through");
    }

    #[test]
    fn who_speaks_and_has_seen_nothing_is_late_and_who_is_silent_is_not() {
        for speaks in [true, false] {
            let mut link = Link::default();
            link.run(100, 80, 160);
            assert!(!link.pacer.is_late(RHYTHM), "because everything comes through");
            let seen = Tick(link.tick);
            for _ in 0..60 {
                link.tick += 1;
                link.now_ms += 33;
                link.pacer.note_turn(RHYTHM);
                link.send(80);
                if speaks {
                    link.pacer.note_seen(Millis(link.now_ms), seen, RHYTHM);
                }
            }
            assert!(link.pacer.is_behind(RHYTHM), "because nothing is acknowledged");
            assert_eq!(link.pacer.is_late(RHYTHM), speaks);
        }
    }

    #[test]
    fn what_is_sent_beside_snapshots_is_no_snapshot() {
        let mut link = Link::default();
        link.run(99, 80, 160);
        let way_ms = link.pacer.way_ms;
        for _ in 0..30 {
            link.pacer.note_turn(RHYTHM);
            link.now_ms += 33;
            link.send(200);
            link.pacer.note_seen(Millis(link.now_ms), Tick(link.tick), RHYTHM);
        }
        assert_eq!(link.pacer.way_ms, way_ms, "because the acknowledgement is an old one");
        assert!(link.pacer.unseen.is_empty(), "because nothing is to be acknowledged");
    }

    #[test]
    fn only_who_has_shown_that_it_reads_can_stop() {
        let mut link = Link::default();
        for tick in 0..300 {
            link.tick = tick;
            link.pacer.note_turn(RHYTHM);
            link.send(80);
        }
        assert!(
            !link.pacer.is_stalled(RHYTHM, STALLED_MS),
            "because the heartbeat is there for that"
        );
        link.pacer.note_pong();
        for _ in 0..140 {
            link.pacer.note_turn(RHYTHM);
        }
        assert!(!link.pacer.is_stalled(RHYTHM, STALLED_MS), "because it has a little time left");
        for _ in 0..10 {
            link.pacer.note_turn(RHYTHM);
        }
        assert!(link.pacer.is_stalled(RHYTHM, STALLED_MS), "because five seconds are over");
        link.pacer.note_pong();
        assert!(!link.pacer.is_stalled(RHYTHM, STALLED_MS), "because an answer is a proof");
    }
}
