//! Rooms, and who is in them.

use std::collections::{BTreeMap, VecDeque};

use throng_shared::ids::NetId;
use throng_shared::limits::{ABSENT_KEPT, NEWS_ROOM_PLAYERS, PRESENCE_ROWS_MAX, TRAVEL_MS};
use throng_shared::time::Millis;
use throng_shared::wire::{Line, News, PresenceRow, Priority};

use super::allowance::Allowance;
use super::bans::Ending;
use super::lines::FirstLines;
use super::slow::SlowMode;
use super::topics::{Feed, Rows, presence};
use super::{Hub, Keeper, Now, Peak, Person, RoomId, RoomInfo, Standing};
use crate::config::Limits;
use crate::identity::PlayerId;
use crate::link::Visitor;

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
    pub(super) complaints: Allowance,
    /// The topics that were told whole last, and when.
    pub(super) whole: VecDeque<(String, Millis)>,
    /// Whom it does not want to hear.
    pub(super) deaf_to: Vec<Person>,
    pub(super) topics: BTreeMap<String, Followed>,
}

impl Habits {
    /// Whether `player`, whose habits these are, does not want to hear somebody.
    pub(super) fn ignores(&self, keeper: &dyn Keeper, player: PlayerId, whom: Person) -> bool {
        let is_kept = matches!(whom, Person::Player(whom) if keeper.ignores(player, whom));
        is_kept || self.deaf_to.contains(&whom)
    }

    /// What a player may do no more often in two rooms than in one, and whom it does not
    /// want to hear in either.
    fn elsewhere(&self) -> Self {
        let known = self.deaf_to.iter().filter(|it| matches!(it, Person::Player(_)));
        Self {
            chat: self.chat,
            asks: self.asks,
            refused: self.refused,
            complaints: self.complaints,
            whole: VecDeque::new(),
            deaf_to: known.copied().collect(),
            topics: BTreeMap::new(),
        }
    }

    /// Whether a topic may be told whole now: no more often than topics are told, whoever asks
    /// for it how often.
    pub(super) fn take_whole(&mut self, now: Millis, limits: &Limits, topic: &str) -> bool {
        // So many topics in that time, whichever they are.
        self.whole.retain(|(_, at)| now.since(*at) < limits.topic_ms.into());
        let most = limits.topics_max as usize;
        if self.whole.len() >= most || self.whole.iter().any(|(it, _)| it == topic) {
            return false;
        }
        self.whole.push_back((topic.to_owned(), now));
        true
    }

    /// Takes over what another place of the same player leaves behind.
    fn inherit(&mut self, limits: &Limits, other: Self) {
        self.chat = self.chat.or_less(other.chat);
        self.asks = self.asks.or_less(other.asks);
        self.refused = self.refused.or_less(other.refused);
        self.complaints = self.complaints.or_less(other.complaints);
        for whom in other.deaf_to {
            if self.deaf_to.len() < limits.deaf_max as usize && !self.deaf_to.contains(&whom) {
                self.deaf_to.push(whom);
            }
        }
        for topic in other.topics.into_keys() {
            if self.topics.len() < limits.topics_max as usize {
                self.topics.entry(topic).or_default();
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) who: Visitor,
    pub(super) spectator: bool,
    /// Nobody reads what it is sent just now.
    pub(super) dead: bool,
    /// What it is sent piles up on its way: topics wait, of which the newest state counts.
    pub(super) lags: bool,
    pub(super) habits: Habits,
    /// Until when what the player follows in the room from which it comes goes along: that
    /// room lets it go once this one has it.
    arriving_until: Option<Millis>,
    /// Of this life, as far as the room has told.
    pub(super) peak: Peak,
    /// The most shards of this life that were recorded.
    pub(super) recorded: u32,
    /// The most that it had in all lives before.
    pub(super) best: u32,
    /// What is to be told once it is known whom it does not want to hear.
    pub(super) first_lines: Option<FirstLines>,
    /// When it has to go, being banned.
    pub(super) ending: Option<Ending>,
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
    /// The newest lines, each with who said it.
    pub(super) lines: VecDeque<(Person, Line)>,
    /// Number of the newest line.
    pub(super) line_number: u32,
    /// Lines that all may say together, and players whom they may report.
    pub(super) chat: Allowance,
    pub(super) complaints: Allowance,
    pub(super) slow: SlowMode,
    pub(super) crown: Option<NetId>,
    pub(super) standings: Vec<Standing>,
    pub(super) pulse: Pulse,
    /// Whether another room has its name by now, and with it the topic.
    pub(super) is_succeeded: bool,
    /// Whether the rows of its presence are not those that were published.
    pub(super) has_moved: bool,
}

impl Room {
    /// Keeps a line for newcomers, and no more than so many.
    pub(super) fn keep_line(&mut self, most: usize, said_by: Person, line: Line) {
        self.lines.push_back((said_by, line));
        if self.lines.len() > most {
            self.lines.pop_front();
        }
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
        for other in self.rooms.values_mut().filter(|it| it.info.name == info.name) {
            other.is_succeeded = true;
        }
        // Who followed another room of that name did not ask for this one.
        self.end_topic(&topic);
        let feed = Feed::new(topic.clone(), self.next_version, Rows::Presence(BTreeMap::new()));
        self.feeds.insert(topic, feed);
        self.rooms.insert(room, Room { info, ..Room::default() });
    }

    pub(super) fn close(&mut self, now: Now, room: RoomId) {
        let Some(gone) = self.rooms.get(&room) else { return };
        let topic = (!gone.is_succeeded).then(|| presence(&gone.info.name));
        let members = gone.members.keys().copied();
        for you in members.collect::<Vec<_>>() {
            self.leave(now, (room, you), Peak::default());
        }
        self.rooms.remove(&room);
        if let Some(topic) = topic {
            self.end_topic(&topic);
        }
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
            let left_s = until_s.saturating_sub(now.unix_s.into());
            let why = format!("banned for {} min: {reason}", left_s.div_ceil(60));
            self.expel((room, you), &why);
            return;
        }
        let best = self.keeper.best(who.player);
        let mut habits = self.take_habits(who.player);
        for followed in habits.topics.values_mut() {
            *followed = Followed::default();
        }
        let others = self.places_of(who.player);
        let arriving_until = (!others.is_empty()).then(|| now.ms.plus(TRAVEL_MS));
        for other in others {
            let known = self.habits(other).map(|other| other.elsewhere());
            habits.inherit(&self.limits, known.unwrap_or_default());
        }
        let Some(it) = self.rooms.get_mut(&room) else { return };
        it.has_moved = true;
        let name_told = name.clone();
        let newcomer = Member {
            name,
            who,
            spectator,
            dead: false,
            lags: false,
            habits,
            arriving_until,
            peak: Peak::default(),
            recorded: 0,
            best,
            first_lines: None,
            ending: None,
        };
        it.members.insert(you, newcomer);
        self.tell_first_lines(now, (room, you));
        if !spectator {
            let news = News::Joined { name: name_told };
            self.tell_few(now, (room, you), who.player, Priority::Low, news);
        }
    }

    pub(super) fn leave(&mut self, now: Now, (room, you): (RoomId, NetId), peak: Peak) {
        self.note_peak((room, you), peak);
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
        it.slow.forget(glider);
        let Member { name, who: Visitor { player, .. }, spectator, mut habits, .. } = member;
        if player != PlayerId(0) {
            habits.topics.remove(&topic);
            habits.deaf_to.retain(|it| matches!(it, Person::Player(_)));
            self.hand_on(now, player, habits);
        }
        if !spectator {
            self.tell_few(now, (room, you), player, Priority::Low, News::Left { name });
        }
    }

    pub(super) fn link(&mut self, now: Now, (room, you): (RoomId, NetId), dead: bool) {
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.get_mut(&you) else { return };
        it.has_moved |= member.dead != dead;
        // Of another connection nobody has said yet that it is slow.
        (member.dead, member.lags) = (dead, false);
        if !dead {
            self.catch_up(now, (room, you));
        }
    }

    /// A client's link lags, or does so no more: the next round tells it where things stand.
    pub(super) fn lag(&mut self, (room, you): (RoomId, NetId), lags: bool) {
        let member = self.rooms.get_mut(&room).and_then(|it| it.members.get_mut(&you));
        if let Some(member) = member {
            member.lags = lags;
        }
    }

    /// Gives what belongs to a player to its place in the room to which it went, or keeps it
    /// until it comes again.
    fn hand_on(&mut self, now: Now, player: PlayerId, mut habits: Habits) {
        let is_arriving = |hub: &Self, (room, you): (RoomId, NetId)| {
            let member = hub.rooms.get(&room).and_then(|it| it.members.get(&you));
            member.and_then(|it| it.arriving_until).is_some_and(|until| now.ms <= until)
        };
        let mut places = self.places_of(player).into_iter();
        if let Some((room, you)) = places.find(|&at| is_arriving(self, at)) {
            if let Some(it) = self.rooms.get_mut(&room)
                && let Some(member) = it.members.get_mut(&you)
            {
                member.arriving_until = None;
                member.habits.inherit(&self.limits, habits);
                self.catch_up(now, (room, you));
            }
            return;
        }
        let others = self.take_habits(player);
        habits.inherit(&self.limits, others);
        if self.absent.len() >= ABSENT_KEPT {
            self.absent.pop_front();
        }
        self.absent.push_back((player, habits));
    }

    /// Where a known player is.
    pub(super) fn places_of(&self, player: PlayerId) -> Vec<(RoomId, NetId)> {
        if player == PlayerId(0) {
            return Vec::new();
        }
        let rooms = self.rooms.iter();
        rooms
            .flat_map(|(&room, it)| it.members.iter().map(move |(&you, it)| (room, you, it)))
            .filter(|(_, _, member)| member.who.player == player)
            .map(|(room, you, _)| (room, you))
            .collect()
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

    /// Tells the others of a room in which few people are. House bots come and go untold.
    fn tell_few(
        &mut self,
        now: Now,
        (room, about): (RoomId, NetId),
        who: PlayerId,
        is: Priority,
        news: News,
    ) {
        let Some(it) = self.rooms.get(&room) else { return };
        let people = it.members.iter().filter(|(_, member)| member.who.player.is_somebody());
        let others: Vec<NetId> = people.map(|(&you, _)| you).filter(|&it| it != about).collect();
        if !who.is_somebody() || others.len() >= NEWS_ROOM_PLAYERS {
            return;
        }
        for you in others {
            self.notify(now, (room, you), is, news.clone());
        }
    }
}
