//! Values that share bytes on the wire.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use crate::cells::CELL_SUB;

/// A position relative to its cell: twelve bits for x, then twelve for y, as
/// three bytes, little-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place([u8; 3]);

impl Place {
    /// Packs a position that lies in `cell`.
    #[must_use]
    pub fn new(pos: IVec2, cell: IVec2) -> Self {
        let within = (pos - cell * CELL_SUB).as_uvec2();
        let [a, b, c, _] = ((within.x & 0xFFF) | (within.y & 0xFFF) << 12).to_le_bytes();
        Self([a, b, c])
    }

    /// The position, given its cell. A forged place may lie outside it.
    #[must_use]
    pub fn pos(self, cell: IVec2) -> IVec2 {
        let [a, b, c] = self.0;
        let bits = u32::from_le_bytes([a, b, c, 0]);
        cell * CELL_SUB + IVec2::new((bits & 0xFFF).cast_signed(), (bits >> 12).cast_signed())
    }
}

/// Thrust in the low four bits, look in the high four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trim(u8);

impl Trim {
    /// Packs thrust and look; bits beyond four are dropped.
    #[must_use]
    pub fn new(thrust: u8, look: u8) -> Self {
        Self((thrust & 15) | look << 4)
    }

    #[must_use]
    pub fn thrust(self) -> u8 {
        self.0 & 15
    }

    #[must_use]
    pub fn look(self) -> u8 {
        self.0 >> 4
    }
}

/// Health in the low seven bits; the high one says that the player's connection is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition(u8);

impl Condition {
    /// Packs health, of which a bit beyond seven is dropped.
    #[must_use]
    pub fn new(hp: u8, is_link_dead: bool) -> Self {
        Self((hp & 127) | u8::from(is_link_dead) << 7)
    }

    #[must_use]
    pub fn hp(self) -> u8 {
        self.0 & 127
    }

    #[must_use]
    pub fn is_link_dead(self) -> bool {
        self.0 >> 7 == 1
    }

    /// The byte on the wire.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HP_MAX;

    #[test]
    fn a_place_round_trips() {
        let cell = IVec2::new(3, 5);
        for within in [IVec2::ZERO, IVec2::splat(CELL_SUB - 1), IVec2::new(1, 2000)] {
            let pos = cell * CELL_SUB + within;
            assert_eq!(Place::new(pos, cell).pos(cell), pos, "because a place is exact");
        }
    }

    #[test]
    fn a_condition_round_trips() {
        let condition = Condition::new(HP_MAX, true);
        assert_eq!((condition.hp(), condition.is_link_dead()), (HP_MAX, true));
        let condition = Condition::new(1, false);
        assert_eq!((condition.hp(), condition.is_link_dead(), condition.bits()), (1, false, 1));
    }

    #[test]
    fn trim_round_trips() {
        let trim = Trim::new(15, 9);
        assert_eq!((trim.thrust(), trim.look()), (15, 9), "because each has four bits");
    }
}
