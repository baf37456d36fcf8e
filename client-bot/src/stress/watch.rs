//! What the server tells of itself at `/api/rooms`, asked once a second on a thread of
//! its own, so that a slow answer delays no bot.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize;

use super::outcome::TickCounts;
use crate::report::{Spread, round};

/// Time between two questions.
const EVERY: Duration = Duration::from_secs(1);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Most ticks that a server tells of at once.
const TICKS_MAX: u64 = 20_000;

/// The first room of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Room {
    #[serde(default)]
    pub(super) tick_rate: u32,
    #[serde(default)]
    pub(super) players: usize,
    tick: u64,
    tick_work_us: Micros,
    #[serde(default)]
    interval_deviation_us: f64,
    overruns: u64,
    skipped: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
struct Micros {
    p50: f64,
    p99: f64,
    max: f64,
}

#[derive(Deserialize)]
struct Rooms {
    rooms: Vec<Room>,
}

impl Room {
    /// How long ticks took, drain to publish.
    pub(super) fn work_ms(&self) -> Spread {
        let Micros { p50, p99, max } = self.tick_work_us;
        Spread { p50: p50 / 1000.0, p99: p99 / 1000.0, max: max / 1000.0 }
    }

    /// What was counted since `before`.
    pub(super) fn since(&self, before: &Self) -> TickCounts {
        TickCounts {
            run: self.tick.saturating_sub(before.tick),
            overruns: self.overruns.saturating_sub(before.overruns),
            skipped: self.skipped.saturating_sub(before.skipped),
            interval_deviation_ms: round(self.interval_deviation_us / 1000.0),
        }
    }
}

/// Asks until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    server: SocketAddr,
    last: Arc<Mutex<Option<Room>>>,
    end: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches a server; each answer is about the ticks of the last second.
    pub(super) fn start(server: SocketAddr, tick_hz: u32) -> Self {
        let last = Arc::new(Mutex::new(None));
        let (end, ended) = sync_channel(0);
        let thread = std::thread::spawn({
            let last = Arc::clone(&last);
            move || {
                while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    let answer = ask(server, tick_hz.into()).ok();
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = answer;
                }
            }
        });
        Self { server, last, end: Some(end), thread: Some(thread) }
    }

    /// Ticks a second of a server's first room.
    ///
    /// # Errors
    /// When it does not answer, or with something else.
    pub(super) fn tick_rate(server: SocketAddr) -> io::Result<u32> {
        ask(server, 1).map(|room| room.tick_rate)
    }

    /// The last answer; none when the server gave none.
    pub(super) fn last(&self) -> Option<Room> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks now, about so many ticks, and waits for the answer.
    pub(super) fn ask(&self, ticks: u64) -> Option<Room> {
        ask(self.server, ticks).ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end = None;
        // A thread that panicked has nothing more to say.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn ask(server: SocketAddr, ticks: u64) -> io::Result<Room> {
    let ticks = ticks.clamp(1, TICKS_MAX);
    let mut stream = TcpStream::connect_timeout(&server, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let request = format!(
        "GET /api/rooms?ticks={ticks} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    room_in(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn room_in(answer: &str) -> Option<Room> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then_some(())?;
    serde_json::from_str::<Rooms>(body).ok()?.rooms.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_none() {
        let body = r#"{"rooms":[{"name":"a","tick":70,"overruns":3,"skipped":2,
            "tick_work_us":{"p50":100,"p99":2500,"max":4000},"interval_deviation_us":120.5}]}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{body}");
        let room = room_in(&answer).expect("a room");
        assert_eq!(room.work_ms(), Spread { p50: 0.1, p99: 2.5, max: 4.0 });
        let before = Room { tick: 40, overruns: 1, ..Room::default() };
        let counts = TickCounts { run: 30, overruns: 2, skipped: 2, interval_deviation_ms: 0.121 };
        assert_eq!(room.since(&before), counts);
        for other in ["", "HTTP/1.1 404 Not Found\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\n{}"] {
            assert_eq!(room_in(other), None, "because {other:?} has no room");
        }
    }
}
