//! Who somebody is from one visit to the next.

/// The number of a player that the server knows again; 0: nobody in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayerId(pub u32);
