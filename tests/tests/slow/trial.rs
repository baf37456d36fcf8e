//! A client behind a link that takes so many bytes a second, in virtual time: the whole
//! path from the simulation into the client's view, but no socket and no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use throng::config::{ArenaSpec, Config, Settings};
use throng::replication::{Cursor, History, Pacer, Replicator, Rhythm, TickFrame, Viewer};
use throng::sim::{Intent, Newcomer, Sim, SimOptions};
use throng_bot::view::View;
use throng_shared::cells::Reach;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{STALLED_MS, WATCH_PING_MS};
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;
use throng_shared::time::Millis;
use throng_shared::wire::{Identity, MapRuns, Secret, Snapshot, Welcome, decode_server};

/// Between two inputs of a client.
const INPUT_MS: f64 = 100.0;
/// Leaderboard and crown, which everybody is told once a second.
const NEWS_BYTES: usize = 100;
/// Times between two ticks at which a network thread reads.
const READS: u32 = 4;

/// How the others fly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Others {
    /// Every 100 ms a quarter of them turn.
    Walk,
    /// Everybody turns at every tick.
    Spin,
}

/// A snapshot on its way.
#[derive(Debug)]
struct Sent {
    arrives_ms: f64,
    tick: Tick,
    at_ms: f64,
    parts: Vec<Snapshot>,
    /// Whether a heartbeat is behind it.
    is_probe: bool,
}

/// What a client saw in a while.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ages_ms: Vec<f64>,
    pub(crate) bytes: usize,
    pub(crate) ticks: u32,
    pub(crate) cells: f64,
}

impl Seen {
    /// The age at arrival that so many of the snapshots do not exceed.
    pub(crate) fn age_ms(&self, share: f64) -> f64 {
        let mut sorted = self.ages_ms.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.ages_ms.len()
    }

    pub(crate) fn bytes_a_tick(&self) -> f64 {
        self.bytes as f64 / f64::from(self.ticks)
    }
}

/// A room, and one client that is looked at.
pub(crate) struct Trial {
    sim: Sim,
    replicator: Replicator,
    history: History,
    others: Others,
    chance: Prng,
    period_ms: f64,
    rhythm: Rhythm,
    you: NetId,
    view: View,
    cursor: Cursor,
    pacer: Pacer,
    /// One way of the link, what it takes, and until when it is busy.
    pub(crate) way_ms: f64,
    pub(crate) bytes_per_s: f64,
    busy_ms: f64,
    way: VecDeque<Sent>,
    /// Inputs on their way: when they arrive, and what they say was seen.
    inputs: VecDeque<(f64, Tick)>,
    next_input_ms: f64,
    /// When a spectator gets its next heartbeat, and whether it is to answer one.
    next_ping_ms: Option<f64>,
    is_pinged: bool,
    /// Whether the client reads, and says anything.
    pub(crate) reads: bool,
    pub(crate) talks: bool,
}

impl Trial {
    pub(crate) fn new(seed: u64, arena: ArenaSpec, players: usize, others: Others) -> Self {
        Self::at_rate(30, seed, arena, players, others)
    }

    pub(crate) fn at_rate(
        hz: u32,
        seed: u64,
        arena: ArenaSpec,
        players: usize,
        others: Others,
    ) -> Self {
        let settings = Settings { arena: Some(arena), tick_rate: Some(hz), ..Settings::default() };
        let config = Config::new(settings).expect("the settings are allowed");
        let (arena, shards) = config.arena().expect("the arena can be made");
        let options = SimOptions { tick_hz: hz, seed, players_max: players, shards };
        let mut sim = Sim::new(arena, &options);
        let mut chance = Prng::new(seed);
        let mut you = None;
        for number in 0..players {
            let name = format!("walk {number}");
            you = sim.join(Newcomer { name, look: 1 });
        }
        let you = you.expect("the room has a place");
        let map = sim.map();
        let (width, height) = (map.width() as u16, map.height() as u16);
        let welcome = Welcome {
            secret: Secret::default(),
            resumed: false,
            identity: Identity::default(),
            session_ms: 60_000,
            time_ms: 0,
            watch: false,
            you,
            own: you,
            tick: sim.tick().0,
            tick_hz: hz as u8,
            room: String::new(),
            map: MapRuns { width, height, runs: map.runs() },
        };
        let period = std::time::Duration::from_secs(1) / hz;
        Self {
            view: View::new(&welcome).expect("the map of a room is a map"),
            replicator: Replicator::new(sim.grid()),
            sim,
            history: History::default(),
            others,
            next_input_ms: f64::from(chance.below(100)),
            chance,
            period_ms: period.as_secs_f64() * 1000.0,
            rhythm: Rhythm { period, ticks: 1 },
            you,
            cursor: Cursor::default(),
            pacer: Pacer::default(),
            way_ms: 10.0,
            bytes_per_s: f64::INFINITY,
            busy_ms: 0.0,
            way: VecDeque::new(),
            inputs: VecDeque::new(),
            next_ping_ms: None,
            is_pinged: false,
            reads: true,
            talks: true,
        }
    }

    /// The same for one who looks on at the glider that the client would play.
    pub(crate) fn watched(mut self) -> Self {
        (self.cursor, self.pacer) = (Cursor::looking_on(), Pacer::probed());
        (self.next_input_ms, self.next_ping_ms) = (f64::MAX, Some(0.0));
        self
    }

    pub(crate) fn reach(&self) -> Reach {
        self.pacer.reach()
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.pacer.is_stalled(self.rhythm, STALLED_MS)
    }

    pub(crate) fn checks(&self) -> u64 {
        self.view.checks()
    }

    /// Plays for a while.
    pub(crate) fn play(&mut self, seconds: f64) -> Seen {
        let mut seen = Seen::default();
        let ticks = (seconds * 1000.0 / self.period_ms) as u32;
        for _ in 0..ticks {
            self.tick();
            self.serve(&mut seen);
            let now_ms = self.now_ms();
            for read in 1..=READS {
                let moment = now_ms + self.period_ms * (f64::from(read) / f64::from(READS) - 0.1);
                self.arrive(moment, &mut seen);
                self.hear(moment);
            }
            seen.cells += self.view.focus().map_or(0.0, |it| it.cells().count() as f64);
        }
        seen.ticks = ticks;
        seen.cells /= f64::from(ticks);
        seen
    }

    /// The link passes nothing for a while.
    pub(crate) fn hold_up(&mut self, seconds: f64) {
        self.busy_ms = self.busy_ms.max(self.now_ms()) + seconds * 1000.0;
        self.play(seconds);
    }

    /// The room goes on for so many ticks, but the client's thread does nothing.
    pub(crate) fn stand_still(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.tick();
        }
        self.arrive(self.now_ms(), &mut Seen::default());
    }

    fn now_ms(&self) -> f64 {
        f64::from(self.sim.tick().0) * self.period_ms
    }

    fn tick(&mut self) {
        let tick = self.sim.tick().next();
        let ids: Vec<NetId> = self.sim.ids().collect();
        // A quarter of the inputs, of which each sends ten a second.
        let turns = |chance: &mut Prng, period_ms: f64| {
            f64::from(chance.below(10_000)) < 10_000.0 * 0.25 * period_ms / INPUT_MS
        };
        for id in ids {
            let (speaks, thrust) = match self.others {
                Others::Walk => (turns(&mut self.chance, self.period_ms), 15),
                Others::Spin => (true, 14 + (tick.0 & 1) as u8),
            };
            if speaks {
                let steer = Steer { heading: self.chance.next_u8(), thrust };
                self.sim.intend(id, Intent { tick, steer, ..Intent::default() });
            }
        }
        self.sim.step();
        let mut frame = TickFrame::blank(self.sim.grid());
        self.replicator.replicate(&self.sim, &[], &mut frame);
        self.sim.forget();
        self.history.push(Arc::new(frame));
    }

    /// The client's turn at the server.
    fn serve(&mut self, seen: &mut Seen) {
        let now_ms = self.now_ms();
        let news = self.sim.tick().0.is_multiple_of(self.sim.rules().tick_hz.cast_unsigned());
        let before = if news { NEWS_BYTES } else { 0 };
        self.pacer.note_turn(self.rhythm);
        let mut out = Vec::new();
        let viewer = Viewer { history: &self.history, cursor: &mut self.cursor, id: self.you };
        let split = self.pacer.compose(self.rhythm, viewer, before, &mut out);
        let parts: Vec<&[u8]> = split.map_or_else(Vec::new, |split| {
            [&out[..split], &out[split..]].into_iter().filter(|part| !part.is_empty()).collect()
        });
        let head = |part: &&[u8]| if part.len() < 126 { 2 } else { 4 };
        let bytes = before + out.len() + parts.iter().map(head).sum::<usize>();
        if bytes == 0 {
            return;
        }
        let is_probe = self.next_ping_ms.is_some_and(|at| at <= now_ms)
            && !self.is_pinged
            && !parts.is_empty();
        if is_probe {
            self.is_pinged = true;
            self.next_ping_ms = Some(now_ms + WATCH_PING_MS as f64);
            self.pacer.note_probe();
        }
        self.pacer.note_sent(Millis(now_ms as u64), bytes, self.cursor.tick());
        seen.bytes += bytes;
        self.busy_ms = self.busy_ms.max(now_ms) + bytes as f64 * 1000.0 / self.bytes_per_s;
        let parts: Vec<Snapshot> = parts
            .into_iter()
            .map(|part| decode_server(part).expect("a snapshot decodes"))
            .map(|message| message.into_snapshot().expect("it is a snapshot"))
            .collect();
        if !parts.is_empty() {
            let arrives_ms = self.busy_ms + self.way_ms;
            let tick = self.sim.tick();
            self.way.push_back(Sent { arrives_ms, tick, at_ms: now_ms, parts, is_probe });
        }
    }

    /// What arrives at the client until a moment, and the inputs that it sends.
    fn arrive(&mut self, until_ms: f64, seen: &mut Seen) {
        loop {
            let arrives_ms =
                self.way.front().filter(|_| self.reads).map_or(f64::MAX, |it| it.arrives_ms);
            if arrives_ms.min(self.next_input_ms) > until_ms {
                return;
            }
            if self.next_input_ms < arrives_ms {
                if self.talks {
                    self.inputs.push_back((self.next_input_ms + self.way_ms, self.view.tick()));
                }
                self.next_input_ms += INPUT_MS;
                continue;
            }
            let sent = self.way.pop_front().expect("it was looked at");
            for part in &sent.parts {
                let applied = self.view.apply(part);
                assert_eq!(applied, Ok(()), "because what is shown is exact");
            }
            assert_eq!(self.view.tick(), sent.tick, "because the newest is what is told");
            seen.ages_ms.push(sent.arrives_ms - sent.at_ms);
            if sent.is_probe {
                self.inputs.push_back((sent.arrives_ms + self.way_ms, sent.tick));
            }
        }
    }

    /// The server takes in what came until a moment, of which the newest input counts.
    fn hear(&mut self, until_ms: f64) {
        let mut newest = None;
        while let Some((_, tick)) = self.inputs.pop_front_if(|input| input.0 <= until_ms) {
            newest = Some(tick);
        }
        if let Some(tick) = newest {
            self.is_pinged = false;
            self.pacer.note_seen(Millis(until_ms as u64), tick, self.rhythm);
        }
    }
}
