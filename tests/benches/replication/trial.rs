//! One replication under the workload: is it read back, and how many bytes are it.

use throng_shared::cells::{Focus, cell_at};

use super::parts::Who;
use super::workload::Workload;
use super::{Reader, Replication, Seen};

/// Ticks between two snapshots of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) u32);

/// What clients received, frame headers and everything else included.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes {
    bytes: u64,
    snapshots: u64,
    entities: u64,
}

impl Bytes {
    /// Bytes for each moving other in view and snapshot.
    pub(crate) fn an_entity_tick(&self) -> f64 {
        self.bytes as f64 / self.entities as f64
    }

    pub(crate) fn a_snapshot(&self) -> f64 {
        self.bytes as f64 / self.snapshots as f64
    }

    /// Moving others in view, at a snapshot.
    pub(crate) fn others_in_view(&self) -> f64 {
        self.entities as f64 / self.snapshots as f64
    }
}

/// Counts the bytes of `ticks` ticks. Clients take turns in the ticks of a period.
pub(crate) fn bytes<R: Replication>(world: &mut Workload, period: Period, ticks: u32) -> Bytes {
    let mut server = R::new(world);
    let (mut out, mut sum) = (Vec::new(), Bytes::default());
    // Until every client has had its first snapshot nothing is counted.
    for tick in 0..ticks + period.0 {
        world.step();
        server.encode(world);
        for client in world.ids().filter(|id| is_due(id.0, tick, period)) {
            out.clear();
            server.gather(client, &mut out);
            if tick >= period.0 {
                sum.bytes += (out.len() + frame_header(out.len())) as u64;
                sum.snapshots += 1;
            }
        }
        if tick >= period.0 && period == Period(1) {
            sum.entities += world.entities_in_view();
        }
    }
    sum
}

/// Reads back what every `nth` client gets, and compares it with the world at each
/// of its snapshots. Gives how many gliders were compared.
pub(crate) fn read_back<R: Replication>(
    world: &mut Workload,
    nth: usize,
    period: Period,
    ticks: u32,
) -> usize {
    let mut server = R::new(world);
    let mut readers: Vec<_> =
        world.ids().step_by(nth).map(|id| (id, R::Reader::new(world, id))).collect();
    let (mut out, mut compared) = (Vec::new(), 0);
    for tick in 0..ticks {
        world.step();
        server.encode(world);
        for (client, reader) in &mut readers {
            if !is_due(client.0, tick, period) {
                continue;
            }
            out.clear();
            server.gather(*client, &mut out);
            reader.read(&out);
            let expected = seen(world, reader.focus());
            compared += expected.len();
            assert_eq!(
                reader.held(),
                expected,
                "because a client holds exactly the gliders of its cells ({client:?}, tick {tick})"
            );
        }
    }
    compared
}

fn is_due(client: u16, tick: u32, period: Period) -> bool {
    (u32::from(client) + tick).is_multiple_of(period.0)
}

/// Header of an unmasked WebSocket frame.
fn frame_header(payload: usize) -> usize {
    match payload {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    }
}

/// The gliders of some cells as they are.
fn seen(world: &Workload, focus: Focus) -> Vec<Seen> {
    let mut seen = Vec::new();
    world.each(|it, _| {
        if focus.contains(cell_at(it.body.pos)) {
            let who = Who { look: it.look, hp: it.hp, name: it.name.to_owned() };
            seen.push(Seen { id: it.id, pos: it.body.pos, who });
        }
    });
    seen
}
