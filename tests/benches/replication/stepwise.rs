//! Delta to the last tick: every end expects the same of each glider it holds, and
//! a cell's chunk tells of those that did something else.
//!
//! A chunk is over the gliders that were in the cell a tick ago, by id: one bit
//! each, and after a set bit the surprise. Every end follows them across borders,
//! so only what comes in over the rim of the focus is told whole.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use throng::replication::Seat;
use throng_shared::cells::{CellGrid, Focus, cell_at};
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::CATCH_UP_TICKS_MAX;
use throng_shared::map::TileMap;
use throng_shared::motion::Rules;

use super::bits::{BitReader, BitWriter};
use super::laws::Law;
use super::parts::{
    Cursor, Pairs, Seen, Who, put_chunks, put_count, take_count, take_leap, take_marks, take_pairs,
};
use super::{Reader, Replication, Workload};

const NOWHERE: u32 = u32::MAX;

/// One tick's bytes.
#[derive(Default)]
struct Frame {
    tick: Tick,
    bytes: Vec<u8>,
    /// By cell; empty where everything went as expected.
    chunks: Vec<Range<usize>>,
    keyframes: Vec<Range<usize>>,
    crossings: Pairs,
    seats: Vec<Seat>,
}

pub(crate) struct Stepwise<L: Law> {
    grid: CellGrid,
    before: Vec<L::State>,
    now: Vec<L::State>,
    /// By id, the cell after the last tick.
    cells: Vec<u32>,
    /// By cell, who was there after the last tick.
    members: Vec<Vec<NetId>>,
    crossers: Vec<(u32, u32, NetId)>,
    /// The whole of each glider, by id, once for keyframes and crossings.
    records: Vec<Range<usize>>,
    record_bytes: Vec<u8>,
    frames: VecDeque<Frame>,
    cursors: Vec<Cursor>,
}

impl<L: Law> Replication for Stepwise<L> {
    type Reader = StepReader<L>;

    fn new(world: &Workload) -> Self {
        let (grid, players) = (world.sim().grid(), world.sim().players());
        Self {
            grid,
            before: Vec::new(),
            now: Vec::new(),
            cells: vec![NOWHERE; players],
            members: vec![Vec::new(); grid.count()],
            crossers: Vec::new(),
            records: Vec::new(),
            record_bytes: Vec::new(),
            frames: VecDeque::new(),
            cursors: vec![Cursor::default(); players],
        }
    }

    fn encode(&mut self, world: &Workload) {
        let mut frame = match self.frames.len() {
            CATCH_UP_TICKS_MAX => self.frames.pop_front().unwrap_or_default(),
            _ => Frame::default(),
        };
        frame.tick = world.sim().tick();
        frame.bytes.clear();
        frame.seats.clear();
        self.extract(world, &mut frame.seats);
        self.write_chunks(&mut frame);
        self.write_keyframes(&mut frame);
        let Frame { crossings, bytes, .. } = &mut frame;
        crossings.write(&mut self.crossers, bytes, |id, out| {
            out.extend_from_slice(&self.record_bytes[self.records[id.index()].clone()]);
        });
        self.frames.push_back(frame);
    }

    fn gather(&mut self, client: NetId, out: &mut Vec<u8>) {
        let Self { grid, frames, cursors, .. } = self;
        let Some(newest) = frames.back() else { return };
        let seat = newest.seats[client.index()];
        let cursor = &mut cursors[client.index()];
        let leap = cursor.leap(newest.tick, seat, frames.len(), *grid, out);
        if let Some(held) = leap.before {
            for frame in frames.iter().skip(frames.len() - leap.ticks) {
                put_chunks(out, held, *grid, |cell| frame.chunks[cell].clone(), &frame.bytes);
                frame.crossings.put(out, held, *grid, &frame.bytes);
            }
        }
        for cell in leap.new_cells() {
            out.extend_from_slice(&newest.bytes[newest.keyframes[grid.index(cell)].clone()]);
        }
    }
}

impl<L: Law> Stepwise<L> {
    fn extract(&mut self, world: &Workload, seats: &mut Vec<Seat>) {
        let (tick, rules) = (world.sim().tick(), world.sim().rules());
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
        self.records.clear();
        self.record_bytes.clear();
        world.each(|it, seat| {
            let index = it.id.index();
            assert_eq!(index, self.now.len(), "nobody comes or goes during a trial");
            let state = L::observe(it, self.before.get(index), tick);
            let cell = cell_at(it.body.pos);
            let into = self.grid.index(cell) as u32;
            let from = std::mem::replace(&mut self.cells[index], into);
            if from != into && from != NOWHERE {
                self.crossers.push((into, from, it.id));
            }
            let start = self.record_bytes.len();
            let mut bits = BitWriter::new(&mut self.record_bytes);
            bits.put(u32::from(it.id.0), 16);
            L::put(&mut bits, &state, cell, rules);
            Who::put(&mut bits, it);
            bits.end();
            self.records.push(start..self.record_bytes.len());
            self.now.push(state);
            seats.push(seat);
        });
    }

    fn write_chunks(&mut self, frame: &mut Frame) {
        frame.chunks.clear();
        for members in &self.members {
            let start = frame.bytes.len();
            let states =
                || members.iter().map(|id| (&self.before[id.index()], &self.now[id.index()]));
            if states().any(|(before, now)| !L::is_expected(before, now)) {
                let mut bits = BitWriter::new(&mut frame.bytes);
                for (before, now) in states() {
                    let is_surprise = !L::is_expected(before, now);
                    bits.put(u32::from(is_surprise), 1);
                    if is_surprise {
                        L::put_surprise(&mut bits, before, now);
                    }
                }
                bits.end();
            }
            frame.chunks.push(start..frame.bytes.len());
        }
    }

    fn write_keyframes(&mut self, frame: &mut Frame) {
        self.members.iter_mut().for_each(Vec::clear);
        for (id, &cell) in (0_u16..).zip(&self.cells) {
            self.members[cell as usize].push(NetId(id));
        }
        frame.keyframes.clear();
        for members in &self.members {
            let start = frame.bytes.len();
            put_count(&mut frame.bytes, members.len());
            for id in members {
                let record = self.records[id.index()].clone();
                frame.bytes.extend_from_slice(&self.record_bytes[record]);
            }
            frame.keyframes.push(start..frame.bytes.len());
        }
    }
}

pub(crate) struct StepReader<L: Law> {
    rules: Rules,
    map: TileMap,
    held: Option<(Tick, Focus)>,
    gliders: BTreeMap<NetId, (L::State, Who)>,
}

impl<L: Law> Reader for StepReader<L> {
    fn new(world: &Workload, _: NetId) -> Self {
        let (rules, map) = (*world.sim().rules(), world.sim().map().clone());
        Self { rules, map, held: None, gliders: BTreeMap::new() }
    }

    fn read(&mut self, snapshot: &[u8]) {
        let mut bits = BitReader::new(snapshot);
        let leap = take_leap(&mut bits, self.held);
        match leap.before {
            Some(held) => {
                let first = leap.tick.offset(1 - leap.ticks as i32);
                (0..leap.ticks as i32)
                    .for_each(|tick| self.read_tick(&mut bits, held, first.offset(tick)));
            }
            None => self.gliders.clear(),
        }
        self.keep(leap.focus);
        for cell in leap.new_cells() {
            for _ in 0..take_count(&mut bits) {
                self.read_record(&mut bits, cell);
                bits.align();
            }
        }
        assert!(bits.is_at_end(), "a snapshot has no bytes without a meaning");
        self.held = Some((leap.tick, leap.focus));
    }

    fn focus(&self) -> Focus {
        self.held.expect("a snapshot came").1
    }

    fn held(&self) -> Vec<Seen> {
        let seen = |(&id, (state, who)): (&NetId, &(L::State, Who))| Seen {
            id,
            pos: L::pos(state),
            who: who.clone(),
        };
        self.gliders.iter().map(seen).collect()
    }
}

impl<L: Law> StepReader<L> {
    fn read_tick(&mut self, bits: &mut BitReader<'_>, held: Focus, tick: Tick) {
        let mut members: BTreeMap<_, Vec<NetId>> = BTreeMap::new();
        for (id, (state, _)) in &self.gliders {
            members.entry(cell_at(L::pos(state)).to_array()).or_default().push(*id);
        }
        let marks = take_marks(bits, held);
        for (cell, is_told) in held.cells().zip(marks) {
            for id in members.get(&cell.to_array()).into_iter().flatten() {
                let (state, _) = self.gliders.get_mut(id).expect("it is a member");
                let is_surprise = is_told && bits.take_bit();
                let surprise = is_surprise.then_some(&mut *bits);
                *state = L::advance(state, surprise, tick, &self.rules, &self.map);
            }
            bits.align();
        }
        self.keep(held);
        take_pairs(bits, held, |bits, cell| self.read_record(bits, cell));
    }

    fn read_record(&mut self, bits: &mut BitReader<'_>, cell: glam::IVec2) {
        let id = NetId(bits.take(16) as u16);
        let state = L::take(bits, cell, &self.rules);
        self.gliders.insert(id, (state, Who::take(bits)));
    }

    fn keep(&mut self, focus: Focus) {
        self.gliders.retain(|_, (state, _)| focus.contains(cell_at(L::pos(state))));
    }
}
