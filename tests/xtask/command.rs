//! Runs programs, showing and keeping what they print.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// How a program ended, and all that it printed.
pub(crate) struct Ended {
    pub(crate) ok: bool,
    pub(crate) output: String,
}

/// A program in a folder.
pub(crate) fn program(name: impl AsRef<OsStr>, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// The cargo that runs us.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), folder, arguments)
}

/// A program's name as this system has it.
pub(crate) fn executable(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// Where cargo puts its builds: this program lies in a folder of it.
pub(crate) fn target() -> Result<PathBuf, String> {
    let me =
        std::env::current_exe().map_err(|error| format!("xtask cannot find itself: {error}"))?;
    let target = me.parent().and_then(Path::parent);
    target.map(Path::to_owned).ok_or_else(|| "xtask was not built by cargo".to_owned())
}

/// Runs a program to its end; its output goes to ours line by line.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run(command: &mut Command) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    let errors = child.stderr.take();
    let errors = thread::spawn(move || errors.map(|pipe| tee(pipe, std::io::stderr())));
    let mut output =
        child.stdout.take().map(|pipe| tee(pipe, std::io::stdout())).unwrap_or_default();
    let status = child.wait().map_err(|error| format!("{name} was lost: {error}"))?;
    if let Ok(Some(errors)) = errors.join() {
        output.push_str(&errors);
    }
    Ok(Ended { ok: status.success(), output })
}

/// Runs a program whose output only matters when it fails, or to us.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn quiet(command: &mut Command) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Ended { ok: output.status.success(), output: text })
}

fn tee(pipe: impl Read, mut to: impl Write) -> String {
    let mut kept = String::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal is no reason to lose the result.
        let _ = to.write_all(&line);
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    kept
}
