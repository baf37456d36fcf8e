//! A virtual network: what TCP does to bytes, on a clock that somebody else keeps. Nothing
//! is lost or swapped within a connection; it is late, slow, cut to pieces, or ends.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use throng_shared::prng::Prng;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::transition::End;

/// Bytes that one direction holds before its sender's socket is full.
const WINDOW_BYTES: usize = 64 << 10;
/// Time between two segments of one byte.
const CRUMB: Duration = Duration::from_micros(40);

/// Bytes taken from the server's socket at once.
const READ_BYTES: usize = 4 << 10;
/// Segments of a narrow link, in bytes.
const NARROW_BYTES: usize = 200;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    Up,
    Down,
}

/// What a client's socket has to give and to take.
#[derive(Debug, Default)]
pub(crate) struct Mem {
    inbound: VecDeque<u8>,
    outbound: Vec<u8>,
    end: Option<End>,
}

impl Mem {
    /// Whether a read would bring anything, the end among it.
    pub(crate) fn has_news(&self) -> bool {
        !self.inbound.is_empty() || self.end.is_some()
    }

    /// It is over. Of a reset some systems tell only behind what came before it, and others at
    /// once, `forgetting` what nobody has read.
    fn end(&mut self, end: End, forgetting: bool) {
        if self.end.is_none() {
            self.end = Some(end);
            if end == End::Reset && forgetting {
                self.inbound.clear();
            }
        }
    }
}

impl Read for Mem {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.inbound.is_empty() {
            return self.inbound.read(buf);
        }
        match self.end {
            Some(End::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(End::ByServer | End::ByClient) => Ok(0),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Mem {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.end.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.outbound.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One direction of a link.
#[derive(Debug, Default)]
struct Lane {
    segments: VecDeque<(Duration, Vec<u8>)>,
    waiting: usize,
    newest: Duration,
    stalled_until: Duration,
    crumbled_until: Duration,
    /// Bytes a second, and until when.
    narrow: Option<(u32, Duration)>,
    is_hole: bool,
}

impl Lane {
    fn take(&mut self, now: Duration, delay: Duration, bytes: &[u8]) {
        let crumbs = now < self.crumbled_until;
        let narrow = self.narrow.filter(|&(_, until)| now < until);
        let piece_bytes = if crumbs { 1 } else { narrow.map_or(usize::MAX, |_| NARROW_BYTES) };
        for piece in bytes.chunks(piece_bytes) {
            let mut due = self.newest.max(now + delay);
            if crumbs {
                due += CRUMB;
            }
            if let Some((rate, _)) = narrow {
                due += Duration::from_secs(1) * piece.len() as u32 / rate;
            }
            self.newest = due;
            self.waiting += piece.len();
            self.segments.push_back((due, piece.to_vec()));
        }
    }

    /// What arrives now, the first of it.
    fn arrive(&mut self, now: Duration) -> Option<Vec<u8>> {
        let is_open = !self.is_hole && now >= self.stalled_until;
        if !is_open || self.segments.front().is_none_or(|&(due, _)| due > now) {
            return None;
        }
        let (_, bytes) = self.segments.pop_front()?;
        self.waiting -= bytes.len();
        Some(bytes)
    }

    /// Puts back what found no place.
    fn return_rest(&mut self, now: Duration, bytes: Vec<u8>) {
        self.waiting += bytes.len();
        self.segments.push_front((now, bytes));
    }

    fn room(&self) -> usize {
        WINDOW_BYTES.saturating_sub(self.waiting)
    }

    fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}

/// What a step carried.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) up: usize,
    pub(crate) down: usize,
    /// What left the server, before the network has it.
    pub(crate) left: Vec<u8>,
    pub(crate) end: Option<End>,
}

/// The way between a client's socket and the server's.
#[derive(Debug)]
pub(crate) struct Link {
    /// The other end of what the server holds; none when it is over.
    far: Option<DuplexStream>,
    up: Lane,
    down: Lane,
    delay: Duration,
    jitter_us: u32,
    /// The line is reset after so many more bytes of a direction.
    reset_after: Option<(Way, usize)>,
    has_hung_up: bool,
    server_is_done: bool,
    chance: Prng,
    scratch: Box<[u8]>,
}

impl Link {
    pub(crate) fn new(far: DuplexStream, delay: Duration, jitter_us: u32, chance: Prng) -> Self {
        Self {
            far: Some(far),
            up: Lane::default(),
            down: Lane::default(),
            delay,
            jitter_us,
            reset_after: None,
            has_hung_up: false,
            server_is_done: false,
            chance,
            scratch: vec![0; READ_BYTES].into(),
        }
    }

    pub(crate) fn stall(&mut self, until: Duration) {
        self.up.stalled_until = until;
        self.down.stalled_until = until;
    }

    pub(crate) fn narrow(&mut self, bytes_per_s: u32, until: Duration) {
        self.up.narrow = Some((bytes_per_s, until));
        self.down.narrow = Some((bytes_per_s, until));
    }

    pub(crate) fn crumble(&mut self, until: Duration) {
        self.up.crumbled_until = until;
        self.down.crumbled_until = until;
    }

    /// Nothing arrives any more in one direction, and nobody is told.
    pub(crate) fn swallow(&mut self, way: Way) {
        self.lane(way).is_hole = true;
    }

    /// The line will be reset, in the middle of whatever that is.
    pub(crate) fn reset_after(&mut self, way: Way, bytes: usize) {
        self.reset_after = Some((way, bytes));
    }

    /// Ends it for both at once.
    pub(crate) fn cut(&mut self) {
        self.far = None;
        self.up.segments.clear();
        self.down.segments.clear();
    }

    /// The client closes its socket: the server learns of it behind what was said before.
    pub(crate) fn hang_up(&mut self) {
        self.has_hung_up = true;
    }

    /// Faults are over. A line with a hole in it is no line: then somebody learns of it.
    pub(crate) fn mend(&mut self) {
        self.stall(Duration::ZERO);
        self.up.narrow = None;
        self.down.narrow = None;
        self.crumble(Duration::ZERO);
        self.reset_after = None;
        if self.up.is_hole || self.down.is_hole {
            self.cut();
        }
    }

    /// Whether nothing can happen on it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.far.is_none()
    }

    /// Whether what leaves the server may be older than what the server does now, because
    /// its socket was full.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.down.room() == 0
    }

    fn lane(&mut self, way: Way) -> &mut Lane {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }

    /// Moves what is due between the two sockets.
    pub(crate) fn carry(&mut self, now: Duration, mem: &mut Mem) -> Carried {
        let mut carried = Carried::default();
        if self.far.is_none() {
            if mem.end.is_none() {
                carried.end = Some(End::Reset);
                mem.end(End::Reset, self.chance.one_in(2));
            }
            return carried;
        }
        if !mem.outbound.is_empty() && self.up.room() > 0 {
            let delay = self.delay();
            let bytes = std::mem::take(&mut mem.outbound);
            self.up.take(now, delay, &bytes);
        }
        self.listen(now, mem, &mut carried);
        self.arrive_down(now, mem, &mut carried);
        self.arrive_up(now, &mut carried);
        if self.far.is_none() {
            carried.end = Some(End::Reset);
        } else if self.has_hung_up && self.up.is_empty() {
            self.cut();
            carried.end = Some(End::ByClient);
        } else if self.server_is_done && self.down.is_empty() {
            self.cut();
            carried.end = Some(End::ByServer);
        }
        if let Some(end) = carried.end {
            mem.end(end, self.chance.one_in(2));
        }
        carried
    }

    /// Takes what the server has written, as far as there is room.
    fn listen(&mut self, now: Duration, mem: &Mem, carried: &mut Carried) {
        let delay = self.delay();
        let unread = if self.has_hung_up { 0 } else { mem.inbound.len() };
        let buf = &mut self.scratch;
        while let Some(far) = &mut self.far {
            let room = self.down.room().saturating_sub(unread).min(buf.len());
            if room == 0 || self.server_is_done {
                break;
            }
            let mut into = ReadBuf::new(&mut buf[..room]);
            match Pin::new(far).poll_read(&mut noop(), &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                    carried.left.extend_from_slice(into.filled());
                    self.down.take(now, delay, into.filled());
                }
                Poll::Ready(Ok(()) | Err(_)) => self.server_is_done = true,
                Poll::Pending => break,
            }
        }
    }

    fn arrive_down(&mut self, now: Duration, mem: &mut Mem, carried: &mut Carried) {
        while let Some(mut bytes) = self.down.arrive(now) {
            let is_reset = self.count(Way::Down, &mut bytes);
            carried.down += bytes.len();
            if !self.has_hung_up {
                mem.inbound.extend(bytes);
            }
            if is_reset {
                self.cut();
            }
        }
    }

    fn arrive_up(&mut self, now: Duration, carried: &mut Carried) {
        while self.far.is_some()
            && let Some(mut bytes) = self.up.arrive(now)
        {
            let is_reset = self.count(Way::Up, &mut bytes);
            let Some(far) = &mut self.far else { return };
            let mut written = 0;
            while written < bytes.len() {
                match Pin::new(&mut *far).poll_write(&mut noop(), &bytes[written..]) {
                    Poll::Ready(Ok(count)) => written += count,
                    Poll::Ready(Err(_)) => {
                        // A server that hung up throws away what comes.
                        written = bytes.len();
                    }
                    Poll::Pending => break,
                }
            }
            carried.up += written;
            if is_reset {
                self.cut();
            } else if written < bytes.len() {
                self.up.return_rest(now, bytes.split_off(written));
                return;
            }
        }
    }

    /// Shortens bytes to those before a reset; whether it comes now.
    fn count(&mut self, way: Way, bytes: &mut Vec<u8>) -> bool {
        match &mut self.reset_after {
            Some((of, left)) if *of == way => {
                let is_reset = *left <= bytes.len();
                bytes.truncate(*left);
                *left -= bytes.len();
                is_reset
            }
            Some(_) | None => false,
        }
    }

    fn delay(&mut self) -> Duration {
        self.delay + Duration::from_micros(self.chance.below(self.jitter_us + 1).into())
    }
}

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Finds the messages in what leaves the server.
#[derive(Debug, Default)]
pub(crate) struct Splitter(Vec<u8>);

/// A frame that left the server whole.
#[derive(Debug)]
pub(crate) enum Leaving {
    Message(Vec<u8>),
    /// A close frame, with its code.
    Close(u16),
    Other,
}

impl Splitter {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole frame. Frames of a server are whole messages and have no mask.
    pub(crate) fn next(&mut self) -> Option<Leaving> {
        let (&opcode, &len) = (self.0.first()?, self.0.get(1)?);
        let (head, len) = match len {
            126 => (4, usize::from(u16::from_be_bytes(self.0.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(self.0.get(2..10)?.try_into().ok()?) as usize),
            short => (2, usize::from(short)),
        };
        if self.0.len() < head + len {
            return None;
        }
        let rest = self.0.split_off(head + len);
        let frame = std::mem::replace(&mut self.0, rest);
        let payload = &frame[head..];
        Some(match opcode {
            0x82 => Leaving::Message(payload.to_vec()),
            0x88 => {
                let code = payload.first_chunk().map_or(1005, |&code| u16::from_be_bytes(code));
                Leaving::Close(code)
            }
            _ => Leaving::Other,
        })
    }
}
