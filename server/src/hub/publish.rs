//! Once a second: what the topics say now, and what of it whom is told.

use std::collections::BTreeMap;

use throng_shared::ids::NetId;
use throng_shared::limits::{LEADERS, RECORD_EVERY_MS};
use throng_shared::time::Millis;
use throng_shared::wire::{LeaderRow, RoomRow, ServerRow};

use super::topics::{ALL, DAY, Feed, NOW, ROOMS, Rows, SERVER, presence};
use super::{Delivery, Hub, Now, RoomId, Span, Traffic, update_for};
use crate::identity::PlayerId;

/// Everybody's place on the boards, from 1.
#[derive(Debug, Default)]
pub(super) struct Places {
    now: BTreeMap<(RoomId, NetId), u32>,
    day: BTreeMap<PlayerId, u32>,
    all: BTreeMap<PlayerId, u32>,
}

impl Places {
    fn of(&self, topic: &str, at: (RoomId, NetId), player: PlayerId) -> u32 {
        let place = match topic {
            NOW => self.now.get(&at),
            DAY => self.day.get(&player),
            ALL => self.all.get(&player),
            _ => None,
        };
        place.copied().unwrap_or(0)
    }
}

impl Hub {
    pub(super) fn open_feeds(&mut self) {
        for topic in [NOW, DAY, ALL] {
            let feed = Feed::new(topic.to_owned(), 1, Rows::Leaders(Vec::new()));
            self.feeds.insert(topic.to_owned(), feed);
        }
        let rooms = Feed::new(ROOMS.to_owned(), 1, Rows::Rooms(BTreeMap::new()));
        self.feeds.insert(ROOMS.to_owned(), rooms);
        let server = Feed::new(SERVER.to_owned(), 1, Rows::Server(ServerRow::default()));
        self.feeds.insert(SERVER.to_owned(), server);
    }

    pub(super) fn go_round(&mut self, now: Now, traffic: Traffic) {
        if now.ms >= self.next_record {
            self.next_record = now.ms.plus(RECORD_EVERY_MS);
            self.record_all(now);
        }
        self.watch_storage(now);
        self.places = self.publish_boards();
        self.publish_rooms();
        self.publish_server(now, traffic);
        let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
        for room in rooms {
            let Some(it) = self.rooms.get(&room) else { continue };
            let members: Vec<NetId> = it
                .members
                .iter()
                .filter(|(_, member)| !member.dead && !member.habits.topics.is_empty())
                .map(|(&you, _)| you)
                .collect();
            for you in members {
                self.catch_up(now, (room, you));
            }
        }
        self.tell_listeners(now);
    }

    /// Brings a client to the newest of what it follows.
    pub(super) fn catch_up(&mut self, now: Now, at: (RoomId, NetId)) {
        if self.is_behind() {
            return;
        }
        let (room, you) = at;
        let Some(it) = self.rooms.get_mut(&room) else { return };
        let Some(member) = it.members.get_mut(&you) else { return };
        let player = member.who.player;
        let mut messages = Vec::new();
        // Taken out for as long as the others of its habits are asked.
        let mut topics = std::mem::take(&mut member.habits.topics);
        for (topic, followed) in &mut topics {
            let Some(feed) = self.feeds.get(topic) else { continue };
            if followed.held == 0 && !member.habits.take_whole(now.ms, &self.limits, topic) {
                continue;
            }
            let own = self.places.of(topic, at, player);
            let mut updates = feed.updates(followed.held);
            if updates.is_empty() && feed.has_own() && own != followed.own {
                updates.push(feed.own_alone());
            }
            followed.held = feed.version();
            followed.own = own;
            messages.extend(updates.iter().map(|update| update_for(update, own)));
        }
        member.habits.topics = topics;
        for message in messages {
            self.deliver(room, Delivery::Event { you, message });
        }
    }

    /// All who play, best first.
    fn standing_now(&self) -> Vec<(RoomId, super::Standing)> {
        let rooms = self.rooms.iter();
        let mut all: Vec<_> = rooms
            .flat_map(|(&room, it)| it.standings.iter().map(move |standing| (room, *standing)))
            .collect();
        all.sort_by(|(_, a), (_, b)| b.shards.cmp(&a.shards).then(b.kills.cmp(&a.kills)));
        all
    }

    fn publish_boards(&mut self) -> Places {
        let name = |room: RoomId, you| {
            let member = self.rooms.get(&room).and_then(|it| it.members.get(&you));
            member.map(|member| member.name.clone())
        };
        let leaders = self.standing_now();
        let now = (1..).zip(&leaders).map(|(place, (room, it))| ((*room, it.you), place)).collect();
        let rows = leaders
            .iter()
            .filter_map(|(room, it)| Some((name(*room, it.you)?, it.shards, it.kills)));
        let rows = numbered(rows);
        self.publish(NOW, rows);
        let [day, all] = [(DAY, Span::Day), (ALL, Span::All)].map(|(topic, span)| {
            let board = self.keeper.board(span);
            let places = (1..).zip(&board).map(|(place, best)| (best.player, place)).collect();
            let rows = board.into_iter().map(|it| (it.name, it.score, it.kills));
            self.publish(topic, numbered(rows));
            places
        });
        Places { now, day, all }
    }

    fn publish_rooms(&mut self) {
        let row = |it: &super::members::Room| RoomRow {
            name: it.info.name.clone(),
            players: it.pulse.players,
            players_max: it.info.players_max,
            spectators: it.pulse.spectators,
            tick_hz: it.info.tick_hz,
            width: it.info.width,
            height: it.info.height,
        };
        let listed = self.rooms.values().filter(|it| !it.info.is_private && !it.is_succeeded);
        let rows = listed.map(|it| (it.info.name.clone(), row(it))).collect();
        self.publish(ROOMS, Rows::Rooms(rows));
        let moved = self.rooms.values_mut().filter(|it| it.has_moved && !it.is_succeeded);
        let moved: Vec<_> = moved
            .map(|it| {
                it.has_moved = false;
                (presence(&it.info.name), it.presence_rows())
            })
            .collect();
        for (topic, rows) in moved {
            self.publish(&topic, rows);
        }
    }

    fn publish_server(&mut self, now: Now, traffic: Traffic) {
        let (before, at) = std::mem::replace(&mut self.traffic, (traffic, now.ms));
        let rate = |newest: u64, before: u64| {
            let ms = now.ms.since(if at == Millis(0) { now.ms } else { at }).max(1);
            u32::try_from(newest.saturating_sub(before) * 1000 / ms).unwrap_or(u32::MAX)
        };
        let rooms = self.rooms.values();
        self.server = ServerRow {
            rooms: u16::try_from(self.rooms.len()).unwrap_or(u16::MAX),
            players: rooms.clone().map(|it| u32::from(it.pulse.players)).sum(),
            spectators: rooms.clone().map(|it| u32::from(it.pulse.spectators)).sum(),
            connections: u32::try_from(traffic.connections).unwrap_or(u32::MAX),
            work_us: rooms.clone().map(|it| it.pulse.work_us).max().unwrap_or(0),
            late_ticks: rooms.map(|it| it.pulse.late_ticks).sum(),
            bytes_in: rate(traffic.bytes_in, before.bytes_in),
            bytes_out: rate(traffic.bytes_out, before.bytes_out),
            uptime_s: now.unix_s.saturating_sub(self.began.unwrap_or(now).unix_s),
        };
        self.publish(SERVER, Rows::Server(self.server));
    }

    fn publish(&mut self, topic: &str, rows: Rows) {
        if let Some(feed) = self.feeds.get_mut(topic) {
            feed.publish(rows);
        }
    }

    /// Keeps what all have reached so far, so that a crash takes little of it.
    pub fn record_all(&mut self, now: Now) {
        let rooms = self.rooms.iter();
        let all: Vec<_> =
            rooms.flat_map(|(&room, it)| it.members.keys().map(move |&you| (room, you))).collect();
        for (room, you) in all {
            self.record(now, room, you, false);
        }
    }
}

fn numbered(rows: impl Iterator<Item = (String, u32, u32)>) -> Rows {
    let row = |(place, (name, score, kills))| LeaderRow { place, name, score, kills };
    Rows::Leaders((1..).zip(rows.take(LEADERS)).map(row).collect())
}
