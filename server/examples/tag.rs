//! Another game on the same rooms, replication, clients and bots: tag. One player is *it* and
//! wears the crown; whoever it touches is it next, and is left alone for a moment. Everybody
//! else gathers a point a second, and whoever is it loses one.
//!
//! ```sh
//! cargo run --release -p throng --example tag
//! ```
//!
//! A game is a function that puts resources and systems into a room's world. It may read all
//! of `throng::sim`, and tells what happened as `Happening`s: the rest of the server turns
//! them into snapshots, boards and notices, so the page and the bots play it as they are.

use bevy_ecs::prelude::*;
use throng::config::{ArenaSpec, Config, Settings};
use throng::game::{Crown, Game};
use throng::sim::{
    Arena, CellIndex, Happening, Happenings, Hull, Life, Now, Physics, Pilot, Purse, Roster, Stage,
};
use throng_shared::ids::{NetId, Tick};

/// How near one has to come to touch somebody, in sub-units: a tile and a half.
const TOUCH: i32 = 384;
/// How long whoever was it cannot be touched, in seconds.
const SAFE_S: i32 = 2;

/// Whom the game is about.
#[derive(Resource, Default)]
struct It(Option<NetId>);

/// A component of our own: until when somebody cannot be touched.
#[derive(Component)]
struct Safe(Tick);

/// The game: what the world has, and what happens when.
pub(crate) fn tag(world: &mut World, schedule: &mut Schedule) {
    world.insert_resource(It::default());
    schedule
        .add_systems((touch.in_set(Stage::Interact), (choose, score).chain().in_set(Stage::Judge)));
}

/// Whoever is it touches somebody who is near.
fn touch(
    mut commands: Commands<'_, '_>,
    (now, rules, arena): (Res<'_, Now>, Res<'_, Physics>, Res<'_, Arena>),
    (index, roster): (Res<'_, CellIndex>, Res<'_, Roster>),
    mut it: ResMut<'_, It>,
    players: Query<'_, '_, (&Hull, &Life, Option<&Safe>)>,
) {
    let Some(entity) = it.0.and_then(|id| roster.entity(id)) else { return };
    let Ok((hull, Life::Flying, _)) = players.get(entity) else { return };
    let mut touched: Option<(i32, NetId)> = None;
    index.around(&arena, hull.0.pos, TOUCH, |near| {
        let is_safe = players
            .get(near.entity)
            .is_ok_and(|(_, _, safe)| safe.is_some_and(|&Safe(until)| until.since(now.0) > 0));
        let apart = (near.pos - hull.0.pos).length_squared();
        // The nearest, and of equals the lowest id: the order never depends on chance.
        let is_nearer = touched.is_none_or(|best| (apart, near.id) < best);
        if near.entity != entity && !is_safe && apart <= TOUCH * TOUCH && is_nearer {
            touched = Some((apart, near.id));
        }
    });
    if let Some((_, id)) = touched {
        it.0 = Some(id);
        commands.entity(entity).insert(Safe(now.0.offset(SAFE_S * rules.0.tick_hz)));
    }
}

/// Somebody is always it: when nobody is, whoever has played longest.
fn choose(
    roster: Res<'_, Roster>,
    mut it: ResMut<'_, It>,
    (mut crown, mut told): (ResMut<'_, Crown>, ResMut<'_, Happenings>),
    lives: Query<'_, '_, &Life>,
) {
    let flies = |entity| lives.get(entity) == Ok(&Life::Flying);
    if !it.0.and_then(|id| roster.entity(id)).is_some_and(flies) {
        it.0 = roster.iter().find(|&(_, entity)| flies(entity)).map(|(id, _)| id);
    }
    crown.give(it.0, &mut told);
}

/// A second has passed.
fn score(
    (now, rules, it): (Res<'_, Now>, Res<'_, Physics>, Res<'_, It>),
    mut told: ResMut<'_, Happenings>,
    roster: Res<'_, Roster>,
    mut players: Query<'_, '_, (&Pilot, &Life, &mut Purse)>,
) {
    if !now.0.0.is_multiple_of(rules.0.tick_hz.unsigned_abs()) {
        return;
    }
    for (_, entity) in roster.iter() {
        let Ok((pilot, Life::Flying, mut purse)) = players.get_mut(entity) else { continue };
        purse.shards = match it.0 {
            Some(id) if id == pilot.id => purse.shards.saturating_sub(1),
            _ => purse.shards + 1,
        };
        told.tell(Happening::Scored { who: pilot.id });
    }
}

fn main() -> Result<(), String> {
    let settings =
        Settings { arena: Some(ArenaSpec::Auto(20)), house_bots: Some(8), ..Settings::default() };
    let config = Config { game: Game { name: "tag", install: tag }, ..Config::new(settings)? };
    let server = throng::serve::start(&config)?;
    println!("Tag is played at http://{}. Ctrl-D ends it.", server.address());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
        .map_err(|error| error.to_string())?;
    server.stop();
    Ok(())
}
