//! The most that each player of a room held at once in its life, kept from tick to tick: what is
//! told of it now and then is as good as if it were told each time.

use throng_shared::ids::NetId;

use crate::hub::Peak;
use crate::sim::{Happening, Sim};

/// By id. It grows with those who join, and with nothing else.
#[derive(Debug, Default)]
pub(super) struct Peaks(Vec<Peak>);

impl Peaks {
    /// Follows what a tick did to a player; its peak, if that is a death, after which a life
    /// begins with what is left.
    pub(super) fn follow(&mut self, sim: &Sim, happening: &Happening) -> Option<Peak> {
        let (Happening::Scored { who } | Happening::Died { who, .. }) = *happening else {
            return None;
        };
        let (shards, kills) =
            sim.player(who).map_or((0, 0), |it| (it.purse.shards, it.purse.kills));
        let kills = kills.into();
        if let Happening::Died { held, .. } = *happening {
            self.raise(who, Peak { shards: held, kills });
            return Some(self.take(who));
        }
        self.raise(who, Peak { shards, kills });
        None
    }

    pub(super) fn of(&self, who: NetId) -> Peak {
        self.0.get(who.index()).copied().unwrap_or_default()
    }

    /// The peak of a life that is over.
    pub(super) fn take(&mut self, who: NetId) -> Peak {
        self.0.get_mut(who.index()).map(std::mem::take).unwrap_or_default()
    }

    /// All who have one.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (NetId, Peak)> + use<> {
        let all = (0..).map(NetId).zip(std::mem::take(&mut self.0));
        all.filter(|(_, peak)| *peak != Peak::default())
    }

    fn raise(&mut self, who: NetId, peak: Peak) {
        if self.0.len() <= who.index() {
            self.0.resize(who.index() + 1, Peak::default());
        }
        let held = &mut self.0[who.index()];
        *held = peak.max(*held);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bevy_ecs::prelude::*;

    use super::*;
    use crate::config::{Config, Settings};
    use crate::game::Game;
    use crate::sim::{Happenings, Newcomer, Now, Pilot, Purse, SimOptions, Stage, Vitals};

    /// Gathers 40 shards in the second tick, and 10 more in the fourth, in which it dies.
    fn live(
        now: Res<'_, Now>,
        mut told: ResMut<'_, Happenings>,
        mut players: Query<'_, '_, (&Pilot, &mut Purse, &mut Vitals)>,
    ) {
        for (pilot, mut purse, mut vitals) in &mut players {
            let gathered = match now.0.0 {
                2 => 40,
                4 => 10,
                _ => continue,
            };
            purse.shards += gathered;
            purse.kills += 1;
            told.tell(Happening::Scored { who: pilot.id });
            if now.0.0 == 4 {
                vitals.slain_by = Some(NetId::NOBODY);
            }
        }
    }

    /// A world in which one player lives so.
    pub(in crate::room) fn world() -> (Sim, NetId) {
        let config = Config::new(Settings::default()).expect("defaults are allowed");
        let (arena, _) = config.arena().expect("the built-in map is whole");
        let options = SimOptions { tick_hz: 30, seed: 1, players_max: 2, shards: 0 };
        let game = Game {
            name: "lives",
            install: |world, schedule| {
                (Game::default().install)(world, schedule);
                schedule.add_systems(live.in_set(Stage::Interact));
            },
        };
        let mut sim = Sim::playing(game, arena, &options);
        let who = sim.join(Newcomer { name: "Ada".to_owned(), look: 1 }).expect("it is empty");
        (sim, who)
    }

    #[test]
    fn what_was_reached_in_the_tick_of_death_counts_and_a_life_begins_with_what_is_left() {
        let (mut sim, who) = world();
        let (mut peaks, mut ended) = (Peaks::default(), Vec::new());
        for _ in 0..5 {
            sim.step();
            ended.extend(sim.happenings().iter().filter_map(|it| peaks.follow(&sim, it)));
            sim.forget();
        }
        assert_eq!(ended, [Peak { shards: 50, kills: 2 }]);
        assert_eq!(peaks.of(who), Peak { shards: 25, kills: 2 });
        assert_eq!(peaks.drain().collect::<Vec<_>>(), [(who, Peak { shards: 25, kills: 2 })]);
        assert_eq!((peaks.take(who), peaks.drain().count()), (Peak::default(), 0));
    }
}
