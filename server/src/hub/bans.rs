//! Who is banned while it plays: it is told so first, in words of a program, and then its session
//! ends. Nothing that it asks for meanwhile is done.

use throng_shared::ids::NetId;
use throng_shared::limits::BAN_TOLD_MS;
use throng_shared::time::Millis;
use throng_shared::wire::{Event, NO_CALL, Outcome, Problem};

use super::{Hub, Now, Refused, RoomId};

/// Why and when a session ends.
#[derive(Debug)]
pub(super) struct Ending {
    at: Millis,
    why: String,
    refused: Refused,
}

impl Hub {
    /// Tells somebody that it is banned for so long, and lets its session end.
    pub(super) fn end_banned(
        &mut self,
        now: Now,
        (room, you): (RoomId, NetId),
        why: &str,
        retry_after_ms: u32,
    ) {
        let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
        let Some(member) = member else { return };
        let (problem, text) = (Problem::Banned, format!("You are {why}."));
        let refused = Refused { problem, text: text.clone(), retry_after_ms };
        let at = now.ms.plus(BAN_TOLD_MS);
        if member.ending.replace(Ending { at, why: why.to_owned(), refused }).is_none() {
            self.ending.push_back((room, you));
        }
        let outcome = Outcome::Refused { problem, text, retry_after_ms };
        self.tell((room, you), &Event::Answer { call: NO_CALL, outcome });
    }

    /// What is answered to whom has to go, whatever it asks for.
    pub(super) fn last_word(&self, (room, you): (RoomId, NetId)) -> Option<Refused> {
        let ending = self.rooms.get(&room)?.members.get(&you)?.ending.as_ref()?;
        Some(ending.refused.clone())
    }

    /// Ends the sessions whose time has come.
    pub(super) fn expel_banned(&mut self, now: Now) {
        for _ in 0..self.ending.len() {
            let Some((room, you)) = self.ending.pop_front() else { break };
            let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
            let Some(ending) = member.map(|it| &mut it.ending) else { continue };
            match ending.take_if(|it| now.ms >= it.at) {
                Some(Ending { why, .. }) => self.expel((room, you), &why),
                None if ending.is_some() => self.ending.push_back((room, you)),
                None => {}
            }
        }
    }
}
