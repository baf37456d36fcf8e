//! What is remembered of the players who were here lately, so that nobody has to ask the
//! disk: their best, where they came from, and whom they do not want to hear.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use throng_shared::limits::PLAYERS_KNOWN;

use crate::identity::PlayerId;

/// One player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acquaintance {
    /// Shards held at once.
    pub(super) best: u32,
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

    /// Whether a score is better than all before; then it is the best.
    pub(super) fn note_best(&mut self, player: PlayerId, shards: u32) -> bool {
        let it = self.meet(player);
        let is_best = shards > it.best;
        it.best = it.best.max(shards);
        is_best
    }

    /// Somebody does not want to hear another one, or does again. Whether that changes
    /// anything: there are only `most` whom one can ignore.
    pub(super) fn ignore(
        &mut self,
        most: usize,
        (player, other): (PlayerId, PlayerId),
        on: bool,
    ) -> bool {
        let ignored = &mut self.meet(player).ignored;
        let at = ignored.iter().position(|&it| it == other);
        match (at, on) {
            (None, true) if ignored.len() < most => {
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
            assert!(known.note_best(PlayerId(player), 5));
        }
        assert!(known.find(PlayerId(1)).is_none() && known.find(PlayerId(2)).is_some());
        assert_eq!((known.players.len(), known.order.len()), (PLAYERS_KNOWN, PLAYERS_KNOWN));
        assert!(!known.note_best(PlayerId(2), 5), "because it is no better");
        assert_eq!(known.find(PlayerId(2)).map(|it| it.best), Some(5));
    }

    #[test]
    fn somebody_can_ignore_so_many() {
        let mut known = Known::default();
        let (ada, eve) = (PlayerId(1), PlayerId(2));
        let mut ignore = |other, on| known.ignore(7, (ada, other), on);
        assert!(ignore(eve, true) && !ignore(eve, true));
        for other in 3..200 {
            ignore(PlayerId(other), true);
        }
        assert!(ignore(eve, false) && !ignore(eve, false));
        assert_eq!(known.find(ada).map(|it| it.ignored.len()), Some(6));
    }
}
