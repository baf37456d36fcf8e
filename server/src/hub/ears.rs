//! Whom a player does not want to hear: on this visit, and kept for the next ones.

use throng_shared::ids::NetId;
use throng_shared::wire::Problem;

use super::asks::no_such_player;
use super::members::person;
use super::{Hub, Person, Refused, RoomId};
use crate::identity::PlayerId;

impl Hub {
    pub(super) fn close_ears(
        &mut self,
        (room, you): (RoomId, NetId),
        who: NetId,
        on: bool,
    ) -> Result<(), Refused> {
        let Some(it) = self.rooms.get_mut(&room) else { return Ok(()) };
        let other = it.members.get(&who).filter(|_| who != you);
        let other = other.ok_or_else(|| no_such_player(who))?;
        let (whom, player) = (person(room, who, other), other.who.player);
        // Those can be heard again by a word; of others nobody could take that back.
        let here: Vec<Person> = it.members.iter().map(|(&it, of)| person(room, it, of)).collect();
        let Some(member) = it.members.get_mut(&you) else { return Ok(()) };
        let deaf_to = &mut member.habits.deaf_to;
        deaf_to.retain(|it| *it != whom);
        let me = member.who.player;
        let lasts = me.is_somebody() && player.is_somebody() && me != player;
        if on && deaf_to.len() >= self.limits.deaf_max as usize {
            let absent = deaf_to.iter().position(|it| !here.contains(it));
            deaf_to.remove(absent.ok_or_else(too_many)?);
        }
        if lasts && !self.keeper.ignore(me, player, on) {
            let is_absent = |it: &PlayerId| !here.contains(&Person::Player(*it));
            let absent = self.keeper.ignored(me).into_iter().find(is_absent);
            self.keeper.ignore(me, absent.ok_or_else(too_many)?, false);
            self.keeper.ignore(me, player, on);
        }
        if on {
            deaf_to.push(whom);
        }
        Ok(())
    }
}

fn too_many() -> Refused {
    let why = "You have muted as many as one can, and all of them are here: hear one again first.";
    Refused::new(Problem::NotAllowed, why)
}
