//! What becomes of one connection through a bad link: a pure function of the seed, the
//! connection's number and the time.

use std::collections::VecDeque;
use std::time::Duration;

use throng_shared::prng::Prng;

use super::spec::{Spec, Stalls};

/// Streams of chance: of the cut, of the stalls, and of each way's latencies.
const CUT_STREAM: u64 = 0xC0;
const STALL_STREAM: u64 = 0x57;
const WAY_STREAM: u64 = 0x3A;

/// Bytes on their way in one direction at most, and at least: a slower link has room for
/// less, or it would hide seconds of a stream.
const WAY_BYTES_MAX: usize = 1 << 20;
const WAY_BYTES_MIN: usize = 4 << 10;
/// What a link of some rate holds beyond its latency.
const WAY_TIME: Duration = Duration::from_millis(100);

/// From the bots to the server, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// The fate of one connection. Times are since it began.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    spec: Spec,
    seed: u64,
}

impl Fate {
    /// That of the `number`-th connection.
    #[must_use]
    pub fn new(spec: Spec, seed: u64, number: u64) -> Self {
        Self { spec, seed: Prng::stream(seed, number).next_u64() }
    }

    /// When it is cut.
    #[must_use]
    pub fn cut_at(&self) -> Option<Duration> {
        let cuts = self.spec.cuts?;
        // The time to the next of events that come at random.
        let chance = unit(Prng::stream(self.seed, CUT_STREAM).next_u32());
        let mean = cuts.every / cuts.count;
        Some(mean.mul_f64(-(1.0 - chance).max(f64::MIN_POSITIVE).ln()))
    }

    /// The end of the stall in which `at` lies, if it does.
    #[must_use]
    pub fn stalled_until(&self, at: Duration) -> Option<Duration> {
        let Stalls { length, every } = self.spec.stalls?;
        let round = u64::try_from(at.as_nanos() / every.as_nanos()).unwrap_or(u64::MAX);
        let chance = Prng::stream(self.seed ^ STALL_STREAM, round).next_u32();
        let begin = every.mul_f64(round as f64) + (every - length).mul_f64(unit(chance));
        (begin..begin + length).contains(&at).then_some(begin + length)
    }

    /// One direction of it.
    #[must_use]
    pub fn way(self, direction: Direction) -> Way {
        let stream = WAY_STREAM + u64::from(direction == Direction::Down);
        Way {
            rng: Prng::stream(self.seed, stream),
            fate: self,
            free: Duration::ZERO,
            last: Duration::ZERO,
            portions: VecDeque::new(),
            bytes: 0,
        }
    }
}

/// Bytes on their way in one direction. They arrive in order, each portion late by its
/// own latency, behind those before it, after the stall in which it would have come.
#[derive(Clone, Debug)]
pub struct Way {
    fate: Fate,
    rng: Prng,
    /// When the link has carried what was put on it.
    free: Duration,
    /// When the newest portion arrives.
    last: Duration,
    portions: VecDeque<(Duration, Vec<u8>)>,
    bytes: usize,
}

impl Way {
    /// Bytes that may be put on their way now; the rest waits where it is.
    #[must_use]
    pub fn room(&self) -> usize {
        let spec = self.fate.spec;
        let most = spec.rate.map_or(WAY_BYTES_MAX, |rate| {
            let held = (spec.latency + spec.jitter + WAY_TIME).as_secs_f64() * rate as f64;
            (held as usize).clamp(WAY_BYTES_MIN, WAY_BYTES_MAX)
        });
        most.saturating_sub(self.bytes)
    }

    /// Puts a portion on its way.
    pub fn put(&mut self, now: Duration, bytes: &[u8]) {
        let spec = self.fate.spec;
        self.free = self.free.max(now);
        if let Some(rate) = spec.rate {
            self.free += Duration::from_secs_f64(bytes.len() as f64 / rate as f64);
        }
        let vary = spec.jitter.mul_f64(2.0 * unit(self.rng.next_u32()));
        let mut arrives = self.free + spec.latency + vary - spec.jitter;
        // Of stalls that follow each other at once, all are waited for.
        while let Some(end) = self.fate.stalled_until(arrives) {
            arrives = end;
        }
        self.last = self.last.max(arrives);
        self.bytes += bytes.len();
        self.portions.push_back((self.last, bytes.to_vec()));
    }

    /// When the next portion arrives.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        self.portions.front().map(|(at, _)| *at)
    }

    /// The next portion that has arrived.
    #[must_use]
    pub fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.next_at().is_none_or(|at| at > now) {
            return None;
        }
        let (_, bytes) = self.portions.pop_front()?;
        self.bytes -= bytes.len();
        Some(bytes)
    }
}

/// A number from 0 to 1, without 1.
fn unit(chance: u32) -> f64 {
    f64::from(chance) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn spec(text: &str) -> Spec {
        text.parse().expect("a link")
    }

    /// When each of so many portions of ten bytes arrives, one put on its way each 10 ms.
    fn arrivals(way: &mut Way, count: u64) -> Vec<Duration> {
        let mut arrived = Vec::new();
        for now in 0..count * 10 + 20_000 {
            if now.is_multiple_of(10) && now < count * 10 && way.room() >= 10 {
                way.put(ms(now), &[0; 10]);
            }
            while way.poll(ms(now)).is_some() {
                arrived.push(ms(now));
            }
        }
        arrived
    }

    #[test]
    fn a_seed_fixes_everything_and_connections_differ() {
        let link = spec("latency=80±40,stall=1s/5s,rate=40KB,cut=1/60s");
        let fate = |seed, number| {
            let fate = Fate::new(link, seed, number);
            (fate.cut_at(), arrivals(&mut fate.way(Direction::Down), 500))
        };
        assert_eq!(fate(1, 2), fate(1, 2));
        assert_ne!(fate(1, 2), fate(1, 3), "because not all are cut at once");
        assert_ne!(fate(1, 2), fate(2, 2));
        let fate = Fate::new(link, 1, 2);
        let [mut up, mut down] = [Direction::Up, Direction::Down].map(|way| fate.way(way));
        assert_ne!(arrivals(&mut up, 50), arrivals(&mut down, 50));
    }

    #[test]
    fn latency_varies_in_its_bounds_and_order_is_kept() {
        let mut way = Fate::new(spec("latency=80±40"), 1, 0).way(Direction::Up);
        let arrived = arrivals(&mut way, 1000);
        assert_eq!(arrived.len(), 1000);
        assert!(arrived.is_sorted(), "because it is a stream");
        let late: Vec<Duration> =
            (0..).map(|n| ms(n * 10)).zip(&arrived).map(|(sent, at)| *at - sent).collect();
        assert!(late.iter().all(|late| (ms(40)..=ms(121)).contains(late)), "{late:?}");
        assert!(late.iter().any(|late| *late > ms(115)) && late.iter().any(|late| *late < ms(70)));
        let mut steady = Fate::new(spec("latency=80"), 1, 0).way(Direction::Up);
        assert_eq!(arrivals(&mut steady, 3), [ms(80), ms(90), ms(100)]);
    }

    #[test]
    fn nothing_arrives_in_a_stall_and_there_is_one_in_each_round() {
        let link = spec("stall=2s/30s");
        let fate = Fate::new(link, 7, 3);
        let mut stalls = Vec::new();
        let mut at = 0;
        while at < 300_000 {
            if let Some(end) = fate.stalled_until(ms(at)) {
                stalls.push((at, end));
                at = u64::try_from(end.as_millis()).expect("a short time");
            }
            at += 1;
        }
        assert_eq!(stalls.len(), 10);
        for (n, (at, end)) in (0..).zip(&stalls) {
            assert!((n * 30_000..(n + 1) * 30_000).contains(at));
            assert!(ms(*at) + ms(2000) >= *end && ms(*at) + ms(1997) <= *end);
        }
        let arrived = arrivals(&mut fate.way(Direction::Down), 4000);
        let (begin, end) = (ms(stalls[0].0), stalls[0].1);
        assert!(!arrived.iter().any(|at| (begin..end).contains(at)));
        assert_eq!(arrived.len(), 4000, "because a stall loses nothing");
    }

    #[test]
    fn a_rate_is_kept_and_a_full_link_takes_nothing_more() {
        let mut way = Fate::new(spec("rate=40KB"), 1, 0).way(Direction::Down);
        let (mut passed, mut room_min) = (0, usize::MAX);
        for now in 0..10_000 {
            let room = way.room();
            way.put(ms(now), &vec![0; room.min(1000)]);
            room_min = room_min.min(way.room());
            passed += std::iter::from_fn(|| way.poll(ms(now))).map(|it| it.len()).sum::<usize>();
        }
        assert!((395_000..=400_000).contains(&passed), "because 10 s carry 400 KB: {passed}");
        assert_eq!(room_min, 0);
    }

    #[test]
    fn cuts_come_as_often_as_was_asked_for() {
        let link = spec("cut=2/60s");
        let cuts: Vec<f64> = (0..10_000)
            .filter_map(|number| Fate::new(link, 5, number).cut_at())
            .map(|at| at.as_secs_f64())
            .collect();
        let mean = cuts.iter().sum::<f64>() / cuts.len() as f64;
        assert!((29.0..31.0).contains(&mean), "because two a minute are one in 30 s: {mean}");
        assert_eq!(Fate::new(spec("latency=1"), 5, 1).cut_at(), None);
    }
}
