//! Who is told which line. Whom a player does not want to hear is kept, and has to be read again
//! when it comes: until that is done, which is a moment, what is said waits for it.

use std::collections::VecDeque;

use throng_shared::ids::NetId;
use throng_shared::limits::{FIRST_LINES_MAX, FIRST_LINES_MS};
use throng_shared::time::Millis;
use throng_shared::wire::{Event, Line};

use super::members::Member;
use super::{Delivery, Hub, Keeper, Now, Person, RoomId, packed};

/// What a newcomer is to be told once it is known whom it does not want to hear.
#[derive(Debug)]
pub(super) struct FirstLines {
    /// When it is told all the same.
    until: Millis,
    lines: VecDeque<(Person, Line)>,
}

impl Member {
    /// Whether it may want to hear somebody, as far as is known by now.
    pub(super) fn may_hear(&self, keeper: &dyn Keeper, whom: Person) -> bool {
        self.first_lines.is_some() || !self.habits.ignores(keeper, self.who.player, whom)
    }
}

impl Hub {
    /// Tells a newcomer the newest lines of its room.
    pub(super) fn tell_first_lines(&mut self, now: Now, (room, you): (RoomId, NetId)) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.get_mut(&you) else { return };
        self.keeper.recall(member.who.player);
        let (until, lines) = (now.ms.plus(FIRST_LINES_MS), it.lines.clone());
        member.first_lines = Some(FirstLines { until, lines });
        if !self.release_lines(now, (room, you)) {
            self.expectant.push_back((room, you));
        }
    }

    /// Tells those what was said of whom it is known by now whom they do not want to hear, and
    /// those for whom it would take too long.
    pub(super) fn release_all_lines(&mut self, now: Now) {
        for _ in 0..self.expectant.len() {
            let Some(at) = self.expectant.pop_front() else { break };
            if !self.release_lines(now, at) {
                self.expectant.push_back(at);
            }
        }
    }

    /// Whether nothing waits for this one any more.
    fn release_lines(&mut self, now: Now, (room, you): (RoomId, NetId)) -> bool {
        let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
        let Some(member) = member else { return true };
        let player = member.who.player;
        let is_told = |it: &mut FirstLines| self.keeper.has_read(player) || now.ms >= it.until;
        let Some(FirstLines { lines, .. }) = member.first_lines.take_if(is_told) else {
            return member.first_lines.is_none();
        };
        let hears = |(said_by, line): &&(Person, Line)| {
            line.operator || !member.habits.ignores(self.keeper.as_ref(), player, *said_by)
        };
        let heard = lines.iter().filter(hears);
        let heard: Vec<_> = heard.map(|(_, line)| packed(&Event::Line(line.clone()))).collect();
        for message in heard {
            self.deliver(room, Delivery::Event { you, message });
        }
        true
    }

    /// Tells those a line, or keeps it for them.
    pub(super) fn tell_line(
        &mut self,
        room: RoomId,
        hearers: &[NetId],
        said_by: Person,
        line: &Line,
    ) {
        let message = packed(&Event::Line(line.clone()));
        for &you in hearers {
            let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
            match member.and_then(|it| it.first_lines.as_mut()) {
                Some(it) => {
                    it.lines.push_back((said_by, line.clone()));
                    if it.lines.len() > FIRST_LINES_MAX {
                        it.lines.pop_front();
                    }
                }
                None => self.deliver(room, Delivery::Event { you, message: message.clone() }),
            }
        }
    }
}
