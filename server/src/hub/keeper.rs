//! What outlasts a visit: best scores, and what operators decided. Here in memory; a store
//! on disk has the same interface.

use std::collections::{BTreeMap, VecDeque};

use throng_shared::limits::{BANS_MAX, SCORES_KEPT};

use crate::identity::PlayerId;

/// What somebody reached in one life or visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    pub player: PlayerId,
    pub name: String,
    pub room: String,
    pub shards: u32,
    pub kills: u32,
    pub at_s: u64,
}

/// A place on a board of best scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    pub player: PlayerId,
    pub name: String,
    pub score: u32,
    pub kills: u32,
}

/// The time that a board is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    Day,
    All,
}

/// What an operator did, or was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    pub at_s: u64,
    pub operator: String,
    pub what: &'static str,
    pub player: PlayerId,
    pub name: String,
    pub reason: String,
    pub minutes: u32,
}

/// Keeps what outlasts a visit. Nothing here waits for a disk.
pub trait Keeper: Send {
    /// Keeps a score if it is one's best.
    fn record(&mut self, score: Score);
    /// The best, best first.
    fn board(&mut self, span: Span, now_s: u64) -> Vec<Best>;
    /// The best score that somebody ever had.
    fn best(&self, player: PlayerId) -> u32;
    fn note(&mut self, line: AuditLine);
    fn ban(&mut self, player: PlayerId, until_s: u64, reason: &str);
    fn pardon(&mut self, player: PlayerId);
    /// Until when somebody is banned and why, if it is.
    fn ban_of(&self, player: PlayerId, now_s: u64) -> Option<(u64, String)>;
    /// Whether scores are kept just now.
    fn works(&self) -> bool;
}

/// Keeps it as long as the process lives, and writes audit lines to the log.
#[derive(Debug, Default)]
pub struct InMemory {
    all: BTreeMap<PlayerId, Best>,
    day: BTreeMap<PlayerId, Best>,
    /// The day that `day` is about, in days of Unix time.
    today: u64,
    bans: BTreeMap<PlayerId, (u64, String)>,
    bans_in_order: VecDeque<PlayerId>,
}

impl InMemory {
    fn turn_page(&mut self, now_s: u64) {
        let today = now_s / 86_400;
        if self.today != today {
            self.today = today;
            self.day.clear();
        }
    }
}

fn keep(board: &mut BTreeMap<PlayerId, Best>, score: &Score) {
    if board.get(&score.player).is_some_and(|best| best.score >= score.shards) {
        return;
    }
    let Score { player, name, shards, kills, .. } = score.clone();
    board.insert(player, Best { player, name, score: shards, kills });
    if board.len() > SCORES_KEPT {
        let worst = board.values().min_by_key(|best| best.score).map(|best| best.player);
        worst.and_then(|worst| board.remove(&worst));
    }
}

impl Keeper for InMemory {
    fn record(&mut self, score: Score) {
        self.turn_page(score.at_s);
        keep(&mut self.all, &score);
        keep(&mut self.day, &score);
    }

    fn board(&mut self, span: Span, now_s: u64) -> Vec<Best> {
        self.turn_page(now_s);
        let board = match span {
            Span::Day => &self.day,
            Span::All => &self.all,
        };
        let mut rows: Vec<Best> = board.values().cloned().collect();
        rows.sort_by(|a, b| b.score.cmp(&a.score).then(a.player.cmp(&b.player)));
        rows
    }

    fn best(&self, player: PlayerId) -> u32 {
        self.all.get(&player).map_or(0, |best| best.score)
    }

    fn note(&mut self, line: AuditLine) {
        let AuditLine { operator, what, player, name, reason, minutes, .. } = line;
        tracing::info!(
            "Audit: {operator:?} {what} {name:?} (player {}), {minutes} minutes: {reason:?}.",
            player.0
        );
    }

    fn ban(&mut self, player: PlayerId, until_s: u64, reason: &str) {
        if self.bans.insert(player, (until_s, reason.to_owned())).is_none() {
            self.bans_in_order.push_back(player);
        }
        if self.bans.len() > BANS_MAX
            && let Some(oldest) = self.bans_in_order.pop_front()
        {
            self.bans.remove(&oldest);
        }
    }

    fn pardon(&mut self, player: PlayerId) {
        self.bans.remove(&player);
        self.bans_in_order.retain(|it| *it != player);
    }

    fn ban_of(&self, player: PlayerId, now_s: u64) -> Option<(u64, String)> {
        self.bans.get(&player).filter(|(until_s, _)| *until_s > now_s).cloned()
    }

    fn works(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_own_board_and_the_best_stays() {
        let mut keeper = InMemory::default();
        let mut record = |player, shards, at_s| {
            let (name, room) = (format!("p{player}"), "arena".to_owned());
            let player = PlayerId(player);
            keeper.record(Score { player, name, room, shards, kills: 1, at_s });
        };
        record(1, 50, 10);
        record(2, 70, 20);
        record(1, 30, 30);
        record(2, 9, 86_400);
        let places = |keeper: &mut InMemory, span| -> Vec<(u32, u32)> {
            let board = keeper.board(span, 86_401);
            board.iter().map(|best| (best.player.0, best.score)).collect()
        };
        assert_eq!(places(&mut keeper, Span::All), [(2, 70), (1, 50)]);
        assert_eq!(places(&mut keeper, Span::Day), [(2, 9)]);
        assert_eq!(keeper.best(PlayerId(1)), 50);
    }
}
