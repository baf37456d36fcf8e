//! What is remembered of the players who were here lately, so that nobody has to ask the
//! disk: their best, where they came from, and whom they do not want to hear.

use std::collections::BTreeMap;
use std::net::IpAddr;

use throng_shared::limits::PLAYERS_KNOWN;

use crate::identity::PlayerId;

/// One player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acquaintance {
    /// Shards held at once, at best: ever, and on the newest day that it played on.
    pub(super) best: u32,
    pub(super) today: (u32, u32),
    pub(super) address: Option<IpAddr>,
    pub(super) ignored: Vec<PlayerId>,
    pub(super) answers_for: Option<Answering>,
    /// Whether it was taken back that this one answers for another.
    is_pardoned: bool,
    /// Whether what is kept of visits before is part of this.
    is_read: bool,
    /// Its place in the order in which players are forgotten.
    heard: u64,
}

/// Whoever was muted where somebody came from as somebody new: while nobody hears that one,
/// nobody hears this one, until the mute of then would have run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answering {
    pub(super) player: PlayerId,
    /// In seconds of Unix time.
    pub(super) until_s: u64,
}

/// What a file has of a player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) best: u32,
    pub(super) today: (u32, u32),
    pub(super) ignored: Vec<PlayerId>,
    pub(super) answers_for: Option<Answering>,
}

/// So many players; of whom nothing was heard for the longest time is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Known {
    players: BTreeMap<PlayerId, Acquaintance>,
    order: BTreeMap<u64, PlayerId>,
    heard: u64,
}

impl Acquaintance {
    /// Whether what is kept of visits before is part of this.
    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }
}

impl Known {
    pub(super) fn find(&self, player: PlayerId) -> Option<&Acquaintance> {
        self.players.get(&player)
    }

    /// A player, remembered from now on.
    pub(super) fn meet(&mut self, player: PlayerId) -> &mut Acquaintance {
        self.heard += 1;
        if let Some(it) = self.players.get(&player) {
            self.order.remove(&it.heard);
        } else if self.players.len() >= PLAYERS_KNOWN
            && let Some((_, first)) = self.order.pop_first()
        {
            self.players.remove(&first);
        }
        self.order.insert(self.heard, player);
        let it = self.players.entry(player).or_default();
        it.heard = self.heard;
        it
    }

    /// What is kept of somebody's visits before, read from the file: once, since what was
    /// decided meanwhile is newer.
    pub(super) fn remember(&mut self, player: PlayerId, past: Past) {
        let Past { best, today, ignored, answers_for } = past;
        let it = self.meet(player);
        it.best = it.best.max(best);
        it.today = it.today.max(today);
        if !std::mem::replace(&mut it.is_read, true) {
            it.answers_for = it.answers_for.or(answers_for).filter(|_| !it.is_pardoned);
            for other in ignored {
                if !it.ignored.contains(&other) {
                    it.ignored.push(other);
                }
            }
        }
    }

    /// Nobody else's mute is one of this player any more. Whether one was.
    pub(super) fn answers_for_itself(&mut self, player: PlayerId) -> bool {
        self.players.get_mut(&player).is_some_and(|it| {
            it.is_pardoned = true;
            it.answers_for.take().is_some()
        })
    }

    /// What somebody held at once on a day, if that is more than before, there and ever.
    pub(super) fn note_score(&mut self, player: PlayerId, day: u32, shards: u32) {
        let it = self.meet(player);
        it.best = it.best.max(shards);
        it.today = it.today.max((day, shards));
    }

    /// Whom somebody does not want to hear: first of whom nothing was heard for the longest time.
    pub(super) fn ignored(&self, player: PlayerId) -> Vec<PlayerId> {
        let mut ignored = self.find(player).map_or_else(Vec::new, |it| it.ignored.clone());
        ignored.sort_by_key(|other| self.find(*other).map_or(0, |it| it.heard));
        ignored
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
                ignored.remove(at);
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
    fn so_many_are_known_and_who_was_silent_longest_is_forgotten_first() {
        let mut known = Known::default();
        for player in 1..=PLAYERS_KNOWN as u32 {
            known.note_score(PlayerId(player), 7, 5);
        }
        // Newcomers cannot push out who plays on.
        known.note_score(PlayerId(2), 7, 5);
        for newcomer in 1..=2 {
            known.meet(PlayerId(PLAYERS_KNOWN as u32 + newcomer));
        }
        let is_known = [1, 2, 3, 4].map(|player| known.find(PlayerId(player)).is_some());
        assert_eq!(is_known, [false, true, false, true]);
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
    fn the_past_is_read_once() {
        let (ada, eve, bob) = (PlayerId(1), PlayerId(2), PlayerId(3));
        let past = Past {
            best: 9,
            today: (7, 4),
            ignored: vec![eve],
            answers_for: Some(Answering { player: bob, until_s: 50 }),
        };
        let mut known = Known::default();
        known.note_score(ada, 7, 5);
        known.remember(ada, past.clone());
        let it = known.find(ada).expect("she is known");
        assert_eq!((it.best, it.today, &it.ignored[..]), (9, (7, 5), &[eve][..]));
        assert!(known.ignore(7, (ada, eve), false) && known.answers_for_itself(ada));
        known.remember(ada, past);
        let it = known.find(ada).expect("she is known");
        assert!(it.ignored.is_empty() && it.answers_for.is_none(), "because that is newer");
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
        let unseen = known.ignored(ada);
        known.meet(unseen[0]);
        known.meet(unseen[2]);
        let last = [unseen[0], unseen[2]];
        assert_eq!(known.ignored(ada)[4..], last, "because those were here lately");
        assert_eq!(known.ignored(ada)[0], unseen[1]);
    }
}
