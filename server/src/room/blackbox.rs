//! The flight recorder of a room: what it was told lately, written to a file when it
//! crashes, so that the crash can be played again.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::COMMANDS_KEPT;

use crate::sim::Intent;

/// What the simulation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Join { you: NetId, name: Box<str>, look: u8 },
    Leave { you: NetId },
    Intend { you: NetId, intent: Intent },
}

/// The newest commands of a room, each with the tick after which it came.
#[derive(Debug)]
pub(super) struct Blackbox {
    commands: VecDeque<(Tick, Command)>,
    /// Commands that had to make way for newer ones.
    dropped: u64,
}

impl Default for Blackbox {
    fn default() -> Self {
        Self { commands: VecDeque::with_capacity(COMMANDS_KEPT), dropped: 0 }
    }
}

impl Blackbox {
    pub(super) fn note(&mut self, after: Tick, command: Command) {
        if self.commands.len() >= COMMANDS_KEPT {
            self.commands.pop_front();
            self.dropped += 1;
        }
        self.commands.push_back((after, command));
    }

    /// Writes what is known of a crash into a new file of `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&self, folder: &Path, crash: &Crash<'_>) -> io::Result<PathBuf> {
        let process = std::process::id();
        let path = folder.join(format!("throng-crash-{process}-{}.log", crash.tick.0));
        fs::write(&path, self.report(crash))?;
        Ok(path)
    }

    fn report(&self, crash: &Crash<'_>) -> String {
        let Crash { room, seed, tick_hz, tick, message } = crash;
        let mut text = format!(
            "throng {version}\nroom {room}\nseed {seed}\ntick_rate {tick_hz}\ntick {tick}\n\
             panic {message}\ndropped {dropped}\n\n",
            version = env!("CARGO_PKG_VERSION"),
            tick = tick.0,
            // One line, whatever was panicked with.
            message = message.escape_default(),
            dropped = self.dropped,
        );
        for (Tick(after), command) in &self.commands {
            // Writing to a string cannot fail.
            let _ = match command {
                Command::Join { you, name, look } => {
                    writeln!(text, "{after} join {} {look} {}", you.0, name.escape_default())
                }
                Command::Leave { you } => writeln!(text, "{after} leave {}", you.0),
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

/// What is known of a crash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash<'a> {
    pub(super) room: &'a str,
    pub(super) seed: u64,
    pub(super) tick_hz: u32,
    /// The tick that was simulated last.
    pub(super) tick: Tick,
    pub(super) message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: Crash<'static> =
        Crash { room: "arena", seed: 7, tick_hz: 30, tick: Tick(900), message: "no\nway" };

    #[test]
    fn a_report_has_a_line_for_each_command() {
        let mut blackbox = Blackbox::default();
        let (you, name) = (NetId(3), "Zo\u{eb} \u{1b}[31m".into());
        blackbox.note(Tick(1), Command::Join { you, name, look: 9 });
        let intent = Intent { tick: Tick(5), aim: 4, ..Intent::default() };
        blackbox.note(Tick(2), Command::Intend { you, intent });
        blackbox.note(Tick(9), Command::Leave { you });
        let report = blackbox.report(&CRASH);
        let (head, commands) = report.split_once("\n\n").expect("an empty line divides it");
        assert!(head.contains("seed 7\ntick_rate 30\ntick 900\npanic no\\nway"), "{head}");
        let expected = "1 join 3 9 Zo\\u{eb} \\u{1b}[31m\n2 intend 3 5 0 0 4 0 0\n9 leave 3\n";
        assert_eq!(commands, expected, "because nobody's name may speak to a terminal");
    }

    #[test]
    fn the_oldest_make_way() {
        let mut blackbox = Blackbox::default();
        for tick in 0..COMMANDS_KEPT as u32 + 2 {
            blackbox.note(Tick(tick), Command::Leave { you: NetId(1) });
        }
        let report = blackbox.report(&CRASH);
        assert!(report.contains("\ndropped 2\n\n2 leave 1\n"), "because it says what is missing");
    }
}
