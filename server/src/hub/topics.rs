//! What is pushed to whoever asked for it: rows with a version. Everybody is told
//! everything once, and then what changed from one version to the next.

use std::collections::{BTreeMap, VecDeque};

use throng_shared::ids::NetId;
use throng_shared::limits::{PRESENCE_ROWS_AT_ONCE, TOPIC_UPDATES_KEPT};
use throng_shared::wire::{LeaderRow, PresenceRow, RoomRow, ServerRow, TopicChange, TopicUpdate};

pub(super) const NOW: &str = "leaderboard/now";
pub(super) const DAY: &str = "leaderboard/day";
pub(super) const ALL: &str = "leaderboard/all";
pub(super) const ROOMS: &str = "rooms";
pub(super) const SERVER: &str = "server";

/// The topic of who is in a room.
pub(super) fn presence(room: &str) -> String {
    format!("room/{room}/presence")
}

/// The state of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Leaders(Vec<LeaderRow>),
    Rooms(BTreeMap<String, RoomRow>),
    Presence(BTreeMap<NetId, PresenceRow>),
    Server(ServerRow),
}

impl Rows {
    /// Everything, in as many changes as it takes: the first replaces what there was.
    fn whole(&self) -> Vec<TopicChange> {
        match self {
            Self::Leaders(rows) => vec![leaders(rows.clone(), rows.len())],
            Self::Rooms(rows) => {
                let set = rows.values().cloned().collect();
                vec![TopicChange::Rooms { set, gone: Vec::new() }]
            }
            Self::Presence(rows) => {
                let rows: Vec<&PresenceRow> = rows.values().collect();
                let part = |rows: &[&PresenceRow]| {
                    let set = rows.iter().map(|&row| row.clone()).collect();
                    TopicChange::Presence { set, gone: Vec::new() }
                };
                if rows.is_empty() {
                    return vec![part(&[])];
                }
                rows.chunks(PRESENCE_ROWS_AT_ONCE).map(part).collect()
            }
            Self::Server(row) => vec![TopicChange::Server(*row)],
        }
    }

    /// What is to be changed in `old` for it to be this.
    fn since(&self, old: &Self) -> TopicChange {
        match (self, old) {
            (Self::Leaders(rows), Self::Leaders(old)) => {
                let moved = |(at, row): &(usize, &LeaderRow)| old.get(*at) != Some(row);
                let set = rows.iter().enumerate().filter(moved).map(|(_, row)| row.clone());
                leaders(set.collect(), rows.len())
            }
            (Self::Rooms(rows), Self::Rooms(old)) => {
                let (set, gone) = difference(rows, old);
                TopicChange::Rooms { set, gone }
            }
            (Self::Presence(rows), Self::Presence(old)) => {
                let (set, gone) = difference(rows, old);
                TopicChange::Presence { set, gone }
            }
            (Self::Server(row), _) => TopicChange::Server(*row),
            (Self::Leaders(_) | Self::Rooms(_) | Self::Presence(_), _) => {
                unreachable!("a topic keeps its kind")
            }
        }
    }
}

fn leaders(set: Vec<LeaderRow>, places: usize) -> TopicChange {
    TopicChange::Leaders { set, places: u8::try_from(places).unwrap_or(u8::MAX), own: 0 }
}

fn difference<K: Ord + Clone, V: Eq + Clone>(
    rows: &BTreeMap<K, V>,
    old: &BTreeMap<K, V>,
) -> (Vec<V>, Vec<K>) {
    let set = rows.iter().filter(|(key, row)| old.get(key) != Some(row));
    let gone = old.keys().filter(|key| !rows.contains_key(key));
    (set.map(|(_, row)| row.clone()).collect(), gone.cloned().collect())
}

/// One topic.
#[derive(Debug)]
pub(super) struct Feed {
    name: String,
    version: u32,
    rows: Rows,
    /// The newest updates, each the difference to the version before.
    recent: VecDeque<TopicUpdate>,
}

impl Feed {
    /// A topic whose versions begin at `version`, behind all of any that had its name.
    pub(super) fn new(name: String, version: u32, rows: Rows) -> Self {
        Self { name, version, rows, recent: VecDeque::new() }
    }

    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Whether the client's own place is part of it.
    pub(super) fn has_own(&self) -> bool {
        matches!(self.rows, Rows::Leaders(_))
    }

    /// The state is this now, which is a new version if it was another one.
    pub(super) fn publish(&mut self, rows: Rows) {
        if self.rows == rows {
            return;
        }
        let change = rows.since(&self.rows);
        let since = self.version;
        self.version += 1;
        self.rows = rows;
        if self.recent.len() >= TOPIC_UPDATES_KEPT {
            self.recent.pop_front();
        }
        let (topic, version) = (self.name.clone(), self.version);
        self.recent.push_back(TopicUpdate { topic, version, since, change });
    }

    /// What brings somebody who holds that version (0: nothing) to the newest.
    pub(super) fn updates(&self, held: u32) -> Vec<TopicUpdate> {
        if held == self.version {
            return Vec::new();
        }
        let behind = self.version.saturating_sub(held) as usize;
        if held > 0 && held < self.version && behind <= self.recent.len() {
            return self.recent.iter().skip(self.recent.len() - behind).cloned().collect();
        }
        let parts = self.rows.whole().into_iter().enumerate();
        let update = |(part, change)| {
            let since = if part == 0 { 0 } else { self.version };
            TopicUpdate { topic: self.name.clone(), version: self.version, since, change }
        };
        parts.map(update).collect()
    }

    /// Another place of one's own, and nothing else.
    pub(super) fn own_alone(&self) -> TopicUpdate {
        let places = match &self.rows {
            Rows::Leaders(rows) => rows.len(),
            Rows::Rooms(_) | Rows::Presence(_) | Rows::Server(_) => 0,
        };
        let (topic, version) = (self.name.clone(), self.version);
        TopicUpdate { topic, version, since: version, change: leaders(Vec::new(), places) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(who: u16, name: &str) -> (NetId, PresenceRow) {
        let who = NetId(who);
        (who, PresenceRow { who, name: name.to_owned(), link_dead: false, spectator: false })
    }

    fn feed(rows: impl IntoIterator<Item = (NetId, PresenceRow)>) -> Feed {
        Feed::new(presence("arena"), 1, Rows::Presence(rows.into_iter().collect()))
    }

    /// A client that does as the protocol says.
    fn apply(held: &mut (u32, BTreeMap<NetId, PresenceRow>), update: TopicUpdate) {
        if update.since == 0 {
            held.1.clear();
        } else {
            assert_eq!(update.since, held.0, "because an update is of what is held");
        }
        held.0 = update.version;
        let TopicChange::Presence { set, gone } = update.change else { panic!("another kind") };
        held.1.extend(set.into_iter().map(|row| (row.who, row)));
        gone.iter().for_each(|who| drop(held.1.remove(who)));
    }

    #[test]
    fn whoever_follows_holds_the_same_rows_however_far_behind_it_was() {
        let mut feed = feed([row(1, "Ada")]);
        let mut followers: Vec<(u32, BTreeMap<NetId, PresenceRow>)> = vec![Default::default(); 40];
        for step in 0..40_u16 {
            let rows: BTreeMap<_, _> = (step..step + 3).map(|who| row(who, "Bob")).collect();
            feed.publish(Rows::Presence(rows.clone()));
            for (pause, held) in followers.iter_mut().enumerate() {
                if usize::from(step).is_multiple_of(pause + 1) {
                    feed.updates(held.0).into_iter().for_each(|update| apply(held, update));
                    assert_eq!(held.1, rows);
                    assert!(feed.updates(held.0).is_empty());
                }
            }
        }
    }

    #[test]
    fn what_did_not_change_is_no_version_and_an_update_has_only_what_did() {
        let mut feed = feed([row(1, "Ada"), row(2, "Bob")]);
        feed.publish(Rows::Presence([row(1, "Ada"), row(2, "Bob")].into()));
        assert_eq!(feed.version(), 1);
        feed.publish(Rows::Presence([row(2, "Bob"), row(3, "Eve")].into()));
        let updates = feed.updates(1);
        let change = TopicChange::Presence { set: vec![row(3, "Eve").1], gone: vec![NetId(1)] };
        let topic = "room/arena/presence".to_owned();
        assert_eq!(updates, [TopicUpdate { topic, version: 2, since: 1, change }]);
    }

    #[test]
    fn a_version_of_another_life_is_told_everything() {
        let feed = feed([row(1, "Ada")]);
        assert_eq!(feed.updates(77)[0].since, 0);
    }

    #[test]
    fn a_large_room_is_told_in_parts() {
        let count = PRESENCE_ROWS_AT_ONCE as u16 * 2 + 1;
        let feed = feed((0..count).map(|who| row(who, "Ada")));
        let mut held = Default::default();
        let updates = feed.updates(0);
        assert_eq!(updates.len(), 3);
        updates.into_iter().for_each(|update| apply(&mut held, update));
        assert_eq!(held.1.len(), usize::from(count));
    }
}
