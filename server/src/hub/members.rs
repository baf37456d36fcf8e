//! Rooms, and who is in them.

use std::collections::{BTreeMap, VecDeque};

use throng_shared::ids::NetId;
use throng_shared::limits::{ABSENT_KEPT, CHAT_LINES_KEPT, NEWS_ROOM_PLAYERS, PRESENCE_ROWS_MAX};
use throng_shared::session::CloseCode;
use throng_shared::wire::{Event, Line, News, PresenceRow, Priority};

use super::allowance::Allowance;
use super::topics::{Feed, Rows, presence};
use super::{Delivery, Hub, Now, Person, RoomId, RoomInfo, Standing, packed};
use crate::identity::PlayerId;
use crate::link::Visitor;
use crate::store::Score;

/// A topic that somebody follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// The version that the client holds, 0: none.
    pub(super) held: u32,
    pub(super) own: u32,
}

/// What belongs to a player rather than to its place in a room.
#[derive(Debug, Default)]
pub(super) struct Habits {
    pub(super) chat: Allowance,
    pub(super) asks: Allowance,
    pub(super) refused: Allowance,
    /// Whom it does not want to hear.
    pub(super) deaf_to: Vec<Person>,
    pub(super) topics: BTreeMap<String, Followed>,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) who: Visitor,
    pub(super) spectator: bool,
    /// Nobody reads what it is sent just now.
    pub(super) dead: bool,
    pub(super) habits: Habits,
    /// The most shards that it had at once in this life, and its kills then.
    pub(super) peak: (u32, u32),
    /// The most that it had in all lives before.
    pub(super) best: u32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    pub(super) players: u16,
    pub(super) spectators: u16,
    pub(super) work_us: u32,
    pub(super) late_ticks: u32,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) info: RoomInfo,
    pub(super) members: BTreeMap<NetId, Member>,
    pub(super) lines: VecDeque<Line>,
    /// Number of the newest line.
    pub(super) line_number: u32,
    /// Lines that all may say together.
    pub(super) chat: Allowance,
    /// Seconds between two lines of one player, 0: as usual.
    pub(super) slow_s: u16,
    pub(super) crown: Option<NetId>,
    pub(super) standings: Vec<Standing>,
    pub(super) pulse: Pulse,
    /// Whether the rows of its presence are not those that were published.
    pub(super) has_moved: bool,
}

impl Room {
    pub(super) fn keep_line(&mut self, line: Line) {
        if self.lines.len() >= CHAT_LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(super) fn presence_rows(&self) -> Rows {
        let row = |(&who, it): (&NetId, &Member)| {
            let (name, link_dead, spectator) = (it.name.clone(), it.dead, it.spectator);
            (who, PresenceRow { who, name, link_dead, spectator })
        };
        Rows::Presence(self.members.iter().take(PRESENCE_ROWS_MAX).map(row).collect())
    }
}

/// What a member is to others, for as long as it can be known again.
pub(super) fn person(room: RoomId, you: NetId, member: &Member) -> Person {
    match member.who.player {
        PlayerId(0) => Person::Glider(room, you),
        player => Person::Player(player),
    }
}

impl Hub {
    pub(super) fn open(&mut self, room: RoomId, info: RoomInfo) {
        let topic = presence(&info.name);
        self.feeds.insert(topic.clone(), Feed::new(topic, Rows::Presence(BTreeMap::new())));
        self.rooms.insert(room, Room { info, ..Room::default() });
    }

    pub(super) fn close(&mut self, now: Now, room: RoomId) {
        let Some(gone) = self.rooms.get(&room) else { return };
        let (topic, members) = (presence(&gone.info.name), gone.members.keys().copied());
        for you in members.collect::<Vec<_>>() {
            self.leave(now, (room, you));
        }
        self.rooms.remove(&room);
        self.feeds.remove(&topic);
    }

    pub(super) fn join(
        &mut self,
        now: Now,
        (room, you): (RoomId, NetId),
        name: String,
        who: Visitor,
        spectator: bool,
    ) {
        if let Some((until_s, reason)) = self.ban(who.player) {
            let minutes = (until_s - u64::from(now.unix_s)).div_ceil(60);
            let reason = super::text::reason(&format!("banned for {minutes} min: {reason}"));
            self.deliver(room, Delivery::Expel { you, code: CloseCode::Kicked, reason });
            return;
        }
        let best = self.keeper.best(who.player);
        let mut habits = self.take_habits(who.player);
        for followed in habits.topics.values_mut() {
            *followed = Followed::default();
        }
        let Some(it) = self.rooms.get_mut(&room) else { return };
        it.has_moved = true;
        let (dead, peak) = (false, (0, 0));
        let newcomer = Member { name: name.clone(), who, spectator, dead, habits, peak, best };
        it.members.insert(you, newcomer);
        let lines: Vec<_> =
            it.lines.iter().map(|line| packed(&Event::Line(line.clone()))).collect();
        for message in lines {
            self.deliver(room, Delivery::Event { you, message });
        }
        if !spectator {
            self.tell_few(now, (room, you), Priority::Low, News::Joined { name });
        }
    }

    pub(super) fn leave(&mut self, now: Now, (room, you): (RoomId, NetId)) {
        self.record(now, room, you, true);
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.remove(&you) else { return };
        it.has_moved = true;
        let topic = presence(&it.info.name);
        // Its number will be another's.
        let glider = Person::Glider(room, you);
        for other in it.members.values_mut() {
            other.habits.deaf_to.retain(|it| *it != glider);
        }
        self.silenced.remove(&glider);
        let Member { name, who: Visitor { player, .. }, spectator, mut habits, .. } = member;
        if player != PlayerId(0) {
            habits.topics.remove(&topic);
            habits.deaf_to.retain(|it| matches!(it, Person::Player(_)));
            if self.absent.len() >= ABSENT_KEPT {
                self.absent.pop_front();
            }
            self.absent.push_back((player, habits));
        }
        if !spectator {
            self.tell_few(now, (room, you), Priority::Low, News::Left { name });
        }
    }

    pub(super) fn link(&mut self, (room, you): (RoomId, NetId), dead: bool) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.get_mut(&you) else { return };
        it.has_moved |= member.dead != dead;
        member.dead = dead;
        if !dead {
            self.catch_up((room, you));
        }
    }

    pub(super) fn note_standings(&mut self, room: RoomId, standings: Vec<Standing>) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        for standing in &standings {
            if let Some(member) = it.members.get_mut(&standing.you)
                && standing.shards > member.peak.0
            {
                member.peak = (standing.shards, standing.kills);
            }
        }
        it.standings = standings;
    }

    /// Keeps what a player has reached in this life, which may be over.
    ///
    /// Gives its best if this life brought it.
    pub(super) fn record(&mut self, now: Now, room: RoomId, you: NetId, over: bool) -> Option<u32> {
        let it = self.rooms.get_mut(&room)?;
        let member = it.members.get_mut(&you)?;
        let (shards, kills) = member.peak;
        let player = member.who.player;
        if over {
            member.peak = (0, 0);
        }
        if player == PlayerId(0) || shards == 0 {
            return None;
        }
        let is_best = shards > member.best;
        if over && is_best {
            member.best = shards;
        }
        let (name, room) = (member.name.clone(), it.info.name.clone());
        let at_s = u64::from(now.unix_s);
        self.keeper.record(Score { player, name, room, shards, kills, at_s });
        (over && is_best).then_some(shards)
    }

    fn take_habits(&mut self, player: PlayerId) -> Habits {
        let at = self.absent.iter().position(|(it, _)| *it == player);
        let found = at.and_then(|at| self.absent.remove(at));
        found.map_or_else(Habits::default, |(_, habits)| habits)
    }

    pub(super) fn ban(&self, player: PlayerId) -> Option<(u64, String)> {
        if player == PlayerId(0) {
            return None;
        }
        self.keeper.ban_of(player)
    }

    /// Tells the others of a room in which few are.
    fn tell_few(&mut self, now: Now, (room, about): (RoomId, NetId), is: Priority, news: News) {
        let Some(it) = self.rooms.get(&room) else { return };
        if it.members.len() > NEWS_ROOM_PLAYERS {
            return;
        }
        let others: Vec<NetId> = it.members.keys().copied().filter(|&it| it != about).collect();
        for you in others {
            self.notify(now, (room, you), is, news.clone());
        }
    }
}
