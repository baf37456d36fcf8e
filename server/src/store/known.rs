//! What is remembered of the players who were here lately, so that nobody has to ask the
//! disk: their best, where they came from, and whom they do not want to hear.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use throng_shared::limits::{IGNORED_MAX, PLAYERS_KNOWN};

use crate::identity::PlayerId;

/// One player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acquaintance {
    /// Shards held at once, at best: ever, and on the newest day that it played on.
    pub(super) best: u32,
    pub(super) today: (u32, u32),
    pub(super) address: Option<IpAddr>,
    pub(super) ignored: Vec<PlayerId>,
    /// Whoever was muted where this one came from as somebody new: while nobody hears that
    /// one, nobody hears this one.
    pub(super) answers_for: Option<PlayerId>,
}

/// So many players; who came first is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Known {
    players: BTreeMap<PlayerId, Acquaintance>,
    order: VecDeque<PlayerId>,
}

impl Known {
    pub(super) fn find(&self, player: PlayerId) -> Option<&Acquaintance> {
        self.players.get(&player)
    }

    /// A player, remembered from now on.
    pub(super) fn meet(&mut self, player: PlayerId) -> &mut Acquaintance {
        if !self.players.contains_key(&player) {
            if self.players.len() >= PLAYERS_KNOWN
                && let Some(first) = self.order.pop_front()
            {
                self.players.remove(&first);
            }
            self.order.push_back(player);
        }
        self.players.entry(player).or_default()
    }

    /// Nobody else's mute is one of this player any more. Whether one was.
    pub(super) fn answers_for_itself(&mut self, player: PlayerId) -> bool {
        self.players.get_mut(&player).is_some_and(|it| it.answers_for.take().is_some())
    }

    /// What somebody held at once on a day, if that is more than before, there and ever.
    pub(super) fn note_score(&mut self, player: PlayerId, day: u32, shards: u32) {
        let it = self.meet(player);
        it.best = it.best.max(shards);
        it.today = it.today.max((day, shards));
    }

    /// Somebody does not want to hear another one, or does again. Whether that changes
    /// anything: there are only so many whom one can ignore.
    pub(super) fn ignore(&mut self, player: PlayerId, other: PlayerId, on: bool) -> bool {
        let ignored = &mut self.meet(player).ignored;
        let at = ignored.iter().position(|&it| it == other);
        match (at, on) {
            (None, true) if ignored.len() < IGNORED_MAX => {
                ignored.push(other);
                true
            }
            (Some(at), false) => {
                ignored.swap_remove(at);
                true
            }
            (None, true | false) | (Some(_), true) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_known_and_the_first_is_forgotten_first() {
        let mut known = Known::default();
        for player in 1..=PLAYERS_KNOWN as u32 + 1 {
            known.note_score(PlayerId(player), 7, 5);
        }
        assert!(known.find(PlayerId(1)).is_none() && known.find(PlayerId(2)).is_some());
        assert_eq!((known.players.len(), known.order.len()), (PLAYERS_KNOWN, PLAYERS_KNOWN));
        let bests = |known: &Known| known.find(PlayerId(2)).map(|it| (it.best, it.today));
        known.note_score(PlayerId(2), 7, 4);
        assert_eq!(bests(&known), Some((5, (7, 5))), "because it is no better");
        known.note_score(PlayerId(2), 8, 3);
        assert_eq!(bests(&known), Some((5, (8, 3))), "because a day began");
        known.note_score(PlayerId(2), 7, 9);
        assert_eq!(bests(&known), Some((9, (8, 3))), "because that day is over");
    }

    #[test]
    fn somebody_can_ignore_so_many() {
        let mut known = Known::default();
        let (ada, eve) = (PlayerId(1), PlayerId(2));
        assert!(known.ignore(ada, eve, true) && !known.ignore(ada, eve, true));
        for other in 3..200 {
            known.ignore(ada, PlayerId(other), true);
        }
        assert_eq!(known.find(ada).map(|it| it.ignored.len()), Some(IGNORED_MAX));
        assert!(known.ignore(ada, eve, false) && !known.ignore(ada, eve, false));
    }
}
