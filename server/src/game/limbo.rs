//! Limbo: players without connection. Others see them drift and may shoot them; when
//! nobody comes back in time they go from the arena, and keep their name and score.

use bevy_ecs::prelude::*;
use throng_shared::ids::{NetId, Tick};

use crate::sim::{
    Arena, Happening, Happenings, Helm, Hull, IntentBuffer, Life, Link, Now, Roster, Trigger,
};

/// Those whose gliders are still in the arena, each until when; and how many are away.
#[derive(Resource, Clone, Debug, Default)]
pub struct Limbo {
    lost: Vec<(NetId, Tick)>,
    away: usize,
}

impl Limbo {
    /// Players whose gliders are not in the arena.
    #[must_use]
    pub fn away(&self) -> usize {
        self.away
    }

    /// Players without connection.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lost.len() + self.away
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those whose gliders are still there, in the order in which they were lost.
    #[must_use]
    pub fn lost(&self) -> &[(NetId, Tick)] {
        &self.lost
    }

    /// Forgets a player, who was in that state.
    pub(super) fn release(&mut self, id: NetId, link: Link) {
        match link {
            Link::Live => {}
            Link::Dead => self.lost.retain(|&(lost, _)| lost != id),
            Link::Away => self.away -= 1,
        }
    }
}

/// The connection of a player is lost: the glider stops its engine, and stays `until` then.
pub fn unlink(world: &mut World, id: NetId, until: Tick) {
    let Some(entity) = world.resource::<Roster>().entity(id) else { return };
    if world.get::<Link>(entity) != Some(&Link::Live) {
        return;
    }
    world.entity_mut(entity).insert(Link::Dead);
    world.resource_mut::<Limbo>().lost.push((id, until));
    let stopped = world.get_mut::<Helm>(entity).is_some_and(|mut helm| {
        helm.dash = false;
        std::mem::take(&mut helm.steer.thrust) > 0
    });
    rest_hands(world, entity);
    let Some(cell) = cell_of_flying(world, entity) else { return };
    let mut told = world.resource_mut::<Happenings>();
    if stopped {
        told.tell(Happening::Thrust { who: id, cell, thrust: 0 });
    }
    told.tell(Happening::Linked { who: id, cell, dead: true });
}

/// A player is back: where it was, or to begin a new life if the glider is gone.
pub fn relink(world: &mut World, id: NetId) {
    let Some(entity) = world.resource::<Roster>().entity(id) else { return };
    let Some(link) = world.get::<Link>(entity).copied() else { return };
    world.resource_mut::<Limbo>().release(id, link);
    world.entity_mut(entity).insert(Link::Live);
    // The new connection counts its presses from none.
    if let Some(mut helm) = world.get_mut::<Helm>(entity) {
        helm.dashes = 0;
    }
    if let Some(mut trigger) = world.get_mut::<Trigger>(entity) {
        trigger.presses = 0;
    }
    rest_hands(world, entity);
    let cell = cell_of_flying(world, entity);
    let mut told = world.resource_mut::<Happenings>();
    if let (Link::Dead, Some(cell)) = (link, cell) {
        told.tell(Happening::Linked { who: id, cell, dead: false });
    }
    told.tell(Happening::Returned { who: id });
}

/// What waits to be done is forgotten.
fn rest_hands(world: &mut World, entity: Entity) {
    if let Some(mut buffer) = world.get_mut::<IntentBuffer>(entity) {
        buffer.clear();
    }
    if let Some(mut trigger) = world.get_mut::<Trigger>(entity) {
        trigger.pressed = false;
    }
}

fn cell_of_flying(world: &World, entity: Entity) -> Option<usize> {
    let flying = world.get::<Life>(entity) == Some(&Life::Flying);
    let hull = world.get::<Hull>(entity).filter(|_| flying)?;
    Some(world.resource::<Arena>().cell_index(hull.0.pos))
}

/// Takes the gliders out of the arena whose players did not come back in time.
pub(super) fn withdraw_the_lost(
    now: Res<'_, Now>,
    arena: Res<'_, Arena>,
    roster: Res<'_, Roster>,
    mut limbo: ResMut<'_, Limbo>,
    mut told: ResMut<'_, Happenings>,
    mut players: Query<'_, '_, (&mut Link, &mut Life, &Hull)>,
) {
    let Limbo { lost, away } = &mut *limbo;
    lost.retain(|&(who, until)| {
        if until.since(now.0) > 0 {
            return true;
        }
        let found = roster.entity(who).and_then(|entity| players.get_mut(entity).ok());
        let Some((mut link, mut life, hull)) = found else { return false };
        *link = Link::Away;
        *away += 1;
        if *life == Life::Flying {
            *life = Life::Down(now.0);
            told.tell(Happening::Withdrew { who, cell: arena.cell_index(hull.0.pos) });
        }
        false
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Settings};
    use crate::sim::{Intent, Newcomer, Sim, SimOptions};
    use throng_shared::motion::Steer;

    /// A world with two players in flight, the first of them at full speed.
    fn world() -> (Sim, [NetId; 2]) {
        let config = Config::new(Settings::default()).expect("defaults are allowed");
        let (arena, _) = config.arena().expect("the built-in map is whole");
        let options = SimOptions { tick_hz: 30, seed: 1, players_max: 2, shards: 0 };
        let mut sim = Sim::new(arena, &options);
        let ids = ["Ada", "Eve"].map(|name| {
            let newcomer = Newcomer { name: name.to_owned(), look: 1 };
            sim.join(newcomer).expect("there are two places")
        });
        sim.step();
        intend(&mut sim, ids[0], 3);
        run(&mut sim, 30);
        (sim, ids)
    }

    fn intend(sim: &mut Sim, id: NetId, fire: u8) {
        let (tick, steer) = (sim.tick().next(), Steer { heading: 0, thrust: 15 });
        sim.intend(id, Intent { tick, steer, fire, ..Intent::default() });
    }

    /// Lets time pass; what happened meanwhile.
    fn run(sim: &mut Sim, ticks: u32) -> Vec<Happening> {
        sim.forget();
        (0..ticks).for_each(|_| sim.step());
        sim.happenings().to_vec()
    }

    #[test]
    fn a_glider_without_player_stops_and_goes_and_comes_back_with_its_score() {
        let (mut sim, [id, other]) = world();
        sim.unlink(id, sim.tick().offset(100));
        assert_eq!(sim.player(id).map(|it| (it.link, it.helm.steer.thrust)), Some((Link::Dead, 0)));
        intend(&mut sim, id, 9);
        run(&mut sim, 99);
        let it = sim.player(id).expect("it has a place");
        assert_eq!(
            (it.life, it.body.vel.length_squared()),
            (Life::Flying, 0),
            "it drifts to a stop"
        );
        assert_eq!((sim.players(), sim.seats(), sim.limbo().len()), (2, 2, 1));
        let told = run(&mut sim, 1);
        assert!(told.iter().any(|it| matches!(it, Happening::Withdrew { who, .. } if *who == id)));
        assert_eq!((sim.players(), sim.seats(), sim.limbo().away()), (1, 2, 1));
        let mut standings = Vec::new();
        sim.standings(&mut standings);
        assert_eq!(standings.iter().map(|it| it.id).collect::<Vec<_>>(), [other]);
        run(&mut sim, 300);
        assert!(
            sim.player(id).is_some_and(|it| it.life != Life::Flying),
            "because nobody steers it"
        );
        sim.relink(id);
        let told = run(&mut sim, 1);
        assert!(told.iter().any(|it| matches!(it, Happening::Spawned { who, .. } if *who == id)));
        assert_eq!((sim.players(), sim.limbo().len()), (2, 0));
    }

    #[test]
    fn whoever_comes_back_in_time_flies_on_and_does_not_shoot_by_itself() {
        let (mut sim, [id, _]) = world();
        sim.unlink(id, sim.tick().offset(100));
        run(&mut sim, 50);
        let place = sim.player(id).map(|it| it.body.pos);
        sim.relink(id);
        intend(&mut sim, id, 0);
        let told = run(&mut sim, 1);
        assert!(!told.iter().any(|it| matches!(it, Happening::Fired { .. })), "nobody pressed");
        assert!(sim.player(id).is_some_and(|it| it.link == Link::Live && it.life == Life::Flying));
        assert!(place.is_some_and(|place| {
            sim.player(id).is_some_and(|it| (it.body.pos - place).abs().max_element() < 64)
        }));
        run(&mut sim, 200);
        assert!(sim.player(id).is_some_and(|it| it.life == Life::Flying), "because it is here");
    }

    #[test]
    fn whoever_leaves_for_good_leaves_limbo_too() {
        let (mut sim, [id, other]) = world();
        sim.unlink(id, sim.tick().offset(5));
        sim.unlink(other, sim.tick().offset(500));
        run(&mut sim, 10);
        sim.leave(id);
        sim.leave(other);
        run(&mut sim, 600);
        assert_eq!((sim.seats(), sim.players(), sim.limbo().len()), (0, 0, 0));
    }
}
