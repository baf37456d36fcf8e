//! Delta to a keyframe: every so many ticks a cell lists its gliders, and each
//! tick's chunk tells how far they are from where the list would have them now. Any
//! tick can be skipped.
//!
//! A glider stays on the list of its home, the cell where it was at the keyframe,
//! wherever it flies. Clients that hold the cell where it is but not its home are
//! told of it as a guest. Names and looks are told once, when it comes in over the
//! rim of the focus.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use glam::IVec2;
use throng::replication::Seat;
use throng_shared::cells::{CellGrid, Focus, cell_at};
use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::THRUST_MAX;
use throng_shared::motion::{Rules, Steer, way};
use throng_shared::wire::Motion as Gait;

use super::bits::{BitReader, BitWriter, fits};
use super::laws::{VEL, put_place, take_place};
use super::parts::{
    Cursor, Pairs, Seen, Who, put_chunks, put_count, take_count, take_leap, take_marks, take_pairs,
};
use super::{Reader, Replication, Workload};

/// Ticks for which it is known who came into which cell.
const TICKS_KEPT: usize = 15;
/// Bits of one axis of a distance, by its class of two bits.
const CLASSES: [u32; 4] = [5, 8, 10, 12];

/// A line of a keyframe.
#[derive(Clone, Copy, Debug)]
struct Base {
    pos: IVec2,
    vel: IVec2,
}

impl Base {
    /// Where it is at `tick`, `age` ticks after the keyframe.
    fn after(self, age: i32, tick: Tick) -> IVec2 {
        self.pos + way(self.vel, tick.offset(-age), age)
    }
}

/// Bytes and where those of each cell are.
#[derive(Default)]
struct Sheet {
    bytes: Vec<u8>,
    cells: Vec<Range<usize>>,
}

pub(crate) struct Keyframed<const EVERY: u32> {
    grid: CellGrid,
    /// The tick of the first keyframe, of the last one, and the newest.
    first: Tick,
    keyed: Tick,
    tick: Tick,
    bases: Vec<Base>,
    homes: Vec<Vec<NetId>>,
    keyframes: Sheet,
    chunks: Sheet,
    guests: (Pairs, Vec<u8>),
    /// Names of those who crossed, of the last ticks.
    arrived: VecDeque<(Pairs, Vec<u8>)>,
    /// By id, id and name. They do not change in a trial.
    names: Vec<Vec<u8>>,
    places: Vec<IVec2>,
    cells: Vec<u32>,
    members: Vec<Vec<NetId>>,
    crossers: Vec<(u32, u32, NetId)>,
    seats: Vec<Seat>,
    cursors: Vec<Cursor>,
}

impl<const EVERY: u32> Replication for Keyframed<EVERY> {
    type Reader = KeyReader<EVERY>;

    fn new(world: &Workload) -> Self {
        let (grid, players) = (world.sim().grid(), world.sim().players());
        let mut names = vec![Vec::new(); players];
        let mut cells = vec![0; players];
        world.each(|it, _| {
            let mut bits = BitWriter::new(&mut names[it.id.index()]);
            bits.put(u32::from(it.id.0), 16);
            Who::put(&mut bits, it);
            bits.end();
            cells[it.id.index()] = grid.index(cell_at(it.body.pos)) as u32;
        });
        Self {
            grid,
            first: world.sim().tick().next(),
            keyed: Tick(0),
            tick: Tick(0),
            bases: Vec::new(),
            homes: vec![Vec::new(); grid.count()],
            keyframes: Sheet::default(),
            chunks: Sheet::default(),
            guests: (Pairs::default(), Vec::new()),
            arrived: VecDeque::new(),
            names,
            places: Vec::new(),
            cells,
            members: vec![Vec::new(); grid.count()],
            crossers: Vec::new(),
            seats: Vec::new(),
            cursors: vec![Cursor::default(); players],
        }
    }

    fn encode(&mut self, world: &Workload) {
        self.tick = world.sim().tick();
        self.extract(world);
        let (mut pairs, mut bytes) = match self.arrived.len() {
            TICKS_KEPT => self.arrived.pop_front().unwrap_or_default(),
            _ => Default::default(),
        };
        bytes.clear();
        pairs.write(&mut self.crossers, &mut bytes, |id, out| {
            out.extend_from_slice(&self.names[id.index()]);
        });
        self.arrived.push_back((pairs, bytes));
        if is_key::<EVERY>(self.first, self.tick) {
            self.write_keyframes(world);
        }
        self.write_chunks();
        self.write_guests();
    }

    fn gather(&mut self, client: NetId, out: &mut Vec<u8>) {
        let Self { grid, arrived, cursors, keyframes, chunks, guests, .. } = self;
        let grid = *grid;
        let seat = self.seats[client.index()];
        let leap = cursors[client.index()].leap(self.tick, seat, arrived.len(), grid, out);
        let keyframe = |cell| &keyframes.bytes[keyframes.cells[grid.index(cell)].clone()];
        if self.tick.since(self.keyed) < leap.ticks as i32 {
            leap.focus.cells().for_each(|cell| out.extend_from_slice(keyframe(cell)));
        } else {
            leap.new_cells().for_each(|cell| out.extend_from_slice(keyframe(cell)));
        }
        for cell in leap.new_cells().map(|cell| grid.index(cell)) {
            let away = |id: &&NetId| self.cells[id.index()] as usize != cell;
            let away = self.homes[cell].iter().filter(away);
            put_count(out, self.members[cell].len() + away.clone().count());
            for id in self.members[cell].iter().chain(away) {
                out.extend_from_slice(&self.names[id.index()]);
            }
        }
        put_chunks(out, leap.focus, grid, |cell| chunks.cells[cell].clone(), &chunks.bytes);
        guests.0.put(out, leap.focus, grid, &guests.1);
        if let Some(held) = leap.before {
            for (pairs, bytes) in arrived.iter().skip(arrived.len() - leap.ticks) {
                pairs.put(out, held, grid, bytes);
            }
        }
    }
}

impl<const EVERY: u32> Keyframed<EVERY> {
    fn extract(&mut self, world: &Workload) {
        self.places.clear();
        self.seats.clear();
        self.members.iter_mut().for_each(Vec::clear);
        world.each(|it, seat| {
            let index = it.id.index();
            assert_eq!(index, self.places.len(), "nobody comes or goes during a trial");
            let into = self.grid.index(cell_at(it.body.pos));
            self.members[into].push(it.id);
            let from = std::mem::replace(&mut self.cells[index], into as u32);
            if from != into as u32 {
                self.crossers.push((into as u32, from, it.id));
            }
            self.places.push(it.body.pos);
            self.seats.push(seat);
        });
    }

    fn write_keyframes(&mut self, world: &Workload) {
        self.keyed = self.tick;
        self.homes.clone_from(&self.members);
        let mut gaits = Vec::with_capacity(self.places.len());
        self.bases.clear();
        world.each(|it, _| {
            self.bases.push(Base { pos: it.body.pos, vel: it.body.vel });
            let gait = Gait::of(it.body, it.helm.steer, world.sim().rules());
            gaits.push((gait == Gait::Cruise).then_some(it.helm.steer.heading));
        });
        let Sheet { bytes, cells } = &mut self.keyframes;
        bytes.clear();
        cells.clear();
        for home in &self.homes {
            let start = bytes.len();
            put_count(bytes, home.len());
            let mut bits = BitWriter::new(bytes);
            let rice = rice(home);
            bits.put(rice, 4);
            let mut next = 0;
            for id in home {
                put_gap(&mut bits, u32::from(id.0) - next, rice);
                next = u32::from(id.0) + 1;
                let base = self.bases[id.index()];
                let pos = base.pos;
                put_place(&mut bits, pos, cell_at(pos));
                let heading = gaits[id.index()];
                bits.put(u32::from(heading.is_some()), 1);
                match heading {
                    Some(heading) => bits.put(u32::from(heading), 8),
                    None => bits.put_vec(base.vel, VEL),
                }
            }
            bits.end();
            cells.push(start..bytes.len());
        }
    }

    fn write_chunks(&mut self) {
        let age = self.tick.since(self.keyed);
        let Sheet { bytes, cells } = &mut self.chunks;
        bytes.clear();
        cells.clear();
        for home in &self.homes {
            let start = bytes.len();
            let off =
                |id: &NetId| self.places[id.index()] - self.bases[id.index()].after(age, self.tick);
            if home.iter().any(|id| off(id) != IVec2::ZERO) {
                let mut bits = BitWriter::new(bytes);
                for id in home {
                    put_distance(&mut bits, off(id));
                }
                bits.end();
            }
            cells.push(start..bytes.len());
        }
    }

    fn write_guests(&mut self) {
        for (home, ids) in (0_u32..).zip(&self.homes) {
            for id in ids {
                let into = self.cells[id.index()];
                if into != home {
                    self.crossers.push((into, home, *id));
                }
            }
        }
        let (pairs, bytes) = &mut self.guests;
        bytes.clear();
        pairs.write(&mut self.crossers, bytes, |id, out| {
            let mut bits = BitWriter::new(out);
            bits.put(u32::from(id.0), 16);
            let pos = self.places[id.index()];
            put_place(&mut bits, pos, cell_at(pos));
            bits.end();
        });
    }
}

/// Both ends begin on the same world, so both know its keyframes.
fn is_key<const EVERY: u32>(first: Tick, tick: Tick) -> bool {
    tick.since(first).unsigned_abs().is_multiple_of(EVERY)
}

/// The bits of a gap that are written plainly, for ids spread like these.
fn rice(ids: &[NetId]) -> u32 {
    let last = ids.last().map_or(0, |id| usize::from(id.0));
    (last / ids.len().max(1)).max(1).ilog2()
}

fn put_gap(bits: &mut BitWriter<'_>, gap: u32, rice: u32) {
    (0..gap >> rice).for_each(|_| bits.put(1, 1));
    bits.put(0, 1);
    bits.put(gap & ((1 << rice) - 1), rice);
}

fn take_gap(bits: &mut BitReader<'_>, rice: u32) -> u32 {
    let mut gap = 0;
    while bits.take_bit() {
        gap += 1 << rice;
    }
    gap + bits.take(rice)
}

fn put_distance(bits: &mut BitWriter<'_>, off: IVec2) {
    bits.put(u32::from(off != IVec2::ZERO), 1);
    if off != IVec2::ZERO {
        let class = CLASSES.iter().position(|&width| fits(off, width));
        let class = class.expect("nobody flies further between two keyframes");
        bits.put(class as u32, 2);
        bits.put_vec(off, CLASSES[class]);
    }
}

fn take_distance(bits: &mut BitReader<'_>) -> IVec2 {
    if !bits.take_bit() {
        return IVec2::ZERO;
    }
    let class = bits.take(2) as usize;
    bits.take_vec(CLASSES[class])
}

pub(crate) struct KeyReader<const EVERY: u32> {
    rules: Rules,
    first: Tick,
    held: Option<(Tick, Focus)>,
    /// By home.
    bases: BTreeMap<[i32; 2], Vec<(NetId, Base)>>,
    names: BTreeMap<NetId, Who>,
    places: BTreeMap<NetId, IVec2>,
}

impl<const EVERY: u32> Reader for KeyReader<EVERY> {
    fn new(world: &Workload, _: NetId) -> Self {
        Self {
            rules: *world.sim().rules(),
            first: world.sim().tick().next(),
            held: None,
            bases: BTreeMap::new(),
            names: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    fn read(&mut self, snapshot: &[u8]) {
        let mut bits = BitReader::new(snapshot);
        let leap = take_leap(&mut bits, self.held);
        let age = (leap.tick.since(self.first).unsigned_abs() % EVERY).cast_signed();
        if leap.before.is_none() || age < leap.ticks as i32 {
            self.bases.clear();
            leap.focus.cells().for_each(|cell| self.read_keyframe(&mut bits, cell));
        } else {
            self.bases.retain(|&home, _| leap.focus.contains(home.into()));
            leap.new_cells().for_each(|cell| self.read_keyframe(&mut bits, cell));
        }
        for _ in leap.new_cells() {
            for _ in 0..take_count(&mut bits) {
                self.read_name(&mut bits);
            }
        }
        self.places.clear();
        let marks = take_marks(&mut bits, leap.focus);
        for (home, is_told) in leap.focus.cells().zip(marks) {
            for (id, base) in self.bases.get(&home.to_array()).into_iter().flatten() {
                let off = if is_told { take_distance(&mut bits) } else { IVec2::ZERO };
                self.places.insert(*id, base.after(age, leap.tick) + off);
            }
            bits.align();
        }
        take_pairs(&mut bits, leap.focus, |bits, cell| {
            let id = NetId(bits.take(16) as u16);
            self.places.insert(id, take_place(bits, cell));
        });
        if let Some(held) = leap.before {
            for _ in 0..leap.ticks {
                take_pairs(&mut bits, held, |bits, _| self.read_name(bits));
            }
        }
        assert!(bits.is_at_end(), "a snapshot has no bytes without a meaning");
        self.names.retain(|id, _| self.places.contains_key(id));
        self.held = Some((leap.tick, leap.focus));
    }

    fn focus(&self) -> Focus {
        self.held.expect("a snapshot came").1
    }

    fn held(&self) -> Vec<Seen> {
        let focus = self.focus();
        let inside = self.places.iter().filter(|&(_, pos)| focus.contains(cell_at(*pos)));
        inside.map(|(&id, &pos)| Seen { id, pos, who: self.names[&id].clone() }).collect()
    }
}

impl<const EVERY: u32> KeyReader<EVERY> {
    fn read_keyframe(&mut self, bits: &mut BitReader<'_>, home: IVec2) {
        let count = take_count(bits);
        let rice = bits.take(4);
        let mut next = 0;
        let bases = (0..count).map(|_| {
            let id = next + take_gap(bits, rice);
            next = id + 1;
            let pos = take_place(bits, home);
            let vel = if bits.take_bit() {
                let steer = Steer { heading: bits.take(8) as u8, thrust: THRUST_MAX };
                Gait::Cruise.body(pos, steer, &self.rules).vel
            } else {
                bits.take_vec(VEL)
            };
            (NetId(id as u16), Base { pos, vel })
        });
        self.bases.insert(home.to_array(), bases.collect());
        bits.align();
    }

    fn read_name(&mut self, bits: &mut BitReader<'_>) {
        let id = NetId(bits.take(16) as u16);
        self.names.insert(id, Who::take(bits));
        bits.align();
    }
}
