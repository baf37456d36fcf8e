//! The replications that the product's was chosen from, at a size that takes a moment:
//! all of them can be read back, and the order of their bytes is what was published.

#[path = "../benches/replication/alternatives.rs"]
mod compared;

use compared::{
    Bytes, Intents, Keyframed, Packed, Period, Reckoned, Replication, Stepwise, Workload, bytes,
    read_back,
};

const PLAYERS: usize = 80;
const WARM_TICKS: u32 = 60;
const TICKS: u32 = 90;

/// Reads back what a few clients get: each tick, after skips, and in a crowd.
fn is_exact<R: Replication>() {
    for (period, ticks) in [(1, 210), (2, 60), (4, 60), (7, 60), (40, 120)] {
        let mut world = Workload::field(PLAYERS, WARM_TICKS);
        let compared = read_back::<R>(&mut world, 16, Period(period), ticks);
        assert!(compared > 100, "because views hold gliders: {compared}");
    }
    let mut world = Workload::crowd(PLAYERS, WARM_TICKS);
    let compared = read_back::<R>(&mut world, 40, Period(1), 60);
    assert_eq!(compared, PLAYERS.div_ceil(40) * PLAYERS * 60, "because everybody sees everybody");
}

#[test]
fn dead_reckoning_is_read_back_exactly() {
    is_exact::<Stepwise<Reckoned<1>>>();
    is_exact::<Stepwise<Reckoned<2>>>();
}

#[test]
fn deltas_to_a_keyframe_are_read_back_exactly() {
    is_exact::<Keyframed<8>>();
    is_exact::<Keyframed<12>>();
    is_exact::<Keyframed<15>>();
}

#[test]
fn intents_are_read_back_exactly() {
    is_exact::<Intents>();
    is_exact::<Stepwise<Packed>>();
}

type Make = fn(usize, u32) -> Workload;

fn measured<R: Replication>(make: Make, period: u32) -> Bytes {
    bytes::<R>(&mut make(PLAYERS, WARM_TICKS), Period(period), TICKS)
}

/// What clients get each tick: intents, by velocity, by turn, keyframe every 8.
fn each_tick(make: Make) -> [f64; 4] {
    let [intents, velocity, turn, keyframe] = [
        measured::<Intents>(make, 1),
        measured::<Stepwise<Reckoned<1>>>(make, 1),
        measured::<Stepwise<Reckoned<2>>>(make, 1),
        measured::<Keyframed<8>>(make, 1),
    ]
    .map(|bytes| bytes.an_entity_tick());
    [intents, velocity, turn, keyframe]
}

#[test]
fn a_change_of_intent_is_smaller_than_what_comes_of_it() {
    for make in [Workload::field, Workload::crowd] {
        let packed = measured::<Stepwise<Packed>>(make, 1).an_entity_tick();
        let [intents, velocity, turn, keyframe] = each_tick(make);
        assert!(
            packed < turn && turn < velocity && velocity < keyframe,
            "because in equal packing the less is told the more both ends can compute: \
             {packed:.2}, {turn:.2}, {velocity:.2}, {keyframe:.2}"
        );
        assert!(
            [velocity, turn, keyframe].iter().all(|&way| intents < way),
            "because not even in plain bytes an intent costs as much as a way: {intents:.2}"
        );
    }
}

#[test]
fn a_view_of_the_workload_holds_some_fifty_others() {
    let others = measured::<Intents>(Workload::field, 1).others_in_view();
    assert!((44.0..=56.0).contains(&others), "because every figure is quoted for fifty: {others}");
    let all = (PLAYERS - 1) as f64;
    let others = measured::<Intents>(Workload::crowd, 1).others_in_view();
    assert!(others > 0.7 * all, "because all see all but who is stuck: {others} of {all}");
}

#[test]
fn in_a_crowd_a_way_costs_twice_an_intent() {
    let [intents, ways @ ..] = each_tick(Workload::crowd);
    assert!(
        ways.iter().all(|&way| 1.9 * intents < way),
        "because a wall changes a way and no intent: {intents:.2} of {ways:.2?}"
    );
}

#[test]
fn only_a_keyframe_makes_a_skipped_tick_cheaper_than_two() {
    let [each, second] = [1, 2].map(|period| measured::<Keyframed<8>>(Workload::field, period));
    assert!(
        second.a_snapshot() < 1.8 * each.a_snapshot(),
        "because what lies between two snapshots is not told"
    );
    let [each, second] = [1, 2].map(|period| measured::<Intents>(Workload::field, period));
    let two = 2.0 * each.a_snapshot();
    assert!(
        (0.9 * two..two).contains(&second.a_snapshot()),
        "because a skipped tick is caught up, under one header"
    );
}
