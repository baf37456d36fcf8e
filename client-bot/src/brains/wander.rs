//! Strolls along open ways and gathers what lies there.

use throng_shared::limits::THRUST_MAX;
use throng_shared::prng::Prng;

use super::steering::{open_heading, way_to_shard};
use crate::brain::{Brain, Intent};
use crate::view::View;

/// Thrust of a stroll, below full speed.
const STROLL_THRUST: u8 = 11;
/// Largest turn of one thought, in headings to each side.
const TURN_MAX: u32 = 10;

#[derive(Debug, Default)]
pub(crate) struct Wander {
    heading: Option<u8>,
}

impl Brain for Wander {
    fn think(&mut self, view: &View, rng: &mut Prng) -> Intent {
        let last = self.heading.unwrap_or_else(|| rng.next_u8());
        let turn = rng.below(2 * TURN_MAX + 1) as u8;
        let drifted = last.wrapping_add(turn).wrapping_sub(TURN_MAX as u8);
        let Some(own) = view.own() else { return Intent::default() };
        let shard = way_to_shard(view, own.body.pos);
        let heading = shard.unwrap_or_else(|| open_heading(view.map(), own.body.pos, drifted));
        self.heading = Some(heading);
        let thrust = if shard.is_some() { THRUST_MAX } else { STROLL_THRUST };
        Intent { heading, thrust, aim: heading, ..Intent::default() }
    }
}

#[cfg(test)]
mod tests {
    use glam::IVec2;
    use throng_shared::lattice::SUB;

    use super::*;
    use crate::brains::stage::Stage;
    use crate::brains::steering::angle;

    #[test]
    fn it_goes_to_a_shard_that_lies_near() {
        let south = IVec2::new(0, 4 * SUB);
        let view = Stage::open().shard(south).view();
        let intent = Wander::default().think(&view, &mut Prng::new(1));
        assert_eq!((intent.heading, intent.thrust), (64, THRUST_MAX), "because it lies south");
    }

    #[test]
    fn it_never_strolls_at_a_wall() {
        let view = Stage::beside_the_west_wall().view();
        let mut rng = Prng::new(1);
        let mut wander = Wander { heading: Some(128) };
        for _ in 0..200 {
            let intent = wander.think(&view, &mut rng);
            assert!(angle(intent.heading, 128) > 32, "because the wall is one tile to the west");
        }
    }
}
