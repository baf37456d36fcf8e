//! The server under test: a child process that ends with its owner, however that ends.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::cores::Cores;
use crate::target::room_for_a_load;

/// How long a server may take to listen.
const LISTEN_WITHIN: Duration = Duration::from_secs(20);
/// What stands before the address in the line that it prints.
const LISTENING: &str = "throng listening on http://";
/// Lines of its log that are kept, and the longest of them.
const LOG_LINES: usize = 5;
const LINE_BYTES_MAX: u64 = 4096;

/// Why there is no server.
#[derive(Debug)]
pub enum ServerError {
    Start(std::io::Error),
    /// It did not say where it listens; the end of its log.
    NotListening {
        log: String,
    },
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the server cannot be started: {error}"),
            Self::NotListening { log } => write!(f, "the server did not listen, its log: {log}"),
        }
    }
}

impl std::error::Error for ServerError {}

/// A running server, killed when dropped. It holds the other end of the server's input,
/// which the system closes with this process.
#[derive(Debug)]
pub(super) struct ServerChild {
    child: Child,
    address: String,
}

impl ServerChild {
    /// Runs `program` with these arguments on the server's core, and waits until it
    /// says where it listens.
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        cores: Option<&Cores>,
    ) -> Result<Self, ServerError> {
        let mut command = Command::new(program);
        command.args(arguments).args(room_for_a_load()).arg("--until-stdin-ends");
        Self::spawn(command, cores)
    }

    fn spawn(mut command: Command, cores: Option<&Cores>) -> Result<Self, ServerError> {
        command
            .env("THRONG_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        alone(&mut command);
        let child = match cores {
            Some(cores) => cores.for_server(|| command.spawn()),
            None => command.spawn(),
        };
        let mut server = Self { child: child.map_err(ServerError::Start)?, address: String::new() };
        let log = server.child.stderr.take().map(keep_tail);
        let lines = server.child.stdout.take().map(first_line);
        let line = lines.and_then(|lines| lines.recv_timeout(LISTEN_WITHIN).ok());
        match line.as_deref().and_then(|line| line.trim_end().strip_prefix(LISTENING)) {
            Some(address) => server.address = address.to_owned(),
            None => {
                server.end();
                let log = log.and_then(|log| log.join().ok()).unwrap_or_default();
                return Err(ServerError::NotListening { log });
            }
        }
        Ok(server)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as an operator does.
    ///
    /// # Errors
    /// When it is gone already, or the system has no such signal.
    pub(super) fn terminate(&self) -> std::io::Result<()> {
        #[cfg(unix)]
        {
            use nix::sys::signal::{Signal, kill};
            let pid = i32::try_from(self.pid()).map_err(std::io::Error::other)?;
            Ok(kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM)?)
        }
        #[cfg(not(unix))]
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// How it ended, if it has.
    pub(super) fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn end(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for ServerChild {
    fn drop(&mut self) {
        self.end();
    }
}

/// Keeps a terminal's Ctrl-C from a child: it is for this process, which still has
/// figures to ask for.
pub(crate) fn alone(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// The first line of a stream; the rest is read and forgotten, so that the
/// writer never waits. Nothing comes when there is none.
fn first_line(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, line) = sync_channel(1);
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut first = String::new();
        if stream.by_ref().take(LINE_BYTES_MAX).read_line(&mut first).is_ok_and(|read| read > 0) {
            // The receiver may have given up.
            let _ = tell.send(first);
        }
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    line
}

/// Reads to the end and gives the last lines.
fn keep_tail(stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut tail: VecDeque<String> = VecDeque::with_capacity(LOG_LINES);
        loop {
            let mut line = Vec::new();
            match stream.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            if tail.len() == LOG_LINES {
                tail.pop_front();
            }
            tail.push_back(String::from_utf8_lossy(&line).trim().to_owned());
        }
        Vec::from(tail).join(" | ")
    })
}
