//! The flight recorder of a room: what it was told lately, written to a file when it
//! crashes, so that the crash can be played again.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::COMMANDS_KEPT;

use crate::sim::Intent;

/// Reports of one room, process number and tick that a folder has at most.
const SAME_NAME_MAX: u32 = 1000;

/// What the simulation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Join {
        you: NetId,
        name: Box<str>,
        look: u8,
    },
    Leave {
        you: NetId,
    },
    /// Its connection is lost; without a new one it is taken out at that tick.
    Unlink {
        you: NetId,
        until: Tick,
    },
    Relink {
        you: NetId,
    },
    Intend {
        you: NetId,
        intent: Intent,
    },
}

/// The newest commands of a room, each with the tick after which it came.
#[derive(Debug)]
pub(super) struct Blackbox {
    /// A ring. It is filled at the start, so that it takes all its memory at once: what
    /// grows later is a leak.
    commands: Vec<(Tick, Command)>,
    /// Commands so far.
    noted: usize,
}

impl Default for Blackbox {
    fn default() -> Self {
        let blank = (Tick(0), Command::Leave { you: NetId(u16::MAX) });
        Self { commands: vec![blank; COMMANDS_KEPT], noted: 0 }
    }
}

impl Blackbox {
    pub(super) fn note(&mut self, after: Tick, command: Command) {
        self.commands[self.noted % COMMANDS_KEPT] = (after, command);
        self.noted += 1;
    }

    /// Takes it out of a room that is over, and notes nothing more.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self { commands: Vec::new(), noted: 0 })
    }

    /// What is kept, oldest first.
    fn kept(&self) -> impl Iterator<Item = &(Tick, Command)> {
        let first = self.noted.saturating_sub(COMMANDS_KEPT);
        (first..self.noted).map(|number| &self.commands[number % COMMANDS_KEPT])
    }

    /// Writes what is known of a crash into a new file of `folder`, whatever crashed before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&self, folder: &Path, crash: &Crash) -> io::Result<PathBuf> {
        let (path, mut file) = create(folder, crash)?;
        file.write_all(self.report(crash).as_bytes())?;
        Ok(path)
    }

    fn report(&self, crash: &Crash) -> String {
        let Crash { room, seed, tick_hz, tick, message } = crash;
        let mut text = format!(
            "throng {version}\nroom {room}\nseed {seed}\ntick_rate {tick_hz}\ntick {tick}\n\
             panic {message}\ndropped {dropped}\n\n",
            version = env!("CARGO_PKG_VERSION"),
            tick = tick.0,
            // One line, whatever was panicked with.
            message = message.escape_default(),
            dropped = self.noted.saturating_sub(COMMANDS_KEPT),
        );
        for (Tick(after), command) in self.kept() {
            // Writing to a string cannot fail.
            let _ = match command {
                Command::Join { you, name, look } => {
                    writeln!(text, "{after} join {} {look} {}", you.0, name.escape_default())
                }
                Command::Leave { you } => writeln!(text, "{after} leave {}", you.0),
                Command::Unlink { you, until } => {
                    writeln!(text, "{after} unlink {} {}", you.0, until.0)
                }
                Command::Relink { you } => writeln!(text, "{after} relink {}", you.0),
                Command::Intend { you, intent } => {
                    let Intent { tick, steer, aim, fire, dash } = intent;
                    let (you, tick) = (you.0, tick.0);
                    let (heading, thrust) = (steer.heading, steer.thrust);
                    writeln!(
                        text,
                        "{after} intend {you} {tick} {heading} {thrust} {aim} {fire} {dash}"
                    )
                }
            };
        }
        text
    }
}

/// A new file, named by room, process and tick. Rooms crash again, and in a container each start has the
/// same process number: so the name has a number as well where there is a report already.
fn create(folder: &Path, crash: &Crash) -> io::Result<(PathBuf, File)> {
    let (process, tick) = (std::process::id(), crash.tick.0);
    let is_plain = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let room: String = crash.room.chars().filter(is_plain).collect();
    let mut options = OpenOptions::new();
    // A new one: in a folder of everybody a link could lead elsewhere.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut number = 1;
    loop {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("throng-crash-{room}-{process}-{tick}{again}.log"));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && number < SAME_NAME_MAX =>
            {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What is known of a crash.
#[derive(Clone, Debug)]
pub(super) struct Crash {
    pub(super) room: String,
    pub(super) seed: u64,
    pub(super) tick_hz: u32,
    /// The tick that was simulated last.
    pub(super) tick: Tick,
    pub(super) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash() -> Crash {
        let (room, message) = ("arena".to_owned(), "no\nway".to_owned());
        Crash { room, seed: 7, tick_hz: 30, tick: Tick(900), message }
    }

    #[test]
    fn a_report_has_a_line_for_each_command() {
        let mut blackbox = Blackbox::default();
        let (you, name) = (NetId(3), "Zo\u{eb} \u{1b}[31m".into());
        blackbox.note(Tick(1), Command::Join { you, name, look: 9 });
        let intent = Intent { tick: Tick(5), aim: 4, ..Intent::default() };
        blackbox.note(Tick(2), Command::Intend { you, intent });
        blackbox.note(Tick(3), Command::Unlink { you, until: Tick(303) });
        blackbox.note(Tick(4), Command::Relink { you });
        blackbox.note(Tick(9), Command::Leave { you });
        let report = blackbox.report(&crash());
        let (head, commands) = report.split_once("\n\n").expect("an empty line divides it");
        assert!(head.contains("seed 7\ntick_rate 30\ntick 900\npanic no\\nway"), "{head}");
        let expected = "1 join 3 9 Zo\\u{eb} \\u{1b}[31m\n2 intend 3 5 0 0 4 0 0\n\
                        3 unlink 3 303\n4 relink 3\n9 leave 3\n";
        assert_eq!(commands, expected, "because nobody's name may speak to a terminal");
    }

    #[test]
    fn the_oldest_make_way() {
        let mut blackbox = Blackbox::default();
        for tick in 0..COMMANDS_KEPT as u32 + 2 {
            blackbox.note(Tick(tick), Command::Leave { you: NetId(1) });
        }
        let report = blackbox.report(&crash());
        assert!(report.contains("\ndropped 2\n\n2 leave 1\n"), "because it says what is missing");
    }
}
