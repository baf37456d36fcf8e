//! What several brains see and do alike: free ways, clear lines, near shards.

use glam::IVec2;
use throng_shared::lattice::{SUB, along, heading_of};
use throng_shared::map::TileMap;
use throng_shared::motion::GLIDER_HALF;

use crate::view::View;

/// How far ahead a pilot looks for walls, in sub-units.
const LOOK_AHEAD: i32 = 2 * SUB + SUB / 2;
/// Distance between two looks along a line, in sub-units.
const LOOK_STEP: i32 = SUB / 2;
/// Headings between two ways that are tried around a wall.
const DODGE_STEP: u8 = 16;
/// Shards further away than this are not worth a way, in sub-units.
const SHARD_REACH: i32 = 9 * SUB;

/// Length of a vector, in sub-units.
pub(super) fn length(delta: IVec2) -> i32 {
    delta.as_vec2().length() as i32
}

/// The smaller angle between two headings, 0 to 128.
pub(super) fn angle(a: u8, b: u8) -> u8 {
    a.wrapping_sub(b).min(b.wrapping_sub(a))
}

/// The heading nearest to `wanted` on which no wall is near; `wanted` itself when
/// walls are all around.
pub(super) fn open_heading(map: &TileMap, from: IVec2, wanted: u8) -> u8 {
    (0..=128 / DODGE_STEP)
        .flat_map(|turn| {
            let turn = turn * DODGE_STEP;
            [wanted.wrapping_add(turn), wanted.wrapping_sub(turn)]
        })
        .find(|&heading| is_open_way(map, from, heading))
        .unwrap_or(wanted)
}

/// Whether a glider's width fits through the next tiles along `heading`.
fn is_open_way(map: &TileMap, from: IVec2, heading: u8) -> bool {
    let side = along(heading.wrapping_add(64), GLIDER_HALF);
    [side, IVec2::ZERO, -side]
        .into_iter()
        .all(|offset| is_clear(map, from + offset, from + offset + along(heading, LOOK_AHEAD)))
}

/// Whether no wall lies on the line, as a bolt would fly it.
pub(super) fn is_clear(map: &TileMap, from: IVec2, to: IVec2) -> bool {
    let gap = to - from;
    let steps = (length(gap) / LOOK_STEP).max(1);
    (1..=steps).all(|step| !map.is_solid_at(from + gap * step / steps))
}

/// The heading to the nearest shard that can be flown to straight.
pub(super) fn way_to_shard(view: &View, from: IVec2) -> Option<u8> {
    let near = view
        .shards()
        .iter()
        .map(|shard| (length(shard.pos - from), shard.pos))
        .filter(|&(distance, pos)| distance < SHARD_REACH && is_clear(view.map(), from, pos))
        .min_by_key(|&(distance, _)| distance);
    near.map(|(_, pos)| heading_of(pos - from))
}
