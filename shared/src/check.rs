//! The check value of a cell: what two ends compare to prove that they hold the same.
//!
//! A sum over the things in the cell, so that the order in which an end keeps
//! them does not matter.

use crate::ids::{BoltId, NetId, ShardId};
use crate::motion::{Body, Flight, Steer};
use crate::wire::Condition;

/// Gathers the check value of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCheck {
    sum: u32,
}

impl CellCheck {
    /// Adds a glider.
    pub fn glider(&mut self, id: NetId, body: &Body, steer: Steer, condition: Condition) {
        let flags = u32::from(steer.heading)
            | u32::from(steer.thrust) << 8
            | u32::from(body.dash_left) << 16
            | u32::from(body.dash_rest) << 24;
        self.add(&[
            u32::from(id.0) | u32::from(condition.bits()) << 16,
            body.pos.x.cast_unsigned(),
            body.pos.y.cast_unsigned(),
            body.vel.x.cast_unsigned(),
            body.vel.y.cast_unsigned(),
            flags,
        ]);
    }

    /// Adds a bolt.
    pub fn bolt(&mut self, id: BoltId, flight: &Flight) {
        self.add(&[
            0x0100_0000 | u32::from(id.0),
            flight.pos.x.cast_unsigned(),
            flight.pos.y.cast_unsigned(),
            u32::from(flight.heading) | u32::from(flight.left) << 8,
        ]);
    }

    /// Adds a shard.
    pub fn shard(&mut self, id: ShardId, value: u8) {
        self.add(&[0x0200_0000 | u32::from(id.0), u32::from(value)]);
    }

    fn add(&mut self, words: &[u32]) {
        let mut hash = 0x811C_9DC5_u32;
        for &word in words {
            hash = (hash ^ word).wrapping_mul(0x9E37_79B1);
            hash ^= hash >> 15;
        }
        self.sum = self.sum.wrapping_add(hash);
    }

    /// The sixteen bits that go on the wire.
    #[must_use]
    pub fn value(self) -> u16 {
        ((self.sum >> 16) ^ (self.sum & 0xFFFF)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::IVec2;

    #[test]
    fn order_does_not_matter_but_every_field_does() {
        let body = Body::at(IVec2::new(5, 6));
        let mut one = CellCheck::default();
        one.shard(ShardId(1), 2);
        one.glider(NetId(1), &body, Steer::default(), Condition::new(100, false));
        let mut two = CellCheck::default();
        two.glider(NetId(1), &body, Steer::default(), Condition::new(100, false));
        two.shard(ShardId(1), 2);
        assert_eq!(one.value(), two.value(), "because a sum has no order");
        let mut three = CellCheck::default();
        three.glider(NetId(1), &body, Steer::default(), Condition::new(99, false));
        three.shard(ShardId(1), 2);
        assert_ne!(one.value(), three.value(), "because health counts");
    }
}
