//! Who looks on in a room: whom each of them wants to see, and whom it sees. No clock, no
//! simulation, no channel.

use std::collections::{BTreeMap, HashMap};

use throng_shared::ids::{NetId, Tick};
use throng_shared::limits::{WATCHER_IDS, WATCHERS_MAX};
use throng_shared::wire::Whom;

use crate::link::ConnId;

/// Numbers of spectators; each rests until the others were used.
const IDS: u16 = WATCHERS_MAX as u16 * 4;

/// Who can be seen just now.
pub(super) struct Stage<'a> {
    pub(super) crown: Option<NetId>,
    /// Whether a glider is somebody's who plays.
    pub(super) plays: &'a dyn Fn(NetId) -> bool,
    /// Whom to see where nobody wears the crown.
    pub(super) anybody: &'a dyn Fn() -> Option<NetId>,
}

/// Why a spectator cannot look at somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwatched {
    /// Nobody who plays has that number.
    NoSuchPlayer,
    /// The last change was so few ticks ago that it has to wait for these.
    TooFast { ticks: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Watcher {
    conn: ConnId,
    whom: Whom,
    seeing: NetId,
    /// Its connection is lost: it is told whom it sees when it is back.
    lost: bool,
    /// When it last asked for somebody else.
    asked: Option<Tick>,
}

impl Watcher {
    fn target(&self, stage: &Stage<'_>) -> NetId {
        if let Whom::Player { who } = self.whom
            && (stage.plays)(who)
        {
            return who;
        }
        let plays = |who: &NetId| (stage.plays)(*who);
        let crown = stage.crown.filter(plays);
        // Without a crown nobody's view jumps with the leaders.
        let same = || Some(self.seeing).filter(plays);
        crown.or_else(same).or_else(stage.anybody).unwrap_or(NetId::NOBODY)
    }
}

/// All who look on in a room.
#[derive(Debug)]
pub(super) struct Watchers {
    most: usize,
    by_conn: HashMap<ConnId, NetId>,
    by_id: BTreeMap<NetId, Watcher>,
    next: u16,
}

impl Watchers {
    /// Nobody yet, and never more than so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, by_conn: HashMap::new(), by_id: BTreeMap::new(), next: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    pub(super) fn id(&self, conn: ConnId) -> Option<NetId> {
        self.by_conn.get(&conn).copied()
    }

    pub(super) fn conn(&self, id: NetId) -> Option<ConnId> {
        self.by_id.get(&id).map(|it| it.conn)
    }

    /// The connections of all, also lost ones.
    pub(super) fn conns(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.by_id.values().map(|it| it.conn)
    }

    /// Takes in one who looks at whoever wears the crown: its own number, and the glider that
    /// it sees. Nothing when there is no place.
    pub(super) fn join(&mut self, conn: ConnId, stage: &Stage<'_>) -> Option<(NetId, NetId)> {
        if self.is_full() {
            return None;
        }
        let id = (0..IDS).find_map(|step| {
            let id = NetId(WATCHER_IDS + (self.next + step) % IDS);
            (!self.by_id.contains_key(&id)).then_some(id)
        })?;
        self.next = (id.0 - WATCHER_IDS + 1) % IDS;
        let (whom, seeing) = (Whom::Crown, NetId::NOBODY);
        let mut watcher = Watcher { conn, whom, seeing, lost: false, asked: None };
        watcher.seeing = watcher.target(stage);
        self.by_conn.insert(conn, id);
        self.by_id.insert(id, watcher);
        Some((id, watcher.seeing))
    }

    /// Lets one go: its number.
    pub(super) fn leave(&mut self, conn: ConnId) -> Option<NetId> {
        let id = self.by_conn.remove(&conn)?;
        self.by_id.remove(&id);
        Some(id)
    }

    /// The connection of one is lost: its number.
    pub(super) fn detach(&mut self, conn: ConnId) -> Option<NetId> {
        let id = self.id(conn)?;
        self.by_id.get_mut(&id)?.lost = true;
        Some(id)
    }

    /// One goes on at another connection: its number, and the glider that it sees.
    pub(super) fn rebind(&mut self, from: ConnId, to: ConnId) -> Option<(NetId, NetId)> {
        let id = self.by_conn.remove(&from)?;
        let watcher = self.by_id.get_mut(&id)?;
        (watcher.conn, watcher.lost) = (to, false);
        self.by_conn.insert(to, id);
        Some((id, watcher.seeing))
    }

    /// One wants to see somebody else, `every` ticks after the last time at the earliest.
    pub(super) fn watch(
        &mut self,
        id: NetId,
        whom: Whom,
        (now, every): (Tick, u32),
        stage: &Stage<'_>,
    ) -> Result<(), Unwatched> {
        let Some(watcher) = self.by_id.get_mut(&id) else { return Ok(()) };
        if let Whom::Player { who } = whom
            && !(stage.plays)(who)
        {
            return Err(Unwatched::NoSuchPlayer);
        }
        let since = watcher.asked.map_or(u32::MAX, |asked| now.since(asked).unsigned_abs());
        if since < every {
            return Err(Unwatched::TooFast { ticks: every - since });
        }
        watcher.asked = Some(now);
        watcher.whom = whom;
        Ok(())
    }

    /// Shows everybody whom it is to see now. `tell` tells one of another glider than before,
    /// unless there is no place for that, and then it is tried again.
    pub(super) fn follow(
        &mut self,
        stage: &Stage<'_>,
        mut tell: impl FnMut(ConnId, NetId) -> bool,
    ) {
        for watcher in self.by_id.values_mut() {
            if let Whom::Player { who } = watcher.whom
                && !(stage.plays)(who)
            {
                // Its number will be another's.
                watcher.whom = Whom::Crown;
            }
            let target = watcher.target(stage);
            if target != watcher.seeing && (watcher.lost || tell(watcher.conn, target)) {
                watcher.seeing = target;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn(serial: u64) -> ConnId {
        ConnId { thread: 0, serial }
    }

    /// Has `run` look at a room in which some play, the first of them leading.
    fn on<T>(crown: Option<u16>, playing: &[u16], run: impl FnOnce(&Stage<'_>) -> T) -> T {
        let plays = |who: NetId| playing.contains(&who.0);
        let anybody = || playing.first().copied().map(NetId);
        run(&Stage { crown: crown.map(NetId), plays: &plays, anybody: &anybody })
    }

    fn told(watchers: &mut Watchers, crown: Option<u16>, playing: &[u16]) -> Vec<(u64, u16)> {
        let mut told = Vec::new();
        on(crown, playing, |stage| {
            watchers.follow(stage, |conn, who| {
                told.push((conn.serial, who.0));
                true
            });
        });
        told
    }

    #[test]
    fn a_newcomer_sees_the_crown_or_the_leader_or_nobody() {
        let mut watchers = Watchers::new(WATCHERS_MAX);
        let seen = [(Some(3), &[7, 3][..]), (None, &[7, 3]), (Some(9), &[7]), (None, &[])]
            .into_iter()
            .zip(0..)
            .map(|((crown, playing), serial)| {
                on(crown, playing, |stage| watchers.join(conn(serial), stage)).expect("a place")
            });
        let seen: Vec<_> = seen.map(|(id, seeing)| (id.0 - WATCHER_IDS, seeing)).collect();
        let nobody = NetId::NOBODY;
        assert_eq!(seen, [(0, NetId(3)), (1, NetId(7)), (2, NetId(7)), (3, nobody)]);
        assert_eq!(told(&mut watchers, None, &[5, 7]), [(0, 5), (3, 5)]);
    }

    #[test]
    fn the_crown_is_followed_and_a_player_until_it_leaves() {
        let mut watchers = Watchers::new(WATCHERS_MAX);
        for serial in [1, 2] {
            on(Some(3), &[3, 4, 5], |stage| watchers.join(conn(serial), stage));
        }
        let id = watchers.id(conn(2)).expect("it is in");
        let watch = |watchers: &mut Watchers, who, tick| {
            let whom = Whom::Player { who: NetId(who) };
            on(Some(3), &[3, 4, 5], |stage| watchers.watch(id, whom, (Tick(tick), 3), stage))
        };
        assert_eq!(watch(&mut watchers, 6, 10), Err(Unwatched::NoSuchPlayer));
        assert_eq!(watch(&mut watchers, 4, 10), Ok(()));
        assert_eq!(watch(&mut watchers, 5, 12), Err(Unwatched::TooFast { ticks: 1 }));
        assert_eq!(told(&mut watchers, Some(3), &[3, 4, 5]), [(2, 4)]);
        assert_eq!(told(&mut watchers, Some(5), &[3, 4, 5]), [(1, 5)]);
        assert_eq!(told(&mut watchers, None, &[3, 4, 5]), [], "because nobody has gone");
        assert_eq!(told(&mut watchers, Some(5), &[3, 5]), [(2, 5)]);
        assert_eq!(told(&mut watchers, Some(5), &[3, 4, 5]), [], "because 4 is another now");
    }

    #[test]
    fn what_found_no_place_is_told_again_and_who_is_lost_is_told_when_it_is_back() {
        let mut watchers = Watchers::new(WATCHERS_MAX);
        on(Some(3), &[3, 4], |stage| watchers.join(conn(1), stage));
        on(Some(4), &[3, 4], |stage| watchers.follow(stage, |_, _| false));
        assert_eq!(told(&mut watchers, Some(4), &[3, 4]), [(1, 4)]);
        let id = watchers.detach(conn(1));
        assert_eq!(told(&mut watchers, Some(3), &[3, 4]), []);
        assert_eq!(watchers.rebind(conn(1), conn(2)), id.map(|id| (id, NetId(3))));
        assert_eq!((watchers.leave(conn(1)), watchers.leave(conn(2))), (None, id));
        assert_eq!(watchers.len(), 0);
    }

    #[test]
    fn there_are_so_many_places_and_numbers_rest() {
        let mut watchers = Watchers::new(WATCHERS_MAX);
        let join = |watchers: &mut Watchers, serial| {
            on(None, &[], |stage| watchers.join(conn(serial), stage)).map(|(id, _)| id)
        };
        let first = join(&mut watchers, 0);
        assert_eq!(watchers.leave(conn(0)), first);
        for serial in 0..WATCHERS_MAX as u64 {
            assert_ne!(join(&mut watchers, serial), first);
        }
        assert_eq!((watchers.is_full(), join(&mut watchers, 9_999)), (true, None));
        let mut few = Watchers::new(2);
        assert_eq!([1, 2, 3].map(|serial| join(&mut few, serial).is_some()), [true, true, false]);
        assert_eq!(join(&mut Watchers::new(0), 1), None, "because nobody is to look on");
    }
}
