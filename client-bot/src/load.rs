//! The load generator: many bots on one thread, and what they saw.
//!
//! A [`Plan`] says how many bots there are at which time; each second the generator
//! hands out a [`Beat`] of what it counted, and whoever takes it sums up the seconds
//! that matter.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use throng_shared::prng::Prng;

use self::bare::BareGuest;
pub use self::beat::{Beat, Times};
pub(crate) use self::cpu::{ProcessMeter, stolen};
pub(crate) use self::frames::{Frame, cut, farewell};
pub use self::open_files::{allow_open_files, open_files_max};
use self::player::{Common, Player};
pub use self::ports::Ports;
use self::slow::LinkKind;
use self::swarm::Swarm;
use crate::stress::mix::Mix;
use crate::stress::profile::{Profile, ProfileError, Stage};
use crate::target::{Target, TargetError};
use crate::view::Atlas;

mod bare;
mod beat;
mod cpu;
mod frames;
mod open_files;
mod player;
mod ports;
mod slow;
mod socket;
mod swarm;
pub mod window;

/// How long joins may take after the last one was begun.
pub(crate) const JOIN_WITHIN: Duration = Duration::from_secs(20);
/// Joins under way at once where a load only has to fill up.
const JOINING_MAX: usize = 128;
/// Stream of the choice of those who decode.
const SAMPLE_STREAM: u64 = 0x5A3D;

/// What load to make.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `ws://HOST:PORT/ws`
    pub url: String,
    pub profile: Profile,
    pub mix: Mix,
    pub seed: u64,
    /// One bot in so many decodes and checks everything, the others read the heads of
    /// snapshots. Bots whose brain needs a view always decode.
    pub decode_one_in: usize,
    /// Which part of the bots this process plays: the `worker`-th of so many.
    pub worker: usize,
    pub workers: usize,
    /// Bots whose link carries two thirds of their stream, and such that stop reading:
    /// the last of all.
    pub slow: usize,
    pub stalling: usize,
    /// A target that is not on loopback is only loaded when its operator says so.
    pub i_run_that_server: bool,
    /// Joins that may be under way at once. A step that fills up takes what the server
    /// lets in; a stage says when players come, whatever the server makes of it.
    pub joining_max: usize,
    /// Whether bots whose connection ended come back, and go on with their session where
    /// the server still has it.
    pub comeback: bool,
    /// Bots that leave in a second, each for a new one in its place.
    pub churn_per_s: f64,
    /// Name or code of the room to which all go, or nothing: any that has a place.
    pub room: String,
    /// To look on, without a glider: such bots steer nothing.
    pub watch: bool,
    /// The target is a bare loop: no handshake, frames of so many bytes.
    pub bare: Option<Bare>,
}

impl Plan {
    /// A load of bots that all decode on good links, in one process, against a server of
    /// this machine.
    #[must_use]
    pub fn plain(url: String, profile: Profile, mix: Mix, seed: u64) -> Self {
        Self {
            url,
            profile,
            mix,
            seed,
            decode_one_in: 1,
            worker: 0,
            workers: 1,
            slow: 0,
            stalling: 0,
            i_run_that_server: false,
            joining_max: JOINING_MAX,
            comeback: false,
            churn_per_s: 0.0,
            room: String::new(),
            watch: false,
            bare: None,
        }
    }
}

/// What a bare loop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare {
    pub frame_bytes: usize,
    pub tick_hz: u8,
}

/// Whether a load goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Continue,
    Stop,
}

/// Why there is no load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    Target(TargetError),
    Profile(ProfileError),
    NotYours { url: String },
    OpenFiles { needed: u64, limit: u64 },
    Ports { needed: u64, free: u64, available: u64, sources: usize },
    Unreachable { url: String, why: String },
    Runtime(String),
    Interrupted,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(error) => error.fmt(f),
            Self::Profile(error) => error.fmt(f),
            Self::NotYours { url } => write!(
                f,
                "--url {url} is not on this machine: add --i-run-that-server if you may load it"
            ),
            Self::OpenFiles { needed, limit } => write!(
                f,
                "so many bots need {needed} open files and the hard limit of this process is \
                 {limit}: raise it (as root: ulimit -Hn {needed}) or take fewer bots"
            ),
            Self::Ports { needed, free, available, sources } => write!(
                f,
                "so many bots need {needed} ports and {free} are free of {available}, which is \
                 all that net.ipv4.ip_local_port_range has for {sources} source address(es): \
                 widen it (as root: sysctl -w net.ipv4.ip_local_port_range='1024 65535'), wait a \
                 minute for closed connections, or take fewer bots"
            ),
            Self::Unreachable { url, why } => write!(f, "no bot could join {url}: {why}"),
            Self::Runtime(why) => write!(f, "no event loop: {why}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for LoadError {}

impl Plan {
    /// `count` bots that join at a rate, and stay until they are stopped, for
    /// `seconds` and the time to join at most.
    ///
    /// # Errors
    /// When there are too many, or the time is too long.
    pub fn ramp_and_hold(
        count: usize,
        ramp_per_s: f64,
        seconds: f64,
    ) -> Result<Profile, ProfileError> {
        let stage =
            |seconds, from, to| Stage { length: Duration::from_secs_f64(seconds), from, to };
        let hold = JOIN_WITHIN.as_secs_f64() + seconds + window::REST_S;
        let ramp = (count as f64 / ramp_per_s).max(0.001);
        Profile::new(vec![stage(ramp, 0, count), stage(hold, count, count)])
    }

    /// Whether a bot is played by this process.
    fn is_mine(&self, number: usize) -> bool {
        number % self.workers == self.worker
    }

    /// Whether this process plays all bots.
    fn is_whole(&self) -> bool {
        self.workers == 1
    }

    /// What link a bot has: the last ones stall, those before them are slow.
    fn link(&self, number: usize) -> LinkKind {
        let all = self.profile.players_max();
        if number + self.stalling >= all {
            LinkKind::Stalling
        } else if number + self.stalling + self.slow >= all {
            LinkKind::Slow
        } else {
            LinkKind::Fast
        }
    }

    /// Whether a bot decodes and checks everything. Of each group of `decode_one_in`
    /// neighbours the seed chooses one.
    fn decodes(&self, number: usize) -> bool {
        let group = (number / self.decode_one_in) as u64;
        let mut rng = Prng::stream(self.seed ^ SAMPLE_STREAM, group);
        let chosen = rng.below(u32::try_from(self.decode_one_in).unwrap_or(u32::MAX));
        number % self.decode_one_in == chosen as usize
            || self.link(number) == LinkKind::Slow
            || self.mix.kind(number, self.seed).blind().is_none()
    }

    /// Makes the load on the calling thread, until its end, or until `on_beat` or
    /// `stop` ends it.
    ///
    /// # Errors
    /// When the load cannot be made, or nobody could join.
    pub fn run(&self, stop: &Stop, on_beat: &mut dyn FnMut(Beat) -> Step) -> Result<(), LoadError> {
        let target = Target::resolve(&self.url).map_err(LoadError::Target)?;
        if !target.is_loopback() && !self.i_run_that_server {
            return Err(LoadError::NotYours { url: self.url.clone() });
        }
        allow_open_files(self.profile.players_max().div_ceil(self.workers))?;
        if let Some(ports) = Ports::towards(&target) {
            // All of them: the other workers' connections come from the same addresses.
            ports.allow(self.profile.players_max(), target.sources())?;
        }
        let common = Common {
            url: self.url.clone(),
            target,
            atlas: Atlas::default(),
            origin: Instant::now(),
            seed: self.seed,
            room: self.room.clone(),
            watch: self.watch,
            bare: self.bare,
        };
        match self.bare {
            None => Swarm::<Player>::new(self, common)?.run(stop, on_beat),
            Some(_) => Swarm::<BareGuest>::new(self, common)?.run(stop, on_beat),
        }
    }
}

/// Whether the process was told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Hears SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the system gives no event loop to hear them on.
    pub fn at_signals() -> Result<Self, LoadError> {
        let stop = Self::default();
        let heard = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| LoadError::Runtime(error.to_string()))?;
        // It ends with the process.
        std::thread::spawn(move || {
            runtime.block_on(told_to_end());
            heard.ask();
        });
        Ok(stop)
    }

    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Resolves at SIGINT or SIGTERM.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(brains: &str, decode_one_in: usize) -> Plan {
        let profile = Plan::ramp_and_hold(100, 100.0, 1.0).expect("a short load");
        let mix = brains.parse().expect("a mix");
        Plan { decode_one_in, worker: 1, workers: 3, ..Plan::plain(String::new(), profile, mix, 7) }
    }

    #[test]
    fn a_sample_is_as_large_as_it_was_asked_for_and_the_seed_chooses_it() {
        let decoding =
            |plan: &Plan| -> Vec<usize> { (0..1000).filter(|&n| plan.decodes(n)).collect() };
        let one = plan("walk", 10);
        assert_eq!(decoding(&one).len(), 100, "because one in ten was asked for");
        let other = Plan { seed: 8, ..one.clone() };
        assert_ne!(decoding(&one), decoding(&other), "because the seed chooses");
        assert_eq!(decoding(&plan("walk", 1)).len(), 1000);
        let hunters = plan("walk=1,hunt=1", 10);
        assert!(decoding(&hunters).len() >= 500, "because hunters need to see");
    }

    #[test]
    fn bots_on_bad_links_are_the_last_and_the_slow_ones_decode() {
        let plan = Plan { slow: 10, stalling: 5, ..plan("walk", 10) };
        let count = |kind| (0..100).filter(|&n| plan.link(n) == kind).count();
        assert_eq!((count(LinkKind::Slow), count(LinkKind::Stalling)), (10, 5));
        assert_eq!(plan.link(84), LinkKind::Fast);
        assert!((85..95).all(|n| plan.link(n) == LinkKind::Slow && plan.decodes(n)));
        assert!((95..100).all(|n| plan.link(n) == LinkKind::Stalling));
    }

    #[test]
    fn workers_share_the_bots_without_overlap() {
        let plans = [0, 1, 2].map(|worker| Plan { worker, ..plan("walk", 1) });
        for number in 0..100 {
            let mine = plans.iter().filter(|plan| plan.is_mine(number)).count();
            assert_eq!(mine, 1, "because bot {number} is played once");
        }
    }
}
