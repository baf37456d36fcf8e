//! Encodes a tick: each cell's changes and keyframe once, for everybody.

use glam::IVec2;
use throng_shared::cells::{CellGrid, cell_at};
use throng_shared::check::CellCheck;
use throng_shared::ids::Tick;
use throng_shared::limits::CHECK_EVERY_TICKS;
use throng_shared::wire::{
    BoltRecord, CellEvent, Condition, GliderRecord, Motion, Place, ShardRecord, Spliced,
    SteerChange, Trim, encode_into, splice_event, splice_list,
};

use super::frame::{Arrived, Crossing, Seat, Span, TickFrame, Told, narrow};
use crate::sim::{Bolt, Crafted, Happening, Life, Link, Shard, Sim};

/// No cell: it was not in flight.
const NOWHERE: u32 = u32::MAX;

/// A record that was encoded, and the cell in which its thing is.
#[derive(Clone, Copy, Debug)]
struct Placed {
    cell: u32,
    bytes: Span,
}

/// A record that crossed a border of cells.
#[derive(Clone, Copy, Debug)]
struct Crosser {
    into: u32,
    from: u32,
    is_bolt: bool,
    bytes: Span,
}

/// A new heading of a glider that was in the cell before the step.
#[derive(Clone, Copy, Debug)]
struct Steered {
    cell: u32,
    change: SteerChange,
}

/// One event of a cell, to be written among the others of that cell.
#[derive(Clone, Copy, Debug)]
struct Queued {
    cell: u32,
    /// Order among the events of the cell.
    order: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The record of a glider that begins a life.
    Enter(Span),
    /// An encoded `CellEvent`.
    Event(Span),
}

/// Turns the world into frames, and remembers what it must between two ticks.
#[derive(Debug)]
pub struct Replicator {
    grid: CellGrid,
    /// Records and events of this tick, before they are put in the order of cells.
    bytes: Vec<u8>,
    gliders: Vec<Placed>,
    bolts: Vec<Placed>,
    steers: Vec<Steered>,
    events: Vec<Queued>,
    crossers: Vec<Crosser>,
    /// By id, where the record of a living glider is.
    glider_bytes: Vec<Span>,
    checks: Vec<CellCheck>,
    /// Cell after the last tick, by id.
    glider_cells: Vec<u32>,
    bolt_cells: Vec<u32>,
}

impl Replicator {
    #[must_use]
    pub fn new(grid: CellGrid) -> Self {
        Self {
            grid,
            bytes: Vec::new(),
            gliders: Vec::new(),
            bolts: Vec::new(),
            steers: Vec::new(),
            events: Vec::new(),
            crossers: Vec::new(),
            glider_bytes: Vec::new(),
            checks: vec![CellCheck::default(); grid.count()],
            glider_cells: Vec::new(),
            bolt_cells: Vec::new(),
        }
    }

    /// Fills `frame` with the tick that `sim` has just simulated. `arrived` has
    /// the newest input of each player id.
    pub fn replicate(&mut self, sim: &Sim, arrived: &[Option<Arrived>], frame: &mut TickFrame) {
        let tick = sim.tick();
        frame.clear(tick);
        self.bytes.clear();
        self.gliders.clear();
        self.bolts.clear();
        self.steers.clear();
        self.events.clear();
        self.crossers.clear();
        self.forget_cells(sim.happenings());
        sim.each_player(|it| {
            let arrived = arrived.get(it.id.index()).copied().flatten();
            let seat = Seat { eye: it.body.pos, arrived };
            *slot(&mut frame.seats, it.id.index(), None) = Some(seat);
            if it.life == Life::Flying {
                self.extract_glider(sim, &it);
            }
        });
        for bolt in sim.bolts() {
            self.extract_bolt(tick, bolt);
        }
        for (order, happening) in sim.happenings().iter().enumerate() {
            self.tell(sim, order as u32, happening);
        }
        self.write_keyframes(sim, frame);
        self.add_checks(tick);
        self.write_steers(frame);
        self.write_events(frame);
        self.write_crossings(frame);
    }

    /// What begins this tick comes from no cell.
    fn forget_cells(&mut self, happenings: &[Happening]) {
        for happening in happenings {
            if let Happening::Spawned { who, .. } = *happening {
                *slot(&mut self.glider_cells, who.index(), NOWHERE) = NOWHERE;
            }
            if let Happening::Fired { bolt, .. } = *happening {
                *slot(&mut self.bolt_cells, bolt.index(), NOWHERE) = NOWHERE;
            }
        }
    }

    fn extract_glider(&mut self, sim: &Sim, it: &Crafted<'_>) {
        let cell = cell_at(it.body.pos);
        let index = self.grid.index(cell) as u32;
        let start = self.bytes.len();
        encode_into(&mut self.bytes, &glider_record(sim, it, cell));
        let bytes = Span::since(start, &self.bytes);
        self.gliders.push(Placed { cell: index, bytes });
        *slot(&mut self.glider_bytes, it.id.index(), Span::default()) = bytes;
        let before = slot(&mut self.glider_cells, it.id.index(), NOWHERE);
        let from = std::mem::replace(before, index);
        if from != index && from != NOWHERE {
            self.crossers.push(Crosser { into: index, from, is_bolt: false, bytes });
        }
        if is_due(index, sim.tick()) {
            self.checks[index as usize].glider(it.id, it.body, it.helm.steer, condition(it));
        }
    }

    fn extract_bolt(&mut self, tick: Tick, bolt: &Bolt) {
        let cell = cell_at(bolt.flight.pos);
        let index = self.grid.index(cell) as u32;
        let start = self.bytes.len();
        encode_into(&mut self.bytes, &bolt_record(bolt, cell));
        let bytes = Span::since(start, &self.bytes);
        self.bolts.push(Placed { cell: index, bytes });
        let before = slot(&mut self.bolt_cells, bolt.id.index(), NOWHERE);
        let from = std::mem::replace(before, index);
        if from != index && from != NOWHERE {
            self.crossers.push(Crosser { into: index, from, is_bolt: true, bytes });
        }
        if is_due(index, tick) {
            self.checks[index as usize].bolt(bolt.id, &bolt.flight);
        }
    }

    /// Queues what a happening means for the clients that hold its cell.
    fn tell(&mut self, sim: &Sim, order: u32, happening: &Happening) {
        let (cell, event) = match *happening {
            Happening::Steered { who, cell, heading } => {
                let change = SteerChange { who, heading };
                self.steers.push(Steered { cell: cell as u32, change });
                return;
            }
            Happening::Spawned { who, cell } => {
                let what = What::Enter(self.glider_bytes[who.index()]);
                self.events.push(Queued { cell: cell as u32, order, what });
                return;
            }
            Happening::Thrust { who, cell, thrust } => (cell, CellEvent::Thrust { who, thrust }),
            Happening::Dashed { who, cell } => (cell, CellEvent::Dash { who }),
            Happening::Left { who, cell } => {
                let Some(cell) = cell else { return };
                (cell, CellEvent::Leave { who })
            }
            Happening::Withdrew { who, cell } => (cell, CellEvent::Leave { who }),
            Happening::Linked { who, cell, dead } => (cell, CellEvent::Link { who, dead }),
            Happening::Died { who, by, cell, .. } => (cell, CellEvent::Death { who, by }),
            Happening::Health { who, cell, hp } => (cell, CellEvent::Health { who, hp }),
            Happening::Fired { bolt, cell } => {
                let found = sim.bolts().binary_search_by_key(&bolt, |held| held.id);
                let Some(bolt) = found.ok().map(|index| &sim.bolts()[index]) else { return };
                (cell, CellEvent::Fire(bolt_record(bolt, cell_at(bolt.flight.pos))))
            }
            Happening::BoltHit { bolt, cell } => (cell, CellEvent::BoltHit { bolt }),
            Happening::ShardFell { shard, cell } => {
                let held = sim.shards_in(cell).iter().rfind(|held| held.id == shard);
                let Some(shard) = held else { return };
                (cell, CellEvent::Shard(shard_record(shard)))
            }
            Happening::Gathered { shard, by, cell } => (cell, CellEvent::Gathered { shard, by }),
            Happening::Joined { .. }
            | Happening::Returned { .. }
            | Happening::Scored { .. }
            | Happening::Crowned { .. } => return,
        };
        let start = self.bytes.len();
        encode_into(&mut self.bytes, &event);
        self.queue(cell, order, start);
    }

    fn queue(&mut self, cell: usize, order: u32, start: usize) {
        let what = What::Event(Span::since(start, &self.bytes));
        self.events.push(Queued { cell: cell as u32, order, what });
    }

    fn write_keyframes(&mut self, sim: &Sim, frame: &mut TickFrame) {
        // Records were written in the order of ids. A stable sort would take memory.
        self.gliders.sort_unstable_by_key(|placed| (placed.cell, placed.bytes));
        self.bolts.sort_unstable_by_key(|placed| (placed.cell, placed.bytes));
        let mut gliders = self.gliders.as_slice();
        let mut bolts = self.bolts.as_slice();
        for cell in 0..self.grid.count() {
            let start = frame.bytes.len();
            for list in [&mut gliders, &mut bolts] {
                let (here, rest) = list.split_at(run(list, cell));
                let items = here.iter().map(|placed| placed.bytes.of(&self.bytes));
                splice_list(&mut frame.bytes, here.len(), items);
                *list = rest;
            }
            let shards = sim.shards_in(cell);
            encode_into(&mut frame.bytes, &shards.len());
            for shard in shards {
                encode_into(&mut frame.bytes, &shard_record(shard));
                if is_due(cell as u32, sim.tick()) {
                    self.checks[cell].shard(shard.id, shard.value);
                }
            }
            frame.keyframes[cell] = Span::since(start, &frame.bytes);
        }
    }

    /// Queues the check values that are due, as the last event of their cells.
    fn add_checks(&mut self, tick: Tick) {
        let first = tick.0.wrapping_neg() % CHECK_EVERY_TICKS;
        for cell in (first as usize..self.grid.count()).step_by(CHECK_EVERY_TICKS as usize) {
            let value = std::mem::take(&mut self.checks[cell]).value();
            let start = self.bytes.len();
            encode_into(&mut self.bytes, &CellEvent::Check { value });
            self.queue(cell, u32::MAX, start);
        }
    }

    fn write_steers(&mut self, frame: &mut TickFrame) {
        self.steers.sort_unstable_by_key(|steered| (steered.cell, steered.change.who));
        let mut steers = self.steers.iter().peekable();
        for (cell, begin) in (0_u32..).zip(&mut frame.steers) {
            *begin = narrow(frame.bytes.len());
            while let Some(steered) = steers.next_if(|steered| steered.cell == cell) {
                encode_into(&mut frame.bytes, &steered.change);
            }
        }
    }

    fn write_events(&mut self, frame: &mut TickFrame) {
        self.events.sort_unstable_by_key(|queued| (queued.cell, queued.order));
        for events in self.events.chunk_by(|a, b| a.cell == b.cell) {
            let start = frame.bytes.len();
            encode_into(&mut frame.bytes, &events.len());
            for queued in events {
                match queued.what {
                    What::Enter(record) => {
                        splice_event(&mut frame.bytes, Spliced::Enter, record.of(&self.bytes));
                    }
                    What::Event(bytes) => {
                        frame.bytes.extend_from_slice(bytes.of(&self.bytes));
                    }
                }
            }
            let bytes = Span::since(start, &frame.bytes);
            frame.events.push(Told { cell: events[0].cell, bytes });
        }
        frame.events.index(|told| told.cell);
    }

    fn write_crossings(&mut self, frame: &mut TickFrame) {
        // Gliders come first, each kind in the order of its ids.
        self.crossers.sort_unstable_by_key(|crosser| {
            (crosser.into, crosser.from, crosser.is_bolt, crosser.bytes)
        });
        for crossers in self.crossers.chunk_by(|a, b| (a.into, a.from) == (b.into, b.from)) {
            let start = frame.bytes.len();
            encode_into(&mut frame.bytes, &crossers.len());
            for crosser in crossers {
                let event = if crosser.is_bolt { Spliced::BoltArrival } else { Spliced::Arrival };
                splice_event(&mut frame.bytes, event, crosser.bytes.of(&self.bytes));
            }
            let Crosser { into, from, .. } = crossers[0];
            let bytes = Span::since(start, &frame.bytes);
            frame.crossings.push(Crossing { into, from, bytes });
        }
        frame.crossings.index(|crossing| crossing.into);
    }
}

/// Whether a cell's check value is told at this tick; the cells take turns.
fn is_due(cell: u32, tick: Tick) -> bool {
    cell.wrapping_add(tick.0).is_multiple_of(CHECK_EVERY_TICKS)
}

/// The element at `index`, after growing the table to hold it.
fn slot<T: Copy>(table: &mut Vec<T>, index: usize, empty: T) -> &mut T {
    if table.len() <= index {
        table.resize(index + 1, empty);
    }
    &mut table[index]
}

/// How many of a list sorted by cell belong to the first cell, if that is `cell`.
fn run(list: &[Placed], cell: usize) -> usize {
    list.iter().take_while(|placed| placed.cell as usize == cell).count()
}

fn condition(it: &Crafted<'_>) -> Condition {
    Condition::new(it.hp, it.link == Link::Dead)
}

fn glider_record<'a>(sim: &Sim, it: &Crafted<'a>, cell: IVec2) -> GliderRecord<&'a str> {
    let steer = it.helm.steer;
    GliderRecord {
        id: it.id,
        place: Place::new(it.body.pos, cell),
        heading: steer.heading,
        trim: Trim::new(steer.thrust, it.look),
        motion: Motion::of(it.body, steer, sim.rules()),
        condition: condition(it),
        name: it.name,
    }
}

fn bolt_record(bolt: &Bolt, cell: IVec2) -> BoltRecord {
    BoltRecord {
        id: bolt.id,
        owner: bolt.owner,
        place: Place::new(bolt.flight.pos, cell),
        heading: bolt.flight.heading,
        left: bolt.flight.left,
    }
}

fn shard_record(shard: &Shard) -> ShardRecord {
    let place = Place::new(shard.pos, cell_at(shard.pos));
    ShardRecord { id: shard.id, place, value: shard.value }
}
