//! The walker of the workload: always at full speed, one thought in four takes
//! a new random heading, nothing is fired.
//!
//! Every published figure rests on this rule, so it takes no notice of the view.

use throng_shared::limits::THRUST_MAX;
use throng_shared::prng::Prng;

use crate::brain::{Blind, Brain, Intent};
use crate::view::View;

/// One thought in this many takes a new heading.
const TURN_ONE_IN: u32 = 4;

#[derive(Debug, Default)]
pub(crate) struct Walk {
    heading: Option<u8>,
}

impl Brain for Walk {
    fn think(&mut self, _: &View, rng: &mut Prng) -> Intent {
        self.act(rng)
    }
}

impl Blind for Walk {
    fn act(&mut self, rng: &mut Prng) -> Intent {
        let heading = match self.heading {
            Some(heading) if !rng.one_in(TURN_ONE_IN) => heading,
            Some(_) | None => rng.next_u8(),
        };
        self.heading = Some(heading);
        Intent { heading, thrust: THRUST_MAX, aim: heading, ..Intent::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brains::stage::Stage;

    #[test]
    fn a_quarter_of_the_thoughts_turn_to_every_heading_alike() {
        let view = Stage::open().view();
        let mut rng = Prng::new(3);
        let mut walk = Walk::default();
        let mut last = walk.think(&view, &mut rng);
        let (mut turns, mut quarters) = (0, [0; 4]);
        let thoughts = 40_000;
        for _ in 0..thoughts {
            let intent = walk.think(&view, &mut rng);
            assert_eq!(intent.thrust, THRUST_MAX, "because a walker is always at full speed");
            assert!(!intent.fire && !intent.dash, "because a walker presses nothing");
            if intent.heading != last.heading {
                turns += 1;
                quarters[usize::from(intent.heading >> 6)] += 1;
            }
            last = intent;
        }
        let share = f64::from(turns) / f64::from(thoughts);
        assert!((0.24..0.258).contains(&share), "because one in four turns: {share}");
        for quarter in quarters {
            let share = f64::from(quarter) / f64::from(turns);
            assert!((0.23..0.27).contains(&share), "because headings are even: {quarters:?}");
        }
    }
}
