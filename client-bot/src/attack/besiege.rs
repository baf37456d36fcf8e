//! One attack: a server of its own, honest bots, and the attacker after a while.

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use super::kind::{Attack, Means, Scale, Size};
use super::told::Told;
use super::verdict::{Seen, Verdict};
use super::{AttackError, AttackOptions, AttackResult};
use crate::brain::BrainKind;
use crate::load::{Plan, Step, Stop};
use crate::report::round;
use crate::stress::cores::Cores;
use crate::stress::outcome::Figures;
use crate::stress::server::alone;
use crate::stress::subject::{Ledger, Subject};

pub(super) const TICK_HZ: u32 = 30;
/// Honest bots that join in a second.
const RAMP_PER_S: f64 = 200.0;
/// Beats until they have all joined at most, and those in which they settle.
const FILL_BEATS: u32 = 45;
const SETTLE_BEATS: u32 = 2;
/// What an attacker may take beyond its time.
const GRACE: Duration = Duration::from_secs(20);
/// Longest report of an attacker that is read.
const REPORT_BYTES_MAX: u64 = 1 << 20;
/// Arena of a crowd: all of it in one view.
const CROWD_ARENA: &str = "disc:4";
/// One honest bot in so many decodes what a crowd does: all of them would be late.
const CROWD_DECODES_ONE_IN: usize = 10;
/// How nice an attacker is to everybody else on its core.
const NICENESS: &str = "10";

/// The command line of the server under attack.
pub(super) fn server_arguments(
    listen: &str,
    arena: &str,
    players_max: usize,
    seed: u64,
) -> Vec<String> {
    let arguments = ["serve", "--listen", listen, "--house-bots", "0", "--net-threads", "1"];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
    for (name, value) in [
        ("--tick-rate", TICK_HZ.to_string()),
        ("--arena", arena.to_owned()),
        ("--players-max", players_max.to_string()),
        ("--seed", seed.to_string()),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    arguments
}

/// So many bots that play as everybody does, for so long.
pub(super) fn honest(url: &str, count: usize, seconds: f64, seed: u64) -> Plan {
    let profile = Plan::ramp_and_hold(count, RAMP_PER_S, seconds).expect("attacks are bounded");
    Plan::plain(url.to_owned(), profile, BrainKind::Walk.into(), seed)
}

/// The attacker, killed when dropped.
struct Attacker {
    child: Child,
    report: Receiver<String>,
    until: Instant,
}

impl Attacker {
    fn start(
        options: &AttackOptions,
        attack: Attack,
        target: SocketAddr,
        scale: Scale,
    ) -> Result<Self, AttackError> {
        let nice = || {
            let mut command = Command::new("nice");
            command.args(["-n", NICENESS]).arg(&options.program);
            command
        };
        // A system without `nice` has an attacker that is as urgent as the bots.
        let child = Self::spawn(nice(), options, attack, target, scale)
            .or_else(|_| {
                Self::spawn(Command::new(&options.program), options, attack, target, scale)
            })
            .map_err(|error| AttackError::Attacker(error.to_string()))?;
        Ok(child)
    }

    fn spawn(
        mut command: Command,
        options: &AttackOptions,
        attack: Attack,
        target: SocketAddr,
        scale: Scale,
    ) -> std::io::Result<Self> {
        command
            .args(["raid", attack.name(), "--target", &target.to_string()])
            .args(["--connections", &scale.connections.to_string()])
            .args(["--seconds", &scale.lasts.as_secs().to_string()])
            .args(["--seed", &options.seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        alone(&mut command);
        let mut child = command.spawn()?;
        let streams = child.stdout.take().zip(child.stderr.take());
        let (tell, report) = sync_channel(1);
        std::thread::spawn(move || {
            let Some((stdout, stderr)) = streams else { return };
            let mut text = String::new();
            // Half a report is none, and then what it complained of counts.
            let _ = stdout.take(REPORT_BYTES_MAX).read_to_string(&mut text);
            if text.is_empty() {
                let _ = stderr.take(REPORT_BYTES_MAX).read_to_string(&mut text);
            }
            // Nobody may wait for it any more.
            let _ = tell.send(text);
        });
        Ok(Self { child, report, until: Instant::now() + scale.lasts + GRACE })
    }

    /// What it tells, once it is done.
    fn poll(&self) -> Result<Option<Told>, AttackError> {
        match self.report.try_recv() {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|_| AttackError::Attacker(text.trim().trim_end_matches('.').to_owned())),
            Err(TryRecvError::Empty) if Instant::now() < self.until => Ok(None),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                Err(AttackError::Attacker("it did not end in time".to_owned()))
            }
        }
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a siege stands.
enum Phase<'a> {
    Filling { beats: u32 },
    Settling { beats: u32 },
    Quiet { ledger: Box<Ledger<'a>>, beats: u32 },
    Siege(Box<Siege<'a>>),
    Over,
}

/// The time of the attack.
struct Siege<'a> {
    attacker: Attacker,
    ledger: Ledger<'a>,
    quiet: Figures,
    /// Memory and CPU of the server when it began.
    resident_kib: Option<u64>,
    cpu_s: Option<f64>,
    beats: u32,
    /// The largest memory so far.
    most_kib: Option<u64>,
    told: Option<Told>,
}

/// Attacks a server, and judges what came of it.
pub(super) fn besiege(
    options: &AttackOptions,
    attack: Attack,
    cores: Option<&Cores>,
    stop: &Stop,
) -> Result<AttackResult, AttackError> {
    let scale = attack.scale(options.size);
    let players_max = scale.honest + scale.connections;
    let is_crowd = attack.means() == Means::Players;
    let arena = if is_crowd { CROWD_ARENA.to_owned() } else { format!("auto:{}", scale.honest) };
    let arguments = server_arguments("127.0.0.1:0", &arena, players_max, options.seed);
    let subject = Subject::start(&options.program, &arguments, TICK_HZ, cores)
        .map_err(AttackError::Server)?;
    let target = subject
        .address()
        .ok_or_else(|| AttackError::Attacker(format!("{} is no address", subject.url())))?;
    let longest =
        f64::from(FILL_BEATS + 2 * scale.measured_s) + (scale.lasts + GRACE + GRACE).as_secs_f64();
    let decode_one_in = if is_crowd { CROWD_DECODES_ONE_IN } else { 1 };
    let plan = Plan { decode_one_in, ..honest(subject.url(), scale.honest, longest, options.seed) };
    let mut phase = Phase::Filling { beats: 0 };
    let mut outcome = None;
    let mut at_s = 0.0;
    plan.run(stop, &mut |beat| {
        at_s += beat.seconds;
        let before = std::mem::replace(&mut phase, Phase::Over);
        phase = match before {
            Phase::Filling { .. } if beat.players == scale.honest => Phase::Settling { beats: 0 },
            Phase::Filling { beats } if beats < FILL_BEATS => Phase::Filling { beats: beats + 1 },
            Phase::Filling { .. } => {
                let (there, all) = (beat.players, scale.honest);
                outcome = Some(Err(AttackError::NotThere { there, all }));
                return Step::Stop;
            }
            Phase::Settling { beats } if beats < SETTLE_BEATS => {
                Phase::Settling { beats: beats + 1 }
            }
            Phase::Settling { .. } => {
                Phase::Quiet { ledger: Box::new(Ledger::open(&subject)), beats: 0 }
            }
            Phase::Quiet { mut ledger, beats } => {
                ledger.add(at_s, &beat);
                if beats + 1 < scale.measured_s {
                    Phase::Quiet { ledger, beats: beats + 1 }
                } else {
                    let quiet = ledger.close(None);
                    match Attacker::start(options, attack, target, scale) {
                        Ok(attacker) => Phase::Siege(Box::new(Siege {
                            attacker,
                            ledger: Ledger::open(&subject),
                            quiet,
                            resident_kib: subject.resident_kib(),
                            cpu_s: subject.cpu_s(),
                            beats: 0,
                            most_kib: None,
                            told: None,
                        })),
                        Err(error) => {
                            outcome = Some(Err(error));
                            return Step::Stop;
                        }
                    }
                }
            }
            Phase::Siege(mut siege) => {
                siege.ledger.add(at_s, &beat);
                siege.beats += 1;
                siege.most_kib = siege.most_kib.max(subject.resident_kib());
                // What came in the beat in which the attacker ended is of the attack, too.
                let is_over = siege.told.is_some() && siege.beats >= scale.measured_s;
                if siege.told.is_none() {
                    match siege.attacker.poll() {
                        Ok(told) => siege.told = told,
                        Err(error) => {
                            outcome = Some(Err(error));
                            return Step::Stop;
                        }
                    }
                }
                if is_over {
                    outcome = Some(Ok(siege.result(options, attack, scale, &subject)));
                    return Step::Stop;
                }
                Phase::Siege(siege)
            }
            Phase::Over => return Step::Stop,
        };
        Step::Continue
    })
    .map_err(AttackError::Load)?;
    outcome.unwrap_or_else(|| Err(AttackError::Attacker("the load ended before it".to_owned())))
}

impl Siege<'_> {
    fn result(
        self,
        options: &AttackOptions,
        attack: Attack,
        scale: Scale,
        subject: &Subject,
    ) -> AttackResult {
        let siege = self.ledger.close(None);
        let told = self.told.unwrap_or_default();
        let spent = subject.cpu_s().zip(self.cpu_s).map(|(now, before)| now - before);
        // What the honest bots cost goes on beside the attack.
        let without = self.quiet.server_cpu_share.map(|share| share * self.ledger.sum.seconds);
        let cpu_s = spent.zip(without).map(|(spent, without)| round((spent - without).max(0.0)));
        let grown = self.most_kib.zip(self.resident_kib);
        let seen = Seen {
            attack,
            size: options.size,
            tick_hz: TICK_HZ,
            connections: scale.connections,
            told: &told,
            quiet: &self.quiet,
            siege: &siege,
            cpu_s,
        };
        let verdict = Verdict::of(&seen);
        AttackResult {
            attack: attack.name().to_owned(),
            small: options.size == Size::Small,
            verdict,
            honest: scale.honest,
            connections: told.connections(),
            told,
            gap_ms_without: self.quiet.gap_ms,
            gap_ms: siege.gap_ms,
            ticks_without: self.quiet.ticks,
            ticks: siege.ticks,
            lateness_ms: siege.own.lateness_ms,
            lost: siege.lost,
            desyncs: siege.desyncs,
            cpu_s,
            memory_kib: grown.map(|(most, before)| most.saturating_sub(before)),
            back: None,
        }
    }
}
