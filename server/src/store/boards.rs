//! What is kept and told: scores, and the boards that they make.

use crate::identity::PlayerId;

/// Seconds of a day; days begin at midnight UTC.
const DAY_S: u64 = 86_400;
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

/// The best scores, best first: more shards, then more kills, then earlier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boards {
    /// Of this day, which begins at midnight UTC.
    pub day: Vec<BoardRow>,
    pub all: Vec<BoardRow>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        // 2026-11-23 00:00:00 UTC.
        let midnight_s = 1_795_392_000;
        assert_eq!(day_of(midnight_s - 1) + 1, day_of(midnight_s));
        assert_eq!(day_of(midnight_s), day_of(midnight_s + DAY_S - 1));
        assert!(day_of(midnight_s) > ALL_TIME);
    }
}
