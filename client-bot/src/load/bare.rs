//! A client of the bare loop: it reads and forgets, and sends as many bytes as a
//! walker's inputs have, as often and as evenly spread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Registry, Token};
use throng_shared::wire::Resume;

use super::player::{Common, Role, SETTLE, Turn};
use super::socket::Socket;
use super::swarm::Guest;
use crate::client::Ended;

/// Bytes of a walker's input with its WebSocket header and mask.
const INPUT: [u8; 16] = [0; 16];

#[derive(Debug)]
pub(super) struct BareGuest {
    socket: Socket,
    due: Instant,
    /// Since when it is connected and settled.
    settled: Option<Instant>,
    last_frame: Option<Instant>,
    /// Bytes of a frame that is not whole yet.
    partial: usize,
}

impl Guest for BareGuest {
    fn connect(
        role: Role,
        _: Option<Resume>,
        common: &Common,
        source: Option<SocketAddr>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let socket = Socket::connect(common.target.address(), source, None, registry, token)?;
        Ok(Self { socket, due: role.due, settled: None, last_frame: None, partial: 0 })
    }

    fn wake(&mut self, event: &Event, turn: &mut Turn<'_>) -> Result<(), Ended> {
        let broken = |error: io::Error| Ended::Broken(error.to_string());
        self.socket.wake(event);
        if self.settled.is_none() {
            if !self.socket.poll_connected().map_err(broken)? {
                return Ok(());
            }
            turn.beat.joined += 1;
            turn.beat.join.add(turn.now.saturating_duration_since(self.due));
            self.settled = Some(turn.now + SETTLE);
        }
        let mut sink = [0; 4096];
        loop {
            match self.socket.read(&mut sink) {
                Ok(0) => return Err(Ended::Broken("the bare loop hung up".to_owned())),
                Ok(count) => self.count(count, turn),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(broken(error)),
            }
        }
    }

    fn steer(&mut self, due: Instant, turn: &mut Turn<'_>) -> Result<(), Ended> {
        let Some(settled) = self.settled else { return Ok(()) };
        if turn.now >= settled {
            turn.beat.lateness.add(turn.now.saturating_duration_since(due));
        }
        match self.socket.write(&INPUT) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(Ended::Broken(error.to_string())),
        }
    }

    fn is_playing(&self) -> bool {
        self.settled.is_some()
    }

    fn keep(&mut self) -> Option<Resume> {
        None
    }

    fn welcomed_at(&self) -> Option<Instant> {
        self.settled
    }

    fn is_leaving(&self) -> bool {
        false
    }

    fn settled_s(&self, now: Instant, length: Duration) -> f64 {
        let since = self.settled.map(|settled| now.saturating_duration_since(settled));
        since.map_or(0.0, |since| since.min(length).as_secs_f64())
    }

    fn poll_timeout(&mut self, _: &Turn<'_>) -> Option<Ended> {
        None
    }

    fn leave(&mut self) -> bool {
        false
    }

    fn tell_open(&self, _: &mut Turn<'_>) {}

    fn go_slowly(&mut self, _: &mut Turn<'_>) -> Result<(), Ended> {
        Ok(())
    }

    fn stalled_since(&self) -> Option<Instant> {
        None
    }
}

impl BareGuest {
    fn count(&mut self, bytes: usize, turn: &mut Turn<'_>) {
        let Some(bare) = turn.common.bare else { return };
        self.partial += bytes;
        let frames = self.partial / bare.frame_bytes;
        self.partial %= bare.frame_bytes;
        if frames == 0 {
            return;
        }
        let before = self.last_frame.replace(turn.now);
        let Some(settled) = self.settled.filter(|&settled| turn.now >= settled) else { return };
        turn.beat.tick_hz = bare.tick_hz;
        turn.beat.snapshots += frames as u64;
        turn.beat.bytes_in += (frames * bare.frame_bytes) as u64;
        if let Some(before) = before.filter(|&before| before >= settled) {
            let gap = turn.now - before;
            turn.beat.gap.add(gap);
            let period = Duration::from_secs(1) / u32::from(bare.tick_hz.max(1));
            turn.beat.gap_corrected.add_corrected(gap, period);
        }
    }
}
