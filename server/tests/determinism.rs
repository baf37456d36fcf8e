//! Same seed and same commands, same world: at every tick, in every build.

use throng::config::{Config, Settings};
use throng::sim::{Intent, Newcomer, Sim, SimOptions};
use throng_shared::ids::NetId;
use throng_shared::motion::Steer;
use throng_shared::prng::Prng;

const TICKS: u32 = 10_000;
/// The digest after [`TICKS`] of [`play`] with seed 42, in debug and in release. It
/// changes only with the rules, the built-in map or the digest itself.
const DIGEST: u64 = 0xAEDB_CCAE_926B_31DF;

/// Plays a script of joins, leaves, lost and found connections and intents; gives every hundredth digest and
/// the last.
fn play(seed: u64) -> Vec<u64> {
    let config = Config::new(Settings::default()).expect("defaults are allowed");
    let (arena, shards) = config.arena().expect("the built-in map is whole");
    let mut sim = Sim::new(arena, &SimOptions { tick_hz: 30, seed, players_max: 40, shards });
    let mut script = Prng::new(seed ^ 0x5C21);
    let mut players: Vec<(NetId, u8, u8)> = Vec::new();
    let mut digests = Vec::new();
    for tick in 1..=TICKS {
        if script.one_in(50) {
            let name = format!("p{}", script.below(100));
            players.extend(sim.join(Newcomer { name, look: 1 }).map(|id| (id, 0, 0)));
        }
        if script.one_in(400) && !players.is_empty() {
            let nth = script.below(players.len() as u32) as usize;
            sim.leave(players.swap_remove(nth).0);
        }
        if script.one_in(60) && !players.is_empty() {
            let (id, ..) = players[script.below(players.len() as u32) as usize];
            sim.unlink(id, sim.tick().offset(60));
        }
        if script.one_in(60) && !players.is_empty() {
            let nth = script.below(players.len() as u32) as usize;
            sim.relink(players[nth].0);
            players[nth] = (players[nth].0, 0, 0);
        }
        for (id, fire, dash) in &mut players {
            if script.one_in(5) {
                *fire = fire.wrapping_add(u8::from(script.one_in(2)));
                *dash = dash.wrapping_add(u8::from(script.one_in(9)));
                let steer = Steer { heading: script.next_u8(), thrust: script.next_u8() & 15 };
                let aim = script.next_u8();
                let tick = sim.tick().offset(1 + script.below(3).cast_signed());
                sim.intend(*id, Intent { tick, steer, aim, fire: *fire, dash: *dash });
            }
        }
        sim.step();
        sim.forget();
        if tick.is_multiple_of(100) {
            digests.push(sim.digest());
        }
    }
    digests
}

#[test]
fn ten_thousand_ticks_end_in_the_committed_digest() {
    let digests = play(42);
    assert_eq!(
        digests.last().copied(),
        Some(DIGEST),
        "because every build computes the same world (found {:#018X})",
        digests.last().copied().unwrap_or_default()
    );
}

#[test]
fn equal_seeds_agree_at_every_step_and_others_do_not() {
    let (one, two, other) = (play(7), play(7), play(8));
    assert_eq!(one, two, "because nothing but seed and commands decides");
    assert!(
        one.iter().zip(&other).all(|(a, b)| a != b),
        "because a digest that does not notice another world proves nothing"
    );
}
