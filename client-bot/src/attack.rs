//! `throng stress attack`: what somebody who means harm gets.
//!
//! Each attack runs against a server of its own, beside honest bots that were measured
//! without it right before. What they may notice, and what the server has to do, is in
//! `verdict`; nothing but loopback is ever attacked.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::kind::Means;
pub use self::kind::{Attack, Size};
pub use self::raid::{Orders, RaidError, raid};
pub use self::told::{Ends, Told};
pub use self::verdict::Verdict;
use crate::load::{LoadError, Stop, allow_open_files};
use crate::report::{Spread, round};
use crate::stress::cores::Cores;
use crate::stress::outcome::TickCounts;
use crate::stress::server::ServerError;

mod besiege;
mod crowd;
mod kind;
mod raid;
mod raw;
mod restart;
mod told;
mod verdict;

/// Files that a server needs besides those of its clients.
const SERVER_FILES: usize = 1024;
/// Clients of a restart at most.
pub const CLIENTS_MAX: usize = 8000;

/// What to attack with.
#[derive(Clone, Debug)]
pub struct AttackOptions {
    /// The `throng` binary: server and attacker.
    pub program: PathBuf,
    pub attacks: Vec<Attack>,
    pub size: Size,
    pub seed: u64,
    /// Clients of a restart, where it is not to be the usual number.
    pub clients: Option<usize>,
}

/// Why an attack could not be made.
#[derive(Debug)]
pub enum AttackError {
    Server(ServerError),
    Load(LoadError),
    /// Not all honest bots could join.
    NotThere {
        there: usize,
        all: usize,
    },
    Attacker(String),
}

impl AttackError {
    /// Whether the operator ended it.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Load(LoadError::Interrupted))
    }
}

impl fmt::Display for AttackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Load(error) => error.fmt(f),
            Self::NotThere { there, all } => {
                write!(f, "{there} of {all} honest bots could join before the attack")
            }
            Self::Attacker(why) => write!(f, "the attacker failed: {why}"),
        }
    }
}

impl std::error::Error for AttackError {}

/// What came of one attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttackResult {
    pub attack: String,
    pub small: bool,
    pub verdict: Verdict,
    /// Honest bots beside it.
    pub honest: usize,
    /// Connections of the attacker, and what became of them.
    pub connections: u64,
    pub told: Told,
    /// Between two snapshots of an honest bot, right before the attack and beside it.
    pub gap_ms_without: Spread,
    pub gap_ms: Spread,
    pub ticks_without: Option<TickCounts>,
    pub ticks: Option<TickCounts>,
    /// How late the honest bots were beside it.
    pub lateness_ms: Spread,
    /// Honest bots that lost their game, and whose view did not hold.
    pub lost: usize,
    pub desyncs: u64,
    /// Server CPU beyond that of the honest bots, in core-seconds.
    pub cpu_s: Option<f64>,
    /// What the server's resident memory grew by, in KiB.
    pub memory_kib: Option<u64>,
    /// After a restart.
    pub back: Option<Back>,
}

/// How clients came back to a server that was gone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Back {
    /// How long it was gone.
    pub down_s: f64,
    pub resumed: usize,
    pub rejoined: usize,
    /// From its return until 95 % of all clients played again, and until all did.
    pub most_s: Option<f64>,
    pub all_s: Option<f64>,
}

/// Runs attacks one after the other; `on_result` takes what came of each.
///
/// # Errors
/// When one could not be made.
pub fn run(
    options: &AttackOptions,
    on_result: &mut dyn FnMut(&AttackResult),
) -> Result<Vec<AttackResult>, AttackError> {
    let scales = options.attacks.iter().map(|attack| attack.scale(options.size));
    let most = scales.map(|scale| scale.honest + scale.connections).max().unwrap_or_default();
    // The server inherits the limit, and needs the most.
    let most = most.max(options.clients.unwrap_or_default()) + SERVER_FILES;
    allow_open_files(most).map_err(AttackError::Load)?;
    let cores = Cores::split(1);
    let stop = Stop::at_signals().map_err(AttackError::Load)?;
    let mut results = Vec::new();
    for &attack in &options.attacks {
        let result = match attack.means() {
            Means::Storm => restart::restart(options, cores.as_ref(), &stop),
            Means::Players | Means::Comings(_) | Means::Stranger(_) | Means::Player(_) => {
                besiege::besiege(options, attack, cores.as_ref(), &stop)
            }
        };
        let result = match result {
            // The machine is too slow for this one; it may do for the others.
            Err(error @ AttackError::NotThere { .. }) => {
                AttackResult::void(attack, options.size, error.to_string())
            }
            result => result?,
        };
        on_result(&result);
        results.push(result);
    }
    Ok(results)
}

impl AttackResult {
    /// Of an attack that did not come about.
    fn void(attack: Attack, size: Size, why: String) -> Self {
        Self {
            attack: attack.name().to_owned(),
            small: size == Size::Small,
            verdict: Verdict::Void(why),
            honest: attack.scale(size).honest,
            connections: 0,
            told: Told::default(),
            gap_ms_without: Spread::default(),
            gap_ms: Spread::default(),
            ticks_without: None,
            ticks: None,
            lateness_ms: Spread::default(),
            lost: 0,
            desyncs: 0,
            cpu_s: None,
            memory_kib: None,
            back: None,
        }
    }

    /// The results as one JSON list.
    #[must_use]
    pub fn list_to_json(results: &[Self]) -> String {
        serde_json::to_string_pretty(results).expect("plain numbers and names are always JSON")
    }
}

/// What happened, in a few lines.
impl fmt::Display for AttackResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<11} {}", self.attack, self.verdict.told())?;
        if let Some(back) = self.back {
            let time = |s: Option<f64>| s.map_or("never".to_owned(), |s| format!("after {s:.1} s"));
            return writeln!(
                f,
                "  {} clients, {:.1} s without a server: {} resumed, {} joined anew, 95 % {}, all {}",
                self.honest,
                back.down_s,
                back.resumed,
                back.rejoined,
                time(back.most_s),
                time(back.all_s),
            );
        }
        if self.ticks_without.is_none() && self.connections == 0 {
            // It did not come about.
            return Ok(());
        }
        writeln!(f, "  the server: {}", self.told)?;
        let overruns = |ticks: Option<TickCounts>| {
            ticks.map_or("?".to_owned(), |it| format!("{}/{}", it.overruns, it.run))
        };
        writeln!(
            f,
            "  {} honest bots: p99 gap {:.0} ms, without the attack {:.0}; overruns {}, without {}; \
             {} lost; {:.1} ms late",
            self.honest,
            self.gap_ms.p99,
            self.gap_ms_without.p99,
            overruns(self.ticks),
            overruns(self.ticks_without),
            self.lost,
            self.lateness_ms.p99,
        )?;
        let cpu = self.cpu_s.map_or("?".to_owned(), |s| format!("{s:.2} core-seconds"));
        let memory = self
            .memory_kib
            .map_or("?".to_owned(), |kib| format!("{} MiB", round(kib as f64 / 1024.0)));
        writeln!(f, "  it cost the server {cpu} and {memory}")
    }
}
