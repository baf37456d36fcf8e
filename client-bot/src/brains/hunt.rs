//! Fights: seeks the nearest glider, leads its shots, strafes, and runs when hurt.
//!
//! It is made to be beaten: it acts on what it saw a quarter of a second ago,
//! and its aim is off by some headings.

use std::collections::VecDeque;

use glam::IVec2;
use throng_shared::ids::{NetId, Tick};
use throng_shared::lattice::{SUB, heading_of};
use throng_shared::limits::THRUST_MAX;
use throng_shared::motion::{VEL, way};
use throng_shared::prng::Prng;

use super::steering::{angle, is_clear, length, open_heading, way_to_shard};
use super::wander::Wander;
use crate::brain::{Brain, Intent};
use crate::view::{Glider, View};

/// What is seen is acted on so much later, in milliseconds.
const REACTION_MS: i32 = 250;
/// Sightings that are remembered: more than a reaction's worth of thoughts.
const SIGHTINGS_MAX: usize = 8;
/// Largest error of the aim, in headings to each side.
const AIM_ERROR_MAX: u32 = 8;
/// The error of the aim lasts for one in this many thoughts.
const AIM_SHIFT_ONE_IN: u32 = 4;
/// It changes the side to which it strafes once in so many thoughts.
const STRAFE_SHIFT_ONE_IN: u32 = 12;
/// Distances, in sub-units: shots beyond the first are not tried, and it keeps
/// between the other two.
const FIRE_WITHIN: i32 = 11 * SUB;
const FAR: i32 = 7 * SUB;
const NEAR: i32 = 4 * SUB;
/// It runs below this health, and fights again above the other.
const RUN_BELOW_HP: u8 = 35;
const FIGHT_ABOVE_HP: u8 = 60;
/// A new prey must be nearer than the old one by this share to be taken: 3/5.
const LOYALTY: (i32, i32) = (3, 5);
/// A bolt this near, in sub-units, and this well aimed, in headings, is dodged.
const DODGE_WITHIN: i32 = 4 * SUB;
const DODGE_ANGLE: u8 = 12;
/// Odds of a dash a thought.
const DODGE_ONE_IN: u32 = 3;
const RUN_DASH_ONE_IN: u32 = 8;
const CHASE_DASH_ONE_IN: u32 = 30;

#[derive(Clone, Copy, Debug)]
struct Sighting {
    at: Tick,
    who: NetId,
    pos: IVec2,
    vel: IVec2,
}

#[derive(Debug, Default)]
pub(crate) struct Hunt {
    stroll: Wander,
    sightings: VecDeque<Sighting>,
    prey: Option<NetId>,
    aim_error: i32,
    strafe_left: bool,
    runs: bool,
}

impl Brain for Hunt {
    fn think(&mut self, view: &View, rng: &mut Prng) -> Intent {
        let Some(own) = view.own() else {
            self.sightings.clear();
            self.runs = false;
            return Intent::default();
        };
        self.shift_mood(own.hp, rng);
        self.watch(view, own.body.pos);
        let Some(prey) = self.recall(view) else {
            return Intent { thrust: THRUST_MAX, ..self.stroll.think(view, rng) };
        };
        let from = own.body.pos;
        let aim = self.aim(view, from, prey);
        let wanted = self.course(view, from, prey.pos);
        let heading = open_heading(view.map(), from, wanted);
        let in_reach =
            length(prey.pos - from) < FIRE_WITHIN && is_clear(view.map(), from, prey.pos);
        let dash = self.wants_dash(view, own, prey.pos, rng);
        Intent { heading, thrust: THRUST_MAX, aim, fire: in_reach, dash }
    }
}

impl Hunt {
    fn shift_mood(&mut self, hp: u8, rng: &mut Prng) {
        self.runs = if self.runs { hp <= FIGHT_ABOVE_HP } else { hp < RUN_BELOW_HP };
        if rng.one_in(AIM_SHIFT_ONE_IN) {
            let side = |rng: &mut Prng| rng.below(AIM_ERROR_MAX + 1).cast_signed();
            self.aim_error = side(rng) - side(rng);
        }
        if rng.one_in(STRAFE_SHIFT_ONE_IN) {
            self.strafe_left = !self.strafe_left;
        }
    }

    /// Chooses the prey and remembers where it is.
    fn watch(&mut self, view: &View, from: IVec2) {
        let distance = |glider: &&Glider| length(glider.body.pos - from);
        let nearest = view.others_in_view().min_by_key(distance);
        let held = view.others_in_view().find(|glider| Some(glider.id) == self.prey);
        let prey = match (nearest, held) {
            (Some(near), Some(held))
                if distance(&near) * LOYALTY.1 >= distance(&held) * LOYALTY.0 =>
            {
                Some(held)
            }
            (nearest, _) => nearest,
        };
        self.prey = prey.map(|glider| glider.id);
        if let Some(Glider { id, body, .. }) = prey {
            if self.sightings.len() == SIGHTINGS_MAX {
                self.sightings.pop_front();
            }
            let sighting = Sighting { at: view.tick(), who: *id, pos: body.pos, vel: body.vel };
            self.sightings.push_back(sighting);
        }
    }

    /// The prey as it must be now by what was seen a reaction time ago.
    fn recall(&mut self, view: &View) -> Option<Sighting> {
        let prey = self.prey?;
        let delay = REACTION_MS * view.rules().tick_hz / 1000;
        let now = view.tick();
        let seen = self
            .sightings
            .iter()
            .rfind(|seen| seen.who == prey && now.since(seen.at) >= delay)
            .copied()?;
        let passed = now.since(seen.at).min(view.rules().tick_hz);
        Some(Sighting { pos: seen.pos + way(seen.vel, seen.at, passed), ..seen })
    }

    /// Where to shoot so that the bolt and the prey arrive together.
    fn aim(&self, view: &View, from: IVec2, prey: Sighting) -> u8 {
        let bolt_speed = view.rules().bolt_speed.max(1);
        let mut target = prey.pos;
        for _ in 0..2 {
            let ticks = length(target - from) * VEL / bolt_speed;
            target = prey.pos + way(prey.vel, view.tick(), ticks);
        }
        heading_of(target - from).wrapping_add_signed(self.aim_error as i8)
    }

    /// Towards the prey from afar, around it at a good distance, away when too
    /// near or hurt.
    fn course(&self, view: &View, from: IVec2, prey: IVec2) -> u8 {
        let towards = heading_of(prey - from);
        if self.runs {
            let away = towards.wrapping_add(128);
            let shard = way_to_shard(view, from).filter(|&way| angle(way, towards) > 48);
            return shard.unwrap_or(away);
        }
        let around = match length(prey - from) {
            FAR.. => 16,
            NEAR.. => 60,
            _ => 100,
        };
        if self.strafe_left { towards.wrapping_sub(around) } else { towards.wrapping_add(around) }
    }

    fn wants_dash(&self, view: &View, own: &Glider, prey: IVec2, rng: &mut Prng) -> bool {
        if !own.body.can_dash() {
            return false;
        }
        let from = own.body.pos;
        let is_aimed_at = view.bolts().iter().any(|bolt| {
            let gap = from - bolt.flight.pos;
            bolt.owner != own.id
                && length(gap) < DODGE_WITHIN
                && angle(bolt.flight.heading, heading_of(gap)) < DODGE_ANGLE
        });
        (is_aimed_at && rng.one_in(DODGE_ONE_IN))
            || (self.runs && rng.one_in(RUN_DASH_ONE_IN))
            || (length(prey - from) > FAR && rng.one_in(CHASE_DASH_ONE_IN))
    }
}

#[cfg(test)]
mod tests {
    use throng_shared::lattice::along;

    use super::*;
    use crate::brains::stage::Stage;

    /// Thinks once every three ticks, as often as bots do.
    fn thoughts(stage: &Stage, count: u32) -> Vec<Intent> {
        let (mut hunt, mut rng) = (Hunt::default(), Prng::new(5));
        (0..count).map(|n| hunt.think(&stage.view_at(100 + n * 3), &mut rng)).collect()
    }

    #[test]
    fn it_shoots_at_what_it_saw_a_reaction_ago() {
        let stage = Stage::open().other(IVec2::new(0, 5 * SUB), IVec2::ZERO);
        let intents = thoughts(&stage, 60);
        assert!(intents[..3].iter().all(|i| !i.fire), "because nobody reacts at once");
        assert!(intents[3..].iter().all(|i| i.fire), "because the way to the prey is clear");
        for intent in &intents[3..] {
            assert!(angle(intent.aim, 64) <= 8, "because the prey is south: {}", intent.aim);
        }
        let off = intents[3..].iter().filter(|i| i.aim != 64).count();
        assert!(off > 20, "because its aim is human");
    }

    #[test]
    fn it_leads_its_aim() {
        let stage = Stage::open();
        let mut hunt = Hunt { prey: Some(NetId(1)), ..Hunt::default() };
        hunt.aim_error = 0;
        let prey = Sighting {
            at: Tick(0),
            who: NetId(1),
            pos: IVec2::new(32 * SUB + 6 * SUB, 32 * SUB),
            vel: along(64, 68 * VEL),
        };
        let aim = hunt.aim(&stage.view(), IVec2::splat(32 * SUB), prey);
        assert!((10..24).contains(&aim), "because the prey flies south: {aim}");
    }

    #[test]
    fn it_closes_in_and_runs_when_hurt() {
        let far = Stage::open().other(IVec2::new(12 * SUB, 0), IVec2::ZERO);
        let last = |stage: &Stage| thoughts(stage, 10).pop().expect("ten thoughts");
        assert!(angle(last(&far).heading, 0) < 32, "because the prey is east");
        let hurt = far.hp(20);
        assert!(angle(last(&hurt).heading, 128) < 32, "because it runs from the east");
    }

    #[test]
    fn alone_it_gathers() {
        let stage = Stage::open().shard(IVec2::new(-3 * SUB, 0));
        let intents = thoughts(&stage, 5);
        assert!(intents.iter().all(|i| i.heading == 128 && !i.fire), "because a shard is west");
    }
}
