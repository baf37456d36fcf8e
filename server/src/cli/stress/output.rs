//! What a stress test shows while it runs, and what it leaves behind.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use terminal_size::{Width, terminal_size_of};
use throng_bot::stress::live::{Colours, Live};
use throng_bot::stress::outcome::Outcome;
use throng_bot::stress::{Progress, csv, html};

/// Files to write.
#[derive(Debug, Args)]
pub(super) struct Files {
    /// Also write everything as JSON, which `stress diff` reads
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write a row of figures for each step
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write a row for each second
    #[arg(long, value_name = "FILE")]
    csv_samples: Option<PathBuf>,
    /// Also write a report with charts, which opens from disk
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Columns of a terminal that does not tell how wide it is.
const COLUMNS: usize = 80;

type Content = fn(&Outcome) -> String;

/// A file that is open, what it is called, and what goes into it.
struct Open {
    option: &'static str,
    path: PathBuf,
    file: File,
    content: Content,
}

/// The files that were asked for, open.
pub(super) struct OpenFiles(Vec<Open>);

impl Files {
    pub(super) fn open(&self) -> Result<OpenFiles, String> {
        let wanted: [(_, _, Content); 4] = [
            ("--json", &self.json, |outcome| outcome.to_json() + "\n"),
            ("--csv", &self.csv, csv::csv),
            ("--csv-samples", &self.csv_samples, csv::csv_samples),
            ("--html", &self.html, html::html),
        ];
        let mut open = Vec::new();
        for (option, path, content) in wanted {
            let Some(path) = path else { continue };
            // What an earlier run left stays until this one has something to write.
            let file = File::options().write(true).create(true).truncate(false).open(path);
            let file = file.map_err(|error| unwritable(option, path, &error))?;
            open.push(Open { option, path: path.clone(), file, content });
        }
        Ok(OpenFiles(open))
    }
}

impl OpenFiles {
    pub(super) fn write(&mut self, outcome: &Outcome) -> Result<(), String> {
        for Open { option, path, file, content } in &mut self.0 {
            file.set_len(0)
                .and_then(|()| file.write_all(content(outcome).as_bytes()))
                .map_err(|error| unwritable(option, path, &error))?;
        }
        Ok(())
    }
}

fn unwritable(option: &str, path: &Path, error: &std::io::Error) -> String {
    format!("{option} {} cannot be written: {error}.", path.display())
}

/// The terminal, or whatever stands in its place.
pub(super) struct Screen {
    live: Live,
    is_terminal: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let has_colours = is_terminal && std::env::var_os("NO_COLOR").is_none();
        let colours = if has_colours { Colours::Red } else { Colours::None };
        Self { live: Live::new(colours), is_terminal }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Line(line) => {
                let erased = self.live.erase();
                say(&format!("{erased}{line}\n"));
            }
            Progress::Second(glance) if self.is_terminal => {
                let columns = terminal_size_of(std::io::stderr())
                    .map_or(COLUMNS, |(Width(columns), _)| columns.into());
                say(&self.live.block(&glance, columns));
            }
            Progress::Second(glance) => {
                if let Some(line) = self.live.poll_line(&glance) {
                    say(&(line + "\n"));
                }
            }
        }
    }

    /// Takes away what was only of the moment.
    pub(super) fn clear(&mut self) {
        say(&self.live.erase());
    }
}

/// Progress goes to stderr, results to stdout.
fn say(text: &str) {
    // Nobody may watch any more.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Prints a text.
pub(super) fn print(text: &str) {
    // A reader that went away wants no report.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Prints a line at once. False when nobody reads any more.
pub(super) fn line(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).is_ok()
}
