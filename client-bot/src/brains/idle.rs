//! A player that went to fetch a coffee.

use throng_shared::prng::Prng;

use crate::brain::{Brain, Intent};
use crate::view::View;

#[derive(Debug)]
pub(crate) struct Idle;

impl Brain for Idle {
    fn think(&mut self, _: &View, _: &mut Prng) -> Intent {
        Intent::default()
    }
}
