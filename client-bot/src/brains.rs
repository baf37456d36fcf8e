//! The brains, one a file.

mod hunt;
mod idle;
mod steering;
mod walk;
mod wander;

pub(crate) use hunt::Hunt;
pub(crate) use idle::Idle;
pub(crate) use walk::Walk;
pub(crate) use wander::Wander;

#[cfg(test)]
mod stage;
