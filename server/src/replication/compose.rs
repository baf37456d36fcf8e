//! One client's snapshot, from the bytes that all share.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use glam::IVec2;
use throng_shared::cells::Focus;
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::CATCH_UP_TICKS_MAX;
use throng_shared::wire::{Feedback, Splicer, splice_tick};

use super::frame::{Arrived, Seat, TickFrame};

/// The last published ticks, without a gap.
#[derive(Clone, Debug, Default)]
pub struct History {
    frames: VecDeque<Arc<TickFrame>>,
}

impl History {
    /// Adds a tick. A gap before it makes the older ones useless, so they go.
    pub fn push(&mut self, frame: Arc<TickFrame>) {
        if self.newest().is_some_and(|newest| frame.tick().since(newest.tick()) != 1) {
            self.frames.clear();
        }
        if self.frames.len() == CATCH_UP_TICKS_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back(frame);
    }

    #[must_use]
    pub fn newest(&self) -> Option<&TickFrame> {
        self.frames.back().map(Arc::as_ref)
    }

    /// Every tick after `tick`, oldest first, if all of them are still here.
    fn after(&self, tick: Tick) -> Option<impl Iterator<Item = &TickFrame>> {
        let newest = self.newest()?.tick();
        let missed = usize::try_from(newest.since(tick)).ok()?;
        let skip = self.frames.len().checked_sub(missed)?;
        Some(self.frames.iter().skip(skip).map(Arc::as_ref))
    }
}

/// How far one client is. What was written to its socket is what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Tick and cells of its last snapshot; `None` asks for everything.
    held: Option<(Tick, Focus)>,
    /// The input that the client was told of last.
    told: Option<Arrived>,
    /// Whether it sees another's glider: inputs are no news to it.
    looks_on: bool,
}

impl Cursor {
    /// Of a spectator, whom nobody's inputs concern.
    #[must_use]
    pub fn looking_on() -> Self {
        Self { looks_on: true, ..Self::default() }
    }

    /// Tick of the last snapshot.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.held.map(|(tick, _)| tick)
    }

    /// The cells that it holds, unless it has to start anew.
    pub(super) fn held_in(&self, history: &History) -> Option<Focus> {
        self.held.filter(|&(tick, _)| history.after(tick).is_some()).map(|(_, focus)| focus)
    }

    /// Forgets what the client holds: its next snapshot starts anew.
    pub fn restart(&mut self) {
        self.held = None;
    }
}

/// Appends the newest snapshot for player `id` to `out`, as a message without a
/// frame header. False, and nothing written, when there is nothing new for them.
pub fn compose(history: &History, cursor: &mut Cursor, id: NetId, out: &mut Vec<u8>) -> bool {
    let Some(newest) = history.newest() else { return false };
    let Some(seat) = newest.seat(id) else { return false };
    let focus = Focus::around(seat.eye, cursor.held_in(history), newest.grid);
    compose_to(history, cursor, id, focus, out)
}

/// The same, and the client holds the cells of `focus` from then on.
pub(super) fn compose_to(
    history: &History,
    cursor: &mut Cursor,
    id: NetId,
    focus: Focus,
    out: &mut Vec<u8>,
) -> bool {
    let Some(newest) = history.newest() else { return false };
    let Some(seat) = newest.seat(id) else { return false };
    if cursor.tick() == Some(newest.tick()) {
        return false;
    }
    let held = cursor.held.and_then(|(tick, focus)| Some((history.after(tick)?, focus)));
    let feedback = feedback(cursor, seat, newest.tick());
    // The ticks that this client has not seen: at least one, or we had returned.
    let missed = newest.tick().since(cursor.tick().unwrap_or(newest.tick())).unsigned_abs();
    match held {
        Some((_, held)) if missed == 1 && feedback.is_none() && focus == held => {
            splice_tick(out, steers(newest, held), cells(newest, held));
        }
        Some((frames, held)) => {
            let mut splicer = Splicer::begin(out, feedback, missed as usize);
            for frame in frames {
                splicer.tick(steers(frame, held), cells(frame, held));
            }
            if focus == held {
                splicer.end();
            } else {
                splicer.refocus(None, focus, keyframes(newest, focus, Some(held)));
            }
        }
        None => {
            let splicer = Splicer::begin(out, feedback, 0);
            splicer.refocus(Some(newest.tick().0), focus, keyframes(newest, focus, None));
        }
    }
    cursor.held = Some((newest.tick(), focus));
    true
}

/// Appends a snapshot that only takes away what is not in `focus`, for a client that
/// missed ticks: what it is not to hold any more need not be told tick by tick. Who is to
/// hold nothing of what it held starts anew. Nothing is written when nothing is missed.
pub(super) fn trim(history: &History, cursor: &mut Cursor, focus: Focus, out: &mut Vec<u8>) {
    let Some((tick, held)) = cursor.held else { return };
    let missed = history.newest().map_or(0, |newest| newest.tick().since(tick));
    match held.overlap(focus) {
        None => cursor.restart(),
        Some(kept) if kept != held && missed > 1 && history.after(tick).is_some() => {
            Splicer::begin(out, None, 0).refocus(None, kept, std::iter::empty());
            cursor.held = Some((tick, kept));
        }
        Some(_) => {}
    }
}

/// Tells of an input that arrived since the last snapshot.
fn feedback(cursor: &mut Cursor, seat: &Seat, now: Tick) -> Option<Feedback> {
    if cursor.looks_on || seat.arrived == cursor.told {
        return None;
    }
    cursor.told = seat.arrived;
    let Arrived { tick, early } = seat.arrived?;
    let ahead = tick.since(now).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
    Some(Feedback { ack: ahead as i16, early })
}

/// The rows of held cells: the slot of the first cell of each, and its cells.
fn rows(frame: &TickFrame, held: Focus) -> impl Iterator<Item = (u8, Range<usize>)> + Clone {
    let (grid, width, x) = (frame.grid, usize::from(held.w), i32::from(held.x));
    (0..held.h).map(move |row| {
        let first = grid.index(IVec2::new(x, i32::from(held.y) + i32::from(row)));
        (row * held.w, first..first + width)
    })
}

/// The steers of held cells, row by row.
fn steers(frame: &TickFrame, held: Focus) -> impl Iterator<Item = &[u8]> + Clone {
    rows(frame, held).map(|(_, cells)| frame.steers(cells))
}

/// What happened in held cells, arrivals from outside first.
fn cells(frame: &TickFrame, held: Focus) -> impl Iterator<Item = (u8, &[u8])> {
    crossings(frame, held).chain(events(frame, held))
}

fn events(frame: &TickFrame, held: Focus) -> impl Iterator<Item = (u8, &[u8])> {
    rows(frame, held).flat_map(move |(slot, cells)| {
        let first = cells.start;
        frame.events.within(cells).iter().map(move |told| {
            (slot + (told.cell as usize - first) as u8, told.bytes.of(&frame.bytes))
        })
    })
}

/// What came into held cells from cells that are not held.
fn crossings(frame: &TickFrame, held: Focus) -> impl Iterator<Item = (u8, &[u8])> {
    let columns = frame.grid.columns;
    rows(frame, held).flat_map(move |(slot, cells)| {
        let first = cells.start;
        frame.crossings.within(cells).iter().filter_map(move |crossing| {
            let from = crossing.from.cast_signed();
            let from = IVec2::new(from % columns, from / columns);
            let slot = slot + (crossing.into as usize - first) as u8;
            (!held.contains(from)).then(|| (slot, crossing.bytes.of(&frame.bytes)))
        })
    })
}

fn keyframes(frame: &TickFrame, focus: Focus, held: Option<Focus>) -> impl Iterator<Item = &[u8]> {
    focus
        .cells()
        .filter(move |&cell| held.is_none_or(|held| !held.contains(cell)))
        .map(|cell| frame.keyframe(frame.grid.index(cell)))
}
