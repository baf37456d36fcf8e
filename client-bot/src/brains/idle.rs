//! A player that went to fetch a coffee.

use throng_shared::prng::Prng;

use crate::brain::{Blind, Brain, Intent};
use crate::view::View;

#[derive(Debug)]
pub(crate) struct Idle;

impl Brain for Idle {
    fn think(&mut self, _: &View, rng: &mut Prng) -> Intent {
        self.act(rng)
    }
}

impl Blind for Idle {
    fn act(&mut self, _: &mut Prng) -> Intent {
        Intent::default()
    }
}
