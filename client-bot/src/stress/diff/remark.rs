//! What makes a comparison weaker than it looks.

use std::fmt;

use super::super::outcome::{Machine, Outcome};

/// What one should know before one believes a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The runs were not made alike.
    Unlike { what: &'static str, a: String, b: String },
    /// CPU could not be compared with that of the bare loop.
    NoFloor,
    /// The bare loop itself held another number.
    OtherFloor { tick_rate: u32, a: usize, b: usize },
    /// A tick rate that the other run does not have.
    OnlyIn { run: &'static str, tick_rate: u32 },
    /// A run that was ended before its time.
    Interrupted { run: &'static str },
    /// Not as many searches in both, so the median of one is surer.
    Searches { tick_rate: u32, a: usize, b: usize },
    /// Nothing that both had held, or that was not void.
    NoCommonStep { tick_rate: u32 },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlike { what, a, b } => {
                write!(f, "The runs differ in their {what}: a has {a}, b has {b}.")
            }
            Self::NoFloor => f.write_str(
                "Not both runs know the bare loop (--floor): a shared machine alone can \
                 change times and CPU by a fifth within an hour.",
            ),
            Self::OtherFloor { tick_rate, a, b } => write!(
                f,
                "The bare loop itself held {a} players in a and {b} in b at {tick_rate} Hz: \
                 the machine has changed."
            ),
            Self::Interrupted { run } => {
                write!(f, "The run {run} was interrupted: it has what was finished until then.")
            }
            Self::Searches { tick_rate, a, b } => write!(
                f,
                "What was held at {tick_rate} Hz is the median of {a} searches in a and {b} in b."
            ),
            Self::OnlyIn { run, tick_rate } => write!(f, "Only {run} has {tick_rate} Hz."),
            Self::NoCommonStep { tick_rate } => {
                write!(f, "At {tick_rate} Hz the runs have no step in common that can be compared.")
            }
        }
    }
}

/// In what the runs were not made alike.
pub(super) fn unlike(a: &Outcome, b: &Outcome) -> Vec<Remark> {
    let server = |outcome: &Outcome| {
        outcome.url.clone().unwrap_or_else(|| "one of the tool's own".to_owned())
    };
    let cores = |outcome: &Outcome| if outcome.pinned { "a core each" } else { "shared cores" };
    let pairs = [
        ("machine", machine(&a.machine), machine(&b.machine)),
        ("profile", a.profile.clone(), b.profile.clone()),
        ("brains", a.brains.clone(), b.brains.clone()),
        ("arena", a.arena.clone(), b.arena.clone()),
        ("server", server(a), server(b)),
        ("cores", cores(a).to_owned(), cores(b).to_owned()),
        ("workers", a.workers.to_string(), b.workers.to_string()),
    ];
    let unlike = pairs.into_iter().filter(|(_, a, b)| a != b).map(|(what, a, b)| Remark::Unlike {
        what,
        a,
        b,
    });
    let runs = [("a", a), ("b", b)].into_iter().filter(|(_, outcome)| outcome.interrupted);
    unlike.chain(runs.map(|(run, _)| Remark::Interrupted { run })).collect()
}

fn machine(machine: &Machine) -> String {
    let Machine { cpu, cores, memory_gib, kernel } = machine;
    format!("{cpu}, {cores} cores, {memory_gib} GiB, {kernel}")
}
