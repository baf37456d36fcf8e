//! What is kept outlives the process, however it ends: killed in the middle of a write, or
//! told to stop.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use throng_shared::prng::Prng;
use throng_shared::wire::{ClientMessage, Hello, Identity, ServerMessage, decode_server, encode};
use tokio_tungstenite::tungstenite::client;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::{Serving, complaint, throng};

/// Kills in a run of the tests; `THRONG_TEST_KILLS` of the environment is another number.
const KILLS: usize = 40;
/// The longest that a writer is left alone after its first word, in microseconds.
const LEFT_ALONE_US: u32 = 12_000;

/// A directory that is gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("throng-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&dir));
        Self(dir)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("the path is text")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the temporary folder, where others clean up, too.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn writer(dir: &Path, from: u32) -> (Child, BufReader<ChildStdout>) {
    let mut command = throng();
    command.args(["store-writer", "--from", &from.to_string(), "--data"]).arg(dir);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary was built");
    let stdout = child.stdout.take().expect("stdout is piped");
    (child, BufReader::new(stdout))
}

/// The scores from one number to another that are in the file, read without our code.
fn kept(dir: &Path, from: u32, to: u32) -> u32 {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let db = Connection::open_with_flags(dir.join("throng.db"), flags).expect("it is a file");
    let counted = "SELECT count(*) FROM scores WHERE day = 0 AND player BETWEEN ?1 AND ?2
        AND shards = player AND name = 'number ' || player";
    db.query_row(counted, [from, to], |row| row.get(0)).expect("it can be read")
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_process_is_killed_at_any_moment() {
    let kills = std::env::var("THRONG_TEST_KILLS").ok().and_then(|text| text.parse().ok());
    let scratch = Scratch::new("killed");
    let mut chance = Prng::new(7);
    let (mut from, mut acknowledged) = (1, 0);
    for kill in 0..kills.unwrap_or(KILLS) {
        let (mut child, mut told) = writer(&scratch.0, from);
        let mut line = String::new();
        // Now and then it is killed before it has said anything, while it opens the file.
        if kill % 8 > 0 {
            told.read_line(&mut line).expect("stdout is text");
            assert!(line.ends_with('\n'), "because it can be opened after kill {kill}");
        }
        let alone = Duration::from_micros(chance.below(LEFT_ALONE_US).into());
        std::thread::sleep(alone);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        let mut last = line.trim().parse::<u32>().ok();
        for line in told.lines() {
            last = line.expect("stdout is text").parse().ok();
        }
        let Some(last) = last else { continue };
        let found = kept(&scratch.0, from, last);
        assert_eq!(found, last + 1 - from, "because {from} to {last} were told, at kill {kill}");
        acknowledged += found;
        // Some were written that nobody was told of.
        from = last + 1_000;
    }
    assert!(kept(&scratch.0, 1, from) >= acknowledged, "because later ones take nothing away");
    assert!(acknowledged as usize > kills.unwrap_or(KILLS) / 2, "because something was kept");
}

/// Says Hello and hears the Welcome: who one is from then on.
fn visit(address: &str, identity: Option<Identity>) -> Identity {
    let stream = std::net::TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time is allowed");
    let (mut socket, _) =
        client(format!("ws://{address}/ws"), stream).expect("the server shakes hands");
    let hello = Hello { identity, ..Hello::guest("Ada", 0) };
    let hello = encode(&ClientMessage::Hello(hello));
    socket.send(Message::binary(hello)).expect("the socket takes it");
    let Message::Binary(bytes) = socket.read().expect("the server answers") else {
        panic!("the first message is a Welcome")
    };
    let Ok(ServerMessage::Welcome(welcome)) = decode_server(&bytes) else {
        panic!("the first message is a Welcome")
    };
    welcome.identity
}

#[cfg(unix)]
#[test]
fn who_was_here_is_known_after_a_restart_and_a_signal_writes_what_waits() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let scratch = Scratch::new("restarted");
    let args = ["--house-bots", "0", "--data", scratch.path()];
    let mut serving = Serving::start_telling(&args);
    let ada = visit(&serving.address, None);
    assert_eq!(visit(&serving.address, Some(ada.clone())), ada);
    let other = complaint(&["--listen", "127.0.0.1:0", "--data", scratch.path()]);
    assert!(other.contains("in use by another server"), "{other}");
    let id = i32::try_from(serving.child.id()).expect("an id is small");
    kill(Pid::from_raw(id), Signal::SIGTERM).expect("it runs");
    serving.child.wait().expect("it ends");
    let log = serving.told();
    assert!(!log.contains("in memory"), "{log}");
    assert!(!scratch.0.join("throng.db-wal").exists(), "because all of it is in the file");
    let db = Connection::open(scratch.0.join("throng.db")).expect("it is a file");
    let name = db.query_row("SELECT name FROM players", (), |row| row.get::<_, String>(0));
    assert_eq!(name, Ok("Ada".to_owned()));
    drop(db);

    let serving = Serving::start(&args);
    assert_eq!(visit(&serving.address, Some(ada.clone())), ada, "because the key was kept");
    assert_ne!(visit(&serving.address, None), ada);
    drop(serving);
    let mut forgetful = Serving::start_telling(&["--house-bots", "0"]);
    assert_ne!(visit(&forgetful.address, Some(ada.clone())), ada, "because it has another key");
    forgetful.child.kill().expect("it runs");
    let log = forgetful.told();
    assert!(log.contains("in memory") && log.contains("--data"), "{log}");
}
