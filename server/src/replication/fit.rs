//! A snapshot for which there is only so much room: of the cells that a client is to
//! hold, those around its glider, and new ones only as far as their keyframes fit.

use glam::IVec2;
use throng_shared::cells::{CELL_SUB, Focus, Reach, cell_at};
use throng_shared::ids::NetId;
use throng_shared::limits::{VIEW_HEIGHT, VIEW_WIDTH};

use super::compose::{Cursor, History, compose_to, trim};
use super::frame::TickFrame;

/// Bytes of a change of focus without its keyframes.
const REFOCUS_BYTES: usize = 10;

/// Whom a snapshot is for, and of what.
#[derive(Debug)]
pub struct Viewer<'a> {
    pub history: &'a History,
    pub cursor: &'a mut Cursor,
    pub id: NetId,
}

/// What was composed.
#[derive(Clone, Copy, Debug)]
pub struct Fitted {
    /// Length of the first of two messages.
    pub split: usize,
    /// Whether all cells are held that should be.
    pub is_whole: bool,
}

impl Viewer<'_> {
    /// Appends to `out` the newest snapshot of a part of the view, at most `room` bytes
    /// in two messages, of which the first may be empty. The cells that are held stay as
    /// far as they are in that part. When what happened in them since needs more than
    /// that, nothing is written, or no more than that if it `must` be.
    pub fn fit(
        &mut self,
        reach: Reach,
        room: usize,
        must: bool,
        out: &mut Vec<u8>,
    ) -> Option<Fitted> {
        let newest = self.history.newest()?;
        let eye = newest.seat(self.id)?.eye;
        let held = self.cursor.held_in(self.history);
        let shown = Focus::within(reach, eye, held, newest.grid);
        let part = Part { newest, held, shown, eye };
        let kept = part.grow(part.own(), 0);
        let begin = out.len();
        let mut least = *self.cursor;
        let split = self.put(kept, &mut least, out)?;
        let told = out.len() - begin;
        if told > room && !must {
            out.truncate(begin);
            return None;
        }
        let left = room.saturating_sub(told + REFOCUS_BYTES);
        let focus = part.grow(kept, left);
        if focus != kept {
            let mut most = *self.cursor;
            let end = out.len();
            let split = self.put(focus, &mut most, out);
            // A side that was held need not be paid for, but what happened there is told.
            if let Some(split) = split.filter(|_| out.len() - end <= room) {
                out.drain(begin..end);
                *self.cursor = most;
                return Some(Fitted { split, is_whole: focus == shown });
            }
            out.truncate(end);
        }
        *self.cursor = least;
        Some(Fitted { split, is_whole: kept == shown })
    }

    /// Takes away what is not in `focus`, and then tells the rest.
    fn put(&self, focus: Focus, cursor: &mut Cursor, out: &mut Vec<u8>) -> Option<usize> {
        let begin = out.len();
        trim(self.history, cursor, focus, out);
        let split = out.len() - begin;
        compose_to(self.history, cursor, self.id, focus, out).then_some(split)
    }
}

/// The part of a view that is to be held.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    newest: &'a TickFrame,
    held: Option<Focus>,
    shown: Focus,
    eye: IVec2,
}

impl Part<'_> {
    /// The cell of the client's own glider.
    fn own(&self) -> Focus {
        let whole = Focus { x: 0, y: 0, w: 1, h: 1 };
        let cell = cell_at(self.eye);
        let within = |cell: i32, first: u8, count: u8| {
            cell.clamp(i32::from(first), i32::from(first) + i32::from(count) - 1) as u8
        };
        let Focus { x, y, w, h } = self.shown;
        Focus { x: within(cell.x, x, w), y: within(cell.y, y, h), ..whole }
    }

    /// Adds rows and columns as long as the keyframes of new cells have `room`: what is
    /// held first, and then the nearest.
    fn grow(&self, mut focus: Focus, mut room: usize) -> Focus {
        loop {
            let wider = self.sides(focus).map(|(gap, wider)| (self.cost(focus, wider), gap, wider));
            let nearest = wider
                .filter(|&(cost, ..)| cost <= room)
                .min_by_key(|&(cost, gap, _)| (cost > 0, gap));
            let Some((cost, _, wider)) = nearest else { return focus };
            (focus, room) = (wider, room - cost);
        }
    }

    /// One row or column more on each side where there is one, and how near it is, as a
    /// part of the view.
    fn sides(&self, focus: Focus) -> impl Iterator<Item = (i32, Focus)> {
        let Focus { x, y, w, h } = focus;
        let at = |cell: u8| i32::from(cell) * CELL_SUB;
        let wider = |x, w| Focus { x, w, ..focus };
        let higher = |y, h| Focus { y, h, ..focus };
        let eye = self.eye;
        let shown = self.shown;
        [
            x.checked_sub(1).map(|left| ((eye.x - at(x)) * VIEW_HEIGHT, wider(left, w + 1))),
            Some(((at(x + w) - eye.x) * VIEW_HEIGHT, wider(x, w + 1))),
            y.checked_sub(1).map(|top| ((eye.y - at(y)) * VIEW_WIDTH, higher(top, h + 1))),
            Some(((at(y + h) - eye.y) * VIEW_WIDTH, higher(y, h + 1))),
        ]
        .into_iter()
        .flatten()
        .filter(move |&(_, wider)| wider.overlap(shown) == Some(wider))
    }

    /// Bytes of the keyframes that come with more cells.
    fn cost(&self, focus: Focus, wider: Focus) -> usize {
        let is_new = |cell: &IVec2| {
            !focus.contains(*cell) && self.held.is_none_or(|held| !held.contains(*cell))
        };
        let frame = |cell| self.newest.keyframe(self.newest.grid.index(cell)).len();
        wider.cells().filter(is_new).map(frame).sum()
    }
}
