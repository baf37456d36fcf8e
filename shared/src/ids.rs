//! Identifiers and the simulation's unit of time.

use serde::{Deserialize, Serialize};

/// A glider's number in its room: dense, 16 bits, rested before it is reused.
///
/// On the wire it is always two bytes, little-endian: ids are used up evenly,
/// so a variable length would cost more than it saves.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "[u8; 2]", from = "[u8; 2]")]
pub struct NetId(pub u16);

/// A bolt's number in its room.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "[u8; 2]", from = "[u8; 2]")]
pub struct BoltId(pub u16);

/// A shard's number in its room.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "[u8; 2]", from = "[u8; 2]")]
pub struct ShardId(pub u16);

macro_rules! two_bytes {
    ($($id:ident),*) => {$(
        impl From<[u8; 2]> for $id {
            fn from(bytes: [u8; 2]) -> Self {
                Self(u16::from_le_bytes(bytes))
            }
        }

        impl From<$id> for [u8; 2] {
            fn from(id: $id) -> Self {
                id.0.to_le_bytes()
            }
        }

        impl $id {
            /// The id as an index into a dense table.
            #[must_use]
            pub fn index(self) -> usize {
                usize::from(self.0)
            }
        }
    )*};
}
two_bytes!(NetId, BoltId, ShardId);

impl NetId {
    /// The glider that a spectator sees while nobody plays.
    pub const NOBODY: Self = Self(u16::MAX);
}

/// The number of a simulation step.
///
/// It is deliberately not `Ord`: the counter wraps, so "later" is only
/// meaningful as a distance, which [`Tick::since`] gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tick(pub u32);

impl Tick {
    /// Ticks from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn since(self, earlier: Tick) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// The tick `ticks` after this one (before it, when negative).
    #[must_use]
    pub fn offset(self, ticks: i32) -> Tick {
        Tick(self.0.wrapping_add_signed(ticks))
    }

    /// The tick after this one.
    #[must_use]
    pub fn next(self) -> Tick {
        self.offset(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_survives_the_wrap() {
        let before = Tick(u32::MAX);
        assert_eq!(before.next().since(before), 1, "because the counter wraps");
        assert_eq!(before.since(before.offset(3)), -3, "because distance is signed");
    }
}
