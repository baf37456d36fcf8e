//! What is kept and told: scores, and the boards that they make.

use std::sync::Arc;

use throng_shared::limits::BOARD_ROWS_KEPT;

use crate::identity::PlayerId;

/// Seconds of a day; days begin at midnight UTC.
pub(super) const DAY_S: u64 = 86_400;
/// The day under which scores of all time are kept: none was played on it.
pub(super) const ALL_TIME: u32 = 0;

/// The best of a life, or of a visit so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    pub player: PlayerId,
    pub name: String,
    pub room: String,
    /// Shards held at once.
    pub shards: u32,
    pub kills: u32,
    /// When, in seconds of Unix time.
    pub at_s: u64,
}

/// Days since 1970, in UTC.
#[must_use]
pub(super) fn day_of(at_s: u64) -> u32 {
    u32::try_from(at_s / DAY_S).unwrap_or(u32::MAX)
}

/// The best of this day, which begins at midnight UTC, and of all time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boards {
    pub day: Board,
    pub all: Board,
}

impl Boards {
    /// Puts a score where it belongs.
    pub(super) fn note(&mut self, score: &Score) {
        for board in [&mut self.day, &mut self.all] {
            if board.day == ALL_TIME || board.day == day_of(score.at_s) {
                board.note(score);
            }
        }
    }
}

/// The best scores, best first: more shards, then more kills, then earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The day, or [`ALL_TIME`].
    pub(super) day: u32,
    pub rows: Vec<BoardRow>,
    pub(super) scale: Arc<Scale>,
}

impl Board {
    /// A board on which nobody is.
    pub(super) fn of(day: u32) -> Self {
        Self { day, ..Self::default() }
    }

    fn note(&mut self, score: &Score) {
        let Score { player, name, shards, kills, .. } = score;
        let worth = |it: &BoardRow| (it.score, it.kills);
        let (player, score, kills) = (*player, *shards, *kills);
        let row = BoardRow { player, name: name.clone(), score, kills };
        if let Some(at) = self.rows.iter().position(|it| it.player == player) {
            if worth(&self.rows[at]) >= worth(&row) {
                return;
            }
            self.rows.remove(at);
        }
        // Whoever had as many before stays in front.
        let at = self.rows.partition_point(|it| worth(it) >= worth(&row));
        self.rows.insert(at, row);
        self.rows.truncate(BOARD_ROWS_KEPT);
    }

    /// The place, from 1, of a player whose best on this board is `score`, which is not 0:
    /// exact among the rows, and below them one place for all with as many shards.
    #[must_use]
    pub(super) fn place(&self, player: PlayerId, score: u32) -> u32 {
        let row = self.rows.iter().position(|row| row.player == player);
        let better = match row {
            Some(at) => at,
            None => self.rows.len().max(self.scale.better(score) as usize),
        };
        u32::try_from(better + 1).unwrap_or(u32::MAX)
    }
}

/// A row of a board: the best of one player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardRow {
    pub player: PlayerId,
    pub name: String,
    /// Shards held at once.
    pub score: u32,
    pub kills: u32,
}

/// How many have more than a score, among all who have any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scale {
    /// Every score that somebody has, best first, and how many have that or more.
    steps: Vec<(u32, u32)>,
}

impl Scale {
    /// From every score, best first, and how many have just that.
    pub(super) fn new(counts: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let counted = counts.into_iter().scan(0_u32, |all, (score, have)| {
            *all = all.saturating_add(have);
            Some((score, *all))
        });
        Self { steps: counted.collect() }
    }

    fn better(&self, score: u32) -> u32 {
        let above = self.steps.partition_point(|&(it, _)| it > score);
        above.checked_sub(1).and_then(|last| self.steps.get(last)).map_or(0, |&(_, all)| all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_exact_in_the_rows_and_counted_below_them() {
        let row = |player, score| BoardRow {
            player: PlayerId(player),
            name: String::new(),
            score,
            kills: 0,
        };
        // 3 have 9, 2 have 7 and 40 have 5; the board has four rows.
        let board = Board {
            day: ALL_TIME,
            rows: vec![row(1, 9), row(2, 9), row(3, 9), row(4, 7)],
            scale: Arc::new(Scale::new([(9, 3), (7, 2), (5, 40)])),
        };
        for (player, score, place) in [
            (1, 9, 1),
            (3, 9, 3),
            (4, 7, 4),
            (5, 7, 5),  // Second of two with 7, and the rows have the first.
            (6, 5, 6),  // Five are better.
            (45, 5, 6), // And forty share that place.
            (46, 3, 46),
            (47, 10, 5), // Not on the rows yet: they are as of the last look.
        ] {
            assert_eq!(board.place(PlayerId(player), score), place, "{player} with {score}");
        }
        assert_eq!(Board::default().place(PlayerId(1), 4), 1);
    }

    #[test]
    fn a_score_is_put_where_it_belongs_and_a_board_has_so_many() {
        let mut boards = Boards { day: Board::of(20_000), all: Board::of(ALL_TIME) };
        let mut note = |player, shards, kills, day: u64| {
            let (name, room) = (String::new(), String::new());
            let (player, at_s) = (PlayerId(player), day * DAY_S);
            boards.note(&Score { player, name, room, shards, kills, at_s });
        };
        for (player, shards, kills) in [(1, 5, 0), (2, 7, 1), (3, 5, 0), (1, 4, 9), (3, 7, 2)] {
            note(player, shards, kills, 20_000);
        }
        note(4, 6, 0, 19_999);
        for player in 100..100 + BOARD_ROWS_KEPT as u32 {
            note(player, 1, 0, 19_999);
        }
        let rows = |board: &Board| {
            let rows = board.rows.iter().take(4);
            rows.map(|it| (it.player.0, it.score, it.kills)).collect::<Vec<_>>()
        };
        assert_eq!(rows(&boards.day), [(3, 7, 2), (2, 7, 1), (1, 5, 0)]);
        assert_eq!(rows(&boards.all), [(3, 7, 2), (2, 7, 1), (4, 6, 0), (1, 5, 0)]);
        assert_eq!(boards.all.rows.len(), BOARD_ROWS_KEPT);
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        // 2026-11-23 00:00:00 UTC.
        let midnight_s = 1_795_392_000;
        assert_eq!(day_of(midnight_s - 1) + 1, day_of(midnight_s));
        assert_eq!(day_of(midnight_s), day_of(midnight_s + DAY_S - 1));
        assert!(day_of(midnight_s) > ALL_TIME);
    }
}
