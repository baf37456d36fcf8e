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

/// Two changes as one: of each row what was said last.
fn merge(first: TopicChange, later: TopicChange) -> TopicChange {
    use TopicChange::{Leaders, Presence, Rooms, Server};
    match (first, later) {
        (Leaders { set: first, .. }, Leaders { set: later, places, own }) => {
            let (mut set, _) = overlay((first, Vec::new()), (later, Vec::new()), |row| row.place);
            set.retain(|row| row.place <= places);
            Leaders { set, places, own }
        }
        (Rooms { set: first, gone }, Rooms { set: later, gone: went }) => {
            let (set, gone) = overlay((first, gone), (later, went), |row| row.name.clone());
            Rooms { set, gone }
        }
        (Presence { set: first, gone }, Presence { set: later, gone: went }) => {
            let (set, gone) = overlay((first, gone), (later, went), |row| row.who);
            Presence { set, gone }
        }
        (Server(_), Server(row)) => Server(row),
        (Leaders { .. } | Rooms { .. } | Presence { .. } | Server(_), _) => {
            unreachable!("a topic keeps its kind")
        }
    }
}

/// Rows that were set and keys that went, with what was said later on top.
fn overlay<K: Ord + Clone, V>(
    (set, gone): (Vec<V>, Vec<K>),
    (later, went): (Vec<V>, Vec<K>),
    key: impl Fn(&V) -> K,
) -> (Vec<V>, Vec<K>) {
    let mut rows: BTreeMap<K, Option<V>> = gone.into_iter().map(|key| (key, None)).collect();
    rows.extend(set.into_iter().map(|row| (key(&row), Some(row))));
    rows.extend(went.into_iter().map(|key| (key, None)));
    rows.extend(later.into_iter().map(|row| (key(&row), Some(row))));
    let gone = rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone()).collect();
    (rows.into_values().flatten().collect(), gone)
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

    /// What brings somebody who holds that version (0: nothing) to the newest: however far
    /// behind, one difference or everything.
    pub(super) fn updates(&self, held: u32) -> Vec<TopicUpdate> {
        if held == self.version {
            return Vec::new();
        }
        let behind = self.version.saturating_sub(held) as usize;
        if held > 0 && held < self.version && behind <= self.recent.len() {
            let mut missed = self.recent.iter().skip(self.recent.len() - behind).cloned();
            let Some(mut update) = missed.next() else { return Vec::new() };
            for later in missed {
                update.version = later.version;
                update.change = merge(update.change, later.change);
            }
            return vec![update];
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
    fn whoever_missed_some_versions_is_told_once_what_came_of_them() {
        let mut feed = feed([row(1, "Ada"), row(2, "Bob")]);
        for rows in [
            vec![row(2, "Bob"), row(3, "Eve")],
            vec![row(3, "Cyd")],
            vec![row(3, "Cyd"), row(2, "Bea")],
        ] {
            feed.publish(Rows::Presence(rows.into_iter().collect()));
        }
        let change = TopicChange::Presence {
            set: vec![row(2, "Bea").1, row(3, "Cyd").1],
            gone: vec![NetId(1)],
        };
        let topic = "room/arena/presence".to_owned();
        assert_eq!(feed.updates(1), [TopicUpdate { topic, version: 4, since: 1, change }]);
    }

    #[test]
    fn a_board_that_was_missed_ends_where_the_newest_does() {
        let leader =
            |place, name: &str| LeaderRow { place, name: name.to_owned(), score: 9, kills: 0 };
        let mut feed = Feed::new(NOW.to_owned(), 1, Rows::Leaders(Vec::new()));
        feed.publish(Rows::Leaders(vec![leader(1, "Ada"), leader(2, "Bob"), leader(3, "Eve")]));
        feed.publish(Rows::Leaders(vec![leader(1, "Bob"), leader(2, "Ada")]));
        let [update] = &feed.updates(1)[..] else { panic!("because one is enough") };
        let TopicChange::Leaders { set, places, .. } = &update.change else {
            panic!("another kind")
        };
        assert_eq!((update.version, *places), (3, 2));
        assert_eq!(*set, [leader(1, "Bob"), leader(2, "Ada")]);
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
