//! What outlasts a visit: best scores, and what operators decided. The store keeps it.

use throng_shared::limits::NAME_BYTES_MAX;

use crate::identity::PlayerId;
use crate::store::{self, Ban, BoardRow, Score, Store};

/// The time that a board is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    Day,
    All,
}

/// What somebody told the operators of a player.
pub(super) const REPORTED: &str = "reported";

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

impl AuditLine {
    fn until_s(&self) -> u64 {
        self.at_s + u64::from(self.minutes) * 60
    }
}

/// Keeps what outlasts a visit. Nothing here waits for a disk.
pub trait Keeper: Send {
    /// Keeps a score if it is one's best. The number under which it will be durable, if it was taken.
    fn record(&mut self, score: Score) -> Option<u64>;
    /// The newest number that is durable, with all before it.
    fn durable(&self) -> u64;
    /// The best, best first.
    fn board(&mut self, span: Span) -> Vec<BoardRow>;
    /// A player's place on a board, from 1; 0 without one.
    fn place(&self, span: Span, player: PlayerId) -> u32;
    /// The best score that somebody ever had.
    fn best(&self, player: PlayerId) -> u32;
    fn note(&mut self, line: AuditLine);
    /// Lets somebody in no more for the minutes of the line, and writes that down.
    fn ban(&mut self, line: AuditLine);
    /// Lets a banned player in again, and writes that down.
    fn pardon(&mut self, line: AuditLine);
    /// Lets nobody hear somebody for the minutes of the line (0: any more), and writes that
    /// down.
    fn mute(&mut self, line: AuditLine);
    /// Until when somebody is banned and why, if it is.
    fn ban_of(&self, player: PlayerId) -> Option<(u64, String)>;
    /// Until when nobody hears somebody, in seconds of Unix time.
    fn muted_until(&self, player: PlayerId) -> Option<u64>;
    /// A player wants to hear nothing more of another one, or to hear again. Whether that
    /// holds from now on: there are only so many whom one can ignore.
    fn ignore(&mut self, player: PlayerId, other: PlayerId, on: bool) -> bool;
    fn ignores(&self, player: PlayerId, other: PlayerId) -> bool;
    /// Whom a player ignores: first who was not here for the longest time.
    fn ignored(&self, player: PlayerId) -> Vec<PlayerId>;
    /// Has it read what is kept of a player who has come, if it is not known.
    fn recall(&self, player: PlayerId);
    /// Whether it is known by now.
    fn has_read(&self, player: PlayerId) -> bool;
    /// Whether scores are kept just now.
    fn works(&self) -> bool;
}

impl Keeper for Store {
    fn record(&mut self, score: Score) -> Option<u64> {
        self.record_numbered(score)
    }

    fn durable(&self) -> u64 {
        Self::durable(self)
    }

    fn board(&mut self, span: Span) -> Vec<BoardRow> {
        let boards = self.boards();
        match span {
            Span::Day => boards.day.rows.clone(),
            Span::All => boards.all.rows.clone(),
        }
    }

    fn place(&self, span: Span, player: PlayerId) -> u32 {
        let (day, all) = self.places(player);
        match span {
            Span::Day => day,
            Span::All => all,
        }
    }

    fn best(&self, player: PlayerId) -> u32 {
        Self::best(self, player)
    }

    fn note(&mut self, line: AuditLine) {
        let AuditLine { at_s, operator, what, player, mut name, reason, minutes: _ } = line;
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
        let (text, is_report) = (format!("{what} {name}: {reason}"), what == REPORTED);
        Self::note(self, store::AuditLine { at_s, operator, player, text, is_report });
    }

    fn ban(&mut self, line: AuditLine) {
        // Who comes from there as somebody new is banned, too.
        let address = self.address(line.player);
        let until_s = line.until_s();
        let AuditLine { operator, player, reason, .. } = line;
        Self::ban(self, Ban { player, address, until_s, reason, operator });
    }

    fn pardon(&mut self, line: AuditLine) {
        Self::pardon(self, line.player, &line.operator);
    }

    fn mute(&mut self, line: AuditLine) {
        let until_s = line.until_s();
        let AuditLine { operator, player, reason, minutes, .. } = line;
        if minutes == 0 {
            self.unmute(player, &operator);
        } else {
            // As with a ban: an identity is thrown away sooner than an address.
            let address = self.address(player);
            Self::mute(self, Ban { player, address, until_s, reason, operator });
        }
    }

    fn ban_of(&self, player: PlayerId) -> Option<(u64, String)> {
        self.verdict(player, None).map(|ban| (ban.until_s, ban.reason))
    }

    fn muted_until(&self, player: PlayerId) -> Option<u64> {
        self.muted(player).map(|mute| mute.until_s)
    }

    fn ignore(&mut self, player: PlayerId, other: PlayerId, on: bool) -> bool {
        Self::ignore(self, player, other, on)
    }

    fn ignores(&self, player: PlayerId, other: PlayerId) -> bool {
        Self::ignores(self, player, other)
    }

    fn ignored(&self, player: PlayerId) -> Vec<PlayerId> {
        Self::ignored(self, player)
    }

    fn recall(&self, player: PlayerId) {
        Self::recall(self, player);
    }

    fn has_read(&self, player: PlayerId) -> bool {
        Self::has_read(self, player)
    }

    fn works(&self) -> bool {
        self.health().trouble.is_none()
    }
}

#[cfg(test)]
pub(super) mod memory {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    pub(in crate::hub) type Audit = Arc<Mutex<Vec<AuditLine>>>;
    /// What a disk does: the newest number that is durable, and whether anything can be written.
    pub(in crate::hub) type Disk = Arc<Mutex<(u64, bool)>>;
    /// Whether what was kept of those who come has been read.
    pub(in crate::hub) type Read = Arc<AtomicBool>;
    const IGNORED_MAX: usize = 3;

    /// Keeps in memory, and shows what it was told to write down.
    #[derive(Debug)]
    pub(in crate::hub) struct Memory {
        all: BTreeMap<PlayerId, BoardRow>,
        bans: BTreeMap<PlayerId, (u64, String)>,
        mutes: BTreeMap<PlayerId, u64>,
        ignored: Vec<(PlayerId, PlayerId)>,
        pub(in crate::hub) audit: Audit,
        taken: u64,
        pub(in crate::hub) disk: Disk,
        pub(in crate::hub) read: Read,
    }

    impl Memory {
        fn is_read(&self) -> bool {
            self.read.load(Ordering::Relaxed)
        }
    }

    impl Default for Memory {
        fn default() -> Self {
            Self {
                all: BTreeMap::new(),
                bans: BTreeMap::new(),
                mutes: BTreeMap::new(),
                ignored: Vec::new(),
                audit: Audit::default(),
                taken: 0,
                disk: Arc::new(Mutex::new((u64::MAX, true))),
                read: Arc::new(AtomicBool::new(true)),
            }
        }
    }

    impl Keeper for Memory {
        fn record(&mut self, score: Score) -> Option<u64> {
            let Score { player, name, shards, kills, .. } = score;
            if self.best(player) < shards {
                self.all.insert(player, BoardRow { player, name, score: shards, kills });
            }
            self.taken += 1;
            Some(self.taken)
        }
        fn durable(&self) -> u64 {
            self.disk.lock().expect("nobody panics").0
        }
        fn board(&mut self, _: Span) -> Vec<BoardRow> {
            let mut rows: Vec<_> = self.all.values().cloned().collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.score));
            rows
        }
        fn place(&self, _: Span, player: PlayerId) -> u32 {
            let best = self.best(player);
            let better = self.all.values().filter(|row| row.score > best).count() as u32;
            if best == 0 { 0 } else { better + 1 }
        }
        fn best(&self, player: PlayerId) -> u32 {
            self.all.get(&player).map_or(0, |best| best.score)
        }
        fn note(&mut self, line: AuditLine) {
            self.audit.lock().expect("nobody panics").push(line);
        }
        fn ban(&mut self, line: AuditLine) {
            self.bans.insert(line.player, (line.until_s(), line.reason.clone()));
            self.note(line);
        }
        fn pardon(&mut self, line: AuditLine) {
            self.bans.remove(&line.player);
            self.note(line);
        }
        fn mute(&mut self, line: AuditLine) {
            match line.minutes {
                0 => self.mutes.remove(&line.player),
                _ => self.mutes.insert(line.player, line.until_s()),
            };
            self.note(line);
        }
        fn ban_of(&self, player: PlayerId) -> Option<(u64, String)> {
            self.bans.get(&player).cloned()
        }
        fn muted_until(&self, player: PlayerId) -> Option<u64> {
            self.mutes.get(&player).copied()
        }
        fn ignore(&mut self, player: PlayerId, other: PlayerId, on: bool) -> bool {
            self.ignored.retain(|it| *it != (player, other));
            let is_full = self.ignored.len() >= IGNORED_MAX;
            if on && !is_full {
                self.ignored.push((player, other));
            }
            !on || !is_full
        }
        fn ignores(&self, player: PlayerId, other: PlayerId) -> bool {
            self.is_read() && self.ignored.contains(&(player, other))
        }
        fn ignored(&self, player: PlayerId) -> Vec<PlayerId> {
            let of = self.ignored.iter().filter(|(it, _)| *it == player);
            of.map(|&(_, other)| other).collect()
        }
        fn recall(&self, _: PlayerId) {}
        fn has_read(&self, player: PlayerId) -> bool {
            !player.is_somebody() || self.is_read()
        }
        fn works(&self) -> bool {
            self.disk.lock().expect("nobody panics").1
        }
    }
}
