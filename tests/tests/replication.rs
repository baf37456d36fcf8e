//! Interest and replication against a reference that compares everybody with
//! everybody: what a client holds is what the world has in its cells.

mod rig;

use glam::IVec2;
use proptest::prelude::*;
use throng_shared::cells::Reach;
use throng_shared::limits::{CATCH_UP_TICKS_MAX, RHYTHM_TICKS_MAX};
use throng_shared::prng::Prng;

use rig::{Link, Rig};

#[test]
fn a_busy_arena_stays_in_sync_for_everybody() {
    let mut rig = Rig::busy(11, 60);
    for _ in 0..900 {
        rig.step(|_| Link::Open);
        rig.assert_views_are_exact();
    }
    let kills: u32 = rig.kills();
    assert!(kills > 5, "because a test of replication needs lives that end: {kills} kills");
    assert!(rig.checks() > 10_000, "because clients verify check values all the time");
}

#[test]
fn a_client_that_skipped_ticks_recovers_in_one_snapshot() {
    for stall in [1, 2, CATCH_UP_TICKS_MAX, CATCH_UP_TICKS_MAX + 1, 40] {
        let mut rig = Rig::busy(5, 20);
        for _ in 0..60 {
            rig.step(|_| Link::Open);
        }
        for _ in 0..stall {
            rig.step(|client| if client == 3 { Link::Stalled } else { Link::Open });
        }
        rig.step(|_| Link::Open);
        rig.assert_views_are_exact();
    }
}

#[test]
fn a_slower_rhythm_loses_nothing_and_starts_nobody_anew() {
    for rhythm in [2, 3, RHYTHM_TICKS_MAX as usize] {
        let mut rig = Rig::busy(17, 30);
        for tick in 0..600 {
            // Now and then a turn is left out: the link was full.
            let is_turn = |client: usize| (tick + client).is_multiple_of(rhythm);
            let is_full = |client: usize| (tick / rhythm + client).is_multiple_of(9);
            rig.step(
                |client| {
                    if is_turn(client) && !is_full(client) { Link::Open } else { Link::Stalled }
                },
            );
            rig.assert_views_are_exact();
        }
        assert_eq!(rig.restarts(), 30, "because keyframes are for the first snapshot only");
        assert!(rig.checks() > 1000, "because clients verify check values all the time");
    }
}

#[test]
fn a_part_of_the_view_is_as_exact_as_all_of_it() {
    let mut rig = Rig::busy(13, 40);
    let mut chance = Prng::new(13);
    let mut reaches = [Reach::FULL; 40];
    let mut least = usize::MAX;
    for _ in 0..900 {
        let nth = chance.below(40) as usize;
        let other = if chance.one_in(2) { Reach::narrower } else { Reach::wider };
        reaches[nth] = other(reaches[nth]).unwrap_or(Reach::LEAST);
        let room = 30 + chance.below(600) as usize;
        rig.narrow(nth, Some((reaches[nth], room)).filter(|_| !chance.one_in(4)));
        let stalls = chance.next_u64() & chance.next_u64();
        rig.step(|client| if stalls >> client & 1 == 1 { Link::Stalled } else { Link::Open });
        rig.assert_views_are_exact();
        least = least.min(rig.least_cells());
    }
    assert!(least < 4, "because a little room has place for little: {least} cells");
}

#[test]
fn a_late_joiner_sees_the_whole_cell() {
    let mut rig = Rig::busy(9, 30);
    for _ in 0..200 {
        rig.step(|_| Link::Open);
    }
    let late = rig.join();
    rig.step(|_| Link::Open);
    rig.assert_views_are_exact();
    assert!(rig.holds_itself(late), "because the first snapshot shows the own glider");
}

#[test]
fn a_full_room_takes_nobody_and_a_place_that_is_left_is_free() {
    let mut rig = Rig::busy(2, 8);
    rig.limit_reached();
    rig.leave(0);
    rig.step(|_| Link::Open);
    rig.join();
    rig.step(|_| Link::Open);
    rig.assert_views_are_exact();
}

#[test]
fn an_id_that_is_used_again_confuses_nobody() {
    let mut rig = Rig::busy(21, 40);
    for tick in 0..1200 {
        if tick % 8 == 0 {
            rig.leave(tick / 8 % 37);
            rig.join_if_room();
        }
        rig.step(|client| if client % 5 == tick % 7 { Link::Stalled } else { Link::Open });
        rig.assert_views_are_exact();
    }
    assert!(rig.ids_used_again() > 20, "because ids return after their rest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Joins, leaves, deaths, crossings, lost players, stalls and cuts in any order.
    #[test]
    fn no_check_value_ever_fails(seed: u64) {
        let mut chance = Prng::new(seed);
        let players = 2 + chance.below(24) as usize;
        let mut rig = Rig::anywhere(seed, players);
        for _ in 0..250 {
            match chance.below(40) {
                0 => { rig.join_if_room(); }
                1 => rig.leave(chance.below(64) as usize),
                2 => rig.cut(chance.below(64) as usize),
                4 => rig.narrow(chance.below(64) as usize, Some((Reach::FULL, 400))),
                5 => rig.narrow(chance.below(64) as usize, None),
                6 | 7 => rig.lose(chance.below(24) as usize, 1 + chance.below(60)),
                8 => rig.find(chance.below(24) as usize),
                3 => {
                    let spot = IVec2::new(2 + chance.below(40) as i32, 2 + chance.below(30) as i32);
                    rig.gather_at(spot);
                }
                _ => {}
            }
            let stalls = chance.next_u64();
            rig.step(|client| {
                if stalls >> (client % 64) & 1 == 1 && stalls & 7 < 3 { Link::Stalled } else { Link::Open }
            });
            rig.assert_views_are_exact();
        }
    }
}
