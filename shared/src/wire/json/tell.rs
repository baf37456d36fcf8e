//! What a client that does not simulate is told beside the message: the tick of a
//! snapshot, and the cell of what is in one.

use super::tree::Tree;
use super::{to_json, tree_of};
use crate::cells::Focus;
use crate::wire::{Refocus, ServerMessage, Snapshot, TickDelta};

/// Counts ticks and holds the focus as the client would have to.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    tick: u32,
    focus: Option<Focus>,
}

impl Teller {
    /// The JSON of a message, with `tick` in `Snapshot` and `Tick`, and `cell` (column and
    /// row) in each `CellDelta` and `CellKeyframe`.
    pub fn tell(&mut self, message: &ServerMessage) -> String {
        match message {
            ServerMessage::Welcome(welcome) => {
                self.tick = welcome.tick;
                self.focus = None;
                to_json(message)
            }
            ServerMessage::Snapshot(snapshot) => {
                let mut tree = tree_of(message);
                self.mark_snapshot(snapshot, &mut tree);
                tree.text()
            }
            ServerMessage::Tick(delta) => {
                let mut tree = tree_of(message);
                self.tick = self.tick.wrapping_add(1);
                self.mark_tick(delta, &mut tree);
                tree.insert(1, "tick", Tree::Number(self.tick.into()));
                tree.text()
            }
            ServerMessage::Ping { .. }
            | ServerMessage::Event { .. }
            | ServerMessage::Goodbye { .. } => to_json(message),
        }
    }

    fn mark_snapshot(&mut self, snapshot: &Snapshot, tree: &mut Tree) {
        let ticks = tree.field("ticks").map(Tree::items).unwrap_or_default();
        for (delta, tick) in snapshot.ticks.iter().zip(ticks) {
            self.tick = self.tick.wrapping_add(1);
            self.mark_tick(delta, tick);
        }
        if let Some(Refocus { restart, focus, .. }) = &snapshot.refocus {
            self.tick = restart.unwrap_or(self.tick);
            let held = self.focus.filter(|_| restart.is_none());
            let keyframes = tree.field("refocus").and_then(|it| it.field("keyframes"));
            let new = focus.cells().filter(|&cell| held.is_none_or(|held| !held.contains(cell)));
            for (cell, keyframe) in new.zip(keyframes.map(Tree::items).unwrap_or_default()) {
                keyframe.insert(0, "cell", Tree::point(cell.x.into(), cell.y.into()));
            }
            self.focus = Some(*focus);
        }
        tree.insert(1, "tick", Tree::Number(self.tick.into()));
    }

    fn mark_tick(&self, delta: &TickDelta, tree: &mut Tree) {
        let cells = tree.field("cells").map(Tree::items).unwrap_or_default();
        for (told, tree) in delta.cells.iter().zip(cells) {
            if let Some(cell) = self.focus.and_then(|focus| focus.cell(told.slot)) {
                tree.insert(0, "cell", Tree::point(cell.x.into(), cell.y.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{CellDelta, CellKeyframe};

    #[test]
    fn ticks_are_counted_and_cells_are_named() {
        let mut teller = Teller::default();
        let focus = |x| Focus { x, y: 2, w: 2, h: 1 };
        let refocus = |restart, x, count| Snapshot {
            refocus: Some(Refocus {
                restart,
                focus: focus(x),
                keyframes: vec![CellKeyframe::default(); count],
            }),
            ..Snapshot::default()
        };
        let restart = teller.tell(&ServerMessage::Snapshot(refocus(Some(70), 3, 2)));
        assert!(restart.starts_with(r#"{"type":"Snapshot","tick":70,"#), "{restart}");
        assert!(restart.contains(r#"[{"cell":{"x":3,"y":2},"#), "{restart}");
        assert!(restart.contains(r#",{"cell":{"x":4,"y":2},"#), "{restart}");
        let cells = vec![CellDelta { slot: 1, events: vec![] }];
        let tick = teller.tell(&ServerMessage::Tick(TickDelta { steers: vec![], cells }));
        assert_eq!(
            tick,
            r#"{"type":"Tick","tick":71,"steers":[],"cells":[{"cell":{"x":4,"y":2},"slot":1,"events":[]}]}"#
        );
        let moved = teller.tell(&ServerMessage::Snapshot(refocus(None, 4, 1)));
        assert!(moved.contains(r#""keyframes":[{"cell":{"x":5,"y":2},"#), "because 4 was held");
        assert!(moved.contains(r#""tick":71"#), "because no tick passed: {moved}");
    }
}
