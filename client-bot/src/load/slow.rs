//! Bots on bad links: those whose link carries two thirds of what they are sent, and
//! those that stop reading.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use throng_shared::ids::Tick;
use throng_shared::limits::INPUT_STALE_MS;

/// What the link of a bot is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkKind {
    /// As fast as the machine.
    Fast,
    /// Late by [`DELAY`] each way, and soon too narrow.
    Slow,
    /// Fast, until it carries nothing more.
    Stalling,
}

/// What bytes take on a slow link, each way.
const DELAY: Duration = Duration::from_millis(20);
/// For so long a slow link carries everything, to learn how much that is.
const LEARN: Duration = Duration::from_secs(2);
/// Part of it that the link carries from then on.
const PART: f64 = 2.0 / 3.0;
/// From the moment at which the link becomes narrow to the first age that counts: what
/// was on its way then has to pass, and the server to notice.
const SETTLE: Duration = Duration::from_secs(4);
/// What a link can carry at once after it was idle.
const BURST: Duration = Duration::from_millis(4);
/// Receive buffer of bots on bad links, in bytes: the kernel's own would hold seconds.
pub(super) const RECEIVE_BUFFER_BYTES: usize = 2 << 10;
/// From the Welcome to the moment at which a stalling bot stops reading.
pub(super) const STALL_AFTER: Duration = Duration::from_secs(4);
/// Ticks of which the first sight is known.
const TICKS_KNOWN: usize = 256;

/// A link that is slow in both directions, between a socket and its bot.
#[derive(Debug)]
pub(super) struct SlowLink {
    began: Instant,
    /// Bytes that came while it learned.
    learned: usize,
    /// Bytes a second, once known, and since when.
    rate: Option<(f64, Instant)>,
    /// Bytes that it may carry now, and since when that is so.
    allowance: f64,
    filled: Instant,
    inbound: VecDeque<(Instant, Vec<u8>)>,
    outbound: VecDeque<(Instant, Vec<u8>)>,
}

impl SlowLink {
    /// A link whose bot was welcomed now.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            learned: 0,
            rate: None,
            allowance: 0.0,
            filled: now,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
        }
    }

    /// Whether it has been narrow for a while.
    pub(super) fn has_settled(&self, now: Instant) -> bool {
        self.rate.is_some_and(|(_, since)| now.saturating_duration_since(since) >= SETTLE)
    }

    /// Puts bytes on their way to the server.
    pub(super) fn send(&mut self, now: Instant, bytes: Vec<u8>) {
        self.outbound.push_back((now + DELAY, bytes));
    }

    /// Whether what is sent now would wait behind what the server does not take.
    pub(super) fn is_clogged(&self, now: Instant) -> bool {
        let stale = Duration::from_millis(INPUT_STALE_MS);
        self.outbound.front().is_some_and(|(due, _)| now.saturating_duration_since(*due) >= stale)
    }

    /// Moves what the link carries now; what has arrived at the bot is to be
    /// [`received`](Self::receive).
    ///
    /// # Errors
    /// When the socket breaks, or ends.
    pub(super) fn carry(
        &mut self,
        socket: &mut (impl Read + Write),
        scratch: &mut [u8],
        now: Instant,
    ) -> io::Result<()> {
        while let Some((due, bytes)) = self.outbound.front()
            && *due <= now
        {
            match socket.write(bytes) {
                Ok(sent) if sent == bytes.len() => drop(self.outbound.pop_front()),
                Ok(_) => return Err(io::Error::other("the server reads nothing")),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        loop {
            let most = self.room(now).min(scratch.len());
            if most == 0 {
                return Ok(());
            }
            match socket.read(&mut scratch[..most]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.allowance -= count as f64;
                    self.learned += count;
                    self.inbound.push_back((now + DELAY, scratch[..count].to_vec()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Bytes that the link takes now.
    fn room(&mut self, now: Instant) -> usize {
        let age = now.saturating_duration_since(self.began);
        if self.rate.is_none() && age >= LEARN {
            self.rate = Some((self.learned as f64 / age.as_secs_f64() * PART, now));
            self.filled = now;
            self.allowance = 0.0;
        }
        let Some((rate, _)) = self.rate else { return usize::MAX };
        let idle = now.saturating_duration_since(self.filled);
        self.filled = now;
        // Bytes are whole: what is left of one must not be lost.
        let most = (rate * BURST.as_secs_f64()).max(2.0);
        self.allowance = (self.allowance + rate * idle.as_secs_f64()).min(most);
        self.allowance.max(0.0) as usize
    }

    /// The next bytes that have arrived at the bot.
    pub(super) fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (due, _) = self.inbound.front()?;
        if *due > now {
            return None;
        }
        self.inbound.pop_front().map(|(_, bytes)| bytes)
    }
}

/// When any bot of a load saw a tick first: that is how old it is for the others.
#[derive(Debug)]
pub(super) struct FirstSight {
    seen: [Option<(Tick, Instant)>; TICKS_KNOWN],
}

impl Default for FirstSight {
    fn default() -> Self {
        Self { seen: [None; TICKS_KNOWN] }
    }
}

impl FirstSight {
    /// A bot has a snapshot of `tick`: since when the first of them has one, if that
    /// is still known.
    pub(super) fn of(&mut self, tick: Tick, now: Instant) -> Option<Duration> {
        let known = &mut self.seen[tick.0 as usize % TICKS_KNOWN];
        match *known {
            Some((it, since)) if it == tick => Some(now.saturating_duration_since(since)),
            Some((it, _)) if it.since(tick) > 0 => None,
            Some(_) | None => {
                *known = Some((tick, now));
                Some(Duration::ZERO)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that has `waiting` bytes, and takes everything.
    #[derive(Default)]
    struct Endless {
        waiting: usize,
        written: usize,
    }

    impl Read for Endless {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = buf.len().min(self.waiting);
            self.waiting -= count;
            if count == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(count) }
        }
    }

    impl Write for Endless {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_link_learns_its_stream_and_then_carries_two_thirds_of_it() {
        let began = Instant::now();
        let mut link = SlowLink::new(began);
        let mut socket = Endless::default();
        let mut scratch = [0; 4096];
        let (mut came, mut received) = ([0; 12], 0);
        for ms in 1..=12_000_u64 {
            let now = began + Duration::from_millis(ms);
            // A thousand bytes a second, fifty at once.
            if ms % 50 == 0 {
                socket.waiting += 50;
            }
            link.carry(&mut socket, &mut scratch, now).expect("it never breaks");
            while let Some(bytes) = link.receive(now) {
                received += bytes.len();
                came[(ms as usize - 1) / 1000] += bytes.len();
            }
        }
        assert!((950..=1000).contains(&came[1]), "because it learns: {came:?}");
        for second in 3..12 {
            assert!((650..=680).contains(&came[second]), "in second {second}: {came:?}");
        }
        assert_eq!(received + socket.waiting + 13, 12_000, "because nothing is lost");
    }

    #[test]
    fn bytes_take_their_time_each_way() {
        let began = Instant::now();
        let mut link = SlowLink::new(began);
        let mut socket = Endless { waiting: 10, written: 0 };
        let mut scratch = [0; 64];
        link.send(began, vec![1, 2, 3]);
        let before = began + DELAY - Duration::from_millis(1);
        for (now, written, arrived) in
            [(began, 0, false), (before, 0, false), (began + DELAY, 3, true)]
        {
            link.carry(&mut socket, &mut scratch, now).expect("it never breaks");
            assert_eq!(socket.written, written);
            assert_eq!(link.receive(now).is_some(), arrived);
        }
    }

    #[test]
    fn a_tick_is_as_old_as_its_first_sight() {
        let began = Instant::now();
        let mut ticks = FirstSight::default();
        let late = began + Duration::from_millis(70);
        assert_eq!(ticks.of(Tick(7), began), Some(Duration::ZERO));
        assert_eq!(ticks.of(Tick(7), late), Some(Duration::from_millis(70)));
        assert_eq!(ticks.of(Tick(7 + TICKS_KNOWN as u32), late), Some(Duration::ZERO));
        assert_eq!(ticks.of(Tick(7), late), None, "because that is too long ago");
    }
}
