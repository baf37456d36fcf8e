//! A load that several processes make together: each plays its part of the bots and
//! prints a beat a second, and here they are added up.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::server::alone;
use crate::load::{Beat, LoadError, Plan, Step, Stop};

/// Beats of one worker that wait to be taken.
const BEATS_WAITING: usize = 64;
/// How often a stop is looked for while no beat comes.
const GLANCE: Duration = Duration::from_millis(100);
/// Longest error text of a worker that is read.
const ERROR_BYTES_MAX: u64 = 4096;

/// Worker processes; killed when dropped.
struct Workers(Vec<Child>);

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

enum Said {
    Beat(Box<Beat>),
    /// Its output ended.
    End {
        worker: usize,
    },
}

/// Makes the load of `plan` with `plan.workers` processes of `program`.
///
/// # Errors
/// When a worker cannot be started, or could not make its part.
pub(super) fn run(
    plan: &Plan,
    program: &Path,
    stop: &Stop,
    on_beat: &mut dyn FnMut(Beat) -> Step,
) -> Result<(), LoadError> {
    let failed = |error: std::io::Error| {
        LoadError::Runtime(format!("a worker process cannot be started: {error}"))
    };
    let (tell, said) = sync_channel(BEATS_WAITING * plan.workers);
    let mut workers = Workers(Vec::new());
    for worker in 0..plan.workers {
        let mut command = command(&Plan { worker, ..plan.clone() }, program);
        alone(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(stdout) = child.stdout.take() {
            let tell = tell.clone();
            std::thread::spawn(move || listen(worker, stdout, &tell));
        }
        workers.0.push(child);
    }
    drop(tell);
    add_up(&mut workers, &said, (&plan.url, stop), on_beat)
}

/// The command line of one worker.
fn command(plan: &Plan, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("worker").args(["--url", &plan.url]).args(["--seed", &plan.seed.to_string()]);
    for stage in plan.profile.stages() {
        command.args(["--stage", &stage.to_string()]);
    }
    command
        .args(["--brain", &plan.mix.to_string()])
        .args(["--decode-one-in", &plan.decode_one_in.to_string()])
        .args(["--slow", &plan.slow.to_string()])
        .args(["--stalling", &plan.stalling.to_string()])
        .args(["--joining-max", &plan.joining_max.to_string()])
        .args(["--worker", &plan.worker.to_string()])
        .args(["--workers", &plan.workers.to_string()]);
    if plan.i_run_that_server {
        command.arg("--i-run-that-server");
    }
    if plan.comeback {
        command.arg("--comeback");
    }
    if let Some(bare) = plan.bare {
        command
            .args(["--bare-bytes", &bare.frame_bytes.to_string()])
            .args(["--bare-tick-rate", &bare.tick_hz.to_string()]);
    }
    command
}

fn listen(worker: usize, stdout: impl Read, tell: &SyncSender<Said>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(beat) = serde_json::from_str(&line) else { break };
        if tell.send(Said::Beat(Box::new(beat))).is_err() {
            return;
        }
    }
    // Nobody may listen any more.
    let _ = tell.send(Said::End { worker });
}

fn add_up(
    workers: &mut Workers,
    said: &Receiver<Said>,
    (url, stop): (&str, &Stop),
    on_beat: &mut dyn FnMut(Beat) -> Step,
) -> Result<(), LoadError> {
    let count = workers.0.len();
    let mut ended = 0;
    let mut is_over = false;
    let mut joined = 0;
    // By number: how many workers have told it, and what they told together.
    let mut open: BTreeMap<u32, (usize, Beat)> = BTreeMap::new();
    while ended < count {
        if stop.is_asked() {
            return Err(LoadError::Interrupted);
        }
        match said.recv_timeout(GLANCE) {
            Ok(Said::Beat(beat)) => {
                let number = beat.number;
                let (told, sum) = open.entry(number).or_default();
                *told += 1;
                sum.add_beside(&beat);
                if *told < count || is_over {
                    continue;
                }
                let whole = open.remove(&number).map(|(_, sum)| sum).unwrap_or_default();
                joined += whole.joined;
                if let (0, Some(why)) = (joined, &whole.failure) {
                    return Err(LoadError::Unreachable { url: url.to_owned(), why: why.clone() });
                }
                if on_beat(whole) == Step::Stop {
                    is_over = true;
                    // The end of its input tells a worker to leave.
                    workers.0.iter_mut().for_each(|child| drop(child.stdin.take()));
                }
            }
            Ok(Said::End { worker }) => {
                ended += 1;
                check(&mut workers.0[worker])?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// Whether a worker that ended did what it should.
fn check(child: &mut Child) -> Result<(), LoadError> {
    let failed = |why: String| LoadError::Runtime(format!("a worker process failed: {why}"));
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    if let Some(stderr) = child.stderr.take() {
        // Half a sentence is better than none.
        let _ = stderr.take(ERROR_BYTES_MAX).read_to_string(&mut text);
    }
    let last = text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
    Err(failed(last.unwrap_or_else(|| status.to_string())))
}
