//! Players who do nothing wrong but being many in one place.

use std::time::Instant;

use super::raid::Orders;
use super::told::{End, Told, Toll};
use crate::brain::BrainKind;
use crate::load::{LoadError, Plan, Step, Stop};

/// Players that come in a second.
const RAMP_PER_S: f64 = 500.0;

/// Plays with all of them until the time is over.
pub(super) fn play(orders: Orders) -> Result<Told, LoadError> {
    let seconds = orders.lasts.as_secs_f64();
    let url = format!("ws://{}/ws", orders.target);
    let profile =
        Plan::ramp_and_hold(orders.connections, RAMP_PER_S, seconds).map_err(LoadError::Profile)?;
    let plan = Plan {
        decode_one_in: orders.connections.max(1),
        ..Plan::plain(url, profile, BrainKind::Walk.into(), orders.seed)
    };
    let began = Instant::now();
    let mut toll = Toll::default();
    let (mut lost, mut players) = (0, 0);
    plan.run(&Stop::default(), &mut |beat| {
        lost += beat.lost;
        players = beat.players;
        if began.elapsed() < orders.lasts { Step::Continue } else { Step::Stop }
    })?;
    let took = began.elapsed();
    for (end, count) in [
        (End::Played, players),
        (End::HungUp, lost),
        (End::NoConnection, orders.connections.saturating_sub(players + lost)),
    ] {
        (0..count).for_each(|_| toll.add(end, took));
    }
    Ok(toll.told(took.as_secs_f64(), 0))
}
